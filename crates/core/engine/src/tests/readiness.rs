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

#[test]
fn a_late_host_that_answers_again_is_waited_for_until_its_second_look() {
    let mut drive = late_third();
    let looks = drive.looks[2];
    drive.hosts[2] = look(2, &[]);
    while drive.looks[2] == looks {
        drive.run_to(drive.at + 0.5);
    }
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
    let mut drive = late_third();
    let looks = drive.looks[2];
    drive.hosts[2] = look(2, &[]);
    while drive.looks[2] == looks {
        drive.run_to(drive.at + 0.5);
    }
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
