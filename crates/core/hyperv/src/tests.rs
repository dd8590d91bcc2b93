//! The procedures, call by call.

use std::time::Duration;

use cim::stepped::{Next, Stepped};
use cim::{CallError, ErrorKind, ObjectPath, Output, Properties, Reached, Reply, Request, Row, Value, wql};
use reprise_model::{
    Act, ActId, ActKind, Ended, HostId, LegId, LegKind, Observation, Outcome, ReplicationMode, ReplicationState, Seen,
};

const VM: &str = "4708A0F4-C902-429B-A1E0-D4AB0893E452";

fn text(value: &str) -> Value {
    Value::Lexical(value.to_owned())
}

fn act() -> Act {
    Act {
        id: ActId(1),
        leg: LegId { vm: VM.parse().unwrap(), kind: LegKind::Simple },
        host: HostId(0),
        kind: ActKind::Resume,
        vm_key: VM.to_owned(),
        instance_id: format!("Microsoft:{VM}\\HVR\\0"),
        expected_state: ReplicationState::Error,
        expected_mode: ReplicationMode::Primary,
    }
}

fn relationship(state: &str) -> Row {
    Row::new("Msvm_ReplicationRelationship")
        .with("InstanceID", text(&format!("Microsoft:{VM}\\HVR\\0")))
        .with("ElementName", text("<vm> & \"co\""))
        .with("ReplicationState", text(state))
        .with("OperationalStatus", text("2"))
        .with("LastReplicationTime", text("2026-01-31T10:00:00Z"))
        .with("InstallDate", Value::Nil)
}

fn started() -> Reply {
    let job = ObjectPath::new("root/virtualization/v2", "Msvm_ConcreteJob").with("InstanceID", "j-1");
    let parameters = Properties::new().with("Job", Value::Reference(Box::new(job))).with("ReturnValue", text("4096"));
    Reply::Output(Output { parameters })
}

fn job(state: &str) -> Reply {
    Reply::Rows(vec![
        Row::new("").with("InstanceID", text("other")).with("JobState", text("10")),
        Row::new("")
            .with("InstanceID", text("J-1"))
            .with("JobState", text(state))
            .with("ErrorCode", text("32775"))
            .with("ErrorDescription", text("no")),
    ])
}

fn returns(value: &str) -> Reply {
    Reply::Output(Output { parameters: Properties::new().with("ReturnValue", text(value)).with("Job", Value::Nil) })
}

fn fails(kind: ErrorKind, reached: Reached) -> CallError {
    CallError::new(kind, reached, "broken")
}

/// Runs a resume against a script of answers; the outcome and every request.
fn resume(answers: Vec<Result<Reply, CallError>>) -> (Outcome, Vec<Request>) {
    let mut stepped = Stepped::new(|port| async move { crate::perform(&port, &act()).await });
    let mut answers = answers.into_iter();
    let mut requests = Vec::new();
    for _ in 0..10_000 {
        match stepped.step() {
            Some(Next::Call(request)) => {
                requests.push(request);
                stepped.answer(answers.next().unwrap_or(Err(fails(ErrorKind::Unreachable, Reached::No))));
            }
            Some(Next::WaitUntil(at)) => stepped.pass_to(at),
            Some(Next::Done(outcome)) => return (outcome, requests),
            None => break,
        }
    }
    panic!("the procedure does not end");
}

fn invokes(requests: &[Request]) -> usize {
    requests.iter().filter(|r| matches!(r, Request::Invoke { .. })).count()
}

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
fn a_refusal_reads_alike_whether_it_comes_at_once_or_by_the_job() {
    let at_once = resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(returns("32775"))]).0;
    let by_job = resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(started()), Ok(job("10"))]).0;
    for (outcome, words) in [(at_once, ""), (by_job, ": no")] {
        let Outcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
        assert_eq!((refusal.code, refusal.transient), (32_775, false));
        assert_eq!(refusal.why, format!("invalid state for this operation{words}"));
    }
    assert_eq!(resume(vec![Ok(Reply::Instance(relationship("8"))), Ok(returns("0"))]).0, Outcome::Ended(Ended::AtOnce));
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
    assert!(matches!(outcome, Outcome::Unknown(_)), "what came of it is read from the state alone");
    assert_eq!((requests.len(), invokes(&requests)), (6, 1));
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

/// Answers a look from tables of rows by class.
fn look(answer: impl Fn(&str) -> Result<Vec<Row>, CallError>) -> (Observation, Vec<String>) {
    let mut stepped = Stepped::new(|port| async move { crate::observe(&port).await });
    let mut asked = Vec::new();
    for _ in 0..100 {
        match stepped.step() {
            Some(Next::Call(Request::Query { select, .. })) => {
                assert_ne!(select.columns, wql::Columns::All, "looks name their columns");
                let class = select.class.to_string();
                stepped.answer(answer(&class).map(Reply::Rows));
                asked.push(class);
            }
            Some(Next::Done(observation)) => return (observation, asked),
            other => panic!("{other:?}"),
        }
    }
    panic!("the look does not end");
}

fn host_rows(class: &str) -> Result<Vec<Row>, CallError> {
    let row = Row::new("");
    Ok(vec![match class {
        "Win32_ComputerSystem" => {
            row.with("DNSHostName", text("HV01")).with("Domain", text("Lab.Test")).with("PartOfDomain", text("true"))
        }
        "Win32_OperatingSystem" => row
            .with("Version", text("6.3.9600"))
            .with("LocalDateTime", text("2026-01-31T11:00:00+01:00"))
            .with("LastBootUpTime", text("2026-01-31T09:00:00Z")),
        "Win32_Service" => row.with("Name", text("vmms")).with("State", text("Running")),
        "Msvm_ReplicationService" => row.with("Name", text("replicasvc")).with("EnabledState", text("2")),
        "Msvm_ComputerSystem" => {
            let vm = Row::new("")
                .with("Name", text(VM))
                .with("ElementName", text("sql-01"))
                .with("EnabledState", text("2"))
                .with("ReplicationMode", text("1"));
            let host = Row::new("").with("Name", text("HV01")).with("EnabledState", text("2"));
            return Ok(vec![host, vm]);
        }
        "Msvm_ReplicationRelationship" => relationship("8"),
        "Msvm_ReplicationSettingData" => row
            .with("InstanceID", text(&format!("Microsoft:{}\\HVR\\0", VM.to_lowercase())))
            .with("PrimaryHostSystem", text("HV01.lab.test"))
            .with("RecoveryHostSystem", text("hv02.lab.test"))
            .with("ReplicationInterval", text("300")),
        other => panic!("{other}"),
    }])
}

#[test]
fn a_look_is_seven_queries_and_joins_what_belongs_together() {
    let (seen, asked) = look(host_rows);
    assert_eq!(asked.len(), 7);
    assert_eq!(seen.name.seen().unwrap().as_str(), "hv01.lab.test");
    let replication = seen.replication.seen().unwrap();
    assert!(replication.service && replication.host_row && replication.unreadable.is_empty());
    let object = replication.objects.values().next().unwrap();
    assert_eq!(object.state, ReplicationState::Error);
    let settings = object.settings.seen().unwrap();
    assert_eq!(settings.recovery_host.as_ref().unwrap().as_str(), "hv02.lab.test");
    assert_eq!(settings.frequency, Some(Duration::from_mins(5)));
    assert_eq!(seen.system.seen().unwrap().clock.0, 1_769_853_600_000);
}

#[test]
fn a_host_that_is_not_there_or_refuses_the_login_is_asked_once() {
    for kind in [ErrorKind::Unreachable, ErrorKind::TimedOut, ErrorKind::Denied] {
        let (seen, asked) = look(|_| Err(fails(kind, Reached::No)));
        assert_eq!(asked.len(), 1);
        assert!(seen.problems().count() == 4 && seen.answered() == (kind == ErrorKind::Denied));
    }
}

#[test]
fn one_part_that_fails_does_not_spoil_the_others() {
    let (seen, _) = look(|class| match class {
        "Win32_Service" | "Win32_OperatingSystem" => Err(fails(ErrorKind::Refused, Reached::Yes)),
        other => host_rows(other),
    });
    assert!(seen.vmms.problem().is_some() && seen.system.problem().is_some());
    assert_eq!(seen.replication.seen().unwrap().objects.len(), 1);
    assert!(seen.vmms_runs(), "its own classes answer");
}

#[test]
fn nothing_is_asked_of_vmms_that_it_cannot_answer_yet() {
    let (seen, asked) = look(|class| match class {
        "Msvm_ReplicationService" => Ok(vec![]),
        other => host_rows(other),
    });
    assert_eq!(asked.len(), 4);
    assert!(!seen.replication.seen().unwrap().service);
}

#[test]
fn a_row_that_cannot_be_read_keeps_its_identity_and_its_error() {
    let (seen, _) = look(|class| {
        let mut rows = host_rows(class)?;
        if class == "Msvm_ReplicationRelationship" {
            rows.push(relationship("many"));
            rows.push(Row::new("").with("InstanceID", text("nonsense")).with("ReplicationState", text("3")));
        }
        Ok(rows)
    });
    let replication = seen.replication.seen().unwrap();
    assert_eq!(replication.objects.len(), 1);
    assert_eq!(replication.unreadable.len(), 2);
    assert_eq!(replication.unreadable[0].vm, Some(VM.parse().unwrap()));
    assert!(replication.unreadable[0].problem.why.contains("`many`"));
}

#[test]
fn another_programs_replication_is_told_by_its_provider_and_never_is_before_1900() {
    let (seen, _) = look(|class| {
        let mut rows = host_rows(class)?;
        if class == "Msvm_ReplicationSettingData" {
            rows[0].properties.set("ReplicationProvider", text("Msvm_ReplicationProvider.InstanceID=\"azure\""));
        }
        if class == "Msvm_ReplicationRelationship" {
            rows[0].properties.set("LastReplicationTime", text("16010101000000.000000+000"));
        }
        Ok(rows)
    });
    let object = seen.replication.seen().unwrap().objects.values().next().unwrap().clone();
    assert_eq!(object.last_replication, reprise_model::LastReplication::Never);
    let Seen::Seen(settings) = object.settings else { panic!() };
    assert!(matches!(settings.provider, reprise_model::Provider::External(_)));
}

proptest::proptest! {
    #[test]
    fn no_row_panics(values in proptest::collection::vec(".{0,40}", 7)) {
        let names = ["Name", "ElementName", "EnabledState", "InstanceID", "ReplicationState", "State", "LocalDateTime"];
        let row: Row = Row { properties: names.iter().zip(&values).map(|(n, v)| ((*n).into(), text(v))).collect(), ..Row::new("") };
        let (_seen, asked) = look(|_| Ok(vec![row.clone()]));
        proptest::prop_assert!(asked.len() <= 7);
    }
}
