//! Rules that no act may break, whoever planned it. Written apart from the judge on purpose: two readings of the same
//! promise.

use std::time::Duration;

use reprise_model::{Act, ActKind, MonoTime, Policy, ReplicationMode, ReplicationState, Timestamp};

use crate::judge::held;
use crate::leg::{End, Leg, Whereabouts};

/// A verdict made from an older look than this is not acted on: a failover takes a person about that long.
pub const AGE_MAX: Duration = Duration::from_mins(1);

/// What an act would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach(pub &'static str);

/// Checks one act against the leg it is for.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(act: &Act, leg: &Leg, policy: &Policy, now: MonoTime, wall: Timestamp) -> Result<(), Breach> {
    let breach = |rule| Err(Breach(rule));
    let ActKind::Resume = act.kind;
    let Some(end) = [leg.sender.seen(), leg.receiver.seen()].into_iter().flatten().find(|e| e.host == act.host) else {
        return breach("an act goes to a host that shows an end of the leg");
    };
    if act.leg != leg.id || act.kept != end.object.kept || act.vm_key != end.vm.key {
        return breach("an act names the object that was judged");
    }
    if act.expected_state != end.object.state || act.expected_mode != end.vm.mode {
        return breach("an act expects what was seen");
    }
    if !matches!(act.expected_state, ReplicationState::Error | ReplicationState::Suspended) {
        return breach("a resume starts from Error or Suspended only");
    }
    let from_receiver = leg.sender.seen().is_none_or(|sender| sender.host != act.host);
    if from_receiver && act.expected_state != ReplicationState::Error {
        return breach("the replica's side is never resumed from a pause");
    }
    if leg.sender.settings().or(leg.receiver.settings()).is_none() {
        return breach("nothing is done to a leg of which nobody says who replicates it");
    }
    if held(leg, policy, wall).is_some() {
        return breach("nothing is done against a hold");
    }
    if leg.second_primary.is_some() {
        return breach("a VM that is primary twice is never touched");
    }
    for seen in [&leg.sender, &leg.receiver].into_iter().filter_map(End::seen) {
        if now.since(seen.looked) > AGE_MAX {
            return breach("no act rests on an old look");
        }
        if forbidden(seen.object.state) || seen.vm.mode == ReplicationMode::TestReplica {
            return breach("nothing is done while a failover, a test or an unknown state stands at either end");
        }
    }
    if let End::NotSeen(receiver) = &leg.receiver
        && receiver.whereabouts != Whereabouts::NotAsked
        && policy.peer_unseen == reprise_model::PeerUnseen::Wait
    {
        return breach("a receiver that was asked is seen first");
    }
    if leg.receiver.seen().is_some_and(|receiver| receiver.vm.enabled.is_on()) {
        return breach("nothing is done while the replica VM runs");
    }
    Ok(())
}

fn forbidden(state: ReplicationState) -> bool {
    let number = state.number();
    matches!(number, 4..=6 | 12..=15 | 17..)
}
