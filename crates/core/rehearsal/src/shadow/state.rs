//! The shadow of one run: what the run has received, kept beside the engine and never taken from it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_engine::{HostTrouble, Notice, Side};
use reprise_model::{
    ActId, Hold, HoldScope, HostId, LegId, Now, Policy, ProblemKind, Reason, Timestamp, VmId, VmSelector,
};

use super::beginning::Beginning;
use super::broken::Broken;
use super::journal::Journal;
use super::log::{Crossed, Logs, ReadLog};
use super::names::Names;
use super::notices::reported_leg;
use super::pause::Pause;
use super::readiness::{Answered, Limits, Readiness};
use super::shown::{End, Ends, Shown};
use super::watched::Watched;

/// A late host is looked at again within this after the last look.
const LATE_MAX: Duration = Duration::from_secs(15);

/// The orders of a run.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) policy: Policy,
    pub(crate) dry_run: bool,
    pub(crate) reads_events: bool,
    pub(crate) limits: Limits,
}

/// The shadow of one run.
#[derive(Debug)]
pub(crate) struct Shadow {
    pub(super) orders: Orders,
    /// The asked hosts, with the names by which relationships may speak of each.
    pub(super) names: BTreeMap<HostId, Names>,
    /// By which name each is asked, if by one.
    pub(super) claims: BTreeMap<HostId, String>,
    /// Hosts that no person named: the run asks them since a relationship speaks of them.
    pub(super) discovered: BTreeSet<HostId>,
    /// What each says it is called and when it had booted, in the order in which they said it.
    pub(super) said: Vec<(HostId, String, Option<i64>)>,
    /// Pairs of asked hosts that are two addresses of one machine.
    pub(super) one_machine: BTreeSet<BTreeSet<HostId>>,
    /// Hosts that say the name of another: nothing that they show counts.
    pub(super) seconds: BTreeSet<HostId>,
    /// Hosts that showed something before they had said their names.
    pub(super) nameless: BTreeSet<HostId>,
    /// Whether any host said one name after the other, or that of another.
    pub(super) renamed: bool,
    /// What each host showed last.
    pub(super) hosts: BTreeMap<HostId, Ends>,
    /// When the last look at each came back.
    pub(super) received_at: BTreeMap<HostId, Now>,
    /// In which state each host last showed an end, and when the look began that first showed it so.
    pub(super) since: BTreeMap<(LegId, Side, HostId), (u16, Duration)>,
    /// The sender's state when it was first seen, and in the lives before a death.
    pub(super) first: BTreeMap<LegId, u16>,
    pub(super) first_lives: BTreeSet<(LegId, u16)>,
    /// How often the run died and began again.
    pub(super) deaths: usize,
    /// How the pause of each sender began, on each host that showed it, and the same as it is written down.
    pub(super) beginnings: BTreeMap<(LegId, HostId), Beginning>,
    pub(super) beginnings_written: BTreeMap<(LegId, HostId), Beginning>,
    /// What bounds the state of each sender that was seen, on each host that showed it.
    pub(super) pauses: BTreeMap<(LegId, HostId), Pause>,
    /// What bounded the paused senders when the run last wrote down what it knows.
    pub(super) bounds_written: BTreeMap<(LegId, HostId), Pause>,
    /// Every leg of which any end was ever seen.
    pub(super) ever: BTreeSet<LegId>,
    /// Every name, folded, that a VM was ever seen to bear.
    pub(super) named: BTreeSet<(String, VmId)>,
    pub(super) logs: BTreeMap<HostId, ReadLog>,
    pub(super) reading: BTreeMap<HostId, Duration>,
    pub(super) acts: BTreeMap<ActId, Watched>,
    pub(super) journal: Journal,
    /// Legs that a job of ours was seen to bring to run.
    pub(super) proved: BTreeSet<LegId>,
    pub(super) notices: Vec<Notice>,
    /// Hosts that were reported as late, though waiting may help, and since when nobody looks at them.
    pub(super) late: BTreeMap<HostId, Duration>,
    /// When the looks under way began.
    pub(super) looking: BTreeMap<HostId, Duration>,
    pub(super) readiness: BTreeMap<HostId, Readiness>,
    /// When this life of the run began.
    pub(super) begun: Duration,
    /// Until when something may be waited for, and what that is.
    pub(super) awaited: Option<(Duration, String)>,
}

impl Shadow {
    /// The shadow of a run that begins.
    pub(crate) fn new(orders: Orders, now: Duration) -> Self {
        Self {
            orders,
            names: BTreeMap::new(),
            claims: BTreeMap::new(),
            discovered: BTreeSet::new(),
            said: Vec::new(),
            one_machine: BTreeSet::new(),
            seconds: BTreeSet::new(),
            nameless: BTreeSet::new(),
            renamed: false,
            hosts: BTreeMap::new(),
            received_at: BTreeMap::new(),
            since: BTreeMap::new(),
            first: BTreeMap::new(),
            first_lives: BTreeSet::new(),
            deaths: 0,
            beginnings: BTreeMap::new(),
            beginnings_written: BTreeMap::new(),
            pauses: BTreeMap::new(),
            bounds_written: BTreeMap::new(),
            ever: BTreeSet::new(),
            named: BTreeSet::new(),
            logs: BTreeMap::new(),
            reading: BTreeMap::new(),
            acts: BTreeMap::new(),
            journal: Journal::default(),
            proved: BTreeSet::new(),
            notices: Vec::new(),
            late: BTreeMap::new(),
            looking: BTreeMap::new(),
            readiness: BTreeMap::new(),
            begun: now,
            awaited: None,
        }
    }

    /// The run has died and begins again with what it had written down: whatever it had seen must be seen again. `asked` are
    /// the hosts that it is to ask.
    pub(crate) fn begins_again(&mut self, now: Duration, asked: &[HostId]) {
        self.names.retain(|host, _| asked.contains(host));
        self.claims.retain(|host, _| asked.contains(host));
        self.discovered.clear();
        self.said.clear();
        self.nameless.clear();
        self.one_machine.clear();
        self.seconds.clear();
        self.names_anew();
        self.hosts.clear();
        self.received_at.clear();
        self.late.clear();
        self.looking.clear();
        self.readiness = asked.iter().map(|host| (*host, Readiness::new(now))).collect();
        (self.begun, self.awaited) = (now, None);
        self.since.clear();
        self.logs.clear();
        self.reading.clear();
        self.ever.clear();
        self.named.clear();
        self.first_lives.extend(std::mem::take(&mut self.first));
        self.forgets_beginnings();
        // What was known of another state than it is in by then need not be remembered.
        self.pauses = self.bounds_written.iter().map(|(end, pause)| (*end, pause.clone().remembered())).collect();
        self.forgets_unwritten();
        self.deaths += 1;
        self.die_acts(now);
        let lasts = |notice: &Notice| reported_leg(notice).is_some() || matches!(notice, Notice::ReplicaResumed(_));
        self.notices.retain(lasts);
    }

    /// The engine receives the last look at a host once more, and judges by it again. That makes it no newer.
    pub(crate) fn receives_again(&mut self, host: HostId, wall: Timestamp) {
        if let Some(received) = self.received_at.get_mut(&host) {
            received.wall = wall;
        }
    }

    /// A host is asked from now on. Without a name nobody knows yet who it is.
    pub(crate) fn asks(&mut self, host: HostId, name: Option<&str>, now: Duration) {
        self.awaits(host, now);
        self.claims.extend(name.map(|name| (host, name.to_lowercase())));
        self.names.entry(host).or_default().extend(name.map(str::to_lowercase));
    }

    /// A host is asked from now on since a relationship speaks of it.
    pub(crate) fn discovers(&mut self, host: HostId, name: &str, now: Duration) {
        self.asks(host, Some(name), now);
        self.discovered.insert(host);
    }

    /// A look that began at `looked` came back, and the engine takes it in.
    pub(crate) fn looked(&mut self, host: HostId, shown: &Shown, answered: Answered, looked: Duration, now: Now) {
        if let Some(name) = &shown.name {
            let seconds = self.seconds.clone();
            self.says(host, name, shown.booted());
            self.hosts.entry(host).and_modify(|ends| ends.says(name));
            // What counted as another host and is one of its own has to become ready.
            for own in seconds.difference(&self.seconds.clone()) {
                self.awaits(*own, now.mono.0);
            }
        }
        let mut ends = shown.ends(looked);
        self.is_ready(host, (looked, now.mono.0), answered, (shown.booted(), &ends));
        self.looking.remove(&host);
        if answered.at_all {
            self.late.remove(&host);
        } else if let Some(since) = self.late.get_mut(&host) {
            *since = now.mono.0;
        }
        if !answered.counts() || self.seconds.contains(&host) {
            return;
        }
        if !self.said.iter().any(|(on, _, _)| *on == host) {
            self.nameless.insert(host);
        }
        let wall = now.wall;
        self.received_at.insert(host, now);
        let known = self.names.get(&host).and_then(|names| names.first().cloned());
        for end in ends.seen.values_mut().filter(|end| end.host_name.is_empty()) {
            end.host_name = known.clone().unwrap_or_default();
        }
        for ((leg, side), end) in &ends.seen {
            let since = self.since.entry((*leg, *side, host)).or_insert((end.state, looked));
            if since.0 != end.state {
                *since = (end.state, looked);
            }
            if self.ever.insert(*leg) {
                self.sees_first(*leg, now.mono.0);
            }
            if *side == Side::Sender {
                // While an act of ours is under way the state already reads as requested.
                if !matches!(end.state, 2 | 3 | 10) || !self.is_acted_on(*leg, looked) {
                    self.sees_sender(*leg, end.state, host, shown.boots);
                    self.bounds(*leg, host, end, wall);
                } else if self.may_not_have_been_asked(*leg) {
                    self.may_have_run(*leg, host);
                }
                self.confirms(*leg, end);
            }
            self.shown_after((*leg, *side), host, (looked, now.mono.0), end);
            self.prove(*leg, looked, end);
        }
        self.misses_senders(host, &ends);
        self.named.extend(ends.all_called().map(|(vm, name)| (name.to_lowercase(), vm)));
        self.hosts.insert(host, ends);
        self.see_idle_senders();
        self.see_moved_senders();
        self.see_two_primaries(host);
    }

    /// Of two primaries, what one was before is not reported of the other.
    fn see_two_primaries(&mut self, host: HostId) {
        let shown = self.hosts.get(&host).into_iter().flat_map(|ends| ends.seen.keys().map(|(leg, _)| *leg));
        for leg in shown.collect::<Vec<_>>() {
            let states: Vec<u16> = self.ends(leg, Side::Sender).map(|(_, end)| end.state).collect();
            if states.len() > 1 {
                self.first_lives.extend(states.into_iter().map(|state| (leg, state)));
            }
        }
    }

    /// A primary at 0 sends where another host replicates its VM (`docs/reasons.md`, `unknown_state`).
    fn see_idle_senders(&mut self) {
        let idle = self.hosts.iter().flat_map(|(host, ends)| ends.idle.keys().map(|leg| (*leg, *host)));
        for (leg, host) in idle.collect::<Vec<_>>() {
            if self.ends(leg, Side::Sender).any(|(on, end)| on == host && end.state == 0) {
                self.sees_sender(leg, 0, host, None);
            }
        }
    }

    /// Whether any host shows that a VM is replicated.
    fn is_replicated(&self, vm: VmId) -> bool {
        self.hosts.values().any(|ends| ends.replicates(vm))
    }

    /// The engine asks for a host's event log.
    pub(crate) fn reads_log(&mut self, host: HostId, now: Duration) {
        self.reading.insert(host, now);
    }

    /// A reading of a log came back: whether anything could be read, what crossed the wire, and what the log truly held.
    pub(crate) fn log_read(&mut self, host: HostId, readable: bool, crossed: Crossed, truth: Logs) {
        if let Some(asked) = self.reading.remove(&host) {
            self.logs.insert(host, ReadLog::new(asked, readable, crossed, truth));
        }
    }

    /// The engine refuses a name: it must be an exception's, and several VMs must have been seen to bear it.
    pub(crate) fn refuses(&self, name: &str) -> Result<(), Broken> {
        let folded = name.to_lowercase();
        let by_name = |hold: &Hold| match &hold.scope {
            HoldScope::Vm(VmSelector::Name(own)) => hold.only_this_pass && own.to_lowercase() == folded,
            HoldScope::Vm(VmSelector::Id(_)) | HoldScope::Host(_) | HoldScope::All => false,
        };
        let bears = self.named.iter().filter(|(own, _)| *own == folded).count();
        if self.orders.policy.holds.iter().any(by_name) && bears > 1 {
            return Ok(());
        }
        Err(format!("{name} is refused, and {bears} VMs were seen to bear it"))
    }

    /// A person sets a hold.
    pub(crate) fn sees_hold(&mut self, hold: &Hold) {
        self.orders.policy.holds.push(hold.clone());
    }

    /// A look at a host begins.
    pub(crate) fn looks(&mut self, host: HostId, now: Duration) {
        self.looking.insert(host, now);
    }

    /// A late host is looked at again and again, as long as the run goes on: it may come after all.
    pub(crate) fn looks_at_late_hosts(&self, now: Duration) -> Result<(), Broken> {
        let waits = |(host, since): &(&HostId, &Duration)| {
            !self.looking.contains_key(host) && now.saturating_sub(**since) > LATE_MAX
        };
        self.late.iter().find(waits).map_or(Ok(()), |(host, since)| {
            Err(format!("{host:?} is late, and nobody has looked at it since {since:?}"))
        })
    }

    /// The engine gives people a notice.
    pub(crate) fn sees_notice(&mut self, notice: &Notice, now: Duration) -> Result<(), Broken> {
        if let Notice::HostNotReady(host) = notice
            && let Some(HostTrouble::NotReady(why)) = &host.trouble
            && matches!(why.problem.kind, ProblemKind::Unreachable | ProblemKind::TimedOut)
        {
            self.late.insert(host.id, now);
        }
        self.notices.push(notice.clone());
        match notice {
            Notice::Resumed(leg) if leg.reason == Reason::ResumeAnswerLost => {
                if self.may_be_ours(leg.id) {
                    return Ok(());
                }
                Err(format!("{} is reported as resumed with its answer lost, and nothing reached its host", leg.id))
            }
            Notice::Resumed(leg) if !self.is_seen_since_our_act(leg.id) => Err(format!(
                "{} is reported as resumed ({:?}), and no look at it began after our act had ended",
                leg.id, leg.reason
            )),
            Notice::Resumed(_)
            | Notice::ResumeFailed(_)
            | Notice::NeedsPerson(_)
            | Notice::ReplicaResumed(_)
            | Notice::Started
            | Notice::HostNotReady(_)
            | Notice::HostReady { .. }
            | Notice::HostUnclear(_)
            | Notice::HostMayLoad(_)
            | Notice::HoldUnmatched(_)
            | Notice::NotOurs { .. }
            | Notice::ResumeNotSeen(_)
            | Notice::Interrupted { .. }
            | Notice::Finished(_) => Ok(()),
        }
    }

    /// The ends of a leg on one side, by host.
    pub(super) fn ends(&self, leg: LegId, side: Side) -> impl Iterator<Item = (HostId, &End)> {
        self.hosts.iter().filter_map(move |(host, ends)| {
            let idle = || ends.idle.get(&leg).filter(|_| side == Side::Sender && self.is_replicated(leg.vm));
            Some((*host, ends.seen.get(&(leg, side)).or_else(idle)?))
        })
    }

    /// The sender that counts: the first.
    pub(super) fn sender(&self, leg: LegId) -> Option<(HostId, &End)> {
        self.ends(leg, Side::Sender).next()
    }
}
