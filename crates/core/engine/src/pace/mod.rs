//! How much is done at once, and what comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_model::{HostId, LastReplication, LegId, MonoTime, Pace};

/// An act that takes longer than this does not hold up the looks that other legs of its host wait for.
const SLOW_ACT: Duration = Duration::from_secs(10);

/// Where a leg stands while it waits: at which host, and what decides when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: HostId,
    pub(crate) tier: u32,
    /// Its data's age: the oldest comes first.
    pub(crate) last: LastReplication,
}

impl Place {
    /// The tier of hosts that have none.
    pub(crate) const LAST_TIER: u32 = u32::MAX;
}

/// Legs that wait for their turn, and how many acts are under way.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// By host, hosts of lower tiers first; the leg whose data is oldest first.
    waiting: BTreeMap<(u32, HostId), BTreeSet<(LastReplication, LegId)>>,
    /// How many legs wait at each host that has any.
    waiting_at: BTreeMap<HostId, u32>,
    places: BTreeMap<LegId, Place>,
    running: BTreeMap<HostId, u32>,
    /// When each host's latest act began.
    began: BTreeMap<HostId, MonoTime>,
    running_in_all: u32,
}

impl Queue {
    pub(crate) fn add(&mut self, place: Place, leg: LegId) {
        self.remove(leg);
        self.places.insert(leg, place);
        self.waiting.entry((place.tier, place.host)).or_default().insert((place.last, leg));
        *self.waiting_at.entry(place.host).or_default() += 1;
    }

    /// Takes a leg out of the queue. Returns the host at which it waited.
    pub(crate) fn remove(&mut self, leg: LegId) -> Option<HostId> {
        let place = self.places.remove(&leg)?;
        let key = (place.tier, place.host);
        if let Some(legs) = self.waiting.get_mut(&key) {
            legs.remove(&(place.last, leg));
            if legs.is_empty() {
                self.waiting.remove(&key);
            }
        }
        if let Some(count) = self.waiting_at.get_mut(&place.host) {
            *count -= 1;
            if *count == 0 {
                self.waiting_at.remove(&place.host);
            }
        }
        Some(place.host)
    }

    /// The next leg whose host and the fleet have room; it counts as under way from now on.
    pub(crate) fn next(&mut self, pace: Pace, now: MonoTime) -> Option<(HostId, LegId)> {
        if self.running_in_all >= pace.fleet.get() {
            return None;
        }
        let running = &self.running;
        let has_room = |host: &HostId| running.get(host).copied().unwrap_or(0) < pace.per_host.get();
        let ((_, host), legs) = self.waiting.iter().find(|((_, host), _)| has_room(host))?;
        let (host, leg) = (*host, legs.first()?.1);
        self.remove(leg);
        *self.running.entry(host).or_default() += 1;
        self.began.insert(host, now);
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

    /// Until when the acts on a host are to have it to themselves, if any are under way or waiting.
    pub(crate) fn busy_until(&self, host: HostId) -> Option<MonoTime> {
        self.is_busy(host).then(|| self.began.get(&host).map_or(MonoTime::default(), |began| *began + SLOW_ACT))
    }

    /// Whether a host has acts under way or waiting.
    pub(crate) fn is_busy(&self, host: HostId) -> bool {
        self.running(host) > 0 || self.waiting_at.contains_key(&host)
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

    fn at(host: u32, tier: u32, last: LastReplication) -> Place {
        Place { host: HostId(host), tier, last }
    }

    #[test]
    fn a_host_of_a_lower_tier_comes_first_whatever_its_number() {
        let pace = Pace { per_host: NonZeroU32::MIN, fleet: NonZeroU32::MIN };
        let mut queue = Queue::default();
        queue.add(at(0, Place::LAST_TIER, LastReplication::Never), leg(1));
        queue.add(at(7, 3, LastReplication::At(HostTime(9))), leg(2));
        assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(7), leg(2))));
        queue.ended(HostId(7));
        assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(1))));
    }

    #[test]
    fn each_host_has_its_limit_and_the_oldest_data_comes_first() {
        let pace = Pace { per_host: NonZeroU32::new(2).unwrap(), fleet: NonZeroU32::new(3).unwrap() };
        let mut queue = Queue::default();
        for (n, last) in [(1, 30), (2, 10), (3, 20)] {
            queue.add(at(0, 1, LastReplication::At(HostTime(last))), leg(n));
        }
        queue.add(at(1, 2, LastReplication::Never), leg(4));
        queue.add(at(1, 2, LastReplication::Never), leg(5));
        assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(2))));
        assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(3))));
        assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(1), leg(4))), "the first host is full");
        assert_eq!(queue.next(pace, MonoTime::default()), None, "the fleet is full");
        queue.ended(HostId(0));
        assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(1))));
        queue.ended(HostId(1));
        queue.remove(leg(5));
        assert_eq!(queue.next(pace, MonoTime::default()), None);
        assert!(!queue.is_busy(HostId(1)) && queue.is_busy(HostId(0)));
    }
}
