//! Looks that come while our own act is under way: the state already reads as requested, and proves nothing.

use reprise_model::{Evidence, HostTime, PausedRule, Records, ReplicationMode, VmmsEvent, VmmsEventKind};

use super::*;
use crate::evidence::ABORTED;

/// The sender's host shows its VM replicating while our act runs, and paused again after the host has refused the act.
fn refused_after_a_look(drive: &mut Drive) {
    let seen = Box::new(look(0, &[S::Replicating]));
    drive.feed(Event::Looked { host: HostId(0), started: now(drive.at).mono, observation: seen });
    drive.run_to(3.0);
    drive.end_act(refused(32_774, true));
    drive.run_to(10.0);
}

#[test]
fn what_is_seen_while_our_own_act_runs_does_not_make_a_pause_one_that_began_while_we_watched() {
    let mut setup = setup(2);
    setup.policy.paused.while_running = PausedRule::Leave;
    let mut drive = Drive::new(setup, pair(&[S::Suspended]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1, "it was paused at the first look");
    refused_after_a_look(&mut drive);
    assert_eq!(drive.acts.len(), 1, "it still is, and is tried again");
}

#[test]
fn a_sender_that_is_seen_while_an_act_on_its_replica_runs_is_what_it_shows() {
    let mut setup = Setup { reads_events: true, ..setup(2) };
    setup.policy.paused.while_running = PausedRule::Leave;
    let mut drive = Drive::new(setup, vec![look(0, &[S::Suspended]), look(1, &[S::Error])]);
    let gave_up = VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind: VmmsEventKind::NonRecoverable };
    let read = |drive: &mut Drive| {
        while let Some(host) = drive.events.pop() {
            let evidence = Evidence::Readable(Records::whole(vec![gave_up], Vec::new()));
            drive.feed(Event::EventsRead { host, evidence });
        }
    };
    read(&mut drive);
    drive.run_to(1.5);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)]);
    for (started, state) in [(1.6, S::Replicating), (2.6, S::Suspended)] {
        drive.run_to(started);
        let observation = Box::new(look(0, &[state]));
        drive.feed(Event::Looked { host: HostId(0), started: now(started).mono, observation });
    }
    drive.hosts[1] = look(1, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(4.0);
    read(&mut drive);
    drive.run_to(200.0);
    assert_eq!(drive.acts, [], "somebody resumed it, and a person paused it: that began while we watched");
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::PausedLeft));
}

#[test]
fn what_is_seen_while_our_own_act_runs_does_not_take_a_pause_from_the_shutdown_that_explains_it() {
    let mut setup = Setup { reads_events: true, ..setup(2) };
    setup.policy.paused.at_boot = PausedRule::Evidence;
    let mut drive = Drive::new(setup, pair(&[S::Suspended]));
    drive.run_to(1.5);
    let kinds = [VmmsEventKind::SendFailed { code: ABORTED }, VmmsEventKind::NonRecoverable];
    let records = kinds.map(|kind| VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind }).to_vec();
    let shutdown = Evidence::Readable(Records::whole(records, Vec::new()));
    let host = drive.events.remove(0);
    drive.feed(Event::EventsRead { host, evidence: shutdown.clone() });
    assert_eq!(drive.acts.len(), 1);
    refused_after_a_look(&mut drive);
    while let Some(host) = drive.events.pop() {
        drive.feed(Event::EventsRead { host, evidence: shutdown.clone() });
    }
    assert_eq!(drive.acts.len(), 1, "the shutdown still explains it, and it is tried again");
}

#[test]
fn a_leg_that_stops_again_after_the_limit_on_retries_is_not_tried_for_as_long_as_others_keep_the_run_going() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    drive.acts.truncate(1);
    drive.hosts[0] = look(0, &[S::Replicating, S::Error]);
    let proved = drive.end_act(ended()).leg;
    drive.run_to(58.0);
    drive.hosts[0] = look(0, &[S::Error, S::Error]);
    drive.run_to(150.0);
    assert!(drive.acts.is_empty(), "the limit is a minute: {:?}", drive.acts);
    drive.stop();
    let leg = drive.legs().iter().find(|leg| leg.id == proved).unwrap();
    assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::StoppedAgain));
}

#[test]
fn a_resynchronization_that_waits_for_one_that_just_began_on_its_host_holds_up_no_run() {
    let setup = Setup { reads_events: true, ..setup(1) };
    let mut drive = Drive::new(setup, vec![look(0, &[S::ResynchronizeSuspended, S::Replicating])]);
    let kinds = [VmmsEventKind::SendFailed { code: ABORTED }, VmmsEventKind::NonRecoverable];
    let records = kinds.map(|kind| VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind }).to_vec();
    let host = drive.events.remove(0);
    drive.feed(Event::EventsRead { host, evidence: Evidence::Readable(Records::whole(records, Vec::new())) });
    drive.hosts[0] = look(0, &[S::ResynchronizeSuspended, S::Resynchronizing]);
    drive.run_to(30.0);
    assert!(drive.acts.is_empty(), "one at a time");
    let report = drive.report.as_ref().expect("nothing is left to do");
    assert_eq!(report.legs[0].reason, Reason::ResyncWaits);
}

#[test]
fn a_replica_is_repaired_while_its_paused_resynchronization_waits_for_another() {
    let setup = Setup { reads_events: true, ..setup(2) };
    let hosts = vec![look(0, &[S::ResynchronizeSuspended, S::Resynchronizing]), look(1, &[S::Error, S::Replicating])];
    let mut drive = Drive::new(setup, hosts);
    let gave_up = VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind: VmmsEventKind::NonRecoverable };
    for host in std::mem::take(&mut drive.events) {
        let records = Records::whole(vec![gave_up], Vec::new());
        drive.feed(Event::EventsRead { host, evidence: Evidence::Readable(records) });
    }
    drive.run_to(1.5);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)]);
}

#[test]
fn a_resynchronization_goes_on_with_the_look_that_shows_that_the_other_has_ended() {
    let paused = S::ResynchronizeSuspended;
    let replicas = look(1, &[S::Replicating, S::Replicating]);
    let hosts = vec![look(0, &[paused, S::Resynchronizing]), replicas, unreachable()];
    let mut drive = Drive::new(Setup { reads_events: true, ..setup(3) }, hosts);
    let kinds = [VmmsEventKind::SendFailed { code: ABORTED }, VmmsEventKind::NonRecoverable];
    let records = kinds.map(|kind| VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind }).to_vec();
    for host in std::mem::take(&mut drive.events) {
        let evidence = Evidence::Readable(Records::whole(records.clone(), Vec::new()));
        drive.feed(Event::EventsRead { host, evidence });
    }
    drive.run_to(5.0);
    assert!(drive.acts.is_empty(), "one at a time");
    let observation = Box::new(look(0, &[paused, S::Replicating]));
    drive.feed(Event::Looked { host: HostId(0), started: now(5.0).mono, observation });
    assert_eq!(drive.acts.len(), 1);
}

/// The act that has the only place ends, and the replica server of the next leg has booted and refuses the login since.
#[test]
fn nobody_waits_for_a_look_at_a_late_host_that_an_act_would_need() {
    let mut setup = setup(2);
    setup.policy.pace.fleet = std::num::NonZeroU32::MIN;
    let mut drive = Drive::new(setup, pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    let mut booted = look(1, &[S::Replicating, S::Replicating]);
    let Seen::Seen(system) = &mut booted.system else { panic!() };
    system.booted = HostTime(system.clock.0 - 1_000);
    drive.feed(Event::Looked { host: HostId(1), started: now(1.5).mono, observation: Box::new(booted) });
    drive.hosts[1] = Observation::failed(&Problem::new(ProblemKind::Denied, "log in", "401"));
    drive.run_to(90.0);
    drive.hosts[0] = look(0, &[S::Replicating, S::Error]);
    drive.end_act(ended());
    drive.run_to(100.0);
    assert!(drive.acts.is_empty(), "the replica was seen too long ago");
    let report = drive.report.as_ref().expect("nothing is left to wait for");
    let results: Vec<_> = report.legs.iter().map(|leg| leg.result).collect();
    assert_eq!(results, [LegResult::Resumed, LegResult::Failed]);
}

/// Looks at a pair that is long at work: 160 VMs in Error, whose replicas are in that state on the second host. If it is `crossed`,
/// the second host sends every other one of them.
fn long_at_work(on_second: S, crossed: bool) -> Vec<Observation> {
    let shown = |host: u32| {
        let mut seen = look(host, &[on_second; 160]);
        let Seen::Seen(replication) = &mut seen.replication else { panic!("it is seen") };
        for (n, (vm, object)) in (1_u32..).zip(replication.vms.values_mut().zip(replication.objects.values_mut())) {
            let primary = u32::from(crossed && n % 2 == 0);
            let mode = if host == primary { ReplicationMode::Primary } else { ReplicationMode::Replica };
            *vm = crate::sample::vm(n, mode);
            object.settings = Seen::Seen(crate::sample::settings(primary, 1 - primary));
            object.state = match (host == primary, host) {
                (true, _) => S::Error,
                (false, 1) => on_second,
                (false, _) => S::Replicating,
            };
        }
        seen
    };
    vec![shown(0), shown(1)]
}

fn at_work(crossed: bool) -> Drive {
    let mut asked = setup(2);
    asked.policy.pace.per_host_max = asked.policy.pace.per_host;
    let mut drive = Drive::new(asked, long_at_work(S::Replicating, crossed));
    drive.run_to(1.5);
    drive
}

/// A second passes, and every act has brought its leg to run; those that had begun on the first host.
fn a_second_later(drive: &mut Drive) -> Vec<Act> {
    drive.run_to(drive.at + 1.0);
    for act in &drive.acts {
        let seen = &mut drive.hosts[usize::try_from(act.host.0).unwrap()];
        let Seen::Seen(replication) = &mut seen.replication else { panic!("it is seen") };
        let own = replication.objects.values_mut().find(|object| object.id.vm == act.leg.vm).unwrap();
        own.state = S::Replicating;
    }
    let acts: Vec<Act> = (0..drive.acts.len()).map(|_| drive.end_act(ended())).collect();
    acts.into_iter().filter(|act| act.host == HostId(0)).collect()
}

/// How long after the replicas on the second host were paused acts on the first one still began, of acts that take a second
/// each; and how many had begun before.
fn begun_after_the_pause(crossed: bool) -> (usize, Vec<f64>) {
    let paused_at = 8.0;
    let mut drive = at_work(crossed);
    let (mut before, mut late) = (0, Vec::new());
    for _ in 0..60 {
        if drive.at >= paused_at {
            drive.hosts = long_at_work(S::Suspended, crossed);
        }
        let begun = a_second_later(&mut drive).len();
        if drive.at < paused_at {
            before += begun;
        } else if begun > 0 {
            late.push(drive.at - paused_at);
        }
    }
    (before, late)
}

#[test]
fn a_replica_that_is_paused_while_its_leg_waits_for_its_turn_is_seen_within_seconds() {
    for crossed in [false, true] {
        let (before, late) = begun_after_the_pause(crossed);
        assert!((6..70).contains(&before), "legs still wait for their turn: {before}");
        assert!(
            late.iter().all(|at| *at <= 9.0),
            "{crossed}: acts began that long after the replicas were paused: {late:?}"
        );
    }
}

#[test]
fn the_acts_on_two_hosts_that_replicate_to_each_other_do_not_wait_for_looks() {
    let mut drive = at_work(true);
    let acts = (0..15).map(|_| a_second_later(&mut drive));
    let legs: std::collections::BTreeSet<_> = acts.flatten().map(|act| act.leg).collect();
    assert!(legs.len() >= 75, "six at a time, a second each: {}", legs.len());
}

/// A sender in Error comes half a minute after its receiver, which has stopped answering by then.
fn receiver_fell_silent() -> Drive {
    let mut hosts = pair(&[S::Error]);
    let sender = std::mem::replace(&mut hosts[0], unreachable());
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(5.0);
    drive.hosts[1] = unreachable();
    drive.run_to(30.0);
    drive.hosts[0] = sender;
    drive.run_to(50.0);
    drive
}

#[test]
fn a_receiver_that_has_fallen_silent_is_waited_for_and_its_leg_is_resumed_once_it_answers_again() {
    let mut drive = receiver_fell_silent();
    assert!(drive.acts.is_empty(), "nobody knows what has become of the replica: {:?}", drive.acts);
    drive.hosts[1] = look(1, &[S::Replicating]);
    drive.run_to(52.0);
    assert_eq!(drive.acts.len(), 1);
}

#[test]
fn a_receiver_that_has_fallen_silent_is_waited_for_no_longer_than_for_readiness_and_is_named() {
    let mut drive = receiver_fell_silent();
    drive.run_to(100.0);
    assert_eq!(drive.leg().result, LegResult::Failed);
    assert!(matches!(drive.leg().cause(), Some(Cause::Lost(_))), "{:?}", drive.leg());
}
