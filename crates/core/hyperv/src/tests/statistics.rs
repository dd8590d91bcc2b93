//! Figures of replication, call by call.

use cim::stepped::{Next, Stepped};
use cim::{CallError, ErrorKind, Output, Properties, Reached, Reply, Request, Row, Value};
use reprise_model::{Kept, ReplicationHealth};

use super::{VM, fails, host_rows, look, relationship, text};
use crate::Statistics;

/// Asks for one object against scripted replies. Returns the figure and every request.
fn asked(kept: Kept, answers: Vec<Result<Reply, CallError>>) -> (Option<u64>, Vec<Request>) {
    let mut stepped = Stepped::new(|port| async move {
        let statistics = Statistics::prepare(&port, std::slice::from_ref(&kept)).await?;
        statistics.pending_bytes(&port, VM, &kept).await
    });
    let mut answers = answers.into_iter();
    let mut requests = Vec::new();
    for _ in 0..10 {
        match stepped.step() {
            Some(Next::Call(request)) => {
                requests.push(request);
                stepped.answer(answers.next().unwrap_or(Err(fails(ErrorKind::Unreachable, Reached::No))));
            }
            Some(Next::Done(figure)) => return (figure, requests),
            other => panic!("{other:?}"),
        }
    }
    panic!("the procedure does not end");
}

fn service() -> Reply {
    let keys = [
        ("CreationClassName", "Msvm_ReplicationService"),
        ("Name", "replicasvc"),
        ("SystemCreationClassName", "Msvm_ComputerSystem"),
        ("SystemName", "HV01"),
    ];
    Reply::Rows(vec![keys.into_iter().fold(Row::new(""), |row, (name, value)| row.with(name, text(value)))])
}

fn pending(bytes: &str, returns: &str) -> Reply {
    let row = format!(
        "<INSTANCE CLASSNAME=\"Msvm_ReplicationStatistics\"><PROPERTY NAME=\"PendingReplicationSize\" \
         TYPE=\"uint64\"><VALUE>{bytes}</VALUE></PROPERTY></INSTANCE>"
    );
    let parameters = Properties::new().with("ReturnValue", text(returns)).with("ReplicationStatistics", text(&row));
    Reply::Output(Output { parameters })
}

fn objects() -> Reply {
    Reply::Rows(vec![relationship("3")])
}

fn own() -> Kept {
    Kept::AsRelationship { instance_id: format!("Microsoft:{}\\HVR\\0", VM.to_lowercase()) }
}

#[test]
fn an_object_is_asked_for_by_its_vm_and_by_itself_as_the_host_showed_it() {
    let (bytes, requests) = asked(own(), vec![Ok(service()), Ok(objects()), Ok(pending("5000000000", "0"))]);
    assert_eq!((bytes, requests.len()), (Some(5_000_000_000), 3));
    let Request::Invoke { path, method, arguments } = &requests[2] else { panic!("{requests:?}") };
    assert_eq!(
        (method.as_str(), path.key("SystemName"), path.keys.len()),
        ("GetReplicationStatisticsEx", Some("HV01"), 4)
    );
    let Value::Reference(vm) = &arguments[0].value else { panic!("{arguments:?}") };
    assert_eq!((arguments[0].name.as_str(), vm.key("Name")), ("ComputerSystem", Some(VM)));
    let embedded = arguments[1].value.lexical().unwrap();
    assert!(embedded.contains("InstanceID") && embedded.contains("ElementName"), "{embedded}");
}

#[test]
fn server_2012_is_asked_by_the_vm_alone() {
    let (bytes, requests) = asked(Kept::InVm, vec![Ok(service()), Ok(pending("7", "0"))]);
    assert_eq!((bytes, requests.len()), (Some(7), 2));
    let Request::Invoke { method, arguments, .. } = &requests[1] else { panic!("{requests:?}") };
    assert_eq!((method.as_str(), arguments.len()), ("GetReplicationStatistics", 1));
}

#[test]
fn what_a_host_does_not_say_is_unknown_and_is_not_asked_for_twice() {
    let refused = || Err(fails(ErrorKind::Refused, Reached::Yes));
    let none = || Ok(Reply::Rows(Vec::new()));
    for (answers, count) in [
        (vec![refused()], 1),
        (vec![none()], 1),
        (vec![Ok(Reply::Rows(vec![Row::new("").with("Name", text("replicasvc"))]))], 1),
        (vec![Ok(service()), refused()], 2),
        (vec![Ok(service()), none()], 2),
        (vec![Ok(service()), Ok(objects()), refused()], 3),
        (vec![Ok(service()), Ok(objects()), Ok(pending("7", "32768"))], 3),
        (vec![Ok(service()), Ok(objects()), Ok(pending("7", "4096"))], 3),
        (vec![Ok(service()), Ok(objects()), Ok(pending("many", "0"))], 3),
        (vec![Ok(service()), Ok(objects()), Ok(Reply::Output(Output::default()))], 3),
    ] {
        let told = format!("{answers:?}");
        let (bytes, requests) = asked(own(), answers);
        assert_eq!((bytes, requests.len()), (None, count), "{told}");
    }
}

#[test]
fn health_comes_with_the_look_and_one_that_cannot_be_read_spoils_nothing() {
    for (written, read) in [
        (Some("2"), Some(ReplicationHealth::Warning)),
        (Some("9"), Some(ReplicationHealth::Unrecognised(9))),
        (Some("bad"), None),
        (None, None),
    ] {
        let (seen, _) = look(|class| {
            let mut rows = host_rows(class)?;
            if let (Some(health), "Msvm_ReplicationRelationship") = (written, class) {
                rows[0].properties.set("ReplicationHealth", text(health));
            }
            Ok(rows)
        });
        let replication = seen.replication.seen().unwrap();
        assert_eq!(replication.objects.values().next().unwrap().health, read, "{written:?}");
        assert!(replication.unreadable.is_empty());
    }
}
