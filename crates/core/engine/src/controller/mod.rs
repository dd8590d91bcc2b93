//! The controller: owns everything that is known, takes events, and returns effects. It never ends by itself.

mod acting;
mod commands;
mod discovery;
mod event_logs;
mod holds;
mod judging;
mod looking;
mod memory;
mod naming;
mod orders;
mod refusals;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{ActId, HoldScope, HostId, HostName, LegId, MonoTime, Now, Policy, VmId};

use crate::exchange::{Effect, Event};
use crate::host::HostWatch;
use crate::index::LegIndex;
use crate::inventory::Inventory;
use crate::judge::{HoldsCheck, judge};
use crate::kept::Kept;
use crate::names::Names;
use crate::order::Order;
use crate::pace::Queue;
use crate::schedule::Schedule;
use crate::setup::Setup;
use crate::snapshot::LegMemory;
use crate::watch::{LegWatch, Presence};

/// The label under which legs are kept whose receiver nobody names: any host may matter to them.
const NOBODY: &str = "";

/// Watches hosts and their legs, and decides what to do.
#[derive(Debug)]
pub struct Controller {
    setup: Setup,
    hosts: BTreeMap<HostId, HostWatch>,
    /// Hosts that are neither ready nor late.
    waiting: BTreeSet<HostId>,
    /// Hosts that refused a login and are tried again.
    refused: BTreeSet<HostId>,
    /// Hosts that are asked since others spoke of them.
    discovered: BTreeSet<HostId>,
    names: Names,
    inventory: Inventory,
    /// Boxed: a map whose leaves hold whole watches moves kilobytes for each leg that it takes in.
    legs: BTreeMap<LegId, Box<LegWatch>>,
    /// What was known of legs before a restart, until they are seen again.
    remembered: BTreeMap<LegId, LegMemory>,
    kept: Kept,
    /// What people asked for, by leg.
    orders: BTreeMap<LegId, Order>,
    /// Legs whose inputs changed since they were judged.
    dirty: BTreeSet<LegId>,
    /// Legs with an end that is not seen, by the first label of the host that should show it: what becomes of such a
    /// host matters to them.
    open_ended: LegIndex<String>,
    /// Legs that are not settled.
    unsettled: BTreeSet<LegId>,
    /// Legs that want a fresh look at a host.
    look_wanted: LegIndex<HostId>,
    /// Those of them that want it since they are to be acted on.
    look_before_act: LegIndex<HostId>,
    /// Legs that wait for what a host's event log says.
    log_wanted: LegIndex<HostId>,
    /// When each host counts as late, and when each is looked at next.
    deadlines: Schedule<HostId>,
    looks: Schedule<HostId>,
    /// When a leg is to be judged again whatever else happens.
    wakes: Schedule<LegId>,
    /// Hosts of which one of those times may have changed.
    touched: BTreeSet<HostId>,
    /// Looks under way.
    looking: BTreeSet<HostId>,
    /// Hosts that legs speak of and that are to be asked too, with the host that showed the leg.
    heard_of: BTreeMap<HostName, HostId>,
    /// When the next hold ends.
    hold_ends: Option<MonoTime>,
    /// VMs that each exception covers, by the exception's place among the holds.
    excepted: BTreeMap<usize, BTreeSet<VmId>>,
    /// What holds name and was not seen yet, and whether that forbids acts.
    unmatched: Vec<HoldScope>,
    /// What holds name and was seen once.
    matched: Vec<HoldScope>,
    holds_check: HoldsCheck,
    /// Legs whose verdict has changed since somebody asked.
    decided: BTreeSet<LegId>,
    acts: BTreeMap<ActId, (LegId, HostId)>,
    queue: Queue,
    /// When it began.
    begun: MonoTime,
    epoch: u64,
    next_act: u64,
    chance: fastrand::Rng,
}

impl Controller {
    /// Creates a controller that starts now and remembers nothing. Pass it [`Event::Tick`] first.
    pub fn new(setup: Setup, now: Now) -> Self {
        let hosts: BTreeMap<_, _> =
            setup.hosts.iter().map(|asked| (asked.id, HostWatch::new(asked.clone(), now.mono))).collect();
        Self {
            names: Names::new(hosts.values()),
            touched: hosts.keys().copied().collect(),
            waiting: hosts.keys().copied().collect(),
            refused: BTreeSet::new(),
            discovered: BTreeSet::new(),
            hosts,
            inventory: Inventory::default(),
            legs: BTreeMap::new(),
            remembered: BTreeMap::new(),
            kept: Kept::default(),
            orders: BTreeMap::new(),
            dirty: BTreeSet::new(),
            open_ended: LegIndex::default(),
            unsettled: BTreeSet::new(),
            look_wanted: LegIndex::default(),
            look_before_act: LegIndex::default(),
            log_wanted: LegIndex::default(),
            deadlines: Schedule::default(),
            looks: Schedule::default(),
            wakes: Schedule::default(),
            looking: BTreeSet::new(),
            heard_of: BTreeMap::new(),
            hold_ends: None,
            excepted: BTreeMap::new(),
            unmatched: Self::unmatched(&setup.policy, &[]),
            matched: Vec::new(),
            holds_check: if setup.policy.holds.is_empty() { HoldsCheck::Matched } else { HoldsCheck::Unclear },
            decided: BTreeSet::new(),
            acts: BTreeMap::new(),
            queue: Queue::default(),
            begun: now.mono,
            epoch: 0,
            next_act: 0,
            chance: fastrand::Rng::with_seed(setup.seed),
            setup,
        }
    }

    /// Processes one event. Returns the effects to carry out, in this order.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Looked { host, started, observation } => self.looked(now, host, started, *observation, &mut effects),
            Event::Intended(act) => self.intended(now, act, &mut effects),
            Event::NotIntended { act, problem } => self.not_intended(now, act, problem, &mut effects),
            Event::Acted { act, outcome } => self.acted(now, act, outcome),
            Event::EventsRead { host, evidence } => self.events_read(now, host, evidence),
            Event::Heard(host) => self.heard_of_host(host),
            Event::Command(command) => self.command(now, command),
            Event::PolicyChanged(policy) => self.change_policy(*policy),
            Event::HostsChanged(hosts) => self.change_hosts(now, hosts, &mut effects),
            Event::Tick => {}
        }
        self.end_holds(now);
        self.find_late_hosts(now, &mut effects);
        self.dirty.extend(self.wakes.take_due(now.mono));
        self.rejudge(now, &mut effects);
        self.ask_peers(now, &mut effects);
        self.check_holds(now, &mut effects);
        self.plan_readings(now, &mut effects);
        self.plan_acts(now, &mut effects);
        self.plan_looks(now, &mut effects);
        self.refresh_schedules();
        debug_assert_eq!(self.contradiction(now), None);
        effects
    }

    /// The time by which [`Event::Tick`] is due.
    pub fn next_deadline(&self) -> Option<MonoTime> {
        // A look that is due waits for one that ends.
        let look = self.looks.next().filter(|_| self.looking.len() < self.setup.looks_at_once.get());
        self.deadlines.next().into_iter().chain(look).chain(self.wakes.next()).chain(self.hold_ends).min()
    }

    /// Whether nothing is done or waited for until something new is seen: every host is ready or late, and every leg
    /// settled.
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty() && !self.queue.is_acting() && self.waiting.is_empty()
    }

    /// Whether any act was ever intended.
    pub fn has_acted(&self) -> bool {
        self.next_act > 0
    }

    /// What is wanted.
    pub fn policy(&self) -> &Policy {
        &self.setup.policy
    }

    /// How many legs are settled, and how many were seen: for a progress bar.
    pub fn progress(&self) -> (usize, usize) {
        (self.legs.len() - self.unsettled.len(), self.legs.len())
    }

    /// The names of the hosts that are not ready, for a progress line.
    pub fn hosts_waited_for(&self) -> impl Iterator<Item = String> {
        self.hosts.values().filter(|host| !host.is_ready()).map(HostWatch::display_name)
    }

    /// The legs of which something else is decided than when this was last asked.
    pub fn newly_decided(&mut self) -> BTreeSet<LegId> {
        std::mem::take(&mut self.decided)
    }

    /// The hosts that are ready, or were ready when they last answered.
    pub fn ready_hosts(&self) -> impl Iterator<Item = HostId> {
        self.hosts.values().filter(|host| host.is_ready()).map(|host| host.asked.id)
    }

    fn host(&self, id: HostId) -> Option<&HostWatch> {
        self.hosts.get(&id)
    }

    /// Notes that a host's phase may have changed.
    fn note_phase(&mut self, id: HostId) {
        self.touched.insert(id);
        if self.host(id).is_some_and(HostWatch::is_waiting) {
            self.waiting.insert(id);
        } else {
            self.waiting.remove(&id);
        }
    }

    /// Whether a leg's inputs changed and nobody judged it again.
    fn is_judged_otherwise(&self, watch: &LegWatch, now: Now) -> bool {
        judge(&watch.leg, &watch.memory, &self.setup.policy, now.wall) != watch.verdict
    }

    /// What contradicts itself in what is kept, if anything does: checked after every event where assertions are on.
    fn contradiction(&self, now: Now) -> Option<String> {
        let deadline = self.hosts.values().filter_map(|host| host.deadline(&self.setup.patience)).min();
        let look = self.hosts.values().filter_map(|host| self.next_look(host)).min();
        if (deadline, look) != (self.deadlines.next(), self.looks.next()) {
            return Some("a host's time changed and nobody noted it".to_owned());
        }
        let waiting = self.hosts.values().filter(|host| host.is_waiting()).map(|host| host.asked.id);
        if !waiting.eq(self.waiting.iter().copied()) {
            return Some("a host's phase changed and nobody noted it".to_owned());
        }
        if let Some(id) = self.unnoted_memory(now) {
            return Some(format!("something else is to be remembered of {id}, and nobody noted it"));
        }
        for (id, watch) in &self.legs {
            if self.unsettled.contains(id) == self.is_settled_leg(*id, watch) {
                return Some(format!("{id} is settled or not, and nobody noted it"));
            }
            if watch.attempt().is_acting() != self.acts.values().any(|(leg, _)| leg == id) {
                return Some(format!("{id} is acted on, or not, and the list of acts says otherwise"));
            }
            if watch.presence == Presence::Shown && self.is_judged_otherwise(watch, now) {
                return Some(format!("{id} would be judged otherwise now"));
            }
            let has_wake = self.wakes.of(*id).is_none_or(|at| at > now.mono);
            if !has_wake {
                return Some(format!("{id} was to be judged again, and was not"));
            }
        }
        None
    }
}
