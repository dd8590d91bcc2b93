//! What a host's event log says, and how fresh that is.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_model::{Evidence, HostTime, LastReplication, MonoTime, Records, SystemEvent, VmId, VmmsEvent};

use crate::evidence::NEAR;

/// What is known of one host's event log.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// When the reading began whose answer is held or under way.
    asked: Option<MonoTime>,
    under_way: bool,
    /// The oldest time of last data that the reading reaches behind; all of them if absent.
    from: Option<HostTime>,
    events: Option<BTreeMap<VmId, Vec<VmmsEvent>>>,
    /// What Windows says of the host's shutdowns and starts.
    system: Vec<SystemEvent>,
}

impl Heard {
    /// Whether it must be read again to explain something that was first seen in a look that began at `since`.
    pub(crate) fn is_older_than(&self, since: MonoTime) -> bool {
        self.under_way || self.asked.is_none_or(|asked| asked < since)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Whether it reaches as far back as what explains a stop of an end that got its last data then.
    pub(crate) fn reaches(&self, last: LastReplication) -> bool {
        match (self.from, last) {
            (None, _) => true,
            (Some(_), LastReplication::Never) => false,
            (Some(from), LastReplication::At(last)) => from <= last,
        }
    }

    /// A reading begins that reaches behind the last data of that time. How far back that is by this clock of the host, if
    /// that is known.
    pub(crate) fn begins(
        &mut self,
        now: MonoTime,
        from: Option<HostTime>,
        clock: Option<HostTime>,
    ) -> Option<Duration> {
        self.asked = Some(now);
        self.under_way = true;
        let back = clock.zip(from).map(|(clock, from)| clock.since(from).saturating_add(NEAR));
        self.from = from.filter(|_| back.is_some());
        back
    }

    pub(crate) fn read(&mut self, evidence: Evidence) {
        self.under_way = false;
        self.events = match evidence {
            Evidence::NotReadable | Evidence::Awaited => None,
            Evidence::Readable(records) => {
                self.system = records.system;
                let mut by_vm: BTreeMap<VmId, Vec<VmmsEvent>> = BTreeMap::new();
                for event in records.vmms {
                    by_vm.entry(event.vm).or_default().push(event);
                }
                Some(by_vm)
            }
        };
    }

    /// What it says of one VM since data last arrived: what stands before that explains an earlier stop. Some leeway is
    /// given, since the time of the last data may be another host's.
    pub(crate) fn of(&self, vm: VmId, last: LastReplication) -> Evidence {
        let Some(events) = &self.events else { return Evidence::NotReadable };
        let recent = |at: HostTime| match last {
            LastReplication::Never => true,
            LastReplication::At(last) => last.since(at) <= NEAR,
        };
        let vmms = events.get(&vm).into_iter().flatten().filter(|event| recent(event.at)).copied().collect();
        Evidence::Readable(Records { vmms, system: self.system.clone() })
    }
}

#[cfg(test)]
mod tests {
    use reprise_model::VmmsEventKind;

    use super::*;
    use crate::sample::vm_id;

    #[test]
    fn a_stop_is_explained_by_events_since_data_last_arrived_and_by_no_earlier_ones() {
        let event = |n, at| VmmsEvent { vm: vm_id(n), at: HostTime(at), kind: VmmsEventKind::NonRecoverable };
        let mut heard = Heard::default();
        let last = LastReplication::At(HostTime(1_000_000));
        assert_eq!(heard.of(vm_id(1), last), Evidence::NotReadable);
        heard.begins(MonoTime(Duration::from_secs(5)), None, None);
        assert!(heard.is_older_than(MonoTime::default()), "nothing has come back yet");
        heard.read(Evidence::Readable(vec![event(1, 100_000), event(1, 990_000), event(2, 2_000_000)].into()));
        assert_eq!(heard.of(vm_id(1), last), Evidence::Readable(vec![event(1, 990_000)].into()));
        assert_eq!(heard.of(vm_id(2), LastReplication::Never), Evidence::Readable(vec![event(2, 2_000_000)].into()));
        assert!(!heard.is_older_than(MonoTime(Duration::from_secs(5))));
        assert!(heard.is_older_than(MonoTime(Duration::from_secs(6))), "what stopped later asks for another reading");
    }

    #[test]
    fn a_reading_reaches_behind_the_last_data_and_no_further_than_was_asked() {
        let mut heard = Heard::default();
        let (now, at) = (MonoTime::default(), |ms| LastReplication::At(HostTime(ms)));
        let back = heard.begins(now, Some(HostTime(400_000)), Some(HostTime(1_000_000)));
        assert_eq!(back, Some(Duration::from_mins(10) + NEAR));
        assert!(heard.reaches(at(400_000)) && heard.reaches(at(900_000)));
        assert!(!heard.reaches(at(399_999)) && !heard.reaches(LastReplication::Never));
        // Stamped by a clock that is ahead.
        assert_eq!(heard.begins(now, Some(HostTime(2_000_000)), Some(HostTime(1_000_000))), Some(NEAR));
        for (from, clock) in [(None, Some(HostTime(1))), (Some(HostTime(1)), None)] {
            assert_eq!(heard.begins(now, from, clock), None, "nobody knows how far");
            assert!(heard.reaches(at(0)) && heard.reaches(LastReplication::Never));
        }
    }
}
