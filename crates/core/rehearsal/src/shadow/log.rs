//! What an event log proves of one leg.

use std::time::Duration;

use reprise_model::{Evidence, SystemEventKind, VmId, VmmsEvent, VmmsEventKind};

use super::pauses::Pause;

/// Records of one cause stand this near each other, and a stop is explained by what stands no longer than this before
/// data last arrived. Unit: milliseconds.
const NEAR: i64 = 120_000;
/// The mark of a shutdown in event 32022.
const ABORTED: u32 = 0x8000_4004;
/// VMMS's interval where its record names none.
const INTERVAL: Duration = Duration::from_mins(5);

/// The records of one VM that stand near or after the last data.
pub(super) fn of(evidence: &Evidence, vm: VmId, last: Option<i64>) -> Vec<VmmsEvent> {
    let Evidence::Readable(records) = evidence else { return Vec::new() };
    let recent = |event: &&VmmsEvent| event.vm == vm && last.is_none_or(|last| event.at.0 >= last - NEAR);
    records.vmms.iter().filter(recent).copied().collect()
}

pub(super) fn gave_up(records: &[VmmsEvent]) -> bool {
    records.iter().any(|event| event.kind == VmmsEventKind::NonRecoverable)
}

/// A pause that is first seen so long after a boot may be a person's. Unit: milliseconds.
const BOOT: i64 = 600_000;

/// Whether a shutdown paused it: 32086 and 32022 with its mark stand near each other, after the last data and after all that
/// showed it otherwise; and from them to the first sight of the pause there was no time for a person to resume and pause it,
/// since its host was up for two minutes at most, or went down right after them and was looked at right after it came up.
pub(super) fn shutdown_did_it(records: &[VmmsEvent], log: &Evidence, pause: &Pause, last: Option<i64>) -> bool {
    let Evidence::Readable(all) = log else { return false };
    let Some(by) = pause.by else { return false };
    let since = pause.after.max(last).unwrap_or(i64::MIN);
    let marked = VmmsEventKind::SendFailed { code: ABORTED };
    let at = |kind: VmmsEventKind| {
        records.iter().filter(move |event| event.kind == kind).map(|event| event.at.0).filter(move |at| *at >= since)
    };
    let stopped = |kind: SystemEventKind| all.system.iter().filter(move |event| event.kind == kind).map(|e| e.at.0);
    let explains = |pair: i64| match pause.booted.filter(|booted| *booted > pair) {
        None => by - pair <= NEAR,
        Some(booted) => {
            let down = stopped(SystemEventKind::LogStopped).filter(|down| *down <= booted).max();
            down.is_some_and(|down| (0..=NEAR).contains(&(down - pair))) && by - booted <= BOOT
        }
    };
    let pair = |end: i64| at(marked).filter(move |sent| (sent - end).abs() <= NEAR).map(move |sent| sent.max(end));
    at(VmmsEventKind::NonRecoverable).flat_map(pair).any(|pair| pair <= by && explains(pair))
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
