//! The latest good look at every host, put together into legs.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{
    HostId, HostName, HostTime, LegId, LegKind, MonoTime, RelationshipId, Replication, ReplicationMode, Slot, VmId,
};

use crate::leg::{End, Leg, NotSeenEnd, SeenEnd};

/// The latest good look at every host.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    looks: BTreeMap<HostId, HostLook>,
    hosts_of: BTreeMap<VmId, BTreeSet<HostId>>,
}

/// One host's latest good look.
#[derive(Debug)]
pub(crate) struct HostLook {
    /// When the look began.
    pub(crate) looked: MonoTime,
    /// What the host is called.
    pub(crate) name: String,
    /// Its clock at the look, and when it had booted by that clock.
    pub(crate) clock: Option<HostTime>,
    pub(crate) booted: Option<HostTime>,
    /// What it showed.
    pub(crate) replication: Replication,
}

/// Which part an object plays in a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Sender(LegKind),
    Receiver(LegKind),
}

/// The reference's rule for who is who: an object's slot and its VM's mode (Hyper-V WMI reference, section "Worked
/// details", 12.1). A VM that is neither sender nor receiver is shown as a receiver, so that a verdict is given on it.
fn part(slot: Slot, mode: ReplicationMode) -> Part {
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

impl Inventory {
    /// Takes in a good look; the VMs that it shows or no longer shows.
    pub(crate) fn update(&mut self, host: HostId, look: HostLook) -> BTreeSet<VmId> {
        let mut touched: BTreeSet<VmId> = look.replication.objects.keys().map(|id| id.vm).collect();
        for vm in &touched {
            self.hosts_of.entry(*vm).or_default().insert(host);
        }
        if let Some(old) = self.looks.insert(host, look) {
            for vm in old.replication.objects.keys().map(|id| id.vm) {
                if touched.insert(vm)
                    && let Some(hosts) = self.hosts_of.get_mut(&vm)
                {
                    hosts.remove(&host);
                }
            }
        }
        touched
    }

    /// A host's clock at its latest good look.
    pub(crate) fn clock(&self, host: HostId) -> Option<HostTime> {
        self.looks.get(&host).and_then(|look| look.clock)
    }

    /// One leg from all that is known of it; `None` if no host shows any part of it. `elsewhere` says what is known of
    /// the host of an end that is not seen.
    pub(crate) fn leg(&self, id: LegId, elsewhere: &dyn Fn(Option<&HostName>) -> NotSeenEnd) -> Option<Leg> {
        let mut senders = self.ends(id, Part::Sender(id.kind));
        let mut receivers = self.ends(id, Part::Receiver(id.kind));
        let sender = if senders.is_empty() { None } else { Some(senders.remove(0)) };
        let wanted = sender
            .as_ref()
            .and_then(|s| s.object.settings.seen())
            .and_then(|s| s.recovery_host.clone().or(s.recovery_point.clone()));
        let named = receivers.iter().position(|r| wanted.as_ref().is_some_and(|w| w.as_str() == r.host_name));
        let receiver = if receivers.is_empty() { None } else { Some(receivers.swap_remove(named.unwrap_or(0))) };
        let vm_name = sender.as_ref().or(receiver.as_ref())?.vm.name.clone();
        let primary = receiver
            .as_ref()
            .and_then(|r| r.object.settings.seen())
            .and_then(|s| s.primary_host.clone().or(s.primary_point.clone()));
        let end = |seen: Option<SeenEnd>, name: Option<&HostName>| {
            seen.map_or_else(|| End::NotSeen(elsewhere(name)), |seen| End::Seen(Box::new(seen)))
        };
        Some(Leg {
            id,
            vm_name,
            second_primary: senders.first().map(|second| second.host),
            sender: end(sender, primary.as_ref()),
            receiver: end(receiver, wanted.as_ref()),
        })
    }

    /// Every object that plays a part in a leg, by host.
    fn ends(&self, id: LegId, wanted: Part) -> Vec<SeenEnd> {
        let hosts = self.hosts_of.get(&id.vm).into_iter().flatten();
        let mut ends = Vec::new();
        for (host, look) in hosts.filter_map(|host| Some((*host, self.looks.get(host)?))) {
            for slot in [Slot::Zero, Slot::One] {
                let object = look.replication.objects.get(&RelationshipId { vm: id.vm, slot });
                let vm = look.replication.vms.get(&id.vm);
                if let (Some(object), Some(vm)) = (object, vm)
                    && part(slot, vm.mode) == wanted
                {
                    ends.push(SeenEnd {
                        host,
                        host_name: look.name.clone(),
                        looked: look.looked,
                        booted: look.booted,
                        up_for: look.clock.zip(look.booted).map(|(clock, booted)| clock.since(booted)),
                        vm: vm.clone(),
                        object: object.clone(),
                    });
                }
            }
        }
        ends
    }
}
