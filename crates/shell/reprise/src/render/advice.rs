//! What to do next about a leg, and what its last failed transfer means.

use std::time::Duration;

use reprise_engine::{Cause, Failure, LegReport, LegResult};
use reprise_hyperv::failure_code::{FailureCode, known};
use reprise_model::{AutoResync, Reason, Refusal};

use super::case::sentence;
use super::number::hexadecimal;

/// The HRESULT that a shutdown leaves in event 32022: it explains a stop, and never why a resume does not last.
pub(crate) const ABORTED: u32 = 0x8000_4004;

/// What the administrator does next, in sentences; `None` for a leg that replicates as it should.
pub(crate) fn of_leg(leg: &LegReport) -> Option<String> {
    if runs_well(leg) {
        return None;
    }
    if let Some(text) = leg.auto_resync.filter(|_| leg.reason == Reason::ResyncRequired).map(resyncs_itself) {
        return Some(text);
    }
    if let Some(refusal) = leg.refusal() {
        return Some(sentence(&of_refusal(refusal)));
    }
    let cause = leg.cause();
    let advice = if matches!(cause, Some(Cause::Failed(Failure::NotRead) | Cause::Unfinished | Cause::Lost(_)))
        && leg.reason != Reason::ResumeNotEnded
    {
        "check the host's load and the network to it, then run `reprise run` again"
    } else if let Some(problem) = cause.and_then(Cause::problem) {
        problem.advice()
    } else if matches!(cause, Some(Cause::Failed(Failure::Guarded(_)))) {
        "report this as a bug"
    } else {
        by_code(leg).map_or(leg.reason.advice(), |known| known.advice)
    };
    Some(sentence(advice))
}

/// What to do about a refusal of what the repair asked for.
fn of_refusal(refusal: &Refusal) -> String {
    let retries = if refusal.transient { "; Reprise retries" } else { "" };
    format!("{}{retries}", refusal.advice)
}

/// Whether there is nothing to do about it.
pub(crate) fn runs_well(leg: &LegReport) -> bool {
    leg.result == LegResult::Resumed || leg.result == LegResult::Healthy && leg.reason != Reason::NotMoving
}

/// The last failed transfer's code, for a leg that may have stopped because of it. One that was paused did not.
pub(crate) fn last_failure(leg: &LegReport) -> Option<u32> {
    leg.last_failure.filter(|_| !runs_well(leg) && points_to_failures(leg.reason))
}

/// A code in words: "certificate expired (0x800B0101)".
pub(crate) fn in_words(code: u32) -> String {
    match known(code) {
        Some(known) => format!("{} ({})", known.words, hexadecimal(code)),
        None => hexadecimal(code),
    }
}

/// The code that explains why a leg is still stopped, if its reason only points to event 32022.
fn by_code(leg: &LegReport) -> Option<&'static FailureCode> {
    let code = last_failure(leg).filter(|code| *code != ABORTED)?;
    known(code)
}

/// Whether an event 32022 may explain it.
fn points_to_failures(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Error
            | Reason::ResumeWithoutEffect
            | Reason::StoppedAgain
            | Reason::NotMoving
            | Reason::InitialReplicationStopped
            | Reason::VmmsRetries
            | Reason::ReplicaError
    )
}

fn resyncs_itself(hours: AutoResync) -> String {
    let clock = |since_midnight: Duration| {
        let minutes = since_midnight.as_secs() / 60;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    let when = match (hours.from, hours.until) {
        (Some(from), Some(until)) => {
            format!("between {} and {} by the primary server's clock", clock(from), clock(until))
        }
        (Some(from), None) => format!("after {} by the primary server's clock", clock(from)),
        (None, _) => "in the hours that the VM's replication settings name".to_owned(),
    };
    format!(
        "Wait: VMMS starts the resynchronization by itself {when} (AutoResynchronizeEnabled). To start it sooner, use Resume \
         Replication in Hyper-V Manager; either way it deletes the recovery points."
    )
}
