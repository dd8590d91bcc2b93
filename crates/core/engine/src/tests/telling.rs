//! Notices to people: each as soon as it is true, and once.

use reprise_model::{Evidence, PausedRule, Records, VmmsEvent, VmmsEventKind};

use super::*;

fn resumed(drive: &Drive) -> usize {
    drive.told.iter().filter(|notice| matches!(notice, Notice::Resumed(_))).count()
}

#[test]
fn a_resume_and_a_failure_are_told_at_once_whoever_else_is_still_waited_for() {
    let mut asked = setup(3);
    asked.patience.silence = Duration::from_mins(30);
    let mut hosts = pair(&[S::Error, S::Error, S::WaitingForStartResynchronize]);
    hosts.push(unreachable());
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating, S::Error, S::WaitingForStartResynchronize]);
    drive.end_act(ended());
    drive.end_act(refused(32_769, false));
    drive.run_to(4.0);
    assert!(drive.report.is_none(), "the third host is waited for");
    let failed =
        drive.told.iter().filter(|notice| matches!(notice, Notice::ResumeFailed(leg) if leg.id.vm == vm_id(2)));
    let person = drive.told.iter().filter(|notice| matches!(notice, Notice::NeedsPerson(leg) if leg.id.vm == vm_id(3)));
    assert_eq!((resumed(&drive), failed.count(), person.count()), (1, 1, 1));
    let before = drive.told.len();
    drive.stop();
    let after: Vec<_> = drive.told[before..].iter().map(std::mem::discriminant).collect();
    assert_eq!(after.len(), 2, "the interruption and the end: {:?}", &drive.told[before..]);
}

#[test]
fn what_a_host_shows_while_it_loads_is_nobodys_failure_and_what_stays_so_is() {
    let mut drive = Drive::new(setup(2), vec![half_loaded(0), look(1, &[S::Replicating])]);
    drive.run_to(0.5);
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(3.0);
    let failed = |drive: &Drive| drive.told.iter().filter(|n| matches!(n, Notice::ResumeFailed(_))).count();
    assert_eq!((failed(&drive), drive.acts.len()), (0, 1), "{:?}", drive.told);
    let mut drive = Drive::new(setup(3), vec![half_loaded(0), look(1, &[S::Replicating]), unreachable()]);
    drive.run_to(5.0);
    assert!(drive.report.is_none());
    assert_eq!(failed(&drive), 1, "its host is ready and shows it so");
}

#[test]
fn every_intent_is_settled_once() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating, S::Error]);
    drive.end_act(ended());
    drive.end_act(refused(32_769, false));
    drive.run_to(60.0);
    let mut settled = drive.settled.clone();
    settled.sort_unstable();
    assert_eq!((drive.intents.len(), &drive.intents), (2, &settled));
}

#[test]
fn a_name_that_turns_out_to_stand_for_two_after_others_were_acted_on_costs_no_report() {
    let mut asked = setup(3);
    let scope = HoldScope::Vm(VmSelector::parse("sql"));
    asked.policy.holds.push(Hold { scope, reason: "test".to_owned(), until: None, only_this_pass: true });
    let mut hosts = pair(&[S::Error, S::Error]);
    for host in &mut hosts {
        let Seen::Seen(replication) = &mut host.replication else { panic!("it is seen") };
        "sql".clone_into(&mut replication.vms.get_mut(&vm_id(2)).unwrap().name);
    }
    hosts.push(unreachable());
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(1.5);
    assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), [vm_id(1)], "the other one is excepted");
    let mut third = look(0, &[S::Replicating; 3]);
    third.name = Seen::Seen(name(2));
    let Seen::Seen(replication) = &mut third.replication else { panic!("it is seen") };
    for id in [1, 2] {
        replication.vms.remove(&vm_id(id));
        replication.objects.retain(|object, _| object.vm != vm_id(id));
    }
    "SQL".clone_into(&mut replication.vms.get_mut(&vm_id(3)).unwrap().name);
    drive.hosts[2] = third;
    let Seen::Seen(replication) = &mut drive.hosts[0].replication else { panic!("it is seen") };
    replication.objects.values_mut().next().unwrap().state = S::Replicating;
    drive.end_act(ended());
    drive.run_to(120.0);
    let report = drive.report.as_ref().expect("there is a report");
    assert!(drive.refused.is_none() && report.ambiguous.as_ref().is_some_and(|a| a.candidates.len() == 2));
    assert_eq!(report.outcome, goal::PassOutcome::Partial, "never as if nothing were wrong");
    assert_eq!(resumed(&drive), 1);
    assert_eq!(drive.acts.len(), 0, "what may have been meant is left alone");
}

/// The replica's own object is in Error by proof, the sender is paused.
fn both_ends_stopped() -> Drive {
    replica_stopped(S::Suspended, Some(MonoTime(Duration::from_mins(1))))
}

/// The same, with that limit on retries.
fn both_ends_stopped_until(retry_until: Option<MonoTime>) -> Drive {
    replica_stopped(S::Suspended, retry_until)
}

/// The replica's own object is in Error by proof, the sender is in that state.
fn replica_stopped(sender: S, retry_until: Option<MonoTime>) -> Drive {
    let mut asked = Setup { reads_events: true, ..setup(2) };
    asked.policy.paused.at_boot = PausedRule::Resume;
    asked.patience.retry_until = retry_until;
    let mut drive = Drive::new(asked, vec![look(0, &[sender]), look(1, &[S::Error])]);
    let mark = VmmsEvent { vm: vm_id(1), at: reprise_model::HostTime(950_000), kind: VmmsEventKind::NonRecoverable };
    for host in std::mem::take(&mut drive.events) {
        let records = if host == HostId(1) { vec![mark] } else { vec![] };
        drive.feed(Event::EventsRead { host, evidence: Evidence::Readable(Records::whole(records, vec![])) });
    }
    drive.run_to(1.5);
    drive
}

#[test]
fn a_repair_of_the_replicas_side_is_told_apart_and_takes_nothing_from_what_is_told_of_the_sender() {
    let mut drive = both_ends_stopped();
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)]);
    drive.hosts[1] = look(1, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(4.0);
    let replica = drive.told.iter().filter(|notice| matches!(notice, Notice::ReplicaResumed(_))).count();
    assert_eq!((replica, resumed(&drive), drive.acts.len()), (1, 0, 1), "{:?}", drive.told);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.leg().result, LegResult::Resumed);
    let without_evidence = drive.told.iter().any(|n| matches!(n, Notice::Resumed(leg) if leg.without_evidence));
    assert!(without_evidence, "the sender's pause was resumed on nothing but policy: {:?}", drive.leg());
}

#[test]
fn a_repair_of_the_replicas_side_is_told_even_if_the_leg_is_left() {
    let mut drive = both_ends_stopped();
    drive.controller.handle(
        now(1.6),
        Event::PolicyChanged(Box::new(reprise_model::Policy {
            paused: reprise_model::PausedPolicy { at_boot: PausedRule::Leave, ..Default::default() },
            ..Default::default()
        })),
    );
    drive.hosts[1] = look(1, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.leg().result, LegResult::Left);
    assert!(drive.told.iter().any(|notice| matches!(notice, Notice::ReplicaResumed(_))));
}

#[test]
fn a_leg_that_ends_resumed_by_a_repair_of_its_replica_alone_is_reported_as_such_too() {
    let mut drive = replica_stopped(S::Replicating, Some(MonoTime(Duration::from_mins(1))));
    drive.hosts[1] = look(1, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    let replica = drive.told.iter().filter(|notice| matches!(notice, Notice::ReplicaResumed(_))).count();
    assert_eq!((drive.leg().result, replica, resumed(&drive)), (LegResult::Resumed, 1, 1), "{:?}", drive.told);
}

#[test]
fn a_sender_whose_replica_was_repaired_after_the_limit_on_retries_still_gets_its_own_try() {
    let mut drive = both_ends_stopped_until(Some(MonoTime(Duration::from_secs(2))));
    drive.run_to(3.0);
    drive.hosts[1] = look(1, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(10.0);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(0)]);
}

/// Reads the logs that are asked for: each holds the mark of VM 1.
fn read_logs(drive: &mut Drive) {
    let mark = VmmsEvent { vm: vm_id(1), at: reprise_model::HostTime(950_000), kind: VmmsEventKind::NonRecoverable };
    for host in std::mem::take(&mut drive.events) {
        drive.feed(Event::EventsRead { host, evidence: Evidence::Readable(Records::whole(vec![mark], vec![])) });
    }
}

#[test]
fn a_sender_that_we_resumed_is_ours_whatever_becomes_of_its_replica_later() {
    let lost = Problem::new(ProblemKind::TimedOut, "resume replication", "no answer");
    for of_replica in [Outcome::Unknown(lost), refused(32_774, true)] {
        let mut drive = Drive::new(Setup { reads_events: true, ..setup(2) }, pair(&[S::Error]));
        drive.run_to(1.5);
        read_logs(&mut drive);
        // Its replica stops while our act on the sender runs.
        drive.hosts = vec![look(0, &[S::Replicating]), look(1, &[S::Error])];
        let observation = Box::new(drive.hosts[1].clone());
        drive.feed(Event::Looked { host: HostId(1), started: now(drive.at).mono, observation });
        read_logs(&mut drive);
        drive.end_act(ended());
        drive.run_to(4.0);
        assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)]);
        drive.hosts = pair(&[S::Replicating]);
        drive.end_act(of_replica);
        drive.run_to(60.0);
        assert_eq!(drive.acts, []);
        assert_eq!((drive.leg().result, drive.leg().reason, resumed(&drive)), (LegResult::Resumed, Reason::Error, 1));
    }
}

/// Newer data had arrived by then, so that its incident was over before it was all well.
#[test]
fn a_leg_that_ends_as_resumed_is_told_so_although_its_replica_was_well_later() {
    let hosts = vec![look(0, &[S::Error]), look(1, &[S::Error]), unreachable()];
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(1.5);
    drive.hosts[0] = runs_with_newer_data().remove(0);
    drive.end_act(ended());
    drive.run_to(5.0);
    assert_eq!((resumed(&drive), drive.report.is_some()), (0, false), "its replica has failed");
    let observation = Box::new(look(1, &[S::Replicating]));
    drive.feed(Event::Looked { host: HostId(1), started: now(5.0).mono, observation: observation.clone() });
    drive.feed(Event::Looked { host: HostId(1), started: now(5.0).mono, observation });
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, resumed(&drive)), (LegResult::Resumed, 1), "{:?}", drive.told);
}

#[test]
fn a_refusal_is_no_failure_if_the_next_look_at_the_receiver_shows_what_it_refused_for() {
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(1.5);
    drive.hosts[1] = look(1, &[S::FailedOver]);
    drive.end_act(refused(32_775, false));
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::FailoverInForce));
    assert!(!drive.told.iter().any(|n| matches!(n, Notice::ResumeFailed(_))), "it has not failed: {:?}", drive.told);
}

#[test]
fn a_refusal_is_a_failure_if_the_receiver_shows_nothing_or_is_not_seen_again() {
    for receiver in [look(1, &[S::Replicating]), unreachable()] {
        let mut drive = Drive::new(setup(2), pair(&[S::Error]));
        drive.run_to(1.5);
        drive.hosts[1] = receiver;
        drive.end_act(refused(32_775, false));
        drive.run_to(20.0);
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::ResumeRefused));
        assert_eq!(drive.told.iter().filter(|n| matches!(n, Notice::ResumeFailed(_))).count(), 1);
    }
}

#[test]
fn a_resumed_leg_stays_so_if_somebody_else_repairs_its_replica_later() {
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(Setup { reads_events: true, ..setup(3) }, hosts);
    let gave_up = VmmsEvent { vm: vm_id(1), at: reprise_model::HostTime(950_000), kind: VmmsEventKind::NonRecoverable };
    let read = |drive: &mut Drive| {
        while let Some(host) = drive.events.pop() {
            let evidence = Evidence::Readable(Records::whole(vec![gave_up], Vec::new()));
            drive.feed(Event::EventsRead { host, evidence });
        }
    };
    read(&mut drive);
    drive.run_to(1.5);
    drive.hosts[0] = runs_with_newer_data().remove(0);
    drive.end_act(ended());
    for _ in 0..2 {
        let observation = Box::new(runs_with_newer_data().remove(0));
        drive.feed(Event::Looked { host: HostId(0), started: now(1.5).mono, observation });
    }
    drive.run_to(5.0);
    let observation = Box::new(look(1, &[S::Error]));
    drive.feed(Event::Looked { host: HostId(1), started: now(5.0).mono, observation });
    read(&mut drive);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)]);
    drive.run_to(6.0);
    drive.end_act(Outcome::Stale { found: "Replicating".to_owned() });
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason, resumed(&drive)), (LegResult::Resumed, Reason::Error, 1));
}
