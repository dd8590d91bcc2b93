//! When each host wants something next.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{HostId, MonoTime};

/// One time per host, kept in order, so that an event costs nothing for the hosts that it does not concern.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    times: BTreeMap<HostId, MonoTime>,
    order: BTreeSet<(MonoTime, HostId)>,
}

impl Agenda {
    /// Sets a host's time in place of an earlier one.
    pub(crate) fn set(&mut self, host: HostId, time: Option<MonoTime>) {
        let before = match time {
            Some(time) => self.times.insert(host, time),
            None => self.times.remove(&host),
        };
        if before == time {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, host));
        }
        self.order.extend(time.map(|time| (time, host)));
    }

    /// The hosts whose time has come, in the order of their ids.
    pub(crate) fn due(&self, now: MonoTime) -> BTreeSet<HostId> {
        self.order.iter().take_while(|(time, _)| *time <= now).map(|(_, host)| *host).collect()
    }

    /// The earliest time.
    pub(crate) fn next(&self) -> Option<MonoTime> {
        self.order.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_host_has_one_time_and_is_due_from_then_on() {
        let at = |seconds| MonoTime(Duration::from_secs(seconds));
        let mut agenda = Agenda::default();
        agenda.set(HostId(1), Some(at(5)));
        agenda.set(HostId(2), Some(at(3)));
        agenda.set(HostId(1), Some(at(2)));
        agenda.set(HostId(1), Some(at(2)));
        assert_eq!((agenda.next(), agenda.due(at(1))), (Some(at(2)), BTreeSet::new()));
        assert_eq!(agenda.due(at(3)), BTreeSet::from([HostId(1), HostId(2)]));
        agenda.set(HostId(1), None);
        assert_eq!((agenda.next(), agenda.due(at(9))), (Some(at(3)), BTreeSet::from([HostId(2)])));
        agenda.set(HostId(2), None);
        assert_eq!(agenda.next(), None);
    }
}
