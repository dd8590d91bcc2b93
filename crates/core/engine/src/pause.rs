//! Who paused a leg: a shutdown, a person, or nobody can tell.
//!
//! Windows does not record when a pause began. What bounds it are looks and the last data; what may have happened in between
//! decides. A shutdown is proved only if its records stand so near the moment at which the pause was first seen that nobody
//! can have resumed and paused it in between: the time for which the host was down does not count.

use std::time::Duration;

use reprise_model::{Evidence, HostTime, LastReplication, Records, SystemEventKind, VmId, VmmsEventKind};

use crate::evidence::{self, ABORTED, NEAR};

/// A pause that is first seen no later than this after a boot was there when the host came up: VMMS takes minutes until it
/// shows its VMs, and a host is given ten by default.
const AFTER_BOOT: Duration = Duration::from_mins(10);

/// When a pause can have begun, by its host's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Not before this: a look had shown another state, or our own act had ended.
    pub after: Option<HostTime>,
    /// Not after this: a look showed it. `None` if that host's clock is not known, or was set meanwhile.
    pub by: Option<HostTime>,
    /// When the host had booted, at that look.
    pub booted: Option<HostTime>,
}

/// What is known of who paused a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A shutdown.
    Shutdown,
    /// A person: the log holds nothing else for the time in which it must have begun.
    Person,
    /// Nothing proves the one or the other.
    Unproved,
}

/// Who paused a VM's replication whose last data came then.
pub fn cause(records: &Evidence, vm: VmId, span: Span, last: LastReplication) -> Cause {
    let Evidence::Readable(all) = records else { return Cause::Unproved };
    let data = match last {
        LastReplication::Never => None,
        LastReplication::At(at) => Some(at),
    };
    let after = span.after.max(data);
    let own = || evidence::of(records, vm).filter(|event| after.is_none_or(|after| event.at >= after));
    let aborted = || own().filter(|event| event.kind == VmmsEventKind::SendFailed { code: ABORTED });
    let near = |a: HostTime, b: HostTime| a.since(b) <= NEAR && b.since(a) <= NEAR;
    let fatal = own().filter(|event| event.kind == VmmsEventKind::NonRecoverable);
    let pairs =
        fatal.flat_map(|end| aborted().filter(move |sent| near(sent.at, end.at)).map(move |sent| sent.at.max(end.at)));
    let Some(pair) = pairs.max() else {
        // Without an earlier bound nobody knows how far back the log would have to reach.
        return if after.is_some() && span.by.is_some() { Cause::Person } else { Cause::Unproved };
    };
    // What VMMS tried to send later it had begun to send again.
    let ran_later = own().any(|event| event.at > pair && !near(event.at, pair));
    if !ran_later && stands_near(all, pair, span) { Cause::Shutdown } else { Cause::Unproved }
}

/// Whether records of that time stand so near the moment at which a pause was first seen that it was there ever since.
fn stands_near(records: &Records, pair: HostTime, span: Span) -> bool {
    let Some(by) = span.by.filter(|by| pair <= *by) else { return false };
    let Some(booted) = span.booted.filter(|booted| *booted > pair) else { return by.since(pair) <= NEAR };
    let at =
        |kind: SystemEventKind| records.system.iter().filter(move |event| event.kind == kind).map(|event| event.at);
    // It went down right after them, came up once, and was looked at soon after that.
    let Some(down) = at(SystemEventKind::LogStopped).filter(|at| *at <= booted).max() else { return false };
    let up_between = at(SystemEventKind::LogStarted).any(|up| up > down && booted.since(up) > NEAR);
    let right_after = down >= pair && down.since(pair) <= NEAR;
    right_after && !up_between && by.since(booted) <= AFTER_BOOT
}

#[cfg(test)]
mod tests {
    use reprise_model::{SystemEvent, VmmsEvent};

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
        Span { after: after.map(HostTime), by: Some(HostTime(by)), booted: Some(HostTime(booted)) }
    }

    fn of(vmms: Vec<VmmsEvent>, system: Vec<SystemEvent>, span: Span, last: Option<i64>) -> Cause {
        let last = last.map_or(LastReplication::Never, |at| LastReplication::At(HostTime(at)));
        cause(&Evidence::Readable(Records { vmms, system }), vm_id(1), span, last)
    }

    #[test]
    fn a_shutdown_of_the_other_host_is_proved_by_both_records_right_before_the_pause_was_seen() {
        let seen = span(None, 2 * HOUR, HOUR);
        assert_eq!(of(pair(2 * HOUR - MINUTE), vec![], seen, Some(0)), Cause::Shutdown);
        assert_eq!(of(pair(2 * HOUR - 3 * MINUTE), vec![], seen, Some(0)), Cause::Unproved, "too long before");
        assert_eq!(of(pair(2 * HOUR), vec![], seen, Some(0)), Cause::Unproved, "after it was seen");
        let at = 2 * HOUR - MINUTE;
        for lacking in [
            vec![vmms(at, ABORTED_SEND)],
            vec![vmms(at, VmmsEventKind::NonRecoverable)],
            vec![vmms(at, VmmsEventKind::NonRecoverable), vmms(at, VmmsEventKind::SendFailed { code: 0x2EFD })],
            vec![vmms(at, VmmsEventKind::NonRecoverable), vmms(at - 3 * MINUTE, ABORTED_SEND)],
        ] {
            assert_eq!(of(lacking.clone(), vec![], seen, Some(0)), Cause::Person, "{lacking:?}");
        }
        let other = pair(at).into_iter().map(|event| VmmsEvent { vm: vm_id(2), ..event }).collect();
        assert_eq!(of(other, vec![], seen, Some(0)), Cause::Person, "they are another VM's");
    }

    #[test]
    fn a_shutdown_of_its_own_host_is_proved_if_it_went_down_right_after_the_records_and_was_seen_right_after_the_boot()
    {
        use SystemEventKind::{LogStarted, LogStopped};
        let (down, up) = (2 * HOUR + MINUTE, 3 * HOUR);
        let once = system(&[(down, LogStopped), (up + 10_000, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), once.clone(), span(None, up + MINUTE, up), Some(0)), Cause::Shutdown);
        assert_eq!(of(pair(2 * HOUR), vec![], span(None, up + MINUTE, up), Some(0)), Cause::Unproved, "unread");
        assert_eq!(of(pair(2 * HOUR), once, span(None, up + HOUR, up), Some(0)), Cause::Unproved, "seen too late");
        let later = system(&[(2 * HOUR + 50 * MINUTE, LogStopped), (up, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), later, span(None, up + MINUTE, up), Some(0)), Cause::Unproved, "it ran on");
        let twice = system(&[(down, LogStopped), (down + MINUTE, LogStarted), (up, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), twice, span(None, up + MINUTE, up), Some(0)), Cause::Unproved, "up between");
        let before = system(&[(2 * HOUR - MINUTE, LogStopped), (up, LogStarted)]);
        assert_eq!(of(pair(2 * HOUR), before, span(None, up + MINUTE, up), Some(0)), Cause::Unproved);
    }

    #[test]
    fn records_before_the_last_data_or_another_state_explain_nothing_and_what_was_sent_later_spoils_them() {
        let seen = |after| span(after, 2 * HOUR, HOUR);
        let at = 2 * HOUR - MINUTE;
        assert_eq!(of(pair(at), vec![], seen(None), Some(at + 2_000)), Cause::Person, "no leeway after recovery");
        assert_eq!(of(pair(at), vec![], seen(Some(at + 2_000)), None), Cause::Person, "a look showed another state");
        assert_eq!(of(pair(at), vec![], seen(Some(at)), None), Cause::Shutdown);
        let retried = [pair(at - MINUTE), vec![vmms(2 * HOUR + MINUTE, VmmsEventKind::WillRetry { after: None })]];
        assert_eq!(of(retried.concat(), vec![], seen(None), Some(0)), Cause::Unproved, "it had run again");
    }

    #[test]
    fn where_nothing_bounds_the_pause_nobody_is_proved() {
        let seen = span(None, 2 * HOUR, HOUR);
        assert_eq!(of(vec![], vec![], seen, Some(0)), Cause::Person);
        assert_eq!(of(vec![], vec![], seen, None), Cause::Unproved, "since when nobody knows");
        assert_eq!(of(pair(HOUR), vec![], seen, None), Cause::Unproved, "a week-old pair would do as well");
        for unknown in [Span::default(), Span { by: None, ..seen }] {
            assert_eq!(of(pair(2 * HOUR - MINUTE), vec![], unknown, Some(0)), Cause::Unproved);
            assert_eq!(of(vec![], vec![], unknown, Some(0)), Cause::Unproved);
        }
        let unread = cause(&Evidence::NotReadable, vm_id(1), seen, LastReplication::At(HostTime(0)));
        assert_eq!(unread, Cause::Unproved);
    }
}
