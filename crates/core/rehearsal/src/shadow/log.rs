//! What an event log proves of one leg.

use std::time::Duration;

use reprise_model::{Evidence, VmId, VmmsEvent, VmmsEventKind};

/// Records of one cause stand this near each other, and a stop is explained by what stands no longer than this before
/// data last arrived. Unit: milliseconds.
const NEAR: i64 = 120_000;
/// The mark of a shutdown in event 32022.
const ABORTED: u32 = 0x8000_4004;
/// VMMS's interval where its record names none.
const INTERVAL: Duration = Duration::from_mins(5);

/// The records of one VM that stand near or after the last data.
pub(super) fn of(evidence: &Evidence, vm: VmId, last: Option<i64>) -> Vec<VmmsEvent> {
    let Evidence::Readable(events) = evidence else { return Vec::new() };
    let recent = |event: &&VmmsEvent| event.vm == vm && last.is_none_or(|last| event.at.0 >= last - NEAR);
    events.iter().filter(recent).copied().collect()
}

pub(super) fn gave_up(records: &[VmmsEvent]) -> bool {
    records.iter().any(|event| event.kind == VmmsEventKind::NonRecoverable)
}

/// 32086 and 32022 with the mark of a shutdown, near each other.
pub(super) fn shutdown_did_it(records: &[VmmsEvent]) -> bool {
    let marked = VmmsEventKind::SendFailed { code: ABORTED };
    let at = |kind: VmmsEventKind| records.iter().filter(move |event| event.kind == kind).map(|event| event.at.0);
    at(VmmsEventKind::NonRecoverable).any(|end| at(marked).any(|sent| (sent - end).abs() <= NEAR))
}

/// Whether VMMS is still left to retry by itself at that time of its host's clock.
pub(super) fn vmms_retries(records: &[VmmsEvent], clock: Option<i64>) -> bool {
    if gave_up(records) {
        return false;
    }
    let until = records.iter().filter_map(|event| match event.kind {
        VmmsEventKind::WillRetry { after } => {
            let two = i64::try_from(after.unwrap_or(INTERVAL).as_millis()).unwrap_or(i64::MAX).saturating_mul(2);
            Some((event.at.0, two))
        }
        VmmsEventKind::NonRecoverable | VmmsEventKind::SendFailed { .. } => None,
    });
    until.max().is_some_and(|(at, two)| clock.is_none_or(|clock| clock < at.saturating_add(two)))
}
