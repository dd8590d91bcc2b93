//! What the events of a host prove about one VM. Every conclusion rests on records that exist; where a missing record decides,
//! as in [`vmms_retries_until`], the decision is to wait.

use std::time::Duration;

use reprise_model::{Evidence, HostTime, VmId, VmmsEvent, VmmsEventKind};

/// The HRESULT that a shutdown leaves in event 32022: operation aborted.
pub const ABORTED: u32 = 0x8000_4004;

/// Records of one cause stand within seconds of each other; two minutes allow for a slow shutdown.
pub(crate) const NEAR: Duration = Duration::from_mins(2);

/// VMMS's first retry interval where its record does not say one (event 32315, sample from Server 2012).
const RETRY_INTERVAL: Duration = Duration::from_mins(5);

pub(crate) fn of(evidence: &Evidence, vm: VmId) -> impl Iterator<Item = &VmmsEvent> {
    let events = match evidence {
        Evidence::NotReadable | Evidence::Awaited => [].as_slice(),
        Evidence::Readable(records) => records.vmms.found(),
    };
    events.iter().filter(move |event| event.vm == vm)
}

/// Whether 32086 stands there for this VM. That it does not stand there proves nothing.
pub fn non_recoverable(evidence: &Evidence, vm: VmId) -> bool {
    of(evidence, vm).any(|event| event.kind == VmmsEventKind::NonRecoverable)
}

/// Whether both records stand there that a shutdown leaves for this VM: 32086, and 32022 with its mark.
pub fn shutdown_recorded(evidence: &Evidence, vm: VmId) -> bool {
    let aborted = VmmsEventKind::SendFailed { code: ABORTED };
    non_recoverable(evidence, vm) && of(evidence, vm).any(|event| event.kind == aborted)
}

/// The time until which VMMS is left to retry by itself: two of its intervals after its last 32315, unless there is a 32086 too.
/// In a log with gaps the 32086 may be missed; Reprise then waits a little too long for the leg, and does nothing to it.
pub fn vmms_retries_until(evidence: &Evidence, vm: VmId) -> Option<HostTime> {
    if non_recoverable(evidence, vm) {
        return None;
    }
    of(evidence, vm)
        .filter_map(|event| match event.kind {
            VmmsEventKind::WillRetry { after } => Some((event.at, after.unwrap_or(RETRY_INTERVAL))),
            VmmsEventKind::NonRecoverable | VmmsEventKind::SendFailed { .. } => None,
        })
        .max_by_key(|(at, _)| *at)
        .map(|(at, interval)| {
            let two = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).saturating_mul(2);
            HostTime(at.0.saturating_add(two))
        })
}

/// The HRESULT of the last 32022 for this VM.
pub(crate) fn last_failure(evidence: &Evidence, vm: VmId) -> Option<u32> {
    let failures = of(evidence, vm).filter_map(|event| match event.kind {
        VmmsEventKind::SendFailed { code } => Some((event.at, code)),
        VmmsEventKind::NonRecoverable | VmmsEventKind::WillRetry { .. } => None,
    });
    failures.max_by_key(|(at, _)| *at).map(|(_, code)| code)
}

#[cfg(test)]
mod tests {
    use reprise_model::Records;

    use super::*;

    fn vm() -> VmId {
        "4708a0f4-c902-429b-a1e0-d4ab0893e452".parse().unwrap()
    }

    fn at(ms: i64, kind: VmmsEventKind) -> VmmsEvent {
        VmmsEvent { vm: vm(), at: HostTime(ms), kind }
    }

    #[test]
    fn vmms_is_left_to_retry_for_two_of_its_intervals_unless_it_gave_up() {
        let retry = at(0, VmmsEventKind::WillRetry { after: Some(Duration::from_mins(1)) });
        let readable = |events: &[VmmsEvent]| Evidence::Readable(Records::whole(events.to_vec(), Vec::new()));
        assert_eq!(vmms_retries_until(&readable(&[retry]), vm()), Some(HostTime(120_000)));
        assert_eq!(vmms_retries_until(&readable(&[retry, at(5, VmmsEventKind::NonRecoverable)]), vm()), None);
        assert_eq!(vmms_retries_until(&Evidence::NotReadable, vm()), None);
    }

    #[test]
    fn the_last_failure_is_the_newest_32022_of_this_vm() {
        let failed = |ms, code| at(ms, VmmsEventKind::SendFailed { code });
        let other = VmmsEvent { vm: crate::sample::vm_id(9), ..failed(30, 3) };
        let newest_first = [failed(20, 2), failed(10, 1), other, at(40, VmmsEventKind::NonRecoverable)];
        let evidence = Evidence::Readable(Records::whole(newest_first.to_vec(), Vec::new()));
        assert_eq!(last_failure(&evidence, vm()), Some(2));
        assert_eq!(last_failure(&Evidence::NotReadable, vm()), None);
    }
}
