//! Rules that no act may break, however it was planned. Written independently of the judge on purpose: two implementations of
//! the same promise.

use std::time::Duration;

use reprise_model::{
    Act, ActKind, Evidence, HostId, LastReplication, LegId, MarkKind, MonoTime, Now, PeerUnseen, Policy, Provider,
    ReplicationMode, ReplicationState,
};

use crate::evidence;
use crate::judge::{held, is_for_a_person};
use crate::leg::{End, Leg, SeenEnd, Whereabouts};

/// A verdict made from a look that came back longer ago than this is not acted on: a failover takes a person about that
/// long. How long the look itself took does not count: from a host that takes longer nothing newer is to be had.
pub const AGE_MAX: Duration = Duration::from_mins(1);

/// The end that is acted on is read once more before the act; the other one is not, and a person may have paused it or
/// started its VM. Its look is this old at most, or twice as old as the look took, if that is longer.
pub const PEER_AGE_MAX: Duration = Duration::from_secs(10);

/// For how long what a look showed of an end may be acted on. `host` is the one that is acted on.
pub(crate) fn age_max(end: &SeenEnd, host: HostId) -> Duration {
    if end.host == host { AGE_MAX } else { (2 * end.told.since(end.looked)).clamp(PEER_AGE_MAX, AGE_MAX) }
}

/// Whether an end was seen too long ago for an act on that host.
pub(crate) fn is_old(end: &SeenEnd, host: HostId, now: MonoTime) -> bool {
    now.since(end.told) > age_max(end, host)
}

macro_rules! rules {
    ($($name:ident = $text:literal;)*) => {
        $(const $name: &str = $text;)*

        /// Every rule.
        pub const RULES: &[&str] = &[$($name,)*];
    };
}

rules! {
    SHOWN_END = "an act goes to a host that shows an end of the leg";
    NAMED_OBJECT = "an act names the object that was judged";
    EXPECTED = "an act expects what was seen";
    MEANT_PAUSE = "a pause that a person asked Reprise for is left";
    NO_PAUSE = "nothing is paused but for a person or planned work";
    FROM_A_STOP = "a resume starts from Error, Suspended or ResynchronizeSuspended only";
    REPLICA_PAUSED = "the replica's side is never resumed from a pause";
    REPLICA_PROVED = "the replica's side is resumed only if its host recorded event 32086 for the VM";
    ORDERED_KIND = "an act is of the kind that was ordered";
    ORDER_ACCEPTED = "an order is carried out from a state in which Hyper-V accepts it";
    ORDERED_REPLICA = "the replica's side is never paused, and is resumed from a pause or an error only";
    HELD = "nothing is done against a hold";
    PRIMARY_TWICE = "a VM that is primary twice is never touched";
    EXTENDED_SENDER = "an extended leg is left alone while its primary server is failed over to, or is not understood";
    NOT_REPLICATED = "nothing is done to a primary VM whose mode says that it is not replicated";
    PROVIDER_KNOWN = "nothing is done to a leg of which nobody says who replicates it";
    PROVIDER_OURS = "nothing is done to what another program replicates";
    FRESH_LOOK = "no act rests on an old look";
    NO_FAILOVER = "nothing is done while a failover, a test or an unknown state stands at either end";
    REPLICA_OFF = "nothing is done unless the replica VM is known to be off";
    REPLICA_STANDS = "a sender is not resumed against a replica that is paused or whose update failed";
    RECEIVER_NAMED = "a receiver that nobody sees is named by its sender";
    RECEIVER_SEEN = "a receiver that was asked is seen first";
}

/// What an act would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach(pub &'static str);

/// What an act rests on.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// The leg it is for.
    pub leg: &'a Leg,
    /// The events of the sender's host.
    pub sender_events: &'a Evidence,
    /// The events of the receiver's host.
    pub receiver_events: &'a Evidence,
    /// What is wanted.
    pub policy: &'a Policy,
    /// What a person ordered for the leg.
    pub ordered: Option<ActKind>,
}

/// Checks one act against what it rests on.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(act: &Act, grounds: Grounds<'_>, now: Now) -> Result<(), Breach> {
    names_what_was_seen(act, grounds.leg)?;
    match grounds.ordered {
        Some(kind) => follows_an_order(act, kind, grounds)?,
        None => starts_from_a_stop(act, grounds)?,
    }
    nobody_forbids(grounds, now)?;
    for end in [&grounds.leg.sender, &grounds.leg.receiver].into_iter().filter_map(End::seen) {
        allowed_by_end(end, act.host, now.mono)?;
    }
    if act.kind == ActKind::Pause {
        return running_replica_forbids(grounds.leg);
    }
    allowed_by_receiver(act, grounds)
}

fn keep(rule: &'static str, is_kept: bool) -> Result<(), Breach> {
    if is_kept { Ok(()) } else { Err(Breach(rule)) }
}

fn names_what_was_seen(act: &Act, leg: &Leg) -> Result<(), Breach> {
    let ends = [leg.sender.seen(), leg.receiver.seen()].into_iter().flatten();
    let Some(end) = ends.into_iter().find(|end| end.host == act.host) else {
        return Err(Breach(SHOWN_END));
    };
    let is_named = act.leg == leg.id && act.kept == end.object.kept && act.vm_key == end.vm.key;
    keep(NAMED_OBJECT, is_named)?;
    let is_expected = act.expected_state == end.object.state && act.expected_mode == end.vm.mode;
    keep(EXPECTED, is_expected)
}

fn starts_from_a_stop(act: &Act, grounds: Grounds<'_>) -> Result<(), Breach> {
    use ReplicationState as S;
    keep(MEANT_PAUSE, act.expected_state == S::Error || !is_asked_for(act.leg, grounds))?;
    keep(NO_PAUSE, act.kind == ActKind::Resume)?;
    let is_stop = matches!(act.expected_state, S::Error | S::Suspended | S::ResynchronizeSuspended);
    keep(FROM_A_STOP, is_stop)?;
    if is_on_receiver(act, grounds.leg) {
        keep(REPLICA_PAUSED, act.expected_state == S::Error)?;
        let is_proved = evidence::non_recoverable(grounds.receiver_events, act.leg.vm);
        keep(REPLICA_PROVED, is_proved)?;
    }
    Ok(())
}

/// Whether a pause of the leg is one that a person asked Reprise for. What was perhaps never made is not, if records of a shutdown
/// stand there.
fn is_asked_for(id: LegId, grounds: Grounds<'_>) -> bool {
    let last = grounds.leg.sender.seen().map_or(LastReplication::Never, |sender| sender.object.last_replication);
    grounds.policy.marks.get(&id).filter(|mark| mark.stands(last)).is_some_and(|mark| match mark.kind {
        MarkKind::Meant => true,
        MarkKind::Intended => !evidence::shutdown_recorded(grounds.sender_events, id.vm),
        MarkKind::Drill => false,
    })
}

/// A person's order needs no evidence. It never starts a resynchronization, and never pauses the replica's side.
fn follows_an_order(act: &Act, kind: ActKind, grounds: Grounds<'_>) -> Result<(), Breach> {
    use ReplicationState as S;
    keep(ORDERED_KIND, act.kind == kind)?;
    let starts = match kind {
        ActKind::Resume => matches!(act.expected_state, S::Error | S::Suspended | S::ResynchronizeSuspended),
        ActKind::Pause => {
            matches!(act.expected_state, S::Replicating | S::InitialReplicationInProgress | S::Resynchronizing)
        }
    };
    keep(ORDER_ACCEPTED, starts)?;
    let fits = kind == ActKind::Resume && matches!(act.expected_state, S::Error | S::Suspended);
    keep(ORDERED_REPLICA, fits || !is_on_receiver(act, grounds.leg))
}

fn nobody_forbids(grounds: Grounds<'_>, now: Now) -> Result<(), Breach> {
    let leg = grounds.leg;
    keep(HELD, held(leg, grounds.policy, now.wall).is_none())?;
    keep(PRIMARY_TWICE, leg.second_primary.is_none())?;
    keep(EXTENDED_SENDER, !leg.sender_receives.is_some_and(is_for_a_person))?;
    let has_part = leg.sender.seen().is_none_or(|sender| sender.vm.mode != ReplicationMode::None);
    keep(NOT_REPLICATED, has_part)?;
    let settings = || [&leg.sender, &leg.receiver].into_iter().filter_map(End::settings);
    keep(PROVIDER_KNOWN, settings().next().is_some())?;
    let is_ours = settings().all(|settings| settings.provider == Provider::HyperV);
    keep(PROVIDER_OURS, is_ours)
}

fn allowed_by_end(end: &SeenEnd, host: HostId, now: MonoTime) -> Result<(), Breach> {
    keep(FRESH_LOOK, !is_old(end, host, now))?;
    let odd_mode = matches!(end.vm.mode, ReplicationMode::TestReplica | ReplicationMode::Unrecognised(_));
    keep(NO_FAILOVER, !forbidden(end.object.state) && !odd_mode)
}

/// A pause needs no receiver, but one that is seen must not be in use.
fn running_replica_forbids(leg: &Leg) -> Result<(), Breach> {
    let is_off = leg.receiver.seen().is_none_or(|receiver| receiver.vm.enabled.is_on() == Some(false));
    keep(REPLICA_OFF, is_off)
}

fn allowed_by_receiver(act: &Act, grounds: Grounds<'_>) -> Result<(), Breach> {
    let leg = grounds.leg;
    match &leg.receiver {
        End::Seen(receiver) => {
            let is_off = receiver.vm.enabled.is_on() == Some(false);
            keep(REPLICA_OFF, is_off)?;
            let stands = matches!(receiver.object.state, ReplicationState::Suspended | ReplicationState::UpdateError);
            keep(REPLICA_STANDS, !stands || is_on_receiver(act, leg))
        }
        End::NotSeen(receiver) => {
            let is_named = leg.sender.settings().is_some_and(|settings| settings.recovery().is_some());
            keep(RECEIVER_NAMED, is_named)?;
            let is_awaited = receiver.whereabouts != Whereabouts::NotAsked;
            keep(RECEIVER_SEEN, !is_awaited || grounds.policy.peer_unseen == PeerUnseen::Resume)
        }
    }
}

fn is_on_receiver(act: &Act, leg: &Leg) -> bool {
    leg.sender.seen().is_none_or(|sender| sender.host != act.host)
}

fn forbidden(state: ReplicationState) -> bool {
    let number = state.number();
    matches!(number, 4..=6 | 12..=15 | 17..)
}

#[cfg(test)]
mod tests {
    use reprise_model::{
        ActId, EnabledState, Hold, HoldScope, HostId, HostTime, PauseMark, Problem, ProblemKind, Records,
        ReplicationState as S, Seen, Timestamp, VmmsEvent, VmmsEventKind,
    };

    use super::*;
    use crate::sample::{end_mut, leg, leg_id, missing_end, vm_id};

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
        let mark = VmmsEvent { vm: leg.id.vm, at: HostTime(0), kind: VmmsEventKind::NonRecoverable };
        let events = Evidence::Readable(Records::whole(vec![mark], vec![]));
        let now = Now { mono: MonoTime(Duration::from_secs(seconds)), wall: Timestamp(1_000_000) };
        check(act, Grounds { leg, sender_events: &events, receiver_events: &events, policy, ordered: None }, now)
            .is_err()
    }

    #[test]
    fn an_act_on_anything_but_the_object_that_was_judged_is_refused() {
        let leg = leg(S::Error, S::Replicating);
        assert!(!refused(&leg, &act(&leg, false), &Policy::default(), 10), "as it was judged, it passes");
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
    fn nothing_passes_while_a_failover_a_test_a_pause_an_update_or_an_unknown_state_stands_at_the_receiver() {
        for number in 0..=25 {
            let leg = leg(S::Error, S::from_number(number));
            let forbidden = matches!(number, 4..=7 | 12..);
            assert_eq!(refused(&leg, &act(&leg, false), &Policy::default(), 0), forbidden, "{number}");
        }
    }

    /// The same for what a person ordered.
    fn ordered_and_refused(leg: &Leg, act: &Act, ordered: ActKind) -> bool {
        let now = Now { mono: MonoTime::default(), wall: Timestamp(1_000_000) };
        let (events, policy) = (&Evidence::NotReadable, &Policy::default());
        let grounds = Grounds { leg, sender_events: events, receiver_events: events, policy, ordered: Some(ordered) };
        check(act, grounds, now).is_err()
    }

    #[test]
    fn an_order_starts_where_hyper_v_accepts_it_and_never_pauses_the_replicas_side() {
        for number in 0..=25 {
            let state = S::from_number(number);
            let (sender, receiver) = (leg(state, S::Replicating), leg(S::Replicating, state));
            for (kind, at_sender, at_receiver) in
                [(ActKind::Resume, &[7, 8, 11][..], &[7, 8][..]), (ActKind::Pause, &[2, 3, 10], &[])]
            {
                let on = |leg: &Leg, side| Act { kind, ..act(leg, side) };
                let refused = ordered_and_refused(&sender, &on(&sender, false), kind);
                assert_eq!(refused, !at_sender.contains(&number), "{kind:?} of the sender from {number}");
                let refused = ordered_and_refused(&receiver, &on(&receiver, true), kind);
                assert_eq!(refused, !at_receiver.contains(&number), "{kind:?} of the receiver from {number}");
            }
        }
        let running = leg(S::Replicating, S::Replicating);
        let pause = Act { kind: ActKind::Pause, ..act(&running, false) };
        assert!(!ordered_and_refused(&running, &pause, ActKind::Pause));
        assert!(ordered_and_refused(&running, &pause, ActKind::Resume), "something else was ordered");
        assert!(refused(&running, &pause, &Policy::default(), 0), "nobody ordered it");
        for power in [EnabledState::Running, EnabledState::Other(0)] {
            let mut in_use = leg(S::Replicating, S::Replicating);
            end_mut(&mut in_use.receiver).vm.enabled = power;
            assert!(ordered_and_refused(&in_use, &pause, ActKind::Pause), "{power:?}");
        }
    }

    #[test]
    fn a_pause_that_a_person_asked_reprise_for_is_resumed_by_an_order_alone() {
        let mark = |kind| PauseMark { kind, until: None };
        let marked = |kind| Policy { marks: [(leg_id(1), mark(kind))].into(), ..Policy::default() };
        for (state, kind, is_refused) in [
            (S::Suspended, MarkKind::Meant, true),
            (S::ResynchronizeSuspended, MarkKind::Meant, true),
            (S::Error, MarkKind::Meant, false),
            (S::Suspended, MarkKind::Intended, true),
            (S::ResynchronizeSuspended, MarkKind::Intended, true),
            (S::Error, MarkKind::Intended, false),
            (S::Suspended, MarkKind::Drill, false),
        ] {
            let leg = leg(state, S::Replicating);
            assert_eq!(refused(&leg, &act(&leg, false), &marked(kind), 0), is_refused, "{state} {kind:?}");
            assert!(!ordered_and_refused(&leg, &act(&leg, false), ActKind::Resume));
        }
    }

    #[test]
    fn what_a_person_asked_for_and_was_perhaps_never_made_is_resumed_if_both_records_of_a_shutdown_stand_there() {
        let (leg, now) = (leg(S::Suspended, S::Replicating), Now { mono: MonoTime::default(), wall: Timestamp(0) });
        let aborted = VmmsEventKind::SendFailed { code: evidence::ABORTED };
        let both = vec![(leg.id.vm, VmmsEventKind::NonRecoverable), (leg.id.vm, aborted)];
        for (kind, events, is_refused) in [
            (MarkKind::Intended, both.clone(), false),
            (MarkKind::Meant, both.clone(), true),
            (MarkKind::Intended, vec![both[0]], true),
            (MarkKind::Intended, vec![both[1]], true),
            (MarkKind::Intended, vec![(vm_id(2), both[0].1), (vm_id(2), aborted)], true),
        ] {
            let policy = Policy { marks: [(leg.id, PauseMark { kind, until: None })].into(), ..Policy::default() };
            let records = events.iter().map(|(vm, kind)| VmmsEvent { vm: *vm, at: HostTime(0), kind: *kind });
            let sender_events = &Evidence::Readable(Records::whole(records.collect(), vec![]));
            let receiver_events = &Evidence::NotReadable;
            let grounds = Grounds { leg: &leg, sender_events, receiver_events, policy: &policy, ordered: None };
            assert_eq!(check(&act(&leg, false), grounds, now).is_err(), is_refused, "{kind:?} {events:?}");
        }
    }

    #[test]
    fn each_circumstance_that_forbids_an_act_is_enough() {
        fn replicated_by_another(end: &mut End) {
            let Seen::Seen(settings) = &mut end_mut(end).object.settings else { panic!("they are seen") };
            settings.provider = Provider::External("another".to_owned());
        }
        let changes: [fn(&mut Leg, &mut Policy); 11] = [
            |leg, _| leg.second_primary = Some(HostId(7)),
            |leg, _| replicated_by_another(&mut leg.sender),
            |leg, _| replicated_by_another(&mut leg.receiver),
            |_, policy| policy.frozen = true,
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
    }

    #[test]
    fn no_act_rests_on_an_old_look_and_what_is_not_read_again_before_it_was_seen_just_now() {
        let none = || missing_end(1, Whereabouts::NotAsked);
        let alone = Leg { receiver: none(), ..leg(S::Error, S::Replicating) };
        assert!(!refused(&alone, &act(&alone, false), &Policy::default(), 60));
        assert!(refused(&alone, &act(&alone, false), &Policy::default(), 61));
        let both = leg(S::Error, S::Replicating);
        assert!(refused(&both, &act(&both, false), &Policy::default(), 11), "the replica is not read again");
        let mut slow = leg(S::Error, S::Replicating);
        end_mut(&mut slow.receiver).told = MonoTime(Duration::from_secs(20));
        assert!(!refused(&slow, &act(&slow, false), &Policy::default(), 60), "nothing newer is to be had of it");
        assert!(refused(&slow, &act(&slow, false), &Policy::default(), 61));
    }

    #[test]
    fn the_replicas_side_is_resumed_on_proof_alone() {
        let leg = leg(S::Replicating, S::Error);
        let act = act(&leg, true);
        let now = Now { mono: MonoTime::default(), wall: Timestamp(1_000_000) };
        let policy = Policy::default();
        let other = VmmsEvent { vm: vm_id(2), at: HostTime(0), kind: VmmsEventKind::NonRecoverable };
        let nothing = Evidence::Readable(Records::whole(vec![other], vec![]));
        for events in [Evidence::NotReadable, Evidence::Awaited, nothing] {
            let (leg, receiver_events, policy) = (&leg, &events, &policy);
            let grounds = Grounds { leg, sender_events: &Evidence::Awaited, receiver_events, policy, ordered: None };
            assert!(check(&act, grounds, now).is_err());
        }
        assert!(!refused(&leg, &act, &policy, 0));
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
