//! What is installed and set up on a host besides its VMs.

use cim::{Argument, CallError, ObjectPath, Reply, Request, Row, Value, wql};

use crate::fault::RightsOn;
use crate::schema::{CIMV2, DEFAULT, TASK_SCHEDULER, VIRTUALIZATION};
use crate::{Action, Fault, FaultScope, Os, ReplicaServerSettings, Spec, World};

const HOST: &str = "hv01.lab.test";

fn rows(lab: &mut World, namespace: &str, class: &str) -> Vec<Row> {
    match lab.answer(0, &Request::Query { namespace: namespace.into(), select: wql::Select::all(class) }) {
        Ok(Reply::Rows(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

fn text(row: &Row, name: &str) -> String {
    row.get::<String>(name).unwrap()
}

fn certificates(lab: &mut World) -> Vec<String> {
    let path = ObjectPath::new(VIRTUALIZATION, "Msvm_ReplicationService");
    let request = Request::Invoke { path, method: "GetSystemCertificates".into(), arguments: Vec::new() };
    match lab.answer(0, &request) {
        Ok(Reply::Output(output)) => {
            assert_eq!((output.return_value(), output.parameters.contains("Job")), (Ok(Some(0)), false));
            output.get_opt("EncodedCertificates").unwrap().unwrap_or_default()
        }
        other => panic!("{other:?}"),
    }
}

fn server(settings: ReplicaServerSettings) -> Action {
    Action::ReplicaServer { host: HOST.to_owned(), settings }
}

#[test]
fn a_replica_server_is_set_up_and_shows_the_thumbprint_of_its_newest_certificate() {
    let mut lab = World::new(&Spec { vms: 1, ..Spec::default() }).unwrap();
    let class = "Msvm_ReplicationServiceSettingData";
    let shown = |lab: &mut World| rows(lab, VIRTUALIZATION, class).remove(0);
    assert_eq!((text(&shown(&mut lab), "CertificateThumbPrint").as_str(), certificates(&mut lab).len()), ("", 0));
    let settings = ReplicaServerSettings { authentication: Some(2), certificate_days: Some(90), ..Default::default() };
    lab.carry_out(&server(settings)).unwrap();
    let first = shown(&mut lab);
    assert_eq!(first.get::<u16>("AllowedAuthenticationType"), Ok(2));
    let thumbprint = text(&first, "CertificateThumbPrint");
    assert!(thumbprint.len() == 40 && thumbprint.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c)));
    lab.carry_out(&server(ReplicaServerSettings { certificate_days: Some(-1), ..Default::default() })).unwrap();
    assert_ne!(text(&shown(&mut lab), "CertificateThumbPrint"), thumbprint);
    assert_eq!(certificates(&mut lab).len(), 2);
    let off = ReplicaServerSettings {
        enabled: Some(false),
        authorizes: Some(false),
        listens: Some(false),
        ..ReplicaServerSettings::default()
    };
    lab.carry_out(&server(off)).unwrap();
    assert_eq!(shown(&mut lab).get::<bool>("RecoveryServerEnabled"), Ok(false));
    assert_eq!(rows(&mut lab, VIRTUALIZATION, "Msvm_ReplicationAuthorizationSettingData"), []);
    let service = rows(&mut lab, VIRTUALIZATION, "Msvm_ReplicationService").remove(0);
    assert_eq!(service.get::<Vec<u16>>("OperationalStatus"), Ok(vec![6]));
    let far = ReplicaServerSettings { certificate_days: Some(1_000_000), ..Default::default() };
    assert!(lab.carry_out(&server(far)).is_err());
}

#[test]
fn updates_bring_the_version_of_vmms_with_them() {
    let mut lab = World::new(&Spec { os: Os::Server2016, vms: 1, ..Spec::default() }).unwrap();
    let version = |lab: &mut World| text(&rows(lab, CIMV2, "CIM_DataFile")[0], "Version");
    assert_eq!(version(&mut lab), "10.0.14393.206");
    let updates = vec!["KB4088889".to_owned(), "KB4093137".to_owned()];
    lab.carry_out(&Action::Updates { host: HOST.to_owned(), updates, revision: Some(2_155) }).unwrap();
    assert_eq!(version(&mut lab), "10.0.14393.2155");
    let numbers: Vec<String> =
        rows(&mut lab, CIMV2, "Win32_QuickFixEngineering").iter().map(|row| text(row, "HotFixID")).collect();
    assert_eq!(numbers, ["KB4088889", "KB4093137"]);
}

#[test]
fn a_task_is_there_once_it_is_registered() {
    let mut lab = World::new(&Spec { vms: 1, ..Spec::default() }).unwrap();
    let ours = |lab: &mut World| {
        let rows = rows(lab, TASK_SCHEDULER, "MSFT_ScheduledTask");
        let state = |row: &Row| row.get::<u32>("State").unwrap();
        rows.iter().filter(|row| text(row, "TaskPath") == r"\Reprise\").map(state).collect::<Vec<_>>()
    };
    assert_eq!(ours(&mut lab), []);
    lab.carry_out(&Action::Task { host: HOST.to_owned(), state: Some(1) }).unwrap();
    assert_eq!(ours(&mut lab), [1]);
    lab.carry_out(&Action::Task { host: HOST.to_owned(), state: None }).unwrap();
    assert_eq!(ours(&mut lab), []);
}

/// What the registry's provider returns for a value, and the value.
fn registered(lab: &mut World, arguments: &[(&str, Value)]) -> Result<(u32, Option<String>), CallError> {
    let path = ObjectPath::new(DEFAULT, "StdRegProv");
    let arguments = arguments.iter().map(|(name, value)| Argument::new(*name, value.clone())).collect();
    match lab.answer(0, &Request::Invoke { path, method: "GetStringValue".into(), arguments })? {
        Reply::Output(output) => Ok((output.return_value().unwrap().unwrap(), output.get_opt("sValue").unwrap())),
        other @ (Reply::Instance(_) | Reply::Rows(_)) => panic!("{other:?}"),
    }
}

#[test]
fn a_text_that_is_set_in_the_registry_is_shown_whatever_the_case_and_nothing_else_is() {
    let mut lab = World::new(&Spec { vms: 1, ..Spec::default() }).unwrap();
    let of = |key: &str, name: &str| {
        [("sSubKeyName", Value::String(key.to_owned())), ("sValueName", Value::String(name.to_owned()))]
    };
    let key = r"SYSTEM\CurrentControlSet\Services\EventLog\System";
    assert_eq!(registered(&mut lab, &of(key, "CustomSD")), Ok((2, None)));
    let set = |data: Option<&str>| Action::Registry {
        host: HOST.to_owned(),
        key: key.to_owned(),
        name: "CustomSD".to_owned(),
        data: data.map(ToOwned::to_owned),
    };
    lab.carry_out(&set(Some("D:(A;;0x1;;;BA)"))).unwrap();
    let shown = Ok((0, Some("D:(A;;0x1;;;BA)".to_owned())));
    assert_eq!(registered(&mut lab, &of(&key.to_lowercase(), "customsd")), shown);
    let [key_argument, name_argument] = of(key, "CustomSD");
    let other_hive = [("hDefKey", Value::Uint32(0x8000_0001)), key_argument.clone(), name_argument];
    assert_eq!(registered(&mut lab, &other_hive), Ok((2, None)), "another hive");
    assert!(registered(&mut lab, &[key_argument]).is_err(), "a value has a name");
    lab.carry_out(&set(None)).unwrap();
    assert_eq!(registered(&mut lab, &of(key, "CustomSD")), Ok((2, None)));
    lab.add_fault(Fault::Rights(RightsOn::Registry), &FaultScope::default(), None).unwrap();
    assert_eq!(registered(&mut lab, &of(key, "CustomSD")).unwrap_err().kind, cim::ErrorKind::Denied);
}

#[test]
fn an_account_without_rights_on_one_class_sees_the_others() {
    let mut lab = World::new(&Spec { vms: 1, ..Spec::default() }).unwrap();
    let fault = Fault::DenyClass("Msvm_ReplicationRelationship");
    lab.add_fault(fault, &FaultScope::default(), None).unwrap();
    assert_eq!(rows(&mut lab, VIRTUALIZATION, "Msvm_ReplicationRelationship"), []);
    assert_eq!(rows(&mut lab, VIRTUALIZATION, "Msvm_ReplicationSettingData").len(), 1);
    lab.remove_faults("deny", None, &FaultScope::default()).unwrap();
    assert_eq!(rows(&mut lab, VIRTUALIZATION, "Msvm_ReplicationRelationship").len(), 1);
}
