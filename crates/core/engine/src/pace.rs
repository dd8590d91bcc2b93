//! How much is done at once, and what comes first.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{HostId, LastReplication, LegId, Pace};

/// Legs that wait for their turn, and how many acts are under way.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// By host; the leg whose data is oldest first.
    waiting: BTreeMap<HostId, BTreeSet<(LastReplication, LegId)>>,
    /// Where each waiting leg stands.
    places: BTreeMap<LegId, (HostId, LastReplication)>,
    running: BTreeMap<HostId, u32>,
    running_in_all: u32,
}

impl Queue {
    pub(crate) fn add(&mut self, host: HostId, last: LastReplication, leg: LegId) {
        self.remove(leg);
        self.places.insert(leg, (host, last));
        self.waiting.entry(host).or_default().insert((last, leg));
    }

    pub(crate) fn remove(&mut self, leg: LegId) {
        let Some((host, last)) = self.places.remove(&leg) else { return };
        if let Some(legs) = self.waiting.get_mut(&host) {
            legs.remove(&(last, leg));
            if legs.is_empty() {
                self.waiting.remove(&host);
            }
        }
    }

    /// The next leg whose host and the fleet have room; it counts as under way from now on.
    pub(crate) fn next(&mut self, pace: Pace) -> Option<(HostId, LegId)> {
        if self.running_in_all >= pace.fleet.get() {
            return None;
        }
        let running = &self.running;
        let has_room = |host: &HostId| running.get(host).copied().unwrap_or(0) < pace.per_host.get();
        let (host, legs) = self.waiting.iter().find(|(host, _)| has_room(host))?;
        let (host, leg) = (*host, legs.first()?.1);
        self.remove(leg);
        *self.running.entry(host).or_default() += 1;
        self.running_in_all += 1;
        Some((host, leg))
    }

    /// An act of that host has ended.
    pub(crate) fn ended(&mut self, host: HostId) {
        if let Some(count) = self.running.get_mut(&host) {
            *count = count.saturating_sub(1);
        }
        self.running_in_all = self.running_in_all.saturating_sub(1);
    }

    /// How many acts are under way on a host.
    pub(crate) fn running(&self, host: HostId) -> u32 {
        self.running.get(&host).copied().unwrap_or(0)
    }

    /// Whether a host has acts under way or waiting.
    pub(crate) fn is_busy(&self, host: HostId) -> bool {
        self.running(host) > 0 || self.waiting.contains_key(&host)
    }

    /// Whether any act is under way.
    pub(crate) fn is_acting(&self) -> bool {
        self.running_in_all > 0
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use reprise_model::{HostTime, LegKind, VmId};

    use super::*;

    fn leg(n: u8) -> LegId {
        let vm: VmId = format!("00000000-0000-0000-0000-0000000000{n:02x}").parse().unwrap();
        LegId { vm, kind: LegKind::Simple }
    }

    #[test]
    fn each_host_has_its_limit_and_the_oldest_data_comes_first() {
        let pace = Pace { per_host: NonZeroU32::new(2).unwrap(), fleet: NonZeroU32::new(3).unwrap() };
        let mut queue = Queue::default();
        for (n, last) in [(1, 30), (2, 10), (3, 20)] {
            queue.add(HostId(0), LastReplication::At(HostTime(last)), leg(n));
        }
        queue.add(HostId(1), LastReplication::Never, leg(4));
        queue.add(HostId(1), LastReplication::Never, leg(5));
        assert_eq!(queue.next(pace), Some((HostId(0), leg(2))));
        assert_eq!(queue.next(pace), Some((HostId(0), leg(3))));
        assert_eq!(queue.next(pace), Some((HostId(1), leg(4))), "the first host is full");
        assert_eq!(queue.next(pace), None, "the fleet is full");
        queue.ended(HostId(0));
        assert_eq!(queue.next(pace), Some((HostId(0), leg(1))));
        queue.ended(HostId(1));
        queue.remove(leg(5));
        assert_eq!(queue.next(pace), None);
        assert!(!queue.is_busy(HostId(1)) && queue.is_busy(HostId(0)));
    }
}
