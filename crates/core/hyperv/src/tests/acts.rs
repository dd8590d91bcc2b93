//! Every kind of act takes the same steps: the method, its arguments, and its name in errors.

use cim::{ErrorKind, Reached, Reply, Request, Row, Value};
use reprise_model::{Act, ActKind, Ended, Kept, Outcome, Problem, ReplicationState};

use super::{VM, act, carry_out, fails, invokes, job, relationship, returns, started, text};

/// The requested state of each kind, and its name in errors, written independently of the code.
const KINDS: [(ActKind, u16, &str); 2] =
    [(ActKind::Resume, 3, "resume replication"), (ActKind::Pause, 7, "pause replication")];

/// Returns an act of that kind for that form of replication, from the first state of its row, and the object that it finds.
fn on(kind: ActKind, kept: &Kept) -> (Act, Row) {
    let expected_state = kind.row().steps.first().unwrap().from;
    let state = expected_state.number().to_string();
    let object = match kept {
        Kept::AsRelationship { .. } => relationship(&state),
        Kept::InVm => Row::new("Msvm_ComputerSystem")
            .with("Name", text(VM))
            .with("ReplicationMode", text("1"))
            .with("ReplicationState", text(&state)),
    };
    (Act { kind, kept: kept.clone(), expected_state, ..act() }, object)
}

fn everywhere() -> Vec<(ActKind, u16, &'static str, Kept)> {
    let kept = || [act().kept, Kept::InVm];
    KINDS.into_iter().flat_map(|(kind, number, what)| kept().map(|kept| (kind, number, what, kept))).collect()
}

#[test]
fn each_kind_calls_the_method_of_its_windows_with_its_state_and_follows_the_job_to_its_end() {
    for (kind, number, _, kept) in everywhere() {
        let (act, object) = on(kind, &kept);
        let (outcome, requests) =
            carry_out(act, vec![Ok(Reply::Instance(object)), Ok(started()), Ok(job("4")), Ok(job("7"))]);
        assert_eq!((outcome, requests.len()), (Outcome::Ended(Ended::ByJob), 4), "{kind:?} {kept:?}");
        let Request::Invoke { path, method, arguments } = &requests[1] else { panic!("{requests:?}") };
        assert_eq!((path.class.as_str(), path.key("Name")), ("Msvm_ComputerSystem", Some(VM)));
        let names: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
        match kept {
            Kept::AsRelationship { .. } => {
                assert_eq!(method.as_str(), "RequestReplicationStateChangeEx");
                assert_eq!(names, ["ReplicationRelationship", "RequestedState"]);
            }
            Kept::InVm => {
                assert_eq!(method.as_str(), "RequestReplicationStateChange");
                assert_eq!(names, ["RequestedState"]);
            }
        }
        assert_eq!(arguments.last().unwrap().value, Value::Uint16(number), "{kind:?}");
    }
}

#[test]
fn each_kind_is_stale_on_another_state_and_refused_with_the_hosts_code() {
    for (kind, _, _, kept) in everywhere() {
        let (act, object) = on(kind, &kept);
        let other = object.clone().with("ReplicationState", text("4"));
        let (outcome, requests) = carry_out(act.clone(), vec![Ok(Reply::Instance(other))]);
        assert_eq!((outcome, invokes(&requests)), (Outcome::Stale { found: "PreparedForFailover".to_owned() }, 0));
        let at_once = vec![Ok(Reply::Instance(object.clone())), Ok(returns("32775"))];
        let by_job = vec![Ok(Reply::Instance(object)), Ok(started()), Ok(job("10"))];
        for answers in [at_once, by_job] {
            let (outcome, _) = carry_out(act.clone(), answers);
            assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.code == Some(32_775)), "{outcome:?}");
        }
    }
}

#[test]
fn every_error_names_what_was_to_be_done() {
    let lost = || Err(fails(ErrorKind::TimedOut, Reached::Perhaps));
    for (kind, _, what, kept) in everywhere() {
        let (act, object) = on(kind, &kept);
        let found = || Ok(Reply::Instance(object.clone()));
        for (answers, place) in [
            (vec![Err(fails(ErrorKind::Busy, Reached::Yes))], "read the replication object"),
            (vec![found(), lost()], what),
            (vec![found(), Ok(returns(""))], what),
            (vec![found(), Ok(started()), lost(), lost(), lost(), lost()], "follow the job"),
            (vec![found(), Ok(started()), Ok(job("99"))], "follow the job"),
        ] {
            let (outcome, _) = carry_out(act.clone(), answers);
            let (Outcome::NotDone(Problem { what: told, .. }) | Outcome::Unknown(Problem { what: told, .. })) =
                &outcome
            else {
                panic!("{outcome:?}")
            };
            assert!(told.starts_with(place) && told.ends_with(what), "{told}");
        }
    }
    assert_eq!(KINDS.map(|(kind, ..)| kind), ActKind::ALL);
    assert_eq!(KINDS.map(|(.., what)| what), ActKind::ALL.map(|kind| kind.row().what));
    assert_eq!(ReplicationState::Suspended.number(), 7);
}
