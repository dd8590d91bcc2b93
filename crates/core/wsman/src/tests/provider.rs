//! What a service makes of what its provider says: WMI's own numbers, references, languages; and what may stand around a
//! message.

use std::time::Duration;

use cim::{Argument, CallError, ErrorKind, Key, Name, ObjectPath, Output, Reached, Reply, Request, Row, Value, wql};

use super::{converse, server, settings};
use crate::client::{Call, Progress};
use crate::fault::SoapFault;
use crate::namespace as ns;
use crate::server::{DetailShape, Server};
use crate::xml;

const V2: &str = "root/virtualization/v2";

fn get() -> Request {
    Request::Get { path: ObjectPath::new(V2, "Msvm_ConcreteJob").with("InstanceID", "A") }
}

fn query() -> Request {
    Request::Query { namespace: V2.into(), select: wql::Select::columns("Msvm_ComputerSystem", &["Nope"]) }
}

fn invoke() -> Request {
    let arguments = vec![Argument::new("RequestedState", Value::Uint16(3))];
    Request::Invoke { path: ObjectPath::new(V2, "Msvm_ComputerSystem"), method: "RequestStateChange".into(), arguments }
}

/// The fault for a request whose provider fails with one of WMI's numbers.
fn fault(shape: DetailShape, request: Request, status: u32) -> SoapFault {
    let mut server = server();
    server.shape_faults(shape);
    let message = Call::new(request).message(&settings(512_000), "uuid:1");
    let answer = server.handle(Duration::ZERO, message.as_bytes(), None, &mut |_| {
        Err(CallError::new(ErrorKind::NotThere, Reached::Yes, "why").with_status(status))
    });
    let document = xml::parse(&answer.body).unwrap();
    SoapFault::read(xml::child(document.root_element(), ns::SOAP, "Body").unwrap()).unwrap()
}

/// What clients that work against real hosts expect: an object that is not there is 0x80338000 in `WSManFault`, and
/// `HRESULT 0x80041002` in WMI's error instance. A query for an unknown class was recorded as 2150858778.
#[test]
fn wmis_numbers_become_winrms_in_its_own_faults_and_stay_in_wmis_error_instance() {
    for (request, status, code, subcode) in [
        (get(), 0x8004_1002, 2_150_858_752, "DestinationUnreachable"),
        (invoke(), 0x8004_1002, 2_150_858_752, "DestinationUnreachable"),
        (query(), 0x8004_1017, 2_150_858_778, "CannotProcessFilter"),
        (query(), 0x8004_1002, 2_150_858_752, "DestinationUnreachable"),
        (invoke(), 0x8004_102F, 0x8004_102F, "InternalError"),
        (invoke(), 2_150_858_836, 2_150_858_836, "InvalidParameter"),
        (invoke(), 2_150_858_837, 2_150_858_837, "InvalidParameter"),
    ] {
        let fault = fault(DetailShape::Wsman, request.clone(), status);
        assert_eq!((fault.code, fault.subcode.as_str()), (Some(code), subcode), "{request:?} {status:x}");
        let own = self::fault(DetailShape::Wmi, request, status);
        assert_eq!(own.code, Some(status), "WMI's error instance keeps its numbers");
    }
}

/// A path, and an association that refers to it.
fn association() -> (ObjectPath, Row) {
    let vm = ObjectPath::new(V2, "Msvm_ComputerSystem").with("Name", "A");
    let mut path = ObjectPath::new(V2, "Msvm_SettingsDefineState");
    path.keys.insert(Name::new("ManagedElement"), Key::Path(Box::new(vm.clone())));
    let mut row = Row::new("Msvm_SettingsDefineState").with("ManagedElement", Value::Reference(Box::new(vm.clone())));
    row.path = Some(path);
    (vm, row)
}

/// References of Hyper-V's associations come without the selector of the namespace; endpoint references of instances have
/// it, and so have the references that clients pass on.
#[test]
fn a_reference_in_an_instance_does_not_repeat_the_namespace() {
    const SELECTOR: &str = r#"<w:Selector Name="__cimnamespace">"#;
    let (vm, row) = association();
    let request = Request::Query { namespace: V2.into(), select: wql::Select::all("Msvm_SettingsDefineState") };
    let mut answers = String::new();
    let mut call = Call::new(request.clone());
    let message = call.message(&settings(512_000), "uuid:1");
    let rows = vec![row];
    let mut server = server();
    let answer = server.handle(Duration::ZERO, message.as_bytes(), None, &mut |_| Ok(Reply::Rows(rows.clone())));
    answers.push_str(&answer.body);
    assert_eq!(answers.matches(SELECTOR).count(), 0, "{answers}");
    let Progress::Done(Reply::Rows(read)) = call.take(&answers).unwrap() else { panic!("{answers}") };
    assert_eq!(read[0].properties.value("ManagedElement"), &Value::Reference(Box::new(vm.clone())));
    // As an endpoint reference of its own it has the selector, also within.
    let message = message.replace("<n:Enumerate>", "<n:Enumerate><w:EnumerationMode>EnumerateEPR</w:EnumerationMode>");
    let answer = server.handle(Duration::ZERO, message.as_bytes(), None, &mut |_| Ok(Reply::Rows(rows.clone())));
    assert_eq!(answer.body.matches(SELECTOR).count(), 2, "{}", answer.body);
    // And so has what a client hands to a method, one or several.
    let reference = Value::Reference(Box::new(vm));
    let several = Value::List(vec![reference.clone(), reference.clone()]);
    let arguments = vec![Argument::new("One", reference), Argument::new("Several", several)];
    let invoke = Request::Invoke { path: ObjectPath::new(V2, "C"), method: "M".into(), arguments: arguments.clone() };
    let message = Call::new(invoke.clone()).message(&settings(512_000), "uuid:1");
    assert_eq!(message.matches(SELECTOR).count(), 3, "{message}");
    let (reply, _) = converse(&mut server, invoke, &settings(512_000), &mut |request| {
        let Request::Invoke { arguments: got, .. } = request else { panic!("{request:?}") };
        assert_eq!(got, arguments);
        Ok(Reply::Output(Output::default()))
    });
    assert!(reply.is_ok());
}

#[test]
fn a_localized_host_says_its_language_on_every_envelope() {
    let mut localized = Server::new("hv01", "OS: 10.0.20348 SP: 0.0 Stack: 3.0").with_language("ja-JP");
    let mut ask = |request: Request| match request {
        Request::Get { .. } => Ok(Reply::Instance(Row::new("C").with("A", Value::String("xml:lang=\"en-US\"".into())))),
        Request::Query { .. } | Request::Related { .. } | Request::Invoke { .. } => {
            Err(CallError::new(ErrorKind::Refused, Reached::Yes, "壊れています"))
        }
    };
    let identify = crate::client::identify();
    let requests = [get(), invoke()].map(|request| Call::new(request).message(&settings(512_000), "uuid:1"));
    for (message, count) in requests.iter().chain([&identify]).zip([1, 2, 1]) {
        let body = localized.handle(Duration::ZERO, message.as_bytes(), None, &mut ask).body;
        assert_eq!(body.matches(r#"xml:lang="ja-JP""#).count(), count, "{body}");
        assert_eq!(body.matches(r#"xml:lang="en-US""#).count(), 0, "{body}");
    }
    let (reply, _) = converse(&mut localized, get(), &settings(512_000), &mut ask);
    let Ok(Reply::Instance(row)) = reply else { panic!("{reply:?}") };
    assert_eq!(row.get::<String>("A").unwrap(), "xml:lang=\"en-US\"", "values stay as they are");
    let (reply, _) = converse(&mut localized, invoke(), &settings(512_000), &mut ask);
    assert_eq!(reply.unwrap_err().message, "壊れています");
}

/// XML 1.0, production 22 (prolog) and 27 (Misc).
#[test]
fn comments_and_instructions_around_and_within_a_message_are_no_part_of_it() {
    let around = |text: &str| {
        let text = text.replacen("<s:Body>", "<!-- <s:Body> --><s:Body><!-- x -->", 1).replacen(
            "</s:Body>",
            "<!-- y --></s:Body>",
            1,
        );
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a <tag> -->\n<?pi x?>{text}\n<!-- b -->\n<?pi y?>\n")
    };
    let mut server = server();
    let found = Row::new("Msvm_ConcreteJob").with("InstanceID", Value::String("A".into()));
    let mut call = Call::new(get());
    let message = around(&call.message(&settings(512_000), "uuid:1"));
    assert_eq!(
        crate::server::asked(message.as_bytes(), None).path,
        Some(ObjectPath::new(V2, "Msvm_ConcreteJob").with("InstanceID", "A"))
    );
    let answer = server.handle(Duration::ZERO, message.as_bytes(), None, &mut |_| Ok(Reply::Instance(found.clone())));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let Progress::Done(Reply::Instance(row)) = call.take(&around(&answer.body)).unwrap() else {
        panic!("{}", answer.body)
    };
    assert_eq!(row.get::<String>("InstanceID").unwrap(), "A");
    let identify = around(&crate::client::identify());
    assert_eq!(server.handle(Duration::ZERO, identify.as_bytes(), None, &mut |_| panic!()).status, 200);
    assert!(server.handle_unknown(identify.as_bytes(), None).is_some());
    // Within a value, too, it is no part of it.
    let split = answer.body.replace(">A<", "><!-- - -->A<!-- - --><");
    let mut call = Call::new(get());
    let _message = call.message(&settings(512_000), "uuid:1");
    let Progress::Done(Reply::Instance(row)) = call.take(&split).unwrap() else { panic!("{split}") };
    assert_eq!(row.get::<String>("InstanceID").unwrap(), "A");
}
