//! One act, call by call.

use cim::{ErrorKind, Reached, Reply, Request};
use reprise_model::{Ended, Outcome};

use super::{VM, fails, invokes, job, relationship, resume, started};

#[test]
fn a_resume_is_one_get_one_invoke_and_a_look_at_the_jobs() {
    let (outcome, requests) =
        resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), Ok(job("4")), Ok(job("7"))]);
    assert_eq!(outcome, Outcome::Ended(Ended::ByJob));
    assert_eq!(requests.len(), 4);
    let Request::Invoke { path, method, arguments } = &requests[1] else { panic!() };
    assert_eq!((path.key("Name"), method.as_str()), (Some(VM), "RequestReplicationStateChangeEx"));
    let names: Vec<_> = arguments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["ReplicationRelationship", "RequestedState"], "TimeoutPeriod is left out");
    let embedded = cim::cimxml::read(&arguments[0].value.lexical().unwrap()).unwrap();
    assert_eq!(embedded.get::<String>("ElementName").unwrap(), "<vm> & \"co\"");
    assert_eq!(embedded.get::<Vec<u16>>("OperationalStatus"), Ok(vec![2]));
    assert!(!embedded.properties.contains("InstallDate"), "NULL is left out");
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
fn a_job_that_vanishes_or_cannot_be_seen_is_unknown_after_a_few_looks() {
    let gone = || Ok(Reply::Rows(vec![]));
    let (outcome, requests) =
        resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), gone(), gone(), gone(), gone(), gone()]);
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert_eq!(requests.len(), 6);
    let late = vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), gone(), Ok(job("7"))];
    assert_eq!(resume(late).0, Outcome::Ended(Ended::ByJob), "it may not be listed yet");
    let mut running = vec![Ok(Reply::Instance(relationship("8"))), Ok(started())];
    running.extend((0..1_000).map(|_| Ok(job("4"))));
    let (outcome, requests) = resume(running);
    assert!(matches!(outcome, Outcome::Unknown(_)), "a job that hangs is not followed for ever");
    assert!(requests.len() < 320);
}
