//! What a general client asks: which settings, jobs and replication belong to which VM, and how the VMs are at a glance.

use cim::wql::{Related, Select, Sought};
use cim::{Argument, CallError, ErrorKind, FromValue, Key, ObjectPath, Reply, Request, Row, Value};

use crate::{Spec, World};

const V2: &str = "root/virtualization/v2";

fn lab() -> World {
    World::new(&Spec { vms: 3, ..Spec::default() }).unwrap()
}

fn id(world: &World, vm: usize) -> String {
    world.view().vms[vm].vm_id.to_string().to_uppercase()
}

fn vm_path(id: &str) -> ObjectPath {
    ObjectPath::new(V2, "Msvm_ComputerSystem").with("CreationClassName", "Msvm_ComputerSystem").with("Name", id)
}

fn rows(world: &mut World, request: &Request) -> Vec<Row> {
    match world.answer(0, request) {
        Ok(Reply::Rows(rows)) => rows,
        other => panic!("{request:?}: {other:?}"),
    }
}

fn all(world: &mut World, class: &str) -> Vec<Row> {
    rows(world, &Request::Query { namespace: V2.into(), select: Select::all(class) })
}

fn related(world: &mut World, related: Related) -> Vec<Row> {
    rows(world, &Request::Related { related })
}

fn refusal(world: &mut World, related: Related) -> CallError {
    world.answer(0, &Request::Related { related }).unwrap_err()
}

fn key(row: &Row, name: &str) -> String {
    String::from_value(row.properties.value(name)).unwrap()
}

#[test]
fn a_vm_leads_to_its_settings_its_replication_and_nobody_elses() {
    let mut lab = lab();
    let id = id(&lab, 0);
    for (association, class, keys) in [
        ("Msvm_SystemReplicationRelationship", "Msvm_ReplicationRelationship", vec![format!(r"Microsoft:{id}\HVR\0")]),
        ("Msvm_ElementSettingData", "Msvm_ReplicationSettingData", vec![format!(r"Microsoft:{id}\HVR\0")]),
        ("Msvm_SettingsDefineState", "Msvm_VirtualSystemSettingData", vec![format!("Microsoft:{id}")]),
    ] {
        // Any spelling of names and GUIDs is right.
        let object = vm_path(&id.to_lowercase());
        let walk = Related::instances_of(object, class.to_uppercase()).over(association.to_lowercase());
        let found = related(&mut lab, walk);
        assert_eq!(found.iter().map(|row| key(row, "InstanceID")).collect::<Vec<_>>(), keys, "{association}");
        assert!(found.iter().all(|row| row.class == class && !row.properties.contains("__SERVER")));
    }
    let everything = related(&mut lab, Related::instances(vm_path(&id)));
    assert_eq!(everything.len(), 3, "its replication object and two kinds of settings");
}

#[test]
fn a_replica_vm_has_both_its_replication_objects() {
    let mut lab = lab();
    let replica = id(&lab, 1);
    let walk = Related::instances(vm_path(&replica)).over("Msvm_SystemReplicationRelationship");
    assert_eq!(related(&mut lab, walk).len(), 2);
}

#[test]
fn settings_lead_to_processors_and_memory_and_back_to_the_vm() {
    let mut lab = lab();
    let id = id(&lab, 0);
    let settings = ObjectPath::new(V2, "Msvm_VirtualSystemSettingData").with("InstanceID", format!("Microsoft:{id}"));
    let parts = related(&mut lab, Related::instances(settings.clone()).over("Msvm_VirtualSystemSettingDataComponent"));
    let classes: Vec<&str> = parts.iter().map(|row| row.class.as_str()).collect();
    assert_eq!(classes, ["Msvm_ProcessorSettingData", "Msvm_MemorySettingData"]);
    assert!(parts.iter().all(|row| key(row, "InstanceID").starts_with(&format!("Microsoft:{id}\\"))));
    let back = related(&mut lab, Related::instances_of(settings, "Msvm_ComputerSystem"));
    assert_eq!(back.iter().map(|row| key(row, "Name")).collect::<Vec<_>>(), [id]);
}

#[test]
fn roles_say_at_which_end_the_object_is() {
    let mut lab = lab();
    let id = id(&lab, 0);
    let walk = |role: Option<&str>, result_role: Option<&str>| Related {
        role: role.map(Into::into),
        sought: Sought::Instances { class: None, role: result_role.map(Into::into) },
        ..Related::instances(vm_path(&id)).over("Msvm_SettingsDefineState")
    };
    assert_eq!(related(&mut lab, walk(Some("ManagedElement"), Some("SettingData"))).len(), 1);
    assert_eq!(related(&mut lab, walk(Some("SettingData"), None)), []);
    assert_eq!(related(&mut lab, walk(None, Some("ManagedElement"))), []);
}

#[test]
fn a_job_and_its_vm_are_related_while_the_job_is_there() {
    let mut lab = lab();
    let id = id(&lab, 0);
    let pause = Request::Invoke {
        path: vm_path(&id),
        method: "RequestReplicationStateChange".into(),
        arguments: vec![Argument::new("RequestedState", Value::Uint16(7))],
    };
    let Ok(Reply::Output(output)) = lab.answer(0, &pause) else { panic!("refused") };
    let Value::Reference(job) = output.parameters.value("Job").clone() else { panic!("no job") };
    let vms = related(&mut lab, Related::instances(*job).over("Msvm_AffectedJobElement"));
    assert_eq!(vms.iter().map(|row| key(row, "Name")).collect::<Vec<_>>(), [id.as_str()]);
    let associations = related(&mut lab, Related::associations(vm_path(&id)).over("Msvm_AffectedJobElement"));
    assert_eq!(associations.len(), 1);
    assert_eq!(associations[0].properties.value("AffectedElement"), &Value::Reference(Box::new(vm_path(&id))));
    lab.advance(std::time::Duration::from_mins(10));
    assert_eq!(related(&mut lab, Related::associations(vm_path(&id)).over("Msvm_AffectedJobElement")), []);
}

#[test]
fn an_association_can_be_enumerated_and_fetched_by_its_references() {
    let mut lab = lab();
    let found = all(&mut lab, "Msvm_SettingsDefineState");
    let vms = all(&mut lab, "Msvm_VirtualSystemSettingData").len();
    let replications = all(&mut lab, "Msvm_ReplicationRelationship").len();
    assert_eq!(found.len(), vms + replications);
    let own = Related::associations(vm_path(&id(&lab, 0))).over("Msvm_SettingsDefineState");
    assert_eq!(related(&mut lab, own).len(), 1, "of all of them one is this VM's");
    let path = found[0].path.clone().unwrap();
    assert!(path.keys.values().all(|key| matches!(key, Key::Path(_))));
    assert_eq!(lab.answer(0, &Request::Get { path }).unwrap(), Reply::Instance(found[0].clone()));
}

#[test]
fn names_that_do_not_exist_are_told_so() {
    let mut lab = lab();
    let vm = vm_path(&id(&lab, 0));
    for name in ["Msvm_ReplicationSettingDataAssociation", "Msvm_ReplicationSettingDefineState"] {
        for walk in [
            Related::instances(vm.clone()).over(name),
            Related::associations(vm.clone()).over(name),
            Related::instances_of(vm.clone(), name),
        ] {
            let error = refusal(&mut lab, walk);
            assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(2_150_858_778)));
        }
        let query = Request::Query { namespace: V2.into(), select: Select::all(name) };
        assert_eq!(lab.answer(0, &query).unwrap_err().status, Some(2_150_858_778));
    }
    let no_association = refusal(&mut lab, Related::instances(vm).over("Msvm_ReplicationSettingData"));
    assert_eq!(no_association.status, Some(2_150_858_778));
    let nobody = refusal(&mut lab, Related::instances(vm_path("00000000-0000-0000-0000-000000000000")));
    assert_eq!((nobody.kind, nobody.status), (ErrorKind::NotThere, Some(0x8004_1002)));
}

fn request(world: &mut World, path: ObjectPath, method: &str, arguments: Vec<Argument>) -> u32 {
    let invoke = Request::Invoke { path, method: method.into(), arguments };
    let Ok(Reply::Output(output)) = world.answer(0, &invoke) else { panic!("refused") };
    output.return_value().unwrap().unwrap()
}

fn to(state: u16) -> Vec<Argument> {
    vec![Argument::new("RequestedState", Value::Uint16(state))]
}

/// Embedded instances are CIM-XML as text (WMI reference, `RequestReplicationStateChangeEx`): clients have tried other
/// forms, and hosts did not take them.
#[test]
fn an_embedded_instance_is_taken_as_cim_xml_and_in_no_other_form() {
    let mut lab = lab();
    let (own, other) = (id(&lab, 0), id(&lab, 1));
    let instance =
        |class: &str, id: &str| Row::new(class).with("InstanceID", Value::String(format!(r"Microsoft:{id}\HVR\0")));
    let cim_xml = |class: &str, id: &str| cim::cimxml::write(&instance(class, id)).unwrap();
    let class = "Msvm_ReplicationRelationship";
    let ws_cim =
        format!(r#"<p:{class} xmlns:p="urn:x"><p:InstanceID>Microsoft:{own}\HVR\0</p:InstanceID></p:{class}>"#);
    for (code, relationship) in [
        (32_773, Value::String(ws_cim)),
        (32_773, Value::String(cim_xml("Msvm_ReplicationSettingData", &own))),
        (32_773, Value::String(cim_xml(class, &other))),
        (32_773, Value::String(format!(r"Microsoft:{own}\HVR\0"))),
        (4_096, Value::String(cim_xml(class, &own.to_lowercase()))),
    ] {
        let arguments = [to(7), vec![Argument::new("ReplicationRelationship", relationship.clone())]].concat();
        let found = request(&mut lab, vm_path(&own), "RequestReplicationStateChangeEx", arguments);
        assert_eq!(found, code, "{relationship:?}");
    }
}

/// What the VM's row says of its state, its uptime and its process.
fn power(world: &mut World, path: &ObjectPath) -> (u16, u64, bool) {
    let Ok(Reply::Instance(row)) = world.answer(0, &Request::Get { path: path.clone() }) else { panic!("no row") };
    let process = row.get_opt::<u32>("ProcessID").unwrap();
    (
        row.get("EnabledState").unwrap(),
        row.get_opt("OnTimeInMilliseconds").unwrap().unwrap_or_default(),
        process.is_some(),
    )
}

#[test]
fn a_vms_state_follows_each_valid_request() {
    let mut lab = lab();
    let vm = vm_path(&id(&lab, 0));
    for (second, (request_for, code, state, uptime)) in (1..).zip([
        (9, 0, 9, 1_000),
        (9, 32_775, 9, 2_000),
        (2, 0, 2, 3_000),
        (6, 0, 6, 0),
        (2, 0, 2, 0),
        (11, 0, 2, 0),
        (77, 32_775, 2, 1_000),
        (2, 32_775, 2, 2_000),
        (3, 0, 3, 0),
        (3, 32_775, 3, 0),
        (10, 0, 2, 0),
        (4, 0, 3, 0),
    ]) {
        lab.advance(std::time::Duration::from_secs(second));
        assert_eq!(request(&mut lab, vm.clone(), "requeststatechange", to(request_for)), code, "{request_for}");
        assert_eq!(power(&mut lab, &vm), (state, uptime, matches!(state, 2 | 9)), "after {request_for}");
    }
    let settings = related(&mut lab, Related::instances_of(vm.clone(), "Msvm_VirtualSystemSettingData"));
    assert_eq!(settings[0].properties.value("IsSaved"), &Value::Boolean(false));
}

#[test]
fn a_vm_that_stands_still_changes_nothing_on_its_disks() {
    let mut lab = lab();
    let vm = vm_path(&id(&lab, 0));
    assert_eq!(request(&mut lab, vm.clone(), "RequestReplicationStateChange", to(7)), 4_096);
    lab.advance(std::time::Duration::from_secs(10));
    assert_eq!(request(&mut lab, vm.clone(), "RequestStateChange", to(32_769)), 0);
    assert_eq!(power(&mut lab, &vm).0, 6);
    let log = |lab: &World| lab.view().vms[0].legs[0].log_bytes;
    let before = log(&lab);
    lab.advance(std::time::Duration::from_mins(10));
    assert_eq!(log(&lab), before);
    assert_eq!(request(&mut lab, vm, "RequestStateChange", to(2)), 0);
    lab.advance(std::time::Duration::from_mins(20));
    assert!(log(&lab) > before);
}

#[test]
fn the_hosts_own_row_refuses_what_is_for_vms() {
    let mut lab = lab();
    for method in ["RequestStateChange", "RequestReplicationStateChange", "RequestReplicationStateChangeEx"] {
        assert_eq!(request(&mut lab, vm_path("hv01"), method, to(3)), 32_770, "{method}");
    }
    assert_eq!(power(&mut lab, &vm_path("HV01")).0, 2);
}

fn summary(world: &mut World, arguments: Vec<Argument>) -> (u32, Vec<Row>) {
    let path = all(world, "Msvm_VirtualSystemManagementService")[0].path.clone().unwrap();
    let request = Request::Invoke { path, method: "GetSummaryInformation".into(), arguments };
    let Ok(Reply::Output(output)) = world.answer(0, &request) else { panic!("refused") };
    let summaries = output.parameters.value("SummaryInformation").clone();
    let objects = if let Value::List(objects) = summaries { objects } else { Vec::new() };
    let rows = objects.into_iter().map(|object| {
        let Value::Object(row) = object else { panic!("{object:?}") };
        *row
    });
    (output.return_value().unwrap().unwrap(), rows.collect())
}

fn numbers(list: &[u32]) -> Argument {
    Argument::new("RequestedInformation", Value::List(list.iter().copied().map(Value::Uint32).collect()))
}

#[test]
fn one_call_tells_of_all_vms_what_is_asked_for_and_no_more() {
    let mut lab = lab();
    let (code, entries) = summary(&mut lab, vec![numbers(&[1, 4, 100, 103, 105, 114, 115, 116, 118, 119, 122])]);
    assert_eq!((code, entries.len()), (0, 3));
    for entry in &entries {
        assert_eq!(entry.properties.len(), 36, "every property of 2012 R2 is there");
        assert_eq!(entry.get::<u16>("EnabledState").unwrap() == 2, entry.get::<u16>("ReplicationMode").unwrap() == 1);
        assert_eq!(entry.get::<u16>("ReplicationState").unwrap(), 3);
        assert_eq!(entry.get::<Vec<u16>>("ReplicationStateEx").unwrap()[0], 3);
        assert_eq!(
            entry.get::<Vec<String>>("ReplicationProviderId").unwrap(),
            ["22391CDC-272C-4DDF-BA88-9BEFB1A0975C"]
        );
        assert!(entry.properties.value("Notes").is_nil() && entry.properties.value("CreationTime").is_nil());
        assert!(!entry.get::<String>("Name").unwrap().is_empty(), "the name is there unasked");
    }
    let replica = entries.iter().find(|entry| entry.get::<u16>("ReplicationMode").unwrap() == 2).unwrap();
    assert_eq!(replica.get::<Vec<u16>>("ReplicationStateEx").unwrap(), [3], "it has no extended leg");
}

#[test]
fn a_summary_of_named_vms_keeps_their_order_and_shows_who_is_missing() {
    let mut lab = lab();
    let (first, second) = (id(&lab, 0), id(&lab, 1));
    let settings = |id: &str| {
        let path = ObjectPath::new(V2, "Msvm_VirtualSystemSettingData").with("InstanceID", format!("Microsoft:{id}"));
        Value::Reference(Box::new(path))
    };
    let named = Value::List(vec![settings(&second.to_lowercase()), settings("00"), settings(&first)]);
    let (code, entries) = summary(&mut lab, vec![Argument::new("SettingData", named), numbers(&[1])]);
    assert_eq!(code, 0);
    assert_eq!(entries.iter().map(|entry| key(entry, "Name")).collect::<Vec<_>>(), [second, String::new(), first]);
    assert_eq!(summary(&mut lab, vec![numbers(&[1, 99])]).0, 32_773, "99 asks for nothing");
}
