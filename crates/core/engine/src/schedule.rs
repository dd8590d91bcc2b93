//! When something is due next: one time per key, which can be moved and cancelled.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::MonoTime;

/// One time per key, kept in order, so that an event costs nothing for the keys that it does not concern.
#[derive(Debug)]
pub(crate) struct Schedule<K> {
    times: BTreeMap<K, MonoTime>,
    order: BTreeSet<(MonoTime, K)>,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self { times: BTreeMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Ord + Copy> Schedule<K> {
    /// Sets a key's time in place of an earlier one; `None` cancels it.
    pub(crate) fn set(&mut self, key: K, time: Option<MonoTime>) {
        let before = match time {
            Some(time) => self.times.insert(key, time),
            None => self.times.remove(&key),
        };
        if before == time {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, key));
        }
        self.order.extend(time.map(|time| (time, key)));
    }

    /// The keys whose time has come, the longest overdue first.
    pub(crate) fn due(&self, now: MonoTime) -> Vec<K> {
        self.order.iter().take_while(|(time, _)| *time <= now).map(|(_, key)| *key).collect()
    }

    /// Returns the due keys and cancels them.
    pub(crate) fn take_due(&mut self, now: MonoTime) -> Vec<K> {
        let due = self.due(now);
        for key in &due {
            self.set(*key, None);
        }
        due
    }

    /// The earliest time.
    pub(crate) fn next(&self) -> Option<MonoTime> {
        self.order.first().map(|(time, _)| *time)
    }

    /// A key's time.
    pub(crate) fn of(&self, key: K) -> Option<MonoTime> {
        self.times.get(&key).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reprise_model::HostId;

    use super::*;

    #[test]
    fn a_key_has_one_time_which_can_be_moved_and_cancelled() {
        let at = |seconds| MonoTime(Duration::from_secs(seconds));
        let mut schedule = Schedule::default();
        schedule.set(HostId(1), Some(at(5)));
        schedule.set(HostId(2), Some(at(3)));
        schedule.set(HostId(1), Some(at(2)));
        schedule.set(HostId(1), Some(at(2)));
        assert_eq!((schedule.next(), schedule.due(at(1))), (Some(at(2)), vec![]));
        assert_eq!(schedule.due(at(3)), [HostId(1), HostId(2)], "the longest overdue first");
        schedule.set(HostId(1), None);
        assert_eq!((schedule.next(), schedule.due(at(9))), (Some(at(3)), vec![HostId(2)]));
        assert_eq!((schedule.of(HostId(2)), schedule.take_due(at(9))), (Some(at(3)), vec![HostId(2)]));
        assert_eq!(schedule.next(), None);
    }
}
