//! What one host showed at its latest good look, by the parts that its objects play.

use std::collections::BTreeMap;
use std::sync::Arc;

use reprise_model::{
    HostId, HostName, HostTime, LegKind, MonoTime, RelationshipId, Replication, ReplicationMode, ReplicationSettings,
    Slot, UnreadableObject, VmId,
};

use crate::leg::{NotSeenEnd, SeenEnd, Whereabouts};
use crate::names::{Match, Names};

/// One host's latest good look.
#[derive(Debug)]
pub(crate) struct HostLook {
    /// What the host is called.
    pub(super) name: String,
    /// Its clock at the look.
    pub(super) clock: Option<HostTime>,
    /// When the look began.
    pub(super) looked: MonoTime,
    /// When it had come back.
    pub(super) told: MonoTime,
    /// Every object that could be read, with its VM.
    pub(super) ends: BTreeMap<RelationshipId, Arc<SeenEnd>>,
    /// Every other object.
    pub(super) unreadable: BTreeMap<RelationshipId, UnreadableObject>,
}

impl HostLook {
    /// What a look showed. `looked` and `told` are when it began and when it had come back, `times` the host's clock and when
    /// it had booted by that clock.
    pub(crate) fn new(
        host: HostId,
        (looked, told): (MonoTime, MonoTime),
        name: String,
        times: Option<(HostTime, HostTime)>,
        replication: Replication,
    ) -> Self {
        let Replication { vms, objects, unreadable, service: _, host_row: _, stray: _ } = replication;
        let ends = objects.into_iter().filter_map(|(id, object)| {
            let end = SeenEnd {
                host,
                host_name: name.clone(),
                looked,
                told,
                booted: times.map(|(_, booted)| booted),
                up_for: times.map(|(clock, booted)| clock.since(booted)),
                vm: vms.get(&id.vm)?.clone(),
                object,
            };
            Some((id, Arc::new(end)))
        });
        Self { ends: ends.collect(), name, clock: times.map(|(clock, _)| clock), looked, told, unreadable }
    }

    /// A VM's objects here that could be read, with the parts that they play.
    pub(super) fn ends_of(&self, vm: VmId, names: &Names) -> Vec<(Part, &Arc<SeenEnd>)> {
        let end = |slot| Some((slot, self.ends.get(&RelationshipId { vm, slot })?));
        let part = |slot, end: &SeenEnd| if sends(slot, end, names) { SENDER } else { part(slot, end.vm.mode) };
        SLOTS.into_iter().filter_map(end).map(|(slot, end)| (part(slot, end), end)).collect()
    }

    /// What a VM that has an object here is called.
    pub(super) fn names_of(&self, vm: VmId) -> impl Iterator<Item = &str> {
        let slots = SLOTS.into_iter().map(move |slot| RelationshipId { vm, slot });
        slots.filter_map(|id| match self.ends.get(&id) {
            Some(end) => Some(end.vm.name.as_str()),
            None => self.unreadable.get(&id)?.name.as_deref(),
        })
    }

    /// The VMs that have an object here.
    pub(super) fn replicated(&self) -> impl Iterator<Item = VmId> {
        self.ends.keys().chain(self.unreadable.keys()).map(|id| id.vm)
    }
}

/// An object that could not be read, with the look that showed it.
pub(super) struct Unread<'a> {
    pub(super) host: HostId,
    pub(super) look: &'a HostLook,
    pub(super) object: &'a UnreadableObject,
}

/// A VM's objects on one host.
pub(super) const SLOTS: [Slot; 2] = [Slot::Zero, Slot::One];

/// Which part an object plays in a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Sender(LegKind),
    Receiver(LegKind),
}

/// The reference's rule for who is who: an object's slot and its VM's mode (Hyper-V WMI reference, section "Worked
/// details", 12.1). A VM that is neither sender nor receiver is shown as a receiver, so that a verdict is given on it.
pub(super) fn part(slot: Slot, mode: ReplicationMode) -> Part {
    match (slot, mode) {
        (Slot::Zero, ReplicationMode::Primary) => Part::Sender(LegKind::Simple),
        (Slot::Zero, ReplicationMode::ExtendedReplica) => Part::Receiver(LegKind::Extended),
        (
            Slot::Zero,
            ReplicationMode::Replica
            | ReplicationMode::TestReplica
            | ReplicationMode::None
            | ReplicationMode::Unrecognised(_),
        ) => Part::Receiver(LegKind::Simple),
        (Slot::One, _) => Part::Sender(LegKind::Extended),
    }
}

const SENDER: Part = Part::Sender(LegKind::Simple);

/// Whether an object whose VM's mode says nothing of the part that it plays names its own host as the one that sends.
fn sends(slot: Slot, end: &SeenEnd, names: &Names) -> bool {
    let says_nothing = matches!(end.vm.mode, ReplicationMode::None | ReplicationMode::Unrecognised(_));
    let primary = end.object.settings.seen().and_then(ReplicationSettings::primary);
    let is_own = |name: &HostName| {
        names.find(name) == Match::Host(end.host) || HostName::new(&end.host_name).as_ref() == Some(name)
    };
    slot == Slot::Zero && says_nothing && primary.is_some_and(is_own)
}

impl Unread<'_> {
    /// Whether it says that its own host is the one that receives.
    pub(super) fn receives(&self, names: &Names) -> bool {
        let recovery = self.object.settings.as_ref().and_then(ReplicationSettings::recovery);
        recovery.is_some_and(|name| {
            names.find(name) == Match::Host(self.host) || HostName::new(&self.look.name).as_ref() == Some(name)
        })
    }

    pub(super) fn end(&self) -> NotSeenEnd {
        let problem = self.object.problem.clone();
        NotSeenEnd {
            host_name: Some(self.look.name.clone()),
            whereabouts: Whereabouts::Unreadable { host: self.host, problem },
        }
    }
}

/// How a leg is set up, as an end shows it, be it one that cannot be read otherwise.
pub(super) fn settings<'a>(
    seen: Option<&'a Arc<SeenEnd>>,
    unread: Option<&Unread<'a>>,
) -> Option<&'a ReplicationSettings> {
    seen.and_then(|end| end.object.settings.seen()).or_else(|| unread.and_then(|end| end.object.settings.as_ref()))
}
