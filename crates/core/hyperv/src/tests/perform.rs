//! One act, call by call.

use std::time::Duration;

use cim::stepped::{Next, Stepped};
use cim::{ErrorKind, Reached, Reply, Request, Row};
use reprise_model::{Ended, Outcome, Retry};

use super::{VM, act, fails, invokes, job, relationship, resume, started, text};

#[test]
fn a_resume_is_one_get_one_invoke_and_a_look_at_the_jobs() {
    let (outcome, requests) =
        resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), Ok(job("4")), Ok(job("7"))]);
    assert_eq!(outcome, Outcome::Ended(Ended::ByJob));
    assert_eq!(requests.len(), 4);
    let Request::Invoke { path, method, arguments } = &requests[1] else { panic!() };
    assert_eq!((path.key("Name"), method.as_str()), (Some(VM), "RequestReplicationStateChangeEx"));
    let names: Vec<_> = arguments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["ReplicationRelationship", "RequestedState"], "TimeoutPeriod is omitted");
    let embedded = cim::cimxml::read(&arguments[0].value.lexical().unwrap()).unwrap();
    assert_eq!(embedded.get::<String>("ElementName").unwrap(), "<vm> & \"co\"");
    assert_eq!(embedded.get::<Vec<u16>>("OperationalStatus"), Ok(vec![2]));
    assert!(!embedded.properties.contains("InstallDate"), "NULL is omitted");
    assert!(arguments[0].value.lexical().unwrap().contains("20260131100000.000000+000"));
}

#[test]
fn an_object_that_changed_is_stale_and_nothing_is_done() {
    for answer in [Ok(Reply::Instance(relationship("3"))), Err(fails(ErrorKind::NotThere, Reached::Yes))] {
        let (outcome, requests) = resume(vec![answer]);
        assert!(matches!(outcome, Outcome::Stale { .. }), "{outcome:?}");
        assert_eq!(invokes(&requests), 0);
    }
}

#[test]
fn an_invoke_whose_answer_is_lost_is_unknown_and_never_repeated() {
    let lost = fails(ErrorKind::TimedOut, Reached::Perhaps);
    let (outcome, requests) = resume(vec![Ok(Reply::Instance(relationship("8"))), Err(lost)]);
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert_eq!(invokes(&requests), 1);
    let not_sent = fails(ErrorKind::Unreachable, Reached::No);
    let (outcome, _) = resume(vec![Ok(Reply::Instance(relationship("8"))), Err(not_sent)]);
    assert!(matches!(outcome, Outcome::NotDone(_)));
}

#[test]
fn after_a_lost_answer_it_waits_for_the_jobs_that_run_then_and_for_no_later_ones() {
    let lost = || Err(fails(ErrorKind::Unreachable, Reached::Perhaps));
    let jobs = |states: &[(&str, &str)]| {
        let row = |(id, state): &(&str, &str)| Row::new("").with("InstanceID", text(id)).with("JobState", text(state));
        Ok(Reply::Rows(states.iter().map(row).collect()))
    };
    let (outcome, requests) = resume(vec![
        Ok(Reply::Instance(relationship("8"))),
        lost(),
        jobs(&[("old", "7"), ("a", "4"), ("b", "4")]),
        lost(),
        jobs(&[("a", "10"), ("b", "4"), ("later", "4")]),
        jobs(&[("b", "7"), ("later", "4")]),
    ]);
    assert!(matches!(outcome, Outcome::Unknown(_)), "only the state shows the result");
    assert_eq!((requests.len(), invokes(&requests)), (6, 1));
}

/// A job remains listed for minutes after its end. If a poll does not list a job that was running, the jobs were not shown.
#[test]
fn a_job_that_is_waited_for_is_not_given_up_for_a_look_that_lists_nothing() {
    let lost = || Err(fails(ErrorKind::TimedOut, Reached::Perhaps));
    let nothing = || Ok(Reply::Rows(vec![]));
    let given_up = [Ok(Reply::Instance(relationship("8"))), Ok(started()), lost(), lost(), lost(), lost()];
    let own = given_up.into_iter().chain([Ok(job("4")), nothing(), nothing(), Ok(job("4")), nothing(), Ok(job("7"))]);
    let (outcome, requests) = resume(own.collect());
    assert_eq!((outcome, requests.len()), (Outcome::Ended(Ended::ByJob), 12));
    let unnamed =
        vec![Ok(Reply::Instance(relationship("8"))), lost(), Ok(job("4")), nothing(), Ok(job("7")), nothing()];
    let (outcome, requests) = resume(unnamed);
    assert_eq!((matches!(outcome, Outcome::Unknown(_)), requests.len()), (true, 5), "{outcome:?}");
    let mut gone = vec![Ok(Reply::Instance(relationship("8"))), lost(), Ok(job("4"))];
    gone.extend((0..10).map(|_| nothing()));
    let (outcome, requests) = resume(gone);
    assert_eq!((matches!(outcome, Outcome::Unknown(_)), requests.len()), (true, 7), "{outcome:?}");
}

/// Following a job only reads, so a poll that fails is repeated, whatever the cause.
#[test]
fn a_look_at_the_job_that_fails_is_taken_again() {
    let kinds = [
        ErrorKind::Busy,
        ErrorKind::Unreachable,
        ErrorKind::TimedOut,
        ErrorKind::NotThere,
        ErrorKind::Refused,
        ErrorKind::Malformed,
        ErrorKind::Denied,
        ErrorKind::TooLarge,
    ];
    for kind in kinds {
        let failed = || Err(fails(kind, Reached::Yes));
        let followed = vec![
            Ok(Reply::Instance(relationship("8"))),
            Ok(started()),
            failed(),
            Ok(job("4")),
            failed(),
            failed(),
            failed(),
            Ok(job("7")),
        ];
        assert_eq!(resume(followed).0, Outcome::Ended(Ended::ByJob), "{kind}");
        let mut broken = vec![Ok(Reply::Instance(relationship("8"))), Ok(started())];
        broken.extend((0..200).map(|_| failed()));
        let (outcome, requests) = resume(broken);
        assert!(matches!(outcome, Outcome::Unknown(_)), "{kind}: {outcome:?}");
        assert!(requests.len() < 60, "{kind}: {} looks and more", requests.len());
        assert_eq!(invokes(&requests), 1);
    }
}

/// Failed polls are counted since the last one that succeeded, while following a job and while waiting for others.
#[test]
fn a_look_that_goes_well_resets_the_count_of_failed_ones() {
    let lost = || Err(fails(ErrorKind::TimedOut, Reached::Perhaps));
    let begun = || vec![Ok(Reply::Instance(relationship("8"))), Ok(started())];
    let mut followed = begun();
    followed.extend([lost(), lost(), lost(), Ok(job("4")), lost(), lost(), Ok(Reply::Rows(vec![])), Ok(job("7"))]);
    assert_eq!(resume(followed).0, Outcome::Ended(Ended::ByJob));
    let mut awaited = vec![Ok(Reply::Instance(relationship("8"))), lost()];
    awaited.extend([Ok(job("4")), lost(), lost(), lost(), Ok(job("4")), lost(), lost(), lost(), Ok(job("7"))]);
    let (outcome, requests) = resume(awaited);
    assert_eq!((matches!(outcome, Outcome::Unknown(_)), requests.len()), (true, 11), "{outcome:?}");
}

/// The failure of a provider or the restart of a service lasts for some seconds, during which the host replies that it is busy.
#[test]
fn a_host_that_answers_that_it_is_busy_is_asked_for_the_job_for_some_time() {
    let mut followed = vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), Ok(job("4"))];
    followed.extend((0..15).map(|_| Err(fails(ErrorKind::Busy, Reached::Yes))));
    followed.push(Ok(job("7")));
    assert_eq!(resume(followed).0, Outcome::Ended(Ended::ByJob));
}

/// While it waits for running jobs, the job that it could not follow may be listed again.
#[test]
fn a_job_that_is_listed_again_after_it_was_given_up_says_itself_what_came_of_it() {
    let lost = || Err(fails(ErrorKind::TimedOut, Reached::Perhaps));
    let given_up = || vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), lost(), lost(), lost(), lost()];
    for (last, good) in [("7", true), ("10", false)] {
        let mut answers = given_up();
        answers.extend([lost(), Ok(job("4")), Ok(job(last))]);
        let (outcome, requests) = resume(answers);
        let refused = matches!(&outcome, Outcome::Refused(refusal) if refusal.code == Some(32_775));
        assert_eq!((outcome == Outcome::Ended(Ended::ByJob), refused), (good, !good), "{outcome:?}");
        assert_eq!((requests.len(), invokes(&requests)), (9, 1));
    }
}

#[test]
fn a_job_that_could_not_be_followed_is_waited_for_if_it_is_listed_later_than_others() {
    let lost = || Err(fails(ErrorKind::TimedOut, Reached::Perhaps));
    let elsewhere = |state| Row::new("").with("InstanceID", text("elsewhere")).with("JobState", text(state));
    let Reply::Rows(mut rows) = job("4") else { panic!() };
    rows.push(elsewhere("7"));
    let mut answers = vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), lost(), lost(), lost(), lost()];
    answers.extend([Ok(Reply::Rows(vec![elsewhere("4")])), Ok(Reply::Rows(rows)), Ok(job("7"))]);
    let (outcome, requests) = resume(answers);
    assert_eq!((outcome, requests.len(), invokes(&requests)), (Outcome::Ended(Ended::ByJob), 9, 1));
}

/// The Get before an act changes nothing, so it is retried later if the host is busy.
#[test]
fn a_get_that_fails_leaves_the_act_undone_and_says_whether_it_may_be_retried() {
    for (kind, retry) in [
        (ErrorKind::Busy, Retry::Later),
        (ErrorKind::TimedOut, Retry::Later),
        (ErrorKind::Unreachable, Retry::Later),
        (ErrorKind::Denied, Retry::Never),
    ] {
        let (outcome, requests) = resume(vec![Err(fails(kind, Reached::Yes))]);
        assert!(matches!(&outcome, Outcome::NotDone(problem) if problem.retry() == retry), "{kind}: {outcome:?}");
        assert_eq!(requests.len(), 1);
    }
}

#[test]
fn a_job_that_vanishes_or_cannot_be_seen_is_unknown_after_a_few_looks() {
    let gone = || Ok(Reply::Rows(vec![]));
    let (outcome, requests) =
        resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), gone(), gone(), gone(), gone(), gone()]);
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert_eq!(requests.len(), 7, "the last look is for other jobs that may be ours");
    let late = vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), gone(), Ok(job("7"))];
    assert_eq!(resume(late).0, Outcome::Ended(Ended::ByJob), "it may not be listed yet");
    let mut running = vec![Ok(Reply::Instance(relationship("8"))), Ok(started())];
    running.extend((0..1_000).map(|_| Ok(job("4"))));
    running.push(Ok(job("7")));
    assert_eq!(resume(running).0, Outcome::Ended(Ended::ByJob), "it is followed as long as it runs");
}

/// Follows a job that runs that long, on a host that answers at once. Returns how late its end was noticed, and after how many
/// polls.
fn followed(job_ms: u64) -> (Duration, usize) {
    let length = Duration::from_millis(job_ms);
    let act = act();
    let mut stepped = Stepped::new(|port| async move { crate::perform(&port, &act).await });
    let (mut now, mut looks) = (Duration::ZERO, 0);
    for _ in 0..100_000 {
        match stepped.step() {
            Some(Next::Call(Request::Get { .. })) => stepped.answer(Ok(Reply::Instance(relationship("8")))),
            Some(Next::Call(Request::Invoke { .. })) => stepped.answer(Ok(started())),
            Some(Next::Call(_)) => {
                looks += 1;
                stepped.answer(Ok(job(if now < length { "4" } else { "7" })));
            }
            Some(Next::WaitUntil(at)) => {
                now = at;
                stepped.pass_to(at);
            }
            Some(Next::Done(outcome)) => {
                assert_eq!(outcome, Outcome::Ended(Ended::ByJob));
                return (now.saturating_sub(length), looks);
            }
            None => break,
        }
    }
    panic!("the job of {job_ms} ms is not followed to its end");
}

#[test]
fn a_jobs_end_is_noticed_a_third_late_at_most_and_within_a_second_and_few_looks_are_spent_on_it() {
    for job_ms in [0, 20, 90, 160, 260, 300, 450, 700, 999, 2_000, 2_900, 10_000, 61_500] {
        let (late, looks) = followed(job_ms);
        let most = (Duration::from_millis(job_ms) / 3).clamp(Duration::from_millis(50), Duration::from_secs(1));
        assert!(late <= most, "a job of {job_ms} ms is noticed {late:?} late");
        let seconds = usize::try_from(job_ms / 1_000).unwrap();
        assert!(looks <= 14 + seconds, "a job of {job_ms} ms takes {looks} looks");
    }
}

/// A job that is not listed yet gets the full time to appear, however short the first waits are.
#[test]
fn a_job_that_is_not_listed_is_given_most_of_a_second_to_appear() {
    let mut stepped = Stepped::new(|port| async move { crate::perform(&port, &act()).await });
    let mut now = Duration::ZERO;
    for _ in 0..100 {
        match stepped.step() {
            Some(Next::Call(Request::Get { .. })) => stepped.answer(Ok(Reply::Instance(relationship("8")))),
            Some(Next::Call(Request::Invoke { .. })) => stepped.answer(Ok(started())),
            Some(Next::Call(_)) => stepped.answer(Ok(Reply::Rows(vec![]))),
            Some(Next::WaitUntil(at)) => {
                now = at;
                stepped.pass_to(at);
            }
            Some(Next::Done(outcome)) => {
                assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
                assert!((900..=1_500).contains(&now.as_millis()), "it is given up after {now:?}");
                return;
            }
            None => break,
        }
    }
    panic!("the procedure does not end");
}
