//! Rules that no act may break, however it was planned. Written independently of the judge on purpose: two implementations of
//! the same promise.

use std::time::Duration;

use reprise_model::{Act, ActKind, MonoTime, Policy, ReplicationMode, ReplicationState, Settings, Timestamp};

use crate::judge::held;
use crate::leg::{End, Leg, SeenEnd, Whereabouts};

/// A verdict made from a look that came back longer ago than this is not acted on: a failover takes a person about that
/// long. How long the look itself took does not count: from a host that takes longer nothing newer is to be had, and what is
/// acted on is read once more before the act.
pub const AGE_MAX: Duration = Duration::from_mins(1);

/// Whether an end was seen too long ago.
pub(crate) fn is_old(end: &SeenEnd, now: MonoTime) -> bool {
    now.since(end.told) > AGE_MAX
}

/// What an act would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach(pub &'static str);

/// Checks one act against the leg it is for.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(act: &Act, leg: &Leg, policy: &Policy, now: MonoTime, wall: Timestamp) -> Result<(), Breach> {
    let breach = |rule| Err(Breach(rule));
    let Some(end) = [leg.sender.seen(), leg.receiver.seen()].into_iter().flatten().find(|e| e.host == act.host) else {
        return breach("an act goes to a host that shows an end of the leg");
    };
    if act.leg != leg.id || act.kept != end.object.kept || act.vm_key != end.vm.key {
        return breach("an act names the object that was judged");
    }
    if act.expected_state != end.object.state || act.expected_mode != end.vm.mode {
        return breach("an act expects what was seen");
    }
    match act.kind {
        ActKind::Resume => {
            let resumable =
                [ReplicationState::Error, ReplicationState::Suspended, ReplicationState::ResynchronizeSuspended];
            if !resumable.contains(&act.expected_state) {
                return breach("a resume starts from Error, Suspended or ResynchronizeSuspended only");
            }
        }
        ActKind::Pause => return breach("nothing is paused but for a person or planned work"),
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
        if is_old(seen, now) {
            return breach("no act rests on an old look");
        }
        let odd_mode = matches!(seen.vm.mode, ReplicationMode::TestReplica | ReplicationMode::Unrecognised(_));
        if forbidden(seen.object.state) || odd_mode {
            return breach("nothing is done while a failover, a test or an unknown state stands at either end");
        }
    }
    if leg.receiver.seen().is_none() && leg.sender.settings().and_then(Settings::recovery).is_none() {
        return breach("a receiver that nobody sees is named by its sender");
    }
    if let End::NotSeen(receiver) = &leg.receiver
        && receiver.whereabouts != Whereabouts::NotAsked
        && policy.peer_unseen == reprise_model::PeerUnseen::Wait
    {
        return breach("a receiver that was asked is seen first");
    }
    if leg.receiver.seen().is_some_and(|receiver| receiver.vm.enabled.is_on() != Some(false)) {
        return breach("nothing is done unless the replica VM is known to be off");
    }
    Ok(())
}

fn forbidden(state: ReplicationState) -> bool {
    let number = state.number();
    matches!(number, 4..=6 | 12..=15 | 17..)
}

#[cfg(test)]
mod tests {
    use reprise_model::{
        ActId, EnabledState, Hold, HoldScope, HostId, PeerUnseen, Problem, ProblemKind, ReplicationState as S,
    };

    use super::*;
    use crate::sample::{end_mut, leg, missing_end, vm_id};

    /// The act on the sender's end, or on the receiver's, as the engine would plan it.
    fn act(leg: &Leg, on_receiver: bool) -> Act {
        let end = if on_receiver { &leg.receiver } else { &leg.sender }.seen().unwrap();
        Act {
            id: ActId { epoch: 0, number: 0 },
            leg: leg.id,
            host: end.host,
            kind: ActKind::Resume,
            vm_key: end.vm.key.clone(),
            kept: end.object.kept.clone(),
            expected_state: end.object.state,
            expected_mode: end.vm.mode,
        }
    }

    fn refused(leg: &Leg, act: &Act, policy: &Policy, seconds: u64) -> bool {
        check(act, leg, policy, MonoTime(Duration::from_secs(seconds)), Timestamp(1_000_000)).is_err()
    }

    #[test]
    fn an_act_on_anything_but_the_object_that_was_judged_is_refused() {
        let leg = leg(S::Error, S::Replicating);
        assert!(!refused(&leg, &act(&leg, false), &Policy::default(), 60), "as it was judged, it passes");
        let changes: [fn(&mut Act); 6] = [
            |act| act.host = HostId(7),
            |act| act.leg.vm = vm_id(2),
            |act| act.vm_key.push('x'),
            |act| act.kept = reprise_model::Kept::InVm,
            |act| act.expected_state = S::Suspended,
            |act| act.expected_mode = ReplicationMode::Replica,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = act(&leg, false);
            change(&mut other);
            assert!(refused(&leg, &other, &Policy::default(), 0), "change {index}");
        }
    }

    #[test]
    fn only_what_has_stopped_is_resumed_and_the_replicas_side_from_error_alone() {
        for number in 0..=25 {
            let state = S::from_number(number);
            let sender = leg(state, S::Replicating);
            assert_eq!(refused(&sender, &act(&sender, false), &Policy::default(), 0), !matches!(number, 7 | 8 | 11));
            let receiver = leg(S::Replicating, state);
            assert_eq!(refused(&receiver, &act(&receiver, true), &Policy::default(), 0), number != 8, "{number}");
        }
    }

    #[test]
    fn nothing_passes_while_a_failover_a_test_or_an_unknown_state_stands_at_the_receiver() {
        for number in 0..=25 {
            let leg = leg(S::Error, S::from_number(number));
            let forbidden = matches!(number, 4..=6 | 12..=15 | 17..);
            assert_eq!(refused(&leg, &act(&leg, false), &Policy::default(), 0), forbidden, "{number}");
        }
    }

    #[test]
    fn each_circumstance_that_forbids_an_act_is_enough() {
        let changes: [fn(&mut Leg, &mut Policy); 8] = [
            |leg, _| leg.second_primary = Some(HostId(7)),
            |leg, _| end_mut(&mut leg.receiver).vm.mode = ReplicationMode::TestReplica,
            |leg, _| end_mut(&mut leg.receiver).vm.enabled = EnabledState::Running,
            |leg, _| end_mut(&mut leg.receiver).vm.enabled = EnabledState::Other(0),
            |leg, _| end_mut(&mut leg.receiver).vm.mode = ReplicationMode::Unrecognised(5),
            |leg, _| end_mut(&mut leg.sender).vm.mode = ReplicationMode::Unrecognised(5),
            |leg, _| {
                let problem = Problem::new(ProblemKind::Unreachable, "reach the host", "refused");
                leg.receiver = missing_end(1, Whereabouts::Late { host: "hv02".to_owned(), problem });
            },
            |_, policy| {
                let reason = "test".to_owned();
                policy.holds.push(Hold { scope: HoldScope::All, reason, until: None, only_this_pass: false });
            },
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let (mut leg, mut policy) = (leg(S::Error, S::Replicating), Policy::default());
            change(&mut leg, &mut policy);
            assert!(refused(&leg, &act(&leg, false), &policy, 0), "circumstance {index}");
        }
        let old = leg(S::Error, S::Replicating);
        assert!(refused(&old, &act(&old, false), &Policy::default(), 61), "no act rests on an old look");
    }

    #[test]
    fn a_receiver_that_is_not_asked_or_not_waited_for_is_no_obstacle() {
        let unseen = |whereabouts| Leg { receiver: missing_end(1, whereabouts), ..leg(S::Error, S::Replicating) };
        let not_asked = unseen(Whereabouts::NotAsked);
        assert!(!refused(&not_asked, &act(&not_asked, false), &Policy::default(), 0));
        let waited_for = unseen(Whereabouts::NotYet { host: Some(HostId(1)) });
        assert!(refused(&waited_for, &act(&waited_for, false), &Policy::default(), 0));
        let resume = Policy { peer_unseen: PeerUnseen::Resume, ..Policy::default() };
        assert!(!refused(&waited_for, &act(&waited_for, false), &resume, 0));
    }
}
