//! The procedures, call by call.

mod acts;
mod advice;
mod events;
mod observe;
mod odd;
mod perform;
mod reading;
mod refusals;
mod rights;
mod server_2012;
mod statistics;

use cim::stepped::{Next, Stepped};
use cim::{CallError, ErrorKind, ObjectPath, Output, Properties, Reached, Reply, Request, Row, Value, wql};
use reprise_model::{
    Act, ActId, ActKind, HostId, Kept, LegId, LegKind, Observation, Outcome, Replication, ReplicationMode,
    ReplicationState,
};

const VM: &str = "4708A0F4-C902-429B-A1E0-D4AB0893E452";

fn text(value: &str) -> Value {
    Value::Lexical(value.to_owned())
}

fn act() -> Act {
    Act {
        id: ActId { epoch: 0, number: 1 },
        leg: LegId { vm: VM.parse().unwrap(), kind: LegKind::Simple },
        host: HostId(0),
        kind: ActKind::Resume,
        vm_key: VM.to_owned(),
        kept: Kept::AsRelationship { instance_id: format!("Microsoft:{VM}\\HVR\\0") },
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

/// Runs a resume against scripted replies. Returns the outcome and every request.
fn resume(answers: Vec<Result<Reply, CallError>>) -> (Outcome, Vec<Request>) {
    carry_out(act(), answers)
}

fn carry_out(act: Act, answers: Vec<Result<Reply, CallError>>) -> (Outcome, Vec<Request>) {
    let mut stepped = Stepped::new(|port| async move { crate::perform(&port, &act).await });
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

/// Answers the queries of a look from tables of rows by class.
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

/// The replication of a host whose rows of one class are changed before they are answered.
fn replication(of: &str, change: impl Fn(&mut Vec<Row>)) -> Replication {
    let (seen, _) = look(|class| {
        let mut rows = host_rows(class)?;
        if class == of {
            change(&mut rows);
        }
        Ok(rows)
    });
    seen.replication.seen().expect("it can be seen").clone()
}
