//! Notices to people.

use reprise_engine::{LegResult, Notice};
use reprise_model::LegId;

/// The leg that a notice reports, and the result that it reports for it.
pub(super) fn reported_leg(notice: &Notice) -> Option<(LegId, LegResult)> {
    match notice {
        Notice::ResumeFailed(leg) => Some((leg.id, LegResult::Failed)),
        Notice::NeedsPerson(leg) => Some((leg.id, LegResult::NeedsPerson)),
        Notice::Resumed(leg) => Some((leg.id, LegResult::Resumed)),
        Notice::ReplicaResumed(_)
        | Notice::Started
        | Notice::HostNotReady(_)
        | Notice::HostReady { .. }
        | Notice::HostUnclear(_)
        | Notice::HostMayLoad(_)
        | Notice::HoldUnmatched(_)
        | Notice::NotOurs { .. }
        | Notice::ResumeNotSeen(_)
        | Notice::Interrupted { .. }
        | Notice::Finished(_) => None,
    }
}
