//! Waiting for newer data after a resume, for a caller that wants to know more than that it was resumed.

use super::*;
use reprise_model::{HostTime, LastReplication};

fn waiting(seconds: u64) -> Drive {
    let mut asked = setup(2);
    asked.confirm_within = Some(Duration::from_secs(seconds));
    let mut drive = Drive::new(asked, pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(10.0);
    assert!(drive.report.is_none(), "newer data is awaited");
    assert!(drive.told.iter().any(|notice| matches!(notice, Notice::Resumed(_))), "and the resume is reported at once");
    drive
}

fn with_data() -> Observation {
    let mut seen = look(0, &[S::Replicating]);
    let Seen::Seen(replication) = &mut seen.replication else { panic!("it is seen") };
    for object in replication.objects.values_mut() {
        object.last_replication = LastReplication::At(HostTime(950_000));
    }
    seen
}

#[test]
fn a_run_that_waits_for_newer_data_ends_when_it_has_come() {
    let mut drive = waiting(120);
    drive.hosts[0] = with_data();
    drive.run_to(20.0);
    assert_eq!((drive.leg().result, drive.leg().confirmed), (LegResult::Resumed, true));
    let Some(Notice::Finished(summary)) = drive.told.last() else { panic!("the summary comes last") };
    assert_eq!((summary.resumed, summary.confirmed), (1, 1));
}

#[test]
fn a_run_that_waits_for_newer_data_ends_when_its_time_is_up_and_says_that_none_has_come() {
    let mut drive = waiting(120);
    drive.run_to(120.0);
    assert!(drive.report.is_none());
    drive.run_to(130.0);
    assert_eq!((drive.leg().result, drive.leg().confirmed), (LegResult::Resumed, false));
    assert!(drive.looks[0] < 40, "a look every few seconds: {}", drive.looks[0]);
    assert!(drive.looks[0] > 10, "{}", drive.looks[0]);
}

#[test]
fn a_resume_that_falls_back_while_newer_data_is_awaited_is_tried_again() {
    let mut drive = waiting(120);
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(40.0);
    assert_eq!(drive.acts.len(), 1, "within its budget");
    drive.end_act(refused(32_769, false));
    drive.run_to(100.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::ResumeRefused));
    assert!(drive.leg().trouble.as_ref().unwrap().stopped_again, "its event 4 is no secret to its event 3");
}

#[test]
fn a_resume_that_falls_back_too_late_for_another_try_says_that_it_ran() {
    let mut drive = waiting(120);
    drive.run_to(61.0);
    drive.hosts[0] = look(0, &[S::Error]);
    drive.run_to(80.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::StoppedAgain));
    let failed = drive.told.iter().filter(|notice| matches!(notice, Notice::ResumeFailed(_))).count();
    let resumed = drive.told.iter().filter(|notice| matches!(notice, Notice::Resumed(_))).count();
    assert_eq!((failed, resumed), (1, 1));
}

/// That it runs was seen, and reported.
#[test]
fn a_resume_of_which_only_newer_data_is_awaited_is_resumed_even_if_the_run_is_interrupted() {
    let mut drive = waiting(120);
    drive.stop();
    let report = drive.report.as_ref().unwrap();
    assert_eq!((drive.leg().result, drive.leg().confirmed), (LegResult::Resumed, false));
    assert_eq!((report.interrupted, report.outcome), (true, goal::PassOutcome::Ok));
    assert!(drive.told.contains(&Notice::Interrupted { not_seen: 0, not_reached: 0 }), "{:?}", drive.told);
}

#[test]
fn nobody_who_does_not_ask_for_it_waits_for_newer_data() {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = look(0, &[S::Replicating]);
    drive.end_act(ended());
    drive.run_to(4.0);
    assert_eq!((drive.leg().result, drive.leg().confirmed), (LegResult::Resumed, false));
}
