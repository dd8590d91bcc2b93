//! A person's word that names nothing: nothing is done unasked.

use reprise_model::{HostName, LegKind, ReplicationMode, Seen, Slot, Timestamp};

use super::*;
use crate::sample::settings;
use crate::{HoldState, UnmatchedHolds};

fn hold(scope: HoldScope) -> Hold {
    Hold { scope, reason: "migration".to_owned(), until: None, only_this_pass: false }
}

fn vm(name: &str) -> Hold {
    hold(HoldScope::Vm(VmSelector::parse(name)))
}

fn host(name: &str) -> Hold {
    hold(HoldScope::Host(HostName::new(name).unwrap()))
}

fn holding(hosts: u32, holds: Vec<Hold>) -> Setup {
    let mut asked = setup(hosts);
    asked.policy.holds = holds;
    asked
}

fn states(drive: &Drive) -> Vec<HoldState> {
    drive.report.as_ref().unwrap().holds.iter().map(|trouble| trouble.state).collect()
}

/// A pair whose one VM is broken, with the VM's name on each.
fn named(names: [&str; 2]) -> Vec<Observation> {
    let mut hosts = pair(&[S::Error]);
    for (host, name) in hosts.iter_mut().zip(names) {
        let Seen::Seen(replication) = &mut host.replication else { panic!("it is seen") };
        name.clone_into(&mut replication.vms.get_mut(&vm_id(1)).unwrap().name);
    }
    hosts
}

#[test]
fn while_a_hold_matches_nothing_on_hosts_that_are_all_ready_nothing_is_done() {
    for unmatched in
        [vm("vm-0O1"), host("hv-01"), Hold { only_this_pass: true, ..vm("vm-007") }, vm(&vm_id(9).to_string())]
    {
        let mut drive = Drive::new(holding(2, vec![unmatched.clone()]), pair(&[S::Error]));
        drive.run_to(60.0);
        assert_eq!(drive.acts, [], "{unmatched:?}");
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::NeedsPerson, Reason::UnmatchedHold));
        assert_eq!(states(&drive), [HoldState::Unmatched { stops: true }]);
        assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Partial, "{unmatched:?}");
    }
}

#[test]
fn a_hold_that_matches_forbids_nothing_else() {
    for (matched, acts) in [
        (vm("vm-002 "), vec![vm_id(1)]),
        (vm(&vm_id(2).to_string()), vec![vm_id(1)]),
        (host("HV01"), vec![]),
        (host("hv03"), vec![vm_id(1), vm_id(2)]),
    ] {
        let hosts = pair(&[S::Error, S::Error]).into_iter().chain([look(2, &[])]);
        let mut drive = Drive::new(holding(3, vec![matched.clone()]), hosts.collect());
        drive.run_to(1.5);
        assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), acts, "{matched:?}");
    }
}

#[test]
fn a_host_that_does_not_answer_may_have_what_a_hold_names_and_delays_nothing() {
    let hosts = pair(&[S::Error]).into_iter().chain([unreachable()]);
    let mut drive = Drive::new(holding(3, vec![vm("vm-007")]), hosts.collect());
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(120.0);
    assert_eq!(states(&drive), [HoldState::Unmatched { stops: false }], "and it is reported");
    let told = drive.told.iter().filter(|notice| matches!(notice, Notice::HoldUnmatched(_))).count();
    assert_eq!(told, 1, "in the log too");
}

#[test]
fn a_hold_by_any_name_of_a_vm_covers_it_whatever_is_invisible_in_the_name() {
    for names in [["sql", "new"], ["new", "sql"], ["new\u{200b} ", "sql"]] {
        let mut drive = Drive::new(holding(2, vec![vm("new")]), named(names));
        drive.run_to(60.0);
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::Held), "{names:?}");
    }
}

#[test]
fn a_name_that_one_host_alone_gives_a_vm_covers_all_its_legs_whoever_is_silent() {
    // The middle host sends on to the third, which alone calls the VM "new"; the primary is off.
    let mut middle = look(1, &[S::Error]);
    let mut third = look(2, &[S::Replicating]);
    let mut sends = crate::sample::object(1, S::Error);
    (sends.id.slot, sends.settings) = (Slot::One, Seen::Seen(settings(1, 2)));
    let Seen::Seen(replication) = &mut middle.replication else { panic!("it is seen") };
    replication.objects.insert(sends.id, sends);
    let Seen::Seen(replication) = &mut third.replication else { panic!("it is seen") };
    let vm_one = replication.vms.get_mut(&vm_id(1)).unwrap();
    vm_one.mode = ReplicationMode::ExtendedReplica;
    "new".clone_into(&mut vm_one.name);
    for object in replication.objects.values_mut() {
        object.settings = Seen::Seen(settings(1, 2));
    }
    let excepted = Hold { only_this_pass: true, ..vm("new") };
    let mut drive = Drive::new(holding(3, vec![excepted]), vec![unreachable(), middle, third]);
    drive.run_to(300.0);
    let legs: Vec<_> = drive.legs().iter().map(|leg| (leg.id.kind, leg.result, leg.reason)).collect();
    let left = |kind| (kind, LegResult::Left, Reason::Excepted);
    assert_eq!(legs, [left(LegKind::Simple), left(LegKind::Extended)]);
}

#[test]
fn a_hold_that_has_ended_holds_nothing_up() {
    let ended = Hold { until: Some(Timestamp(now(0.0).wall.0 - 1)), ..vm("vm-001") };
    let mut drive = Drive::new(holding(2, vec![ended]), pair(&[S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive.stop();
    assert_eq!(states(&drive), [HoldState::Ended], "and it is reported");
}

#[test]
fn a_person_may_say_that_holds_without_a_match_are_to_be_ignored() {
    let asked = Setup { unmatched_holds: UnmatchedHolds::Ignore, ..holding(2, vec![vm("vm-007")]) };
    let mut drive = Drive::new(asked, pair(&[S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Ok);
    assert_eq!(states(&drive), [HoldState::Unmatched { stops: false }], "and it is reported");
}

#[test]
fn a_vm_without_replication_and_one_that_only_the_last_host_shows_are_matches() {
    let mut alone = look(1, &[S::Replicating]);
    let Seen::Seen(replication) = &mut alone.replication else { panic!("it is seen") };
    let mut vm_seven = replication.vms[&vm_id(1)].clone();
    (vm_seven.id, vm_seven.name) = (vm_id(7), "VM-007".to_owned());
    replication.vms.insert(vm_id(7), vm_seven);
    let mut drive = Drive::new(holding(2, vec![vm("vm-007")]), vec![look(0, &[S::Error]), alone]);
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);

    // The third host answers, and loads its VMs.
    let mut loading = look(2, &[]);
    let Seen::Seen(replication) = &mut loading.replication else { panic!("it is seen") };
    replication.host_row = false;
    let hosts = pair(&[S::Error]).into_iter().chain([loading]);
    let mut drive = Drive::new(holding(3, vec![vm("vm-003")]), hosts.collect());
    drive.run_to(10.0);
    assert_eq!(drive.acts, [], "it may be the one that is meant, or none");
    let mut third = look(0, &[S::Replicating; 3]);
    third.name = Seen::Seen(name(2));
    let Seen::Seen(replication) = &mut third.replication else { panic!("it is seen") };
    for id in [1, 2] {
        replication.vms.remove(&vm_id(id));
        replication.objects.retain(|object, _| object.vm != vm_id(id));
    }
    drive.hosts[2] = third;
    drive.run_to(13.0);
    assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), [vm_id(1)]);
}

#[test]
fn a_leg_that_is_held_while_its_act_runs_beyond_the_end_is_left_and_has_not_failed() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive.feed(Event::Command(crate::Command::Hold(hold(HoldScope::All))));
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.run_to(1_000.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::Left, Reason::Held, false));
}

#[test]
fn a_hold_on_a_host_covers_what_it_shows_though_nobody_is_sure_that_it_receives() {
    let mut hosts = pair(&[S::Replicating]);
    let Seen::Seen(replication) = &mut hosts[0].replication else { panic!("it is seen") };
    let lost = Problem::new(ProblemKind::NotThere, "read the replication settings", "they are gone");
    replication.objects.values_mut().for_each(|object| object.settings = Seen::NotSeen(lost.clone()));
    hosts.push(unreachable());
    let mut drive = Drive::new(holding(3, vec![host("hv02")]), hosts);
    drive.run_to(1_000.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Healthy, Reason::Held));
}

/// The sender names it, and the host that shows a part of it has not said its name.
#[test]
fn a_hold_on_the_receivers_host_covers_a_leg_whose_receiver_cannot_be_read_on_a_host_without_a_name() {
    let mut pass = setup(2);
    for host in &mut pass.hosts {
        (host.claim, host.label) = (None, format!("192.0.2.{}:5985", host.id.0 + 1));
    }
    pass.policy.peer_unseen = reprise_model::PeerUnseen::Resume;
    for (written, acts) in [("hv02", 0), ("hv02.lab.test", 0), ("hv03", 1)] {
        let scope = HoldScope::Host(reprise_model::HostName::new(written).unwrap());
        let hold = Hold { scope, reason: "migration".to_owned(), until: None, only_this_pass: false };
        pass.policy.holds = vec![hold];
        pass.unmatched_holds = crate::UnmatchedHolds::Ignore;
        let mut receiver = half_loaded(1);
        receiver.name = Seen::NotSeen(Problem::new(ProblemKind::Denied, "read the host's name", "access is denied"));
        let mut drive = Drive::new(pass.clone(), vec![look(0, &[S::Error]), receiver]);
        drive.run_to(5.0);
        assert_eq!(drive.acts.len(), acts, "{written}");
    }
}
