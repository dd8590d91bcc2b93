//! What one side writes, the other reads as it was meant.

use std::collections::BTreeMap;
use std::time::Duration;

use cim::{CallError, ErrorKind, Name, ObjectPath, Output, Reached, Reply, Request, Row, Value, wql};
use proptest::collection::vec;
use proptest::prelude::*;

use super::strategy::{
    self, arguments, bookmark, event_xml, eventing, filter, heard_arguments, heard_properties, identifier, path,
    properties, row, text,
};
use super::{converse, server, settings};
use crate::client::{Call, Progress};
use crate::eventing::{self, Eventing};
use crate::fault::{SoapFault, code};
use crate::header::{self, Header};
use crate::message::{
    Batch, Enumerate, Filter, ItemWriter, Mode, Operation, Response, read_operation, read_response, write_body,
    write_envelope, write_envelope_with,
};
use crate::namespace as ns;
use crate::resource::{ALL_CLASSES, Resource};
use crate::server::{DetailShape, RequestKind, asked};
use crate::xml::{self, ElementForm};

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Object), Just(Mode::Reference), Just(Mode::ObjectAndReference)]
}

fn resource() -> impl Strategy<Value = Resource> {
    path().prop_map(|path| Resource::of(&path))
}

fn context() -> impl Strategy<Value = String> {
    "[A-Za-z0-9:<&-]{1,40}"
}

fn operation() -> impl Strategy<Value = Operation> {
    let enumerate = (resource(), proptest::option::of(filter()), mode(), any::<bool>(), most()).prop_map(
        |(mut resource, filter, mode, optimize, max_elements)| {
            match &filter {
                Some(Filter::Wql(_)) => resource.class = Name::new(ALL_CLASSES),
                Some(Filter::Related(related)) => {
                    resource = Resource::new(related.object.namespace.clone(), ALL_CLASSES);
                }
                Some(Filter::Selectors(_)) | None => {}
            }
            Operation::Enumerate(Enumerate { resource, filter, mode, optimize, max_elements })
        },
    );
    let pull = (resource(), context(), most()).prop_map(|(resource, context, max_elements)| Operation::Pull {
        resource,
        context,
        max_elements,
    });
    let invoke = (path(), identifier(), arguments()).prop_map(|(path, method, arguments)| Operation::Invoke {
        path,
        method: Name::new(method),
        arguments,
    });
    prop_oneof![
        path().prop_map(Operation::Get),
        enumerate,
        pull,
        (resource(), context()).prop_map(|(resource, context)| Operation::Release { resource, context }),
        eventing().prop_map(Operation::Eventing),
        invoke,
    ]
}

fn most() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(1..40_000_u32)
}

fn header() -> impl Strategy<Value = Header> {
    let to = "http://[a-z0-9]{1,12}:[1-9][0-9]{3}/wsman";
    let timeout = proptest::option::of((0..60_000_u64).prop_map(Duration::from_millis));
    (to, "(uuid|urn:uuid):[0-9a-fA-F<&-]{1,36}", proptest::option::of(8_192..u32::MAX), timeout).prop_map(
        |(to, message_id, max_envelope_size, operation_timeout)| Header {
            to,
            message_id,
            max_envelope_size,
            operation_timeout,
        },
    )
}

/// A header that says no more than it must.
pub(super) fn plain_header() -> Header {
    Header {
        to: "http://hv01/wsman".to_owned(),
        message_id: "uuid:1".to_owned(),
        max_envelope_size: None,
        operation_timeout: None,
    }
}

/// The operation as a server hears it.
fn heard(operation: Operation) -> Operation {
    let Operation::Invoke { path, method, arguments } = operation else { return operation };
    let arguments = heard_arguments(&arguments).into_iter();
    let arguments = arguments.map(|(name, value)| cim::Argument { name, value }).collect();
    Operation::Invoke { path, method, arguments }
}

/// An answer's envelope, read as the answer to an operation.
fn read_back(body: &str, operation: &Operation) -> Response {
    let text = write_envelope(&format!("{}Response", operation.action()), "uuid:2", Some("uuid:1"), body);
    let text = cim::reference::readable(&text);
    let document = xml::parse(&text).unwrap();
    let body = xml::child(document.root_element(), ns::SOAP, "Body").unwrap();
    read_response(body, operation).unwrap()
}

proptest! {
    #[test]
    fn a_request_arrives_as_it_was_meant(operation in operation(), header in header()) {
        let text = operation.write(&header);
        let document = xml::parse(&text).unwrap();
        let envelope = document.root_element();
        let head = xml::child(envelope, ns::SOAP, "Header").unwrap();
        let received = header::read(head).unwrap();
        prop_assert_eq!(&received.header, &header);
        let body = xml::child(envelope, ns::SOAP, "Body").unwrap();
        prop_assert_eq!(read_operation(&received, body).unwrap(), heard(operation));
    }

    #[test]
    fn an_instance_arrives_with_every_value(row in row()) {
        let path = row.path.clone().unwrap();
        let operation = Operation::Get(path.clone());
        let body = write_body(&Response::Instance(row.clone()), &operation, &[]);
        let expected = Row { class: row.class, path: Some(path), properties: heard_properties(&row.properties) };
        prop_assert_eq!(read_back(&body, &operation), Response::Instance(expected));
    }

    #[test]
    fn a_methods_output_arrives(path in path(), method in identifier(), parameters in properties()) {
        let operation = Operation::Invoke { path, method: Name::new(method), arguments: Vec::new() };
        let output = Response::Output(Output { parameters: parameters.clone() });
        let body = write_body(&output, &operation, &[]);
        let expected = Response::Output(Output { parameters: heard_properties(&parameters) });
        prop_assert_eq!(read_back(&body, &operation), expected);
    }

    #[test]
    fn items_arrive_in_every_mode(rows in vec(row(), 0..5), mode in mode(), pulled in any::<bool>(), context in proptest::option::of(context())) {
        let resource = Resource::new("root/virtualization/v2", ALL_CLASSES);
        let writer = ItemWriter { resource: resource.clone(), mode, fragments: None };
        let items: Vec<String> = rows.iter().map(|row| writer.item(row)).collect();
        let end = context.is_none();
        let batch = Batch { rows: Vec::new(), context: context.clone(), end };
        let operation = if pulled {
            Operation::Pull { resource, context: "uuid:1".to_owned(), max_elements: None }
        } else {
            Operation::Enumerate(Enumerate { resource, filter: None, mode, optimize: true, max_elements: None })
        };
        let wrap = if pulled { Response::Items } else { Response::Enumeration };
        let body = write_body(&wrap(batch), &operation, &items);
        let expected = rows.into_iter().map(|row| match mode {
            Mode::Object => Row { path: None, properties: heard_properties(&row.properties), ..row },
            Mode::Reference => Row { properties: cim::Properties::new(), ..row },
            Mode::ObjectAndReference => Row { properties: heard_properties(&row.properties), ..row },
        });
        prop_assert_eq!(read_back(&body, &operation), wrap(Batch { rows: expected.collect(), context, end }));
    }

    #[test]
    fn events_arrive_with_the_place_behind_them(
        events in vec(event_xml(), 0..4),
        dropped in 0..9_u64,
        context in proptest::option::of(context()),
        bookmark in proptest::option::of(bookmark()),
    ) {
        let response = eventing::EventingResponse::Events { events, dropped, context, bookmark: bookmark.clone() };
        let more = bookmark.as_ref().map(eventing::bookmark_header).unwrap_or_default();
        let body = eventing::response_body(&response);
        let text = write_envelope_with(&more, "urn:answer", "uuid:2", Some("uuid:1"), &body);
        let document = xml::parse(&text).unwrap();
        let part = |local| xml::child(document.root_element(), ns::SOAP, local);
        let resource = eventing::EVENT_LOG.to_owned();
        let pull = Eventing::Pull { resource, context: "uuid:1".to_owned(), max_elements: None, options: None };
        let read = eventing::read_response(part("Header"), part("Body").unwrap(), &pull, |item| Ok(xml::outer(item)));
        prop_assert_eq!(read, Ok(response));
    }

    #[test]
    fn a_row_of_a_column_list_arrives_in_both_forms_without_a_class(properties in properties(), qualified in any::<bool>()) {
        let resource = Resource::new("root/cimv2", ALL_CLASSES);
        let form = if qualified { ElementForm::Qualified } else { ElementForm::Unqualified };
        let writer = ItemWriter { resource: resource.clone(), mode: Mode::Object, fragments: Some(form) };
        let row = Row { class: Name::new("Win32_Service"), path: None, properties };
        let item = writer.item(&row);
        let operation = Operation::Pull { resource, context: "uuid:1".to_owned(), max_elements: None };
        let body = write_body(&Response::Items(Batch { end: true, ..Batch::default() }), &operation, &[item]);
        let expected = Row { class: Name::new(""), path: None, properties: heard_properties(&row.properties) };
        prop_assert_eq!(read_back(&body, &operation), Response::Items(Batch { rows: vec![expected], context: None, end: true }));
    }

    #[test]
    fn what_xml_cannot_carry_is_read_as_the_replacement_character(header in header(), text in "[\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}a-z]{0,20}") {
        let path = ObjectPath::new("root/cimv2", "Odd").with("Name", "x");
        let row = Row { class: Name::new("Odd"), path: None, properties: cim::Properties::new().with("Text", Value::String(text.clone())) };
        let operation = Operation::Get(path);
        let body = write_body(&Response::Instance(row), &operation, &[]);
        let Response::Instance(read) = read_back(&body, &operation) else { panic!("no instance") };
        let seen = |instead: char| -> String { text.chars().map(|c| if c.is_ascii_lowercase() { c } else { instead }).collect() };
        prop_assert_eq!(read.properties.get::<String>("Text").unwrap(), seen('\u{fffd}'));
        // A client never sends such a reference: a host's parser may refuse it.
        let argument = cim::Argument::new("Text", Value::String(text.clone()));
        let path = ObjectPath::new("root/cimv2", "Odd").with("Name", "x");
        let sent = Operation::Invoke { path, method: "Do".into(), arguments: vec![argument] }.write(&header);
        let expected = format!("<p:Text>{}</p:Text>", seen('?'));
        prop_assert!(sent.contains(&expected) && xml::parse(&sent).is_ok(), "{}", sent);
    }

    /// Whatever the size that the client takes, all rows arrive once and in order, and no answer is larger.
    #[test]
    fn a_query_is_answered_in_as_many_messages_as_it_takes(names in vec(text(), 0..120), size in 8_192..40_000_u32) {
        let rows: Vec<Row> = names.iter().map(|name| Row {
            class: Name::new("Msvm_ComputerSystem"),
            path: None,
            properties: cim::Properties::new().with("ElementName", Value::String(name.clone())),
        }).collect();
        let request = Request::Query { namespace: "root/virtualization/v2".into(), select: wql::Select::all("Msvm_ComputerSystem") };
        let mut asked = 0;
        let (reply, lengths) = converse(&mut server(), request, &settings(size), &mut |_| {
            asked += 1;
            Ok(Reply::Rows(rows.clone()))
        });
        let Ok(Reply::Rows(got)) = reply else { panic!("{reply:?}") };
        let got: Vec<String> = got.iter().map(|row| row.properties.get("ElementName").unwrap()).collect();
        prop_assert_eq!(got, names);
        prop_assert_eq!(asked, 1);
        prop_assert!(lengths.iter().all(|length| *length <= usize::try_from(size).unwrap()), "{:?}", lengths);
    }

    #[test]
    fn a_get_and_an_invoke_arrive_behind_the_server_and_come_back(path in path(), method in identifier(), arguments in arguments(), answer in properties()) {
        let get = Request::Get { path: path.clone() };
        let row = Row { class: path.class.clone(), path: Some(path.clone()), properties: answer.clone() };
        let (reply, _) = converse(&mut server(), get.clone(), &settings(512_000), &mut |request| {
            assert_eq!(request, get);
            Ok(Reply::Instance(row.clone()))
        });
        let expected = Row { properties: heard_properties(&answer), ..row.clone() };
        prop_assert_eq!(reply, Ok(Reply::Instance(expected)));
        let invoke = Request::Invoke { path, method: Name::new(method), arguments: arguments.clone() };
        let (reply, _) = converse(&mut server(), invoke, &settings(512_000), &mut |request| {
            let Request::Invoke { arguments: got, .. } = request else { panic!("{request:?}") };
            let got: BTreeMap<Name, Value> = got.into_iter().map(|a| (a.name, a.value)).collect();
            assert_eq!(got, heard_arguments(&arguments));
            Ok(Reply::Output(Output { parameters: answer.clone() }))
        });
        prop_assert_eq!(reply, Ok(Reply::Output(Output { parameters: heard_properties(&answer) })));
    }
}

/// Each class of error behind the server, and what the client makes of the fault that it becomes.
#[test]
fn an_error_behind_the_server_keeps_its_class_and_words() {
    let path = service_path();
    for (kind, reached) in [
        (ErrorKind::Denied, Reached::No),
        (ErrorKind::NotThere, Reached::No),
        (ErrorKind::Busy, Reached::No),
        (ErrorKind::TimedOut, Reached::Perhaps),
        (ErrorKind::TooLarge, Reached::Perhaps),
        (ErrorKind::Unsupported, Reached::No),
        (ErrorKind::Refused, Reached::Yes),
    ] {
        let request = Request::Invoke { path: path.clone(), method: Name::new("Do"), arguments: Vec::new() };
        let (reply, _) = converse(&mut server(), request, &settings(512_000), &mut |_| {
            Err(CallError::new(kind, Reached::Yes, "it did <not> work"))
        });
        let error = reply.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, "it did <not> work"));
        assert_eq!(error.reached, reached, "{kind:?}");
    }
}

/// A name with a control character goes over the wire as a reference, as WinRM writes it, and arrives without harm.
#[test]
fn a_control_character_in_a_value_costs_that_character_alone() {
    let request = Request::Get { path: service_path() };
    let row = Row::new("Msvm_ReplicationService").with("ElementName", Value::String("a\u{1b}[31m\u{7}b\tc".to_owned()));
    let mut server = server();
    let mut call = Call::new(request);
    let message = call.message(&settings(512_000), "uuid:1");
    let reply = Ok(Reply::Instance(row));
    let answer = server.handle(Duration::ZERO, message.as_bytes(), None, &mut |_| reply.clone());
    assert!(answer.body.contains("a&#x1B;[31m&#x7;b&#9;c"), "{}", answer.body);
    let Ok(Progress::Done(Reply::Instance(row))) = call.take(&answer.body) else { panic!("no instance") };
    assert_eq!(row.get::<String>("ElementName").unwrap(), "a\u{fffd}[31m\u{fffd}b\tc");
}

/// Newer Windows tells a fault as an instance of WMI's error class: the same classes and words arrive.
#[test]
fn a_fault_in_the_shape_of_wmi_says_the_same() {
    for (status, kind) in [
        (2_150_859_012, ErrorKind::Denied),
        (0x8004_1002, ErrorKind::NotThere),
        (2_150_858_778, ErrorKind::NotThere),
        (2_150_859_174, ErrorKind::Busy),
        (2_150_858_793, ErrorKind::TimedOut),
        (0x8004_1001, ErrorKind::Busy),
        (0x8004_1008, ErrorKind::Refused),
    ] {
        let mut server = server();
        server.shape_faults(DetailShape::Wmi);
        let request = Request::Get { path: service_path() };
        let error =
            CallError { status: Some(status), ..CallError::new(ErrorKind::Refused, Reached::Yes, "it <fails>") };
        let mut call = Call::new(request);
        let message = call.message(&settings(512_000), "uuid:1");
        let answer = server.handle(Duration::ZERO, message.as_bytes(), None, &mut |_| Err(error.clone()));
        assert!(answer.body.contains("MSFT_WmiError") && !answer.body.contains("WSManFault"), "{}", answer.body);
        let error = call.take(&answer.body).unwrap_err();
        assert_eq!((error.kind, error.status, error.message.as_str()), (kind, Some(status), "it <fails>"));
    }
}

/// WMI has a number of its own for a class that is not there.
#[test]
fn a_class_that_is_not_there_is_an_invalid_class_in_the_shape_of_wmi() {
    let mut server = server();
    server.shape_faults(DetailShape::Wmi);
    let request = Request::Get { path: service_path() };
    let error = CallError::new(ErrorKind::NotThere, Reached::Yes, "no such class").with_status(2_150_858_752);
    let (reply, _) = converse(&mut server, request, &settings(512_000), &mut |_| Err(error.clone()));
    let error = reply.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(0x8004_1010)));
}

/// What a message asks for can be read without doing it, and it can be refused with an answer that relates to it.
#[test]
fn a_message_can_be_looked_at_and_refused_without_being_carried_out() {
    let invoke = Request::Invoke { path: service_path(), method: Name::new("Do"), arguments: Vec::new() };
    let query = Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("Win32_Service") };
    for (request, kind, path) in [
        (Request::Get { path: service_path() }, RequestKind::Get, Some(service_path())),
        (invoke, RequestKind::Invoke, Some(service_path())),
        (query, RequestKind::Enumerate, None),
    ] {
        let mut call = Call::new(request);
        let message = call.message(&settings(512_000), "uuid:1");
        let asked = asked(message.as_bytes(), None);
        assert_eq!((asked.kind, &asked.path), (kind, &path));
        let answer = server().refuse(&asked, &SoapFault::new(code::QUOTA, "too much"));
        assert_eq!((answer.status, answer.kind, answer.fault), (500, kind, true));
        assert!(answer.body.contains("<a:RelatesTo>uuid:1</a:RelatesTo>"), "{}", answer.body);
        assert_eq!(call.take(&answer.body).unwrap_err().kind, ErrorKind::Busy);
    }
    assert_eq!(asked(b"not XML", None).kind, RequestKind::Other);
}

/// A code of Windows, whatever it is, arrives as it was sent.
#[test]
fn the_status_of_a_refusal_is_passed_on() {
    for status in [5, 0x8004_1001, 0x8007_0005, 2_150_858_752, 2_150_859_174, 4_294_967_295] {
        let request = Request::Get { path: service_path() };
        let error = CallError { status: Some(status), ..CallError::new(ErrorKind::Refused, Reached::Yes, "no") };
        let (reply, _) = converse(&mut server(), request, &settings(512_000), &mut |_| Err(error.clone()));
        assert_eq!(reply.unwrap_err().status, Some(status));
    }
}

fn service_path() -> ObjectPath {
    ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms")
}

proptest! {
    /// A value alone, so that a failure shrinks to one.
    #[test]
    fn each_value_survives(value in strategy::value()) {
        let path = service_path();
        let properties = cim::Properties::new().with("V", value);
        let row = Row { class: path.class.clone(), path: None, properties: properties.clone() };
        let operation = Operation::Get(path);
        let body = write_body(&Response::Instance(row), &operation, &[]);
        let Response::Instance(read) = read_back(&body, &operation) else { panic!("no instance") };
        prop_assert_eq!(read.properties, heard_properties(&properties));
    }
}
