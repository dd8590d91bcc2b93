//! The world: hosts, VMs, links, and what is due when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use crate::fault::Faults;
use crate::host::{Host, Management};
use crate::leg::{End, HYPERV_PROVIDER, Leg, Vm};
use crate::spec::{Spec, SpecError};
use crate::view;

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
    /// A VM's next replication cycle.
    Cycle(usize),
    /// A transfer arrives.
    Arrival(usize, u64),
    /// A job ends.
    JobEnd(usize, Uuid),
    /// A finished job's row goes.
    JobGone(usize, Uuid),
    /// A change log may have grown past half of the disks.
    LogCheck(usize),
    /// A state that a job had changed goes back.
    FlipBack { vm: usize, sender: bool, from: u16, to: u16 },
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
        // A generator of its own, so that one more VM does not change another's identity.
        for index in 0..spec.vms {
            let vm = world.new_vm(index);
            world.place(index, &vm);
            world.vms.push(vm);
        }
        for index in 0..world.vms.len() {
            world.begin_cycles(index);
        }
        Ok(world)
    }

    fn new_vm(&self, index: usize) -> Vm {
        let number = u64::try_from(index).unwrap_or(u64::MAX);
        let mut own = fastrand::Rng::with_seed(self.spec.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let id = uuid::Builder::from_random_bytes(own.u128(..).to_be_bytes()).into_uuid();
        let (home, receiver_host) = self.spec.place(index);
        let replicated = index < self.spec.vms - self.spec.unreplicated;
        let name_of = |host: usize| self.hosts.get(host).map(|h| h.name.clone()).unwrap_or_default();
        let end = |mode| End {
            state: 3,
            mode,
            failed_over: 0,
            last_replication: Some(Duration::ZERO),
            provider: HYPERV_PROVIDER.to_owned(),
            primary_host: name_of(home),
            primary_point: name_of(home),
            recovery_host: name_of(receiver_host),
            changing: None,
            replica_running: false,
        };
        let leg = replicated.then(|| Leg {
            receiver_host,
            sender: end(1),
            receiver: end(2),
            frequency: Duration::from_mins(5),
            logged: 0,
            counted_at: Duration::ZERO,
            cycles_ok: 1,
            cycles_missed: 0,
            transfer: None,
            transfers: 0,
            retries: 0,
        });
        Vm {
            id,
            name: format!("vm-{:03}", index + 1),
            disk_bytes: own.u64(20..=80) << 30,
            churn: own.u64(20..=400) << 10,
            home,
            running: true,
            leg,
        }
    }

    fn place(&mut self, index: usize, vm: &Vm) {
        for host in [Some(vm.home), vm.leg.as_ref().map(|leg| leg.receiver_host)].into_iter().flatten() {
            if let Some(shown) = self.on_host.get_mut(host) {
                shown.insert(index);
            }
        }
        if let Some(leg) = &vm.leg {
            self.links.entry(ordered(vm.home, leg.receiver_host)).or_default();
        }
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

    /// Everything there is to see.
    pub fn view(&self) -> view::World {
        let name = |host: usize| self.hosts.get(host).map(|h| h.name.clone()).unwrap_or_default();
        let links = self.links.iter().map(|((a, b), link)| view::Link {
            a: name(*a),
            b: name(*b),
            cut: link.cut,
            delay: link.delay,
        });
        view::World {
            time: self.now,
            started_us: self.spec.started_us,
            seed: self.spec.seed,
            hosts: self.hosts.iter().map(|host| self.view_host(host)).collect(),
            vms: self.vms.iter().map(|vm| self.view_vm(vm)).collect(),
            links: links.collect(),
        }
    }

    fn view_host(&self, host: &Host) -> view::Host {
        let vmms = match (host.runs_vmms(), host.is_ready(self.now)) {
            (false, _) => "stopped",
            (true, false) => "not_ready",
            (true, true) => "ready",
        };
        let events = host.records.iter().map(|record| view::Event {
            record: record.number,
            time: record.at,
            channel: record.channel,
            id: record.id,
            level: record.level,
            vm_id: record.vm,
            code: record.code,
            message: record.message.clone(),
        });
        view::Host { name: host.name.clone(), os: self.spec.os.name(), on: host.on, vmms, events: events.collect() }
    }

    fn view_vm(&self, vm: &Vm) -> view::Vm {
        let name = |host: usize| self.hosts.get(host).map(|h| h.name.clone()).unwrap_or_default();
        let legs = vm.leg.iter().map(|leg| {
            let pending = self.log_bytes(vm, leg);
            view::Leg {
                leg: "simple",
                sender: name(vm.home),
                receiver: name(leg.receiver_host),
                sender_state: leg.sender.state,
                receiver_state: leg.receiver.state,
                frequency_s: leg.frequency.as_secs(),
                pending_bytes: pending + leg.transfer.map_or(0, |t| t.bytes),
                log_bytes: pending,
                disk_bytes: vm.disk_bytes,
                cycles_ok: leg.cycles_ok,
                cycles_missed: leg.cycles_missed,
                last_replication_time: leg.receiver.last_replication,
                in_flight: leg.transfer.is_some(),
                failed_over_type: leg.receiver.failed_over,
            }
        });
        view::Vm { vm: vm.name.clone(), vm_id: vm.id, legs: legs.collect() }
    }
}

pub(crate) fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}
