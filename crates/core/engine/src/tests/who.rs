//! Who receives, and which host a name means: by the sender's word and the contract's rule for names.

use reprise_model::{
    HostName, LegKind, PeerUnseen, RelationshipId, Replication, ReplicationMode, ReplicationSettings, Slot,
};

use super::*;
use crate::sample::settings;

fn shown(observation: &mut Observation) -> &mut Replication {
    match &mut observation.replication {
        Seen::Seen(replication) => replication,
        Seen::NotSeen(problem) => panic!("{problem}"),
    }
}

/// What every object of a host says of how it is set up.
fn set_up(observation: &mut Observation, settings: &ReplicationSettings) {
    for object in shown(observation).objects.values_mut() {
        object.settings = Seen::Seen(settings.clone());
    }
}

/// A replica of VM 1 on another host than the one that the sender names.
fn leftover(host: u32, state: S) -> Observation {
    let mut seen = look(host, &[state]);
    set_up(&mut seen, &settings(0, host));
    seen
}

fn short(text: &str) -> Option<HostName> {
    HostName::new(text)
}

#[test]
fn a_leftover_replica_elsewhere_does_not_stand_in_for_the_receiver_that_is_not_seen() {
    for (peer_unseen, acts) in [(PeerUnseen::Wait, 0), (PeerUnseen::Resume, 1)] {
        let mut pass = setup(3);
        pass.policy.peer_unseen = peer_unseen;
        let mut drive = Drive::new(pass, vec![look(0, &[S::Error]), unreachable(), leftover(2, S::Replicating)]);
        drive.run_to(3.0);
        assert_eq!(drive.acts.len(), acts, "{peer_unseen:?}");
        if acts == 0 {
            drive.run_to(300.0);
            let leg = drive.leg();
            assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::PeerNotSeen));
            assert_eq!(leg.replica.as_deref(), Some("hv02.lab.test:5985"), "as it was asked, since it never answered");
            assert_eq!(leg.findings, [Finding::Leftover { host: "hv03.lab.test".to_owned() }]);
        }
    }
}

#[test]
fn a_leftover_replica_blocks_nothing_whatever_its_state() {
    for state in [S::Suspended, S::Error, S::FailedOver, S::UpdateError] {
        let mut two = setup(2);
        two.hosts[1].claim = Some(name(2));
        let mut drive = Drive::new(two, vec![look(0, &[S::Error]), leftover(2, state)]);
        drive.run_to(3.0);
        assert_eq!(drive.acts.len(), 1, "its receiver's host is not asked; {state}");
        let mut drive =
            Drive::new(setup(3), vec![look(0, &[S::Error]), look(1, &[S::Replicating]), leftover(2, state)]);
        drive.run_to(3.0);
        assert_eq!(drive.acts.len(), 1, "its receiver is seen; {state}");
    }
}

#[test]
fn a_sender_that_names_nobody_is_resumed_against_the_one_replica_that_names_it_and_against_no_other() {
    let nobody = ReplicationSettings { recovery_host: None, recovery_point: None, ..settings(0, 1) };
    let sender = || {
        let mut sender = look(0, &[S::Error]);
        set_up(&mut sender, &nobody);
        sender
    };
    let mut foreign = look(1, &[S::Replicating]);
    set_up(&mut foreign, &settings(2, 1));
    let cases = [
        (vec![sender(), look(1, &[S::Replicating])], 1),
        (vec![sender(), foreign], 0),
        (vec![sender()], 0),
        (vec![sender(), look(1, &[S::Replicating]), leftover(2, S::Replicating)], 0),
    ];
    for (index, (hosts, acts)) in cases.into_iter().enumerate() {
        let mut drive = Drive::new(setup(u32::try_from(hosts.len()).unwrap()), hosts);
        drive.run_to(3.0);
        assert_eq!(drive.acts.len(), acts, "case {index}");
        if acts == 0 {
            drive.run_to(300.0);
            assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::NotReadable));
        }
    }
}

#[test]
fn the_receiver_is_found_by_its_first_label_and_on_a_host_that_has_not_said_its_name() {
    let by_label = ReplicationSettings { recovery_host: short("HV02"), recovery_point: None, ..settings(0, 1) };
    let mut sender = look(0, &[S::Error]);
    set_up(&mut sender, &by_label);
    for (receiver, acts) in [(S::Replicating, 1), (S::Suspended, 0)] {
        let mut drive = Drive::new(setup(2), vec![sender.clone(), look(1, &[receiver])]);
        drive.run_to(3.0);
        assert_eq!(drive.acts.len(), acts, "{receiver}");
        let mut nameless = look(1, &[receiver]);
        nameless.name = Seen::NotSeen(Problem::new(ProblemKind::Denied, "read the host's name", "access is denied"));
        let mut by_address = setup(2);
        by_address.hosts[1].claim = None;
        let mut drive = Drive::new(by_address, vec![sender.clone(), nameless]);
        drive.run_to(3.0);
        assert_eq!(drive.acts.len(), acts, "{receiver}, without a name");
    }
}

#[test]
fn an_unreadable_leftover_is_no_receiver() {
    let problem = Problem::new(ProblemKind::Malformed, "read the VMs", "property EnabledState cannot be read");
    let mut third = look(2, &[S::Replicating]);
    let id = RelationshipId { vm: vm_id(1), slot: Slot::Zero };
    let replication = shown(&mut third);
    replication.objects.clear();
    replication.vms.clear();
    let mode = Some(ReplicationMode::Replica);
    let object =
        reprise_model::UnreadableObject { name: None, mode, settings: Some(settings(0, 2)), is_idle: false, problem };
    replication.unreadable.insert(id, object);
    let mut drive = Drive::new(setup(3), vec![look(0, &[S::Error]), look(1, &[S::Replicating]), third.clone()]);
    drive.run_to(3.0);
    assert_eq!(drive.acts.len(), 1, "the receiver is seen");
    let mut drive = Drive::new(setup(3), vec![look(0, &[S::Error]), unreachable(), third]);
    drive.run_to(300.0);
    assert_eq!((drive.acts.len(), drive.leg().reason), (0, Reason::PeerNotSeen));
}

#[test]
fn an_extended_leg_has_the_receiver_that_its_own_sender_names() {
    let third = |host: u32, state: S| {
        let mut seen = look(host, &[state]);
        for vm in shown(&mut seen).vms.values_mut() {
            vm.mode = ReplicationMode::ExtendedReplica;
        }
        set_up(&mut seen, &settings(1, host));
        seen
    };
    let mut middle = look(1, &[S::Replicating]);
    let mut sends = crate::sample::object(1, S::Error);
    (sends.id.slot, sends.settings) = (Slot::One, Seen::Seen(settings(1, 2)));
    shown(&mut middle).objects.insert(sends.id, sends);
    let hosts = |last: Observation| vec![look(0, &[S::Replicating]), middle.clone(), unreachable(), last];
    let mut drive = Drive::new(setup(4), hosts(third(3, S::Replicating)));
    drive.run_to(300.0);
    assert!(drive.acts.is_empty(), "hv04 holds a leftover");
    let extended = drive.legs().iter().find(|leg| leg.id.kind == LegKind::Extended).unwrap();
    assert_eq!((extended.result, extended.reason), (LegResult::Failed, Reason::PeerNotSeen));
    let mut drive = Drive::new(setup(3), vec![look(0, &[S::Replicating]), middle.clone(), third(2, S::Replicating)]);
    drive.run_to(3.0);
    assert_eq!(drive.acts.len(), 1);
}

fn hold(setup: Setup, host: &str) -> Setup {
    let mut setup = setup;
    let scope = HoldScope::Host(HostName::new(host).unwrap());
    setup.policy.holds.push(Hold { scope, reason: "move".to_owned(), until: None, only_this_pass: false });
    setup.unmatched_holds = crate::UnmatchedHolds::Ignore;
    setup
}

#[test]
fn a_hold_on_a_host_covers_every_end_there_by_whichever_name_either_is_called() {
    // The receiver is not asked, and the sender calls it so.
    for called in ["HV02", "hv02.lab.test", "HV02.LAB.TEST."] {
        let mut sender = look(0, &[S::Error]);
        set_up(&mut sender, &ReplicationSettings { recovery_host: short(called), ..settings(0, 1) });
        for held in ["hv02.lab.test", "HV02", "hv02"] {
            let mut drive = Drive::new(hold(setup(1), held), vec![sender.clone()]);
            drive.run_to(60.0);
            assert_eq!((drive.acts.len(), drive.leg().reason), (0, Reason::Held), "{held} for {called}");
        }
        for other in ["hv03.lab.test", "hv2", "hv022"] {
            let mut drive = Drive::new(hold(setup(1), other), vec![sender.clone()]);
            drive.run_to(3.0);
            assert_eq!(drive.acts.len(), 1, "{other} for {called}");
        }
    }
}

#[test]
fn a_hold_on_the_name_by_which_a_host_is_asked_covers_it_when_it_calls_itself_otherwise() {
    let mut asked = setup(2);
    asked.hosts[0].claim = short("branch-office");
    let mut drive = Drive::new(hold(asked, "branch-office"), pair(&[S::Error]));
    drive.run_to(60.0);
    assert_eq!((drive.acts.len(), drive.leg().reason), (0, Reason::Held));
}

#[test]
fn a_hold_on_a_host_that_never_answers_covers_it_even_if_another_host_shares_its_first_label() {
    let mut asked = setup(3);
    asked.hosts[2].claim = short("hv02.other.test");
    asked.policy.peer_unseen = PeerUnseen::Resume;
    let hosts = || vec![look(0, &[S::Error]), unreachable(), unreachable()];
    let mut drive = Drive::new(hold(asked.clone(), "hv02.other.test"), hosts());
    drive.run_to(3.0);
    assert_eq!(drive.acts.len(), 1);
    let mut drive = Drive::new(hold(asked, "hv02.lab.test"), hosts());
    drive.run_to(300.0);
    assert_eq!((drive.acts.len(), drive.leg().reason), (0, Reason::Held));
}

#[test]
fn a_hold_on_an_address_covers_no_other_address() {
    let mut asked = setup(1);
    (asked.hosts[0].claim, asked.hosts[0].label) = (None, "192.0.2.1:5985".to_owned());
    let mut nameless = look(0, &[S::Error]);
    nameless.name = Seen::NotSeen(Problem::new(ProblemKind::Denied, "read the host's name", "access is denied"));
    asked.policy.peer_unseen = PeerUnseen::Resume;
    let mut drive = Drive::new(hold(asked.clone(), "192.0.2.2"), vec![nameless.clone()]);
    drive.run_to(3.0);
    assert_eq!(drive.acts.len(), 1);
    let mut drive = Drive::new(hold(asked, "192.0.2.1:5985"), vec![nameless]);
    drive.run_to(60.0);
    assert_eq!(drive.acts.len(), 0);
}

/// A look by an account that has no rights on `root\cimv2`: Hyper-V shows the short name alone.
fn without_windows(host: u32, states: &[S]) -> Observation {
    let mut seen = look(host, states);
    let denied = || Problem::new(ProblemKind::Denied, "read the host's version", "no rights on root\\cimv2");
    seen.name = Seen::Seen(short(name(host).label()).unwrap());
    seen.system = Seen::NotSeen(denied());
    seen.vmms = Seen::NotSeen(denied());
    seen
}

#[test]
fn a_host_of_which_hyper_v_alone_is_seen_keeps_its_full_name_and_what_is_hidden_is_no_failure() {
    for asked_by_name in [true, false] {
        let mut asked = setup(2);
        if !asked_by_name {
            asked.hosts.iter_mut().for_each(|host| host.claim = None);
        }
        let mut drive = Drive::new(asked, vec![look(0, &[S::Error]), look(1, &[S::Replicating])]);
        drive.hosts[0] = if asked_by_name { without_windows(0, &[S::Error]) } else { look(0, &[S::Error]) };
        drive.run_to(0.5);
        drive.hosts = vec![without_windows(0, &[S::Error]), without_windows(1, &[S::Replicating])];
        drive.run_to(1.5);
        assert_eq!(drive.acts.len(), 1, "asked by name: {asked_by_name}");
        drive.hosts[0] = without_windows(0, &[S::Replicating]);
        drive.end_act(ended());
        drive.run_to(60.0);
        let report = drive.report.as_ref().unwrap();
        let leg = drive.leg();
        assert_eq!((report.outcome, leg.result), (goal::PassOutcome::Ok, LegResult::Resumed));
        assert_eq!((leg.primary.as_deref(), leg.replica.as_deref()), (Some("hv01.lab.test"), Some("hv02.lab.test")));
        for (host, name) in report.hosts.iter().zip(["hv01.lab.test", "hv02.lab.test"]) {
            assert_eq!((host.name.as_str(), host.ready, host.trouble.is_some()), (name, true, false));
            assert!(host.hidden.as_ref().is_some_and(|hidden| hidden.why.contains("no rights")), "{host:?}");
        }
    }
}
