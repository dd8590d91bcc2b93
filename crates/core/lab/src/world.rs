//! The world: hosts, VMs, links, and what is due when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use crate::fault::Faults;
use crate::host::{Host, Management};
use crate::leg::{At, Vm};
use crate::spec::{Spec, SpecError};

/// A simulated site.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) spec: Spec,
    pub(crate) now: Duration,
    pub(crate) hosts: Vec<Host>,
    pub(crate) vms: Vec<Vm>,
    pub(crate) links: BTreeMap<(usize, usize), Link>,
    /// Which VMs a host shows, in order.
    pub(crate) on_host: Vec<BTreeSet<usize>>,
    due: BTreeSet<(Duration, u64, Due)>,
    order: u64,
    pub(crate) chance: fastrand::Rng,
    pub(crate) faults: Faults,
}

/// A replication path between two hosts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link {
    pub(crate) cut: bool,
    pub(crate) delay: Duration,
}

/// What becomes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// VMMS has started.
    VmmsUp(usize),
    /// A leg's next replication cycle.
    Cycle(At),
    /// A transfer arrives.
    Arrival(At, u64),
    /// A job ends.
    JobEnd(usize, Uuid),
    /// A finished job's row goes.
    JobGone(usize, Uuid),
    /// A change log may have grown past half of the disks.
    LogCheck(At),
    /// A state that a job had changed goes back.
    FlipBack { at: At, sender: bool, from: u16, to: u16 },
    /// A resynchronization begins or ends.
    Resync(At),
    /// The hours of automatic resynchronization may have come.
    ResyncHours(At),
}

/// How a host's management address behaves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// It answers.
    Open,
    /// It refuses connections.
    Refuse,
    /// It swallows them.
    Swallow,
}

/// Most things that may become due within one call of [`World::advance`]: bounds a runaway, far above a year of the
/// largest lab in one step.
const STEPS_MAX: usize = 50_000_000;

impl World {
    /// Builds a lab: VMMS ready everywhere, every leg Replicating with a finished cycle.
    ///
    /// # Errors
    /// [`SpecError`] if the spec cannot be met.
    pub fn new(spec: &Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let hosts: Vec<Host> = (0..spec.hosts).map(Host::new).collect();
        let mut world = Self {
            now: Duration::ZERO,
            on_host: vec![BTreeSet::new(); hosts.len()],
            hosts,
            vms: Vec::new(),
            links: BTreeMap::new(),
            due: BTreeSet::new(),
            order: 0,
            chance: fastrand::Rng::with_seed(spec.seed),
            faults: Faults::default(),
            spec: spec.clone(),
        };
        for index in 0..spec.vms {
            let vm = world.new_vm(index);
            world.add(vm);
        }
        for at in world.all_legs() {
            world.begin_cycles(at);
        }
        Ok(world)
    }

    /// Virtual time since the start.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// When something happens next by itself.
    pub fn next_change(&self) -> Option<Duration> {
        let loading = self.hosts.iter().filter_map(Host::ready_at).filter(|at| *at > self.now);
        loading.chain(self.due.first().map(|(at, _, _)| *at)).min()
    }

    /// Lets time pass. It does not run backwards.
    pub fn advance(&mut self, to: Duration) {
        for _ in 0..STEPS_MAX {
            let Some((at, order, due)) = self.due.first().copied().filter(|(at, _, _)| *at <= to) else { break };
            self.due.remove(&(at, order, due));
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(to);
    }

    pub(crate) fn schedule(&mut self, at: Duration, due: Due) {
        self.order += 1;
        self.due.insert((at, self.order, due));
    }

    /// How many hosts there are.
    pub fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// A host's name.
    pub fn host_name(&self, host: usize) -> Option<&str> {
        self.hosts.get(host).map(|h| h.name.as_str())
    }

    /// The host of that name, compared without case.
    pub fn host_named(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.name.eq_ignore_ascii_case(name))
    }

    /// The version of Windows that the hosts run.
    pub fn os_version(&self) -> &'static str {
        self.spec.os.version()
    }

    /// The language that the hosts speak: `en-US`.
    pub fn language(&self) -> &'static str {
        self.spec.language.tag()
    }

    /// How a host's management address behaves now.
    pub fn face(&self, host: usize) -> Face {
        match self.hosts.get(host) {
            Some(host) if host.on => match host.management {
                Management::Up => Face::Open,
                Management::Refuse => Face::Refuse,
                Management::Blackhole => Face::Swallow,
            },
            Some(_) | None => Face::Refuse,
        }
    }

    pub(crate) fn link(&self, a: usize, b: usize) -> Link {
        self.links.get(&ordered(a, b)).copied().unwrap_or_default()
    }
}

pub(crate) fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}
