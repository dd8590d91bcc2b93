//! How much is done at once, and what comes first.

mod limit;
mod load;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_model::{HostId, LastReplication, LegId, MonoTime, Pace};

use limit::Limit;
pub(crate) use load::Load;

/// An act that takes longer than this does not hold up the looks that other legs of its host wait for.
const SLOW_ACT: Duration = Duration::from_secs(10);

/// A waiting leg's entry in the queue: its host, and what decides when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueEntry {
    pub(crate) host: HostId,
    pub(crate) tier: u32,
    /// Its data's age: the oldest comes first.
    pub(crate) last: LastReplication,
}

impl QueueEntry {
    /// The tier of hosts that have none.
    pub(crate) const LAST_TIER: u32 = u32::MAX;
}

/// Legs that wait for their turn, the acts that are under way, and how many of them each host is given.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// By host, hosts of lower tiers first; the leg whose data is oldest first.
    waiting: BTreeMap<(u32, HostId), BTreeSet<(LastReplication, LegId)>>,
    /// How many legs wait at each host that has any.
    waiting_at: BTreeMap<HostId, u32>,
    places: BTreeMap<LegId, QueueEntry>,
    /// Legs that are acted on: where, and since when.
    acting: BTreeMap<LegId, (HostId, MonoTime)>,
    running: BTreeMap<HostId, u32>,
    /// When each host's latest act began.
    began: BTreeMap<HostId, MonoTime>,
    /// What each host that was ever acted on is given at once.
    limits: BTreeMap<HostId, Limit>,
}

impl Queue {
    pub(crate) fn add(&mut self, place: QueueEntry, leg: LegId) {
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
        if u32::try_from(self.acting.len()).is_ok_and(|running| running >= pace.fleet.get()) {
            return None;
        }
        let has_room = |host: &HostId| {
            let most = self.limits.get(host).map_or(pace.per_host.get(), |limit| limit.most(pace));
            self.running(*host) < most
        };
        let ((_, host), legs) = self.waiting.iter().find(|((_, host), _)| has_room(host))?;
        let (host, leg) = (*host, legs.first()?.1);
        self.remove(leg);
        *self.running.entry(host).or_default() += 1;
        self.began.insert(host, now);
        self.acting.insert(leg, (host, now));
        self.limits.entry(host).or_insert_with(|| Limit::new(pace)).begins(pace);
        Some((host, leg))
    }

    /// The act on that leg has ended, and says this of its host.
    pub(crate) fn ended(&mut self, leg: LegId, now: MonoTime, load: Load) {
        let Some((host, began)) = self.acting.remove(&leg) else { return };
        if let Some(count) = self.running.get_mut(&host) {
            *count = count.saturating_sub(1);
        }
        let is_wanted = self.waiting_at.contains_key(&host);
        if let Some(limit) = self.limits.get_mut(&host) {
            limit.ended(began, now, load, is_wanted);
        }
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
        !self.acting.is_empty()
    }
}
