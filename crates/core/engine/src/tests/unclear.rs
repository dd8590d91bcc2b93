//! Acts whose answer says that something failed, and not whether the resume was carried out.

use reprise_model::{ActId, Outcome, Problem, ProblemKind, Reason, ReplicationState as S, Retry};

use super::{Drive, ended, pair, refused, unreachable};
use crate::LegResult;
use crate::attempt::{Attempt, Done};
use crate::incident::{Incident, Plan};
use crate::leg::Side;
use crate::sample::{look, now, setup};

fn problem(kind: ProblemKind) -> Problem {
    Problem { code: Some(2_150_858_829), ..Problem::new(kind, "resume replication", "it does not fit") }
}

/// Ends every act alike until the pass is over.
fn end_all(drive: &mut Drive, outcome: &Outcome) {
    for _ in 0..30 {
        if !drive.acts.is_empty() {
            drive.end_act(outcome.clone());
        }
        let until = drive.at + 10.0;
        drive.run_to(until);
    }
}

/// A method may have been carried out although its answer is of a class that is else not tried again.
#[test]
fn an_answer_that_leaves_it_open_is_tried_again_after_a_look_whatever_its_class() {
    for kind in [ProblemKind::TooLarge, ProblemKind::Refused, ProblemKind::Busy] {
        let mut drive = Drive::new(setup(2), pair(&[S::Error]));
        drive.run_to(1.5);
        let looks = drive.looks[0];
        drive.end_act(Outcome::Unknown(problem(kind)));
        drive.run_to(10.0);
        assert_eq!(drive.acts.len(), 1, "{kind:?}: looked at, found unchanged, tried again");
        assert!(drive.looks[0] > looks, "{kind:?}: never without a look");
        end_all(&mut drive, &Outcome::Unknown(problem(kind)));
        let leg = drive.leg();
        let cause = leg.cause().unwrap();
        assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::ResumeFailed), "{kind:?}");
        assert_eq!((cause.code(), cause.retry()), (Some(0x8033_804D), Retry::Later), "{kind:?}");
        assert!((2..=6).contains(&leg.attempts), "{kind:?}: {}", leg.attempts);
    }
}

/// What was never begun, since the host was busy when the object was read, is tried again; what a person must see to is not.
#[test]
fn an_act_that_was_not_begun_is_tried_again_if_that_may_help() {
    for (kind, tries) in [(ProblemKind::Busy, 2), (ProblemKind::Denied, 1)] {
        let mut drive = Drive::new(setup(2), pair(&[S::Error]));
        drive.run_to(1.5);
        drive.end_act(Outcome::NotDone(problem(kind)));
        drive.run_to(10.0);
        drive.hosts[0] = look(0, &[S::Replicating]);
        if tries == 2 {
            drive.end_act(ended());
            drive.run_to(60.0);
            assert_eq!((drive.leg().result, drive.leg().attempts), (LegResult::Resumed, 2));
        } else {
            assert!(drive.acts.is_empty(), "{kind:?}");
        }
    }
}

/// A busy VM is refused as if its state did not fit. As long as the state fits, that is tried again, so often and no more.
#[test]
fn a_state_that_fits_and_is_refused_is_tried_again_within_the_limits() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    end_all(&mut drive, &refused(32_775, true));
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::ResumeRefused));
    assert!((2..=6).contains(&leg.attempts), "{}", leg.attempts);
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::WaitingForStartResynchronize]);
    drive.end_act(refused(32_775, true));
    drive.run_to(60.0);
    assert_eq!((drive.leg().result, drive.leg().attempts), (LegResult::NeedsPerson, 1), "it does not fit any more");
}

#[test]
fn an_act_of_which_no_look_told_in_time_is_weighed_by_a_late_one() {
    let seen = crate::sample::leg(S::Error, S::Replicating);
    let mut watch = crate::watch::LegWatch::new(seen.clone());
    watch.saw(seen, None);
    let plan = Plan { reason: Reason::Error, side: Side::Sender, without_evidence: false, log_unread: false };
    let mut incident = Incident::new(plan, None);
    incident.ended(now(5.0).mono, (ActId { epoch: 0, number: 0 }, Side::Sender), S::Error, ended());
    watch.incident = Some(Box::new(incident));
    let mut chance = fastrand::Rng::with_seed(1);
    watch.weigh(now(60.0).mono, Some(now(6.0).mono), &mut chance);
    let unread = |attempt: &Attempt| matches!(attempt, Attempt::GivenUp { unread: Some(done), .. } if matches!(**done, Done { side: Side::Sender, .. }));
    assert!(unread(watch.attempt()), "no look came in time: {:?}", watch.attempt());
    let mut running = crate::sample::leg(S::Replicating, S::Replicating);
    crate::sample::end_mut(&mut running.sender).looked = now(61.0).mono;
    watch.saw(running, None);
    watch.weigh(now(61.0).mono, Some(now(6.0).mono), &mut chance);
    assert_eq!(*watch.attempt(), Attempt::Proved, "it was ours");
}

/// Its host does not answer any more, so nobody can say what came of it; the class of its answer says nothing of a next try.
#[test]
fn an_answer_that_leaves_it_open_and_is_never_looked_at_may_be_tried_again_later() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = unreachable();
    drive.end_act(Outcome::Unknown(problem(ProblemKind::Refused)));
    drive.run_to(300.0);
    let leg = drive.leg();
    let cause = leg.cause().unwrap();
    assert_eq!((leg.result, leg.reason, leg.attempts), (LegResult::Failed, Reason::ResumeFailed, 1));
    assert_eq!((cause.code(), cause.retry()), (Some(0x8033_804D), Retry::Later));
}
