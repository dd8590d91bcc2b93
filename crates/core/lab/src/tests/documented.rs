//! What the references document, asked for as clients ask: classes read whole, system properties, associations.

use std::collections::BTreeSet;

use cim::{DateTime, Key, Namespace, ObjectPath, Reply, Request, Row, Value, wql};

use crate::{Language, Os, Spec, World, schema};

const V2: &str = "root/virtualization/v2";
const CIMV2: &str = "root/cimv2";

fn lab(os: Os) -> World {
    World::new(&Spec { vms: 3, os, ..Spec::default() }).unwrap()
}

fn rows(world: &mut World, namespace: &str, query: &str) -> Vec<Row> {
    let request = match wql::Query::parse(query, &Namespace::new(namespace)).unwrap() {
        wql::Query::Select(select) => Request::Query { namespace: namespace.into(), select },
        wql::Query::Related(related) => Request::Related { related },
    };
    match world.answer(0, &request) {
        Ok(Reply::Rows(rows)) => rows,
        other @ (Ok(_) | Err(_)) => panic!("{query}: {other:?}"),
    }
}

fn text(row: &Row, property: &str) -> String {
    row.get_opt::<String>(property).unwrap().unwrap_or_default()
}

/// How many properties the classes have: the references' pages, less what they say is not supported, and recordings of
/// Server 2012 (64, 53 and five NULL arrays, 25).
#[test]
fn a_lab_that_is_larger_than_any_computer_is_refused() {
    for spec in [Spec { vms: 99_999_999_999, ..Spec::default() }, Spec { hosts: 99_999, ..Spec::default() }] {
        let error = World::new(&spec).expect_err("it is refused").to_string();
        assert!(error.contains("at most 10000 hosts and 1000000 VMs"), "{error}");
    }
}

#[test]
fn classes_can_be_read_whole() {
    for (os, class, count) in [
        (Os::Server2012, "Win32_OperatingSystem", 64),
        (Os::Server2022, "Win32_OperatingSystem", 64),
        (Os::Server2012, "Win32_ComputerSystem", 59),
        (Os::Server2022, "Win32_ComputerSystem", 64),
        (Os::Server2012, "Win32_Service", 25),
        (Os::Server2022, "Win32_Service", 26),
    ] {
        let row = rows(&mut lab(os), CIMV2, &format!("SELECT * FROM {class}")).remove(0);
        assert_eq!(row.properties.len(), count, "{class} on {os:?}");
    }
    for (class, count) in [
        ("Msvm_ReplicationSettingData", 42),
        ("Msvm_ReplicationProvider", 14),
        ("Msvm_ComputerSystem", 46),
        ("Msvm_ReplicationRelationship", 21),
    ] {
        let row = rows(&mut lab(Os::Server2019), V2, &format!("SELECT * FROM {class}")).remove(0);
        assert_eq!(row.properties.len(), count, "{class}");
    }
}

/// Recordings of Server 2003, 2008 and 2012: of a NULL array there is no element, of any other NULL there is one.
#[test]
fn a_null_array_is_not_there_and_any_other_null_is() {
    let computer = rows(&mut lab(Os::Server2012), CIMV2, "SELECT * FROM Win32_ComputerSystem").remove(0);
    assert_eq!(computer.properties.value("PowerManagementCapabilities"), &Value::List(Vec::new()));
    assert!(computer.properties.contains("LastLoadInfo") && computer.properties.value("LastLoadInfo").is_nil());
}

#[test]
fn the_hosts_own_row_is_left_out_by_its_name() {
    let mut lab = lab(Os::Server2012R2);
    let names = |rows: Vec<Row>| rows.iter().map(|row| text(row, "Name")).collect::<BTreeSet<_>>();
    let all = names(rows(&mut lab, V2, "SELECT * FROM Msvm_ComputerSystem"));
    assert!(all.contains("HV01") && all.len() == 4);
    let vms = all.iter().filter(|name| *name != "HV01").cloned().collect::<BTreeSet<_>>();
    for condition in
        ["Name <> __SERVER", "Name != __SERVER", "NOT Name = __SERVER", "__SERVER <> Name", "'HV01' <> Name"]
    {
        let found = rows(&mut lab, V2, &format!("SELECT * FROM Msvm_ComputerSystem WHERE {condition}"));
        assert!(found.iter().all(|row| !row.properties.contains("__SERVER")), "SELECT * shows no system properties");
        assert_eq!(names(found), vms, "{condition}");
    }
}

#[test]
fn system_properties_say_what_wmi_says() {
    let mut lab = lab(Os::Server2012R2);
    let query = "SELECT Name, __PATH, __RELPATH, __NAMESPACE, __SERVER, __CLASS, __SUPERCLASS, __DYNASTY, __DERIVATION, \
                 __GENUS, __PROPERTY_COUNT FROM Win32_Service WHERE __RELPATH = 'Win32_Service.Name=\"vmms\"'";
    let found = rows(&mut lab, CIMV2, query);
    assert_eq!(found.len(), 1);
    let says = |name: &str| text(&found[0], name);
    assert_eq!(says("__PATH"), r#"\\HV01\root\cimv2:Win32_Service.Name="vmms""#);
    assert_eq!((says("__SERVER"), says("__NAMESPACE")), ("HV01".to_owned(), r"root\cimv2".to_owned()));
    assert_eq!((says("__CLASS"), says("__SUPERCLASS")), ("Win32_Service".to_owned(), "Win32_BaseService".to_owned()));
    assert_eq!(says("__DYNASTY"), "CIM_ManagedSystemElement");
    let derivation = found[0].get::<Vec<String>>("__DERIVATION").unwrap();
    assert_eq!(derivation, ["Win32_BaseService", "CIM_Service", "CIM_LogicalElement", "CIM_ManagedSystemElement"]);
    let numbers = ["__GENUS", "__PROPERTY_COUNT"].map(|name| found[0].get::<i32>(name).unwrap());
    assert_eq!(numbers, [2, 25]);
    // Keys are in alphabetical order, and backslashes are doubled.
    let vm = rows(&mut lab, V2, "SELECT __RELPATH, Name FROM Msvm_ComputerSystem WHERE Name <> __SERVER").remove(0);
    let id = text(&vm, "Name");
    let path = format!(r#"Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name="{id}""#);
    assert_eq!(text(&vm, "__RELPATH"), path);
    let leg = rows(&mut lab, V2, "SELECT __RELPATH FROM Msvm_ReplicationRelationship WHERE __RELPATH LIKE '%HVR%0%'");
    assert!(text(&leg[0], "__RELPATH").ends_with(r#"\\HVR\\0""#) && leg.len() >= 2);
}

#[test]
fn every_class_says_what_it_is_derived_from() {
    for class in crate::schema::classes() {
        let derivation = class.derivation();
        let unknown = class.is_association() || ["MSFT_ScheduledTask", "StdRegProv"].contains(&class.name);
        assert!(unknown || !derivation.is_empty(), "{}", class.name);
        assert!(
            derivation.iter().all(|parent| crate::schema::class(class.namespace, parent).is_none()),
            "{}",
            class.name
        );
    }
}

#[test]
fn the_settings_of_a_replication_lead_to_it_alone_and_back() {
    let mut lab = lab(Os::Server2022);
    let relationships = rows(&mut lab, V2, "SELECT InstanceID FROM Msvm_ReplicationRelationship");
    assert!(relationships.len() > 2, "a replica VM has two");
    for relationship in relationships {
        let id = text(&relationship, "InstanceID");
        for (from, to) in [
            ("Msvm_ReplicationSettingData", "Msvm_ReplicationRelationship"),
            ("Msvm_ReplicationRelationship", "Msvm_ReplicationSettingData"),
        ] {
            let object = ObjectPath::new(V2, from).with("InstanceID", id.as_str());
            let walk = format!("ASSOCIATORS OF {{{object}}} WHERE AssocClass = Msvm_SettingsDefineState");
            let found = rows(&mut lab, V2, &walk);
            assert_eq!(
                found.iter().map(|row| (row.class.as_str(), text(row, "InstanceID"))).collect::<Vec<_>>(),
                [(to, id.clone())]
            );
        }
    }
    let pairs = rows(&mut lab, V2, "SELECT * FROM Msvm_SettingsDefineState");
    let ends = |row: &Row, end: &str| match &row.path.as_ref().unwrap().keys[&end.into()] {
        Key::Path(path) => path.class.as_str().to_owned(),
        Key::Text(text) => panic!("{text}"),
    };
    let replication = pairs.iter().filter(|row| ends(row, "ManagedElement") == "Msvm_ReplicationRelationship");
    assert!(
        replication.clone().count() > 2
            && replication.clone().all(|row| ends(row, "SettingData") == "Msvm_ReplicationSettingData")
    );
    // Server 2012 has no relationship class, and so nothing of it.
    let older = rows(&mut super::documented::lab(Os::Server2012), V2, "SELECT * FROM Msvm_SettingsDefineState");
    assert!(older.iter().all(|row| ends(row, "ManagedElement") == "Msvm_ComputerSystem"));
}

#[test]
fn every_vm_that_runs_has_a_process_of_its_own() {
    let mut lab = World::new(&Spec { vms: 8, ..Spec::default() }).unwrap();
    let running =
        rows(&mut lab, V2, "SELECT ProcessID FROM Msvm_ComputerSystem WHERE EnabledState = 2 AND Name <> __SERVER");
    let processes: BTreeSet<u32> = running.iter().map(|row| row.get("ProcessID").unwrap()).collect();
    assert_eq!((running.len(), processes.len()), (4, 4));
}

/// Recorded of Windows 11 (r4sd/go-wsman, `hyperv/testdata/recorded_computersystem_pull_*.xml`).
#[test]
fn a_vm_and_its_host_describe_themselves_as_recorded() {
    let mut lab = lab(Os::Server2022);
    let all = rows(&mut lab, V2, "SELECT * FROM Msvm_ComputerSystem");
    for row in &all {
        let host = text(row, "Name") == "HV01";
        let running = row.get::<u16>("EnabledState").unwrap() == 2;
        let expected = [if running { 2 } else { 3 }, if host { 12 } else { 5 }, 1, 1];
        let found = ["EnabledDefault", "RequestedState", "ResetCapability", "NumberOfNumaNodes"];
        assert_eq!(found.map(|name| row.get::<u16>(name).unwrap()), expected, "{row:?}");
        assert_eq!(row.get_opt::<u32>("ProcessID").unwrap().is_some(), running && !host);
        assert_eq!(
            row.get::<Vec<String>>("StatusDescriptions").unwrap(),
            [if host { "OK" } else { "Operating normally" }]
        );
        for array in
            ["AvailableRequestedStates", "Dedicated", "IdentifyingDescriptions", "OtherIdentifyingInfo", "Roles"]
        {
            assert_eq!(row.properties.value(array), &Value::List(Vec::new()), "a NULL array has no element");
        }
    }
    let vm = all.iter().find(|row| text(row, "Name") != "HV01").unwrap();
    assert_eq!(
        (text(vm, "Caption"), text(vm, "Description")),
        ("Virtual Machine".into(), "Microsoft Virtual Machine".into())
    );
}

#[test]
fn every_row_of_every_class_is_found_by_its_path() {
    let mut lab = World::new(&Spec { hosts: 3, vms: 3, extended: 1, ..Spec::default() }).unwrap();
    let mut found = 0;
    for class in schema::classes() {
        let request = Request::Query { namespace: class.namespace.into(), select: wql::Select::all(class.name) };
        let Ok(Reply::Rows(rows)) = lab.answer(1, &request) else { continue };
        for row in rows {
            let Some(path) = row.path.clone() else { continue };
            assert_eq!(lab.answer(1, &Request::Get { path }).as_ref(), Ok(&Reply::Instance(row)), "{}", class.name);
            found += 1;
        }
    }
    assert!(found >= 50, "{found} rows");
}

#[test]
fn a_get_without_all_keys_finds_nothing() {
    let mut lab = lab(Os::Server2022);
    let path = ObjectPath::new(V2, "Msvm_ComputerSystem").with("Name", "HV01");
    let error = lab.answer(0, &Request::Get { path }).unwrap_err();
    assert_eq!((error.kind, error.status), (cim::ErrorKind::NotThere, Some(2_150_858_752)));
}

/// Recorded of a Japanese host: `xml:lang`, Caption and descriptions of states are Japanese, a VM's Description is not.
#[test]
fn a_localized_host_translates_its_texts_and_nothing_that_a_client_decides_by() {
    let spec = |language| Spec { vms: 3, os: Os::Server2022, language, ..Spec::default() };
    let [mut english, mut japanese] = [Language::English, Language::Japanese].map(|l| World::new(&spec(l)).unwrap());
    assert_eq!((english.language(), japanese.language()), ("en-US", "ja-JP"));
    let translated = [
        "Caption",
        "Description",
        "DisplayName",
        "JobStatus",
        "StatusDescriptions",
        "ErrorDescription",
        "ErrorSummaryDescription",
    ];
    for class in crate::schema::classes() {
        let all = format!("SELECT * FROM {}", class.name);
        let [one, other] = [&mut english, &mut japanese].map(|lab| rows(lab, class.namespace, &all));
        assert_eq!(one.len(), other.len());
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one.path, other.path, "{}", class.name);
            for (name, value) in one.properties.iter().filter(|(name, _)| !translated.iter().any(|own| *name == own)) {
                let other = other.properties.value(name.clone());
                match (value, other) {
                    (Value::DateTime(DateTime::Timestamp(one)), Value::DateTime(DateTime::Timestamp(other))) => {
                        assert_eq!(one.unix_us(), other.unix_us(), "{}.{name}", class.name);
                    }
                    (one, other) => assert!(one == other || *name == "CurrentTimeZone", "{}.{name}", class.name),
                }
            }
        }
    }
    let vm = rows(&mut japanese, V2, "SELECT * FROM Msvm_ComputerSystem WHERE Name <> __SERVER").remove(0);
    assert_eq!(
        (text(&vm, "Caption"), text(&vm, "Description")),
        ("仮想マシン".into(), "Microsoft Virtual Machine".into())
    );
    assert_eq!(vm.get::<Vec<String>>("StatusDescriptions").unwrap(), ["正常稼働中"]);
    assert_eq!(text(&vm, "Status"), "OK");
    let host = rows(&mut japanese, V2, "SELECT * FROM Msvm_ComputerSystem WHERE Name = __SERVER").remove(0);
    let words = ["Caption", "Description"].map(|name| text(&host, name));
    assert_eq!(words, ["ホスト コンピューター システム", "Microsoft ホスト コンピューター システム"]);
    assert_eq!(host.get::<Vec<String>>("StatusDescriptions").unwrap(), ["OK"]);
    let system = rows(&mut japanese, "root/cimv2", "SELECT * FROM Win32_OperatingSystem").remove(0);
    assert_eq!(system.get::<i16>("CurrentTimeZone").unwrap(), 540);
    let booted = system.get::<DateTime>("LastBootUpTime").unwrap().to_xs();
    assert!(booted.ends_with("+09:00"), "{booted}");
}
