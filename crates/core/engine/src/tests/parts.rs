//! Who plays which part where hosts say odd things of it: two primaries, a primary without a mode or without replication, and
//! a replica that is failed over while it sends onwards.

use reprise_model::{EnabledState, Kept, LegKind, Observation, RelationshipId, ReplicationMode, Slot};

use super::*;
use crate::sample::settings;

fn shown(seen: &mut Observation) -> &mut reprise_model::Replication {
    let Seen::Seen(replication) = &mut seen.replication else { panic!("it is seen") };
    replication
}

fn with_mode(mut seen: Observation, mode: ReplicationMode) -> Observation {
    for vm in shown(&mut seen).vms.values_mut() {
        vm.mode = mode;
    }
    seen
}

fn set_up(mut seen: Observation, primary: u32, recovery: u32) -> Observation {
    for object in shown(&mut seen).objects.values_mut() {
        object.settings = Seen::Seen(settings(primary, recovery));
    }
    seen
}

/// `vm-001` from the first host to the second, which sends it on to the third.
fn chain(middle: S, onwards: S) -> Vec<Observation> {
    let mut second = look(1, &[middle]);
    let mut object = shown(&mut second).objects.values().next().unwrap().clone();
    object.id = RelationshipId { vm: vm_id(1), slot: Slot::One };
    object.kept = Kept::AsRelationship { instance_id: format!("Microsoft:{}\\HVR\\1", vm_id(1)) };
    object.state = onwards;
    object.settings = Seen::Seen(settings(1, 2));
    shown(&mut second).objects.insert(object.id, object);
    let third = set_up(with_mode(look(2, &[S::Replicating]), ReplicationMode::ExtendedReplica), 1, 2);
    vec![look(0, &[S::Replicating]), second, third]
}

fn extended(drive: &Drive) -> &LegReport {
    drive.legs().iter().find(|leg| leg.id.kind == LegKind::Extended).unwrap()
}

#[test]
fn an_extended_leg_is_left_while_its_primary_server_is_failed_over_to() {
    for (middle, reason) in [
        (S::FailedOverWaitingCompletion, Reason::FailoverInForce),
        (S::FailedOver, Reason::FailoverInForce),
        (S::PreparedForFailover, Reason::FailoverPrepared),
        (S::RecoveryInProgress, Reason::FailoverInProgress),
    ] {
        for onwards in [S::Error, S::Suspended] {
            let mut drive = Drive::new(setup(3), chain(middle, onwards));
            drive.run_to(200.0);
            assert!(drive.acts.is_empty(), "{middle}: {:?}", drive.acts);
            let leg = extended(&drive);
            assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::Left, reason, false), "{middle}");
        }
    }
}

#[test]
fn an_extended_leg_is_left_to_a_person_while_what_its_primary_server_receives_is_not_understood() {
    let mut drive = Drive::new(setup(3), chain(S::Unknown, S::Error));
    drive.run_to(200.0);
    assert!(drive.acts.is_empty());
    assert_eq!(extended(&drive).result, LegResult::NeedsPerson);
    for middle in [S::Replicating, S::Error, S::Suspended, S::FiredrillInProgress] {
        let mut drive = Drive::new(setup(3), chain(middle, S::Error));
        drive.run_to(1.5);
        let acts: Vec<_> = drive.acts.iter().map(|act| act.leg.kind).collect();
        assert!(acts.contains(&LegKind::Extended), "{middle} keeps nobody from sending onwards: {acts:?}");
    }
}

/// Each of the two names the other or itself; which is asked first must not matter.
#[test]
fn two_primaries_are_both_named_with_the_one_that_runs_and_states_of_one_host() {
    for (first, second) in [(0, 1), (1, 0)] {
        let hosts = vec![
            set_up(look(0, &[S::Error]), first, second),
            set_up(with_mode(look(1, &[S::Replicating]), ReplicationMode::Primary), 0, 1),
        ];
        let mut drive = Drive::new(setup(2), hosts);
        for vm in shown(&mut drive.hosts[0]).vms.values_mut() {
            vm.enabled = EnabledState::Running;
        }
        drive.run_to(200.0);
        assert!(drive.acts.is_empty());
        let leg = drive.leg();
        assert_eq!(leg.reason, Reason::BothPrimary);
        assert_eq!((leg.primary.as_deref(), leg.replica.as_deref()), (Some("hv01.lab.test"), None), "neither receives");
        assert_eq!(leg.second_primary.as_deref(), Some("hv02.lab.test"));
        assert_eq!((leg.before, leg.after), (Some(S::Error), Some(S::Error)), "of the same host");
        let running = vec!["hv01.lab.test".to_owned()];
        let (one, other) = (Some("hv01.lab.test".to_owned()), "hv02.lab.test".to_owned());
        assert!(
            leg.findings.contains(&Finding::BothPrimary { first: one, second: other, running }),
            "{:?}",
            leg.findings
        );
    }
}

/// The second host answers first, so that the leg is seen there before the first one shows it too.
#[test]
fn what_one_primary_was_is_not_told_as_the_past_of_the_other() {
    let second = set_up(with_mode(look(1, &[S::Replicating]), ReplicationMode::Primary), 1, 0);
    let mut drive = Drive::new(setup(2), vec![unreachable(), second]);
    drive.run_to(3.0);
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(200.0);
    let leg = drive.leg();
    assert_eq!(
        (leg.primary.as_deref(), leg.before, leg.after),
        (Some("hv01.lab.test"), Some(S::Error), Some(S::Error))
    );
}

#[test]
fn a_primary_whose_mode_says_that_it_is_not_replicated_is_the_primary_and_left_to_a_person() {
    for state in [S::Error, S::Replicating, S::Suspended] {
        let hosts = vec![with_mode(look(0, &[state]), ReplicationMode::None), look(1, &[S::Replicating])];
        let mut drive = Drive::new(setup(2), hosts);
        drive.run_to(200.0);
        assert!(drive.acts.is_empty());
        let leg = drive.leg();
        assert_eq!((leg.result, leg.reason), (LegResult::NeedsPerson, Reason::UnknownState), "{state}");
        assert_eq!(leg.primary.as_deref(), Some("hv01.lab.test"));
        assert_eq!((leg.replica.as_deref(), leg.after), (Some("hv02.lab.test"), Some(state)));
    }
}

#[test]
fn a_primary_at_state_0_is_told_where_the_other_end_replicates_and_is_no_replication_alone() {
    let mut drive = Drive::new(setup(2), vec![look(0, &[S::Disabled]), look(1, &[S::Replicating])]);
    drive.run_to(200.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason, leg.after), (LegResult::NeedsPerson, Reason::UnknownState, Some(S::Disabled)));
    let mut drive = Drive::new(setup(2), vec![look(0, &[S::Disabled]), look(1, &[])]);
    drive.run_to(200.0);
    assert!(drive.legs().is_empty(), "{:?}", drive.legs());
}

/// By the sender's host's clock the last data came a minute and forty seconds ago in the samples.
fn still(states: &[S]) -> Vec<Observation> {
    let mut hosts = pair(states);
    for host in &mut hosts {
        let Seen::Seen(system) = &mut host.system else { panic!("it is seen") };
        system.clock = reprise_model::HostTime(1_000_000_000);
    }
    hosts
}

#[test]
fn a_leg_that_does_not_move_is_told_and_is_not_protected() {
    let mut drive = Drive::new(setup(2), still(&[S::Replicating]));
    drive.run_to(60.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::NeedsPerson, Reason::NotMoving, true));
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Partial);
    assert!(drive.told.iter().any(|n| matches!(n, Notice::NeedsPerson(leg) if leg.reason == Reason::NotMoving)));
}

#[test]
fn old_data_says_nothing_of_a_leg_that_was_resumed_a_moment_ago_by_us_or_by_others() {
    for by_us in [true, false] {
        let mut drive = Drive::new(setup(2), still(&[S::Error]));
        drive.run_to(1.5);
        drive.hosts = still(&[S::Replicating]);
        drive.end_act(if by_us { ended() } else { Outcome::Stale { found: "Replicating".to_owned() } });
        drive.run_to(60.0);
        let expected = if by_us { LegResult::Resumed } else { LegResult::Healthy };
        assert_eq!(drive.leg().result, expected);
    }
}
