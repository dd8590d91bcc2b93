//! A person's order for one leg: what it comes to as things are seen now. Vetoes and holds stand against it too; what the
//! policy says of pauses and what the event log says do not matter.

use reprise_model::{ActKind, Policy, Reason, ReplicationState, Timestamp};

use super::verdict::{Memory, Verdict};
use super::{absent, held, unready, veto};
use crate::leg::{Leg, Side};

/// What an order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ordered {
    /// An act on that end.
    Act(Side),
    /// It is so already, and this is how.
    AlreadySo(Reason),
    /// To wait for a host.
    Wait(Reason),
    /// A rule forbids it.
    Refuse(Reason),
    /// It cannot be done.
    Fail(Reason),
}

/// What a person's order comes to.
pub(crate) fn ordered(kind: ActKind, leg: &Leg, memory: &Memory, policy: &Policy, wall: Timestamp) -> Ordered {
    if let Some(reason) = held(leg, policy, wall) {
        return Ordered::Refuse(reason);
    }
    if let Some(verdict) = veto::judge(leg, memory) {
        return by(verdict);
    }
    let Some(sender) = leg.sender.seen() else { return by(absent::sender(leg)) };
    let wanted = match kind {
        ActKind::Resume => resumed(leg, sender.object.state, memory),
        ActKind::Pause => paused(sender.object.state),
    };
    let Ordered::Act(side) = wanted else { return wanted };
    let resumes_sender = kind == ActKind::Resume && side == Side::Sender;
    let unseen = if resumes_sender { absent::elsewhere(leg, policy) } else { None };
    unseen.or_else(|| unready(side, memory)).map_or(wanted, by)
}

/// A verdict that stands against an order.
fn by(verdict: Verdict) -> Ordered {
    match verdict {
        Verdict::Leave(reason) | Verdict::NeedsPerson(reason) => Ordered::Refuse(reason),
        Verdict::Wait(reason) => Ordered::Wait(reason),
        Verdict::Fail(reason) | Verdict::Stale(reason) | Verdict::Resume { reason, .. } => Ordered::Fail(reason),
        Verdict::NotOurs => Ordered::Fail(Reason::SenderNotAsked),
        Verdict::Healthy { .. } => Ordered::AlreadySo(Reason::Replicating),
    }
}

/// A replica that is paused is resumed first: its primary's data would not be taken.
fn resumed(leg: &Leg, sender: ReplicationState, memory: &Memory) -> Ordered {
    use ReplicationState as S;
    let receiver = leg.receiver.state();
    if receiver == Some(S::UpdateError) {
        return Ordered::Refuse(Reason::UpdateError);
    }
    if receiver == Some(S::Suspended) || receiver == Some(S::Error) && sender == S::Replicating {
        return Ordered::Act(Side::Receiver);
    }
    if sender == S::ResynchronizeSuspended && memory.resync_under_way {
        return Ordered::Refuse(Reason::ResyncWaits);
    }
    let is_stopped = ActKind::Resume.row().step_from(sender).is_some();
    if is_stopped { Ordered::Act(Side::Sender) } else { as_it_is(sender) }
}

fn paused(sender: ReplicationState) -> Ordered {
    use ReplicationState as S;
    if ActKind::Pause.row().step_from(sender).is_some() {
        return Ordered::Act(Side::Sender);
    }
    if matches!(sender, S::Suspended | S::ResynchronizeSuspended) {
        return Ordered::AlreadySo(Reason::PausedOnPurpose);
    }
    if sender == S::Error { Ordered::Refuse(Reason::NotRunning) } else { as_it_is(sender) }
}

/// A state that neither order starts from.
fn as_it_is(sender: ReplicationState) -> Ordered {
    use ReplicationState as S;
    match sender {
        S::Replicating => Ordered::AlreadySo(Reason::Replicating),
        S::InitialReplicationInProgress => Ordered::AlreadySo(Reason::InitialReplication),
        S::Resynchronizing => Ordered::AlreadySo(Reason::Resynchronizing),
        S::ReadyForInitialReplication => Ordered::Refuse(Reason::ReadyForInitialReplication),
        S::WaitingForStartResynchronize => Ordered::Refuse(Reason::ResyncRequired),
        S::UpdateError => Ordered::Refuse(Reason::UpdateError),
        S::Disabled
        | S::Suspended
        | S::Error
        | S::ResynchronizeSuspended
        | S::PreparedForFailover
        | S::FailedOverWaitingCompletion
        | S::FailedOver
        | S::RecoveryInProgress
        | S::FailbackInProgress
        | S::FailbackComplete
        | S::WaitingForUpdateCompletion
        | S::Unknown
        | S::WaitingForRepurposeCompletion
        | S::PreparedForSyncReplication
        | S::PreparedForGroupReverseReplication
        | S::FiredrillInProgress
        | S::Unrecognised(_) => Ordered::Refuse(Reason::UnknownState),
    }
}
