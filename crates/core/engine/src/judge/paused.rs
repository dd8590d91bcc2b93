//! Suspended (7): a shutdown's work or a person's?

use reprise_model::{Evidence, InitialPolicy, LastReplication, PausedRule, Policy, Reason};

use super::{Memory, Verdict};
use crate::evidence;
use crate::exchange::Side;
use crate::leg::{Leg, SeenEnd};

pub(super) fn judge(leg: &Leg, sender: &SeenEnd, memory: &Memory, policy: &Policy) -> Verdict {
    let by_shutdown = evidence::shutdown_stopped_it(&memory.sender_events, leg.id.vm);
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
        (PausedRule::Evidence, false) => Verdict::Leave(match memory.sender_events {
            Evidence::NotReadable | Evidence::Awaited => Reason::PausedNoEvidence,
            Evidence::Readable(_) => Reason::PausedByPerson,
        }),
    }
}
