//! Odd rows: each keeps its identity and its error, and the other rows are used. Names are only labels.

use cim::{CallError, ErrorKind, Reply, Request, Row, Value};
use proptest::prelude::*;
use reprise_model::{Replication, ReplicationMode, ReplicationState, VmId};

use super::{VM, host_rows, look, relationship, replication, resume, returns, text};

const OTHER: &str = "7D41F6A2-0B0C-4C51-9D0B-000000000002";
const OBJECTS: &str = "Msvm_ReplicationRelationship";
const VMS: &str = "Msvm_ComputerSystem";
const SETTINGS: &str = "Msvm_ReplicationSettingData";

/// Names that a user may give a VM.
const NAMES: [&str; 9] = [
    "",
    " ",
    "*",
    "[a-z]? 'x' \"y\" <b>&amp;</b> \\",
    "\u{202e}gnp.exe\u{202c}",
    "שרת-1 \u{200f}",
    "🦀 emoji",
    "' OR Name LIKE '%",
    "]]></VALUE><VALUE>",
];

fn vm() -> VmId {
    VM.parse().unwrap()
}

fn set(name: &'static str, value: Value) -> impl Fn(&mut Vec<Row>) {
    move |rows| rows.last_mut().unwrap().properties.set(name, value.clone())
}

/// Asserts that the only object is unreadable. Returns the text of its problem.
fn unreadable(seen: &Replication) -> String {
    assert!(seen.objects.is_empty(), "{seen:?}");
    let (id, object) = seen.unreadable.iter().next().expect("it is not lost");
    assert_eq!((id.vm, seen.unreadable.len()), (vm(), 1));
    object.problem.to_string()
}

#[test]
fn a_relationship_that_cannot_be_read_keeps_its_identity_and_its_error() {
    let cases = [
        ("ReplicationState", text("many"), "`many`"),
        ("ReplicationState", text("-1"), "`-1`"),
        ("ReplicationState", text("65536"), "`65536`"),
        ("ReplicationState", text("8.0"), "`8.0`"),
        ("ReplicationState", Value::Nil, "missing or NULL"),
        ("ReplicationState", Value::Boolean(true), "ReplicationState"),
        ("ReplicationState", Value::List(vec![]), "ReplicationState"),
        ("LastReplicationTime", text("2026-02-31T00:00:00Z"), "LastReplicationTime"),
        ("FailedOverReplicationType", text("planned"), "`planned`"),
    ];
    for (name, value, words) in cases {
        let problem = unreadable(&replication(OBJECTS, set(name, value.clone())));
        assert!(problem.contains(words) && problem.contains(&vm().to_string()), "{name} {value:?}: {problem}");
    }
}

#[test]
fn what_can_be_read_of_an_unreadable_object_is_kept() {
    let seen = replication(OBJECTS, set("ReplicationState", text("many")));
    let object = seen.unreadable.values().next().unwrap();
    assert_eq!((object.name.as_deref(), object.mode), (Some("sql-01"), Some(ReplicationMode::Primary)));
    assert_eq!(object.settings.as_ref().unwrap().recovery_host.as_ref().unwrap().label(), "hv02");
    assert!(seen.vms.contains_key(&vm()) && seen.stray.is_empty(), "its VM is used anyway");
}

#[test]
fn an_object_whose_vm_cannot_be_read_or_is_missing_is_unreadable_and_not_lost() {
    let cases: [(&str, Value, &str); 4] = [
        ("EnabledState", text("on"), "EnabledState"),
        ("ReplicationMode", text("x"), "ReplicationMode"),
        ("ReplicationMode", Value::Nil, "ReplicationMode is NULL"),
        ("Name", text(OTHER), "has no row of its own"),
    ];
    for (name, value, words) in cases {
        let seen = replication(VMS, set(name, value.clone()));
        let problem = unreadable(&seen);
        assert!(problem.contains(words) && problem.contains(&vm().to_string()), "{name} {value:?}: {problem}");
        assert!(seen.stray.is_empty(), "reported once: {:?}", seen.stray);
    }
}

#[test]
fn an_odd_row_does_not_affect_its_neighbours() {
    for class in [VMS, OBJECTS, SETTINGS] {
        let seen = replication(class, |rows| {
            rows.push(Row::new(""));
            rows.push(Row::new("").with("InstanceID", text("nonsense")).with("Name", Value::Boolean(true)));
        });
        assert_eq!(seen.objects.len(), 1, "{class}");
        assert_eq!(seen.objects.values().next().unwrap().state, ReplicationState::Error);
    }
    let stray = replication(OBJECTS, |rows| {
        rows.push(Row::new("").with("InstanceID", text(&"x".repeat(500))).with("ReplicationState", text("3")));
    });
    assert!(stray.stray[0].why.contains("unknown form") && stray.stray[0].why.len() < 200, "{:?}", stray.stray);
}

#[test]
fn an_unreadable_vm_without_replication_is_reported_and_makes_no_leg() {
    let seen = replication(VMS, |rows| rows.push(Row::new("").with("Name", text(OTHER))));
    assert_eq!((seen.objects.len(), seen.unreadable.len(), seen.stray.len()), (1, 0, 1));
    assert!(seen.stray[0].why.contains(&OTHER.to_lowercase()));
}

#[test]
fn keys_are_read_in_any_case_and_with_or_without_braces() {
    for key in [
        format!("Microsoft:{VM}\\HVR\\0"),
        format!("microsoft:{}\\hvr\\0", VM.to_lowercase()),
        format!("MICROSOFT:{{{VM}}}\\Hvr\\0"),
    ] {
        let seen = replication(OBJECTS, set("InstanceID", text(&key)));
        assert_eq!(seen.objects.len(), 1, "{key}");
        let object = seen.objects.values().next().unwrap();
        assert!(object.settings.seen().is_some(), "{key}");
        let kept = reprise_model::Kept::AsRelationship { instance_id: key.clone() };
        assert_eq!(object.kept, kept, "requests use it as the host wrote it");
    }
    for key in ["", "Microsoft:", "Microsoft", "é", "Microsoft:é", "Microsoft:x\\HVR\\0", "HVR\\0", "\\\\\\"] {
        let seen = replication(OBJECTS, set("InstanceID", text(key)));
        assert_eq!((seen.objects.len(), seen.unreadable.len(), seen.stray.len()), (0, 0, 1), "{key}");
    }
    for rest in ["", "\\0", "\\HVR", "\\HVR\\", "\\HVR\\2", "\\HVR\\0\\0", "\\\\HVR\\\\0"] {
        let seen = replication(OBJECTS, set("InstanceID", text(&format!("Microsoft:{VM}{rest}"))));
        assert!(seen.objects.is_empty() && seen.stray.len() == 1, "{rest}");
    }
    let braced = replication(VMS, set("Name", text(&format!("{{{}}}", VM.to_lowercase()))));
    assert_eq!(braced.objects.len(), 1);
}

#[test]
fn a_repeated_row_counts_once_and_of_two_different_rows_neither_is_used() {
    for class in [VMS, OBJECTS, SETTINGS] {
        let twice = replication(class, |rows| rows.push(rows.last().unwrap().clone()));
        assert_eq!((twice.objects.len(), twice.stray.len()), (1, 0), "{class}");
    }
    let states = replication(OBJECTS, |rows| rows.push(relationship("3")));
    assert!(unreadable(&states).contains("two different rows"));
    let vms = replication(VMS, |rows| rows.push(rows.last().unwrap().clone().with("ReplicationMode", text("2"))));
    assert!(unreadable(&vms).contains("two different rows"));
    assert_eq!(vms.unreadable.values().next().unwrap().mode, None, "neither mode is used");
    let settings = replication(SETTINGS, |rows| {
        rows.push(rows.last().unwrap().clone().with("RecoveryHostSystem", text("hv03")));
    });
    let object = settings.objects.values().next().unwrap();
    assert!(object.settings.problem().unwrap().why.contains("two different rows"));
}

#[test]
fn settings_that_cannot_be_read_or_are_missing_are_not_seen_and_say_why() {
    let odd = replication(SETTINGS, set("ReplicationInterval", text("often")));
    let object = odd.objects.values().next().unwrap();
    assert!(object.settings.problem().unwrap().why.contains("`often`"));
    assert_eq!(odd.stray.len(), 1, "reported for the host too");
    let missing = replication(SETTINGS, Vec::clear);
    assert!(missing.objects.values().next().unwrap().settings.problem().unwrap().why.contains("no setting data"));
    assert!(missing.stray.is_empty());
}

#[test]
fn states_and_modes_that_no_document_lists_keep_their_numbers() {
    for number in [17, 21, 22, 255, 65_535] {
        let seen = replication(OBJECTS, set("ReplicationState", text(&number.to_string())));
        assert_eq!(seen.objects.values().next().unwrap().state.number(), number);
    }
    let seen = replication(VMS, set("ReplicationMode", text("9")));
    assert_eq!(seen.vms.values().next().unwrap().mode, ReplicationMode::Unrecognised(9));
}

/// Returns every request of a look at a host whose VM has that name.
fn asked_of_a_vm_called(name: &str) -> Vec<Request> {
    let mut stepped = cim::stepped::Stepped::new(|port| async move { crate::observe(&port).await });
    let mut asked = Vec::new();
    loop {
        match stepped.step() {
            Some(cim::stepped::Next::Call(request)) => {
                let Request::Query { select, .. } = &request else { panic!("{request:?}") };
                let mut rows = host_rows(select.class.as_str()).unwrap();
                for row in &mut rows {
                    row.properties.set("ElementName", text(name));
                }
                stepped.answer(Ok(Reply::Rows(rows)));
                asked.push(request);
            }
            Some(cim::stepped::Next::Done(seen)) => {
                let vms = &seen.replication.seen().unwrap().vms;
                assert_eq!(vms.values().next().unwrap().name, name);
                return asked;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_request_contains_a_vms_name() {
    let plain = asked_of_a_vm_called("sql-01");
    for name in NAMES {
        assert_eq!(asked_of_a_vm_called(name), plain, "{name}");
    }
}

/// Returns what is sent to resume a VM of that name, and under which keys.
fn sent_for(name: &str) -> Row {
    let mut row = relationship("8");
    row.properties.set("ElementName", text(name));
    let (_, requests) = resume(vec![Ok(Reply::Instance(row)), Ok(returns("0"))]);
    let Request::Invoke { path, arguments, .. } = &requests[1] else { panic!() };
    assert_eq!(path.key("Name"), Some(VM));
    cim::cimxml::read(&arguments[0].value.lexical().unwrap()).unwrap()
}

#[test]
fn a_name_is_read_from_the_embedded_instance_as_it_was_written() {
    for name in NAMES {
        let sent = sent_for(name);
        assert_eq!(sent.get_opt::<String>("ElementName").unwrap().unwrap_or_default(), name);
        assert_eq!(sent.get::<String>("InstanceID").unwrap(), format!("Microsoft:{VM}\\HVR\\0"));
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop_oneof![Just(VM.to_owned()), Just(format!("Microsoft:{VM}\\HVR\\0")), "[0-9]{1,6}", ".{0,40}"].prop_map(Value::Lexical),
        1 => Just(Value::Nil),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => any::<u16>().prop_map(Value::Uint16),
        1 => Just(Value::List(vec![Value::Nil, Value::Uint16(3)])),
    ]
}

const PROPERTIES: [&str; 13] = [
    "Name",
    "ElementName",
    "EnabledState",
    "ReplicationMode",
    "InstanceID",
    "ReplicationState",
    "State",
    "Version",
    "LocalDateTime",
    "LastReplicationTime",
    "VirtualSystemIdentifier",
    "ReplicationInterval",
    "PrimaryHostSystem",
];

proptest! {
    #[test]
    fn no_row_panics_and_no_object_is_lost(
        rows in proptest::collection::vec(proptest::collection::vec(any_value(), PROPERTIES.len()), 0..4),
        version in prop_oneof![Just("6.2.9200"), Just("6.3.9600"), Just("odd")],
    ) {
        let spoilt = |class: &str| -> Result<Vec<Row>, CallError> {
            let mut all = host_rows(class)?;
            if class == "Win32_OperatingSystem" {
                all[0].properties.set("Version", text(version));
                return Ok(all);
            }
            all.extend(rows.iter().map(|values| {
                PROPERTIES.iter().zip(values).fold(Row::new(""), |row, (name, value)| row.with(*name, value.clone()))
            }));
            Ok(all)
        };
        let (seen, asked) = look(spoilt);
        prop_assert!(asked.len() <= 8);
        let classes: std::collections::BTreeSet<_> = asked.iter().collect();
        prop_assert_eq!(classes.len(), asked.len(), "one query per class");
        let replication = seen.replication.seen().unwrap();
        if version != "6.2.9200" {
            prop_assert!(replication.replicated().any(|id| id == vm()), "the good row's object is there");
        }
        for id in replication.objects.keys() {
            prop_assert!(replication.vms.contains_key(&id.vm), "whatever may be acted on has its VM");
            prop_assert!(!replication.unreadable.contains_key(id));
        }
    }

    #[test]
    fn any_failure_of_any_class_ends_the_look(failing in 0_usize..7, kind in 0_usize..9) {
        let kinds = [ErrorKind::Unreachable, ErrorKind::Denied, ErrorKind::NotThere, ErrorKind::Busy, ErrorKind::TimedOut, ErrorKind::Refused, ErrorKind::Malformed, ErrorKind::TooLarge, ErrorKind::Unsupported];
        let at = std::cell::Cell::new(0);
        let (seen, asked) = look(|class| {
            at.set(at.get() + 1);
            if at.get() == failing + 1 { Err(super::fails(kinds[kind], cim::Reached::Yes)) } else { host_rows(class) }
        });
        // Without rights to read the name, the host has the name that Hyper-V shows.
        let replaced = failing == 0 && kinds[kind] == ErrorKind::Denied;
        prop_assert!(asked.len() <= 8 && (seen.problems().count() >= 1) != replaced);
    }
}

#[test]
fn an_object_at_state_0_is_kept_where_it_is_a_primarys_own_and_is_none_elsewhere() {
    for (mode, slot, kept) in [("1", "0", 1), ("0", "0", 0), ("2", "0", 0), ("1", "1", 0)] {
        let (seen, _) = look(|class| {
            let mut rows = host_rows(class)?;
            match class {
                OBJECTS => {
                    set("ReplicationState", text("0"))(&mut rows);
                    set("InstanceID", text(&format!("Microsoft:{VM}\\HVR\\{slot}")))(&mut rows);
                }
                VMS => set("ReplicationMode", text(mode))(&mut rows),
                _ => {}
            }
            Ok(rows)
        });
        assert_eq!(seen.replication.seen().unwrap().objects.len(), kept, "mode {mode} slot {slot}");
    }
}

/// As while replication is removed in the middle of a look: the VM's row still says that it is a primary.
#[test]
fn an_object_whose_vm_cannot_be_read_says_whether_it_is_at_state_0() {
    for (state, is_idle) in [("0", true), ("8", false)] {
        let (seen, _) = look(|class| {
            let mut rows = host_rows(class)?;
            match class {
                OBJECTS => set("ReplicationState", text(state))(&mut rows),
                VMS => set("EnabledState", text("unreadable"))(&mut rows),
                _ => {}
            }
            Ok(rows)
        });
        let unreadable = &seen.replication.seen().unwrap().unreadable;
        assert_eq!(unreadable.values().map(|object| object.is_idle).collect::<Vec<_>>(), [is_idle], "{state}");
    }
}
