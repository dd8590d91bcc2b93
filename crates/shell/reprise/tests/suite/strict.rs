//! Requests that simulated hosts refuse over HTTP: a property that their Windows does not have, a missing object, or
//! parameters that a method does not have.

use cim::{Argument, CallError, ErrorKind, ObjectPath, Reply, Request, Value, wql};
use wsman_http::{Client, Endpoint, Limits, Login, Scheme};

use crate::hostile_clients::basic;
use crate::lab::Lab;
use crate::logins::RawClient;

const V2: &str = "root/virtualization/v2";

fn ask(lab: &Lab, request: Request) -> Result<Reply, CallError> {
    let login = Login::new(Scheme::Negotiate, lab.user().as_str(), lab.password().as_str());
    let client = Client::new(Endpoint::parse(&lab.url(0)).unwrap(), login, Limits::default());
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(client.call(request))
}

fn query(lab: &Lab, text: &str) -> Result<usize, CallError> {
    let reply = ask(lab, Request::Query { namespace: V2.into(), select: wql::parse(text).unwrap() })?;
    let Reply::Rows(rows) = reply else { return Err(CallError::malformed("the answer is no rows")) };
    Ok(rows.len())
}

#[test]
fn a_property_that_a_windows_does_not_have_fails_its_query() {
    for (os, text, found) in [
        ("2012", "SELECT ReplicationInterval FROM Msvm_ReplicationSettingData", None),
        ("2012", "SELECT * FROM Msvm_ReplicationSettingData WHERE ReplicationProvider IS NULL", None),
        ("2012", "SELECT RecoveryHostSystem FROM Msvm_ReplicationSettingData", Some(2)),
        ("2012r2", "SELECT ReplicationInterval FROM Msvm_ReplicationSettingData", Some(3)),
        ("2022", "SELECT Name FROM Msvm_ComputerSystem WHERE ReplicationMode = 1 AND NoSuchProp = 3", None),
        ("2022", "SELECT Name FROM Msvm_ComputerSystem WHERE Name <> __SERVER", Some(2)),
    ] {
        let lab = Lab::new(&["--os", os, "--vms", "2"]);
        let told = query(&lab, text).map_err(|error| (error.status, error.kind));
        assert_eq!(told, found.ok_or((Some(2_150_858_778), ErrorKind::NotThere)), "{os}: {text}");
        // In the error instance of newer Windows it is WMI's own number.
        lab.post("/faults/fault_shape?shape=wmi");
        let told = query(&lab, text).map_err(|error| error.status);
        assert_eq!(told, found.ok_or(Some(0x8004_1017)), "{os}: {text}");
    }
}

#[test]
fn an_object_that_is_not_there_and_parameters_that_do_not_fit_have_their_numbers() {
    let lab = Lab::new(&["--vms", "1", "--os", "2022"]);
    let job = ObjectPath::new(V2, "Msvm_ConcreteJob").with("InstanceID", "00000000-0000-4000-8000-000000000000");
    let told = ask(&lab, Request::Get { path: job.clone() }).unwrap_err();
    assert_eq!((told.kind, told.status), (ErrorKind::NotThere, Some(2_150_858_752)));
    let keyless = ObjectPath::new(V2, "Msvm_ConcreteJob");
    let told = ask(&lab, Request::Get { path: keyless }).unwrap_err();
    assert_eq!((told.kind, told.status), (ErrorKind::NotThere, Some(2_150_858_752)));
    let vm = |id: &str| {
        let path = ObjectPath::new(V2, "Msvm_ComputerSystem").with("CreationClassName", "Msvm_ComputerSystem");
        path.with("Name", id)
    };
    let id = lab.world()["vms"][0]["vm_id"].as_str().unwrap().to_uppercase();
    for (arguments, code) in [
        (vec![("RequestedState", "seven")], 2_150_858_836),
        (vec![("RequestedState", "7"), ("RequestedStates", "7")], 2_150_858_837),
        (vec![], 0x8004_102F),
    ] {
        let given = arguments.iter().map(|(name, value)| Argument::new(*name, Value::String((*value).to_owned())));
        let method = "RequestReplicationStateChange".into();
        let invoke = Request::Invoke { path: vm(&id), method, arguments: given.collect() };
        assert_eq!(ask(&lab, invoke).unwrap_err().status, Some(code), "{arguments:?}");
        assert_eq!(lab.states(), [3], "nothing was done");
    }
    lab.post("/faults/fault_shape?shape=wmi");
    assert_eq!(ask(&lab, Request::Get { path: job }).unwrap_err().status, Some(0x8004_1002));
}

/// An enumeration of a class, filtered by selectors, as another client writes it.
fn filtered(name: &str, value: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header><a:To>http://lab/wsman</a:To><w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ReplicationSettingData</w:ResourceURI><a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo><a:Action>http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action><a:MessageID>uuid:1</a:MessageID></s:Header><s:Body><n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>10</w:MaxElements><w:Filter Dialect="http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"><w:SelectorSet><w:Selector Name="{name}">{value}</w:Selector></w:SelectorSet></w:Filter></n:Enumerate></s:Body></s:Envelope>"#
    )
}

#[test]
fn a_selector_filter_knows_the_properties_of_its_windows_too() {
    for (os, name, value, found) in [
        ("2012", "ReplicationInterval", "300", None),
        ("2012", "RecoveryServerPortNumber", "80", Some(2)),
        ("2012r2", "ReplicationInterval", "300", Some(3)),
        ("2022", "Nope", "1", None),
    ] {
        let lab = Lab::new(&["--os", os, "--vms", "2"]);
        let headers = format!("{}Content-Type: application/soap+xml;charset=UTF-8\r\n", basic(&lab));
        // A comment stands before the root, and another behind it.
        let request = format!("<!-- by hand -->{}<!-- end -->", filtered(name, value));
        let (head, body) = RawClient::to(&lab).ask(&headers, &request);
        match found {
            Some(count) => assert_eq!(body.matches("<p:InstanceID>").count(), count, "{os} {name}: {head}{body}"),
            None => assert!(body.contains(r#"Code="2150858778""#), "{os} {name}: {head}{body}"),
        }
    }
}
