//! What a host refuses: properties that its Windows does not have, and parameters that its methods do not take.

use cim::{Argument, CallError, ErrorKind, Namespace, ObjectPath, Reply, Request, Row, Value, wql};

use crate::{Os, Spec, World};

const V2: &str = "root/virtualization/v2";
const CIMV2: &str = "root/cimv2";
/// `WBEM_E_INVALID_QUERY`
const INVALID_QUERY: u32 = 0x8004_1017;
const EVERY: [Os; 5] = [Os::Server2012, Os::Server2012R2, Os::Server2016, Os::Server2019, Os::Server2022];

fn lab(os: Os) -> World {
    World::new(&Spec { vms: 3, os, ..Spec::default() }).unwrap()
}

fn ask(world: &mut World, namespace: &str, query: &str) -> Result<Vec<Row>, CallError> {
    let request = match wql::Query::parse(query, &Namespace::new(namespace)).unwrap() {
        wql::Query::Select(select) => Request::Query { namespace: namespace.into(), select },
        wql::Query::Related(related) => Request::Related { related },
    };
    match world.answer(0, &request)? {
        Reply::Rows(rows) => Ok(rows),
        other @ (Reply::Instance(_) | Reply::Output(_)) => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(world: &mut World, namespace: &str, query: &str) {
    let error = ask(world, namespace, query).expect_err(query);
    assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(INVALID_QUERY)), "{query}");
}

#[test]
fn a_query_for_a_property_that_its_class_does_not_have_fails_as_a_whole() {
    let mut lab = lab(Os::Server2022);
    for query in [
        "SELECT Nope FROM Msvm_ComputerSystem",
        "SELECT Name, Nope FROM Msvm_ComputerSystem",
        "SELECT Name FROM Msvm_ComputerSystem WHERE ReplicationMode = 1 AND NoSuchProp = 3",
        "SELECT * FROM Msvm_ComputerSystem WHERE NOT (Name = 'x' OR Nope IS NULL)",
        "SELECT * FROM Msvm_ComputerSystem WHERE Nope LIKE '%'",
        "SELECT * FROM Msvm_ComputerSystem WHERE Name = Nope",
        "SELECT * FROM Msvm_ComputerSystem WHERE 3 > Nope",
        "SELECT __NOPE FROM Msvm_ComputerSystem",
        // A class of another kind has it, and so has one of another name.
        "SELECT RecoveryHostSystem FROM Msvm_ReplicationRelationship",
        "SELECT ReplicationMode FROM Msvm_ReplicationRelationship",
    ] {
        refused(&mut lab, V2, query);
    }
    refused(&mut lab, CIMV2, "SELECT Version, Uptime FROM Win32_OperatingSystem");
    let right = "SELECT name, ELEMENTNAME FROM msvm_computersystem WHERE enabledstate <> 3 AND __CLASS LIKE 'msvm%'";
    assert_eq!(ask(&mut lab, V2, right).unwrap().len(), 3, "names compare without case");
}

/// Hyper-V WMI reference and the reference of the Win32 provider: what each page says of the first Windows that has a property.
#[test]
fn each_windows_has_the_properties_that_it_brought_and_none_of_later_ones() {
    for (namespace, class, property, first) in [
        (V2, "Msvm_ReplicationSettingData", "ReplicationInterval", Os::Server2012R2),
        (V2, "Msvm_ReplicationSettingData", "ReplicationProvider", Os::Server2012R2),
        (V2, "Msvm_ReplicationSettingData", "AdditionalSettings", Os::Server2012R2),
        (V2, "Msvm_ReplicationSettingData", "RecoveryHistory", Os::Server2012),
        (V2, "Msvm_ComputerSystem", "EnhancedSessionModeState", Os::Server2012R2),
        (V2, "Msvm_ComputerSystem", "HwThreadsPerCoreRealized", Os::Server2019),
        (V2, "Msvm_ComputerSystem", "ReplicationState", Os::Server2012),
        (V2, "Msvm_SummaryInformation", "ReplicationStateEx", Os::Server2012R2),
        (V2, "Msvm_SummaryInformation", "Shielded", Os::Server2016),
        (V2, "Msvm_VirtualSystemSettingData", "SecureBootEnabled", Os::Server2012R2),
        (V2, "Msvm_VirtualSystemSettingData", "UserSnapshotType", Os::Server2016),
        (V2, "Msvm_VirtualSystemSettingData", "AutomaticSnapshotsEnabled", Os::Server2019),
        (V2, "Msvm_MemorySettingData", "SgxEnabled", Os::Server2019),
        (CIMV2, "Win32_ComputerSystem", "PCSystemTypeEx", Os::Server2012R2),
        (CIMV2, "Win32_ComputerSystem", "SystemFamily", Os::Server2016),
        (CIMV2, "Win32_Service", "DelayedAutoStart", Os::Server2016),
        (CIMV2, "Win32_Processor", "ThreadCount", Os::Server2016),
    ] {
        let versions = EVERY.iter().map(|os| (os, lab(*os)));
        let mut before = true;
        for (os, mut lab) in versions {
            before = before && *os != first;
            let (named, all) = (format!("SELECT {property} FROM {class}"), format!("SELECT * FROM {class}"));
            let has = |row: &Row| row.properties.contains(property);
            let rows = ask(&mut lab, namespace, &all).unwrap();
            if before {
                refused(&mut lab, namespace, &named);
                assert!(!rows.is_empty() && !rows.iter().any(has), "{class}.{property} on {os:?}");
                let path = rows[0].path.clone().unwrap();
                let Ok(Reply::Instance(row)) = lab.answer(0, &Request::Get { path }) else { panic!() };
                assert!(!has(&row));
            } else {
                assert!(ask(&mut lab, namespace, &named).is_ok(), "{class}.{property} on {os:?}");
                assert!(!rows.is_empty() && rows.iter().all(has), "{class}.{property} on {os:?}");
            }
        }
    }
    // One came and went.
    let found =
        EVERY.map(|os| ask(&mut lab(os), V2, "SELECT ParentPackage FROM Msvm_VirtualSystemSettingData").is_ok());
    assert_eq!(found, [false, false, true, false, false]);
}

#[test]
fn a_walk_from_what_is_no_key_fails_as_a_query() {
    let mut lab = lab(Os::Server2022);
    refused(&mut lab, V2, "ASSOCIATORS OF {Msvm_ComputerSystem.Nope='x',CreationClassName='Msvm_ComputerSystem'}");
    refused(
        &mut lab,
        V2,
        "REFERENCES OF {Msvm_ComputerSystem.Name='HV01'} WHERE ResultClass = Msvm_SettingsDefineState",
    );
}

fn vm_path(world: &World) -> ObjectPath {
    let id = world.view().vms[0].vm_id.to_string().to_uppercase();
    ObjectPath::new(V2, "Msvm_ComputerSystem").with("CreationClassName", "Msvm_ComputerSystem").with("Name", id)
}

fn lexical(text: &str) -> Value {
    Value::Lexical(text.to_owned())
}

/// WinRM's table of codes: 2150858836 "a parameter is not the correct type", 2150858837 "a parameter name is invalid";
/// WMI's for parameters that do not fit the method: 0x8004102F.
#[test]
fn a_method_is_not_executed_with_parameters_that_it_does_not_take() {
    let change = "RequestReplicationStateChange";
    let state = |value: Value| Argument::new("RequestedState", value);
    let service = |name: &str, value: Value| vec![Argument::new(name, value)];
    let mut lab = lab(Os::Server2022);
    let vm = vm_path(&lab);
    let row = ask(&mut lab, V2, "SELECT * FROM Msvm_ReplicationService").unwrap().remove(0);
    let replication = row.path.unwrap();
    let reference = Value::Reference(Box::new(vm.clone()));
    for (code, path, method, arguments) in [
        (2_150_858_837, &vm, change, vec![state(lexical("7")), Argument::new("Nope", lexical("1"))]),
        (2_150_858_837, &vm, change, vec![state(lexical("7")), Argument::new("ReplicationRelationship", lexical("x"))]),
        (2_150_858_836, &vm, change, vec![state(lexical("seven"))]),
        (2_150_858_836, &vm, change, vec![state(lexical(""))]),
        (2_150_858_836, &vm, change, vec![state(lexical("70000"))]),
        (2_150_858_836, &vm, change, vec![state(lexical("-7"))]),
        (2_150_858_836, &vm, change, vec![state(Value::Boolean(true))]),
        (2_150_858_836, &vm, change, vec![state(Value::List(vec![lexical("7"), lexical("7")]))]),
        (2_150_858_836, &vm, change, vec![state(reference.clone())]),
        (2_150_858_836, &vm, change, vec![state(lexical("7")), Argument::new("TimeoutPeriod", lexical("soon"))]),
        (
            2_150_858_836,
            &vm,
            "RequestReplicationStateChangeEx",
            vec![
                Argument::new(
                    "ReplicationRelationship",
                    Value::Object(Box::new(Row::new("Msvm_ReplicationRelationship"))),
                ),
                state(lexical("7")),
            ],
        ),
        (2_150_858_836, &replication, "Resynchronize", service("ComputerSystem", lexical("vm-001"))),
        (
            2_150_858_836,
            &replication,
            "Resynchronize",
            vec![Argument::new("ComputerSystem", reference.clone()), Argument::new("StartTime", lexical("tomorrow"))],
        ),
        (0x8004_102F, &vm, change, Vec::new()),
        (0x8004_102F, &vm, change, vec![state(Value::Nil)]),
        (0x8004_102F, &vm, "RequestStateChange", vec![Argument::new("TimeoutPeriod", Value::Nil)]),
        (0x8004_102F, &replication, "GetReplicationStatistics", Vec::new()),
    ] {
        let request = Request::Invoke { path: path.clone(), method: method.into(), arguments };
        let error = lab.answer(0, &request).expect_err(&format!("{request:?}"));
        assert_eq!((error.kind, error.status), (ErrorKind::Refused, Some(code)), "{request:?}");
        assert!(lab.view().vms.iter().flat_map(|vm| &vm.legs).all(|leg| leg.sender_state == 3), "{request:?}");
        assert_eq!(ask(&mut lab, V2, "SELECT InstanceID FROM Msvm_ConcreteJob").unwrap().len(), 0, "{request:?}");
    }
    // Any spelling of a name, a number as text, and a time that nobody reads are right.
    let arguments = vec![Argument::new("REQUESTEDSTATE", lexical("7")), Argument::new("timeoutperiod", Value::Nil)];
    let request = Request::Invoke { path: vm, method: change.into(), arguments };
    let Ok(Reply::Output(output)) = lab.answer(0, &request) else { panic!() };
    assert_eq!(output.return_value(), Ok(Some(4_096)));
}
