//! A row that cannot be read is left alone and reported, and never disappears.

use reprise_model::{
    Observation, PeerUnseen, Problem, ProblemKind, Reason, RelationshipId, Replication, ReplicationMode,
    ReplicationState as S, Retry, Seen, Slot, UnreadableObject,
};

use crate::goal::PassOutcome;
use crate::sample::{look, name, settings, setup, vm_id};
use crate::tests::{Drive, ended, pair};
use crate::{LegResult, Notice};

fn shown(observation: &mut Observation) -> &mut Replication {
    match &mut observation.replication {
        Seen::Seen(replication) => replication,
        Seen::NotSeen(problem) => panic!("{problem}"),
    }
}

/// Spoils VM `n` on a host: its object cannot be read, and of its VM no more than its mode, if that.
fn spoil(observation: &mut Observation, n: u32, mode: Option<ReplicationMode>) -> &mut UnreadableObject {
    let replication = shown(observation);
    let id = RelationshipId { vm: vm_id(n), slot: Slot::Zero };
    let object = replication.objects.remove(&id).unwrap();
    let vm = replication.vms.remove(&id.vm).unwrap();
    let problem = Problem::new(ProblemKind::Malformed, "read the VMs", "property EnabledState cannot be read");
    let settings = object.settings.seen().cloned();
    let unreadable = UnreadableObject { name: Some(vm.name), mode, settings, is_idle: false, problem };
    replication.unreadable.entry(id).or_insert(unreadable)
}

#[test]
fn a_leg_whose_sender_cannot_be_read_is_told_as_failed_and_the_others_are_served() {
    for mode in [Some(ReplicationMode::Primary), None] {
        let mut hosts = pair(&[S::Error, S::Error]);
        spoil(&mut hosts[0], 2, mode);
        let mut drive = Drive::new(setup(2), hosts);
        drive.run_to(1.5);
        assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), [vm_id(1)]);
        drive.hosts[0] = look(0, &[S::Replicating, S::Error]);
        spoil(&mut drive.hosts[0], 2, mode);
        drive.end_act(ended());
        drive.run_to(60.0);
        let legs = drive.legs();
        assert_eq!((legs.len(), legs[0].result), (2, LegResult::Resumed));
        let leg = &legs[1];
        assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::Failed, Reason::NotReadable, true));
        assert_eq!((leg.before, leg.after, leg.attempts), (None, None, 0));
        let ends = (leg.vm.as_str(), leg.primary.as_deref(), leg.replica.as_deref());
        assert_eq!(ends, ("vm-002", Some("hv01.lab.test"), Some("hv02.lab.test")));
        let cause = leg.cause().unwrap();
        let why = cause.problem().map(|problem| problem.why.as_str());
        assert_eq!((why, cause.retry()), (Some("property EnabledState cannot be read"), Retry::Now));
        let report = drive.report.as_ref().unwrap();
        assert_eq!(report.outcome, PassOutcome::Partial);
        assert!(report.hosts[0].ready && report.hosts[0].trouble.is_some());
        let told = |notice: &&Notice| matches!(notice, Notice::ResumeFailed(leg) if leg.before.is_none());
        assert_eq!(drive.told.iter().filter(told).count(), 1);
    }
}

#[test]
fn an_unreadable_object_of_which_nobody_else_speaks_is_told_all_the_same() {
    let mut hosts = vec![look(0, &[S::Error])];
    let object = spoil(&mut hosts[0], 1, None);
    (object.name, object.settings) = (None, None);
    let mut drive = Drive::new(setup(1), hosts);
    drive.run_to(60.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::Failed, Reason::NotReadable, true));
    assert_eq!(
        (leg.vm.clone(), leg.primary.as_deref(), leg.replica.as_deref()),
        (vm_id(1).to_string(), Some("hv01.lab.test"), None)
    );
}

/// As of a VM whose replication was removed in the middle of a look: no replication is shown.
#[test]
fn an_unreadable_object_at_state_0_is_no_leg_alone_and_one_beside_an_end_that_replicates() {
    for (receiver, legs) in [(look(1, &[]), 0), (look(1, &[S::Replicating]), 1)] {
        let mut hosts = vec![look(0, &[S::Error]), receiver];
        spoil(&mut hosts[0], 1, Some(ReplicationMode::Primary)).is_idle = true;
        let mut drive = Drive::new(setup(2), hosts);
        drive.run_to(200.0);
        let results: Vec<_> = drive.legs().iter().map(|leg| (leg.result, leg.reason)).collect();
        assert_eq!(results, vec![(LegResult::Failed, Reason::NotReadable); legs]);
        let report = drive.report.as_ref().unwrap();
        assert_eq!(report.outcome, PassOutcome::Partial, "the row is reported");
    }
}

#[test]
fn an_unreadable_replica_forbids_a_resume_unless_policy_does_without_it() {
    for (peer_unseen, acts) in [(PeerUnseen::Wait, 0), (PeerUnseen::Resume, 1)] {
        for mode in [Some(ReplicationMode::Replica), None] {
            let mut hosts = pair(&[S::Error, S::Replicating]);
            spoil(&mut hosts[1], 1, mode);
            spoil(&mut hosts[1], 2, mode);
            let mut pass = setup(2);
            pass.policy.peer_unseen = peer_unseen;
            let mut drive = Drive::new(pass, hosts);
            drive.run_to(1.5);
            assert_eq!(drive.acts.len(), acts);
            if acts == 0 {
                drive.run_to(60.0);
                let results: Vec<_> = drive.legs().iter().map(|leg| (leg.result, leg.reason)).collect();
                assert_eq!(results[0], (LegResult::Failed, Reason::NotReadable));
                assert_eq!(results[1], (LegResult::Healthy, Reason::Replicating), "what replicates needs nothing");
            }
        }
    }
}

#[test]
fn a_failover_on_the_replica_is_told_even_if_the_sender_cannot_be_read() {
    let mut hosts = pair(&[S::Error]);
    spoil(&mut hosts[0], 1, Some(ReplicationMode::Primary));
    let id = RelationshipId { vm: vm_id(1), slot: Slot::Zero };
    shown(&mut hosts[1]).objects.get_mut(&id).unwrap().state = S::FailedOver;
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::FailoverInForce));
}

#[test]
fn an_unreadable_object_of_a_second_primary_is_a_second_primary() {
    for is_idle in [false, true] {
        let mut hosts = pair(&[S::Error]);
        let mut third = look(2, &[S::Error]);
        spoil(&mut third, 1, Some(ReplicationMode::Primary)).is_idle = is_idle;
        hosts.push(third);
        let mut drive = Drive::new(setup(3), hosts);
        drive.run_to(60.0);
        assert!(drive.acts.is_empty());
        assert_eq!(drive.leg().reason, Reason::BothPrimary);
    }
}

#[test]
fn an_unreadable_object_on_a_third_host_is_shown_as_the_extended_replica_that_it_most_likely_is() {
    let mut hosts = pair(&[S::Replicating]);
    let mut third = look(2, &[S::Replicating]);
    let object = spoil(&mut third, 1, None);
    object.settings = Some(settings(1, 2));
    hosts.push(third);
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(120.0);
    let legs: Vec<_> = drive.legs().iter().map(|leg| (leg.id.kind, leg.result)).collect();
    assert_eq!(legs[0], (reprise_model::LegKind::Simple, LegResult::Healthy));
    assert_eq!(legs[1].0, reprise_model::LegKind::Extended);
    assert_eq!(drive.legs()[1].replica.as_deref(), Some(name(2).as_str()));
}

#[test]
fn a_host_is_ready_only_when_two_looks_agree_on_what_can_be_read() {
    let mut hosts = pair(&[S::Error]);
    spoil(&mut hosts[0], 1, None);
    let mut drive = Drive::new(setup(2), hosts);
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(1.5);
    assert!(drive.acts.is_empty() && drive.report.is_none(), "only one look has shown it so");
    drive.run_to(2.5);
    assert_eq!(drive.acts.len(), 1);
}

#[test]
fn a_leg_that_cannot_be_read_after_the_act_is_looked_at_again() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    spoil(&mut drive.hosts[0], 1, None);
    drive.end_act(ended());
    drive.run_to(5.0);
    assert!(drive.report.is_none(), "it is not known yet what came of it");
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.run_to(7.0);
    assert_eq!(drive.leg().result, LegResult::Resumed);
}

#[test]
fn a_leg_that_stays_unreadable_after_the_act_fails_within_the_limit() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    spoil(&mut drive.hosts[0], 1, Some(ReplicationMode::Primary));
    drive.end_act(ended());
    drive.run_to(120.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::NotReadable));
    assert_eq!(drive.leg().before, Some(S::Error), "what it was stays known");
}

#[test]
fn a_leg_of_which_no_end_says_how_it_is_set_up_is_left_alone() {
    let mut hosts = pair(&[S::Error, S::Replicating]);
    let missing = Problem::new(ProblemKind::NotThere, "read the replication settings", "there is no setting data");
    for host in &mut hosts {
        for object in shown(host).objects.values_mut() {
            object.settings = Seen::NotSeen(missing.clone());
        }
    }
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(120.0);
    assert!(drive.acts.is_empty());
    let results: Vec<_> = drive.legs().iter().map(|leg| (leg.result, leg.reason)).collect();
    assert_eq!(results, [(LegResult::Failed, Reason::NotReadable), (LegResult::Healthy, Reason::Replicating)]);
    assert!(drive.leg().cause().unwrap().problem().unwrap().why.contains("no setting data"));
}

#[test]
fn an_unreadable_object_that_says_that_its_host_receives_makes_no_sender_there() {
    let mut hosts = vec![look(0, &[S::Replicating])];
    spoil(&mut hosts[0], 1, None).settings = Some(settings(1, 0));
    let mut drive = Drive::new(setup(1), hosts);
    drive.run_to(60.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.wanted), (LegResult::Skipped, false), "its sender is not asked");
    assert_eq!((leg.primary.as_deref(), leg.replica.as_deref()), (Some("hv02.lab.test"), Some("hv01.lab.test")));
}
