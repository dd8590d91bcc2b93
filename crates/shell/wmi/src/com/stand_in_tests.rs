//! Through real COM against the stand-in, whose host is a lab's: `ci/win-standin.py` runs them, one lab for all.
//!
//! `REPRISE_STANDIN` is the address of the host's WMI: `http://127.0.0.1:PORT/hosts/NAME/wmi`. Faults are set over the same
//! lab's control API; each has a count, so that it is used up by the test that set it.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cim::wql::{Condition, Related, Select};
use cim::{Argument, CallError, DateTime, ErrorKind, Namespace, ObjectPath, Output, Reached, Reply};
use cim::{Request, Row, Value};
use windows::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows::Win32::System::Threading::GetCurrentProcess;

use super::LocalWmi;

/// Longest that one call may take that nothing delays.
const LIMIT: Duration = Duration::from_mins(1);
/// How long a call is delayed that must not be waited for.
const TOO_LONG_MS: u32 = 600_000;
const HYPERV: &str = "root/virtualization/v2";
/// How many calls must not make the process grow, and by how much they may: a call that kept one row would take ten times that.
const CALLS: usize = 10_000;
const GROWTH_MAX: usize = 4 * 1024 * 1024;

/// One test at a time: they share the host and its faults.
fn alone() -> MutexGuard<'static, ()> {
    static LAB: Mutex<()> = Mutex::new(());
    LAB.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn client() -> LocalWmi {
    LocalWmi::new(LIMIT, LIMIT)
}

fn rows(client: &LocalWmi, request: Request) -> Result<Vec<Row>, CallError> {
    match wait(client.call(request))? {
        Reply::Rows(rows) => Ok(rows),
        other @ (Reply::Instance(_) | Reply::Output(_)) => panic!("{other:?}"),
    }
}

fn query(select: Select) -> Request {
    Request::Query { namespace: Namespace::new(HYPERV), select }
}

fn output(client: &LocalWmi, request: Request) -> Result<Output, CallError> {
    match wait(client.call(request))? {
        Reply::Output(output) => Ok(output),
        other @ (Reply::Instance(_) | Reply::Rows(_)) => panic!("{other:?}"),
    }
}

/// Where the first VM that sends is.
fn vm(client: &LocalWmi) -> ObjectPath {
    let select = Select::all("Msvm_ComputerSystem").filter(Condition::equals("ReplicationMode", 1_i64));
    rows(client, query(select)).unwrap().remove(0).path.expect("the row says where it is")
}

/// A resume, which changes nothing while the VM replicates.
fn resume(path: &ObjectPath) -> Request {
    let arguments = vec![Argument::new("RequestedState", Value::Uint16(3))];
    Request::Invoke { path: path.clone(), method: "RequestReplicationStateChange".into(), arguments }
}

/// Calls the lab's control API.
fn control(route: &str) {
    let wmi = std::env::var("REPRISE_STANDIN").expect("REPRISE_STANDIN is the address of the host's WMI");
    let authority = wmi.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("an address");
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let head = format!("POST {route} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{route}: {answer}");
}

#[test]
#[ignore = "needs the stand-in and a lab"]
fn every_kind_of_value_comes_through_com() {
    let _alone = alone();
    let client = client();
    let select = Select::all("Msvm_ComputerSystem").filter(Condition::equals("ReplicationMode", 1_i64));
    let row = rows(&client, query(select)).unwrap().remove(0);
    let held = |name: &str| row.properties.value(name).clone();
    assert_eq!(held("ReplicationMode"), Value::Uint16(1));
    assert_eq!(held("OperationalStatus"), Value::List(vec![Value::Uint16(2)]));
    assert!(matches!(held("InstallDate"), Value::DateTime(DateTime::Timestamp(_))), "{row:?}");
    assert!(matches!(held("OnTimeInMilliseconds"), Value::Uint64(_)), "{row:?}");
    assert_eq!(held("OtherEnabledState"), Value::Nil);
    let path = row.path.clone().unwrap();
    assert_eq!(path.key("Name").map(str::to_owned), row.properties.get_opt::<String>("Name").unwrap());
    let Reply::Instance(again) = wait(client.call(Request::Get { path: path.clone() })).unwrap() else { panic!() };
    assert_eq!((again.path, again.properties.len()), (Some(path.clone()), row.properties.len()));
    let related = Related::instances_of(path.clone(), "Msvm_ReplicationRelationship");
    let legs = rows(&client, Request::Related { related }).unwrap();
    assert_eq!(legs[0].properties.value("ReplicationState"), &Value::Uint16(3), "{legs:?}");
    let columns = rows(&client, query(Select::columns("Msvm_ComputerSystem", &["ElementName"]))).unwrap();
    assert_eq!((&columns[0].path, columns[0].properties.len()), (&None, 1));
}

#[test]
#[ignore = "needs the stand-in and a lab"]
fn arrays_go_in_and_objects_come_out() {
    let _alone = alone();
    let client = client();
    let service = rows(&client, query(Select::all("Msvm_VirtualSystemManagementService"))).unwrap().remove(0);
    let wanted = [0, 1, 115].map(Value::Uint32).to_vec();
    let request = Request::Invoke {
        path: service.path.unwrap(),
        method: "GetSummaryInformation".into(),
        arguments: vec![Argument::new("RequestedInformation", Value::List(wanted))],
    };
    let output = output(&client, request).unwrap();
    assert_eq!(output.return_value(), Ok(Some(0)));
    let Value::List(summaries) = output.parameters.value("SummaryInformation") else { panic!("{output:?}") };
    let Some(Value::Object(summary)) = summaries.first() else { panic!("{summaries:?}") };
    assert_eq!(summary.properties.value("ReplicationState"), &Value::Uint16(3), "{summary:?}");
    assert!(summary.get::<String>("ElementName").unwrap().starts_with("vm-"), "{summary:?}");
}

#[test]
#[ignore = "needs the stand-in and a lab"]
fn a_method_is_refused_by_its_return_value_and_by_wmi() {
    let _alone = alone();
    let client = client();
    let path = vm(&client);
    let again = output(&client, resume(&path)).unwrap();
    assert_eq!((again.return_value(), again.parameters.value("Job")), (Ok(Some(32_775)), &Value::Nil));
    let invoke = |arguments: Vec<Argument>, method: &str| {
        let request = Request::Invoke { path: path.clone(), method: method.into(), arguments };
        let error = output(&client, request).unwrap_err();
        (error.kind, error.reached, error.status)
    };
    let text = vec![Argument::new("RequestedState", Value::String("three".to_owned()))];
    let method = "RequestReplicationStateChange";
    assert_eq!(invoke(text, method), (ErrorKind::Refused, Reached::No, Some(0x8004_1005)));
    let unknown = vec![Argument::new("Nothing", Value::Uint16(3))];
    assert_eq!(invoke(unknown, method), (ErrorKind::NotThere, Reached::No, Some(0x8004_1002)));
    assert_eq!(invoke(vec![], "NoSuchMethod"), (ErrorKind::NotThere, Reached::No, Some(0x8004_1002)));
    assert_eq!(invoke(vec![], method), (ErrorKind::Refused, Reached::Yes, Some(0x8004_102F)));
    control("/faults/drop_after?op=invoke&count=1");
    let lost = output(&client, resume(&path)).unwrap_err();
    assert_eq!((lost.kind, lost.reached, lost.status), (ErrorKind::Busy, Reached::Perhaps, Some(0x8007_06BE)));
}

/// A call of each kind, and how the lab calls it.
fn kinds(path: &ObjectPath) -> [(&'static str, Request, ErrorKind, Reached); 4] {
    let related = Related::instances(path.clone()).over("Msvm_SystemReplicationRelationship");
    [
        ("enumerate", query(Select::all("Msvm_ComputerSystem")), ErrorKind::TimedOut, Reached::Yes),
        ("enumerate", Request::Related { related }, ErrorKind::TimedOut, Reached::Yes),
        ("get", Request::Get { path: path.clone() }, ErrorKind::TimedOut, Reached::Yes),
        ("invoke", resume(path), ErrorKind::TimedOut, Reached::Perhaps),
    ]
}

#[test]
#[ignore = "needs the stand-in and a lab"]
fn every_kind_of_call_ends_at_its_limit() {
    let _alone = alone();
    let path = vm(&client());
    let short = Duration::from_secs(3);
    for (kind, request, error, reached) in kinds(&path) {
        let client = LocalWmi::new(short, short);
        // As many as a namespace has threads.
        control(&format!("/faults/slow?op={kind}&ms={TOO_LONG_MS}&count=4"));
        wait(async {
            let mut calls: Vec<_> = (0..4).map(|_| Box::pin(client.call(request.clone()))).collect();
            for call in &mut calls {
                let polled = pin!(call).poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(polled, Poll::Pending), "{kind}: {polled:?}");
            }
            for call in calls {
                let late = call.await.unwrap_err();
                assert_eq!((late.kind, late.reached), (error, reached), "{kind}: {late:?}");
            }
        });
        let next = rows(&client, query(Select::all("Msvm_ReplicationService")));
        assert_eq!(next.map(|rows| rows.len()), Ok(1), "{kind}: its threads are free again");
    }
}

/// Nothing ends the connection itself before WMI does, so that it holds up one thread of four.
#[test]
#[ignore = "needs the stand-in and a lab"]
fn a_connection_that_hangs_ends_the_call_at_its_limit_and_holds_up_no_other() {
    let _alone = alone();
    let short = Duration::from_secs(3);
    let client = LocalWmi::new(short, short);
    control(&format!("/faults/slow?ms={TOO_LONG_MS}&count=1"));
    let late = wait(client.call(query(Select::all("Msvm_ComputerSystem")))).unwrap_err();
    assert_eq!(late.kind, ErrorKind::TimedOut, "{late:?}");
    for _ in 0..4 {
        assert_eq!(rows(&client, query(Select::all("Msvm_ReplicationService"))).map(|rows| rows.len()), Ok(1));
    }
}

#[test]
#[ignore = "needs the stand-in and a lab"]
fn a_call_that_nobody_waits_for_any_more_frees_its_thread() {
    let _alone = alone();
    let path = vm(&client());
    for (kind, request, ..) in kinds(&path) {
        // Its limit is longer than the test: only the cancellation ends such a call.
        let endless = Duration::from_millis(TOO_LONG_MS.into());
        let client = LocalWmi::new(endless, endless);
        // As many as a namespace has threads.
        control(&format!("/faults/slow?op={kind}&ms={TOO_LONG_MS}&count=4"));
        let before = slow_left(kind);
        wait(async {
            let mut calls: Vec<_> = (0..4).map(|_| Box::pin(client.call(request.clone()))).collect();
            for call in &mut calls {
                let polled = pin!(call).poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(polled, Poll::Pending), "{kind}: {polled:?}");
            }
            // Until all four threads wait for the host.
            let all = async {
                while slow_left(kind) < before + 4 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(LIMIT, all).await.expect("the host is asked four times");
        });
        let request = query(Select::all("Msvm_ReplicationService"));
        let free = wait(async { tokio::time::timeout(LIMIT, client.call(request)).await });
        assert!(matches!(free, Ok(Ok(_))), "{kind}: {free:?}");
    }
}

/// How often the host was asked so.
fn slow_left(kind: &str) -> u64 {
    let wmi = std::env::var("REPRISE_STANDIN").unwrap();
    let rest = wmi.strip_prefix("http://").unwrap();
    let mut parts = rest.split('/');
    let (authority, host) = (parts.next().unwrap(), parts.nth(1).unwrap());
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let head = format!("GET /world HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let own = answer.split_once(&format!("\"name\":\"{host}\"")).unwrap().1;
    let counters = own.split_once("\"requests\":{").unwrap().1;
    let count = counters.split_once(&format!("\"{kind}\":")).unwrap().1;
    count.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The memory of this process, in bytes.
#[expect(unsafe_code, reason = "Windows fills in a structure")]
fn memory() -> usize {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).unwrap();
    // SAFETY: there is room for a structure of that size.
    unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &raw mut counters, size) }.ok().unwrap();
    counters.WorkingSetSize
}

#[test]
#[ignore = "needs the stand-in and a lab"]
fn ten_thousand_calls_take_no_memory() {
    let _alone = alone();
    let client = client();
    let path = vm(&client);
    let mut requests = kinds(&path).map(|(_, request, ..)| request).into_iter().cycle();
    let mut call = |count: usize| {
        wait(async {
            for request in requests.by_ref().take(count) {
                let reply = client.call(request).await.unwrap();
                assert!(!matches!(&reply, Reply::Rows(rows) if rows.is_empty()), "{reply:?}");
            }
        });
    };
    // Heaps and pools get their size.
    call(CALLS / 5);
    let before = memory();
    let began = std::time::Instant::now();
    call(CALLS);
    let after = memory();
    let seconds = began.elapsed().as_secs();
    println!("{CALLS} calls in {seconds} s: {} KiB before, {} KiB after", before / 1024, after / 1024);
    assert!(after < before + GROWTH_MAX, "{before} bytes before, {after} after");
}
