//! The engine fed by hand: what it asks for, when, and what it reports.

mod always;
mod asked;
mod boots;
mod commands;
mod confirming;
mod discovery;
mod gone;
mod hearing;
mod holds;
mod kept;
mod lies;
mod life;
mod meanwhile;
mod orders;
mod parts;
mod primaries;
mod readiness;
mod restart;
mod telling;
mod unclear;
mod who;

use std::time::Duration;

use reprise_model::{
    Act, ActId, Ended, Hold, HoldScope, HostId, MonoTime, Observation, Outcome, Problem, ProblemKind, Reason, Refusal,
    Remedy, ReplicationState, ReplicationState as S, Seen, ServiceState, VmSelector,
};

use self::kept::Kept;
use crate::goal::{self, Goal as _, Pass, Report};
use crate::judge::Finding;
use crate::sample::{look, name, now, setup, vm_id};
use crate::{Ambiguous, Cause, Controller, Effect, Event, HostTrouble, LegReport, LegResult, Notice, Setup};

/// A pass driven by hand. Looks are answered at once from `hosts`, intents too; acts are kept for the test to answer.
pub(crate) struct Drive {
    controller: Controller,
    pass: Pass,
    at: f64,
    pub(crate) hosts: Vec<Observation>,
    pub(crate) acts: Vec<Act>,
    /// Hosts that the controller began to ask by itself, and hosts whose events it wants.
    asked: Vec<(HostId, String, HostId)>,
    events: Vec<HostId>,
    /// How far back those were to be read.
    backs: Vec<Option<Duration>>,
    looks: Vec<u32>,
    /// Acts that were intended, and those of which it is known what came.
    intents: Vec<ActId>,
    settled: Vec<ActId>,
    pub(crate) told: Vec<Notice>,
    pub(crate) report: Option<Report>,
    refused: Option<Ambiguous>,
    /// A hold that a person sets while the next act is being written down.
    hold_at_intent: Option<Hold>,
    /// What the news so far say is to be remembered.
    kept: Kept,
    /// Whether it goes on whatever the pass says, as a daemon does.
    goes_on: bool,
}

impl Drive {
    pub(crate) fn new(setup: Setup, hosts: Vec<Observation>) -> Self {
        let pass = Pass::new(&setup, now(0.0));
        let looks = vec![0; hosts.len()];
        let mut drive = Self {
            controller: Controller::new(setup, now(0.0)),
            pass,
            at: 0.0,
            hosts,
            acts: vec![],
            asked: vec![],
            events: vec![],
            backs: vec![],
            looks,
            intents: vec![],
            settled: vec![],
            told: vec![],
            report: None,
            refused: None,
            hold_at_intent: None,
            kept: Kept::default(),
            goes_on: false,
        };
        drive.feed(Event::Tick);
        drive
    }

    fn feed(&mut self, event: Event) {
        if self.report.is_some() || self.refused.is_some() {
            return;
        }
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let effects = self.controller.handle(now(self.at), event);
            self.kept.hears(&mut self.controller, now(self.at), &effects);
            for effect in effects {
                events.extend(self.carry_out(effect));
            }
        }
        match self.pass.end(now(self.at), &self.controller) {
            None => {}
            Some(_) if self.goes_on => {}
            Some(goal::Ending::Refused(ambiguous, notices)) => {
                self.told.extend(notices);
                self.refused = Some(ambiguous);
            }
            Some(goal::Ending::Done(report, notices)) => {
                self.told.extend(notices);
                self.report = Some(*report);
            }
        }
    }

    /// Carries out an effect; what is known at once.
    fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Observe(host) => {
                let index = usize::try_from(host.0).unwrap();
                self.looks[index] += 1;
                let observation = Box::new(self.hosts[index].clone());
                return Some(Event::Looked { host, started: now(self.at).mono, observation });
            }
            Effect::Intend(act) => {
                self.intents.push(act.id);
                if let Some(hold) = self.hold_at_intent.take() {
                    let event = Event::Command(crate::Command::Hold(hold));
                    assert_eq!(self.controller.handle(now(self.at), event), []);
                }
                return Some(Event::Intended(act.id));
            }
            Effect::Perform(act) => self.acts.push(act),
            Effect::Settle(act) => self.settled.push(act),
            Effect::Tell(notice) => self.told.push(notice),
            Effect::Ask { host, name, like } => self.asked.push((host, name.to_string(), like)),
            Effect::ReadEvents { host, back } => {
                self.events.push(host);
                self.backs.push(back);
            }
            Effect::Forget(_) => {}
        }
        None
    }

    fn stop(&mut self) {
        self.pass.stop();
        self.feed(Event::Tick);
    }

    /// Lets time pass from deadline to deadline, up to `until`.
    pub(crate) fn run_to(&mut self, until: f64) {
        for _ in 0..10_000 {
            let ends = (!self.goes_on).then(|| self.pass.ends_at());
            let next = self.controller.next_deadline().into_iter().chain(ends).min();
            let next = next.map_or(f64::INFINITY, |at| at.0.as_secs_f64());
            if self.report.is_some() || self.refused.is_some() || next > until {
                break;
            }
            self.at = next.max(self.at);
            self.feed(Event::Tick);
        }
        self.at = self.at.max(until);
    }

    pub(crate) fn end_act(&mut self, outcome: Outcome) -> Act {
        let act = self.acts.remove(0);
        self.feed(Event::Acted { act: act.id, outcome });
        act
    }

    pub(crate) fn leg(&self) -> &LegReport {
        self.legs().first().unwrap()
    }

    pub(crate) fn legs(&self) -> &[LegReport] {
        &self.report.as_ref().expect("the pass is over").legs
    }
}

/// The act that an effect intends.
fn intended(effect: Effect) -> Option<Act> {
    if let Effect::Intend(act) = effect { Some(act) } else { None }
}

pub(crate) fn ended() -> Outcome {
    Outcome::Ended(Ended::ByJob)
}

fn refused(code: u32, transient: bool) -> Outcome {
    Outcome::Refused(Refusal { code: Some(code), why: "no".to_owned(), advice: "look", transient })
}

/// Looks at a pair whose sender runs, with data newer than that of [`look`].
fn runs_with_newer_data() -> Vec<Observation> {
    let mut hosts = pair(&[S::Replicating]);
    let Seen::Seen(replication) = &mut hosts[0].replication else { panic!("it is seen") };
    for object in replication.objects.values_mut() {
        object.last_replication = reprise_model::LastReplication::At(reprise_model::HostTime(950_000));
    }
    hosts
}

fn unreachable() -> Observation {
    Observation::failed(&Problem::new(ProblemKind::Unreachable, "reach the host", "connection refused"))
}

fn why(host: &crate::HostReport) -> &str {
    let Some(HostTrouble::NotReady(why)) = &host.trouble else { panic!("it is not ready") };
    &why.problem.why
}

pub(crate) fn pair(states: &[ReplicationState]) -> Vec<Observation> {
    vec![look(0, states), look(1, &vec![S::Replicating; states.len()])]
}

/// A look at one of a pair whose VM could not be read, as while VMMS loads it.
fn half_loaded(host: u32) -> Observation {
    let mut seen = look(host, &[S::Error]);
    let Seen::Seen(replication) = &mut seen.replication else { panic!("it is seen") };
    let (id, object) = replication.objects.pop_first().unwrap();
    let problem = Problem::new(ProblemKind::Malformed, "read the VMs", "it has no row of its own");
    let mode = Some(
        [reprise_model::ReplicationMode::Primary, reprise_model::ReplicationMode::Replica]
            [usize::try_from(host).unwrap()],
    );
    let settings = object.settings.seen().cloned();
    replication
        .unreadable
        .insert(id, reprise_model::UnreadableObject { name: None, mode, settings, is_idle: false, problem });
    seen
}

#[test]
fn a_broken_leg_is_resumed_and_proved_with_three_looks_a_host_at_most() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Replicating]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1, "one leg is broken");
    drive.hosts[0] = look(0, &[S::Replicating, S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    let report = drive.report.as_ref().unwrap();
    assert_eq!(report.outcome, goal::PassOutcome::Ok);
    let results: Vec<_> = report.legs.iter().map(|leg| (leg.result, leg.reason, leg.wanted)).collect();
    let healthy = (LegResult::Healthy, Reason::Replicating, true);
    assert_eq!(results, [(LegResult::Resumed, Reason::Error, true), healthy]);
    assert_eq!(drive.looks, [3, 2]);
}

#[test]
fn d5_a_leg_resumed_out_of_error_is_a_success_and_success_is_read_after_the_job() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.legs_done(), 0);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!((drive.leg().before, drive.leg().after), (Some(S::Error), Some(S::Replicating)));
    assert_eq!(drive.leg().result, LegResult::Resumed);
    assert!(drive.told.iter().any(|e| matches!(e, Notice::Resumed { .. })));
}

#[test]
fn a_job_that_ended_well_without_effect_is_not_a_success() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    for _ in 0..20 {
        drive.run_to(drive.at + 10.0);
        if !drive.acts.is_empty() {
            drive.end_act(ended());
        }
    }
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::ResumeWithoutEffect));
    assert!(drive.leg().attempts > 1 && drive.leg().attempts <= 6);
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Partial);
}

#[test]
fn d1_one_host_that_never_answers_delays_and_spoils_nobody_else() {
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1, "the pair does not wait for the dead host");
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(200.0);
    assert_eq!(drive.leg().result, LegResult::Resumed);
    let report = drive.report.as_ref().unwrap();
    assert_eq!(report.outcome, goal::PassOutcome::Partial);
    assert_eq!((why(&report.hosts[2]), report.hosts[2].ready), ("connection refused", false));
}

#[test]
fn d2_a_ready_host_with_nothing_replicated_is_fine() {
    let mut drive = Drive::new(setup(1), vec![look(0, &[])]);
    drive.run_to(60.0);
    let report = drive.report.unwrap();
    assert_eq!((report.outcome, report.legs.len()), (goal::PassOutcome::Ok, 0));
    assert!(!drive.told.iter().any(|e| matches!(e, Notice::HostNotReady { .. })));
}

#[test]
fn an_empty_list_without_the_service_is_not_ready_rather_than_nothing_to_do() {
    let mut empty = look(0, &[]);
    let Seen::Seen(replication) = &mut empty.replication else { panic!() };
    replication.service = false;
    let mut drive = Drive::new(setup(1), vec![empty]);
    drive.run_to(200.0);
    let report = drive.report.unwrap();
    assert_eq!(report.outcome, goal::PassOutcome::NotReady);
    assert!(why(&report.hosts[0]).contains("Msvm_ReplicationService"));
}

#[test]
fn d3_a_primary_that_boots_later_is_still_served() {
    let mut hosts = pair(&[S::Error]);
    hosts[0] = unreachable();
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(40.0);
    assert!(drive.acts.is_empty() && drive.report.is_none());
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(43.0);
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.leg().result, LegResult::Resumed);
}

#[test]
fn d13_a_vmms_that_never_starts_is_reported_when_its_time_is_up() {
    let mut stopped = look(0, &[]);
    stopped.vmms = Seen::Seen(reprise_model::ServiceState::Stopped);
    let gone = Problem::new(ProblemKind::NotThere, "read the VMs", "not found");
    stopped.replication = Seen::NotSeen(gone);
    let mut drive = Drive::new(setup(1), vec![stopped]);
    drive.run_to(59.0);
    assert!(drive.report.is_none());
    drive.run_to(62.0);
    let report = drive.report.unwrap();
    assert_eq!(report.outcome, goal::PassOutcome::NotReady);
    let Some(HostTrouble::NotReady(not_ready)) = &report.hosts[0].trouble else { panic!("it is not ready") };
    assert_eq!(not_ready.service, Some(crate::Service::Known(reprise_model::ServiceState::Stopped)));
}

#[test]
fn d10_a_resume_that_finds_the_work_done_is_quiet() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(Outcome::Stale { found: "Replicating".to_owned() });
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Healthy, Reason::ResumedElsewhere));
    assert!(drive.leg().trouble.is_none());
    let loud = |e: &Notice| matches!(e, Notice::ResumeFailed { .. } | Notice::Resumed { .. });
    assert!(!drive.told.iter().any(loud));
}

#[test]
fn a_person_who_pauses_between_look_and_act_is_respected() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Suspended]);
    drive.end_act(Outcome::Stale { found: "Suspended".to_owned() });
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::PausedNoEvidence));
    assert!(drive.acts.is_empty());
}

#[test]
fn a_pause_found_after_a_boot_that_nobody_saw_begin_follows_the_rule_at_boot() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    let mut booted = look(0, &[S::Suspended]);
    let Seen::Seen(system) = &mut booted.system else { panic!() };
    system.booted = reprise_model::HostTime(999_000);
    drive.hosts[0] = booted;
    drive.end_act(Outcome::Stale { found: "Suspended".to_owned() });
    drive.run_to(10.0);
    assert_eq!(drive.acts.len(), 1, "the article's way: what a boot finds paused is resumed");
}

#[test]
fn a_leg_that_booting_hosts_do_not_show_yet_is_remembered() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    let act = drive.acts.pop().unwrap();
    drive.feed(Event::Acted { act: act.id, outcome: ended() });
    drive.run_to(2.0);
    for (host, seen) in (0..).zip(pair(&[S::Error])) {
        drive.feed(Event::Looked { host: HostId(host), started: now(2.0).mono, observation: Box::new(seen) });
    }
    assert_eq!(drive.controller.progress(), (0, 2), "the second leg is looked for");
    drive.run_to(2.5);
    drive.hosts = pair(&[S::Replicating, S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert!(drive.legs().iter().all(|leg| leg.result == LegResult::Resumed));
}

#[test]
fn after_a_lost_answer_it_reads_first_and_believes_only_what_lasts() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    let lost = || Outcome::Unknown(Problem::new(ProblemKind::TimedOut, "resume replication", "the answer was lost"));
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(lost());
    drive.run_to(3.0);
    assert!(drive.report.is_none(), "while a job runs the state already reads as requested");
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(20.0);
    assert_eq!(drive.acts.len(), 1, "it fell back, so it is tried again");
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(60.0);
    assert_eq!(drive.leg().result, LegResult::Resumed);
}

#[test]
fn a_refusal_for_good_is_told_with_its_code_and_one_that_passes_is_retried() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.end_act(refused(32774, true));
    drive.run_to(10.0);
    assert_eq!(drive.acts.len(), 1, "in use: tried again");
    drive.end_act(refused(32775, false));
    drive.run_to(100.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason, leg.attempts), (LegResult::Failed, Reason::ResumeRefused, 2));
    assert_eq!(leg.cause().unwrap().code(), Some(32_775));
    assert!(drive.told.iter().any(|e| matches!(e, Notice::ResumeFailed { .. })));
}

#[test]
fn d15_the_error_of_a_leg_comes_from_its_own_call() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error, S::Error, S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Error, S::Error, S::Replicating]);
    for outcome in [refused(32775, false), refused(32769, false), ended()] {
        drive.end_act(outcome);
    }
    drive.run_to(100.0);
    let code = |leg: &LegReport| leg.cause().and_then(Cause::code);
    let codes: Vec<_> = drive.legs().iter().map(code).collect();
    assert_eq!(codes, [Some(32_775), Some(32_769), None]);
}

#[test]
fn no_more_than_the_limit_is_under_way_on_one_host_and_all_get_their_turn() {
    let mut asked = setup(2);
    asked.policy.pace.per_host_max = std::num::NonZeroU32::new(8).unwrap();
    let mut drive = Drive::new(asked, pair(&[S::Error; 20]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 6, "so many to begin with");
    let (mut done, mut most) = (0, 0);
    while !drive.acts.is_empty() {
        most = most.max(drive.acts.len());
        drive.hosts[0] = look(0, &[S::Replicating; 20]);
        drive.end_act(ended());
        done += 1;
        drive.run_to(drive.at + 0.1);
    }
    drive.run_to(60.0);
    assert_eq!((done, most), (20, 8));
    assert!(drive.legs().iter().all(|leg| leg.result == LegResult::Resumed));
    assert_eq!(drive.looks[0], 3, "one look for all acts that ended");
}

#[test]
fn a_replica_server_that_was_asked_is_waited_for_before_anything_is_resumed() {
    let mut hosts = pair(&[S::Error]);
    hosts[1] = unreachable();
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(30.0);
    assert!(drive.acts.is_empty(), "a failover may be in force there");
    let mut failed_over = look(1, &[S::FailedOverWaitingCompletion]);
    std::mem::swap(&mut drive.hosts[1], &mut failed_over);
    drive.run_to(60.0);
    assert!(drive.acts.is_empty());
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::FailoverInForce));
}

#[test]
fn a_replica_server_that_is_not_seen_in_time_fails_the_leg_and_says_so() {
    let mut hosts = pair(&[S::Error]);
    hosts[1] = unreachable();
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::PeerNotSeen));
    assert!(drive.leg().cause().unwrap().problem().unwrap().why.contains("connection refused"));
}

#[test]
fn legs_whose_sender_is_not_asked_are_counted_and_are_no_error() {
    let mut alone = setup(2);
    alone.hosts.remove(0);
    let mut drive = Drive::new(alone, pair(&[S::Error]));
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Skipped, Reason::SenderNotAsked));
    assert!(!drive.leg().wanted);
    assert_eq!(drive.leg().primary.as_deref(), Some("hv01.lab.test"));
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Ok);
    assert!(drive.told.contains(&Notice::NotOurs { count: 1 }));
}

#[test]
fn a_sender_asked_by_an_address_counts_as_asked_until_it_says_who_it_is() {
    let mut by_address = setup(2);
    by_address.hosts[0].claim = None;
    by_address.hosts[0].label = "127.0.0.1:5985".to_owned();
    let mut hosts = pair(&[S::Error]);
    hosts[0] = unreachable();
    let mut drive = Drive::new(by_address, hosts);
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::SenderNotReady));
}

#[test]
fn two_addresses_of_one_host_are_not_two_primaries() {
    let mut twice = setup(3);
    for host in &mut twice.hosts {
        host.claim = None;
    }
    let mut hosts = pair(&[S::Error]);
    hosts.push(look(0, &[S::Error]));
    let mut drive = Drive::new(twice, hosts);
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    assert_eq!(drive.acts[0].host, HostId(0));
}

#[test]
fn a_dry_run_plans_and_does_nothing() {
    let mut drive = Drive::new(Setup { dry_run: true, ..setup(2) }, pair(&[S::Error, S::Replicating]));
    drive.run_to(60.0);
    assert!(drive.acts.is_empty());
    let report = drive.report.as_ref().unwrap();
    assert_eq!(report.outcome, goal::PassOutcome::Ok, "as if every planned act had succeeded");
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Skipped, Reason::Error));
    assert!(!drive.told.iter().any(|e| matches!(e, Notice::ResumeFailed { .. })));
}

#[test]
fn a_held_leg_is_left_and_its_neighbour_is_not() {
    let mut held = setup(2);
    let scope = HoldScope::Vm(VmSelector::Id(vm_id(1)));
    held.policy.holds.push(Hold { scope, reason: "test".to_owned(), until: None, only_this_pass: false });
    let mut drive = Drive::new(held, pair(&[S::Error, S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.iter().map(|act| act.leg.vm).collect::<Vec<_>>(), [vm_id(2)]);
}

#[test]
fn a_pass_that_is_stopped_reports_what_it_knows() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive.stop();
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Interrupted, Reason::ResumeNotSeen));
    drive.feed(Event::Acted { act: ActId { epoch: 0, number: 0 }, outcome: ended() });
}

#[test]
fn a_pass_ends_by_itself_even_if_an_act_never_does() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(181.0);
    assert!(drive.report.is_some());
    assert_eq!(drive.pass.ends_at(), MonoTime(Duration::from_mins(3)));
}

#[test]
fn a_pass_that_ends_while_a_job_runs_does_not_take_the_requested_state_for_success() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.run_to(181.0);
    let leg = drive.leg();
    assert_eq!(leg.after, Some(S::Replicating), "it was looked at while the job ran");
    assert_eq!((leg.result, leg.reason, leg.wanted), (LegResult::Failed, Reason::ResumeNotEnded, true));
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Partial);
}

/// What was read before an act began says nothing of the state after it.
#[test]
fn a_state_that_was_read_before_an_act_is_not_reported_as_the_one_after_it() {
    for interrupted in [false, true] {
        let mut drive = Drive::new(setup(2), pair(&[S::Error]));
        drive.run_to(1.5);
        assert_eq!(drive.acts.len(), 1);
        if interrupted {
            drive.stop();
        } else {
            drive.hosts[0] = unreachable();
            drive.run_to(181.0);
        }
        let leg = drive.leg();
        assert_eq!((leg.before, leg.after), (Some(S::Error), None), "{:?}", leg.reason);
    }
}

#[test]
fn a_refused_login_everywhere_fails_the_pass_at_once() {
    let denied = Observation::failed(&Problem::new(ProblemKind::Denied, "log in", "401"));
    let mut drive = Drive::new(setup(1), vec![denied]);
    drive.run_to(2.0);
    assert_eq!(drive.report.unwrap().outcome, goal::PassOutcome::Failed);
}

#[test]
fn an_account_that_is_let_in_and_has_no_rights_is_no_refused_login() {
    let mut denied = look(0, &[]);
    let problem = Problem::new(ProblemKind::Denied, "read the VMs", "no rights on root\\virtualization\\v2");
    denied.replication = Seen::NotSeen(problem.with_remedy(reprise_model::Remedy::GrantHyperV));
    let mut drive = Drive::new(setup(1), vec![denied]);
    drive.run_to(200.0);
    assert_eq!(drive.report.unwrap().outcome, goal::PassOutcome::NotReady);
}

#[test]
fn the_engine_says_when_it_was_ready_by_its_sight_of_vmms() {
    let mut drive = Drive::new(setup(1), vec![look(0, &[])]);
    drive.run_to(60.0);
    let ready = Notice::HostReady { host: name(0).to_string(), seconds: 1 };
    assert!(drive.told.contains(&ready));
}

impl Drive {
    fn legs_done(&self) -> usize {
        self.controller.progress().0
    }
}

#[test]
fn d6_two_vms_of_one_name_and_a_renamed_replica_are_told_apart_by_their_guids() {
    let mut hosts = vec![
        look(0, &[S::Replicating, S::Error, S::Error]),
        // By its name this pause would stop the second VM, and the replica called "web" is the second VM's too.
        look(1, &[S::Suspended, S::Replicating, S::Replicating]),
    ];
    for (host, names) in hosts.iter_mut().zip([["sql", "sql", "web"], ["sql", "web", "old name"]]) {
        let Seen::Seen(replication) = &mut host.replication else { panic!() };
        for (vm, name) in replication.vms.values_mut().zip(names) {
            name.clone_into(&mut vm.name);
        }
    }
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(1.5);
    let acts: Vec<_> = drive.acts.iter().map(|act| (act.leg.vm, act.vm_key.to_lowercase())).collect();
    assert_eq!(acts, [2, 3].map(|n| (vm_id(n), vm_id(n).to_string())), "the broken ones, each by its own key");
    drive.hosts[0] = look(0, &[S::Replicating; 3]);
    drive.end_act(ended());
    drive.end_act(ended());
    drive.run_to(60.0);
    let results: Vec<_> = drive.legs().iter().map(|leg| leg.result).collect();
    assert_eq!(results, [LegResult::NeedsPerson, LegResult::Resumed, LegResult::Resumed]);
}

#[test]
fn rows_that_could_not_be_read_make_the_pass_partial_and_are_told() {
    let mut hosts = pair(&[S::Replicating]);
    let Seen::Seen(replication) = &mut hosts[0].replication else { panic!() };
    let problem = Problem::new(ProblemKind::Malformed, "read the VMs", "property EnabledState cannot be read");
    replication.stray.push(problem);
    let mut drive = Drive::new(setup(2), hosts);
    drive.run_to(60.0);
    let report = drive.report.unwrap();
    assert_eq!((report.outcome, report.hosts[0].ready), (goal::PassOutcome::Partial, true));
    assert!(matches!(report.hosts[0].trouble, Some(HostTrouble::Unreadable { rows: 1, .. })));
}
