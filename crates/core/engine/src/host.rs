//! One asked host: is it ready, when is it looked at, when is it given up.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::{
    HostId, HostName, HostTime, MonoTime, Observation, Problem, ProblemKind, RelationshipId, Remedy, Replication,
    ServiceState,
};

use crate::hearing::Heard;
use crate::pass::{AskedHost, Times};

/// Looks at one host are at least this far apart: a look is a handful of queries, and VMMS is busy after a boot.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// While acts keep a host busy it is looked at this often, so that no verdict grows older than [`crate::guard::AGE_MAX`].
const LOOK_WHILE_ACTING: Duration = Duration::from_secs(45);

/// A host that has not answered yet is given time for one look, however short the limits are: a connection that nobody
/// takes is given up after five seconds.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// A host is given time for the two looks that readiness takes, however short the limits are.
const READY_LEAST: Duration = Duration::from_secs(3);

/// One asked host and what is known of it.
#[derive(Debug)]
pub(crate) struct HostWatch {
    pub(crate) asked: AskedHost,
    /// Since when it is asked.
    since: MonoTime,
    /// What it calls itself, once it has said so.
    pub(crate) name: Option<HostName>,
    /// The asked host that bears the same name.
    pub(crate) duplicate_of: Option<Duplicate>,
    /// When it had booted, by its own clock, at the first look that said so.
    pub(crate) booted: Option<HostTime>,
    pub(crate) phase: Phase,
    /// Rows that its last good look could not read.
    pub(crate) unreadable: Vec<Problem>,
    /// What the account may not see of Windows itself, at the last look.
    pub(crate) hidden: Option<Problem>,
    /// What its event log says.
    pub(crate) heard: Heard,
    first_answer: Option<MonoTime>,
    vmms_since: Option<MonoTime>,
    look_under_way: bool,
    /// Whether a look has come back, with or without an answer.
    looked_once: bool,
    last_look: Option<MonoTime>,
    /// The replicated objects at the look before, whether all of each could be read, and when that look began.
    last_set: Option<(MonoTime, BTreeSet<(RelationshipId, bool)>)>,
    not_ready_because: Option<Problem>,
}

/// An asked host that bears the same name as another one: it is asked, and nothing is done there.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate {
    /// The other one.
    pub(crate) host: HostId,
    /// The other one, as it was asked.
    pub(crate) of: String,
    /// Whether it is another machine, or may be: nothing shows it to be a second address of the same.
    pub(crate) is_another: bool,
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
    /// Not ready in time, or never will be.
    GivenUp(Problem),
}

impl HostWatch {
    pub(crate) fn new(asked: AskedHost, since: MonoTime) -> Self {
        Self {
            asked,
            since,
            name: None,
            duplicate_of: None,
            booted: None,
            phase: Phase::Waiting,
            unreadable: Vec::new(),
            hidden: None,
            heard: Heard::default(),
            first_answer: None,
            vmms_since: None,
            look_under_way: false,
            looked_once: false,
            last_look: None,
            last_set: None,
            not_ready_because: None,
        }
    }

    /// What it is called in every output.
    pub(crate) fn display_name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.asked.label.clone(), ToString::to_string)
    }

    /// A host whose name may not be read says its short one: the full one that is known for it stays.
    pub(crate) fn in_full<'a>(&'a self, said: &'a HostName) -> &'a HostName {
        self.known_names().find(|known| said.abbreviates(known)).unwrap_or(said)
    }

    /// The names by which relationships may speak of it.
    pub(crate) fn known_names(&self) -> impl Iterator<Item = &HostName> {
        self.name.iter().chain(self.asked.claim.iter())
    }

    /// Whether both showed the same replicated objects at their last looks, as two addresses of one host do.
    pub(crate) fn shows_the_same_as(&self, other: &Self) -> bool {
        let shown = |host: &Self| -> BTreeSet<RelationshipId> {
            host.last_set.iter().flat_map(|(_, set)| set.iter().map(|(id, _)| *id)).collect()
        };
        !self.is_ready() || !other.is_ready() || shown(self) == shown(other)
    }

    /// Whether it is a second address of another host, and so nothing of its own.
    pub(crate) fn is_second(&self) -> bool {
        self.duplicate_of.as_ref().is_some_and(|twin| !twin.is_another)
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready { .. })
    }

    pub(crate) fn is_final(&self) -> bool {
        !matches!(self.phase, Phase::Waiting)
    }

    /// Until when it is looked at for what only others show, and until when it may become ready once VMMS runs.
    pub(crate) fn timeout_at(&self, times: &Times) -> MonoTime {
        self.vmms_since.unwrap_or(self.since) + times.timeout.max(READY_LEAST)
    }

    /// When it is given up if it is not ready by then.
    pub(crate) fn deadline(&self, times: &Times) -> Option<MonoTime> {
        if self.is_final() {
            return None;
        }
        Some(match (self.first_answer, self.vmms_since) {
            (None, _) if self.looked_once => self.since + times.retry_for,
            (None, _) => self.since + times.retry_for.max(FIRST_LOOK),
            (Some(answered), None) => answered + self.asked.vmms_timeout,
            (Some(_), Some(_)) => self.timeout_at(times),
        })
    }

    /// When it may be looked at next, if somebody wants that; `None` while a look is under way.
    /// `busy_until` says until when acts are to have the host to themselves, if any are under way; after that a look may
    /// come between, if somebody else waits for it.
    pub(crate) fn next_look(&self, busy_until: Option<MonoTime>, wanted: bool) -> Option<MonoTime> {
        if self.look_under_way {
            return None;
        }
        let Some(last) = self.last_look else { return Some(MonoTime::default()) };
        let soon = last + LOOK_EVERY;
        let late = last + LOOK_WHILE_ACTING;
        Some(match busy_until {
            None => soon,
            Some(until) if wanted => until.max(soon).min(late),
            Some(_) => late,
        })
    }

    pub(crate) fn look_begins(&mut self, now: MonoTime) {
        self.look_under_way = true;
        self.last_look = Some(now);
    }

    /// Takes in a look that began at `started`; true if the host became ready by it.
    pub(crate) fn looked(&mut self, now: MonoTime, started: MonoTime, seen: &Observation) -> bool {
        self.look_under_way = false;
        self.looked_once = true;
        if seen.answered() {
            self.first_answer.get_or_insert(now);
        }
        if let Some(name) = seen.name.seen() {
            self.name = Some(self.in_full(name).clone());
        }
        self.hidden = seen.system.problem().filter(|problem| problem.kind == ProblemKind::Denied).cloned();
        if let Some(system) = seen.system.seen() {
            self.booted.get_or_insert(system.booted);
        }
        if seen.vmms_runs() {
            self.vmms_since.get_or_insert(now);
        }
        let good = visible(seen);
        if let Ok(replication) = good {
            self.unreadable = replication.unread().cloned().collect();
        }
        if self.is_final() {
            return false;
        }
        let replication = match good {
            Ok(replication) => replication,
            Err(problem) => {
                self.last_set = None;
                if never_passes(&problem, seen) {
                    self.phase = Phase::GivenUp(problem.clone());
                }
                self.not_ready_because = Some(problem);
                return false;
            }
        };
        let objects = replication.objects.iter().map(|(id, object)| (*id, object.settings.seen().is_some()));
        let set: BTreeSet<_> = objects.chain(replication.unreadable.keys().map(|id| (*id, false))).collect();
        let settled =
            self.last_set.as_ref().is_some_and(|(before, last)| started.since(*before) >= LOOK_EVERY && *last == set);
        if settled {
            let after = self.vmms_since.map_or(Duration::ZERO, |since| now.since(since));
            self.phase = Phase::Ready { after };
            return true;
        }
        let why = match &self.last_set {
            Some((_, last)) if *last != set => "its set of replicated VMs still changes from look to look",
            Some(_) | None => "it was seen once, and whether that is all of it takes a second look a second later",
        };
        if self.last_set.as_ref().is_none_or(|(_, last)| *last != set) {
            self.last_set = Some((started, set));
        }
        self.not_ready_because = Some(Problem::new(ProblemKind::Busy, WHAT_READY, why));
        false
    }

    /// Gives the host up for lack of time.
    pub(crate) fn give_up(&mut self, stopped: bool) {
        let silent = if stopped {
            "the pass was stopped before it had answered"
        } else {
            "it did not answer before the time was up"
        };
        let problem = self.not_ready_because.take().unwrap_or_else(|| {
            Problem::new(ProblemKind::TimedOut, "reach the host", silent).with_remedy(Remedy::Reach)
        });
        self.phase = Phase::GivenUp(problem);
    }
}

const WHAT_READY: &str = "see replication become ready";

/// A host's replication, if what was seen may be believed. Without the replication service and the host's own row an
/// empty list means "cannot see".
pub(crate) fn visible(seen: &Observation) -> Result<&Replication, Problem> {
    let replication = match (seen.replication.seen(), seen.replication.problem()) {
        (Some(replication), _) => replication,
        (None, Some(problem)) => return Err(explained(problem, seen)),
        (None, None) => {
            let empty = Problem::new(ProblemKind::Malformed, WHAT_READY, "the look came back empty");
            return Err(empty.with_remedy(Remedy::ReportBug));
        }
    };
    if !replication.service {
        return Err(not_there("Msvm_ReplicationService has no instance", seen));
    }
    if !replication.host_row {
        return Err(not_there("Msvm_ComputerSystem does not show the host's own row", seen));
    }
    Ok(replication)
}

fn not_there(why: &str, seen: &Observation) -> Problem {
    explained(&Problem::new(ProblemKind::NotThere, WHAT_READY, why).with_remedy(Remedy::StartVmms), seen)
}

/// Adds what the service says, which explains and never decides.
fn explained(problem: &Problem, seen: &Observation) -> Problem {
    let service = match seen.vmms.seen() {
        Some(ServiceState::Running) => "the service vmms runs",
        Some(ServiceState::Starting) => "the service vmms is starting",
        Some(ServiceState::Stopping) => "the service vmms is stopping",
        Some(ServiceState::Stopped) => "the service vmms is stopped",
        Some(ServiceState::Other(_)) => "the service vmms is in another state",
        None if matches!(problem.kind, ProblemKind::Unreachable | ProblemKind::Untrusted) => return problem.clone(),
        None => "cannot see services",
    };
    Problem { why: format!("{} ({service})", problem.why), ..problem.clone() }
}

/// Whether waiting cannot help: the login is refused everywhere, the host's certificate is not believed, or the host is of a
/// kind that we cannot read.
fn never_passes(problem: &Problem, seen: &Observation) -> bool {
    match problem.kind {
        ProblemKind::Denied => seen.problems().all(|p| p.kind == ProblemKind::Denied) && seen.problems().count() == 4,
        ProblemKind::Untrusted | ProblemKind::Unsupported => true,
        ProblemKind::Unreachable
        | ProblemKind::NotThere
        | ProblemKind::Busy
        | ProblemKind::TimedOut
        | ProblemKind::Refused
        | ProblemKind::Malformed
        | ProblemKind::TooLarge => false,
    }
}
