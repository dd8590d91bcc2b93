//! The latest good look at every host, put together into legs.

mod look;
mod receiver;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reprise_model::{
    HostId, HostName, HostTime, LegId, LegKind, MonoTime, RelationshipId, ReplicationSettings, ReplicationState, Slot,
    VmId, folded_name,
};

pub(crate) use look::HostLook;
use look::{Part, SLOTS, Unread, part, settings};
use receiver::ReceiverCandidate;

use crate::leg::{End, Leg, NotSeenEnd, SeenEnd};
use crate::names::Names;

/// The latest good look at every host.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    looks: BTreeMap<HostId, HostLook>,
    hosts_of: BTreeMap<VmId, BTreeSet<HostId>>,
}

impl Inventory {
    /// Takes in a good look; the VMs that it shows or no longer shows.
    pub(crate) fn update(&mut self, host: HostId, look: HostLook) -> BTreeSet<VmId> {
        let mut touched: BTreeSet<VmId> = look.replicated().collect();
        for vm in &touched {
            self.hosts_of.entry(*vm).or_default().insert(host);
        }
        if let Some(old) = self.looks.insert(host, look) {
            for vm in old.replicated() {
                if touched.insert(vm)
                    && let Some(hosts) = self.hosts_of.get_mut(&vm)
                {
                    hosts.remove(&host);
                }
            }
        }
        touched
    }

    /// Forgets what a host showed; the VMs that it concerns.
    pub(crate) fn forget(&mut self, host: HostId) -> BTreeSet<VmId> {
        let shown: BTreeSet<VmId> = self.looks.remove(&host).iter().flat_map(HostLook::replicated).collect();
        for vm in &shown {
            if let Some(hosts) = self.hosts_of.get_mut(vm) {
                hosts.remove(&host);
            }
        }
        shown
    }

    /// The VMs that a host showed at its latest good look.
    pub(crate) fn shown_by(&self, host: HostId) -> impl Iterator<Item = VmId> + '_ {
        self.looks.get(&host).into_iter().flat_map(HostLook::replicated)
    }

    /// When its latest good look first came back, if that is the one that began then.
    pub(crate) fn told(&self, host: HostId, looked: MonoTime) -> Option<MonoTime> {
        self.looks.get(&host).filter(|look| look.looked == looked).map(|look| look.told)
    }

    /// When a host's latest good look began.
    pub(crate) fn looked(&self, host: HostId) -> Option<MonoTime> {
        self.looks.get(&host).map(|look| look.looked)
    }

    /// A host's clock at its latest good look.
    pub(crate) fn clock(&self, host: HostId) -> Option<HostTime> {
        self.looks.get(&host).and_then(|look| look.clock)
    }

    /// What a host's clock shows at most now, by its latest look.
    pub(crate) fn clock_by(&self, host: HostId, now: MonoTime) -> Option<HostTime> {
        let look = self.looks.get(&host)?;
        let since = i64::try_from(now.since(look.looked).as_millis()).unwrap_or(i64::MAX);
        look.clock.map(|clock| HostTime(clock.0.saturating_add(since)))
    }

    /// One leg from all that is known of it; `None` if no host shows any part of it. `elsewhere` says what is known of
    /// the host of an end that is not seen.
    pub(crate) fn leg(
        &self,
        id: LegId,
        names: &Names,
        elsewhere: &dyn Fn(Option<&HostName>) -> NotSeenEnd,
    ) -> Option<Leg> {
        let looks: Vec<(HostId, &HostLook)> = self.looks_with(id.vm).collect();
        let ends: Vec<(Part, &Arc<SeenEnd>)> = looks.iter().flat_map(|(_, look)| look.ends_of(id.vm, names)).collect();
        let ends = without_idle_senders(ends);
        let playing = |wanted: Part| ends.iter().filter(move |(part, _)| *part == wanted).map(|(_, end)| *end);
        let mut senders = playing(Part::Sender(id.kind));
        let unread = unread(id.vm, &looks, &ends, names);
        let unread = |wanted: Part| unread.iter().filter(move |(part, _)| *part == wanted).map(|(_, end)| end);
        let sender = senders.next();
        let unread_sender = unread(Part::Sender(id.kind)).next();
        let sends = sender.map(|end| end.host).or(unread_sender.map(|end| end.host));
        let wanted = settings(sender, unread_sender).and_then(ReplicationSettings::recovery);
        let receivers = playing(Part::Receiver(id.kind)).map(ReceiverCandidate::Seen);
        let receivers: Vec<_> =
            receivers.chain(unread(Part::Receiver(id.kind)).map(ReceiverCandidate::Unread)).collect();
        let (chosen, leftovers) = receiver::choose(receivers, sends, wanted, names);
        let (receiver, unread_receiver) = chosen.map_or((None, None), ReceiverCandidate::split);
        let primary = settings(receiver, unread_receiver).and_then(ReplicationSettings::primary);
        let any_unread = unread_sender.or(unread_receiver);
        let vm_name = match (sender.or(receiver), any_unread) {
            (Some(end), _) => end.vm.name.clone(),
            (None, Some(end)) => end.object.name.clone().unwrap_or_else(|| id.vm.to_string()),
            (None, None) => leftovers.first()?.vm_name().unwrap_or_else(|| id.vm.to_string()),
        };
        let second = senders.next().map(|second| second.host);
        // A part that is only guessed is never one that is taken.
        let second = second.or_else(|| unread_sender.filter(|_| sender.is_some()).map(|end| end.host));
        let end =
            |seen: Option<&Arc<SeenEnd>>, unread: Option<&Unread<'_>>, name: Option<&HostName>| match (seen, unread) {
                (Some(seen), _) => End::Seen(Arc::clone(seen)),
                (None, Some(unread)) => End::NotSeen(unread.end()),
                (None, None) => End::NotSeen(elsewhere(name)),
            };
        Some(Leg {
            id,
            vm_name,
            second_primary: second,
            sender: end(sender, unread_sender, primary),
            receiver: end(receiver, unread_receiver, wanted),
            sender_receives: self.sender_receives(id, sends),
            leftovers: leftovers.iter().map(|end| end.host_name().to_owned()).collect(),
            held_hosts: BTreeSet::new(),
            vm_names: BTreeSet::new(),
        })
    }

    /// The state in which the sender's host of an extended leg receives the VM itself.
    fn sender_receives(&self, id: LegId, sends: Option<HostId>) -> Option<ReplicationState> {
        let look = self.looks.get(&sends?).filter(|_| id.kind == LegKind::Extended)?;
        let id = RelationshipId { vm: id.vm, slot: Slot::Zero };
        let unread = look.unreadable.contains_key(&id).then_some(ReplicationState::Unknown);
        look.ends.get(&id).map(|end| end.object.state).or(unread)
    }

    /// The sender that a host shows of a leg, if it shows one.
    pub(crate) fn sender_on(&self, host: HostId, id: LegId, names: &Names) -> Option<&Arc<SeenEnd>> {
        let ends = self.looks.get(&host)?.ends_of(id.vm, names);
        let (_, end) = ends.into_iter().find(|(part, _)| *part == Part::Sender(id.kind))?;
        Some(end)
    }

    /// All senders that hosts show of a leg.
    pub(crate) fn senders(&self, id: LegId, names: &Names) -> impl Iterator<Item = &Arc<SeenEnd>> {
        let hosts = self.hosts_of.get(&id.vm).into_iter().flatten();
        hosts.filter_map(move |host| self.sender_on(*host, id, names))
    }

    /// What the hosts call a VM that they replicate, folded.
    pub(crate) fn names_of(&self, vm: VmId) -> BTreeSet<String> {
        let looks = self.looks_with(vm).map(|(_, look)| look);
        looks.flat_map(|look| look.names_of(vm)).map(folded_name).collect()
    }

    /// The looks at the hosts that have a replication object of this VM.
    fn looks_with(&self, vm: VmId) -> impl Iterator<Item = (HostId, &HostLook)> {
        let hosts = self.hosts_of.get(&vm).into_iter().flatten();
        hosts.filter_map(|host| Some((*host, self.looks.get(host)?)))
    }
}

/// A sender at state 0 says something only beside an end that replicates; alone it is a VM without replication.
fn without_idle_senders(mut ends: Vec<(Part, &Arc<SeenEnd>)>) -> Vec<(Part, &Arc<SeenEnd>)> {
    let is_idle = |end: &SeenEnd| end.object.state == ReplicationState::Disabled;
    if ends.iter().all(|(_, end)| is_idle(end)) {
        ends.clear();
    }
    ends
}

/// Every object of a VM that could not be read, with the part that it plays as far as anybody can tell. Where its
/// VM's mode is unknown it takes a part that nobody else has: it must appear somewhere, and is not acted on. Those at state 0
/// say something only beside an end that replicates, as senders do that can be read.
fn unread<'a>(
    vm: VmId,
    looks: &[(HostId, &'a HostLook)],
    ends: &[(Part, &Arc<SeenEnd>)],
    names: &Names,
) -> Vec<(Part, Unread<'a>)> {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    let objects = || {
        let some = looks.iter().filter(|(_, look)| !look.unreadable.is_empty());
        let slots = some.flat_map(|(host, look)| SLOTS.map(|slot| (*host, *look, slot)));
        slots.filter_map(|(host, look, slot)| {
            let object = look.unreadable.get(&RelationshipId { vm, slot })?;
            Some((slot, Unread { host, look, object }))
        })
    };
    let replicates = !ends.is_empty() || objects().any(|(_, end)| !end.object.is_idle);
    for (slot, end) in objects().filter(|_| replicates) {
        match (slot, end.object.mode) {
            (slot, Some(mode)) => known.push((part(slot, mode), end)),
            (Slot::One, None) => known.push((Part::Sender(LegKind::Extended), end)),
            (Slot::Zero, None) => unknown.push(end),
        }
    }
    for end in unknown {
        let seen = |part: Part| ends.iter().any(|(other, _)| *other == part);
        let taken = |part: Part| known.iter().any(|(other, _)| *other == part) || seen(part);
        let receives = end.receives(names);
        let unfit = |part: &Part| taken(*part) || receives && *part == Part::Sender(LegKind::Simple);
        let parts = [Part::Sender(LegKind::Simple), Part::Receiver(LegKind::Simple)];
        let part = parts.into_iter().find(|part| !unfit(part)).unwrap_or(Part::Receiver(LegKind::Extended));
        known.push((part, end));
    }
    known
}
