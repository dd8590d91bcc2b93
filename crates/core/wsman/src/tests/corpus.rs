//! The hand-written messages of `corpus/`: each is read, and what must come out is said here.

use std::collections::BTreeSet;
use std::path::Path;

use cim::event::{EventBatch, EventCondition, EventQuery, EventSelect, Record};
use cim::{
    CimTimestamp, DateTime, ErrorKind, FromValue, Key, Name, ObjectPath, Output, Reply, Request, Row, Value, cimxml,
    wql,
};

use crate::client::{self, Call, MessageSettings, Progress};
use crate::eventing::{Content, Delivery, Eventing, Listener, StartAt, What, is_lost};
use crate::header;
use crate::message::{Enumerate, Filter, Mode, Operation, Response, read_operation, read_response};
use crate::namespace as ns;
use crate::resource::{ALL_CLASSES, Resource};
use crate::xml;

const V2: &str = "root/virtualization/v2";

/// The text of a file; `$name` is checked by the compiler.
macro_rules! corpus {
    ($name:literal) => {
        include_str!(concat!("../../corpus/", $name, ".xml"))
    };
}

fn service() -> ObjectPath {
    ObjectPath::new(V2, "Msvm_ReplicationService").with("Name", "vmms")
}

fn job() -> ObjectPath {
    ObjectPath::new(V2, "Msvm_ConcreteJob").with("InstanceID", "A1B2C3D4-0000-0000-0000-00000000000A")
}

/// A call that has sent its first message, `uuid:1`.
fn sent(request: Request) -> Call {
    let mut call = Call::new(request);
    let settings = MessageSettings {
        to: "http://hv01/wsman".to_owned(),
        max_envelope_size: 512_000,
        operation_timeout: std::time::Duration::from_mins(1),
    };
    call.message(&settings, "uuid:1");
    call
}

fn got(text: &str) -> Row {
    let path = ObjectPath::new(V2, "Msvm_ComputerSystem").with("Name", "x");
    match sent(Request::Get { path }).take(text) {
        Ok(Progress::Done(Reply::Instance(row))) => row,
        other => panic!("{other:?}"),
    }
}

fn enumerated(text: &str) -> Result<Progress, cim::CallError> {
    let select = wql::Select::all("Msvm_ComputerSystem");
    sent(Request::Query { namespace: V2.into(), select }).take(text)
}

fn pulled(text: &str) -> (Vec<Row>, Option<String>) {
    let operation =
        Operation::Pull { resource: Resource::new(V2, ALL_CLASSES), context: "uuid:1".to_owned(), max_elements: None };
    let document = xml::parse(text).unwrap();
    let body = xml::child(document.root_element(), ns::SOAP, "Body").unwrap();
    let Response::Items(batch) = read_response(body, &operation).unwrap() else { panic!("no items") };
    assert_eq!(batch.end, batch.context.is_none());
    (batch.rows, batch.context)
}

/// The rows of a call whose last answer this is.
fn taken(text: &str) -> Vec<Row> {
    let select = wql::Select::all("Msvm_ComputerSystem");
    let mut call = sent(Request::Query { namespace: V2.into(), select });
    assert_eq!(call.take(corpus!("answer-enumerate-context")), Ok(Progress::Next));
    call.message(&super::settings(512_000), "uuid:1");
    match call.take(text) {
        Ok(Progress::Done(Reply::Rows(rows))) => rows,
        other => panic!("{other:?}"),
    }
}

fn invoked(text: &str) -> Output {
    let invoke =
        Request::Invoke { path: service(), method: "RequestReplicationStateChange".into(), arguments: Vec::new() };
    match sent(invoke).take(text) {
        Ok(Progress::Done(Reply::Output(output))) => output,
        other => panic!("{other:?}"),
    }
}

fn asked(text: &str) -> Operation {
    let document = xml::parse(text).unwrap();
    let root = document.root_element();
    let received = header::read(xml::child(root, ns::SOAP, "Header").unwrap()).unwrap();
    read_operation(&received, xml::child(root, ns::SOAP, "Body").unwrap()).unwrap()
}

#[test]
fn every_file_is_listed_and_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".xml").map(ToOwned::to_owned))
        .collect();
    assert!(files.len() > 25);
    let index = std::fs::read_to_string(folder.join("INDEX.md")).unwrap();
    let tests = include_str!("corpus.rs");
    for file in &files {
        let row = |line: &str| line.starts_with("| ") && line.split(['|', ',', ' ']).any(|word| word == file);
        assert!(index.lines().any(row), "{file} is not in INDEX.md");
        assert!(tests.contains(&format!("corpus!(\"{file}\")")), "nothing reads {file}");
    }
}

#[test]
fn instances() {
    for text in
        [corpus!("answer-get-instance"), corpus!("answer-get-lower-case-uri"), corpus!("answer-get-other-prefixes")]
    {
        let row = got(text);
        assert_eq!(row.class, "Msvm_ComputerSystem");
        assert_eq!(row.properties.get::<String>("elementname").unwrap(), "web & <shop>");
        assert_eq!(row.properties.get::<String>("Description").unwrap(), "");
        assert_eq!(row.properties.value("IdentifyingDescriptions"), &Value::Nil);
        assert_eq!(row.properties.get::<u64>("OnTimeInMilliseconds").unwrap(), u64::MAX);
        assert_eq!(row.properties.get::<Vec<u16>>("OperationalStatus").unwrap(), [2, 32_768]);
        assert_eq!(row.properties.get::<u16>("ReplicationState").unwrap(), 8);
        let DateTime::Timestamp(installed) = row.properties.get("InstallDate").unwrap() else { panic!("no timestamp") };
        assert_eq!(installed.unix_us(), 1_769_853_600_500_000);
    }
}

#[test]
fn dates_in_every_form() {
    let row = got(corpus!("answer-get-dates"));
    let moment = |name: &str| match row.properties.get::<DateTime>(name).unwrap() {
        DateTime::Timestamp(at) => at.unix_us(),
        DateTime::Interval(length) => panic!("{length:?}"),
    };
    let length = |name: &str| match row.properties.get::<DateTime>(name).unwrap() {
        DateTime::Interval(length) => length.micros(),
        DateTime::Timestamp(at) => panic!("{at:?}"),
    };
    let noon = 1_769_853_600_000_000;
    assert_eq!([moment("A"), moment("B"), moment("D"), moment("E")], [noon, noon + 123_456, noon, noon]);
    assert_eq!([length("C"), length("F")], [100_000_000, 100_000_000]);
    assert!(!row.properties.contains("Location"));
}

/// As recorded from Server 2003, 2008 R2 and 2012 (zenoss/txwinrm): in the rows of a column list dates have no namespace
/// either, and references by the same rule (MS-WSMV 3.1.4.1.13, Windows behaviour).
#[test]
fn dates_and_references_in_the_rows_of_a_column_list() {
    let Ok(Progress::Done(Reply::Rows(rows))) = enumerated(corpus!("answer-enumerate-columns-dates")) else {
        panic!("not done")
    };
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let at = |name: &str| row.properties.get::<DateTime>(name).map_err(|error| format!("{error:?}"));
    let noon = 1_769_853_600_000_000;
    assert_eq!(
        at("LastBootUpTime"),
        Ok(DateTime::Timestamp(CimTimestamp::from_unix_us(noon - 7_200_000_000 + 488_171)))
    );
    assert_eq!(at("LocalDateTime"), Ok(DateTime::Timestamp(CimTimestamp::from_unix_us(noon + 85_000))));
    assert_eq!(at("Qualified"), Ok(DateTime::Timestamp(CimTimestamp::from_unix_us(noon))));
    assert_eq!(at("Numeric"), Ok(DateTime::Timestamp(CimTimestamp::from_unix_us(noon))));
    let DateTime::Interval(length) = at("TimeOfDay").unwrap() else { panic!("no interval") };
    assert_eq!(length.micros(), 100_000_000);
    assert_eq!(row.properties.value("Antecedent"), &Value::Reference(Box::new(job())));
    let Value::Object(target) = row.properties.value("Target") else { panic!("no object") };
    assert_eq!(
        (target.class.as_str(), target.properties.get::<String>("Date").unwrap().as_str()),
        ("Msvm_Job", "noon")
    );
    assert_eq!(row.properties.get::<String>("Version").unwrap(), "6.2.9200");
}

#[test]
fn references_and_objects() {
    let row = got(corpus!("answer-get-references"));
    assert_eq!(row.properties.value("Bare"), &Value::Reference(Box::new(job())));
    assert_eq!(row.properties.value("Wrapped"), &Value::Reference(Box::new(job())));
    let mut outer = ObjectPath::new(V2, "Msvm_Outer");
    outer.keys.insert(Name::new("Antecedent"), Key::Path(Box::new(job())));
    assert_eq!(row.properties.value("Nested"), &Value::Reference(Box::new(outer)));
    let Value::Object(target) = row.properties.value("Target") else { panic!("no object") };
    assert_eq!(target.class, "Msvm_Job");
    assert_eq!(target.properties.get::<String>("Date").unwrap(), "noon");
}

#[test]
fn enumerations() {
    let Ok(Progress::Done(Reply::Rows(rows))) = enumerated(corpus!("answer-enumerate-all")) else { panic!("not done") };
    assert_eq!(rows.len(), 1);
    assert_eq!(enumerated(corpus!("answer-enumerate-none")), Ok(Progress::Done(Reply::Rows(Vec::new()))));
    assert_eq!(enumerated(corpus!("answer-enumerate-context")), Ok(Progress::Next));
}

#[test]
fn items() {
    let (rows, context) = pulled(corpus!("answer-pull-last"));
    assert_eq!((rows.len(), context), (1, None));
    assert_eq!(pulled(corpus!("answer-pull-more")), (Vec::new(), Some("17".to_owned())));
    let (rows, _) = pulled(corpus!("answer-pull-columns"));
    let states = rows.iter().map(|row| row.properties.get_opt::<String>("State").unwrap());
    assert_eq!(states.collect::<Vec<_>>(), [None, Some("Running".to_owned())]);
    let names =
        taken(corpus!("answer-pull-control-characters")).into_iter().map(|row| row.get::<String>("ElementName"));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [Ok("a\u{fffd}[31m\u{fffd}b".to_owned()), Ok("c&#x1B;d".to_owned()), Ok("e\t\u{20ac}f".to_owned())]
    );
    let (rows, _) = pulled(corpus!("answer-pull-object-and-epr"));
    assert_eq!(rows[0].path, Some(job()));
    assert_eq!(rows[0].properties.get::<u16>("JobState").unwrap(), 4);
    let (rows, _) = pulled(corpus!("answer-pull-epr"));
    assert_eq!(rows[0].path, Some(job()));
    assert!(rows[0].properties.is_empty());
}

#[test]
fn outputs() {
    let started = invoked(corpus!("answer-invoke-job"));
    assert_eq!(started.return_value().unwrap(), Some(4_096));
    assert_eq!(started.parameters.value("Job"), &Value::Reference(Box::new(job())));
    let done = invoked(corpus!("answer-invoke-done"));
    assert_eq!((done.return_value().unwrap(), done.parameters.value("Job")), (Some(0), &Value::Nil));
    assert_eq!(invoked(corpus!("answer-invoke-hresult")).return_value().unwrap(), Some(0x8007_06BA));
    assert_eq!(invoked(corpus!("answer-invoke-void")).return_value().unwrap(), None);
}

#[test]
fn identities() {
    for text in [corpus!("answer-identity"), corpus!("answer-identify")] {
        let identity = client::read_identity(text).unwrap();
        assert_eq!(identity.vendor, "Microsoft Corporation");
        assert_eq!(identity.version, "OS: 10.0.20348 SP: 0.0 Stack: 3.0");
        assert_eq!(identity.protocol, ns::WSMAN);
    }
}

#[test]
fn faults() {
    for (text, kind, status, words) in [
        (corpus!("fault-selectors"), ErrorKind::Refused, Some(2_150_858_843), "A selector is none of the keys."),
        (corpus!("fault-provider"), ErrorKind::NotThere, Some(0x8004_1002), "Not found"),
        (corpus!("fault-wmi-error"), ErrorKind::NotThere, Some(0x8004_1002), "The object was not there"),
        (corpus!("fault-wmi-error-not-found"), ErrorKind::NotThere, Some(0x8004_1002), "No such job"),
        (corpus!("fault-wmi-error-quota"), ErrorKind::Busy, Some(2_150_859_174), "Too many operations at once"),
        (corpus!("fault-access-denied"), ErrorKind::Denied, Some(5), "Access is denied."),
        (corpus!("fault-timed-out"), ErrorKind::TimedOut, Some(2_150_858_793), "The operation timed out."),
        (
            corpus!("fault-quota"),
            ErrorKind::Busy,
            Some(2_150_859_174),
            "The maximum number of concurrent operations for this user has been exceeded.",
        ),
        (corpus!("fault-wmi-error-mi"), ErrorKind::NotThere, Some(0x8004_1010), "Not a class"),
        (corpus!("fault-extended-status"), ErrorKind::NotThere, Some(2_150_858_778), "There is no such class."),
        (corpus!("fault-provider-words"), ErrorKind::Busy, Some(0x8007_06BE), "No such shell."),
        (corpus!("fault-busy"), ErrorKind::Busy, Some(2_150_858_815), "Others are served."),
        (corpus!("fault-answer-too-large"), ErrorKind::TooLarge, Some(2_150_858_790), "The answer does not fit."),
        (
            corpus!("fault-unreportable-success"),
            ErrorKind::TooLarge,
            Some(2_150_858_829),
            "It was carried out, and its result does not fit.",
        ),
        (corpus!("fault-bare"), ErrorKind::Refused, None, "the server answered with the fault SchemaValidationError"),
    ] {
        let error = enumerated(text).unwrap_err();
        assert_eq!((error.kind, error.status, error.message.as_str()), (kind, status, words));
        assert_eq!(client::read_fault(text, false), Some(error));
    }
}

#[test]
fn requests_of_other_clients() {
    assert_eq!(
        asked(corpus!("request-get-without-prefix-s")),
        Operation::Get(ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms"))
    );
    let enumerate = |class, query: Option<&str>, mode, optimize, max_elements| {
        let (resource, filter) = (Resource::new(V2, class), query.map(|query| Filter::Wql(query.to_owned())));
        Operation::Enumerate(Enumerate { resource, filter, mode, optimize, max_elements })
    };
    assert_eq!(
        asked(corpus!("request-enumerate-with-options")),
        enumerate(
            ALL_CLASSES,
            Some("select * from Msvm_ComputerSystem where ElementName = 'a&b'"),
            Mode::Object,
            true,
            Some(32_000)
        )
    );
    assert_eq!(
        asked(corpus!("request-enumerate-epr")),
        enumerate("Msvm_ComputerSystem", None, Mode::Reference, false, None)
    );
    assert_eq!(
        asked(corpus!("request-pull-by-class")),
        Operation::Pull {
            resource: Resource::new(V2, "Msvm_ComputerSystem"),
            context: "uuid:9".to_owned(),
            max_elements: None
        }
    );
}

#[test]
fn an_invoke_with_every_kind_of_argument() {
    let Operation::Invoke { path, method, arguments } = asked(corpus!("request-invoke-embedded")) else {
        panic!("no Invoke");
    };
    assert_eq!(path, service());
    assert_eq!(method, "ModifyReplicationSettings");
    let value = |name: &str| &arguments.iter().find(|argument| argument.name == name).unwrap().value;
    let vm = ObjectPath::new(V2, "Msvm_ComputerSystem").with("Name", "4708A0F4-3B0D-4C1B-9C9E-8D2D6A0F1E11");
    assert_eq!(value("ComputerSystem"), &Value::Reference(Box::new(vm)));
    let setting = cimxml::read(&String::from_value(value("ReplicationSettingData")).unwrap()).unwrap();
    assert_eq!(setting.properties.get::<u16>("RecoveryServerPortNumber").unwrap(), 80);
    assert!(matches!(DateTime::from_value(value("When")), Ok(DateTime::Timestamp(_))));
}

/// A listener that has sent its first Pull, `uuid:1`.
fn listening() -> Listener {
    let query = EventQuery::new(vec![EventSelect { channel: "System".to_owned(), condition: EventCondition::any() }]);
    let mut listener = Listener::new(query, true, std::time::Duration::from_mins(1));
    let settings = super::settings(512_000);
    listener.message(&settings, "uuid:1");
    assert_eq!(listener.take(corpus!("answer-subscribe")), Ok(Delivery::Opened));
    listener.message(&settings, "uuid:1");
    listener
}

#[test]
fn events() {
    for (text, lost) in [
        (corpus!("answer-pull-events"), 0),
        (corpus!("answer-pull-events-prefixed"), 0),
        (corpus!("answer-pull-events-dropped"), 12),
        (corpus!("answer-pull-events-end"), 0),
    ] {
        let mut listener = listening();
        let Ok(Delivery::Events(EventBatch { events, bookmark, dropped })) = listener.take(text) else {
            panic!("{text}")
        };
        let record = Record::parse(events.first().unwrap()).unwrap();
        assert_eq!((record.id, record.number, record.channel.as_str(), dropped), (6006, 3847, "System", lost));
        assert_eq!(record.data, [(String::new(), "a & b".to_owned())]);
        let mark = r#"<BookmarkList><Bookmark Channel="System" RecordId="3847" IsCurrent="true"/></BookmarkList>"#;
        assert_eq!(bookmark.unwrap().as_str(), mark);
        assert_eq!(listener.is_open(), text != corpus!("answer-pull-events-end"));
    }
    for text in [corpus!("answer-pull-events-none"), corpus!("answer-heartbeat"), corpus!("fault-timed-out")] {
        let mut listener = listening();
        assert_eq!((listener.take(text), listener.is_open()), (Ok(Delivery::Nothing), true));
    }
    for text in [corpus!("answer-subscription-end"), corpus!("fault-not-pulled")] {
        let mut listener = listening();
        assert!(is_lost(&listener.take(text).unwrap_err()) && !listener.is_open());
    }
}

#[test]
fn changes() {
    let Ok(Delivery::Events(batch)) = super::watcher::pulling().take(corpus!("answer-pull-changes")) else {
        panic!("no events")
    };
    let [first, second] = batch.changes.as_slice() else { panic!("{batch:?}") };
    let What::Modified { before: Some(before), now } = &first.what else { panic!("{first:?}") };
    let class = "Msvm_ReplicationRelationship";
    assert_eq!((before.class.as_str(), now.class.as_str()), (class, class));
    let state = |row: &Row| {
        let at = row.get_opt::<DateTime>("LastReplicationTime").unwrap();
        (row.get::<u16>("ReplicationState").unwrap(), at.is_some())
    };
    assert_eq!((state(before), state(now)), ((3, true), (7, false)));
    assert_eq!(now.get::<String>("InstanceID").unwrap(), r"Microsoft:6F0C2A51\0");
    assert_eq!(first.time.map(CimTimestamp::unix_us), Some(super::watcher::AT_UNIX_US));
    let What::Deleted { before } = &second.what else { panic!("{second:?}") };
    assert_eq!((before.get::<String>("InstanceID").unwrap().as_str(), second.time), (r"Microsoft:6F0C2A51\1", None));
    for text in [corpus!("answer-pull-events-none"), corpus!("answer-heartbeat"), corpus!("fault-timed-out")] {
        let mut watcher = super::watcher::pulling();
        assert_eq!((watcher.take(text), watcher.is_open()), (Ok(Delivery::Nothing), true));
    }
    for text in [corpus!("answer-subscription-end"), corpus!("fault-not-pulled")] {
        let mut watcher = super::watcher::pulling();
        assert!(is_lost(&watcher.take(text).unwrap_err()) && !watcher.is_open());
    }
}

#[test]
fn subscriptions() {
    let Operation::Eventing(Eventing::Subscribe(wish)) = asked(corpus!("request-subscribe")) else { panic!("none") };
    assert_eq!((wish.query.channels(), wish.query.suppresses.len()), (vec!["System"], 1));
    assert!(matches!(&wish.from, StartAt::After(bookmark) if bookmark.as_str().contains("3847")));
    assert_eq!((wish.heartbeats.unwrap().as_secs(), wish.expires.unwrap().as_secs()), (60, 3_600));
    assert!(wish.send_bookmarks && wish.ignore_channel_errors && wish.content == Content::RenderedText);
    let identifier = "9C4E3A10-0000-4000-8000-000000000001".to_owned();
    let leave = |identifier| {
        let resource = crate::eventing::EVENT_LOG.to_owned();
        Operation::Eventing(Eventing::Unsubscribe { resource, identifier })
    };
    assert_eq!(asked(corpus!("request-unsubscribe")), leave(identifier.clone()));
    let text = listening().leave(&super::settings(512_000), "uuid:2").unwrap();
    assert_eq!(asked(&text), leave(identifier));
}
