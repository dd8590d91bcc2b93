//! Hosts that come back, that die while they are acted on, and that have not loaded their VMs yet.

use super::*;

/// A pass over a pair with one act under way, and a third host that did not answer in time.
fn late_third() -> Drive {
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(62.0);
    assert!(drive.report.is_none() && drive.acts.len() == 1, "the act holds the run open");
    assert!(drive.told.iter().any(|notice| matches!(notice, Notice::HostNotReady(_))));
    drive
}

/// Runs on until the third host has been looked at once more.
fn until_the_third_is_looked_at(drive: &mut Drive) {
    let looks = drive.looks[2];
    for _ in 0..120 {
        drive.run_to(drive.at + 0.5);
        if drive.looks[2] > looks {
            return;
        }
    }
    panic!("nobody looks at it again");
}

/// The same as [`late_third`] when the third host has answered one look again.
fn late_third_answers() -> Drive {
    let mut drive = late_third();
    drive.hosts[2] = look(2, &[]);
    until_the_third_is_looked_at(&mut drive);
    drive
}

#[test]
fn a_late_host_that_answers_again_is_waited_for_until_its_second_look() {
    let mut drive = late_third_answers();
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(170.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.hosts[2].ready, &report.hosts[2].trouble), (true, &None));
    assert_eq!(report.outcome, goal::PassOutcome::Ok);
}

/// A run waits for a host that answers again as for one that has booted, and not for ever.
#[test]
fn a_late_host_that_answers_again_and_falls_silent_ends_the_wait_in_time() {
    let mut drive = late_third_answers();
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.hosts[2] = unreachable();
    drive.end_act(ended());
    drive.run_to(181.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.hosts[2].ready, report.outcome), (false, goal::PassOutcome::Partial));
    assert_eq!(why(&report.hosts[2]), "connection refused");
}

fn lost(report: &Report, host: usize) -> (bool, &str, i64) {
    let report = &report.hosts[host];
    let Some(HostTrouble::Lost(lost)) = &report.trouble else { panic!("{:?}", report.trouble) };
    assert!(report.ready_after.is_some(), "it had become ready");
    (report.ready, &lost.why.problem.why, lost.since.0 - 1_000_000)
}

#[test]
fn a_host_that_dies_while_it_is_acted_on_is_reported_with_since_when_and_why_and_its_legs_name_it() {
    let timed_out = || Problem::new(ProblemKind::TimedOut, "resume replication", "the answer was lost");
    // Whether the act ends without an answer or not at all.
    for answer in [Some(Outcome::Unknown(timed_out())), Some(Outcome::NotDone(timed_out())), Some(ended()), None] {
        let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Replicating]));
        drive.run_to(1.5);
        drive.hosts[0] = unreachable();
        drive.run_to(2.0);
        if let Some(outcome) = answer.clone() {
            drive.end_act(outcome);
        }
        drive.run_to(300.0);
        let report = drive.report.as_ref().unwrap();
        let (ready, why, since) = lost(report, 0);
        assert_eq!((ready, why, report.outcome), (false, "connection refused", goal::PassOutcome::Partial));
        assert!((1_500..60_000).contains(&since), "{since}");
        let trouble = drive.legs()[0].trouble.as_ref().unwrap();
        assert_eq!(trouble.host.as_deref(), Some("hv01.lab.test"));
        assert!(
            matches!(&trouble.cause, Cause::Lost(lost) if lost.why.problem.why == "connection refused"),
            "{answer:?}: {trouble:?}"
        );
        assert!(report.hosts[1].trouble.is_none());
    }
}

/// A silent host lets its acts wait for their time-outs, and the run may end before those do.
#[test]
fn a_host_on_which_acts_make_no_progress_is_looked_at_soon_and_one_whose_acts_go_on_is_not() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error; 40]));
    drive.run_to(1.5);
    let looks = drive.looks[0];
    drive.run_to(25.0);
    assert_eq!(drive.looks[0] - looks, 2, "nothing has begun for ten seconds");
    let mut drive = Drive::new(setup(2), pair(&[S::Error; 40]));
    drive.run_to(1.5);
    let looks = drive.looks[0];
    for _ in 0..10 {
        drive.run_to(drive.at + 2.0);
        drive.end_act(ended());
    }
    assert!(drive.looks[0] - looks <= 1, "acts begin all the time");
}

#[test]
fn a_host_that_answers_again_after_a_failed_look_is_not_reported_as_lost() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = unreachable();
    drive.end_act(ended());
    drive.run_to(10.0);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.run_to(100.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.hosts[0].ready, &report.hosts[0].trouble, report.outcome), (true, &None, goal::PassOutcome::Ok));
}

/// A leg that was not acted on for lack of time is not reported as such if its host had died.
#[test]
fn a_leg_that_waited_for_its_turn_on_a_host_that_died_names_the_host() {
    let mut asked = setup(2);
    asked.policy.pace.per_host = std::num::NonZeroU32::new(1).unwrap();
    asked.policy.pace.per_host_max = std::num::NonZeroU32::new(1).unwrap();
    let mut drive = Drive::new(asked, pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = unreachable();
    drive.run_to(300.0);
    assert!(drive.legs().iter().all(|leg| matches!(leg.cause(), Some(Cause::Lost(_)))), "{:?}", drive.legs());
}

/// A look at a host that shows nothing and has been up for so long.
fn empty(host: u32, up_s: i64) -> Observation {
    let mut seen = look(host, &[]);
    let Seen::Seen(system) = &mut seen.system else { panic!() };
    system.booted = reprise_model::HostTime(system.clock.0 - up_s * 1_000);
    seen
}

/// The support article's own set-up: the script on the host itself waits until it sees VMs.
#[test]
fn a_host_that_has_just_booted_and_shows_nothing_is_loading_and_what_it_shows_later_is_resumed() {
    let mut drive = Drive::new(setup(1), vec![empty(0, 30)]);
    drive.run_to(20.0);
    assert!(drive.report.is_none(), "an empty list proves nothing yet");
    let mut loaded = look(0, &[S::Error]);
    loaded.system = empty(0, 50).system;
    drive.hosts[0] = loaded;
    drive.run_to(23.0);
    assert_eq!(drive.acts.len(), 1);
}

/// What it shows is not expected by anybody, so that it is fine, and the reason is given.
#[test]
fn a_host_that_has_just_booted_and_shows_nothing_until_its_time_is_up_is_ready_and_said_to_be_empty() {
    let mut drive = Drive::new(setup(1), vec![empty(0, 30)]);
    drive.run_to(59.0);
    assert!(drive.report.is_none());
    drive.run_to(62.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.outcome, &report.hosts[0].trouble), (goal::PassOutcome::Ok, &None));
    assert!(report.hosts[0].empty.as_ref().unwrap().why.contains("may still be loading"), "{:?}", report.hosts[0]);
    assert!(
        drive.told.iter().any(|notice| matches!(notice, Notice::HostReady { seconds: 60, .. })),
        "{:?}",
        drive.told
    );
}

#[test]
fn a_host_whose_vms_change_from_look_to_look_until_its_time_is_up_needs_more_time() {
    let mut drive = Drive::new(setup(1), vec![look(0, &[S::Replicating])]);
    for _ in 0..180 {
        let vms = 1 + usize::try_from(drive.looks[0] % 2).unwrap();
        drive.hosts[0] = look(0, &vec![S::Replicating; vms]);
        drive.run_to(drive.at + 0.5);
    }
    let report = drive.report.as_ref().unwrap();
    let Some(HostTrouble::NotReady(why)) = &report.hosts[0].trouble else { panic!("{:?}", report.hosts[0].trouble) };
    assert_eq!(why.problem.why, "its set of replicated VMs still changes from look to look");
    assert_eq!(why.problem.remedy, Remedy::LetSettle);
}

#[test]
fn a_host_that_has_long_been_up_and_shows_nothing_is_ready_at_once() {
    let mut drive = Drive::new(setup(1), vec![empty(0, 3_600)]);
    drive.run_to(1.5);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.outcome, report.hosts[0].empty.is_none()), (goal::PassOutcome::Ok, true));
}

#[test]
fn a_host_whose_vmms_was_seen_to_start_and_that_shows_nothing_is_loading_however_long_it_has_been_up() {
    let mut stopped = empty(0, 3_600);
    stopped.vmms = Seen::Seen(ServiceState::Starting);
    stopped.replication = Seen::NotSeen(Problem::new(ProblemKind::NotThere, "read the VMs", "not found"));
    let mut drive = Drive::new(setup(1), vec![stopped]);
    drive.run_to(5.0);
    drive.hosts[0] = empty(0, 3_605);
    drive.run_to(50.0);
    assert!(drive.report.is_none());
}

/// Which of the two shows its end: the primary, or the replica.
#[test]
fn a_host_that_has_just_booted_and_shows_nothing_that_a_peer_names_is_not_ready() {
    for (silent, reason) in [(0_u32, Reason::SenderNotReady), (1, Reason::PeerNotSeen)] {
        let mut hosts = pair(&[S::Error]);
        hosts[usize::try_from(silent).unwrap()] = empty(silent, 30);
        let mut drive = Drive::new(setup(2), hosts);
        drive.run_to(59.0);
        assert!(drive.report.is_none() && drive.acts.is_empty());
        drive.run_to(62.0);
        let report = drive.report.as_ref().unwrap();
        let host = &report.hosts[usize::try_from(silent).unwrap()];
        assert_eq!((host.ready, report.outcome), (false, goal::PassOutcome::Partial));
        assert!(why(host).contains("may still be loading"), "{}", why(host));
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, reason));
        let named = name(silent).to_string();
        assert_eq!(
            drive.leg().trouble.as_ref().unwrap().host.as_deref(),
            Some(named.as_str()),
            "the host that is at fault"
        );
        assert!(drive.told.iter().any(|notice| matches!(notice, Notice::HostNotReady(own) if own.name == named)));
    }
}

/// It is late, and the run goes on for another reason.
#[test]
fn a_late_host_that_has_loaded_its_vms_is_waited_for_until_its_second_look() {
    let mut hosts = pair(&[S::Error]);
    hosts.push(look(2, &[]));
    hosts[2].system = empty(2, 30).system;
    // The second VM's replica is on the third host.
    let elsewhere = |n: u32, state| {
        let mut object = crate::sample::object(n, state);
        object.settings = Seen::Seen(crate::sample::settings(0, 2));
        object
    };
    let add = |seen: &mut Observation, mode| {
        let Seen::Seen(replication) = &mut seen.replication else { panic!() };
        replication.vms.insert(vm_id(2), crate::sample::vm(2, mode));
        let object = elsewhere(2, S::Replicating);
        replication.objects.insert(object.id, object);
    };
    add(&mut hosts[0], reprise_model::ReplicationMode::Primary);
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(62.0);
    assert!(drive.report.is_none() && drive.acts.len() == 1, "the act holds the run open");
    assert!(drive.told.iter().any(|notice| matches!(notice, Notice::HostNotReady(_))));
    add(&mut drive.hosts[2], reprise_model::ReplicationMode::Replica);
    until_the_third_is_looked_at(&mut drive);
    let Seen::Seen(replication) = &mut drive.hosts[0].replication else { panic!() };
    replication.objects.values_mut().for_each(|object| object.state = S::Replicating);
    drive.end_act(ended());
    drive.run_to(170.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.hosts[2].ready, report.outcome), (true, goal::PassOutcome::Ok), "{:?}", report.hosts[2]);
}

/// The same of a host that shows some of its VMs, and not the one that its peer names.
#[test]
fn a_host_that_lacks_a_vm_is_still_loading_if_it_has_just_booted_and_else_a_person_must_look() {
    let without = |host: u32, up_s: i64| {
        let mut seen = look(host, &[S::Replicating]);
        seen.system = empty(host, up_s).system;
        seen
    };
    let both = || pair(&[S::Replicating, S::Error]);
    let cases = [
        (0, 30, (LegResult::Failed, Reason::SenderNotLoaded)),
        (0, 3_600, (LegResult::NeedsPerson, Reason::SenderNotFound)),
        (1, 30, (LegResult::Failed, Reason::PeerNotLoaded)),
        (1, 3_600, (LegResult::NeedsPerson, Reason::PeerWithoutReplica)),
    ];
    for (host, up_s, expected) in cases {
        let mut hosts = both();
        hosts[usize::try_from(host).unwrap()] = without(host, up_s);
        let mut drive = Drive::new(setup(2), hosts);
        drive.run_to(59.0);
        assert!(drive.report.is_none(), "it is looked for until the host's time is up");
        drive.run_to(100.0);
        let leg = &drive.legs()[1];
        assert_eq!((leg.result, leg.reason), expected, "host {host}, up for {up_s} s");
        if let Some(trouble) = &leg.trouble {
            assert_eq!(trouble.host, Some(name(host).to_string()));
        }
        assert!(drive.acts.is_empty());
    }
}

fn refusing() -> Observation {
    Observation::failed(&Problem::new(ProblemKind::Denied, "log in", "the host refused the user"))
}

/// A pass over a pair and a third host, the first in the list, that refuses the login of all three.
fn with_one_that_refuses(set: impl Fn(&mut Setup)) -> Drive {
    let mut pass = setup(3);
    pass.hosts.iter_mut().for_each(|host| host.credential = Some(crate::CredentialId(7)));
    pass.hosts.rotate_right(1);
    (0..).zip(&mut pass.hosts).for_each(|(id, host)| host.id = HostId(id));
    set(&mut pass);
    let mut hosts = pair(&[S::Replicating]);
    hosts.insert(0, refusing());
    Drive::new(pass, hosts)
}

/// Netlogon starts after WinRM, and the domain controller may be a VM on that very host.
#[test]
fn a_host_that_refuses_a_login_which_another_host_accepts_is_tried_again_after_a_while() {
    let mut drive = with_one_that_refuses(|_| {});
    drive.run_to(14.0);
    assert_eq!((drive.looks[0], drive.report.is_none()), (1, true), "not at once");
    drive.hosts[0] = look(2, &[]);
    drive.run_to(18.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((report.hosts[0].ready, report.outcome), (true, goal::PassOutcome::Ok));
    assert!(!drive.told.iter().any(|notice| matches!(notice, Notice::HostNotReady(_))));
}

#[test]
fn a_host_that_goes_on_refusing_is_tried_twice_more_and_said_to_be_starting_perhaps() {
    let mut drive = with_one_that_refuses(|_| {});
    drive.run_to(59.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!((drive.looks[0], report.hosts[0].ready, report.outcome), (3, false, goal::PassOutcome::Partial));
    let why = why(&report.hosts[0]);
    assert_eq!(why.matches("may still be starting").count(), 1, "{why}");
    assert!(why.contains("refused the user"), "{why}");
}

#[test]
fn a_login_is_not_tried_again_without_time_for_it_nor_with_a_credential_that_no_other_host_accepts() {
    type Change = fn(&mut Setup);
    let cases: [(&str, Change); 3] = [
        ("no time", |pass| pass.patience.silence = Duration::from_secs(10)),
        ("its own credential", |pass| pass.hosts[0].credential = Some(crate::CredentialId(1))),
        ("unknown", |pass| pass.hosts[0].credential = None),
    ];
    for (what, set) in cases {
        let mut drive = with_one_that_refuses(set);
        drive.run_to(5.0);
        let report = drive.report.as_ref().expect(what);
        assert_eq!((drive.looks[0], report.outcome), (1, goal::PassOutcome::Partial), "{what}");
    }
    let mut pass = setup(2);
    pass.hosts.iter_mut().for_each(|host| host.credential = Some(crate::CredentialId(7)));
    let mut drive = Drive::new(pass, vec![refusing(), refusing()]);
    drive.run_to(1.0);
    assert_eq!((drive.report.as_ref().unwrap().outcome, &*drive.looks), (goal::PassOutcome::Failed, &[1, 1][..]));
}

/// Neither Hyper-V's namespace nor its service is there: nothing will load, however long it is waited for.
#[test]
fn a_host_without_hyper_v_is_not_waited_for_unless_its_service_is_there() {
    let no_namespace =
        || Problem::new(ProblemKind::NotThere, "read", "no namespace").with_remedy(Remedy::InstallHyperV);
    let without =
        |vmms: Seen<ServiceState>| Observation { vmms, replication: Err(no_namespace()).into(), ..look(0, &[]) };
    let no_service = || Problem::new(ProblemKind::NotThere, "see vmms", "no row").with_remedy(Remedy::SeeServices);
    let hidden = || Problem::new(ProblemKind::Busy, "see vmms", "WMI is busy");
    for (vmms, soon) in [
        (Err(no_service()).into(), true),
        (Err(hidden()).into(), false),
        (Seen::Seen(ServiceState::Stopped), false),
        (Seen::Seen(ServiceState::Running), false),
    ] {
        let mut drive = Drive::new(setup(1), vec![without(vmms.clone())]);
        drive.run_to(3.0);
        let report = drive.report.as_ref().map(|report| (report.outcome, why(&report.hosts[0]).to_owned()));
        let expected = soon.then(|| (goal::PassOutcome::NotReady, "no namespace".to_owned()));
        assert_eq!(report, expected, "{vmms:?}");
    }
}
