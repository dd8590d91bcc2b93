//! Server 2012: replication in the VMs' rows, one object each, resumed by the older method; and how a host is recognized as
//! Server 2012.

use std::time::Duration;

use cim::{CallError, ErrorKind, Reached, Reply, Request, Row, Value, wql};
use reprise_model::{
    Act, HostTime, Kept, LastReplication, Observation, Outcome, Problem, ProblemKind, Provider, ReplicationMode,
    ReplicationState, Retry,
};

use super::{VM, act, carry_out, fails, host_rows, invokes, job, look, started, text};

/// The replies of a host with Server 2012.
fn rows_2012(class: &str) -> Result<Vec<Row>, CallError> {
    let mut rows = match class {
        // Only other versions of Windows have it.
        "Msvm_ReplicationRelationship" => panic!("Server 2012 is never asked for {class}"),
        other => host_rows(other)?,
    };
    match class {
        "Win32_OperatingSystem" => rows[0].properties.set("Version", text("6.2.9200")),
        "Msvm_ComputerSystem" => {
            rows[1] = vm_row("8", "1");
            rows.push(
                Row::new("")
                    .with("Name", text("7D41F6A2-0B0C-4C51-9D0B-000000000002"))
                    .with("ElementName", text("plain"))
                    .with("EnabledState", text("2"))
                    .with("ReplicationMode", text("0"))
                    .with("ReplicationState", text("0")),
            );
        }
        "Msvm_ReplicationSettingData" => {
            rows[0].properties.set("InstanceID", text(&format!("Microsoft:{VM}\\HVR")));
            rows[0].properties.set("VirtualSystemIdentifier", text(VM));
        }
        _ => {}
    }
    Ok(rows)
}

fn vm_row(state: &str, mode: &str) -> Row {
    Row::new("Msvm_ComputerSystem")
        .with("Name", text(VM))
        .with("ElementName", text("sql-01"))
        .with("EnabledState", text("2"))
        .with("ReplicationMode", text(mode))
        .with("ReplicationState", text(state))
        .with("ReplicationHealth", text("3"))
        .with("FailedOverReplicationType", text("0"))
        .with("LastReplicationTime", text("2026-01-31T10:00:00Z"))
}

#[test]
fn server_2012_is_read_from_its_vms_rows_in_six_queries() {
    let (seen, asked) = look(rows_2012);
    assert_eq!(asked.len(), 6);
    let replication = seen.replication.seen().unwrap();
    assert_eq!((replication.vms.len(), replication.objects.len()), (2, 1), "one of the two is not replicated");
    let object = replication.objects.values().next().unwrap();
    assert_eq!((&object.kept, object.state), (&Kept::InVm, ReplicationState::Error));
    assert_eq!(object.health, Some(reprise_model::ReplicationHealth::Critical));
    assert!(matches!(object.last_replication, LastReplication::At(HostTime(_))));
    let settings = object.settings.seen().unwrap();
    assert_eq!(settings.recovery_host.as_ref().unwrap().as_str(), "hv02.lab.test");
    assert_eq!((&settings.provider, settings.frequency), (&Provider::HyperV, Some(Duration::from_mins(5))));
}

#[test]
fn only_what_server_2012_has_is_asked_of_it() {
    let (_, columns) = looked_with_columns(rows_2012);
    let of = |class: &str| columns.iter().find(|(asked, _)| asked == class).unwrap().1.clone();
    assert!(of("Msvm_ComputerSystem").contains(&"ReplicationState".to_owned()));
    let settings = of("Msvm_ReplicationSettingData");
    assert!(settings.contains(&"VirtualSystemIdentifier".to_owned()));
    for later in ["ReplicationInterval", "ReplicationProvider"] {
        assert!(!settings.contains(&later.to_owned()), "{later} came with 2012 R2");
    }
}

/// A look, with the columns that it requested from each class.
fn looked_with_columns(
    answer: impl Fn(&str) -> Result<Vec<Row>, CallError>,
) -> (Observation, Vec<(String, Vec<String>)>) {
    let mut stepped = cim::stepped::Stepped::new(|port| async move { crate::observe(&port).await });
    let mut columns = Vec::new();
    loop {
        match stepped.step() {
            Some(cim::stepped::Next::Call(Request::Query { select, .. })) => {
                let wql::Columns::Named(names) = &select.columns else { panic!("looks name their columns") };
                columns.push((select.class.to_string(), names.iter().map(ToString::to_string).collect()));
                stepped.answer(answer(select.class.as_str()).map(Reply::Rows));
            }
            Some(cim::stepped::Next::Done(seen)) => return (seen, columns),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn settings_find_their_vm_by_their_identifier() {
    let (seen, _) = look(|class| {
        let mut rows = rows_2012(class)?;
        if class == "Msvm_ReplicationSettingData" {
            let other = "Microsoft:7D41F6A2-0B0C-4C51-9D0B-000000000002\\HVR";
            rows[0].properties.set("InstanceID", text(other));
            rows[0].properties.set("VirtualSystemIdentifier", text(&format!("{{{}}}", VM.to_lowercase())));
        }
        Ok(rows)
    });
    let replication = seen.replication.seen().unwrap();
    assert!(replication.objects.values().next().unwrap().settings.seen().is_some());
}

#[test]
fn a_vm_of_server_2012_whose_row_cannot_be_read_is_an_unreadable_object_unless_it_has_no_part() {
    let spoilt = |name: &'static str, value: Value, mode: &'static str| {
        look(move |class| {
            let mut rows = rows_2012(class)?;
            if class == "Msvm_ComputerSystem" {
                rows[1].properties.set("ReplicationMode", text(mode));
                rows[1].properties.set(name, value.clone());
            }
            Ok(rows)
        })
        .0
    };
    for (name, value) in [
        ("EnabledState", text("on")),
        ("ReplicationState", Value::Nil),
        ("ReplicationState", text("-8")),
        ("ReplicationMode", Value::Nil),
        ("ReplicationMode", text("primary")),
        ("LastReplicationTime", text("yesterday")),
    ] {
        let seen = spoilt(name, value.clone(), "1");
        let replication = seen.replication.seen().unwrap();
        assert_eq!((replication.objects.len(), replication.unreadable.len()), (0, 1), "{name} {value:?}");
        let object = replication.unreadable.values().next().unwrap();
        assert!(object.problem.why.contains(name), "{}", object.problem.why);
        assert_eq!(object.name.as_deref(), Some("sql-01"));
    }
    let seen = spoilt("EnabledState", text("on"), "0");
    let replication = seen.replication.seen().unwrap();
    assert!(replication.unreadable.is_empty() && replication.stray.len() == 1, "it is not replicated");
}

fn act_2012() -> Act {
    Act { kept: Kept::InVm, ..act() }
}

#[test]
fn server_2012_is_resumed_by_the_older_method_on_the_vms_row() {
    let answers = vec![Ok(Reply::Instance(vm_row("8", "1"))), Ok(started()), Ok(job("7"))];
    let (outcome, requests) = carry_out(act_2012(), answers);
    assert!(matches!(outcome, Outcome::Ended(_)), "{outcome:?}");
    let Request::Get { path } = &requests[0] else { panic!() };
    assert_eq!((path.class.as_str(), path.key("Name")), ("Msvm_ComputerSystem", Some(VM)));
    let Request::Invoke { path, method, arguments } = &requests[1] else { panic!() };
    assert_eq!((path.key("Name"), method.as_str()), (Some(VM), "RequestReplicationStateChange"));
    let arguments: Vec<_> = arguments.iter().map(|a| (a.name.as_str(), &a.value)).collect();
    assert_eq!(arguments, [("RequestedState", &Value::Uint16(3))]);
}

#[test]
fn on_server_2012_the_mode_is_compared_too_since_it_costs_nothing() {
    let cases =
        [("8", "2", "in the mode Replica"), ("3", "1", "Replicating"), ("9", "2", "WaitingForStartResynchronize")];
    for (state, mode, expected) in cases {
        let (outcome, requests) = carry_out(act_2012(), vec![Ok(Reply::Instance(vm_row(state, mode)))]);
        assert_eq!(outcome, Outcome::Stale { found: expected.to_owned() });
        assert_eq!(invokes(&requests), 0);
    }
    let mut modeless = vm_row("8", "1");
    modeless.properties.set("ReplicationMode", Value::Nil);
    let (outcome, requests) = carry_out(act_2012(), vec![Ok(Reply::Instance(modeless))]);
    assert!(matches!(outcome, Outcome::NotDone(_)) && invokes(&requests) == 0);
    let other = Act { expected_mode: ReplicationMode::Replica, ..act_2012() };
    assert!(matches!(carry_out(other, vec![Ok(Reply::Instance(vm_row("8", "1")))]).0, Outcome::Stale { .. }));
}

/// A host of that version that returns "no such class" for relationships.
fn classless(version: Option<&'static str>) -> (Option<Problem>, usize) {
    let (seen, asked) = look(move |class| match (class, version) {
        ("Msvm_ReplicationRelationship", _) => {
            Err(CallError::new(ErrorKind::NotThere, Reached::Yes, "invalid class").with_status(0x8004_1010))
        }
        ("Win32_OperatingSystem", None) => Err(fails(ErrorKind::Busy, Reached::Yes)),
        ("Win32_OperatingSystem", Some(version)) => {
            let mut rows = host_rows(class)?;
            rows[0].properties.set("Version", text(version));
            Ok(rows)
        }
        (other, _) => host_rows(other),
    });
    (seen.replication.problem().cloned(), asked.len())
}

#[test]
fn no_such_class_means_not_ready_unless_the_version_is_server_2012() {
    for version in [Some("6.3.9600"), Some("10.0.14393"), Some("10.0.20348"), Some("nonsense"), Some(""), None] {
        let (problem, asked) = classless(version);
        let problem = problem.unwrap_or_else(|| panic!("{version:?}"));
        assert_eq!(
            (problem.kind, problem.retry(), problem.code),
            (ProblemKind::NotThere, Retry::Later, Some(0x8004_1010))
        );
        assert!(problem.why.contains("not ready yet"), "{}", problem.why);
        assert!(asked <= 8);
    }
}

#[test]
fn a_windows_older_than_server_2012_is_not_supported_and_gets_no_more_queries() {
    let (problem, asked) = classless(Some("6.1.7601"));
    assert_eq!((problem.unwrap().kind, asked), (ProblemKind::Unsupported, 3));
}

#[test]
fn server_2012_is_told_by_its_version_even_if_its_clock_cannot_be_read() {
    let (seen, _) = look(|class| {
        let mut rows = rows_2012(class)?;
        if class == "Win32_OperatingSystem" {
            rows[0].properties.set("LocalDateTime", text("noon"));
        }
        Ok(rows)
    });
    assert!(seen.system.seen().is_none());
    assert_eq!(seen.replication.seen().unwrap().objects.len(), 1);
}
