//! What people are told.

use reprise_engine::{LegResult, Notice};
use reprise_model::LegId;

/// Of which leg something is told, and as what.
pub(super) fn told_of(notice: &Notice) -> Option<(LegId, LegResult)> {
    match notice {
        Notice::ResumeFailed(leg) => Some((leg.id, LegResult::Failed)),
        Notice::NeedsPerson(leg) => Some((leg.id, LegResult::NeedsPerson)),
        Notice::Resumed(leg) => Some((leg.id, LegResult::Resumed)),
        Notice::ReplicaResumed(_)
        | Notice::Started
        | Notice::HostNotReady(_)
        | Notice::HostReady { .. }
        | Notice::NotOurs { .. }
        | Notice::Finished(_) => None,
    }
}
