//! The sender's state, once nothing forbids an act: a row of the decision table each.

use std::time::Duration;

use reprise_model::{Evidence, LastReplication, Policy, Reason, ReplicationState};

use super::paused;
use super::verdict::{Memory, Verdict};
use crate::evidence;
use crate::leg::{Leg, SeenEnd, Side};
use crate::pause::{self, PausedBy};

/// Without newer data for this many of its intervals a leg does not move.
const INTERVALS_STILL: u32 = 3;
/// But no leg is said not to move before this: a host that is busy after a boot sends late.
const STILL_LEAST: Duration = Duration::from_mins(15);
/// How often data is sent where the settings do not say it: the default of a new relationship.
const FREQUENCY: Duration = Duration::from_mins(5);

pub(super) fn judge(leg: &Leg, sender: &SeenEnd, memory: &Memory, policy: &Policy) -> Verdict {
    use ReplicationState as S;
    if let Some(verdict) = paused::marked(leg, sender, memory, policy) {
        return verdict;
    }
    match sender.object.state {
        S::Replicating if moves(leg, sender, memory) => Verdict::Healthy { held: None },
        S::Replicating => Verdict::NeedsPerson(Reason::NotMoving),
        S::Error | S::Suspended | S::ResynchronizeSuspended if memory.sender_events == Evidence::Awaited => {
            Verdict::Wait(Reason::ReadingEvents)
        }
        S::Error => error(leg, sender, memory),
        S::Suspended => paused::judge(leg, sender, memory, policy),
        S::ReadyForInitialReplication => Verdict::Leave(Reason::ReadyForInitialReplication),
        S::InitialReplicationInProgress => Verdict::Leave(Reason::InitialReplication),
        S::WaitingForStartResynchronize => Verdict::NeedsPerson(Reason::ResyncRequired),
        S::Resynchronizing => Verdict::Leave(Reason::Resynchronizing),
        S::ResynchronizeSuspended => resync_paused(leg, sender, memory),
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

/// Whether data arrives as often as it should, by the sender's host's clock. Hosts that have just booted have not had
/// the time, nor has a leg that was seen to stand still a short while ago.
fn moves(leg: &Leg, sender: &SeenEnd, memory: &Memory) -> bool {
    let (Some(clock), LastReplication::At(last)) = (memory.sender_clock, sender.object.last_replication) else {
        return true;
    };
    let frequency = leg.sender.settings().and_then(|settings| settings.frequency).unwrap_or(FREQUENCY);
    let limit = frequency.saturating_mul(INTERVALS_STILL).max(STILL_LEAST);
    let has_had_time = |end: &SeenEnd| end.up_for.is_none_or(|up| up > limit);
    if memory.running_for.is_some_and(|running| running <= limit) {
        return true;
    }
    let both = has_had_time(sender) && leg.receiver.seen().is_none_or(has_had_time);
    !both || clock.since(last) <= limit
}

/// A paused resynchronization (11) goes on where it stopped, one at a time on a host; a person's pause is left.
fn resync_paused(leg: &Leg, sender: &SeenEnd, memory: &Memory) -> Verdict {
    match pause::cause(&memory.sender_events, leg.id.vm, memory.pause, sender.object.last_replication) {
        PausedBy::Unproved => Verdict::NeedsPerson(Reason::ResyncSuspended),
        PausedBy::Person => Verdict::Leave(Reason::ResyncPausedByPerson),
        PausedBy::Shutdown if memory.resync_under_way => Verdict::Leave(Reason::ResyncWaits),
        PausedBy::Shutdown => {
            Verdict::Resume { reason: Reason::ResyncPausedByShutdown, side: Side::Sender, without_evidence: false }
        }
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
