//! One host that is queried: whether it is ready, when the next look is due, and when it counts as late. It is never given up:
//! every boot makes it unready again, and a late host is still looked at now and then.

mod answer;
mod duplicate;
mod names;

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::{
    HostName, HostTime, MonoTime, Now, Observation, Problem, ProblemKind, RelationshipId, Remedy, Replication,
    Timestamp,
};

pub(crate) use answer::visible;
use answer::{WHAT_READY, is_hopeless, never_passes};
pub(crate) use duplicate::{Duplicate, Kind};

use crate::hearing::LogCache;
use crate::loading::Loading;
use crate::past::Boot;
use crate::refusal::{Refusals, may_be_starting};
use crate::setup::{AskedHost, Patience};
use crate::status::{Lost, NotReady};

/// Looks at one host are at least this far apart: a look is a handful of queries, and VMMS is busy after a boot.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// While acts keep a host busy it is looked at this often, so that no verdict grows older than [`crate::guard::AGE_MAX`].
const LOOK_WHILE_ACTING: Duration = Duration::from_secs(45);
/// If acts wait for a look it is not put off for longer, so that what they rest on stays younger than
/// [`crate::guard::PEER_AGE_MAX`].
const LOOK_BEFORE_ACTS: Duration = Duration::from_secs(5);

/// A late host is looked at this often, and so is one that is not expected to change before a person does something.
const LOOK_WHEN_LATE: Duration = Duration::from_secs(10);
const LOOK_WHEN_HOPELESS: Duration = Duration::from_mins(5);

/// A host that has not answered yet is given time for one look, however short the limits are: a connection that nobody
/// takes is given up after five seconds.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// A host is given time for the two looks that readiness takes, however short the limits are.
const READY_LEAST: Duration = Duration::from_secs(3);

/// One asked host and what is known of it.
#[derive(Debug)]
pub(crate) struct HostWatch {
    pub(crate) asked: AskedHost,
    /// Since when it is asked, or has not been ready again.
    since: MonoTime,
    /// What it calls itself, once it has said so.
    pub(crate) name: Option<HostName>,
    /// The asked host that bears the same name.
    pub(crate) duplicate_of: Option<Duplicate>,
    /// When it had booted, by its own clock, at the latest look that said so.
    pub(crate) booted: Option<HostTime>,
    boot: Option<Boot>,
    pub(crate) phase: Phase,
    /// Whether people were told that it was ready, and that it was not: once each.
    pub(crate) told: Reported,
    /// Whether it may be loading its VMs.
    pub(crate) loading: Loading,
    /// Whether nothing shows that it shows no replicated VM for another reason than that it is loading them.
    seems_empty: bool,
    /// Whether it has stopped answering since it became ready.
    pub(crate) lost: Option<Lost>,
    /// Rows that its last good look could not read.
    pub(crate) unreadable: Vec<Problem>,
    /// What the account may not see of Windows itself, at the last look.
    pub(crate) hidden: Option<Problem>,
    /// What its event log says.
    pub(crate) heard: LogCache,
    first_answer: Option<MonoTime>,
    vmms_since: Option<MonoTime>,
    /// How it has answered logins.
    pub(crate) refusals: Refusals,
    look_under_way: bool,
    /// Whether something was heard of it since the latest look began.
    pub(crate) rumour: Rumour,
    /// Whether a look has come back, with or without an answer.
    pub(crate) looked_once: bool,
    last_look: Option<MonoTime>,
    /// The replicated objects at the look before, whether all of each could be read, and when that look began.
    last_set: Option<(MonoTime, BTreeSet<(RelationshipId, bool)>)>,
    not_ready_because: Option<NotReady>,
}

/// Whether something was heard of a host that a look may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rumour {
    /// Nothing.
    None,
    /// Something that no look can have shown yet.
    New,
}

/// What people were told of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) ready: bool,
    pub(crate) not_ready: bool,
}

/// Who waits for a look at a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nobody.
    ByNobody,
    /// Legs, which can wait until its own acts leave room.
    Sometime,
    /// Legs that are to be acted on and rest on what it shows.
    BeforeActs,
}

/// How far a host is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Not ready yet.
    Waiting,
    /// Two looks in a row showed the same replicated legs.
    Ready {
        /// Time from our first sight of VMMS running.
        after: Duration,
    },
    /// Not ready in time, or nothing suggests that it will be.
    Late(NotReady),
}

/// What a look has changed about a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing.
    None,
    /// It became ready.
    Ready,
    /// It has to become ready, and has time for that: it was ready and has booted or its VMMS has stopped, or it was late and
    /// answers again.
    Unready,
    /// It counts as late from now on, since waiting cannot help.
    Late,
}

impl HostWatch {
    pub(crate) fn new(asked: AskedHost, since: MonoTime) -> Self {
        Self {
            asked,
            since,
            name: None,
            duplicate_of: None,
            booted: None,
            boot: None,
            phase: Phase::Waiting,
            told: Reported::default(),
            loading: Loading::default(),
            seems_empty: false,
            lost: None,
            unreadable: Vec::new(),
            hidden: None,
            heard: LogCache::default(),
            first_answer: None,
            vmms_since: None,
            refusals: Refusals::default(),
            look_under_way: false,
            rumour: Rumour::None,
            looked_once: false,
            last_look: None,
            last_set: None,
            not_ready_because: None,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready { .. })
    }

    pub(crate) fn is_late(&self) -> bool {
        matches!(self.phase, Phase::Late(_))
    }

    /// Whether it does not answer: it is late, or was ready and its latest look failed.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_late() || self.lost.is_some()
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// Whether nothing is to be expected of it soon: it did not answer its latest first look, or was late, or is not trusted.
    pub(crate) fn is_missing(&self) -> bool {
        match self.phase {
            _ if self.kind() == Some(Kind::NotTrusted) => true,
            Phase::Waiting => self.looked_once && self.first_answer.is_none(),
            Phase::Ready { .. } => false,
            Phase::Late(_) => true,
        }
    }

    /// Until when it is looked at for what only others show, and until when it may become ready once VMMS runs.
    pub(crate) fn timeout_at(&self, patience: &Patience) -> MonoTime {
        self.vmms_since.unwrap_or(self.since) + patience.timeout.max(READY_LEAST)
    }

    /// When it counts as late if it is not ready by then.
    pub(crate) fn deadline(&self, patience: &Patience) -> Option<MonoTime> {
        if !self.is_waiting() {
            return None;
        }
        Some(match (self.first_answer, self.vmms_since) {
            _ if self.refusals.is_tried_again => self.since + patience.silence,
            (None, _) if self.looked_once => self.since + patience.silence,
            (None, _) => self.since + patience.silence.max(FIRST_LOOK),
            (Some(answered), None) => answered + self.asked.vmms_timeout,
            (Some(_), Some(_)) => self.timeout_at(patience),
        })
    }

    /// When it may be looked at next, if somebody wants that; `None` while a look is under way.
    /// `busy_until` says until when acts are to have the host to themselves, if any are under way; after that a look may
    /// come between, if somebody else waits for it.
    pub(crate) fn next_look(&self, busy_until: Option<MonoTime>, wanted: Wanted) -> Option<MonoTime> {
        if self.look_under_way {
            return None;
        }
        let Some(last) = self.last_look else { return Some(MonoTime::default()) };
        let soon = last + LOOK_EVERY;
        let busy = last
            + match wanted {
                Wanted::BeforeActs => LOOK_BEFORE_ACTS,
                Wanted::Sometime | Wanted::ByNobody => LOOK_WHILE_ACTING,
            };
        Some(match (&self.phase, busy_until) {
            (Phase::Waiting, _) if self.refusals.is_tried_again => {
                last + self.refusals.gap().unwrap_or(LOOK_WHEN_HOPELESS)
            }
            (Phase::Late(why), _) if is_hopeless(why.problem.kind) => last + LOOK_WHEN_HOPELESS,
            (Phase::Late(_), _) if self.rumour == Rumour::New => soon,
            (Phase::Late(_), _) => last + LOOK_WHEN_LATE,
            (Phase::Waiting | Phase::Ready { .. }, None) => soon,
            (Phase::Waiting | Phase::Ready { .. }, Some(until)) if wanted != Wanted::ByNobody => {
                until.max(soon).min(busy)
            }
            // No act has begun for a while, so the host may have gone away; one that only waits for its turn is not acted on.
            (Phase::Waiting | Phase::Ready { .. }, Some(until)) if until > MonoTime::default() => {
                until.max(last + LOOK_WHEN_LATE).min(busy)
            }
            (Phase::Waiting | Phase::Ready { .. }, Some(_)) => busy,
        })
    }

    /// When it is looked at next although nobody wants that; `None` while a look is under way.
    pub(crate) fn reread_at(&self, every: Duration) -> Option<MonoTime> {
        self.last_look.filter(|_| !self.look_under_way).map(|last| last + every.max(LOOK_EVERY))
    }

    pub(crate) fn look_begins(&mut self, now: MonoTime) {
        self.look_under_way = true;
        self.rumour = Rumour::None;
        self.last_look = Some(now);
    }

    /// Takes in a look that began at `started`; what that changes.
    pub(crate) fn looked(&mut self, now: Now, started: MonoTime, seen: &Observation) -> Turn {
        let Now { mono: now, wall } = now;
        self.look_under_way = false;
        self.looked_once = true;
        if let Some(name) = seen.name.seen() {
            self.name = Some(self.in_full(name).clone());
        }
        self.hidden = seen.system.problem().filter(|problem| problem.kind == ProblemKind::Denied).cloned();
        self.loading.looked(started, seen);
        let rebooted = self.boots(now, started, seen);
        let good = visible(seen);
        // A look of which nothing came back says nothing of VMMS.
        let stopped = good.is_err() && seen.replication.seen().is_some();
        let unready =
            self.is_ready() && (rebooted || stopped) || good.as_ref().is_ok_and(|shown| self.comes_back(shown));
        if unready {
            self.begins_anew(now);
        }
        self.lost = match &good {
            Err(why) if self.is_ready() => {
                let took = i64::try_from(now.since(started).as_millis()).unwrap_or(i64::MAX);
                let began = Timestamp(wall.0.saturating_sub(took));
                Some(Lost { since: self.lost.as_ref().map_or(began, |lost| lost.since), why: why.clone() })
            }
            Err(_) | Ok(_) => None,
        };
        self.refusals.looked(seen);
        if let Ok(replication) = &good {
            self.unreadable = replication.unread().cloned().collect();
        }
        let turn = self.judge_readiness(now, started, seen);
        if turn == Turn::None && unready { Turn::Unready } else { turn }
    }

    /// It counts as another host no more: it has to become ready, and this look is the first of those by which it does.
    pub(crate) fn is_its_own_again(&mut self, now: MonoTime, started: MonoTime, seen: &Observation) -> Turn {
        self.begins_anew(now);
        self.judge_readiness(now, started, seen)
    }

    /// Judges by a look how far it is.
    fn judge_readiness(&mut self, now: MonoTime, started: MonoTime, seen: &Observation) -> Turn {
        if seen.answered() {
            self.first_answer.get_or_insert(now);
        }
        if seen.vmms_runs() {
            self.vmms_since.get_or_insert(now);
        }
        if self.is_ready() { Turn::None } else { self.progress(now, started, visible(seen), seen) }
    }

    /// Notes when it had booted; whether that was after an earlier look.
    fn boots(&mut self, now: MonoTime, started: MonoTime, seen: &Observation) -> bool {
        let Some(system) = seen.system.seen() else { return false };
        self.booted = Some(system.booted);
        let up_for = system.clock.since(system.booted);
        let boot = Boot::new(self.asked.id, system.booted, up_for, started, now);
        self.boot.replace(boot).is_some_and(|before| before.is_over(boot))
    }

    /// It has to become ready again, and has as much time for that as at first.
    pub(crate) fn begins_anew(&mut self, now: MonoTime) {
        self.phase = Phase::Waiting;
        self.since = now;
        self.lost = None;
        (self.first_answer, self.vmms_since, self.last_set) = (None, None, None);
    }

    /// Whether it has become ready, or cannot.
    fn progress(
        &mut self,
        now: MonoTime,
        started: MonoTime,
        good: Result<&Replication, NotReady>,
        seen: &Observation,
    ) -> Turn {
        let replication = match good {
            Ok(replication) => replication,
            Err(why) => {
                (self.last_set, self.seems_empty) = (None, false);
                let hopeless = self.is_waiting() && never_passes(&why.problem, seen);
                if hopeless || matches!(self.phase, Phase::Late(_)) {
                    self.phase = Phase::Late(why.clone());
                }
                self.not_ready_because = Some(why);
                return if hopeless { Turn::Late } else { Turn::None };
            }
        };
        let objects = replication.objects.iter().map(|(id, object)| (*id, object.settings.seen().is_some()));
        let set: BTreeSet<_> = objects.chain(replication.unreadable.keys().map(|id| (*id, false))).collect();
        let settled =
            self.last_set.as_ref().is_some_and(|(before, last)| started.since(*before) >= LOOK_EVERY && *last == set);
        self.seems_empty = settled && set.is_empty() && self.loading.is_possible(now);
        if self.seems_empty {
            self.not_ready_because = Some(NotReady::alone(self.loading.shows_nothing()));
            return Turn::None;
        }
        if settled {
            self.phase = Phase::Ready { after: self.ready_after(now) };
            return Turn::Ready;
        }
        let why = match &self.last_set {
            Some((_, last)) if *last != set => "its set of replicated VMs still changes from look to look",
            Some(_) | None => "it was seen once, and whether that is all of it takes a second look a second later",
        };
        if self.last_set.as_ref().is_none_or(|(_, last)| *last != set) {
            self.last_set = Some((started, set));
        }
        let unsettled = Problem::new(ProblemKind::Busy, WHAT_READY, why).with_remedy(Remedy::LetSettle);
        self.not_ready_because = Some(NotReady::alone(unsettled));
        Turn::None
    }

    /// Whether it is late and shows something again: itself after a failed look, or VMs after none.
    fn comes_back(&self, shown: &Replication) -> bool {
        let shows_vms = shown.replicated().next().is_some();
        let is_new = self.last_set.as_ref().is_none_or(|(_, set)| set.is_empty() && shows_vms);
        matches!(self.phase, Phase::Late(_)) && is_new
    }

    /// Its time is up. `is_named` says whether another host names it in a relationship that it does not show.
    pub(crate) fn time_is_up(&mut self, now: MonoTime, is_named: bool) {
        self.phase = if self.seems_empty && !is_named {
            Phase::Ready { after: self.ready_after(now) }
        } else {
            Phase::Late(self.why_not_ready())
        };
    }

    /// Whether it is late since it refused the login.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(&self.phase, Phase::Late(why) if why.problem.kind == ProblemKind::Denied)
    }

    /// Whether it has refused the login, and is to be tried again.
    pub(crate) fn is_tried_again(&self) -> bool {
        self.refusals.is_tried_again && self.is_waiting()
    }

    /// It has refused the login, and another host may accept it: it is waited for again, if it may be tried once more before
    /// `silence` is over. Returns whether it is.
    pub(crate) fn tries_login_again(&mut self, now: MonoTime, silence: Duration) -> bool {
        self.refusals.refuses(now, self.since + silence);
        if self.refusals.is_tried_again {
            self.phase = Phase::Waiting;
        }
        self.refusals.is_tried_again
    }

    /// Nobody accepts the login that it refused.
    pub(crate) fn is_refused_for_good(&mut self) {
        self.refusals.is_tried_again = false;
        self.phase = Phase::Late(self.why_not_ready());
    }

    /// Another host accepts the login that it refused.
    pub(crate) fn may_be_starting(&mut self) {
        let NotReady { problem, service } = self.why_not_ready();
        let Some(problem) = may_be_starting(&problem) else { return };
        let why = NotReady { problem, service };
        if let Phase::Late(own) = &mut self.phase {
            own.clone_from(&why);
        }
        self.not_ready_because = Some(why);
    }

    /// Time from our first sight of VMMS running until now.
    fn ready_after(&self, now: MonoTime) -> Duration {
        self.vmms_since.map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Why nobody can say that it has no replicated VMs, if it is ready and shows none.
    pub(crate) fn empty(&self) -> Option<Problem> {
        (self.is_ready() && self.seems_empty).then(|| self.loading.shows_nothing())
    }

    /// What stands in the way of its being ready.
    pub(crate) fn why_not_ready(&self) -> NotReady {
        self.not_ready_because.clone().unwrap_or_else(NotReady::silent)
    }
}
