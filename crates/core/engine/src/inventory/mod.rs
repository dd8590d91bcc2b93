//! The latest good look at every host, put together into legs.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{
    HostId, HostName, HostTime, LegId, LegKind, MonoTime, RelationshipId, Replication, ReplicationMode,
    ReplicationObject, Slot, UnreadableObject, Vm, VmId,
};

use crate::leg::{End, Leg, NotSeenEnd, SeenEnd, Whereabouts};

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

/// An object that could not be read, with the look that showed it.
struct Unread<'a> {
    host: HostId,
    look: &'a HostLook,
    object: &'a UnreadableObject,
}

/// A VM's objects on one host.
const SLOTS: [Slot; 2] = [Slot::Zero, Slot::One];

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
        let mut touched: BTreeSet<VmId> = look.replication.replicated().collect();
        for vm in &touched {
            self.hosts_of.entry(*vm).or_default().insert(host);
        }
        if let Some(old) = self.looks.insert(host, look) {
            for vm in old.replication.replicated() {
                if touched.insert(vm)
                    && let Some(hosts) = self.hosts_of.get_mut(&vm)
                {
                    hosts.remove(&host);
                }
            }
        }
        touched
    }

    /// The VMs that a host showed at its latest good look.
    pub(crate) fn shown_by(&self, host: HostId) -> impl Iterator<Item = VmId> + '_ {
        self.looks.get(&host).into_iter().flat_map(|look| look.replication.replicated())
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
        let unread = self.unread(id.vm);
        let unread = |wanted: Part| unread.iter().find(|(part, _)| *part == wanted).map(|(_, end)| end);
        let (unread_sender, unread_receiver) = (unread(Part::Sender(id.kind)), unread(Part::Receiver(id.kind)));
        let sender = if senders.is_empty() { None } else { Some(senders.remove(0)) };
        let settings = |seen: Option<&SeenEnd>, unread: Option<&Unread<'_>>| {
            let unread = || unread.and_then(|end| end.object.settings.clone());
            seen.and_then(|end| end.object.settings.seen().cloned()).or_else(unread)
        };
        let wanted = settings(sender.as_ref(), unread_sender).and_then(|s| s.recovery_host.or(s.recovery_point));
        let named = wanted.as_ref().and_then(|wanted| named(&receivers, wanted));
        let receiver = if receivers.is_empty() { None } else { Some(receivers.swap_remove(named.unwrap_or(0))) };
        let primary = settings(receiver.as_ref(), unread_receiver).and_then(|s| s.primary_host.or(s.primary_point));
        let any_unread = unread_sender.or(unread_receiver);
        let vm_name = match (sender.as_ref().or(receiver.as_ref()), any_unread) {
            (Some(end), _) => end.vm.name.clone(),
            (None, Some(end)) => end.object.name.clone().unwrap_or_else(|| id.vm.to_string()),
            (None, None) => return None,
        };
        let second = senders.first().map(|second| second.host);
        // A part that is only guessed is never one that is taken.
        let second = second.or_else(|| unread_sender.filter(|_| sender.is_some()).map(|end| end.host));
        let end = |seen: Option<SeenEnd>, unread: Option<&Unread<'_>>, name: Option<&HostName>| match (seen, unread) {
            (Some(seen), _) => End::Seen(Box::new(seen)),
            (None, Some(unread)) => End::NotSeen(unread.end()),
            (None, None) => End::NotSeen(elsewhere(name)),
        };
        Some(Leg {
            id,
            vm_name,
            second_primary: second,
            sender: end(sender, unread_sender, primary.as_ref()),
            receiver: end(receiver, unread_receiver, wanted.as_ref()),
        })
    }

    /// The looks at the hosts that have a replication object of this VM.
    fn looks_with(&self, vm: VmId) -> impl Iterator<Item = (HostId, &HostLook)> {
        let hosts = self.hosts_of.get(&vm).into_iter().flatten();
        hosts.filter_map(|host| Some((*host, self.looks.get(host)?)))
    }

    /// Every object of a VM that could not be read, with the part that it plays as far as anybody can tell. Where its
    /// VM's mode is unknown it takes a part that nobody else has: it must appear somewhere, and is not acted on.
    fn unread(&self, vm: VmId) -> Vec<(Part, Unread<'_>)> {
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for (host, look) in self.looks_with(vm) {
            for id in SLOTS.map(|slot| RelationshipId { vm, slot }) {
                let Some(object) = look.replication.unreadable.get(&id) else { continue };
                let end = Unread { host, look, object };
                match (id.slot, object.mode) {
                    (slot, Some(mode)) => known.push((part(slot, mode), end)),
                    (Slot::One, None) => known.push((Part::Sender(LegKind::Extended), end)),
                    (Slot::Zero, None) => unknown.push(end),
                }
            }
        }
        for end in unknown {
            let taken = |part: Part| known.iter().any(|(other, _)| *other == part) || self.is_seen(vm, part);
            let receives = end.receives();
            let unfit = |part: &Part| taken(*part) || receives && *part == Part::Sender(LegKind::Simple);
            let parts = [Part::Sender(LegKind::Simple), Part::Receiver(LegKind::Simple)];
            let part = parts.into_iter().find(|part| !unfit(part)).unwrap_or(Part::Receiver(LegKind::Extended));
            known.push((part, end));
        }
        known
    }

    /// Whether a readable object plays that part.
    fn is_seen(&self, vm: VmId, wanted: Part) -> bool {
        self.looks_with(vm).any(|(_, look)| SLOTS.into_iter().any(|slot| plays(look, vm, slot, wanted).is_some()))
    }

    /// Every object that plays a part in a leg, by host.
    fn ends(&self, id: LegId, wanted: Part) -> Vec<SeenEnd> {
        let mut ends = Vec::new();
        for (host, look) in self.looks_with(id.vm) {
            for (vm, object) in SLOTS.into_iter().filter_map(|slot| plays(look, id.vm, slot, wanted)) {
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
        ends
    }
}

/// Which end's host bears a name: the full name first, then its first label if it is unique.
fn named(ends: &[SeenEnd], wanted: &HostName) -> Option<usize> {
    let bears = |full: bool| {
        let fits = move |end: &SeenEnd| {
            HostName::new(&end.host_name).is_some_and(|own| own == *wanted || (!full && own.label() == wanted.label()))
        };
        let mut found = ends.iter().enumerate().filter(move |(_, end)| fits(end)).map(|(index, _)| index);
        found.next().filter(|_| found.next().is_none())
    };
    bears(true).or_else(|| bears(false))
}

/// A VM's object on a host, and its VM, if it can be read and plays that part.
fn plays(look: &HostLook, vm: VmId, slot: Slot, wanted: Part) -> Option<(&Vm, &ReplicationObject)> {
    let object = look.replication.objects.get(&RelationshipId { vm, slot })?;
    let vm = look.replication.vms.get(&vm)?;
    (part(slot, vm.mode) == wanted).then_some((vm, object))
}

impl Unread<'_> {
    /// Whether it says that its own host is the one that receives.
    fn receives(&self) -> bool {
        let recovery = self.object.settings.as_ref().and_then(|settings| settings.recovery_host.as_ref());
        recovery.is_some_and(|name| name.as_str() == self.look.name)
    }

    fn end(&self) -> NotSeenEnd {
        let problem = self.object.problem.clone();
        NotSeenEnd {
            host_name: Some(self.look.name.clone()),
            whereabouts: Whereabouts::Unreadable { host: self.host, problem },
        }
    }
}
