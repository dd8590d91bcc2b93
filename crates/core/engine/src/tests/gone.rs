//! Legs that nobody shows any more, hosts of one name, limits of nothing, and acts that do not end.

use reprise_model::{HostTime, Seen};

use super::*;
use crate::HoldState;

#[test]
fn a_leg_that_no_host_shows_any_more_is_looked_for_and_then_told_and_never_forgotten() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    drive.hosts = pair(&[S::Replicating]);
    drive.end_act(ended());
    drive.end_act(ended());
    let seen = Box::new(look(1, &[S::Replicating]));
    drive.feed(Event::Looked { host: HostId(1), started: now(drive.at).mono, observation: seen });
    drive.run_to(50.0);
    assert!(drive.report.is_none(), "its hosts may be loading their VMs");
    drive.run_to(120.0);
    let results: Vec<_> = drive.legs().iter().map(|leg| (leg.result, leg.reason, leg.wanted)).collect();
    assert_eq!(results[0].0, LegResult::Resumed);
    assert_eq!(results[1], (LegResult::Stale, Reason::NotShown, true));
    assert_eq!(drive.legs()[1].after, None);
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Partial);
}

fn excepting(name: &str) -> Setup {
    let mut pass = setup(2);
    let scope = HoldScope::Vm(VmSelector::parse(name));
    pass.policy.holds.push(Hold { scope, reason: "test".to_owned(), until: None, only_this_pass: true });
    pass
}

#[test]
fn an_exception_whose_name_stands_for_two_vms_ends_the_pass_before_anything_is_done() {
    let mut hosts = pair(&[S::Error, S::Error]);
    for host in &mut hosts {
        let Seen::Seen(replication) = &mut host.replication else { panic!() };
        replication.vms.values_mut().for_each(|vm| "SQL".clone_into(&mut vm.name));
    }
    let mut drive = Drive::new(excepting("sql"), hosts);
    drive.run_to(60.0);
    let refused = drive.refused.as_ref().unwrap();
    let candidates: Vec<_> = refused.candidates.iter().map(|c| (c.vm, c.routes.clone())).collect();
    let route = || vec![(Some("hv01.lab.test".to_owned()), Some("hv02.lab.test".to_owned()))];
    assert_eq!(candidates, [(vm_id(1), route()), (vm_id(2), route())]);
    assert!(drive.acts.is_empty() && drive.report.is_none());
    let last = drive.told.last().expect("the end is reported too");
    assert!(matches!(last, Notice::Finished(sums) if sums.ambiguous.as_ref() == Some(refused)), "{last:?}");
}

#[test]
fn an_exception_that_covers_nothing_is_told() {
    let mut drive = Drive::new(excepting("vm-007"), pair(&[S::Replicating]));
    drive.run_to(60.0);
    let holds = &drive.report.as_ref().unwrap().holds;
    assert_eq!(holds.iter().map(|trouble| trouble.state).collect::<Vec<_>>(), [HoldState::Unmatched { stops: true }]);
    let mut drive = Drive::new(excepting("VM-001"), pair(&[S::Replicating]));
    drive.run_to(60.0);
    assert!(drive.report.as_ref().unwrap().holds.is_empty());
}

#[test]
fn limits_of_nothing_still_allow_for_what_a_healthy_host_needs() {
    let mut hasty = setup(2);
    hasty.patience =
        crate::Patience { timeout: Duration::ZERO, silence: Duration::ZERO, retry_until: Some(MonoTime::default()) };
    let mut drive = Drive::new(hasty, pair(&[S::Replicating]));
    drive.run_to(60.0);
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Ok);
    let mut hasty = setup(1);
    hasty.patience =
        crate::Patience { timeout: Duration::ZERO, silence: Duration::ZERO, retry_until: Some(MonoTime::default()) };
    let mut drive = Drive::new(hasty, vec![unreachable()]);
    drive.run_to(1.0);
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::NotReady, "and no more than that");
}

#[test]
fn a_second_address_of_a_host_is_told_once_and_another_host_of_its_name_is_told_apart() {
    let mut twice = setup(3);
    twice.hosts.iter_mut().for_each(|host| host.claim = None);
    let mut hosts = pair(&[S::Replicating]);
    hosts.push(look(0, &[S::Replicating]));
    let mut drive = Drive::new(twice.clone(), hosts.clone());
    drive.run_to(60.0);
    let ready = |drive: &Drive| drive.told.iter().filter(|e| matches!(e, Notice::HostReady { .. })).count();
    assert_eq!((ready(&drive), drive.report.as_ref().unwrap().outcome), (2, goal::PassOutcome::Ok));
    let Some(Notice::Finished(sums)) = drive.told.last() else { panic!("the end is reported") };
    assert_eq!((sums.hosts, sums.hosts_not_ready), (2, 0), "as many as were reported ready");
    let Seen::Seen(system) = &mut hosts[2].system else { panic!() };
    system.booted = HostTime(7);
    let mut drive = Drive::new(twice, hosts);
    drive.run_to(60.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!(report.outcome, goal::PassOutcome::Partial, "what it holds was not looked at");
    for host in [0, 2] {
        assert!(matches!(report.hosts[host].trouble, Some(HostTrouble::SameName { .. })), "{host}: an error on both");
    }
}

/// It may be the same machine, or one that claims to be it.
#[test]
fn a_host_that_is_asked_by_an_address_does_not_take_the_name_of_a_silent_one() {
    let mut twice = setup(2);
    twice.hosts[1].claim = None;
    let mut drive = Drive::new(twice, vec![unreachable(), look(0, &[S::Error])]);
    drive.run_to(300.0);
    assert!(drive.acts.is_empty(), "{:?}", drive.acts);
    let hosts = &drive.report.as_ref().unwrap().hosts;
    assert!(matches!(hosts[1].trouble, Some(HostTrouble::NameGiven { .. })), "{:?}", hosts[1].trouble);
}

#[test]
fn an_act_that_does_not_end_holds_up_nobody_elses_proof() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    let hung = drive.acts.pop().unwrap();
    drive.hosts[0] = look(0, &[S::Replicating, S::Replicating]);
    drive.end_act(ended());
    assert_eq!(drive.legs_done(), 0);
    drive.run_to(13.0);
    assert_eq!(drive.legs_done(), 1, "ten seconds are enough for any act that goes well");
    drive.stop();
    let results: Vec<_> = drive.legs().iter().map(|leg| (leg.id, leg.result)).collect();
    let expected =
        |leg: &reprise_model::LegId| if *leg == hung.leg { LegResult::Interrupted } else { LegResult::Resumed };
    assert!(results.iter().all(|(leg, result)| *result == expected(leg)), "{results:?}");
}

#[test]
fn replicating_that_somebody_else_brought_about_is_believed_only_if_it_lasts() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(Outcome::Stale { found: "Replicating".to_owned() });
    drive.run_to(3.0);
    assert!(drive.report.is_none(), "the other one's job may still fail");
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(10.0);
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.leg().result, LegResult::Resumed);
}

#[test]
fn an_act_that_could_not_be_read_after_its_end_is_no_success_whatever_was_seen_before() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.at += 0.1;
    drive.end_act(ended());
    drive.hosts[0] = unreachable();
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::ResumeFailed));
}

#[test]
fn a_leg_that_was_only_guessed_from_what_could_not_be_read_is_no_leg_once_it_can_be_read() {
    let good = look(1, &[S::Replicating]);
    let mut bad = look(1, &[S::Replicating]);
    let Seen::Seen(replication) = &mut bad.replication else { panic!() };
    let (id, object) = replication.objects.pop_first().unwrap();
    let problem = Problem::new(ProblemKind::Malformed, "read the VMs", "property EnabledState cannot be read");
    let settings = object.settings.seen().cloned();
    let mode = Some(reprise_model::ReplicationMode::ExtendedReplica);
    let guessed = reprise_model::UnreadableObject { name: None, mode, settings, is_idle: false, problem };
    replication.unreadable.insert(id, guessed);
    let mut drive = Drive::new(setup(2), vec![look(0, &[S::Replicating]), bad]);
    drive.run_to(0.5);
    drive.hosts[1] = good;
    drive.run_to(180.0);
    assert_eq!(drive.legs().len(), 1, "{:?}", drive.legs());
}

/// The look that finds the sender gone says nothing of the replica; only a newer look at its host does.
#[test]
fn a_leg_that_is_gone_from_both_hosts_is_told_so_without_waiting_for_the_end_of_the_run() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    drive.hosts = pair(&[S::Error]);
    let act = drive.acts.pop().unwrap();
    drive.feed(Event::Acted { act: act.id, outcome: Outcome::Stale { found: "gone".to_owned() } });
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(62.0);
    let leg = drive.legs().iter().find(|leg| leg.id == act.leg).unwrap();
    assert_eq!((leg.result, leg.reason), (LegResult::Stale, Reason::NotShown));
}

#[test]
fn a_leg_of_which_only_the_replica_was_seen_is_not_forgotten_when_what_is_left_of_it_cannot_be_read_for_a_while() {
    let mut drive = Drive::new(setup(2), vec![unreachable(), look(1, &[S::Replicating])]);
    drive.run_to(1.5);
    for shown in [look(1, &[]), half_loaded(1), look(1, &[])] {
        drive.at += 0.1;
        drive.hosts[1] = shown.clone();
        let started = now(drive.at).mono;
        drive.feed(Event::Looked { host: HostId(1), started, observation: Box::new(shown) });
    }
    drive.run_to(200.0);
    assert_eq!(drive.legs().len(), 1, "it was seen");
}
