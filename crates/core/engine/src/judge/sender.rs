//! The sender's state, once nothing forbids an act: a row of the decision table each.

use reprise_model::{LastReplication, Policy, Reason, ReplicationState};

use super::{Memory, Verdict, paused};
use crate::evidence;
use crate::exchange::Side;
use crate::leg::{Leg, SeenEnd};

pub(super) fn judge(leg: &Leg, sender: &SeenEnd, memory: &Memory, policy: &Policy) -> Verdict {
    use ReplicationState as S;
    match sender.object.state {
        S::Replicating => Verdict::Healthy { held: None },
        S::Error => error(leg, sender, memory),
        S::Suspended => paused::judge(leg, sender, memory, policy),
        S::ReadyForInitialReplication => Verdict::Leave(Reason::ReadyForInitialReplication),
        S::InitialReplicationInProgress => Verdict::Leave(Reason::InitialReplication),
        S::WaitingForStartResynchronize => Verdict::NeedsPerson(Reason::ResyncRequired),
        S::Resynchronizing => Verdict::Leave(Reason::Resynchronizing),
        S::ResynchronizeSuspended => Verdict::NeedsPerson(Reason::ResyncSuspended),
        S::UpdateError => Verdict::NeedsPerson(Reason::UpdateError),
        S::PreparedForFailover | S::PreparedForSyncReplication | S::PreparedForGroupReverseReplication => {
            Verdict::Leave(Reason::FailoverPrepared)
        }
        S::FailedOverWaitingCompletion | S::FailedOver => Verdict::Leave(Reason::FailoverInForce),
        S::RecoveryInProgress | S::FailbackInProgress | S::FailbackComplete => {
            Verdict::Leave(Reason::FailoverInProgress)
        }
        S::WaitingForUpdateCompletion | S::WaitingForRepurposeCompletion => Verdict::Leave(Reason::UpdateInProgress),
        S::FiredrillInProgress => Verdict::Leave(Reason::TestReplica),
        S::Disabled | S::Unknown | S::Unrecognised(_) => Verdict::NeedsPerson(Reason::UnknownState),
    }
}

/// Error (8): resume, unless VMMS says that it will retry by itself.
fn error(leg: &Leg, sender: &SeenEnd, memory: &Memory) -> Verdict {
    if let Some(until) = evidence::vmms_retries_until(&memory.sender_events, leg.id.vm)
        && memory.sender_clock.is_none_or(|clock| clock < until)
    {
        return Verdict::Wait(Reason::VmmsRetries);
    }
    let reason = match sender.object.last_replication {
        LastReplication::Never => Reason::InitialReplicationStopped,
        LastReplication::At(_) => Reason::Error,
    };
    Verdict::Resume { reason, side: Side::Sender, without_evidence: false }
}
