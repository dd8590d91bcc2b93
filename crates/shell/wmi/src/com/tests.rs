//! Against the WMI of the Windows that runs this, or Wine's: `root\cimv2`, and the registry through its method calls.

use std::future::Future;
use std::time::Duration;

use cim::wql::{Condition, Select};
use cim::{Argument, CallError, DateTime, ErrorKind, Hint, Name, Namespace, ObjectPath, Output, Reached, Reply};
use cim::{Request, Row, Value};

use super::LocalWmi;

/// Longest that one call may take here: Wine starts services for the first one.
const LIMIT: Duration = Duration::from_mins(1);

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn ask(client: &LocalWmi, request: Request) -> Result<Reply, CallError> {
    wait(client.call(request))
}

fn query(client: &LocalWmi, namespace: &str, select: Select) -> Result<Vec<Row>, CallError> {
    match ask(client, Request::Query { namespace: Namespace::new(namespace), select })? {
        Reply::Rows(rows) => Ok(rows),
        other @ (Reply::Instance(_) | Reply::Output(_)) => panic!("{other:?}"),
    }
}

/// Calls a method of the registry's provider.
fn registry(client: &LocalWmi, method: &str, key: &str, name: &str) -> Result<Output, CallError> {
    let arguments = vec![
        Argument::new("hDefKey", Value::Uint32(0x8000_0002)),
        Argument::new("sSubKeyName", Value::String(key.to_owned())),
        Argument::new("sValueName", Value::String(name.to_owned())),
    ];
    let path = ObjectPath::new("root/default", "StdRegProv");
    match ask(client, Request::Invoke { path, method: Name::new(method), arguments })? {
        Reply::Output(output) => Ok(output),
        other @ (Reply::Instance(_) | Reply::Rows(_)) => panic!("{other:?}"),
    }
}

#[test]
fn rows_have_their_types_and_a_column_list_is_obeyed() {
    let client = LocalWmi::new(LIMIT, LIMIT);
    let system = query(&client, "root/cimv2", Select::all("Win32_OperatingSystem")).unwrap().remove(0);
    assert_eq!(system.class, Name::new("Win32_OperatingSystem"));
    let properties = &system.properties;
    assert!(matches!(properties.value("Version"), Value::String(version) if version.contains('.')), "{properties:?}");
    // Wine writes an offset of two digits, which is no datetime.
    let boot = properties.value("LastBootUpTime");
    assert!(matches!(boot, Value::DateTime(DateTime::Timestamp(_)) | Value::Lexical(_)), "{boot:?}");
    let columns = Select::columns("Win32_OperatingSystem", &["LastBootUpTime", "CSName"]);
    let row = query(&client, "root/cimv2", columns).unwrap().remove(0);
    let names: Vec<&str> = row.properties.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["CSName", "LastBootUpTime"]);
}

#[test]
fn an_instance_is_found_by_its_path_and_a_missing_one_is_not_there() {
    let client = LocalWmi::new(LIMIT, LIMIT);
    let found = query(&client, "root/cimv2", Select::all("Win32_Process")).unwrap().remove(0);
    let path = found.path.expect("the row says where it is");
    assert_eq!(path.key("Handle").map(str::to_owned), found.properties.get_opt::<String>("Handle").unwrap());
    let Reply::Instance(row) = ask(&client, Request::Get { path }).unwrap() else { panic!() };
    assert_eq!(row.properties.value("Handle"), found.properties.value("Handle"));
    let select = Select::all("Win32_Process").filter(Condition::equals("Handle", "no such process"));
    assert_eq!(query(&client, "root/cimv2", select).unwrap(), []);
    let path = ObjectPath::new("root/cimv2", "Win32_Process").with("Handle", "no such process");
    let missing = ask(&client, Request::Get { path }).unwrap_err();
    assert_eq!((missing.kind, missing.reached), (ErrorKind::NotThere, Reached::Yes), "{missing:?}");
}

#[test]
fn a_method_gets_its_inputs_and_gives_its_outputs() {
    let client = LocalWmi::new(LIMIT, LIMIT);
    let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
    let output = registry(&client, "GetStringValue", key, "CurrentVersion").unwrap();
    assert_eq!(output.return_value(), Ok(Some(0)), "{output:?}");
    assert!(output.get_opt::<String>("sValue").unwrap().is_some_and(|version| version.starts_with('6')), "{output:?}");
    let missing = registry(&client, "GetStringValue", key, "no such value").unwrap();
    assert_ne!(missing.return_value(), Ok(Some(0)), "{missing:?}");
    let unknown = registry(&client, "NoSuchMethod", key, "CurrentVersion").unwrap_err();
    assert_eq!(unknown.reached, Reached::No, "{unknown:?}");
}

#[test]
fn a_namespace_that_is_not_there_is_told_by_its_number_and_holds_up_no_other() {
    let client = LocalWmi::new(LIMIT, LIMIT);
    for _ in 0..8 {
        let error = query(&client, "root/virtualization/v2", Select::all("Msvm_ComputerSystem")).unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(0x8004_100E)), "{error:?}");
        assert_eq!(error.hint, Some(Hint::Local), "no advice is about the network");
    }
    assert!(!query(&client, "root/cimv2", Select::all("Win32_OperatingSystem")).unwrap().is_empty());
}

#[test]
fn a_call_ends_at_its_limit() {
    let client = LocalWmi::new(Duration::ZERO, LIMIT);
    let error = query(&client, "root/cimv2", Select::all("Win32_Process")).unwrap_err();
    assert_eq!((error.kind, error.hint), (ErrorKind::TimedOut, Some(Hint::Local)), "{error:?}");
}

#[test]
fn several_calls_at_a_time_each_get_their_own_answer() {
    let client = LocalWmi::new(LIMIT, LIMIT);
    wait(async {
        let mut calls = Vec::new();
        for class in ["Win32_OperatingSystem", "Win32_ComputerSystem", "Win32_Process"].repeat(10) {
            let request = Request::Query { namespace: Namespace::new("root/cimv2"), select: Select::all(class) };
            let client = client.clone();
            calls.push((class, Box::pin(async move { client.call(request).await })));
        }
        for (class, call) in calls {
            let Reply::Rows(rows) = call.await.unwrap() else { panic!("{class}") };
            assert!(!rows.is_empty() && rows.iter().all(|row| row.class == Name::new(class)), "{class}");
        }
    });
}
