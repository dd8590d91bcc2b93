//! What the host's own WMI answers, in the form that the WMI documentation gives it.

use reprise_lab::{Action, Fault, FaultScope, JobFault, RightsOn, Spec};
use serde_json::{Value, json};
use wsman::ElementForm;
use wsman_acceptor::Schemes;

use super::*;
use crate::{Lab, LabOptions};

const HYPERV: &str = r"root\virtualization\v2";

async fn lab() -> Lab {
    let options = LabOptions {
        speed: 1.0,
        round_trip: Duration::ZERO,
        user: r"LAB\administrator".to_owned(),
        password: "secret".to_owned(),
        local_accounts: false,
        schemes: Schemes { basic: true, ntlm: false, negotiate: false, certificate: false },
        ipv6: false,
        tls: false,
        services: None,
        fragments: ElementForm::default(),
    };
    Lab::start(&Spec { vms: 1, ..Spec::default() }, options).await.unwrap()
}

fn ask(lab: &Lab, asked: Value) -> Result<Value, u32> {
    let asked: Asked = serde_json::from_value(asked).unwrap();
    struck(&lab.site, 0, &asked).0.map_err(|Failed(number)| number)
}

fn query(lab: &Lab, text: &str) -> Result<Value, u32> {
    ask(lab, json!({ "do": "query", "namespace": HYPERV, "query": text })).map(|answer| answer["objects"].clone())
}

fn get(lab: &Lab, path: &str) -> Result<Value, u32> {
    ask(lab, json!({ "do": "get", "namespace": HYPERV, "path": path }))
}

fn fault(lab: &Lab, fault: Fault) {
    lab.site.with_world(|world| world.add_fault(fault, &FaultScope::default(), Some(1))).unwrap();
}

/// What a property is and holds.
fn property<'a>(object: &'a Value, name: &str) -> (&'a str, &'a Value) {
    let found = object["properties"].as_array().unwrap().iter().find(|property| property[0] == name);
    let property = found.unwrap_or_else(|| panic!("{name}: {object}"));
    (property[1].as_str().unwrap(), &property[2])
}

#[tokio::test]
async fn an_instance_has_its_types_and_its_place_and_a_row_of_columns_has_no_place() {
    let lab = lab().await;
    let rows = query(&lab, "SELECT * FROM Msvm_ComputerSystem WHERE ReplicationMode = 1").unwrap();
    let vm = &rows[0];
    let path = vm["path"].as_str().unwrap();
    let start = r#"\\HV01\root\virtualization\v2:Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name=""#;
    assert!(path.starts_with(start), "{path}");
    assert_eq!(property(vm, "ReplicationMode"), ("uint16", &json!("1")));
    assert_eq!(property(vm, "OperationalStatus").0, "uint16[]");
    assert_eq!(property(vm, "OtherEnabledState"), ("string", &Value::Null));
    assert_eq!(property(vm, "Dedicated"), ("uint16[]", &Value::Null), "an array that is not there is NULL");
    let (kind, since) = property(vm, "InstallDate");
    let since = since.as_str().unwrap();
    assert!(kind == "datetime" && since.len() == 25 && since.ends_with("+000"), "{kind} {since}");
    let rows = query(&lab, "SELECT ElementName FROM Msvm_ComputerSystem").unwrap();
    assert_eq!(rows[0]["path"], Value::Null);
    assert_eq!(rows[0]["properties"].as_array().unwrap().len(), 1);
    assert_eq!(get(&lab, path).unwrap()["object"]["path"], *path, "the path leads back");
    let related = query(&lab, &format!("ASSOCIATORS OF {{{path}}} WHERE ResultClass = Msvm_ReplicationRelationship"));
    let related = related.unwrap();
    assert!(related[0]["path"].as_str().unwrap().contains("Msvm_ReplicationRelationship.InstanceID="), "{related}");
}

#[tokio::test]
async fn a_method_takes_text_by_its_definition_and_gives_a_job_by_its_path() {
    let lab = lab().await;
    lab.carry_out(&Action::Pause {
        vm: "vm-001".to_owned(),
        leg: reprise_lab::Kind::Simple,
        side: reprise_lab::LegEnd::Sender,
    })
    .await
    .unwrap();
    let class = get(&lab, "Msvm_ComputerSystem").unwrap()["class"].clone();
    let methods = class["methods"].as_array().unwrap();
    let change = methods.iter().find(|method| method[0] == "RequestReplicationStateChange").unwrap();
    assert_eq!(change[1], json!([["RequestedState", "uint16", null], ["TimeoutPeriod", "datetime", null]]));
    let path = query(&lab, "SELECT * FROM Msvm_ComputerSystem WHERE ReplicationMode = 1").unwrap()[0]["path"].clone();
    let resume = |inputs: Value| {
        let asked = json!({ "do": "invoke", "namespace": HYPERV, "path": path, "inputs": inputs });
        let mut asked = asked;
        asked["method"] = "RequestReplicationStateChange".into();
        ask(&lab, asked).map(|answer| answer["object"].clone())
    };
    assert_eq!(resume(json!([["RequestedState", "three"]])), Err(0x8004_1005), "a type mismatch");
    assert_eq!(resume(json!([])), Err(0x8004_102F), "invalid parameters");
    fault(&lab, Fault::Break { how: Break::DropAfter, on: Some(MessageKind::Invoke) });
    assert_eq!(resume(json!([["RequestedState", "4"]])), Err(0x8007_06BE), "the answer is lost");
    fault(&lab, Fault::Job(JobFault::Hang));
    let output = resume(json!([["RequestedState", "3"]])).unwrap();
    assert_eq!(property(&output, "ReturnValue"), ("uint32", &json!("4096")));
    let (kind, job) = property(&output, "Job");
    let job = job.as_str().unwrap();
    assert!(kind == "reference" && job.starts_with(r"\\HV01\root\virtualization\v2:Msvm_ConcreteJob."), "{kind} {job}");
    assert_eq!(property(&get(&lab, job).unwrap()["object"], "JobState"), ("uint16", &json!("4")));
    let refused = resume(json!([["RequestedState", "3"]])).unwrap();
    assert_eq!(property(&refused, "ReturnValue"), ("uint32", &json!("32774")));
    assert_eq!(property(&refused, "Job"), ("reference", &Value::Null));
}

#[tokio::test]
async fn each_refusal_has_the_number_that_wmi_gives() {
    let lab = lab().await;
    let connect = |namespace: &str| ask(&lab, json!({ "do": "connect", "namespace": namespace }));
    assert_eq!(connect(HYPERV), Ok(json!({ "server": "HV01" })));
    assert_eq!(connect(r"\\.\ROOT\CIMV2"), Ok(json!({ "server": "HV01" })));
    assert_eq!(connect(r"root\MSCluster"), Err(0x8004_100E));
    fault(&lab, Fault::Rights(RightsOn::HyperV));
    assert_eq!(connect(HYPERV), Err(0x8004_1003));
    fault(&lab, Fault::Login);
    assert_eq!(connect(HYPERV), Err(0x8007_0005));
    for (text, number) in [
        ("SELECT * FROM Msvm_None", 0x8004_1010),
        ("SELECT None FROM Msvm_ComputerSystem", 0x8004_1017),
        ("SELECT", 0x8004_1017),
    ] {
        assert_eq!(query(&lab, text), Err(number), "{text}");
    }
    for (path, number) in [
        ("Msvm_None", 0x8004_1002),
        (r#"Msvm_None.Name="a""#, 0x8004_1002),
        (r#"Msvm_ConcreteJob.InstanceID="a""#, 0x8004_1002),
        (r#"Msvm_ConcreteJob.Number="a""#, 0x8004_103A),
        ("a b", 0x8004_103A),
    ] {
        assert_eq!(get(&lab, path), Err(number), "{path}");
    }
    for (how, number) in [
        (Break::Busy, 0x8004_1045),
        (Break::Unsupported, 0x8004_100C),
        (Break::Fails { code: 0x8004_1033, done: false }, 0x8004_1033),
        (Break::Fails { code: 1722, done: false }, 0x8007_06BA),
        (Break::DropBefore, 0x8007_06BA),
    ] {
        fault(&lab, Fault::Break { how, on: None });
        assert_eq!(query(&lab, "SELECT * FROM Msvm_ComputerSystem"), Err(number), "{how:?}");
    }
    lab.carry_out(&Action::PowerCut { host: "hv01.lab.test".to_owned() }).await.unwrap();
    assert_eq!(connect(HYPERV), Err(0x8007_06BA));
}
