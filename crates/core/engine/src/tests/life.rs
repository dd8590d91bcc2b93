//! A controller that lives on: hosts come, go and come again; hosts that are late are waited for by nobody.

use std::num::NonZeroUsize;

use reprise_model::{Evidence, HostTime};

use super::*;

/// A look at the first host after it booted again: up for a second.
fn booted_again(states: &[ReplicationState]) -> Observation {
    let mut seen = look(0, states);
    let Seen::Seen(system) = &mut seen.system else { panic!("it is seen") };
    system.booted = HostTime(999_000);
    seen
}

#[test]
fn a_log_of_a_host_that_went_away_before_it_was_ready_holds_up_no_pass() {
    let patient = |setup: &mut Setup| {
        let patience = Duration::from_mins(30);
        (setup.patience.silence, setup.patience.retry_until) = (patience, Some(MonoTime(patience)));
        setup.reads_events = true;
    };
    let mut setup = setup(2);
    patient(&mut setup);
    let mut drive = Drive::new(setup, pair(&[S::Error]));
    drive.hosts[0] = unreachable();
    drive.run_to(70.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::SenderNotReady));
    assert_eq!(drive.report.as_ref().unwrap().elapsed.as_secs(), 60, "its time to become ready, and no more");
    assert_eq!(drive.leg().cause().unwrap().problem().unwrap().why, "connection refused");
}

#[test]
fn a_host_that_is_late_and_comes_after_all_is_served_while_the_pass_goes_on() {
    let mut asked = setup(3);
    asked.hosts[2].vmms_timeout = Duration::from_mins(10);
    let mut stopped = look(2, &[]);
    stopped.vmms = Seen::Seen(reprise_model::ServiceState::Stopped);
    stopped.replication = Seen::NotSeen(Problem::new(ProblemKind::NotThere, "read the VMs", "not found"));
    let mut hosts = pair(&[S::Error]);
    hosts[0] = unreachable();
    hosts.push(stopped);
    asked.patience.retry_until = Some(MonoTime(Duration::from_mins(10)));
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(65.0);
    let not_ready = |drive: &Drive| drive.told.iter().filter(|n| matches!(n, Notice::HostNotReady(_))).count();
    assert_eq!((not_ready(&drive), drive.acts.len()), (1, 0));
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(90.5);
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(100.0);
    assert!(drive.told.iter().any(|n| matches!(n, Notice::Resumed(_))) && drive.report.is_none());
    let failed = drive.told.iter().any(|n| matches!(n, Notice::ResumeFailed(_)));
    assert!(!failed, "it had not failed while its host could still come: {:?}", drive.told);
}

#[test]
fn the_log_is_read_beside_the_looks_by_which_its_host_becomes_ready() {
    let asked = Setup { reads_events: true, ..setup(2) };
    let drive = Drive::new(asked, pair(&[S::Error]));
    assert_eq!((&drive.events, drive.at), (&vec![HostId(0)], 0.0), "the first look has shown what it is for");
}

#[test]
fn a_host_that_boots_again_becomes_ready_again_before_anything_is_done_there() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = booted_again(&[S::Error]);
    let stale = || Outcome::Stale { found: "Starting".to_owned() };
    drive.end_act(stale());
    drive.end_act(stale());
    drive.run_to(2.6);
    assert_eq!(drive.acts.len(), 0, "it has booted, and shows a part of its VMs");
    drive.hosts[0] = booted_again(&[S::Error, S::Error]);
    drive.run_to(10.0);
    let mut legs: Vec<_> = drive.acts.iter().map(|act| act.leg.vm).collect();
    legs.sort_unstable();
    assert_eq!(legs, [vm_id(1), vm_id(2)]);
    let ready = drive.told.iter().filter(|n| matches!(n, Notice::HostReady { .. })).count();
    assert_eq!(ready, 2, "each host once");
}

#[test]
fn nothing_is_done_on_a_host_whose_vmms_has_stopped_until_it_is_ready_again() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    let mut stopped = look(0, &[]);
    let Seen::Seen(replication) = &mut stopped.replication else { panic!("it is seen") };
    replication.service = false;
    let running = std::mem::replace(&mut drive.hosts[0], stopped);
    drive.end_act(Outcome::NotDone(Problem::new(ProblemKind::Busy, "resume replication", "it is stopping")));
    drive.run_to(20.0);
    assert_eq!((drive.acts.len(), drive.controller.progress()), (0, (0, 1)));
    let leg = drive.controller.legs().next().unwrap();
    assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::SenderNotReady), "if it ended now");
    drive.hosts[0] = running;
    drive.run_to(25.0);
    assert_eq!(drive.acts.len(), 1);
}

#[test]
fn an_incident_ends_when_newer_data_has_come_and_the_next_one_has_a_budget_of_its_own() {
    let every = Some(Duration::from_secs(5));
    let mut asked = setup(3);
    (asked.reread_every, asked.patience.silence) = (every, Duration::from_hours(1));
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(20.0);
    let first = |drive: &Drive| drive.controller.legs().next().unwrap();
    assert_eq!((first(&drive).result, first(&drive).confirmed), (LegResult::Resumed, false));
    assert_eq!(drive.controller.snapshot(now(20.0)).legs.len(), 1, "it is not known to be over");
    let Seen::Seen(replication) = &mut drive.hosts[0].replication else { panic!("it is seen") };
    for object in replication.objects.values_mut() {
        object.last_replication = reprise_model::LastReplication::At(HostTime(990_000));
    }
    drive.run_to(30.0);
    assert_eq!((first(&drive).result, first(&drive).confirmed), (LegResult::Resumed, true));
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(40.0);
    assert_eq!((drive.acts.len(), first(&drive).attempts), (1, 1), "a new incident: {:?}", first(&drive));
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(50.0);
    assert_eq!(drive.told.iter().filter(|notice| matches!(notice, Notice::Resumed(_))).count(), 2, "once each");
}

/// One that is asked by hand: looks are answered by the test.
fn alone(setup: Setup) -> Controller {
    Controller::new(setup, now(0.0))
}

fn looked(host: u32, started: f64, seen: Observation) -> Event {
    Event::Looked { host: HostId(host), started: now(started).mono, observation: Box::new(seen) }
}

#[test]
fn what_a_slow_host_shows_is_as_new_as_it_can_be() {
    let mut controller = alone(setup(2));
    controller.handle(now(0.0), Event::Tick);
    let mut effects = Vec::new();
    for (started, told) in [(0.0, 63.0), (63.0, 126.0)] {
        for host in [1, 0] {
            let seen = look(host, &[if host == 0 { S::Error } else { S::Replicating }]);
            effects = controller.handle(now(told), looked(host, started, seen));
        }
    }
    let intends = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Intend(_)));
    assert!(intends(&effects), "its looks take longer than a minute: {effects:?}");
}

#[test]
fn no_more_looks_are_under_way_than_there_is_room_for_and_every_host_gets_its_turn() {
    let two = NonZeroUsize::new(2).unwrap();
    let mut controller = alone(Setup { looks_at_once: two, ..setup(5) });
    let (mut under_way, mut seen) = (std::collections::VecDeque::new(), std::collections::BTreeSet::new());
    let mut effects = controller.handle(now(0.0), Event::Tick);
    for step in 0..40 {
        for effect in &effects {
            if let Effect::Observe(host) = effect {
                under_way.push_back(*host);
                seen.insert(*host);
            }
        }
        assert!(under_way.len() <= 2, "{under_way:?}");
        let at = f64::from(step) * 0.3;
        let Some(host) = under_way.pop_front() else { break };
        effects = controller.handle(now(at), looked(host.0, at, look(host.0, &[])));
        assert!(controller.next_deadline().is_none_or(|next| next > now(at).mono), "it does not spin");
    }
    assert_eq!(seen.len(), 5);
}

#[test]
fn a_host_of_which_something_is_heard_is_looked_at_soon_and_once_and_a_look_under_way_does_not_count() {
    let every = Some(Duration::from_secs(30));
    let mut controller = alone(Setup { reread_every: every, ..setup(1) });
    let look_now = [Effect::Observe(HostId(0))];
    let seen = |at| looked(0, at, look(0, &[]));
    controller.handle(now(0.0), Event::Tick);
    controller.handle(now(0.0), seen(0.0));
    controller.handle(now(1.0), Event::Tick);
    controller.handle(now(1.0), seen(1.0));
    assert_eq!(controller.handle(now(5.0), Event::Heard(HostId(0))), look_now);
    assert_eq!(controller.handle(now(5.2), Event::Heard(HostId(0))), [], "the look under way may be older than that");
    controller.handle(now(5.4), seen(5.0));
    assert_eq!(controller.next_deadline(), Some(now(6.0).mono));
    assert_eq!(controller.handle(now(6.0), Event::Tick), look_now);
    controller.handle(now(6.2), seen(6.0));
    assert_eq!(controller.next_deadline(), Some(now(36.0).mono), "nothing more was heard");
    assert_eq!(controller.handle(now(7.0), Event::Heard(HostId(9))), [], "nobody knows this host");
}

#[test]
fn what_is_worked_on_has_not_failed_while_it_all_goes_on() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    let meanwhile = |drive: &Drive| drive.controller.legs_meanwhile().next().map(|leg| (leg.result, leg.reason));
    let under_way = Some((LegResult::Waiting, Reason::UnderWay));
    drive.run_to(1.5);
    assert_eq!((drive.acts.len(), meanwhile(&drive)), (1, under_way), "an act runs");
    drive.end_act(refused(32_775, true));
    drive.run_to(2.6);
    assert_eq!((drive.acts.len(), meanwhile(&drive)), (0, under_way), "the next try waits for its time");
    drive.run_to(4.0);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(6.0);
    assert_eq!(meanwhile(&drive), Some((LegResult::Healthy, Reason::Replicating)));
}

#[test]
fn what_a_host_showed_that_has_gone_is_not_known_to_run_while_it_all_goes_on() {
    let mut asked = setup(2);
    asked.reread_every = Some(Duration::from_secs(5));
    let mut drive = Drive::new(asked, pair(&[S::Replicating]));
    drive.goes_on = true;
    let meanwhile = |drive: &Drive| drive.controller.legs_meanwhile().next().unwrap();
    drive.run_to(3.0);
    assert_eq!(meanwhile(&drive).result, LegResult::Healthy);
    drive.hosts[0] = unreachable();
    drive.run_to(9.0);
    let leg = meanwhile(&drive);
    assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::Failed, Reason::SenderNotReady, true));
    assert!(matches!(leg.cause(), Some(Cause::Lost(_))), "{:?}", leg.trouble);
    drive.hosts = vec![look(0, &[S::Replicating]), unreachable()];
    drive.run_to(16.0);
    assert_eq!(meanwhile(&drive).result, LegResult::Healthy, "its sender says that it runs");
}

/// A daemon in front of a pair that refuses every act that it was asked for until then.
fn refused_until(drive: &mut Drive, until: f64) -> usize {
    let mut refusals = 0;
    while drive.at < until {
        drive.run_to((drive.at + 1.0).min(until));
        while !drive.acts.is_empty() {
            refusals += 1;
            drive.end_act(refused(32_775, true));
        }
    }
    refusals
}

#[test]
fn one_that_never_stops_retrying_tries_once_an_hour_what_has_used_up_its_tries_and_at_once_after_a_boot() {
    let mut endless = setup(2);
    endless.patience.retry_until = None;
    endless.reread_every = Some(Duration::from_secs(30));
    let mut drive = Drive::new(endless, pair(&[S::Error]));
    drive.goes_on = true;
    assert_eq!(refused_until(&mut drive, 600.0), 6);
    let failed = |drive: &Drive| drive.told.iter().filter(|n| matches!(n, Notice::ResumeFailed(_))).count();
    assert_eq!(failed(&drive), 1);
    assert_eq!(refused_until(&mut drive, 3_500.0), 0);
    assert_eq!(refused_until(&mut drive, 3_800.0), 1);
    drive.hosts[0] = booted_again(&[S::Error]);
    assert_eq!(refused_until(&mut drive, 3_900.0), 1, "its host has booted");
    assert_eq!(failed(&drive), 1, "reported once");
    drive.hosts[0] = look(0, &[S::Suspended]);
    assert_eq!(refused_until(&mut drive, 12_000.0), 0, "a pause is not fought");
}

#[test]
fn a_pause_that_stands_after_our_resume_is_left_until_its_host_has_booted() {
    let mut endless = setup(2);
    endless.patience.retry_until = None;
    endless.reread_every = Some(Duration::from_secs(30));
    let again = || booted_again(&[S::Suspended]);
    // The look that shows what came of the act may be from before a boot or from after it.
    for boots_before_the_look in [true, false] {
        let mut drive = Drive::new(endless.clone(), pair(&[S::Suspended]));
        drive.goes_on = true;
        drive.run_to(1.5);
        if boots_before_the_look {
            drive.hosts[0] = again();
        }
        drive.end_act(ended());
        if !boots_before_the_look {
            drive.run_to(8_000.0);
            assert_eq!(drive.acts.len(), 0, "it may be a person's");
            drive.hosts[0] = again();
        }
        let now = drive.at;
        drive.run_to(now + 60.0);
        assert_eq!(drive.acts.len(), 1, "{boots_before_the_look}");
        // The same boot is no reason twice.
        drive.end_act(ended());
        drive.run_to(now + 8_000.0);
        assert_eq!(drive.acts.len(), 0, "{boots_before_the_look}");
    }
}

#[test]
fn a_ready_host_is_read_again_now_and_then_if_that_is_wanted() {
    let every = Some(Duration::from_secs(30));
    let mut controller = alone(Setup { reread_every: every, ..setup(1) });
    controller.handle(now(0.0), Event::Tick);
    controller.handle(now(0.0), looked(0, 0.0, look(0, &[])));
    controller.handle(now(1.0), Event::Tick);
    controller.handle(now(1.0), looked(0, 1.0, look(0, &[])));
    assert!(controller.is_settled());
    assert_eq!(controller.next_deadline(), Some(now(31.0).mono));
    assert_eq!(controller.handle(now(31.0), Event::Tick), [Effect::Observe(HostId(0))]);
}

#[test]
fn hosts_come_and_go_and_those_that_stay_are_what_they_were() {
    let mut controller = alone(setup(2));
    controller.handle(now(0.0), Event::Tick);
    for host in [0, 1] {
        let state = if host == 0 { S::WaitingForStartResynchronize } else { S::Replicating };
        controller.handle(now(0.0), looked(host, 0.0, look(host, &[state])));
    }
    let leg = |controller: &Controller| controller.legs().next().map(|leg| (leg.result, leg.replica));
    assert_eq!(leg(&controller), Some((LegResult::NeedsPerson, Some("hv02.lab.test".to_owned()))));
    let effects = controller.handle(now(0.5), Event::HostsChanged(setup(1).hosts));
    assert!(effects.contains(&Effect::Forget(HostId(1))), "{effects:?}");
    assert_eq!(controller.hosts().count(), 1);
    assert_eq!(leg(&controller).map(|(result, _)| result), Some(LegResult::NeedsPerson), "its sender is still seen");
    let effects = controller.handle(now(0.6), Event::HostsChanged(setup(2).hosts));
    assert!(effects.contains(&Effect::Observe(HostId(1))), "{effects:?}");
}

#[test]
fn a_reading_that_never_comes_back_from_a_late_host_is_nobodys_evidence() {
    let mut drive = Drive::new(Setup { reads_events: true, ..setup(2) }, pair(&[S::Suspended]));
    drive.hosts[0] = unreachable();
    drive.run_to(70.0);
    let report = drive.report.as_ref().expect("the pass ended when the host was late");
    assert_eq!(report.legs[0].result, LegResult::Failed);
    assert_eq!(drive.events, [HostId(0)]);
    drive.feed(Event::EventsRead { host: HostId(0), evidence: Evidence::NotReadable });
}
