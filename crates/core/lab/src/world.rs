//! The world: hosts, VMs, links, and due events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use crate::fault::Faults;
use crate::host::{Host, Management};
use crate::leg::{At, Leg, Vm};
use crate::spec::Spec;

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
    FlipBack { at: At, sender: bool, from: u16, to: u16, why: Option<u32> },
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

impl World {
    /// Hosts without VMs, with nothing due.
    pub(crate) fn empty(spec: &Spec) -> Self {
        let hosts: Vec<Host> = (0..spec.hosts).map(|index| Host::new(index, spec.workgroup, spec.os)).collect();
        Self {
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
        }
    }

    /// Virtual time since the start.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// When the next thing is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(at, _, _)| *at)
    }

    /// Takes out the next thing that is due by then.
    pub(crate) fn take_due(&mut self, by: Duration) -> Option<(Duration, Due)> {
        let next @ (at, _, due) = self.due.first().copied().filter(|(at, _, _)| *at <= by)?;
        self.due.remove(&next);
        Some((at, due))
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

    pub(crate) fn leg(&self, at: At) -> Option<(&Vm, &Leg)> {
        let vm = self.vms.get(at.vm)?;
        Some((vm, vm.leg(at.kind)?))
    }

    pub(crate) fn leg_mut(&mut self, at: At) -> Option<&mut Leg> {
        self.vms.get_mut(at.vm)?.legs.iter_mut().find(|leg| leg.kind == at.kind)
    }

    /// Every leg, by its VM's index, the simple one first.
    pub(crate) fn all_legs(&self) -> Vec<At> {
        self.vms
            .iter()
            .enumerate()
            .flat_map(|(vm, own)| own.legs.iter().map(move |leg| At { vm, kind: leg.kind }))
            .collect()
    }

    /// The legs that send from a host or receive there.
    pub(crate) fn legs_of(&self, host: usize) -> Vec<At> {
        let shown = self.on_host.get(host).into_iter().flatten();
        let legs = shown.filter_map(|vm| Some((*vm, self.vms.get(*vm)?))).flat_map(|(vm, own)| {
            let touching = own.legs.iter().filter(move |leg| leg.sender.host == host || leg.receiver.host == host);
            touching.map(move |leg| At { vm, kind: leg.kind })
        });
        legs.collect()
    }

    pub(crate) fn is_on(&self, host: usize) -> bool {
        self.hosts.get(host).is_some_and(|h| h.on)
    }

    pub(crate) fn runs_vmms(&self, host: usize) -> bool {
        self.hosts.get(host).is_some_and(Host::runs_vmms)
    }

    /// Whether a leg's sender can talk with its receiver's VMMS.
    pub(crate) fn reaches(&self, leg: &Leg) -> bool {
        self.runs_vmms(leg.receiver.host) && !self.link(leg.sender.host, leg.receiver.host).cut
    }

    pub(crate) fn new_id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.chance.u128(..).to_be_bytes()).into_uuid()
    }
}

pub(crate) fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}
