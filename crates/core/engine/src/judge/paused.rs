//! Suspended (7): a shutdown's work or a person's?

use reprise_model::{Evidence, InitialPolicy, LastReplication, MarkKind, PausedRule, Policy, Reason, ReplicationState};

use super::verdict::{Memory, Verdict};
use crate::leg::{Leg, SeenEnd, Side};
use crate::pause::{self, PausedBy};

/// A pause that Reprise made itself, for a person or for a drill: what the log says of it does not matter. It does for one that
/// a person wanted and that was perhaps never made.
pub(super) fn marked(leg: &Leg, sender: &SeenEnd, memory: &Memory, policy: &Policy) -> Option<Verdict> {
    let mark = policy.marks.get(&leg.id).filter(|mark| mark.stands(sender.object.last_replication))?;
    let is_paused = sender.object.state == ReplicationState::Suspended;
    let is_resync_paused = sender.object.state == ReplicationState::ResynchronizeSuspended;
    match mark.kind {
        MarkKind::Intended if may_be_a_shutdowns(leg, sender, memory) => None,
        MarkKind::Meant | MarkKind::Intended if is_paused || is_resync_paused => {
            Some(Verdict::Leave(Reason::PausedOnPurpose))
        }
        MarkKind::Drill if is_paused => {
            Some(Verdict::Resume { reason: Reason::PausedForDrill, side: Side::Sender, without_evidence: false })
        }
        MarkKind::Meant | MarkKind::Intended | MarkKind::Drill => None,
    }
}

/// Whether a shutdown is proved to have paused it, or the log that may prove that is still to be read.
fn may_be_a_shutdowns(leg: &Leg, sender: &SeenEnd, memory: &Memory) -> bool {
    let last = sender.object.last_replication;
    memory.sender_events == Evidence::Awaited
        || pause::cause(&memory.sender_events, leg.id.vm, memory.pause, last) == PausedBy::Shutdown
}

pub(super) fn judge(leg: &Leg, sender: &SeenEnd, memory: &Memory, policy: &Policy) -> Verdict {
    let cause = pause::cause(&memory.sender_events, leg.id.vm, memory.pause, sender.object.last_replication);
    let by_shutdown = cause == PausedBy::Shutdown;
    let proved = Verdict::Resume { reason: Reason::PausedByShutdown, side: Side::Sender, without_evidence: false };
    let unproved = Verdict::Resume { reason: Reason::PausedAtStart, side: Side::Sender, without_evidence: true };
    let never_finished = sender.object.last_replication == LastReplication::Never;
    if never_finished && !by_shutdown && policy.paused.initial == InitialPolicy::Leave {
        return Verdict::Leave(Reason::InitialReplicationPaused);
    }
    let rule = if memory.paused_from_start { policy.paused.at_boot } else { policy.paused.while_running };
    match (rule, by_shutdown) {
        (PausedRule::Leave, _) => Verdict::Leave(Reason::PausedLeft),
        (PausedRule::Resume | PausedRule::Evidence, true) => proved,
        (PausedRule::Resume, false) => unproved,
        (PausedRule::Evidence, false) => Verdict::Leave(match cause {
            PausedBy::Shutdown | PausedBy::Unproved => Reason::PausedNoEvidence,
            PausedBy::Person => Reason::PausedByPerson,
        }),
    }
}
