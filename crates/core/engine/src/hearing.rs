//! The content of a host's event log, and how fresh it is.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_model::{
    Coverage, Evidence, HostTime, LOG_BACK, LastReplication, Log, MonoTime, Records, SystemEvent, VmId, VmmsEvent,
};

use crate::bounds::DRIFT_MAX;
use crate::evidence::NEAR;

/// The last reading of one host's event log, and how fresh it is.
#[derive(Debug, Default)]
pub(crate) struct LogCache {
    /// The reading under way.
    under_way: Option<Asked>,
    /// The last one that came to its end, and what was read, if anything could be.
    last: Option<(Asked, Option<Read>)>,
}

/// What a reading was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// When it began.
    at: MonoTime,
    /// The oldest time of last data that it reaches behind; all of them if absent.
    from: Option<HostTime>,
    /// The age that was asked for, as a time by the host's clock, if that is known.
    since: Option<HostTime>,
}

/// What was read.
#[derive(Debug)]
struct Read {
    vmms: BTreeMap<VmId, Vec<VmmsEvent>>,
    /// How much of VMMS's log that is.
    coverage: Coverage,
    /// What Windows says of the host's shutdowns and starts.
    system: Log<SystemEvent>,
    /// A record is dated later than the host's clock showed: that was set back since, and times of records say nothing.
    clock_was_set: bool,
}

impl LogCache {
    /// Whether it must be read again to explain something that was first seen in a look that began at `since`. What is read
    /// meanwhile for another reason changes nothing about what is known.
    pub(crate) fn is_older_than(&self, since: MonoTime) -> bool {
        self.last.as_ref().is_none_or(|(asked, _)| asked.at < since)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether it reaches as far back as what explains a stop of an end that got its last data then.
    pub(crate) fn reaches(&self, last: LastReplication) -> bool {
        match (self.last.as_ref().and_then(|(asked, _)| asked.from), last) {
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
        let back = clock.zip(from).map(|(clock, from)| clock.since(from).saturating_add(NEAR));
        self.under_way = Some(Asked {
            at: now,
            from: from.filter(|_| back.is_some()),
            since: clock.map(|clock| before(clock, back.unwrap_or(LOG_BACK))),
        });
        back
    }

    /// Takes in what was read by then, with what the host's clock shows at most, if that is known.
    pub(crate) fn read(&mut self, evidence: Evidence, clock: Option<HostTime>) {
        let Some(asked) = self.under_way.take() else { return };
        let read = match evidence {
            Evidence::NotReadable | Evidence::Awaited => None,
            Evidence::Readable(Records { vmms: log, system }) => {
                let mut vmms: BTreeMap<VmId, Vec<VmmsEvent>> = BTreeMap::new();
                for event in log.found() {
                    vmms.entry(event.vm).or_default().push(*event);
                }
                let times = log.found().iter().map(|event| event.at).chain(system.found().iter().map(|event| event.at));
                let clock_was_set = clock.zip(times.max()).is_some_and(|(clock, at)| at.since(clock) > DRIFT_MAX);
                let coverage = log.asked_since(asked.since).coverage();
                Some(Read { vmms, coverage, system: system.asked_since(asked.since), clock_was_set })
            }
        };
        self.last = Some((asked, read));
    }

    fn known(&self) -> Option<&Read> {
        self.last.as_ref().and_then(|(_, read)| read.as_ref())
    }

    /// Whether the host's clock was set back since one of the records was written.
    pub(crate) fn clock_was_set(&self) -> bool {
        self.known().is_some_and(|read| read.clock_was_set)
    }

    /// What it says of one VM since data last arrived: what stands before that explains an earlier stop. Some leeway is
    /// given, since the time of the last data may be another host's.
    pub(crate) fn of(&self, vm: VmId, last: LastReplication) -> Evidence {
        let Some(read) = self.known() else { return Evidence::NotReadable };
        let recent = |at: HostTime| match last {
            LastReplication::Never => true,
            LastReplication::At(last) => last.since(at) <= NEAR,
        };
        let vmms = read.vmms.get(&vm).into_iter().flatten().filter(|event| recent(event.at)).copied().collect();
        Evidence::Readable(Records { vmms: Log::new(vmms, read.coverage), system: read.system.clone() })
    }
}

fn before(at: HostTime, length: Duration) -> HostTime {
    HostTime(at.0.saturating_sub(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use reprise_model::{Gap, VmmsEventKind};

    use super::*;
    use crate::sample::vm_id;

    #[test]
    fn a_stop_is_explained_by_events_since_data_last_arrived_and_by_no_earlier_ones() {
        let event = |n, at| VmmsEvent { vm: vm_id(n), at: HostTime(at), kind: VmmsEventKind::NonRecoverable };
        let mut heard = LogCache::default();
        let last = LastReplication::At(HostTime(1_000_000));
        assert_eq!(heard.of(vm_id(1), last), Evidence::NotReadable);
        heard.begins(MonoTime(Duration::from_secs(5)), None, Some(HostTime(3_000_000)));
        assert!(heard.is_older_than(MonoTime::default()), "nothing has come back yet");
        let all = vec![event(1, 100_000), event(1, 990_000), event(2, 2_000_000)];
        heard.read(Evidence::Readable(Records::whole(all, Vec::new())), None);
        let found = |vm, last| {
            let Evidence::Readable(records) = heard.of(vm, last) else { panic!("it was read") };
            records.vmms.found().to_vec()
        };
        assert_eq!(found(vm_id(1), last), [event(1, 990_000)]);
        assert_eq!(found(vm_id(2), LastReplication::Never), [event(2, 2_000_000)]);
        assert!(!heard.is_older_than(MonoTime(Duration::from_secs(5))));
        assert!(heard.is_older_than(MonoTime(Duration::from_secs(6))), "what stopped later asks for another reading");
    }

    #[test]
    fn a_log_is_never_more_whole_than_it_was_read_and_than_it_was_asked_for() {
        let (clock, week) = (HostTime(1_000_000_000), HostTime(1_000_000_000 - 7 * 86_400_000));
        let minute_ago = HostTime(clock.0 - 60_000);
        let whole = |read: Coverage, from: Option<HostTime>, clock: Option<HostTime>| {
            let mut heard = LogCache::default();
            heard.begins(MonoTime::default(), from, clock);
            let records = Records { vmms: Log::new(vec![], read), system: Log::new(vec![], read) };
            heard.read(Evidence::Readable(records), None);
            let Evidence::Readable(records) = heard.of(vm_id(1), LastReplication::Never) else { panic!("it was read") };
            assert_eq!(records.vmms.coverage(), records.system.coverage());
            records.vmms.coverage()
        };
        let ever = Coverage::Since(HostTime(i64::MIN));
        assert_eq!(whole(ever, None, Some(clock)), Coverage::Since(week));
        assert_eq!(whole(ever, Some(minute_ago), Some(clock)), Coverage::Since(HostTime(minute_ago.0 - 120_000)));
        assert_eq!(
            whole(Coverage::Since(minute_ago), None, Some(clock)),
            Coverage::Since(minute_ago),
            "it has wrapped"
        );
        assert_eq!(whole(ever, None, None), Coverage::Partial(Gap::NoBeginning), "an age says no time");
        let partial = Coverage::Partial(Gap::Dropped);
        assert_eq!(whole(partial, None, Some(clock)), partial);
    }

    #[test]
    fn a_reading_reaches_behind_the_last_data_and_no_further_than_was_asked() {
        let mut heard = LogCache::default();
        let (now, at) = (MonoTime::default(), |ms| LastReplication::At(HostTime(ms)));
        let back = heard.begins(now, Some(HostTime(400_000)), Some(HostTime(1_000_000)));
        assert_eq!(back, Some(Duration::from_mins(10) + NEAR));
        heard.read(Evidence::NotReadable, None);
        assert!(heard.reaches(at(400_000)) && heard.reaches(at(900_000)));
        assert!(!heard.reaches(at(399_999)) && !heard.reaches(LastReplication::Never));
        // Stamped by a clock that is ahead.
        assert_eq!(heard.begins(now, Some(HostTime(2_000_000)), Some(HostTime(1_000_000))), Some(NEAR));
        for (from, clock) in [(None, Some(HostTime(1))), (Some(HostTime(1)), None)] {
            assert_eq!(heard.begins(now, from, clock), None, "nobody knows how far");
            heard.read(Evidence::NotReadable, None);
            assert!(heard.reaches(at(0)) && heard.reaches(LastReplication::Never));
        }
    }
}
