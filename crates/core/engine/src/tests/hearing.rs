//! What hosts' event logs change.

use reprise_model::{
    Coverage, Evidence, Gap, HostTime, LastReplication, Log, MarkKind, PauseMark, PausedRule, Records, SystemEvent,
    SystemEventKind, VmmsEvent, VmmsEventKind,
};

use super::*;
use crate::attempt::Attempt;
use crate::evidence::ABORTED;
use crate::incident::Plan;
use crate::leg::Side;
use crate::sample::leg_id;

fn hearing(at_boot: PausedRule) -> Setup {
    let mut pass = Setup { reads_events: true, ..setup(2) };
    pass.policy.paused.at_boot = at_boot;
    pass
}

fn record(at: i64, kind: VmmsEventKind) -> VmmsEvent {
    VmmsEvent { vm: vm_id(1), at: HostTime(at), kind }
}

/// A log that was read whole.
fn readable(vmms: Vec<VmmsEvent>) -> Evidence {
    Evidence::Readable(Records::whole(vmms, Vec::new()))
}

/// The marks of a shutdown at a time.
fn shutdown(at: i64) -> Evidence {
    let aborted = VmmsEventKind::SendFailed { code: ABORTED };
    readable(vec![record(at, aborted), record(at, VmmsEventKind::NonRecoverable)])
}

fn read(drive: &mut Drive, evidence: Evidence) {
    let host = drive.events.remove(0);
    drive.feed(Event::EventsRead { host, evidence });
}

#[test]
fn a_paused_leg_waits_for_the_events_and_is_resumed_if_they_prove_a_shutdown() {
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended]));
    drive.run_to(1.5);
    assert!(drive.acts.is_empty() && drive.report.is_none(), "it does not guess while the log is being read");
    assert_eq!(drive.events, [HostId(0)], "one reading");
    read(&mut drive, shutdown(950_000));
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Resumed, Reason::PausedByShutdown));
    assert!(!drive.leg().without_evidence);
    assert!(drive.leg().findings.is_empty(), "{:?}", drive.leg().findings);
}

/// A pause that a person ordered, with what the log of its host says.
fn ordered_pause(kind: MarkKind, at_boot: PausedRule, state: S, evidence: Evidence) -> Drive {
    let mut pass = hearing(at_boot);
    pass.policy.marks = [(leg_id(1), PauseMark { kind, until: Some(HostTime(950_000)) })].into();
    let mut drive = Drive::new(pass, pair(&[state]));
    drive.run_to(1.5);
    assert!(
        drive.acts.is_empty() && (kind == MarkKind::Meant || drive.report.is_none()),
        "{kind:?}: the log is unread"
    );
    read(&mut drive, evidence);
    drive.run_to(60.0);
    drive
}

#[test]
fn a_pause_that_was_ordered_and_not_seen_to_be_made_yields_to_a_proved_shutdown_and_to_nothing_weaker() {
    use PausedRule::{Leave, Resume};
    let proved = || shutdown(950_000);
    for state in [S::Suspended, S::ResynchronizeSuspended] {
        let drive = ordered_pause(MarkKind::Intended, Resume, state, proved());
        assert_eq!(drive.acts.iter().map(|act| act.expected_state).collect::<Vec<_>>(), [state]);
    }
    let by_policy = ordered_pause(MarkKind::Intended, Leave, S::Suspended, proved());
    assert_eq!((by_policy.acts.len(), by_policy.leg().reason), (0, Reason::PausedLeft), "as if there was no note");
    for evidence in [Evidence::NotReadable, readable(vec![]), shutdown(100_000)] {
        for state in [S::Suspended, S::ResynchronizeSuspended] {
            let drive = ordered_pause(MarkKind::Intended, Resume, state, evidence.clone());
            assert_eq!((drive.acts.len(), drive.leg().reason), (0, Reason::PausedOnPurpose), "{state} {evidence:?}");
        }
    }
    let seen = ordered_pause(MarkKind::Meant, Resume, S::Suspended, proved());
    assert_eq!((seen.acts.len(), seen.leg().reason), (0, Reason::PausedOnPurpose));
}

#[test]
fn a_shutdown_before_the_last_data_proves_nothing_about_this_pause() {
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended]));
    drive.run_to(1.5);
    read(&mut drive, shutdown(100_000));
    drive.run_to(60.0);
    assert!(drive.acts.is_empty());
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::PausedByPerson));
}

/// A pair whose VM stands still at this state; its last data came at that time of its host's clock, which shows 1 000 s.
fn stands_still(state: S, last: LastReplication) -> Drive {
    let mut hosts = pair(&[state]);
    for host in &mut hosts {
        let Seen::Seen(replication) = &mut host.replication else { panic!("it is seen") };
        for object in replication.objects.values_mut() {
            object.last_replication = last;
        }
    }
    Drive::new(hearing(PausedRule::Evidence), hosts)
}

#[test]
fn where_a_record_is_dated_later_than_its_hosts_clock_shows_nobody_is_known_to_have_paused() {
    for (later, expected) in [(1_003_000, Reason::PausedByShutdown), (1_090_000, Reason::PausedNoEvidence)] {
        let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended]));
        drive.run_to(1.5);
        let Evidence::Readable(mut records) = shutdown(950_000) else { panic!("it was read") };
        let started = SystemEvent { at: HostTime(later), kind: SystemEventKind::LogStarted };
        records.system = Records::whole(vec![], vec![started]).system;
        read(&mut drive, Evidence::Readable(records));
        let proved = expected == Reason::PausedByShutdown;
        assert_eq!(drive.acts.len(), usize::from(proved), "its clock was set back since: {later}");
        if !proved {
            drive.run_to(60.0);
            assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, expected));
        }
    }
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended]));
    drive.run_to(1.5);
    read(&mut drive, readable(vec![record(1_090_000, VmmsEventKind::WillRetry { after: None })]));
    drive.run_to(60.0);
    assert_eq!(drive.leg().reason, Reason::PausedNoEvidence, "nor is a person");
}

#[test]
fn records_long_before_a_pause_was_first_seen_prove_nothing_about_it() {
    for (last, state, expected) in [
        (LastReplication::At(HostTime(100_000)), S::Suspended, (LegResult::Left, Reason::PausedNoEvidence)),
        (LastReplication::Never, S::Suspended, (LegResult::Left, Reason::InitialReplicationPaused)),
        (
            LastReplication::At(HostTime(100_000)),
            S::ResynchronizeSuspended,
            (LegResult::NeedsPerson, Reason::ResyncSuspended),
        ),
        (LastReplication::Never, S::ResynchronizeSuspended, (LegResult::NeedsPerson, Reason::ResyncSuspended)),
    ] {
        let mut drive = stands_still(state, last);
        drive.run_to(1.5);
        read(&mut drive, shutdown(200_000));
        drive.run_to(60.0);
        assert!(drive.acts.is_empty(), "{state} {last:?}");
        assert_eq!((drive.leg().result, drive.leg().reason), expected, "{state} {last:?}");
    }
}

#[test]
fn records_just_before_the_last_data_do_not_explain_a_pause_after_it() {
    let mut drive = stands_still(S::Suspended, LastReplication::At(HostTime(990_000)));
    drive.run_to(1.5);
    read(&mut drive, shutdown(980_000));
    drive.run_to(60.0);
    assert!(drive.acts.is_empty(), "data came after them, so it had recovered");
    assert_eq!(drive.leg().reason, Reason::PausedByPerson);
}

#[test]
fn a_log_that_was_not_read_to_its_end_proves_no_person() {
    for (coverage, reason) in [
        (Coverage::Since(HostTime(0)), Reason::PausedByPerson),
        (Coverage::Partial(Gap::NoEnd), Reason::PausedNoEvidence),
        (Coverage::Since(HostTime(900_001)), Reason::PausedNoEvidence),
    ] {
        let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended]));
        drive.run_to(1.5);
        let records = Records { vmms: Log::new(Vec::new(), coverage), ..Records::default() };
        read(&mut drive, Evidence::Readable(records));
        drive.run_to(60.0);
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, reason), "{coverage:?}");
    }
}

#[test]
fn a_log_that_cannot_be_read_decides_as_if_there_were_none() {
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, Evidence::NotReadable);
    assert_eq!(drive.acts.len(), 1, "Error is resumed at once");
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.leg().findings, [Finding::LogUnread]);
    assert!(drive.events.is_empty(), "it is not asked for again");
}

#[test]
fn an_error_that_vmms_retries_by_itself_is_waited_for() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, readable(vec![record(980_000, VmmsEventKind::WillRetry { after: None })]));
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Waiting, Reason::VmmsRetries));
}

#[test]
fn what_stops_again_is_explained_by_a_new_reading() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, shutdown(950_000));
    drive.end_act(ended());
    drive.run_to(10.0);
    assert_eq!(drive.events, [HostId(0)], "it is in Error again after our act");
    assert!(drive.acts.is_empty());
    read(&mut drive, shutdown(990_000));
    drive.run_to(20.0);
    assert_eq!(drive.acts.len(), 1);
}

#[test]
fn nothing_stopped_no_log_is_read() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[S::Replicating, S::WaitingForStartResynchronize]));
    drive.run_to(60.0);
    assert!(drive.report.is_some() && drive.events.is_empty());
}

/// What a shutdown leaves in the log of a VM.
fn shut_down(n: u32) -> [VmmsEvent; 2] {
    let of = |kind| VmmsEvent { vm: vm_id(n), at: HostTime(990_000), kind };
    [of(VmmsEventKind::NonRecoverable), of(VmmsEventKind::SendFailed { code: ABORTED })]
}

#[test]
fn resynchronizations_that_a_shutdown_paused_go_on_one_at_a_time() {
    let paused = S::ResynchronizeSuspended;
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[paused, paused]));
    drive.run_to(1.5);
    read(&mut drive, readable([shut_down(1), shut_down(2)].concat()));
    assert_eq!(drive.acts.len(), 1, "a host compares one VM's disks at a time");
    drive.hosts[0] = look(0, &[S::Resynchronizing, paused]);
    drive.end_act(ended());
    drive.run_to(60.0);
    let results: Vec<_> = drive.legs().iter().map(|leg| (leg.result, leg.reason, leg.attempts)).collect();
    let expected = [(LegResult::Resumed, Reason::ResyncPausedByShutdown, 1), (LegResult::Left, Reason::ResyncWaits, 0)];
    assert_eq!(results, expected);
}

#[test]
fn a_resynchronization_of_which_no_look_has_told_yet_holds_up_the_next_one() {
    let paused = S::ResynchronizeSuspended;
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[paused, paused]));
    drive.run_to(1.5);
    read(&mut drive, readable([shut_down(1), shut_down(2)].concat()));
    drive.hosts[0] = unreachable();
    drive.end_act(ended());
    let receivers = Box::new(look(1, &[S::Replicating, S::Replicating]));
    drive.feed(Event::Looked { host: HostId(1), started: now(1.5).mono, observation: receivers });
    assert_eq!(drive.acts, [], "it may run by now");
}

#[test]
fn a_resynchronization_whose_intent_is_taken_back_lets_the_next_one_go_on() {
    let paused = S::ResynchronizeSuspended;
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[paused, paused]));
    drive.run_to(1.5);
    let scope = HoldScope::Vm(VmSelector::Id(vm_id(1)));
    drive.hold_at_intent = Some(Hold { scope, reason: "backup".to_owned(), until: None, only_this_pass: false });
    read(&mut drive, readable([shut_down(1), shut_down(2)].concat()));
    assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), [vm_id(2)]);
}

#[test]
fn a_log_that_can_be_read_after_all_decides_for_every_leg_of_its_host() {
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended, S::Error]));
    drive.run_to(1.5);
    read(&mut drive, Evidence::NotReadable);
    assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), [vm_id(2)], "the pause is left");
    drive.end_act(ended());
    drive.run_to(5.0);
    read(&mut drive, shutdown(950_000));
    assert!(drive.acts.iter().any(|act| act.leg.vm == vm_id(1)), "another leg had it read again");
}

#[test]
fn an_act_under_way_on_one_end_makes_no_reading_of_its_log_old() {
    let seen = crate::sample::leg(S::Error, S::Error);
    let mut watch = crate::watch::LegWatch::new(seen.clone());
    watch.saw(seen, None);
    let plan = Plan { reason: Reason::Error, side: Side::Sender, without_evidence: false, log_unread: false };
    let incident = watch.plans(plan);
    incident.ended(now(5.0).mono, (ActId { epoch: 0, number: 0 }, Side::Sender), S::Error, ended());
    assert_eq!(watch.since(Side::Sender), now(5.0).mono, "what stands after our own act is explained anew");
    assert_eq!(watch.since(Side::Receiver), now(0.0).mono, "the act that ended was on the other end");
    let act = ActId { epoch: 0, number: 1 };
    watch.plans(plan).attempt = Attempt::Acting { act, side: Side::Receiver, from: S::Error };
    assert_eq!(watch.since(Side::Sender), now(0.0).mono, "while one is under way nothing is explained anew");
}

/// A pair whose VMs are suspended and got their last data at these times of the host's clock, which shows 1 000 s.
fn suspended_since(last: &[LastReplication]) -> Drive {
    let mut hosts = pair(&vec![S::Suspended; last.len()]);
    for host in &mut hosts {
        let Seen::Seen(replication) = &mut host.replication else { panic!("it is seen") };
        for (object, last) in replication.objects.values_mut().zip(last) {
            object.last_replication = *last;
        }
    }
    Drive::new(hearing(PausedRule::Evidence), hosts)
}

#[test]
fn a_log_is_read_as_far_back_as_the_leg_that_has_waited_longest() {
    let at = |ms| LastReplication::At(HostTime(ms));
    for (last, back) in [
        (vec![at(900_000), at(400_000), at(700_000)], Some(Duration::from_mins(12))),
        (vec![at(-864_000_000)], Some(Duration::from_secs(865_120))),
        (vec![at(900_000), LastReplication::Never], None),
    ] {
        let mut drive = suspended_since(&last);
        drive.run_to(1.5);
        assert_eq!((&drive.events, &drive.backs), (&vec![HostId(0)], &vec![back]), "{last:?}");
    }
}

/// A look that was under way when the log was read may show a leg that stopped long before the others.
#[test]
fn a_leg_that_the_reading_did_not_reach_asks_for_another() {
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Suspended, S::Error]));
    drive.run_to(1.5);
    read(&mut drive, readable(Vec::new()));
    assert_eq!((drive.acts.len(), drive.backs.len()), (1, 1), "the other one is being resumed");
    let Seen::Seen(replication) = &mut drive.hosts[0].replication else { panic!("it is seen") };
    let first = replication.objects.values_mut().next().unwrap();
    first.last_replication = LastReplication::At(HostTime(100_000));
    drive.run_to(60.0);
    assert_eq!(drive.backs[1..], [Some(Duration::from_mins(17))], "{:?}", drive.events);
    read(&mut drive, shutdown(950_000));
    assert_eq!(drive.acts.len(), 2);
}

/// A log that was read while the look was under way says nothing of what was written until that look showed the pause.
#[test]
fn a_reading_that_began_before_the_look_was_over_does_not_prove_who_paused_what_it_shows() {
    let mut drive = Drive::new(hearing(PausedRule::Evidence), pair(&[S::Replicating, S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.events, [HostId(0)], "for the leg in Error");
    let observation = Box::new(look(0, &[S::Suspended, S::Error]));
    drive.feed(Event::Looked { host: HostId(0), started: now(0.9).mono, observation });
    read(&mut drive, readable(Vec::new()));
    assert_eq!(drive.events, [HostId(0)], "for the leg that was paused meanwhile");
}

/// Its first act was for an error.
#[test]
fn a_resynchronization_that_a_later_act_continues_is_reported_as_ours() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, readable(vec![]));
    drive.run_to(2.0);
    drive.hosts[0] = look(0, &[S::ResynchronizeSuspended]);
    drive.end_act(refused(32_775, false));
    drive.run_to(4.0);
    read(&mut drive, shutdown(1_000_000));
    drive.run_to(20.0);
    drive.hosts[0] = look(0, &[S::Resynchronizing]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Resumed, Reason::ResyncPausedByShutdown));
}

#[test]
fn the_log_of_a_host_that_never_showed_what_came_of_an_act_is_not_awaited() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, readable(vec![]));
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = unreachable();
    drive.end_act(ended());
    drive.run_to(61.0);
    assert_eq!(drive.events, [], "nobody would answer");
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::ResumeFailed));
}

#[test]
fn a_senders_log_is_read_while_nobody_sees_what_came_of_an_act_on_its_replica() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), vec![look(0, &[S::Replicating]), look(1, &[S::Error])]);
    drive.run_to(1.5);
    read(&mut drive, shutdown(1_000_000));
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(1)]);
    drive.hosts = vec![look(0, &[S::Suspended]), unreachable()];
    drive.end_act(ended());
    let observation = Box::new(look(0, &[S::Suspended]));
    drive.feed(Event::Looked { host: HostId(0), started: now(1.5).mono, observation });
    assert_eq!(drive.events, [HostId(0)]);
    read(&mut drive, readable(vec![]));
    drive.run_to(100.0);
    assert!(drive.report.is_some(), "nobody waits for a log that nobody reads: {:?}", drive.controller.legs().next());
}

/// A look that came while the act ran showed it paused, which no reading has explained yet.
#[test]
fn what_a_log_says_is_not_awaited_any_more_where_no_look_came_in_time_after_an_act() {
    let mut drive = Drive::new(hearing(PausedRule::Resume), pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, readable(vec![]));
    drive.run_to(1.6);
    let observation = Box::new(look(0, &[S::Suspended]));
    drive.feed(Event::Looked { host: HostId(0), started: now(1.6).mono, observation });
    assert_eq!(drive.events, [HostId(0)]);
    drive.hosts[0] = unreachable();
    drive.run_to(2.0);
    drive.end_act(ended());
    drive.feed(Event::EventsRead { host: HostId(0), evidence: Evidence::NotReadable });
    drive.run_to(100.0);
    assert!(drive.report.is_some(), "{:?}", drive.controller.legs().next());
}

#[test]
fn a_reading_for_another_leg_takes_nothing_from_what_is_known_of_a_leg() {
    let mut hosts = pair(&[S::Error, S::Replicating]);
    hosts.push(unreachable());
    let mut drive = Drive::new(Setup { reads_events: true, ..setup(3) }, hosts);
    drive.run_to(1.5);
    let will_retry = VmmsEventKind::WillRetry { after: Some(Duration::from_mins(5)) };
    read(&mut drive, readable(vec![record(1_000_000, will_retry)]));
    let mut again = || {
        let observation = Box::new(look(0, &[S::Error, S::Suspended]));
        drive.feed(Event::Looked { host: HostId(0), started: now(1.6).mono, observation });
        drive.controller.legs().map(|leg| leg.reason).collect::<Vec<_>>()
    };
    assert_eq!(again(), [Reason::VmmsRetries, Reason::ReadingEvents]);
    assert_eq!(again(), [Reason::VmmsRetries, Reason::ReadingEvents], "the same look, judged again");
}

#[test]
fn a_resume_that_was_refused_for_good_is_reported_so_while_the_log_is_read_once_more() {
    let mut drive = Drive::new(Setup { reads_events: true, ..setup(2) }, pair(&[S::Error]));
    drive.run_to(1.5);
    read(&mut drive, readable(vec![]));
    drive.end_act(refused(32_775, false));
    drive.events.clear();
    drive.run_to(300.0);
    assert_eq!(drive.events, [HostId(0)]);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::ResumeRefused));
}
