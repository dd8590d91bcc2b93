//! Decides who paused a leg: a shutdown, a person, or unproved.
//!
//! Windows does not record when a pause began. Looks and the last data bound it; what may have happened in between decides. A
//! shutdown is proved only if its records are so close to the moment at which the pause was first seen that nobody can have
//! resumed and paused the leg in between. The time for which the host was down does not count.
//!
//! Existing records prove a shutdown. Missing records prove a person, but only if the log is complete for the time in
//! question; that a host did not boot in between is also a claim of absence.

use std::time::Duration;

use reprise_model::{
    Evidence, HostTime, LastReplication, Log, Records, SystemEvent, SystemEventKind, VmId, VmmsEvent, VmmsEventKind,
    Whole,
};

use crate::evidence::{self, ABORTED, NEAR};

/// A pause that is first seen no later than this after a boot was there when the host came up: VMMS takes minutes until it
/// shows its VMs, and a host is given ten by default.
const AFTER_BOOT: Duration = Duration::from_mins(10);

/// When a pause can have begun, by its host's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Not before this: a look had shown another state, or our own act had ended.
    pub after: Option<HostTime>,
    /// Perhaps not before this: our own act had ended, and nobody knows whether it resumed anything.
    pub perhaps_after: Option<HostTime>,
    /// Not after this: a look showed it. `None` if that host's clock is not known, or was set meanwhile.
    pub by: Option<HostTime>,
    /// When the host had booted, at that look.
    pub booted: Option<HostTime>,
}

/// Who paused a leg, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedBy {
    /// A shutdown.
    Shutdown,
    /// A person: the log was read whole over the time in which it must have begun, and holds nothing else.
    Person,
    /// Nothing proves the one or the other.
    Unproved,
}

/// Who paused a VM's replication whose last data came then.
pub fn cause(records: &Evidence, vm: VmId, span: Span, last: LastReplication) -> PausedBy {
    let Evidence::Readable(all) = records else { return PausedBy::Unproved };
    let data = match last {
        LastReplication::Never => None,
        LastReplication::At(at) => Some(at),
    };
    let after = span.after.max(data);
    let own: Vec<VmmsEvent> =
        evidence::of(records, vm).filter(|event| after.is_none_or(|after| event.at >= after)).copied().collect();
    match last_pair(&own) {
        Some(pair) if span.perhaps_after.is_none_or(|act| act <= pair) && stands_near(all, &own, pair, span) => {
            PausedBy::Shutdown
        }
        Some(_) => PausedBy::Unproved,
        // Without an earlier bound nobody knows how far back the log would have to reach, and one in the clock's future shows
        // that the clock was set back: what was recorded since may seem older.
        None => match after.zip(span.by).filter(|(after, by)| after <= by) {
            Some((after, _)) => all.vmms.whole_since(after).map_or(PausedBy::Unproved, by_a_person),
            None => PausedBy::Unproved,
        },
    }
}

/// Nothing is missing, and there is no pair: it was a person.
fn by_a_person(_nothing_is_missing: Whole<'_, VmmsEvent>) -> PausedBy {
    PausedBy::Person
}

fn are_near(a: HostTime, b: HostTime) -> bool {
    a.since(b) <= NEAR && b.since(a) <= NEAR
}

/// When the last pair of records stands there that a shutdown leaves: 32086, and 32022 with its mark.
fn last_pair(own: &[VmmsEvent]) -> Option<HostTime> {
    let of = |kind: VmmsEventKind| own.iter().filter(move |event| event.kind == kind).map(|event| event.at);
    let aborted = move || of(VmmsEventKind::SendFailed { code: ABORTED });
    let fatal = of(VmmsEventKind::NonRecoverable);
    fatal.flat_map(|end| aborted().filter(move |sent| are_near(*sent, end)).map(move |sent| sent.max(end))).max()
}

/// Whether records of that time stand so near the moment at which a pause was first seen that it was there ever since.
fn stands_near(records: &Records, own: &[VmmsEvent], pair: HostTime, span: Span) -> bool {
    // What VMMS tried to send later it had begun to send again.
    let ran_later = |event: &VmmsEvent| event.at > pair && !are_near(event.at, pair);
    let Some(by) = span.by.filter(|by| pair <= *by && !own.iter().any(ran_later)) else { return false };
    let Some(booted) = span.booted.filter(|booted| *booted > pair) else { return by.since(pair) <= NEAR };
    // That it was down from then until this boot, and did not send since, is nowhere recorded: nothing else must be.
    let sent_nothing = records.vmms.whole_since(pair).is_some();
    sent_nothing && by.since(booted) <= AFTER_BOOT && was_down(&records.system, pair, booted)
}

/// Whether a host went down right after that time and came up once, with that boot.
fn was_down(system: &Log<SystemEvent>, pair: HostTime, booted: HostTime) -> bool {
    let at = |kind: SystemEventKind| system.found().iter().filter(move |event| event.kind == kind).map(|e| e.at);
    let Some(down) = at(SystemEventKind::LogStopped).filter(|at| *at <= booted).max() else { return false };
    // A log in which this boot itself does not stand was not read to it.
    let up = at(SystemEventKind::LogStarted).any(|up| are_near(up, booted));
    let up_between = |event: &SystemEvent| {
        event.kind == SystemEventKind::LogStarted && event.at > down && booted.since(event.at) > NEAR
    };
    // In the moments before it went down nobody can have resumed and paused the leg, so nothing is asked of the log then.
    let stayed_down = system.whole_since(down).is_some_and(|whole| whole.lacks(up_between));
    down >= pair && down.since(pair) <= NEAR && up && stayed_down
}

#[cfg(test)]
mod tests {
    use reprise_model::{Coverage, Gap};

    use super::*;
    use crate::sample::vm_id;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const ABORTED_SEND: VmmsEventKind = VmmsEventKind::SendFailed { code: ABORTED };

    fn vmms(at: i64, kind: VmmsEventKind) -> VmmsEvent {
        VmmsEvent { vm: vm_id(1), at: HostTime(at), kind }
    }

    fn pair(at: i64) -> Vec<VmmsEvent> {
        vec![vmms(at, ABORTED_SEND), vmms(at + 1_000, VmmsEventKind::NonRecoverable)]
    }

    fn system(records: &[(i64, SystemEventKind)]) -> Vec<SystemEvent> {
        records.iter().map(|(at, kind)| SystemEvent { at: HostTime(*at), kind: *kind }).collect()
    }

    fn span(after: Option<i64>, by: i64, booted: i64) -> Span {
        let (by, booted) = (Some(HostTime(by)), Some(HostTime(booted)));
        Span { after: after.map(HostTime), perhaps_after: None, by, booted }
    }

    fn of(vmms: Vec<VmmsEvent>, system: Vec<SystemEvent>, span: Span, last: Option<i64>) -> PausedBy {
        let last = last.map_or(LastReplication::Never, |at| LastReplication::At(HostTime(at)));
        cause(&Evidence::Readable(Records::whole(vmms, system)), vm_id(1), span, last)
    }

    #[test]
    fn a_shutdown_of_the_other_host_is_proved_by_both_records_right_before_the_pause_was_seen() {
        let seen = span(None, 2 * HOUR, HOUR);
        assert_eq!(of(pair(2 * HOUR - MINUTE), vec![], seen, Some(0)), PausedBy::Shutdown);
        assert_eq!(of(pair(2 * HOUR - 3 * MINUTE), vec![], seen, Some(0)), PausedBy::Unproved, "too long before");
        assert_eq!(of(pair(2 * HOUR), vec![], seen, Some(0)), PausedBy::Unproved, "after it was seen");
        let at = 2 * HOUR - MINUTE;
        for lacking in [
            vec![vmms(at, ABORTED_SEND)],
            vec![vmms(at, VmmsEventKind::NonRecoverable)],
            vec![vmms(at, VmmsEventKind::NonRecoverable), vmms(at, VmmsEventKind::SendFailed { code: 0x2EFD })],
            vec![vmms(at, VmmsEventKind::NonRecoverable), vmms(at - 3 * MINUTE, ABORTED_SEND)],
        ] {
            assert_eq!(of(lacking.clone(), vec![], seen, Some(0)), PausedBy::Person, "{lacking:?}");
        }
        let other = pair(at).into_iter().map(|event| VmmsEvent { vm: vm_id(2), ..event }).collect();
        assert_eq!(of(other, vec![], seen, Some(0)), PausedBy::Person, "they are another VM's");
    }

    #[test]
    fn a_shutdown_of_its_own_host_is_proved_if_it_went_down_right_after_the_records_and_was_seen_right_after_the_boot()
    {
        use SystemEventKind::{LogStarted, LogStopped};
        let (down, up) = (2 * HOUR + MINUTE, 3 * HOUR);
        let once = system(&[(down, LogStopped), (up + 10_000, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), once.clone(), span(None, up + MINUTE, up), Some(0)), PausedBy::Shutdown);
        assert_eq!(of(pair(2 * HOUR), vec![], span(None, up + MINUTE, up), Some(0)), PausedBy::Unproved, "unread");
        assert_eq!(of(pair(2 * HOUR), once, span(None, up + HOUR, up), Some(0)), PausedBy::Unproved, "seen too late");
        let later = system(&[(2 * HOUR + 50 * MINUTE, LogStopped), (up, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), later, span(None, up + MINUTE, up), Some(0)), PausedBy::Unproved, "it ran on");
        let twice = system(&[(down, LogStopped), (down + MINUTE, LogStarted), (up, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), twice, span(None, up + MINUTE, up), Some(0)), PausedBy::Unproved, "up between");
        let before = system(&[(2 * HOUR - MINUTE, LogStopped), (up, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), before, span(None, up + MINUTE, up), Some(0)), PausedBy::Unproved);
    }

    /// Both hosts are restarted one after the other. The oldest record of a shutdown that Windows' log holds is then the
    /// host's own, which is newer than the pair.
    #[test]
    fn that_a_host_did_not_boot_in_between_needs_windows_log_since_it_went_down_and_no_earlier() {
        use SystemEventKind::{LogStarted, LogStopped};
        let (down, up) = (2 * HOUR + MINUTE, 3 * HOUR);
        let of = |first: i64| {
            let once = system(&[(down, LogStopped), (up, LogStarted)]);
            let system = Log::new(once, Coverage::Since(HostTime(first)));
            let records = Records { vmms: Records::whole(pair(2 * HOUR), vec![]).vmms, system };
            let last = LastReplication::At(HostTime(0));
            cause(&Evidence::Readable(records), vm_id(1), span(None, up + MINUTE, up), last)
        };
        assert_eq!((of(2 * HOUR), of(down)), (PausedBy::Shutdown, PausedBy::Shutdown));
        assert_eq!(of(down + 1), PausedBy::Unproved);
    }

    #[test]
    fn records_before_the_last_data_or_another_state_explain_nothing_and_what_was_sent_later_spoils_them() {
        let seen = |after| span(after, 2 * HOUR, HOUR);
        let at = 2 * HOUR - MINUTE;
        assert_eq!(of(pair(at), vec![], seen(None), Some(at + 2_000)), PausedBy::Person, "no leeway after recovery");
        assert_eq!(of(pair(at), vec![], seen(Some(at + 2_000)), None), PausedBy::Person, "a look showed another state");
        assert_eq!(of(pair(at), vec![], seen(Some(at)), None), PausedBy::Shutdown);
        let retried = [pair(at - MINUTE), vec![vmms(2 * HOUR + MINUTE, VmmsEventKind::WillRetry { after: None })]];
        assert_eq!(of(retried.concat(), vec![], seen(None), Some(0)), PausedBy::Unproved, "it had run again");
    }

    #[test]
    fn where_nothing_bounds_the_pause_nobody_is_proved() {
        let seen = span(None, 2 * HOUR, HOUR);
        assert_eq!(of(vec![], vec![], seen, Some(0)), PausedBy::Person);
        assert_eq!(of(vec![], vec![], seen, None), PausedBy::Unproved, "since when nobody knows");
        assert_eq!(of(pair(HOUR), vec![], seen, None), PausedBy::Unproved, "a week-old pair would do as well");
        for unknown in [Span::default(), Span { by: None, ..seen }] {
            assert_eq!(of(pair(2 * HOUR - MINUTE), vec![], unknown, Some(0)), PausedBy::Unproved);
            assert_eq!(of(vec![], vec![], unknown, Some(0)), PausedBy::Unproved);
        }
        let unread = cause(&Evidence::NotReadable, vm_id(1), seen, LastReplication::At(HostTime(0)));
        assert_eq!(unread, PausedBy::Unproved);
    }

    /// The same records in logs that were read so.
    fn covered(vmms: (&[VmmsEvent], Coverage), system: (&[SystemEvent], Coverage), span: Span) -> PausedBy {
        let vmms = Log::new(vmms.0.to_vec(), vmms.1);
        let records = Records { vmms, system: Log::new(system.0.to_vec(), system.1) };
        cause(&Evidence::Readable(records), vm_id(1), span, LastReplication::At(HostTime(HOUR)))
    }

    const GAPS: [Gap; 5] = [Gap::Unread, Gap::NoBeginning, Gap::NoEnd, Gap::Dropped, Gap::Unreadable];

    #[test]
    fn a_person_is_proved_by_a_log_that_was_read_whole_since_the_last_data_and_by_no_other() {
        let seen = span(None, 2 * HOUR, 0);
        let unread = (&[][..], Coverage::Partial(Gap::Unread));
        assert_eq!(covered((&[], Coverage::Since(HostTime(HOUR))), unread, seen), PausedBy::Person);
        assert_eq!(covered((&[], Coverage::Since(HostTime(HOUR + 1))), unread, seen), PausedBy::Unproved, "it wrapped");
        for gap in GAPS {
            assert_eq!(covered((&[], Coverage::Partial(gap)), unread, seen), PausedBy::Unproved, "{gap:?}");
        }
        let later = span(Some(HOUR + MINUTE), 2 * HOUR, 0);
        assert_eq!(
            covered((&[], Coverage::Since(HostTime(HOUR + 1))), unread, later),
            PausedBy::Person,
            "a look bounds it"
        );
        let set_back = span(None, HOUR - MINUTE, 0);
        let whole = (&[][..], Coverage::Since(HostTime(0)));
        assert_eq!(covered(whole, unread, set_back), PausedBy::Unproved, "data came later than the clock shows");
    }

    #[test]
    fn records_prove_a_shutdown_whatever_is_missing_but_where_the_host_must_have_been_down_nothing_may_be() {
        use SystemEventKind::{LogStarted, LogStopped};
        let whole = Coverage::Since(HostTime(HOUR));
        let of_other_host = span(None, 2 * HOUR, 0);
        let own_host = span(None, 3 * HOUR + MINUTE, 3 * HOUR);
        let (pair, down) = (pair(2 * HOUR - MINUTE), 2 * HOUR - MINUTE + 2_000);
        let restart = system(&[(down, LogStopped), (3 * HOUR + 5_000, LogStarted)]);
        assert_eq!(covered((&pair, whole), (&restart, whole), own_host), PausedBy::Shutdown);
        for gap in GAPS.map(Coverage::Partial) {
            assert_eq!(covered((&pair, gap), (&[], gap), of_other_host), PausedBy::Shutdown, "{gap:?}");
            assert_eq!(
                covered((&pair, gap), (&restart, whole), own_host),
                PausedBy::Unproved,
                "it may have sent: {gap:?}"
            );
            assert_eq!(
                covered((&pair, whole), (&restart, gap), own_host),
                PausedBy::Unproved,
                "it may have run: {gap:?}"
            );
        }
        let before_boot = system(&[(down, LogStopped)]);
        assert_eq!(
            covered((&pair, whole), (&before_boot, whole), own_host),
            PausedBy::Unproved,
            "not read to this boot"
        );
    }
}
