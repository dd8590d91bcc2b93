//! What forbids every act, whatever the sender says.

use reprise_model::{Provider, Reason, ReplicationMode, ReplicationState};

use super::verdict::{Memory, Verdict};
use crate::leg::{End, Leg};

/// Resumes after which a leg that stops again while both VMs run is left to a person.
const RESUMES_BEFORE_SPLIT_BRAIN: u32 = 2;

pub(super) fn judge(leg: &Leg, memory: &Memory) -> Option<Verdict> {
    if leg.second_primary.is_some() {
        return Some(Verdict::NeedsPerson(Reason::BothPrimary));
    }
    let ends = [&leg.sender, &leg.receiver];
    if ends.into_iter().filter_map(End::settings).any(|s| matches!(s.provider, Provider::External(_))) {
        return Some(Verdict::Leave(Reason::ExternalProvider));
    }
    if ends.into_iter().filter_map(End::seen).any(|end| end.vm.mode == ReplicationMode::TestReplica) {
        return Some(Verdict::Leave(Reason::TestReplica));
    }
    // The receiver's word on a failover comes first: it is where failovers happen.
    let middle = leg.sender_receives.filter(|state| leg.sender.seen().is_some() && is_for_a_person(*state));
    if let Some(verdict) = [leg.receiver.state(), leg.sender.state(), middle].into_iter().flatten().find_map(by_state) {
        return Some(verdict);
    }
    let not_understood = |mode| matches!(mode, ReplicationMode::Unrecognised(_));
    if ends.into_iter().filter_map(End::seen).any(|end| not_understood(end.vm.mode)) {
        return Some(Verdict::NeedsPerson(Reason::UnknownState));
    }
    if leg.sender.seen().is_some_and(|end| end.vm.mode == ReplicationMode::None) {
        return Some(Verdict::NeedsPerson(Reason::UnknownState));
    }
    match leg.receiver.seen()?.vm.enabled.is_on() {
        Some(false) => return None,
        Some(true) => {}
        None => return Some(Verdict::NeedsPerson(Reason::UnknownPowerState)),
    }
    let sender_runs = leg.sender.seen().is_some_and(|end| end.vm.enabled.is_on() == Some(true));
    if sender_runs && memory.resumes >= RESUMES_BEFORE_SPLIT_BRAIN {
        return Some(Verdict::NeedsPerson(Reason::PossibleSplitBrain));
    }
    Some(Verdict::NeedsPerson(Reason::ReplicaRunning))
}

/// Whether a VM's replication at the host that sends it onwards waits for what a person does there: until a failover is
/// completed or cancelled nobody knows which data is to be sent, and what is not understood may be one.
pub(crate) fn is_for_a_person(state: ReplicationState) -> bool {
    matches!(state.number(), 4..=6 | 12..=14 | 17 | 19 | 20 | 22..)
}

/// What a state forbids at either end.
fn by_state(state: ReplicationState) -> Option<Verdict> {
    use ReplicationState as S;
    match state {
        S::PreparedForFailover | S::PreparedForSyncReplication | S::PreparedForGroupReverseReplication => {
            Some(Verdict::Leave(Reason::FailoverPrepared))
        }
        S::FailedOverWaitingCompletion | S::FailedOver => Some(Verdict::Leave(Reason::FailoverInForce)),
        S::RecoveryInProgress | S::FailbackInProgress | S::FailbackComplete => {
            Some(Verdict::Leave(Reason::FailoverInProgress))
        }
        S::WaitingForUpdateCompletion | S::WaitingForRepurposeCompletion => {
            Some(Verdict::Leave(Reason::UpdateInProgress))
        }
        S::FiredrillInProgress => Some(Verdict::Leave(Reason::TestReplica)),
        S::Unknown | S::Unrecognised(_) => Some(Verdict::NeedsPerson(Reason::UnknownState)),
        S::Disabled
        | S::ReadyForInitialReplication
        | S::InitialReplicationInProgress
        | S::Replicating
        | S::Suspended
        | S::Error
        | S::WaitingForStartResynchronize
        | S::Resynchronizing
        | S::ResynchronizeSuspended
        | S::UpdateError => None,
    }
}
