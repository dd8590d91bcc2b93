//! The receiver's own object: a pause or a failure on the replica's side.

use reprise_model::{Evidence, Reason, ReplicationState};

use super::verdict::{Memory, Verdict};
use crate::evidence;
use crate::leg::{Leg, SeenEnd, Side};

pub(super) fn judge(leg: &Leg, sender: &SeenEnd, memory: &Memory) -> Option<Verdict> {
    match leg.receiver.state()? {
        ReplicationState::Suspended => Some(Verdict::NeedsPerson(Reason::PausedOnReplica)),
        ReplicationState::Error if memory.receiver_events == Evidence::Awaited => {
            Some(Verdict::Wait(Reason::ReadingEvents))
        }
        ReplicationState::Error if evidence::non_recoverable(&memory.receiver_events, leg.id.vm) => {
            Some(Verdict::Resume { reason: Reason::ReplicaError, side: Side::Receiver, without_evidence: false })
        }
        // Without proof it is a finding: it does not keep a stopped sender from being resumed.
        ReplicationState::Error if sender.object.state == ReplicationState::Replicating => {
            Some(Verdict::NeedsPerson(Reason::ReplicaError))
        }
        ReplicationState::UpdateError => Some(Verdict::NeedsPerson(Reason::UpdateError)),
        ReplicationState::Error
        | ReplicationState::Disabled
        | ReplicationState::ReadyForInitialReplication
        | ReplicationState::InitialReplicationInProgress
        | ReplicationState::Replicating
        | ReplicationState::PreparedForFailover
        | ReplicationState::FailedOverWaitingCompletion
        | ReplicationState::FailedOver
        | ReplicationState::WaitingForStartResynchronize
        | ReplicationState::Resynchronizing
        | ReplicationState::ResynchronizeSuspended
        | ReplicationState::RecoveryInProgress
        | ReplicationState::FailbackInProgress
        | ReplicationState::FailbackComplete
        | ReplicationState::WaitingForUpdateCompletion
        | ReplicationState::Unknown
        | ReplicationState::WaitingForRepurposeCompletion
        | ReplicationState::PreparedForSyncReplication
        | ReplicationState::PreparedForGroupReverseReplication
        | ReplicationState::FiredrillInProgress
        | ReplicationState::Unrecognised(_) => None,
    }
}
