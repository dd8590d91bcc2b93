//! Resumes that were asked for and of which no answer came: what is reported is what is known.

use super::*;
use crate::Command;

fn lost() -> Outcome {
    Outcome::Unknown(Problem::new(ProblemKind::TimedOut, "resume replication", "the answer was lost"))
}

fn told(drive: &Drive) -> Vec<Reason> {
    let resumed = |notice: &Notice| if let Notice::Resumed(leg) = notice { Some(leg.reason) } else { None };
    drive.told.iter().filter_map(resumed).collect()
}

fn acting() -> Drive {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive
}

#[test]
fn what_we_asked_for_and_what_runs_is_ours_though_the_answer_was_lost() {
    let mut drive = acting();
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(lost());
    drive.run_to(60.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason), (LegResult::Resumed, Reason::ResumeAnswerLost));
    assert_eq!(told(&drive), [Reason::ResumeAnswerLost], "told once");
}

/// The first answer is lost while the resume is still to take effect; the host answers the second act that it is busy
/// with the first, or finds it done.
#[test]
fn a_later_act_that_finds_it_done_or_under_way_takes_nothing_from_the_first() {
    for found in [Outcome::Stale { found: "Replicating".to_owned() }, refused(32_774, true)] {
        let mut drive = acting();
        drive.end_act(lost());
        drive.run_to(10.0);
        drive.hosts[0] = look(0, &[S::Replicating]);
        drive.end_act(found);
        drive.run_to(60.0);
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Resumed, Reason::ResumeAnswerLost));
        assert_eq!(told(&drive).len(), 1);
    }
}

/// A look finds it stopped, and before the next try it runs.
#[test]
fn what_takes_effect_between_two_tries_is_ours() {
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(1.5);
    drive.end_act(lost());
    drive.run_to(2.5);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.feed(Event::Looked {
        host: HostId(0),
        started: now(2.6).mono,
        observation: Box::new(drive.hosts[0].clone()),
    });
    drive.run_to(100.0);
    assert!(drive.acts.is_empty());
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Resumed, Reason::ResumeAnswerLost));
}

#[test]
fn what_stops_again_after_a_lost_answer_is_tried_within_the_same_limits_and_is_nobodys_success() {
    let mut asked = setup(3);
    asked.patience.silence = Duration::from_mins(5);
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(1.5);
    let mut acts = 0;
    for _ in 0..40 {
        if !drive.acts.is_empty() {
            acts += 1;
            drive.hosts[0] = look(0, &[S::Replicating]);
            drive.end_act(lost());
            drive.run_to(drive.at + 6.0);
            drive.hosts[0] = look(0, &[S::Error]);
            let observation = Box::new(drive.hosts[0].clone());
            drive.feed(Event::Looked { host: HostId(0), started: now(drive.at).mono, observation });
        }
        drive.run_to(drive.at + 1.0);
    }
    drive.run_to(500.0);
    assert!((2..=6).contains(&acts), "{acts}");
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::StoppedAgain));
}

#[test]
fn what_others_resume_without_our_asking_stays_theirs() {
    let mut drive = acting();
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(Outcome::NotDone(Problem::new(ProblemKind::Busy, "resume replication", "busy")));
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Healthy, Reason::ResumedElsewhere));
    assert!(told(&drive).is_empty());
}

/// Two acts are under way, one leg waits for its turn, one replicates.
fn stopped() -> Drive {
    let mut asked = setup(3);
    asked.policy.pace.per_host = std::num::NonZeroU32::new(2).unwrap();
    let mut hosts = pair(&[S::Error, S::Error, S::Error, S::Replicating]);
    hosts.push(unreachable());
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 2);
    drive.stop();
    drive
}

#[test]
fn a_run_that_is_interrupted_says_so_and_names_what_it_asked_for() {
    let drive = stopped();
    let report = drive.report.as_ref().unwrap();
    assert!(report.interrupted);
    assert_eq!(report.outcome, goal::PassOutcome::Partial);
    let results: Vec<_> = drive.legs().iter().map(|leg| (leg.result, leg.reason, leg.wanted)).collect();
    let asked = (LegResult::Interrupted, Reason::ResumeNotSeen, true);
    let waiting = (LegResult::Interrupted, Reason::Interrupted, true);
    assert_eq!(results, [asked, asked, waiting, (LegResult::Healthy, Reason::Replicating, true)]);
    assert!(drive.legs()[..3].iter().all(|leg| leg.cause() == Some(&Cause::Interrupted)));
    let named: Vec<_> = drive
        .told
        .iter()
        .filter_map(|n| if let Notice::ResumeNotSeen(leg) = n { Some(leg.id.vm) } else { None })
        .collect();
    assert_eq!(named, [vm_id(1), vm_id(2)]);
    assert!(drive.told.contains(&Notice::Interrupted { not_seen: 2, not_reached: 1 }));
    assert!(
        !drive.told.iter().any(|n| matches!(n, Notice::ResumeFailed(_) | Notice::HostNotReady(_))),
        "{:?}",
        drive.told
    );
    let Some(Notice::Finished(summary)) = drive.told.last() else { panic!("the summary comes last") };
    assert_eq!((summary.interrupted, summary.not_seen, summary.not_reached), (true, 2, 1));
}

#[test]
fn a_run_whose_time_is_up_is_not_interrupted_and_one_that_was_done_neither() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(181.0);
    assert!(!drive.report.as_ref().unwrap().interrupted);
    assert_eq!(drive.leg().result, LegResult::Failed);
    let mut drive = Drive::new(setup(2), pair(&[S::Replicating]));
    drive.stop();
    let report = drive.report.as_ref().unwrap();
    assert!(report.interrupted, "it was stopped before its hosts were ready");
    let problem = |host: &crate::HostReport| match &host.trouble {
        Some(HostTrouble::NotReady(why)) => why.problem.clone(),
        other => panic!("{other:?}"),
    };
    for host in &report.hosts {
        let Problem { why, remedy, .. } = problem(host);
        assert!(why.starts_with("the run was interrupted before it was ready"), "{why}");
        assert_eq!(remedy, reprise_model::Remedy::RunAgain, "nothing says that it has too much to do");
    }
    assert!(!drive.told.iter().any(|n| matches!(n, Notice::HostNotReady(_))));
}

/// A leg of which a host that still loads shows a part has not failed.
#[test]
fn what_could_not_be_read_yet_is_interrupted_too() {
    for unread in [0, 1] {
        let mut hosts = pair(&[S::Error]);
        hosts[unread] = half_loaded(u32::try_from(unread).unwrap());
        let mut drive = Drive::new(setup(2), hosts);
        drive.run_to(0.5);
        drive.stop();
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Interrupted, Reason::Interrupted), "{unread}");
        assert!(!drive.told.iter().any(|n| matches!(n, Notice::ResumeFailed(_))), "{:?}", drive.told);
    }
}

/// What was refused has had no effect, and what was only written down was not asked for.
#[test]
fn only_what_may_take_effect_yet_is_named_as_asked_for() {
    let mut drive = acting();
    drive.hosts[0] = unreachable();
    drive.end_act(refused(32_774, true));
    drive.stop();
    assert_eq!(drive.leg().reason, Reason::Interrupted);
    let mut drive = acting();
    drive.hosts[0] = unreachable();
    drive.end_act(ended());
    drive.stop();
    assert_eq!(drive.leg().reason, Reason::ResumeNotSeen);
}

/// A hold that came meanwhile says nothing of what was known before.
#[test]
fn a_hold_that_comes_after_a_lost_answer_does_not_hide_it() {
    let mut drive = acting();
    let hold = Hold { scope: HoldScope::All, reason: "patch night".to_owned(), until: None, only_this_pass: false };
    drive.feed(Event::Command(Command::Hold(hold)));
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(lost());
    drive.run_to(60.0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason), (LegResult::Resumed, Reason::ResumeAnswerLost));
}

/// The hold takes back the next try, and somebody else resumes it then: with newer data that is over at once.
#[test]
fn a_hold_that_takes_back_the_next_try_hides_it_from_nobody_either() {
    let mut hosts = pair(&[S::Error]);
    hosts.push(unreachable());
    let mut drive = Drive::new(setup(3), hosts);
    drive.run_to(1.5);
    drive.end_act(lost());
    let hold = Hold { scope: HoldScope::All, reason: "patch night".to_owned(), until: None, only_this_pass: false };
    drive.hold_at_intent = Some(hold);
    drive.run_to(20.0);
    assert!(drive.acts.is_empty() && drive.hold_at_intent.is_none(), "it was taken back");
    let observation = Box::new(runs_with_newer_data().remove(0));
    drive.feed(Event::Looked { host: HostId(0), started: now(20.0).mono, observation });
    drive.run_to(100.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Resumed, Reason::ResumeAnswerLost));
    assert_eq!(told(&drive), [Reason::ResumeAnswerLost]);
}
