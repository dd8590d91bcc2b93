//! Hosts that lie. What one host says of itself, of a VM or of a peer must not lead to an act on another host, nor hide
//! another host's VMs. `SECURITY.md` has the rules, one per word that a host may say.

use reprise_model::{
    Evidence, HostName, HostTime, Records, Replication, ReplicationMode, ReplicationSettings, VmmsEvent, VmmsEventKind,
};

use super::*;
use crate::evidence::ABORTED;
use crate::sample::settings;

fn named(text: &str) -> HostName {
    HostName::new(text).unwrap()
}

fn shown(observation: &mut Observation) -> &mut Replication {
    match &mut observation.replication {
        Seen::Seen(replication) => replication,
        Seen::NotSeen(problem) => panic!("{problem}"),
    }
}

/// A look at a host that says another name than its own.
fn called(text: &str, mut seen: Observation) -> Observation {
    seen.name = Seen::Seen(named(text));
    seen
}

fn set_up(seen: &mut Observation, settings: &ReplicationSettings) {
    for object in shown(seen).objects.values_mut() {
        object.settings = Seen::Seen(settings.clone());
    }
}

/// The sender of VM 1 in Error on hv01, which says that it sends to the host of that name.
fn sender_to(recovery: &str) -> Observation {
    let mut sender = look(0, &[S::Error]);
    set_up(
        &mut sender,
        &ReplicationSettings { recovery_host: Some(named(recovery)), recovery_point: None, ..settings(0, 1) },
    );
    sender
}

/// A replica of VM 1 that is off and replicates, as a liar shows it whatever became of the true one.
fn false_receiver() -> Observation {
    let mut seen = look(1, &[S::Replicating]);
    set_up(&mut seen, &settings(0, 1));
    seen
}

/// The same without its first VM.
fn without_first(mut seen: Observation) -> Observation {
    let replication = shown(&mut seen);
    if let Some((first, _)) = replication.objects.pop_first() {
        replication.vms.remove(&first.vm);
    }
    seen
}

/// A pass over hosts asked by these names; by an address where there is none.
fn asked(names: &[Option<&str>]) -> Setup {
    let mut pass = setup(u32::try_from(names.len()).unwrap());
    for (host, name) in pass.hosts.iter_mut().zip(names) {
        host.claim = name.map(named);
        host.label = name.map_or_else(|| host.label.clone(), str::to_lowercase);
    }
    pass
}

/// On which hosts something is done while the pass still waits for nothing but looks.
fn acts(pass: Setup, hosts: Vec<Observation>) -> Vec<HostId> {
    let mut drive = Drive::new(pass, hosts);
    drive.run_to(3.0);
    drive.acts.iter().map(|act| act.host).collect()
}

const HV01: &str = "hv01.lab.test";
const HV02: &str = "hv02.lab.test";
const HV03: &str = "hv03.lab.test";

/// The host that is asked by a name is that host. Another that says the name first is not, even with the same boot time.
#[test]
fn a_host_that_says_the_name_by_which_another_is_asked_does_not_hide_its_vms() {
    let liar = || called(HV01, look(2, &[]));
    assert_eq!(acts(asked(&[Some(HV03), Some(HV01)]), vec![liar(), sender_to(HV02)]), [HostId(1)]);
    // A peer that only a relationship named is asked by a name too.
    let mut names_liar = without_first(look(0, &[S::Replicating, S::Replicating]));
    set_up(&mut names_liar, &settings(0, 2));
    let mut pass = Setup { discover: true, ..asked(&[Some("hv09.lab.test"), Some(HV01)]) };
    pass.hosts[0].label = "hv09.lab.test:5985".to_owned();
    let hosts = vec![called("hv09.lab.test", names_liar), unreachable(), liar(), look(1, &[S::Replicating])];
    let mut drive = Drive::new(pass, hosts);
    drive.run_to(2.0);
    drive.hosts[1] = sender_to(HV02);
    drive.run_to(5.0);
    assert!(drive.acts.iter().any(|act| act.host == HostId(1)), "{:?}", drive.acts);
}

/// Two addresses of one machine show the same. An address that shows something else is another machine, or lies; neither is
/// accepted silently.
#[test]
fn two_hosts_of_one_name_and_boot_time_that_show_different_legs_are_an_error_on_both() {
    for liar_first in [true, false] {
        let mut hosts = vec![called(HV01, look(2, &[])), sender_to(HV02)];
        if !liar_first {
            hosts.reverse();
        }
        let mut drive = Drive::new(asked(&[None, None]), hosts);
        drive.run_to(300.0);
        let report = drive.report.as_ref().unwrap();
        assert_eq!(report.outcome, goal::PassOutcome::Partial, "liar first: {liar_first}");
        assert!(report.hosts.iter().all(|host| host.trouble.is_some()), "liar first: {liar_first}");
    }
}

/// Where nobody can tell when two hosts of one name have booted, nobody can say that they are one.
#[test]
fn a_second_host_of_a_name_that_does_not_say_when_it_has_booted_is_not_passed_over_in_silence() {
    let mut liar = called(HV01, look(2, &[]));
    liar.system = Seen::NotSeen(Problem::new(ProblemKind::Denied, "read the host's version", "no rights"));
    for hosts in [vec![liar.clone(), sender_to(HV02)], vec![sender_to(HV02), liar]] {
        let mut drive = Drive::new(asked(&[None, None]), hosts);
        drive.run_to(300.0);
        let report = drive.report.as_ref().unwrap();
        assert_eq!(report.outcome, goal::PassOutcome::Partial);
        assert!(matches!(report.hosts[1].trouble, Some(HostTrouble::SameName { .. } | HostTrouble::UnlikeTwin { .. })));
    }
}

/// Each name is asked once, whatever answers there.
#[test]
fn a_peer_that_says_another_hosts_name_is_not_asked_again_and_again() {
    let mut names_liar = look(0, &[S::Replicating]);
    set_up(&mut names_liar, &settings(0, 2));
    let mut hosts = vec![names_liar];
    hosts.extend((0..20).map(|_| called(HV01, look(2, &[]))));
    let mut drive = Drive::new(Setup { discover: true, ..asked(&[Some(HV01)]) }, hosts);
    drive.run_to(30.0);
    let names: Vec<&str> = drive.asked.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, [HV03]);
}

/// The receiver is the host that is asked by the name, and it is silent.
#[test]
fn a_host_that_says_the_name_of_a_silent_receiver_does_not_stand_in_for_it() {
    let liar = || called(HV02, false_receiver());
    assert_eq!(acts(asked(&[Some(HV03), Some(HV01), Some(HV02)]), vec![liar(), sender_to(HV02), unreachable()]), []);
    assert_eq!(acts(asked(&[None, Some(HV01), Some(HV02)]), vec![liar(), sender_to(HV02), unreachable()]), []);
}

/// The receiver is asked by an address and has not said who it is.
#[test]
fn a_host_of_another_domain_does_not_stand_in_for_a_receiver_that_is_asked_by_an_address_and_silent() {
    let liar = called("hv02.evil.test", false_receiver());
    let pass = asked(&[Some(HV01), None, Some("hv02.evil.test")]);
    assert_eq!(acts(pass, vec![sender_to(HV02), unreachable(), liar]), []);
}

/// The sender names its receiver by a first label. A third host that takes the same label makes the name unclear: that is
/// not the same as a host that nobody asked.
#[test]
fn a_host_that_takes_the_receivers_first_label_does_not_lift_what_the_receiver_says_or_leaves_unsaid() {
    let liar = || called("hv02.evil.test", false_receiver());
    let pass = || asked(&[Some(HV01), Some(HV02), Some(HV03)]);
    let silent = acts(pass(), vec![sender_to("HV02"), unreachable(), liar()]);
    let failed_over = acts(pass(), vec![sender_to("HV02"), look(1, &[S::FailedOverWaitingCompletion]), liar()]);
    assert_eq!((silent, failed_over), (vec![], vec![]));
}

/// Where the sender names nobody, who receives is anybody's word; a host that is asked and silent may be the true one.
#[test]
fn a_sender_that_names_nobody_is_not_resumed_on_one_hosts_word_while_another_is_silent() {
    let mut sender = look(0, &[S::Error]);
    set_up(&mut sender, &ReplicationSettings { recovery_host: None, recovery_point: None, ..settings(0, 1) });
    let mut liar = look(2, &[S::Replicating]);
    set_up(&mut liar, &settings(0, 2));
    assert_eq!(acts(setup(3), vec![sender.clone(), unreachable(), liar]), []);
    // Once every host that was asked is seen, the one that names the sender is the one.
    let mut drive = Drive::new(setup(3), vec![sender, look(1, &[S::Replicating]), unreachable()]);
    drive.run_to(5.0);
    assert_eq!(drive.acts.len(), 0, "one is silent");
    drive.hosts[2] = look(2, &[]);
    drive.run_to(10.0);
    assert_eq!(drive.acts.len(), 1);
}

/// A host that also holds the VM as primary, whether it is so or not.
fn second_primary(state: S) -> Observation {
    let mut seen = look(2, &[state]);
    for vm in shown(&mut seen).vms.values_mut() {
        vm.mode = ReplicationMode::Primary;
    }
    set_up(&mut seen, &settings(2, 1));
    seen
}

#[test]
fn a_second_primary_leads_to_no_act_anywhere() {
    for state in [S::Error, S::Replicating, S::Suspended] {
        for receiver in [look(1, &[S::Replicating]), unreachable()] {
            assert_eq!(acts(setup(3), vec![sender_to(HV02), receiver, second_primary(state)]), [], "{state}");
        }
    }
}

#[test]
fn both_hosts_that_hold_a_vm_as_primary_are_named() {
    for hosts in [
        vec![sender_to(HV02), look(1, &[S::Replicating]), second_primary(S::Replicating)],
        vec![second_primary(S::Replicating), look(1, &[S::Replicating]), sender_to(HV02)],
    ] {
        let mut names = [HV01, HV02, HV03];
        if hosts[0].name.seen().unwrap().as_str() == HV03 {
            names.reverse();
        }
        let mut drive = Drive::new(asked(&names.map(Some)), hosts);
        drive.run_to(300.0);
        let leg = drive.leg();
        assert_eq!((leg.result, leg.reason), (LegResult::NeedsPerson, Reason::BothPrimary));
        let told = format!("{:?} {:?}", leg.primary, leg.findings);
        assert!(told.contains(HV01) && told.contains(HV03), "{told}");
    }
}

/// The true primary is down. What another host shows of the VM says nothing of it, since the replica names the true one.
#[test]
fn a_primary_that_the_replica_does_not_name_does_not_hide_that_the_true_one_is_not_seen() {
    let hosts = vec![unreachable(), look(1, &[S::Replicating]), second_primary(S::Replicating)];
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(300.0);
    let leg = drive.leg();
    // A VM that was moved looks the same, so it is said and decides nothing.
    assert_eq!(leg.findings, [Finding::OtherPrimaryNamed { host: HV01.to_owned() }]);
}

/// A host's log explains what stands on that host. Records of other hosts' VMs in it prove nothing.
#[test]
fn a_log_that_speaks_of_another_hosts_vm_explains_nothing_there() {
    let mut pass = Setup { reads_events: true, ..setup(2) };
    pass.policy.paused.at_boot = reprise_model::PausedRule::Evidence;
    // The second host receives VM 1, and its own sender makes that its log is read.
    let mut liar = look(1, &[S::Replicating]);
    let mut own = without_first(look(0, &[S::Replicating, S::Error]));
    set_up(&mut own, &settings(1, 8));
    shown(&mut liar).objects.append(&mut shown(&mut own).objects);
    shown(&mut liar).vms.append(&mut shown(&mut own).vms);
    let record = |at, kind| VmmsEvent { vm: vm_id(1), at: HostTime(at), kind };
    let aborted = VmmsEventKind::SendFailed { code: ABORTED };
    let shutdown = || vec![record(995_000, aborted), record(996_000, VmmsEventKind::NonRecoverable)];
    for (recorded_on, resumed_on) in [(1, vec![HostId(1)]), (0, vec![HostId(0), HostId(1)])] {
        let mut drive = Drive::new(pass.clone(), vec![look(0, &[S::Suspended]), liar.clone()]);
        drive.run_to(1.5);
        assert_eq!(drive.events, [HostId(0), HostId(1)]);
        for host in std::mem::take(&mut drive.events) {
            let records = if host == HostId(recorded_on) { shutdown() } else { Vec::new() };
            drive.feed(Event::EventsRead { host, evidence: Evidence::Readable(Records::whole(records, vec![])) });
        }
        drive.run_to(3.0);
        let mut acts: Vec<HostId> = drive.acts.iter().map(|act| act.host).collect();
        acts.sort();
        assert_eq!(acts, resumed_on, "recorded on {recorded_on}");
    }
}

/// Names that a host gives to its own VMs concern its own VMs.
#[test]
fn a_host_that_gives_its_vm_the_name_of_another_takes_no_hold_off_it() {
    let mut pass = setup(3);
    let hold = |scope| Hold { scope, reason: "work".to_owned(), until: None, only_this_pass: false };
    pass.policy.holds.push(hold(HoldScope::Vm(VmSelector::Name("vm-001".to_owned()))));
    let mut liar = without_first(look(0, &[S::Error, S::Error]));
    shown(&mut liar).vms.values_mut().for_each(|vm| vm.name = "vm-001".to_owned());
    set_up(&mut liar, &settings(2, 1));
    let liar = called(HV03, liar);
    assert_eq!(acts(pass, vec![look(0, &[S::Error]), look(1, &[S::Replicating]), liar]), []);
}

#[test]
fn a_host_that_calls_itself_otherwise_does_not_escape_the_hold_on_it() {
    let mut pass = asked(&[Some("hv01.lab.test"), Some("hv02.lab.test")]);
    pass.policy.peer_unseen = reprise_model::PeerUnseen::Resume;
    let scope = HoldScope::Host(named("hv02.lab.test"));
    pass.policy.holds.push(Hold { scope, reason: "test".to_owned(), until: None, only_this_pass: false });
    let mut liar = called("hv01.lab.test", false_receiver());
    let Seen::Seen(system) = &mut liar.system else { panic!("it is seen") };
    system.booted = HostTime(7);
    assert_eq!(acts(pass, vec![sender_to("hv02.lab.test"), liar]), []);
}

/// What a pass over hosts asked by these names reports of each host, and on which hosts something was done.
fn told_of_hosts(names: &[Option<&str>], hosts: Vec<Observation>) -> (Report, Vec<Notice>, usize) {
    let mut drive = Drive::new(asked(names), hosts);
    drive.run_to(300.0);
    (drive.report.unwrap(), drive.told, drive.acts.len())
}

fn is_not_trusted(host: &crate::HostReport) -> bool {
    matches!(host.trouble, Some(HostTrouble::NameGiven { .. }))
}

/// A name that a URL or the configuration gives to one host is not another's, whatever that one says.
#[test]
fn hosts_whose_given_names_are_swapped_are_an_error_on_both_and_nothing_is_done() {
    for names in [[Some(HV02), Some(HV01)], [Some("hv02"), Some("HV01")]] {
        let (report, told, acts) = told_of_hosts(&names, vec![sender_to(HV02), look(1, &[S::Replicating])]);
        assert_eq!((report.outcome, acts), (goal::PassOutcome::Partial, 0), "{names:?}");
        assert!(report.hosts.iter().all(|host| is_not_trusted(host) && !host.ready), "{:?}", report.hosts);
        let called: Vec<_> = report.hosts.iter().map(|host| HostName::new(&host.name)).collect();
        assert_eq!(called, names.map(|name| name.and_then(HostName::new)), "each is called as it was asked");
        let unclear = |notice: &&Notice| matches!(notice, Notice::HostUnclear(_));
        assert_eq!(told.iter().filter(unclear).count(), 2);
        assert!(!told.iter().any(|notice| matches!(notice, Notice::HostReady { .. })), "{told:?}");
    }
}

#[test]
fn a_host_that_says_the_name_of_a_host_that_answers_under_a_third_name_is_an_error() {
    let hosts = vec![sender_to(HV02), called(HV03, look(1, &[S::Replicating]))];
    let (report, _, acts) = told_of_hosts(&[None, Some(HV01)], hosts);
    assert_eq!((report.outcome, acts), (goal::PassOutcome::Partial, 0));
    assert_eq!(report.hosts.iter().map(is_not_trusted).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_host_that_says_the_name_of_a_silent_host_is_not_trusted_until_that_one_answers() {
    let pass = asked(&[Some("alias"), Some(HV01), Some(HV02)]);
    let mut drive = Drive::new(pass, vec![sender_to(HV02), unreachable(), look(1, &[S::Replicating])]);
    drive.run_to(20.0);
    assert_eq!(drive.acts.len(), 0, "the host that is asked as hv01 may be another");
    drive.hosts[1] = sender_to(HV02);
    drive.run_to(30.0);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)], "two addresses of one machine");
    drive.hosts[1] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(300.0);
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Ok);
}

/// A short name in a URL stands for one full name: the one that its host says.
#[test]
fn a_host_is_believed_again_once_the_host_of_a_short_name_has_said_its_full_one() {
    let own = "hv01.other.test";
    let sender = || called(own, sender_to(HV02));
    let pass = asked(&[Some("alias"), Some("hv01"), Some(HV02)]);
    let mut drive = Drive::new(pass, vec![sender(), unreachable(), look(1, &[S::Replicating])]);
    drive.run_to(20.0);
    assert_eq!(drive.acts.len(), 0);
    drive.hosts[1] = called(HV01, look(2, &[]));
    drive.run_to(40.0);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(0)]);
    let ready = |notice: &&Notice| matches!(notice, Notice::HostReady { host, .. } if host == own);
    assert_eq!(drive.told.iter().filter(ready).count(), 1);
}

/// Of two hosts whose names are mixed up one may call itself as nobody is asked. It is trusted, and the name that it is given
/// is not known to be its own.
#[test]
fn a_name_that_a_host_says_which_is_not_trusted_stands_for_nobody() {
    for recovery in [HV02, "HV02"] {
        let hosts = vec![sender_to(recovery), look(1, &[S::Replicating])];
        let (report, _, acts) = told_of_hosts(&[Some(HV02), Some(HV03)], hosts);
        assert_eq!((report.outcome, acts), (goal::PassOutcome::Partial, 0));
        assert_eq!(report.hosts.iter().map(is_not_trusted).collect::<Vec<_>>(), [false, true]);
        let leg = &report.legs[0];
        assert_eq!(
            (leg.reason, leg.replica.as_deref().and_then(HostName::new)),
            (Reason::PeerNotSeen, HostName::new(recovery))
        );
    }
}

/// What the configuration calls a host need not be what it calls itself.
#[test]
fn a_name_that_no_host_was_given_is_believed_of_a_host_that_is_asked_by_another() {
    let (report, _, acts) =
        told_of_hosts(&[Some("old"), Some("new")], vec![sender_to(HV02), look(1, &[S::Replicating])]);
    assert_eq!(acts, 1);
    assert!(report.hosts.iter().all(|host| host.trouble.is_none()));
}

/// The sender is right, and its receiver is asked by a name that another host is given.
#[test]
fn a_leg_to_a_host_that_is_not_trusted_waits_for_it_and_is_not_resumed() {
    for recovery in [HV02, "HV02"] {
        let hosts = vec![sender_to(recovery), called(HV03, false_receiver()), called(HV02, look(2, &[]))];
        let (report, _, acts) = told_of_hosts(&[Some(HV01), Some(HV02), Some(HV03)], hosts);
        assert_eq!(acts, 0, "{recovery}");
        let leg = &report.legs[0];
        assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::PeerNotSeen), "{recovery}");
        let problem = leg.cause().unwrap().problem().unwrap();
        assert!(problem.why.contains(HV03), "{problem}");
        assert_eq!(problem.remedy, reprise_model::Remedy::NameHosts);
    }
}

/// A host may be fixed while it is watched.
#[test]
fn a_host_that_says_its_own_name_after_that_of_another_is_believed_from_then_on() {
    let pass = Setup { reread_every: Some(Duration::from_secs(5)), ..asked(&[Some(HV01), Some(HV02), Some(HV03)]) };
    for held in [called(HV02, look(1, &[S::Replicating])), unreachable()] {
        let mut drive = Drive::new(pass.clone(), vec![called(HV02, sender_to(HV02)), held, unreachable()]);
        drive.run_to(8.0);
        assert_eq!(drive.acts.len(), 0);
        drive.hosts = vec![sender_to(HV02), look(1, &[S::Replicating]), unreachable()];
        drive.run_to(30.0);
        assert_eq!(drive.acts.len(), 1);
    }
}

#[test]
fn a_host_that_says_a_name_which_the_first_does_not_bear_any_more_shows_its_own_vms() {
    let twin = || called(HV02, look(0, &[S::Replicating]));
    let hosts = vec![look(1, &[S::Replicating]), twin(), unreachable()];
    let setup = Setup { reread_every: Some(Duration::from_secs(5)), ..asked(&[None, None, Some(HV03)]) };
    let mut drive = Drive::new(setup, hosts);
    drive.run_to(5.0);
    assert_eq!(drive.controller.leg(crate::sample::leg_id(1)).unwrap().after, None, "two say one name");
    drive.hosts[0] = called("hv02.elsewhere.test", look(1, &[S::Replicating]));
    drive.run_to(30.0);
    assert_eq!(drive.controller.leg(crate::sample::leg_id(1)).unwrap().after, Some(S::Replicating));
}

fn hold_on(host: &str) -> Hold {
    let scope = HoldScope::Host(named(host));
    Hold { scope, reason: "migration".to_owned(), until: None, only_this_pass: false }
}

#[test]
fn a_host_that_says_the_name_of_another_is_still_asked_by_its_own_first_label() {
    let hosts = vec![sender_to("hv02.elsewhere.test"), called(HV03, look(1, &[])), look(2, &[])];
    assert_eq!(acts(setup(3), hosts), [], "its receiver is asked, and is not seen");
}

#[test]
fn a_hold_on_the_first_label_by_which_a_second_address_is_asked_covers_its_host() {
    let mut pass = asked(&[Some(HV01), None, Some(HV02)]);
    pass.policy.holds = vec![hold_on("hv02")];
    let receiver = || called(HV03, look(1, &[S::Replicating]));
    assert_eq!(acts(pass, vec![sender_to(HV02), receiver(), receiver()]), []);
}

#[test]
fn a_hold_on_a_host_that_says_the_name_of_another_covers_what_it_does_not_show() {
    let mut pass = setup(3);
    pass.policy.peer_unseen = reprise_model::PeerUnseen::Resume;
    pass.policy.holds = vec![hold_on("hv02")];
    assert_eq!(acts(pass, vec![sender_to(HV02), called(HV03, look(1, &[])), unreachable()]), []);
}

#[test]
fn of_two_hosts_that_counted_as_one_machine_neither_is_trusted_once_each_says_the_name_of_the_other() {
    let second = called("hv01.lab.test", look(1, &[S::Replicating]));
    let names = [Some("hv01.lab.test"), Some("hv02.lab.test")];
    let mut drive = Drive::new(asked(&names), vec![look(0, &[S::Error]), second]);
    drive.run_to(1.5);
    drive.at += 0.1;
    let swapped = called("hv02.lab.test", look(0, &[S::Error]));
    drive.hosts[0] = swapped.clone();
    let started = now(drive.at).mono;
    drive.feed(Event::Looked { host: HostId(0), started, observation: Box::new(swapped) });
    drive.run_to(300.0);
    let hosts = &drive.report.as_ref().unwrap().hosts;
    assert_eq!(hosts.iter().map(is_not_trusted).collect::<Vec<_>>(), [true, true]);
    assert!(drive.acts.is_empty());
}

/// Readiness takes two looks a second apart, and the look that says its own name shows as much as any other.
#[test]
fn the_look_at_which_a_host_says_its_own_name_again_is_the_first_of_those_by_which_it_becomes_ready() {
    let with_other_name = || vec![called("hv02.lab.test", look(0, &[S::Error])), look(1, &[S::Replicating])];
    let mut drive = Drive::new(setup(2), with_other_name());
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(1.5);
    assert_eq!((drive.looks[0], drive.acts.len()), (2, 0));
    drive.run_to(2.5);
    assert_eq!((drive.looks[0], drive.acts.len()), (3, 1));

    let mut asked = setup(2);
    asked.patience.timeout = Duration::from_secs(15);
    let mut drive = Drive::new(asked, with_other_name());
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(1.5);
    drive.hosts[0] = unreachable();
    drive.run_to(20.0);
    assert!(drive.report.is_some(), "VMMS was seen to run, so that it has the time from then on to become ready");
}
