//! Reads the shapes of real hosts in `corpus/hosts/`; `INDEX.md` there names the source of each.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use cim::event::{EventBatch, EventCondition, EventQuery, EventSelect, Record};
use cim::{CallError, DateTime, ErrorKind, Name, ObjectPath, Output, Reply, Request, Row, Value, cimxml};

use super::settings;
use crate::client::{self, Call, Progress};
use crate::eventing::{Delivery, Listener, is_lost};
use crate::message::{Enumerate, Mode};
use crate::resource::{ALL_CLASSES, Resource};

const V2: &str = "root/virtualization/v2";

/// The text of a file; `$name` is checked by the compiler.
macro_rules! host {
    ($name:literal) => {
        include_str!(concat!("../../corpus/hosts/", $name, ".xml"))
    };
}

/// An answer to Enumerate with a context only, for recordings that start with a Pull.
const BEGUN: &str = concat!(
    r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" "#,
    r#"xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"><s:Body><n:EnumerateResponse>"#,
    "<n:EnumerationContext>uuid:0</n:EnumerationContext></n:EnumerateResponse></s:Body></s:Envelope>"
);

fn enumeration() -> Call {
    let resource = Resource::new(V2, ALL_CLASSES);
    Call::enumerate(Enumerate { resource, filter: None, mode: Mode::Object, optimize: true, max_elements: None })
}

/// The result of each answer of an enumeration.
fn taken(answers: &[&str]) -> Vec<Result<Progress, CallError>> {
    let mut call = enumeration();
    let take = |text: &&str| {
        call.message(&settings(512_000), "uuid:1");
        call.take(text)
    };
    answers.iter().map(take).collect()
}

/// The rows of a whole enumeration.
fn rows(answers: &[&str]) -> Vec<Row> {
    match taken(answers).pop() {
        Some(Ok(Progress::Done(Reply::Rows(rows)))) => rows,
        other => panic!("{other:?}"),
    }
}

/// The only row of a Pull, whether or not it was the last one.
fn pulled(text: &str) -> Row {
    let end = BEGUN.replace("<n:EnumerationContext>uuid:0</n:EnumerationContext>", "<n:Items/><n:EndOfSequence/>");
    let end = end.replace("EnumerateResponse", "PullResponse");
    let ended = text.contains("<n:EndOfSequence/>");
    let answers = if ended { vec![BEGUN, text] } else { vec![BEGUN, text, end.as_str()] };
    let [row] = <[Row; 1]>::try_from(rows(&answers)).unwrap();
    row
}

/// The reply to a request with the MessageID that the answer names.
fn called(request: Request, text: &str) -> Reply {
    let mut call = Call::new(request);
    let related = text.split("<a:RelatesTo>").nth(1).and_then(|rest| rest.split('<').next());
    call.message(&settings(512_000), related.unwrap());
    match call.take(text) {
        Ok(Progress::Done(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

fn got(text: &str) -> Row {
    let request = Request::Get { path: ObjectPath::new(V2, "Msvm_StorageJob") };
    let Reply::Instance(row) = called(request, text) else { panic!("no instance") };
    row
}

fn invoked(method: &str, text: &str) -> Output {
    let path = ObjectPath::new(V2, "Msvm_ImageManagementService");
    let request = Request::Invoke { path, method: Name::new(method), arguments: Vec::new() };
    let Reply::Output(output) = called(request, text) else { panic!("no output") };
    output
}

/// Microseconds since 1970.
fn moment(row: &Row, name: &str) -> i64 {
    match row.get(name).unwrap() {
        DateTime::Timestamp(at) => at.unix_us(),
        DateTime::Interval(length) => panic!("{length:?}"),
    }
}

fn length(row: &Row, name: &str) -> u64 {
    match row.get(name).unwrap() {
        DateTime::Interval(length) => length.micros(),
        DateTime::Timestamp(at) => panic!("{at:?}"),
    }
}

#[test]
fn every_file_is_listed_with_its_source_and_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/hosts");
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names.filter_map(|name| name.strip_suffix(".xml").map(ToOwned::to_owned)).collect();
    assert!(files.len() >= 29, "{}", files.len());
    let index = std::fs::read_to_string(folder.join("INDEX.md")).unwrap();
    let tests = include_str!("hosts.rs");
    for file in &files {
        let row = |line: &&str| line.starts_with("| ") && line.split(['|', ',', ' ']).any(|word| word == file);
        let row = index.lines().find(row).unwrap_or_else(|| panic!("{file} is not in INDEX.md"));
        assert_eq!(row.split('|').count(), 6, "{row}");
        assert!(tests.contains(&format!("host!(\"{file}\")")), "nothing reads {file}");
    }
}

#[test]
fn column_lists_have_dates_arrays_and_nulls_without_namespaces() {
    let rows_of_dates = rows(&[host!("enumerate-columns-dates")]);
    assert_eq!(moment(&rows_of_dates[0], "LastBootUpTime"), 1_769_846_400_488_171);
    assert_eq!(moment(&rows_of_dates[0], "LocalDateTime"), 1_769_853_600_085_000);
    let [row] = <[Row; 1]>::try_from(rows(&[host!("enumerate-columns-arrays")])).unwrap();
    for name in ["InstallDate", "LastLoadInfo"] {
        assert!(row.properties.contains(name) && row.properties.value(name).is_nil(), "{name}");
    }
    assert_eq!(row.get::<Vec<String>>("Roles").unwrap(), ["LM_Workstation", "LM_Server", "NT"]);
    assert_eq!((row.get::<i16>("ResetCount").unwrap(), row.get::<bool>("PartOfDomain").unwrap()), (-1, true));
}

#[test]
fn the_batches_of_an_enumeration_yield_all_of_its_rows() {
    let answers = [host!("enumerate-chain_000"), host!("enumerate-chain_001"), host!("enumerate-chain_002")];
    assert_eq!(taken(&answers)[..2], [Ok(Progress::Next), Ok(Progress::Next)]);
    let names: Vec<String> = rows(&answers).iter().map(|row| row.get("Name").unwrap()).collect();
    assert_eq!(names, ["s1", "s2", "s3"]);
}

#[test]
fn a_vm_without_replication_differs_from_the_host_itself() {
    let vm = pulled(host!("pull-vm-unreplicated"));
    let numbers = ["ReplicationMode", "ReplicationState", "ReplicationHealth"].map(|name| vm.get::<u16>(name).unwrap());
    assert_eq!((vm.class.as_str(), numbers), ("Msvm_ComputerSystem", [0, 0, 0]));
    assert_eq!(moment(&vm, "LastReplicationTime"), -11_644_473_600_000_000);
    assert_eq!(vm.get::<String>("Caption").unwrap(), "仮想マシン");
    let host = pulled(host!("pull-host-row"));
    assert_eq!(host.get::<String>("Name").unwrap(), "H1");
    for name in ["InstallDate", "LastReplicationTime", "ReplicationMode", "ReplicationState", "ReplicationHealth"] {
        assert_eq!(host.properties.value(name), &Value::Nil, "{name}");
    }
}

#[test]
fn references_need_neither_a_wrapper_nor_a_namespace_selector() {
    let row = pulled(host!("pull-association"));
    let vm = ObjectPath::new(V2, "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", "11111111-2222-4333-8444-555555555555");
    assert_eq!(row.properties.value("AffectedElement"), &Value::Reference(Box::new(vm)));
    let job = ObjectPath::new(V2, "Msvm_ConcreteJob").with("InstanceID", "66666666-2222-4333-8444-555555555555");
    assert_eq!(row.properties.value("AffectingElement"), &Value::Reference(Box::new(job)));
}

#[test]
fn blank_text_is_text_and_elements_without_types_are_objects() {
    let row = pulled(host!("pull-blank-text"));
    assert_eq!(row.get::<String>("PoolID").unwrap(), "\n");
    assert_eq!((row.properties.value("Address"), row.properties.len()), (&Value::Nil, 4));
    let config = got(host!("get-config"));
    assert_eq!(config.get::<u32>("MaxEnvelopeSizekb").unwrap(), 500);
    let Value::Object(service) = config.properties.value("Service") else { panic!("{config:?}") };
    let Value::Object(auth) = service.properties.value("Auth") else { panic!("{service:?}") };
    assert!(auth.get::<bool>("Kerberos").unwrap() && !auth.get::<bool>("Basic").unwrap());
}

#[test]
fn a_job_has_its_elapsed_time_and_its_time_before_removal() {
    let job = got(host!("get-job"));
    assert_eq!((job.get::<u16>("JobState").unwrap(), job.get::<u32>("ErrorCode").unwrap()), (7, 0));
    assert_eq!((length(&job, "ElapsedTime"), length(&job, "TimeBeforeRemoval")), (1_004_170, 300_000_000));
    assert_eq!(job.get::<Vec<u16>>("OperationalStatus").unwrap(), [17, 2]);
    assert_eq!(job.get_opt::<String>("ErrorDescription").unwrap().as_deref(), Some(""));
    assert_eq!(job.properties.value("UntilTime"), &Value::Nil);
}

#[test]
fn a_method_returns_its_job_and_an_instance_as_text() {
    let started = invoked("CreateVirtualHardDisk", host!("invoke-storage-job"));
    let job = ObjectPath::new(V2, "Msvm_StorageJob").with("InstanceID", "11111111-2222-4333-8444-555555555555");
    assert_eq!(started.parameters.value("Job"), &Value::Reference(Box::new(job)));
    assert_eq!(started.return_value().unwrap(), Some(4_096));
    let told = invoked("GetVirtualHardDiskSettingData", host!("invoke-embedded-text"));
    let disk = cimxml::read(&told.parameters.get::<String>("SettingData").unwrap()).unwrap();
    assert_eq!(disk.properties.value("DataAlignment"), &Value::Nil);
    // Hosts write both kinds of entities, but accept only numeric ones.
    assert_eq!(disk.get::<String>("ElementName").unwrap(), "a & b <c>");
    assert_eq!(disk.get::<String>("ParentPath").unwrap(), "");
}

#[test]
fn events_have_their_text_and_a_bookmark() {
    let query =
        EventQuery::new(vec![EventSelect { channel: "Application".to_owned(), condition: EventCondition::any() }]);
    let mut listener = Listener::new(query, true, Duration::from_mins(1));
    let mut heard = |text: &str| {
        let asked = listener.message(&settings(512_000), "uuid:1");
        (asked, listener.take(text).unwrap())
    };
    assert_eq!(heard(host!("subscribe")).1, Delivery::Opened);
    let (asked, Delivery::Events(EventBatch { events, bookmark, .. })) = heard(host!("pull-events-rendered")) else {
        panic!("no events")
    };
    assert!(asked.contains("uuid:77777777-7777-4777-8777-777777777777"));
    let record = Record::parse(&events[0]).unwrap();
    assert_eq!((record.id, record.level, record.provider.as_str()), (1, 2, "EventCreate"));
    assert_eq!(record.data, [(String::new(), "said by hand".to_owned())]);
    assert!(
        bookmark.unwrap().as_str().contains(r#"<Bookmark Channel="Application" IsCurrent="true" RecordId="3847"/>"#)
    );
    let (asked, nothing) = heard(host!("pull-events-none-yet"));
    assert_eq!(nothing, Delivery::Nothing);
    assert!(asked.contains("uuid:55555555-5555-4555-8555-555555555555"));
    assert_eq!(heard(host!("fault-nothing-came")).1, Delivery::Nothing);
    let left = listener.leave(&settings(512_000), "uuid:2").unwrap();
    assert!(left.contains("66666666-6666-4666-8666-666666666666"));
}

#[test]
fn a_vmms_record_may_have_numbered_parameters() {
    let record = Record::parse(host!("event-vmms-parameters")).unwrap();
    assert_eq!((record.id, record.channel.as_str()), (20_415, "Microsoft-Windows-Hyper-V-VMMS-Admin"));
    let values = ["Parameter0", "Parameter1", "Parameter2"].map(|name| record.value(name).unwrap());
    assert_eq!(values, ["vm 5", "11111111-A222-4333-8444-555555555555", "0.5"]);
    assert_eq!(record.time.unix_us(), 1_769_853_600_874_847);
}

/// Checks the code and the message of each fault; provider details are not part of the message.
#[test]
fn faults_keep_their_code_and_the_innermost_message() {
    for (text, status, words) in [
        (host!("fault-user-quota"), Some(2_150_859_174), "This user may have 15 operations at once."),
        (host!("fault-unknown-class-in-query"), Some(2_150_858_778), "There is no such class in this namespace."),
        (host!("fault-unknown-instance"), Some(2_150_858_752), "The resource cannot be found."),
        (host!("fault-provider-first-stack"), Some(2_150_858_778), "There is no such class in this namespace."),
        (host!("fault-provider-speaks"), Some(2_152_992_672), "The plugin ended with an error."),
        (host!("fault-wmi-error-typed"), Some(2_150_859_173), "This user may have 30 shells at once."),
        (host!("fault-invalid-timeout"), Some(2_150_858_767), "The header OperationTimeout is invalid: PT-1S."),
        (host!("fault-nothing-came"), Some(2_150_858_793), "Not within OperationTimeout."),
        (host!("fault-other-stack"), None, "get-instance: a key is missing"),
        (host!("fault-unreportable-success"), Some(2_150_858_829), "x"),
        (host!("fault-envelope-too-large"), Some(2_150_858_790), "x"),
        (host!("fault-service-busy"), Some(2_150_858_815), "x"),
    ] {
        let error = taken(&[text]).pop().unwrap().unwrap_err();
        assert_eq!((error.status, error.message.as_str()), (status, words));
        assert_eq!(client::read_fault(text, false), Some(error));
    }
}

#[test]
fn missing_objects_and_transient_faults_are_known_by_their_codes() {
    for (text, kind) in [
        (host!("fault-unknown-class-in-query"), ErrorKind::NotThere),
        (host!("fault-unknown-instance"), ErrorKind::NotThere),
        (host!("fault-provider-first-stack"), ErrorKind::NotThere),
        (host!("fault-user-quota"), ErrorKind::Busy),
        (host!("fault-wmi-error-typed"), ErrorKind::Busy),
        (host!("fault-nothing-came"), ErrorKind::TimedOut),
        (host!("fault-service-busy"), ErrorKind::Busy),
        (host!("fault-envelope-too-large"), ErrorKind::TooLarge),
        (host!("fault-unreportable-success"), ErrorKind::TooLarge),
    ] {
        let error = taken(&[text]).pop().unwrap().unwrap_err();
        assert_eq!((error.kind, is_lost(&error)), (kind, false), "{error}");
    }
}
