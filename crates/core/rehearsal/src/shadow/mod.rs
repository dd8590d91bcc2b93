//! What must be true whatever goes wrong, kept beside the engine and never taken from it: it is made from what crossed
//! the wire, by a reading of the rules of its own.

mod acts;
mod journal;
mod log;
mod pauses;
mod reported;
mod rules;
mod shown;
mod who;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_engine::{HostTrouble, Notice, Side};
use reprise_model::{ActId, Hold, HoldScope, HostId, LegId, Policy, ProblemKind, Timestamp, VmId, VmSelector};

use acts::Watched;
use journal::Journal;
use log::ReadLog;
pub(crate) use log::{Crossed, Logs};
use pauses::Pause;
pub(crate) use rules::{held, is_decided_first, obstacle};
pub(crate) use shown::{End, Ends, Shown};
pub(crate) use who::{Names, bearer, receiver};

/// A late host is looked at again within this.
const LATE_MAX: Duration = Duration::from_secs(40);

/// What is broken.
pub(crate) type Broken = String;

/// What a run was told to do.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) policy: Policy,
    pub(crate) dry_run: bool,
    pub(crate) reads_events: bool,
}

/// The shadow of one run.
#[derive(Debug)]
pub(crate) struct Shadow {
    orders: Orders,
    /// The asked hosts, with the names by which relationships may speak of each.
    names: BTreeMap<HostId, Names>,
    /// By which name each is asked, if by one.
    claims: BTreeMap<HostId, String>,
    /// What each says it is called and when it had booted, in the order in which they said it.
    said: Vec<(HostId, String, Option<i64>)>,
    /// Hosts that say the name of another: nothing that they show counts.
    seconds: BTreeSet<HostId>,
    /// Whether any host said one name after the other, or that of another.
    renamed: bool,
    /// What each host showed last.
    hosts: BTreeMap<HostId, Ends>,
    /// When the engine was told of each last, by our own clock.
    told_at: BTreeMap<HostId, Timestamp>,
    /// In which state each end was last seen, and when the look began that first showed it so.
    since: BTreeMap<(LegId, Side), (u16, Duration)>,
    /// The sender's state when it was first seen, and in the lives before a death.
    first: BTreeMap<LegId, u16>,
    first_lives: BTreeSet<(LegId, u16)>,
    /// How often the run died and began again.
    deaths: usize,
    /// Legs whose sender was paused when it was first seen, or after a boot since it was seen otherwise.
    paused_unseen: BTreeSet<LegId>,
    /// On which host the sender was last seen not paused, and how often that had booted then.
    ran_at_boot: BTreeMap<LegId, (HostId, u32)>,
    /// What bounds the state of each sender that was seen.
    pauses: BTreeMap<LegId, Pause>,
    /// Legs that were seen paused after that, with no boot in between: their pause was seen to begin.
    pause_seen: BTreeSet<LegId>,
    /// Those of them that were so when the run last wrote down what it knows.
    pause_written: BTreeSet<LegId>,
    /// What bounded the paused senders then.
    bounds_written: BTreeMap<LegId, Pause>,
    /// Every leg of which any end was ever seen.
    ever: BTreeSet<LegId>,
    /// Every name, folded, that a VM was ever seen to bear.
    named: BTreeSet<(String, VmId)>,
    logs: BTreeMap<HostId, ReadLog>,
    reading: BTreeMap<HostId, Duration>,
    acts: BTreeMap<ActId, Watched>,
    journal: Journal,
    /// Legs that a job of ours was seen to bring to run.
    proved: BTreeSet<LegId>,
    told: Vec<Notice>,
    /// Since when nobody has looked at hosts of which people were told that they are late, though waiting may help.
    late: BTreeMap<HostId, Duration>,
}

impl Shadow {
    /// The shadow of a run that begins.
    pub(crate) fn new(orders: Orders) -> Self {
        Self {
            orders,
            names: BTreeMap::new(),
            claims: BTreeMap::new(),
            said: Vec::new(),
            seconds: BTreeSet::new(),
            renamed: false,
            hosts: BTreeMap::new(),
            told_at: BTreeMap::new(),
            since: BTreeMap::new(),
            first: BTreeMap::new(),
            first_lives: BTreeSet::new(),
            deaths: 0,
            paused_unseen: BTreeSet::new(),
            ran_at_boot: BTreeMap::new(),
            pauses: BTreeMap::new(),
            pause_seen: BTreeSet::new(),
            pause_written: BTreeSet::new(),
            bounds_written: BTreeMap::new(),
            ever: BTreeSet::new(),
            named: BTreeSet::new(),
            logs: BTreeMap::new(),
            reading: BTreeMap::new(),
            acts: BTreeMap::new(),
            journal: Journal::default(),
            proved: BTreeSet::new(),
            told: Vec::new(),
            late: BTreeMap::new(),
        }
    }

    /// The run has died and begins again with what it had written down: whatever it had seen must be seen again. `asked` are
    /// the hosts that it was told to ask.
    pub(crate) fn begins_again(&mut self, now: Duration, asked: &[HostId]) {
        self.names.retain(|host, _| asked.contains(host));
        self.claims.retain(|host, _| asked.contains(host));
        self.said.clear();
        self.seconds.clear();
        self.names_anew();
        self.hosts.clear();
        self.told_at.clear();
        self.late.clear();
        self.since.clear();
        self.logs.clear();
        self.reading.clear();
        self.ever.clear();
        self.named.clear();
        self.first_lives.extend(std::mem::take(&mut self.first));
        // What was not paused when it was seen last may have been paused by anybody since: nobody watched. And what a look
        // showed right before the end was not written down.
        self.ran_at_boot.retain(|leg, _| self.pause_written.contains(leg));
        self.pause_seen = self.pause_written.clone();
        // What was known of another state than it is in by then need not be remembered.
        self.pauses = self.bounds_written.iter().map(|(leg, pause)| (*leg, pause.remembered())).collect();
        self.forgets_unwritten();
        self.deaths += 1;
        self.die_acts(now);
        self.told.retain(|notice| reported::told_of(notice).is_some());
    }

    /// The last look at a host is told once more.
    pub(crate) fn told_again(&mut self, host: HostId, wall: Timestamp) {
        if let Some(told) = self.told_at.get_mut(&host) {
            *told = wall;
        }
    }

    /// A host is asked from now on. Without a name nobody knows yet who it is.
    pub(crate) fn asks(&mut self, host: HostId, name: Option<&str>) {
        self.claims.extend(name.map(|name| (host, name.to_lowercase())));
        self.names.entry(host).or_default().extend(name.map(str::to_lowercase));
    }

    /// The engine is told of a look that began at `looked`. It is believed if it saw the service and the host's row.
    pub(crate) fn told(&mut self, host: HostId, shown: &Shown, believed: bool, looked: Duration, wall: Timestamp) {
        if let Some(name) = &shown.name {
            self.says(host, name, shown.booted());
        }
        if !believed || self.seconds.contains(&host) {
            return;
        }
        self.told_at.insert(host, wall);
        let mut ends = shown.ends(looked);
        let known = self.names.get(&host).and_then(|names| names.first().cloned());
        for end in ends.seen.values_mut().filter(|end| end.host_name.is_empty()) {
            end.host_name = known.clone().unwrap_or_default();
        }
        for ((leg, side), end) in &ends.seen {
            let since = self.since.entry((*leg, *side)).or_insert((end.state, looked));
            if since.0 != end.state {
                *since = (end.state, looked);
            }
            self.ever.insert(*leg);
            self.named.insert((end.vm_name.to_lowercase(), leg.vm));
            if *side == Side::Sender {
                // While an act of ours is under way the state already reads as requested.
                if end.state == 7 || !self.is_acted_on(*leg, looked) {
                    self.told_of_sender(*leg, end.state, host, shown.boots);
                }
                self.bounds(*leg, host, end, wall);
                self.confirms(*leg, end);
            }
            self.shown_after(*leg, host, looked, end);
            self.prove(*leg, looked, end);
        }
        self.hosts.insert(host, ends);
    }

    fn told_of_sender(&mut self, leg: LegId, state: u16, host: HostId, boots: Option<u32>) {
        self.first.entry(leg).or_insert(state);
        if self.ends(leg, Side::Sender).any(|(on, _)| on != host) {
            // Of two primaries, what one was before is not told of the other.
            self.first_lives.insert((leg, state));
        }
        let ran = self.ran_at_boot.get(&leg).copied();
        if state != 7 {
            let known = ran.filter(|(on, _)| *on == host).map(|(_, boots)| boots);
            self.paused_unseen.remove(&leg);
            self.pause_seen.remove(&leg);
            self.ran_at_boot.insert(leg, (host, boots.or(known).unwrap_or(0)));
            return;
        }
        // A VM that was moved meanwhile was seen to run, and its new host has not booted for that.
        let booted = ran.is_some_and(|(on, ran)| on == host && boots.is_some_and(|boots| boots != ran));
        if ran.is_none() || booted && !self.pause_seen.contains(&leg) {
            self.paused_unseen.insert(leg);
        }
        if ran.is_some() && boots.is_some() && !booted {
            self.pause_seen.insert(leg);
        }
    }

    /// The read before an act showed that a sender is not paused any more.
    fn found_otherwise(&mut self, leg: LegId, host: HostId, boots: u32) {
        self.paused_unseen.remove(&leg);
        self.pause_seen.remove(&leg);
        self.ran_at_boot.insert(leg, (host, boots));
    }

    /// The engine has a host's event log read.
    pub(crate) fn reads_log(&mut self, host: HostId, now: Duration) {
        self.reading.insert(host, now);
    }

    /// The engine is told what was read: whether anything could be, what crossed the wire, and what there truly was.
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

    /// A person says that something is to be left alone.
    pub(crate) fn hears(&mut self, hold: &Hold) {
        self.orders.policy.holds.push(hold.clone());
    }

    /// A look at a host begins.
    pub(crate) fn looks(&mut self, host: HostId) {
        self.late.remove(&host);
    }

    /// A late host is looked at again, before anything that can be waited for is over.
    pub(crate) fn looks_at_late_hosts(&self, now: Duration) -> Result<(), Broken> {
        let forgotten = self.late.iter().find(|(_, since)| now.saturating_sub(**since) > LATE_MAX);
        forgotten.map_or(Ok(()), |(host, since)| {
            Err(format!("nobody has looked at {host:?} since it was late at {since:?}"))
        })
    }

    /// The engine has people told of something.
    pub(crate) fn tells(&mut self, notice: &Notice, now: Duration) {
        if let Notice::HostNotReady(host) = notice
            && let Some(HostTrouble::NotReady(why)) = &host.trouble
            && matches!(why.problem.kind, ProblemKind::Unreachable | ProblemKind::TimedOut)
        {
            self.late.insert(host.id, now);
        }
        self.told.push(notice.clone());
    }

    /// The ends of a leg on one side, by host.
    fn ends(&self, leg: LegId, side: Side) -> impl Iterator<Item = (HostId, &End)> {
        self.hosts.iter().filter_map(move |(host, ends)| Some((*host, ends.seen.get(&(leg, side))?)))
    }

    /// The sender that counts: the first.
    fn sender(&self, leg: LegId) -> Option<(HostId, &End)> {
        self.ends(leg, Side::Sender).next()
    }
}
