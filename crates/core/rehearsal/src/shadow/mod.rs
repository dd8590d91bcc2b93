//! What must be true whatever goes wrong, kept beside the engine and never taken from it: it is made from what crossed
//! the wire, by a reading of the rules of its own.

mod acts;
mod log;
mod pauses;
mod reported;
mod rules;
mod shown;
mod who;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_engine::{Notice, Side};
use reprise_model::{ActId, Hold, HoldScope, HostId, LegId, Policy, Timestamp, VmId, VmSelector};

use acts::Watched;
use log::ReadLog;
pub(crate) use log::{Crossed, Logs};
use pauses::Pause;
pub(crate) use rules::{held, obstacle};
pub(crate) use shown::{End, Ends, Shown};
pub(crate) use who::{Names, bearer, receiver};

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
    /// What each host showed last.
    hosts: BTreeMap<HostId, Ends>,
    /// When the engine was told of each last, by our own clock.
    told_at: BTreeMap<HostId, Timestamp>,
    /// In which state each end was last seen, and when the look began that first showed it so.
    since: BTreeMap<(LegId, Side), (u16, Duration)>,
    /// The sender's state when it was first seen, and in the lives before a death.
    first: BTreeMap<LegId, u16>,
    first_lives: BTreeMap<LegId, u16>,
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
    /// Every leg of which any end was ever seen.
    ever: BTreeSet<LegId>,
    /// Every name, folded, that a VM was ever seen to bear.
    named: BTreeSet<(String, VmId)>,
    logs: BTreeMap<HostId, ReadLog>,
    reading: BTreeMap<HostId, Duration>,
    acts: BTreeMap<ActId, Watched>,
    attempts: BTreeMap<LegId, u32>,
    /// Legs that a job of ours was seen to bring to run.
    proved: BTreeSet<LegId>,
    told: Vec<Notice>,
}

impl Shadow {
    /// The shadow of a run that begins.
    pub(crate) fn new(orders: Orders) -> Self {
        Self {
            orders,
            names: BTreeMap::new(),
            hosts: BTreeMap::new(),
            told_at: BTreeMap::new(),
            since: BTreeMap::new(),
            first: BTreeMap::new(),
            first_lives: BTreeMap::new(),
            deaths: 0,
            paused_unseen: BTreeSet::new(),
            ran_at_boot: BTreeMap::new(),
            pauses: BTreeMap::new(),
            pause_seen: BTreeSet::new(),
            ever: BTreeSet::new(),
            named: BTreeSet::new(),
            logs: BTreeMap::new(),
            reading: BTreeMap::new(),
            acts: BTreeMap::new(),
            attempts: BTreeMap::new(),
            proved: BTreeSet::new(),
            told: Vec::new(),
        }
    }

    /// The run has died and begins again with what it had written down: whatever it had seen must be seen again. `asked` are
    /// the hosts that it was told to ask.
    pub(crate) fn begins_again(&mut self, now: Duration, asked: &[HostId]) {
        self.names.retain(|host, _| asked.contains(host));
        self.hosts.clear();
        self.told_at.clear();
        self.since.clear();
        self.logs.clear();
        self.reading.clear();
        self.ever.clear();
        self.named.clear();
        self.first_lives.extend(std::mem::take(&mut self.first));
        // What was not paused when it was seen last may have been paused by anybody since: nobody watched.
        let paused = std::mem::take(&mut self.pause_seen);
        self.ran_at_boot.retain(|leg, _| paused.contains(leg));
        self.pause_seen = paused;
        self.pauses.clear();
        self.deaths += 1;
        self.die_acts(now);
        self.told.retain(|notice| reported::told_of(notice).is_some());
    }

    /// A host is asked from now on. Without a name nobody knows yet who it is.
    pub(crate) fn asks(&mut self, host: HostId, name: Option<&str>) {
        self.names.entry(host).or_default().extend(name.map(str::to_lowercase));
    }

    /// The engine is told of a look that began at `looked`. It is believed if it saw the service and the host's row.
    pub(crate) fn told(&mut self, host: HostId, shown: &Shown, believed: bool, looked: Duration, wall: Timestamp) {
        if let Some(name) = &shown.name {
            self.names.entry(host).or_default().insert(name.clone());
        }
        if !believed {
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
                self.told_of_sender(*leg, end.state, host, shown.boots);
                self.bounds(*leg, host, end, wall);
            }
            let runs = end.state == 3 || end.state == 2 && end.last.is_none();
            self.shown_after(*leg, host, looked, runs);
            if runs {
                self.prove(*leg, host, looked);
            }
        }
        self.hosts.insert(host, ends);
    }

    fn told_of_sender(&mut self, leg: LegId, state: u16, host: HostId, boots: Option<u32>) {
        self.first.entry(leg).or_insert(state);
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

    /// The engine has people told of something.
    pub(crate) fn tells(&mut self, notice: &Notice) {
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
