//! The prefixes of answers: a widely used client reads answers by them, to the letter, and others look where they are
//! declared. They are Windows', and each is declared on the envelope or on the first element of the body.

use std::collections::BTreeMap;
use std::time::Duration;

use cim::{Argument, CallError, ErrorKind, ObjectPath, Output, Properties, Reached, Reply, Request, Row, Value, wql};

use super::{server, settings};
use crate::client::{self, Call};
use crate::eventing::{EventingResponse, response_body};
use crate::fault::{SoapFault, code};
use crate::message::{Enumerate, Filter, Mode, Operation, write_envelope_with};
use crate::namespace as ns;
use crate::resource::{ALL_CLASSES, Resource};
use crate::server::DetailShape;

/// What each prefix stands for. `p` is Microsoft's own namespace on the envelope and a class's within.
const KNOWN: [(&str, &str); 12] = [
    ("s", ns::SOAP),
    ("a", ns::ADDRESSING),
    ("n", ns::ENUMERATION),
    ("w", ns::WSMAN),
    ("e", ns::EVENTING),
    ("x", "http://schemas.xmlsoap.org/ws/2004/09/transfer"),
    ("f", ns::FAULT),
    ("b", ns::CIM_BINDING),
    ("cim", ns::CIM),
    ("xsi", ns::XSI),
    ("wsmid", ns::IDENTITY),
    ("xml", "http://www.w3.org/XML/1998/namespace"),
];

fn service() -> ObjectPath {
    ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms")
}

fn row() -> Row {
    let inner = Row { class: "Win32_Inner".into(), path: None, properties: Properties::new().with("Name", Value::Nil) };
    let moment = cim::DateTime::Timestamp(cim::CimTimestamp::from_unix_us(0));
    let properties = Properties::new()
        .with("Inner", Value::Object(Box::new(inner)))
        .with("Nothing", Value::Nil)
        .with("When", Value::DateTime(moment))
        .with("Where", Value::Reference(Box::new(service())));
    Row { class: "Win32_Service".into(), path: Some(service()), properties }
}

fn reply(request: &Request) -> Reply {
    match request {
        Request::Get { .. } => Reply::Instance(row()),
        Request::Query { .. } | Request::Related { .. } => Reply::Rows(vec![row(), row()]),
        Request::Invoke { .. } => Reply::Output(Output { parameters: row().properties }),
    }
}

/// An answer of each kind.
fn answers() -> Vec<(String, String)> {
    let settings = settings(512_000);
    let mut server = server().with_profiles(vec!["urn:profile".to_owned()]);
    let mut all = Vec::new();
    let mut ask = |what: &str, request: &str| {
        let answer = server.handle(Duration::ZERO, request.as_bytes(), None, &mut |request| Ok(reply(&request)));
        assert!(!answer.fault, "{what}: {}", answer.body);
        all.push((what.to_owned(), answer.body.clone()));
        answer.body
    };
    ask("Identify", &client::identify());
    let select = wql::Select::columns("Win32_Service", &["Name"]);
    let invoke = Request::Invoke {
        path: service(),
        method: "Stop".into(),
        arguments: vec![Argument::new("X", Value::Boolean(true))],
    };
    for request in [Request::Get { path: service() }, Request::Query { namespace: "root/cimv2".into(), select }, invoke]
    {
        ask(&format!("{request:?}"), &Call::new(request).message(&settings, "uuid:1"));
    }
    let resource = Resource::new("root/cimv2", ALL_CLASSES);
    for mode in [Mode::Object, Mode::Reference, Mode::ObjectAndReference] {
        let enumerate = Operation::Enumerate(Enumerate {
            resource: resource.clone(),
            filter: Some(Filter::Wql("SELECT * FROM Win32_Service".to_owned())),
            mode,
            optimize: true,
            max_elements: None,
        });
        let header = client::header(&settings, "uuid:1");
        let begun = ask(&format!("Enumerate {mode:?}"), &enumerate.write(&header));
        let context = begun.split_once("<n:EnumerationContext>").unwrap().1.split_once('<').unwrap().0.to_owned();
        let pull = Operation::Pull { resource: resource.clone(), context, max_elements: None };
        ask(&format!("Pull {mode:?}"), &pull.write(&header));
    }
    all.extend(faults());
    let bookmark = crate::eventing::bookmark_header(&cim::event::Bookmark::new("<BookmarkList/>"));
    let opened = EventingResponse::Subscribed {
        identifier: "1".to_owned(),
        context: "c".to_owned(),
        expires: None,
        resource: "urn:r".to_owned(),
    };
    let events = vec![r#"<Event xmlns="urn:event"><System/></Event>"#.to_owned()];
    for response in [
        opened,
        EventingResponse::Events { events, dropped: 1, context: Some("c".to_owned()), bookmark: None },
        EventingResponse::Unsubscribed,
    ] {
        let answer = write_envelope_with(&bookmark, "urn:x", "uuid:2", Some("uuid:1"), &response_body(&response));
        all.push((format!("{response:?}"), answer));
    }
    all
}

/// One of each family of subcodes, in both shapes of detail.
fn faults() -> Vec<(String, String)> {
    let get = Call::new(Request::Get { path: service() }).message(&settings(512_000), "uuid:1");
    let mut all = Vec::new();
    for shape in [DetailShape::Wsman, DetailShape::Wmi] {
        for code in
            [code::NOT_FOUND, code::CANNOT_PROCESS_FILTER, code::DELIVERY_MODE, code::QUOTA, code::MUST_UNDERSTAND]
        {
            let mut server = server();
            server.shape_faults(shape);
            let answer = server.handle(Duration::ZERO, get.as_bytes(), None, &mut |_| {
                Err(CallError::new(ErrorKind::Refused, Reached::Yes, "no").with_status(code))
            });
            assert!(answer.fault);
            all.push((format!("fault {code} {shape:?}"), answer.body));
        }
    }
    all
}

/// The declarations of one tag.
fn declared(tag: &str) -> BTreeMap<String, String> {
    let parts = tag.split("xmlns:").skip(1);
    let one = |part: &str| {
        let (prefix, rest) = part.split_once("=\"")?;
        Some((prefix.to_owned(), rest.split_once('"')?.0.to_owned()))
    };
    parts.filter_map(one).collect()
}

/// The prefixes of a tag's name and of its attributes' names.
fn used(tag: &str) -> Vec<&str> {
    let tag = tag.split('>').next().unwrap_or(tag);
    let parts = tag.split(' ').filter(|part| !part.starts_with("xmlns"));
    parts.filter_map(|part| Some(part.split(['=', '/']).next()?.split_once(':')?.0)).collect()
}

#[test]
fn answers_have_windows_prefixes_and_declare_them_where_clients_look() {
    for (what, text) in answers() {
        let tags: Vec<&str> = text.split('<').skip(1).filter(|tag| !tag.starts_with('/')).collect();
        let body = tags.iter().position(|tag| tag.starts_with("s:Body")).unwrap();
        let outer = declared(tags[0]);
        let first = tags.get(body + 1).map(|tag| declared(tag)).unwrap_or_default();
        assert_eq!(outer.get("s").map(String::as_str), Some(ns::SOAP), "{what}");
        for (place, tag) in tags.iter().enumerate() {
            for prefix in used(tag) {
                let own = declared(tag);
                let found =
                    own.get(prefix).or_else(|| first.get(prefix).filter(|_| place > body)).or(outer.get(prefix));
                // Items and details declare for themselves what is within.
                let nested = ["p", "p1", "f", "cim", "xsi", "xml"].contains(&prefix);
                assert!(found.is_some() || nested, "{what}: {prefix} in <{tag}");
                let Some(found) = found else { continue };
                let known = KNOWN.iter().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace);
                match known {
                    Some(namespace) => assert_eq!(found, namespace, "{what}: {prefix}"),
                    None => assert!(["p", "p1"].contains(&prefix), "{what}: an unknown prefix {prefix}"),
                }
            }
        }
        // The text of a subcode has a prefix too.
        if let Some((_, rest)) = text.split_once("<s:Subcode><s:Value>") {
            let prefix = rest.split(':').next().unwrap();
            assert!(outer.contains_key(prefix), "{what}: the subcode's {prefix} is not declared on the envelope");
        }
    }
}

/// A client reads these by their names to the letter.
#[test]
fn what_a_method_answers_is_found_by_its_names_to_the_letter() {
    let all = answers();
    let text = |start: &str| &all.iter().find(|(what, _)| what.starts_with(start)).unwrap().1;
    for part in ["<s:Envelope ", "<s:Body><p:Stop_OUTPUT ", "<p:Where><a:Address>", "<w:Selector Name=\"Name\">"] {
        assert!(text("Invoke").contains(part), "{part}");
    }
    for part in ["<n:EnumerateResponse><n:EnumerationContext>", "<w:Items><w:XmlFragment "] {
        assert!(text("Query").contains(part), "{part}");
    }
    for part in ["<w:Items><w:Item><p:Win32_Service ", "</p:Win32_Service><a:EndpointReference><a:Address>"] {
        assert!(text("Enumerate ObjectAndReference").contains(part), "{part}");
    }
    assert!(text("Pull Reference").contains("<n:Items><a:EndpointReference><a:Address>"));
}

/// DSP0226 section 14: who is to blame, by what name, and with which action the answer comes.
#[test]
fn each_fault_has_its_subcode_its_blame_and_its_action() {
    const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";
    const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault";
    const EVENTING: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing/fault";
    const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
    for (code, blame, subcode, action) in [
        (2_150_858_752, "Sender", "a:DestinationUnreachable", ADDRESSING),
        (2_150_858_755, "Receiver", "w:InternalError", WSMAN),
        (2_150_858_758, "Sender", "w:Concurrency", WSMAN),
        (2_150_858_762, "Receiver", "n:InvalidEnumerationContext", ENUMERATION),
        (2_150_858_767, "Sender", "a:InvalidMessageInformationHeader", ADDRESSING),
        (2_150_858_768, "Sender", "s:MustUnderstand", WSMAN),
        (2_150_858_769, "Sender", "a:MessageInformationHeaderRequired", ADDRESSING),
        (2_150_858_771, "Sender", "a:ActionNotSupported", ADDRESSING),
        (2_150_858_777, "Sender", "n:FilterDialectRequestedUnavailable", ENUMERATION),
        (2_150_858_778, "Sender", "n:CannotProcessFilter", ENUMERATION),
        (2_150_858_779, "Receiver", "n:InvalidEnumerationContext", ENUMERATION),
        (2_150_858_782, "Sender", "e:DeliveryModeRequestedUnavailable", EVENTING),
        (2_150_858_786, "Sender", "e:FilteringRequestedUnavailable", EVENTING),
        (2_150_858_793, "Receiver", "w:TimedOut", WSMAN),
        (2_150_858_805, "Sender", "w:EncodingLimit", WSMAN),
        (2_150_858_811, "Sender", "a:DestinationUnreachable", ADDRESSING),
        (2_150_858_817, "Sender", "w:SchemaValidationError", WSMAN),
        (2_150_858_818, "Sender", "w:UnsupportedFeature", WSMAN),
        (2_150_858_832, "Sender", "w:InvalidBookmark", WSMAN),
        (2_150_858_842, "Sender", "w:InvalidSelectors", WSMAN),
        (2_150_858_887, "Sender", "w:UnsupportedFeature", WSMAN),
        (2_150_859_012, "Sender", "w:AccessDenied", WSMAN),
        (2_150_859_067, "Receiver", "w:InternalError", WSMAN),
        (2_150_859_174, "Sender", "w:QuotaLimit", WSMAN),
    ] {
        let fault = SoapFault::new(code, "no");
        assert_eq!(fault.action(), action, "{code}");
        for written in [fault.write("hv01"), fault.write_as_wmi()] {
            let head = format!("<s:Value>s:{blame}</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode>");
            assert!(written.contains(&head), "{code}: {written}");
        }
        assert!(fault.write("hv01").contains(&format!(r#"Code="{code}" Machine="hv01""#)));
    }
}
