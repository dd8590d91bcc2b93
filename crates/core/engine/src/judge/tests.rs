//! Every row of the decision table and every veto.

use reprise_model::{
    EnabledState, Evidence, Hold, HoldScope, HostId, HostTime, InitialPolicy, LastReplication, MarkKind, PauseMark,
    PausedRule, PeerUnseen, Problem, ProblemKind, Provider, Reason, Records, ReplicationMode, ReplicationState, Seen,
    Timestamp, VmSelector, VmmsEvent, VmmsEventKind,
};

use super::*;
use crate::leg::Whereabouts;
use crate::pause::Span;
use crate::sample::{end_mut, leg, leg_id, missing_end, name, settings, vm_id};

const WALL: Timestamp = Timestamp(1_000_000);
const EVERY_STATE: std::ops::RangeInclusive<u16> = 0..=25;

fn verdict(leg: &Leg, memory: &Memory, policy: &Policy) -> Verdict {
    judge(leg, memory, policy, WALL)
}

fn plain(leg: &Leg) -> Verdict {
    verdict(leg, &Memory::default(), &Policy::default())
}

fn state(number: u16) -> ReplicationState {
    ReplicationState::from_number(number)
}

fn resume(reason: Reason) -> Verdict {
    Verdict::Resume { reason, side: Side::Sender, without_evidence: reason == Reason::PausedAtStart }
}

fn paused(from_start: bool) -> (Leg, Memory) {
    (leg(state(7), state(3)), Memory { paused_from_start: from_start, pause: seen_paused(), ..Memory::default() })
}

/// When a pause that a look showed at 1 000 s of its host's clock can have begun.
fn seen_paused() -> Span {
    Span { after: None, perhaps_after: None, by: Some(HostTime(1_000_000)), booted: Some(HostTime(0)) }
}

fn shutdown_events() -> Evidence {
    let event = |kind| VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind };
    let pair =
        vec![event(VmmsEventKind::NonRecoverable), event(VmmsEventKind::SendFailed { code: crate::evidence::ABORTED })];
    Evidence::Readable(Records::whole(pair, Vec::new()))
}

#[test]
fn each_state_of_the_sender_has_its_row() {
    let expected = |number| match number {
        1 => Verdict::Leave(Reason::ReadyForInitialReplication),
        2 => Verdict::Leave(Reason::InitialReplication),
        3 => Verdict::Healthy { held: None },
        4 | 19 | 20 => Verdict::Leave(Reason::FailoverPrepared),
        5 | 6 => Verdict::Leave(Reason::FailoverInForce),
        7 => Verdict::Leave(Reason::PausedNoEvidence),
        8 => resume(Reason::Error),
        9 => Verdict::NeedsPerson(Reason::ResyncRequired),
        10 => Verdict::Leave(Reason::Resynchronizing),
        11 => Verdict::NeedsPerson(Reason::ResyncSuspended),
        12..=14 => Verdict::Leave(Reason::FailoverInProgress),
        15 | 18 => Verdict::Leave(Reason::UpdateInProgress),
        16 => Verdict::NeedsPerson(Reason::UpdateError),
        21 => Verdict::Leave(Reason::TestReplica),
        _ => Verdict::NeedsPerson(Reason::UnknownState),
    };
    for number in EVERY_STATE {
        assert_eq!(plain(&leg(state(number), state(3))), expected(number), "state {number}");
    }
}

#[test]
fn a_replica_whose_power_state_is_not_known_to_be_off_is_left_alone() {
    for number in [0, 1, 5, 7, 8, 32_771, 40_000] {
        for sender in [3, 7, 8] {
            let mut judged = leg(state(sender), state(3));
            end_mut(&mut judged.receiver).vm.enabled = EnabledState::Other(number);
            let memory = Memory { paused_from_start: true, ..Memory::default() };
            let verdict = verdict(&judged, &memory, &Policy::default());
            assert_eq!(verdict, Verdict::NeedsPerson(Reason::UnknownPowerState), "{number} {sender}");
        }
    }
}

#[test]
fn a_part_in_replication_that_is_not_understood_is_left_alone_at_either_end() {
    for side in [Side::Sender, Side::Receiver] {
        let mut judged = leg(state(8), state(3));
        let end = if side == Side::Sender { &mut judged.sender } else { &mut judged.receiver };
        end_mut(end).vm.mode = ReplicationMode::Unrecognised(5);
        assert_eq!(plain(&judged), Verdict::NeedsPerson(Reason::UnknownState), "{side:?}");
    }
}

#[test]
fn a_state_of_failover_test_or_change_at_the_receiver_vetoes_whatever_the_sender_says() {
    for sender in [3, 7, 8] {
        for receiver in [4, 5, 6, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22] {
            let (mut judged, memory) = paused(true);
            judged = Leg { sender: leg(state(sender), state(3)).sender, ..judged };
            end_mut(&mut judged.receiver).object.state = state(receiver);
            let verdict = verdict(&judged, &memory, &Policy::default());
            assert!(
                matches!(verdict, Verdict::Leave(_) | Verdict::NeedsPerson(Reason::UnknownState)),
                "{sender} {receiver}: {verdict:?}"
            );
        }
    }
}

#[test]
fn what_was_paused_at_the_first_look_follows_at_boot() {
    let (leg, memory) = paused(true);
    let mut policy = Policy::default();
    assert_eq!(verdict(&leg, &memory, &policy), resume(Reason::PausedAtStart), "the article's way");
    policy.paused.at_boot = PausedRule::Leave;
    assert_eq!(verdict(&leg, &memory, &policy), Verdict::Leave(Reason::PausedLeft));
    policy.paused.at_boot = PausedRule::Evidence;
    assert_eq!(verdict(&leg, &memory, &policy), Verdict::Leave(Reason::PausedNoEvidence));
    let readable =
        Memory { sender_events: Evidence::Readable(Records::whole(Vec::new(), Vec::new())), ..memory.clone() };
    assert_eq!(verdict(&leg, &readable, &policy), Verdict::Leave(Reason::PausedByPerson));
    let proved = Memory { sender_events: shutdown_events(), ..memory };
    assert_eq!(verdict(&leg, &proved, &policy), resume(Reason::PausedByShutdown));
}

#[test]
fn a_pause_that_begins_while_we_watch_is_a_persons_unless_events_prove_a_shutdown() {
    let (leg, memory) = paused(false);
    assert_eq!(verdict(&leg, &memory, &Policy::default()), Verdict::Leave(Reason::PausedNoEvidence));
    let proved = Memory { sender_events: shutdown_events(), ..memory };
    assert_eq!(verdict(&leg, &proved, &Policy::default()), resume(Reason::PausedByShutdown));
}

#[test]
fn an_unfinished_initial_replication_is_resumed_out_of_error_and_left_when_paused() {
    let mut stopped = leg(state(8), state(2));
    end_mut(&mut stopped.sender).object.last_replication = LastReplication::Never;
    assert_eq!(plain(&stopped), resume(Reason::InitialReplicationStopped));
    end_mut(&mut stopped.sender).object.state = state(7);
    let memory = Memory { paused_from_start: true, ..Memory::default() };
    let mut policy = Policy::default();
    assert_eq!(verdict(&stopped, &memory, &policy), Verdict::Leave(Reason::InitialReplicationPaused));
    policy.paused.initial = InitialPolicy::Resume;
    assert_eq!(verdict(&stopped, &memory, &policy), resume(Reason::PausedAtStart));
}

#[test]
fn vmms_is_left_to_retry_for_two_intervals_and_then_helped() {
    let event = VmmsEvent { vm: vm_id(1), at: HostTime(0), kind: VmmsEventKind::WillRetry { after: None } };
    let judged = leg(state(8), state(3));
    let at = |clock| Memory {
        sender_events: Evidence::Readable(Records::whole(vec![event], Vec::new())),
        sender_clock: Some(HostTime(clock)),
        ..Memory::default()
    };
    assert_eq!(verdict(&judged, &at(599_999), &Policy::default()), Verdict::Wait(Reason::VmmsRetries));
    assert_eq!(verdict(&judged, &at(600_000), &Policy::default()), resume(Reason::Error));
    let gave_up = Memory { sender_events: shutdown_events(), sender_clock: Some(HostTime(0)), ..Memory::default() };
    assert_eq!(verdict(&judged, &gave_up, &Policy::default()), resume(Reason::Error));
}

#[test]
fn the_receivers_own_pause_stops_us_and_its_own_error_is_repaired_only_with_proof() {
    assert_eq!(plain(&leg(state(8), state(7))), Verdict::NeedsPerson(Reason::PausedOnReplica));
    assert_eq!(plain(&leg(state(3), state(7))), Verdict::NeedsPerson(Reason::PausedOnReplica));
    assert_eq!(plain(&leg(state(3), state(8))), Verdict::NeedsPerson(Reason::ReplicaError));
    assert_eq!(plain(&leg(state(8), state(8))), resume(Reason::Error), "a finding, not a veto");
    let proved = Memory { receiver_events: shutdown_events(), ..Memory::default() };
    let on_receiver = Verdict::Resume { reason: Reason::ReplicaError, side: Side::Receiver, without_evidence: false };
    assert_eq!(verdict(&leg(state(3), state(8)), &proved, &Policy::default()), on_receiver);
}

#[test]
fn a_receiver_that_was_asked_is_waited_for_and_one_that_was_not_is_no_obstacle() {
    let problem = Problem::new(ProblemKind::Unreachable, "reach the host", "connection refused");
    let host = HostId(1);
    let cases = [
        (Whereabouts::NotAsked, resume(Reason::Error), resume(Reason::Error)),
        (Whereabouts::NotYet { host: Some(host) }, Verdict::Wait(Reason::WaitingForPeer), resume(Reason::Error)),
        (
            Whereabouts::Late { host: "hv02".to_owned(), problem },
            Verdict::Fail(Reason::PeerNotSeen),
            resume(Reason::Error),
        ),
        (Whereabouts::NotLoaded { host }, Verdict::Fail(Reason::PeerNotLoaded), resume(Reason::Error)),
        (Whereabouts::WithoutIt { host }, Verdict::NeedsPerson(Reason::PeerWithoutReplica), resume(Reason::Error)),
    ];
    for (whereabouts, when_waiting, when_resuming) in cases {
        let judged = Leg { receiver: missing_end(1, whereabouts), ..leg(state(8), state(3)) };
        assert_eq!(plain(&judged), when_waiting);
        let policy = Policy { peer_unseen: PeerUnseen::Resume, ..Policy::default() };
        assert_eq!(verdict(&judged, &Memory::default(), &policy), when_resuming);
    }
}

#[test]
fn a_sender_that_is_not_seen_is_somebody_elses_or_waited_for_or_failed() {
    let problem = Problem::new(ProblemKind::TimedOut, "reach the host", "no answer");
    let host = HostId(0);
    let cases = [
        (Whereabouts::NotAsked, Verdict::NotOurs, Verdict::Fail(Reason::ClusteredOwnerNotFound)),
        (
            Whereabouts::NotYet { host: Some(host) },
            Verdict::Wait(Reason::SenderNotReady),
            Verdict::Wait(Reason::SenderNotReady),
        ),
        (
            Whereabouts::Late { host: "hv02".to_owned(), problem },
            Verdict::Fail(Reason::SenderNotReady),
            Verdict::Fail(Reason::SenderNotReady),
        ),
        (
            Whereabouts::WithoutIt { host },
            Verdict::NeedsPerson(Reason::SenderNotFound),
            Verdict::Fail(Reason::ClusteredOwnerNotFound),
        ),
        (
            Whereabouts::NotLoaded { host },
            Verdict::Fail(Reason::SenderNotLoaded),
            Verdict::Fail(Reason::SenderNotLoaded),
        ),
    ];
    for (whereabouts, plain_verdict, clustered_verdict) in cases {
        let mut judged = Leg { sender: missing_end(0, whereabouts), ..leg(state(8), state(3)) };
        assert_eq!(plain(&judged), plain_verdict);
        let mut broker = settings(0, 1);
        broker.primary_point = reprise_model::HostName::new("broker.lab.test");
        end_mut(&mut judged.receiver).object.settings = Seen::Seen(broker);
        assert_eq!(plain(&judged), clustered_verdict);
    }
}

#[test]
fn two_primaries_tests_other_providers_and_running_replicas_are_never_touched() {
    let broken = || leg(state(8), state(3));
    assert_eq!(plain(&Leg { second_primary: Some(HostId(7)), ..broken() }), Verdict::NeedsPerson(Reason::BothPrimary));
    let mut test = broken();
    end_mut(&mut test.receiver).vm.mode = ReplicationMode::TestReplica;
    assert_eq!(plain(&test), Verdict::Leave(Reason::TestReplica));
    let mut external = broken();
    let provider = Provider::External("azure".to_owned());
    end_mut(&mut external.sender).object.settings =
        Seen::Seen(reprise_model::ReplicationSettings { provider, ..settings(0, 1) });
    assert_eq!(plain(&external), Verdict::Leave(Reason::ExternalProvider));
    let mut running = broken();
    end_mut(&mut running.receiver).vm.enabled = EnabledState::Running;
    assert_eq!(plain(&running), Verdict::NeedsPerson(Reason::ReplicaRunning));
    let mut alone = running.clone();
    end_mut(&mut alone.sender).vm.enabled = EnabledState::Off;
    assert_eq!(plain(&alone), Verdict::NeedsPerson(Reason::ReplicaRunning), "the more so while the primary is off");
    let twice = Memory { resumes: 2, ..Memory::default() };
    assert_eq!(verdict(&running, &twice, &Policy::default()), Verdict::NeedsPerson(Reason::PossibleSplitBrain));
}

#[test]
fn a_leg_whose_data_is_older_than_three_intervals_does_not_move_unless_a_host_has_just_booted() {
    let mut judged = leg(state(3), state(3));
    let at = |clock: i64| Memory { sender_clock: Some(HostTime(900_000 + clock)), ..Memory::default() };
    let moves = |leg: &Leg, clock| verdict(leg, &at(clock), &Policy::default()) == Verdict::Healthy { held: None };
    assert!(moves(&judged, 900_000), "fifteen minutes are three intervals of five");
    assert!(!moves(&judged, 900_001));
    assert_eq!(verdict(&judged, &at(900_001), &Policy::default()), Verdict::NeedsPerson(Reason::NotMoving));
    let resumed = |seconds| {
        let running_for = Some(std::time::Duration::from_secs(seconds));
        verdict(&judged, &Memory { running_for, ..at(9_000_000) }, &Policy::default())
    };
    assert_eq!(resumed(900), Verdict::Healthy { held: None }, "it was seen to stand still, and has had no time yet");
    assert_eq!(resumed(901), Verdict::NeedsPerson(Reason::NotMoving));
    end_mut(&mut judged.receiver).up_for = Some(std::time::Duration::from_mins(2));
    assert!(moves(&judged, 900_001), "the replica server was away");
}

#[test]
fn a_left_over_failover_type_alone_is_no_veto() {
    let mut judged = leg(state(8), state(3));
    end_mut(&mut judged.receiver).object.failed_over = reprise_model::FailedOverType::Planned;
    assert_eq!(plain(&judged), resume(Reason::Error));
}

#[test]
fn d8_a_hold_or_an_exception_covers_a_vm_a_host_or_all_until_it_expires() {
    let hold = |scope, only_this_pass, until| Policy {
        holds: vec![Hold { scope, reason: "migration".to_owned(), until, only_this_pass }],
        ..Policy::default()
    };
    let mut broken = leg(state(8), state(3));
    broken.held_hosts.insert(name(1));
    let left = |policy: &Policy| verdict(&broken, &Memory::default(), policy) == Verdict::Leave(Reason::Held);
    assert!(left(&hold(HoldScope::All, false, None)));
    assert!(left(&hold(HoldScope::Vm(VmSelector::parse("VM-001")), false, None)), "names are labels without case");
    assert!(left(&hold(HoldScope::Vm(VmSelector::parse(&vm_id(1).to_string())), false, None)));
    assert!(left(&hold(HoldScope::Host(name(1)), false, None)), "a host covers what it receives");
    assert!(left(&hold(HoldScope::All, false, Some(Timestamp(WALL.0 + 1)))));
    assert!(!left(&hold(HoldScope::All, false, Some(WALL))), "it has expired");
    assert!(!left(&hold(HoldScope::Vm(VmSelector::parse("vm-002")), false, None)));
    assert!(!left(&hold(HoldScope::Host(name(5)), false, None)));
    let excepted = hold(HoldScope::Vm(VmSelector::parse("vm-001")), true, None);
    assert_eq!(verdict(&broken, &Memory::default(), &excepted), Verdict::Leave(Reason::Excepted));
    let healthy = verdict(&leg(state(3), state(3)), &Memory::default(), &excepted);
    assert_eq!(healthy, Verdict::Healthy { held: Some(Reason::Excepted) });
}

mod properties {
    use proptest::prelude::*;
    use reprise_model::{Act, ActId, ActKind, MonoTime, Now};

    use super::*;
    use crate::guard::{self, Grounds};

    fn whereabouts() -> impl Strategy<Value = Whereabouts> {
        prop_oneof![
            Just(Whereabouts::NotAsked),
            Just(Whereabouts::NotYet { host: Some(HostId(1)) }),
            Just(Whereabouts::WithoutIt { host: HostId(1) }),
            Just(Whereabouts::Unreadable {
                host: HostId(1),
                problem: Problem::new(ProblemKind::Malformed, "read", "odd")
            }),
            Just(Whereabouts::Late {
                host: "hv02".to_owned(),
                problem: Problem::new(ProblemKind::Unreachable, "reach", "refused")
            }),
        ]
    }

    fn any_leg() -> impl Strategy<Value = Leg> {
        // Weighted towards what may be acted on at all.
        let sender = prop_oneof![2 => 0_u16..24, 1 => Just(7), 3 => Just(8)];
        let states = (sender, prop_oneof![1 => 0_u16..24, 1 => Just(3), 1 => Just(8)]);
        let runs = (any::<bool>(), any::<bool>());
        let oddities = (0_u16..6, runs, prop_oneof![9 => Just(None), 1 => Just(Some(HostId(3)))], any::<bool>());
        (states, oddities, prop_oneof![3 => Just(None), 1 => whereabouts().prop_map(Some)]).prop_map(
            |((sender, receiver), (mode, (sender_runs, receiver_runs), second_primary, never), missing)| {
                let mut leg = leg(state(sender), state(receiver));
                end_mut(&mut leg.receiver).vm.mode = match mode {
                    3 => ReplicationMode::TestReplica,
                    _ => ReplicationMode::Replica,
                };
                if !sender_runs {
                    end_mut(&mut leg.sender).vm.enabled = EnabledState::Off;
                }
                if receiver_runs {
                    end_mut(&mut leg.receiver).vm.enabled = EnabledState::Running;
                }
                if never {
                    end_mut(&mut leg.sender).object.last_replication = LastReplication::Never;
                }
                leg.second_primary = second_primary;
                if let Some(whereabouts) = missing {
                    leg.receiver = missing_end(1, whereabouts);
                }
                leg
            },
        )
    }

    fn any_policy() -> impl Strategy<Value = Policy> {
        let rule = prop_oneof![Just(PausedRule::Resume), Just(PausedRule::Leave), Just(PausedRule::Evidence)];
        let hold = prop_oneof![
            4 => Just(None),
            1 => Just(Some(HoldScope::All)),
            1 => Just(Some(HoldScope::Vm(VmSelector::Id(vm_id(1))))),
            1 => Just(Some(HoldScope::Host(name(0)))),
        ];
        let kinds = [None, Some(MarkKind::Meant), Some(MarkKind::Intended), Some(MarkKind::Drill)];
        let marks = (prop::sample::select(kinds.to_vec()), prop::option::of(Just(HostTime(0))));
        let marks = marks.prop_map(|(kind, until)| kind.map(|kind| (leg_id(1), PauseMark { kind, until })));
        (rule.clone(), rule, any::<bool>(), hold, marks).prop_map(|(at_boot, while_running, unseen, hold, mark)| {
            Policy {
                marks: mark.into_iter().collect(),
                peer_unseen: if unseen { PeerUnseen::Resume } else { PeerUnseen::Wait },
                paused: reprise_model::PausedPolicy { at_boot, while_running, initial: InitialPolicy::Resume },
                holds: hold
                    .map(|scope| Hold { scope, reason: String::new(), until: None, only_this_pass: false })
                    .into_iter()
                    .collect(),
                ..Policy::default()
            }
        })
    }

    proptest! {
        #[test]
        fn one_rule_decides_and_says_what_the_verdict_is(leg in any_leg(), policy in any_policy(), ready in 0_u8..3, unmatched in any::<bool>(), hidden in any::<bool>()) {
            let readiness = [Readiness::Ready, Readiness::Waiting, Readiness::Late][usize::from(ready)];
            let holds = if unmatched { HoldsCheck::Unmatched } else { HoldsCheck::Matched };
            let memory = Memory { sender_host: readiness, holds, ..Memory::default() };
            let leg = if hidden { Leg { sender: missing_end(0, Whereabouts::NotAsked), ..leg } } else { leg };
            let judgement = Judgement::of(&leg, &memory, &policy, MonoTime::default(), WALL);
            let decided: Vec<_> = judgement.rules.iter().filter(|rule| rule.decided).collect();
            prop_assert_eq!(decided.len(), 1, "{:?}", &judgement.rules);
            prop_assert_eq!(decided[0].says, Some(judge(&leg, &memory, &policy, WALL)));
            prop_assert_eq!(judgement.rules[0].name, RuleName::Hold);
            prop_assert_eq!(judgement.rules[0].decided, judgement.held_by.is_some() && judgement.verdict != Verdict::NotOurs);
        }

        #[test]
        fn whatever_is_to_be_resumed_passes_the_guard(leg in any_leg(), policy in any_policy(), from_start in any::<bool>(), resumes in 0_u32..4, proved in any::<bool>(), receiver_proved in any::<bool>()) {
            let sender_events = if proved { shutdown_events() } else { Evidence::NotReadable };
            let receiver_events = if receiver_proved { shutdown_events() } else { Evidence::NotReadable };
            let memory = Memory { paused_from_start: from_start, resumes, sender_events, receiver_events, pause: seen_paused(), ..Memory::default() };
            let judged = judge(&leg, &memory, &policy, WALL);
            if let Verdict::Resume { side, .. } = judged {
                let end = if side == Side::Sender { leg.sender.seen() } else { leg.receiver.seen() }.unwrap();
                let act = Act {
                    id: ActId { epoch: 0, number: 0 }, leg: leg.id, host: end.host, kind: ActKind::Resume, vm_key: end.vm.key.clone(),
                    kept: end.object.kept.clone(), expected_state: end.object.state, expected_mode: end.vm.mode,
                };
                let (sender_events, receiver_events) = (&memory.sender_events, &memory.receiver_events);
                let grounds = Grounds { leg: &leg, sender_events, receiver_events, policy: &policy, ordered: None };
                prop_assert_eq!(guard::check(&act, grounds, Now { mono: MonoTime::default(), wall: WALL }), Ok(()));
            }
        }
    }
}
