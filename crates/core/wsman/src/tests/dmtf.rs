//! Class URIs of DMTF's schema, whose namespace stands in a selector (MS-WSMV 3.1.4.1.1, DSP0227 6.3).

use std::fmt::Write as _;
use std::time::Duration;

use cim::{ObjectPath, Output, Properties, Reply, Request, Row, Value};

use super::server;
use crate::fault::code;
use crate::message::read_response;
use crate::message::{Operation, Response};
use crate::namespace as ns;
use crate::server::{HttpResponse, RequestKind, Server};
use crate::xml;

const SCHEMA: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/";
const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/";
const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/";
const NAME: (&str, &str) = ("Name", "vmms");

fn request(uri: &str, action: &str, selectors: &[(&str, &str)], body: &str) -> String {
    let mut set = String::new();
    for (name, value) in selectors {
        let _infallible = write!(set, r#"<w:Selector Name="{name}">{value}</w:Selector>"#);
    }
    format!(
        "<s:Envelope{}><s:Header><w:ResourceURI>{uri}</w:ResourceURI><a:ReplyTo><a:Address>{}</a:Address></a:ReplyTo>\
         <a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID><w:SelectorSet>{set}</w:SelectorSet></s:Header>\
         <s:Body>{body}</s:Body></s:Envelope>",
        ns::DECLARATIONS,
        ns::ANONYMOUS
    )
}

/// A service that refers to another object.
fn vmms() -> Row {
    let path = ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms");
    let other = ObjectPath::new("root/cimv2", "Win32_ComputerSystem").with("Name", "hv01");
    let properties = [("Name", Value::String("vmms".to_owned())), ("Host", Value::Reference(Box::new(other)))];
    let properties: Properties = properties.into_iter().map(|(name, value)| (cim::Name::new(name), value)).collect();
    Row { class: cim::Name::new("Win32_Service"), path: Some(path), properties }
}

fn reply(request: &Request) -> Reply {
    match request {
        Request::Get { .. } => Reply::Instance(vmms()),
        Request::Query { .. } | Request::Related { .. } => Reply::Rows(vec![vmms(), vmms()]),
        Request::Invoke { .. } => Reply::Output(Output { parameters: vmms().properties }),
    }
}

/// What is asked for one message, and its answer.
fn asked(server: &mut Server, text: &str) -> (Option<Request>, HttpResponse) {
    let mut seen = None;
    let answer = server.handle(Duration::ZERO, text.as_bytes(), None, &mut |request| {
        let reply = reply(&request);
        seen = Some(request);
        Ok(reply)
    });
    (seen, answer)
}

#[track_caller]
fn refused(text: &str, code: u32) {
    let (seen, answer) = asked(&mut server(), text);
    assert!(answer.fault && seen.is_none() && answer.body.contains(&format!("Code=\"{code}\"")), "{}", answer.body);
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

#[test]
fn the_namespace_is_the_selectors_and_the_answer_has_the_uri_of_the_request() {
    let get = format!("{TRANSFER}Get");
    let prefix = SCHEMA.replace("http://schemas", "HTTP://Schemas");
    for (prefix, selector, namespace) in [
        (SCHEMA, Some("root/cimv2"), "root/cimv2"),
        (&prefix, Some(r"ROOT\CIMV2\"), "root/cimv2"),
        (SCHEMA, Some("root/virtualization/v2"), "root/virtualization/v2"),
        (SCHEMA, None, "root/hardware"),
    ] {
        let selectors: Vec<_> = selector.map(|value| ("__CIMnamespace", value)).into_iter().chain([NAME]).collect();
        let text = request(&format!("{prefix}WIN32_service"), &get, &selectors, "");
        let (seen, answer) = asked(&mut server(), &text);
        let path = ObjectPath::new(namespace, "Win32_Service").with("Name", "vmms");
        assert_eq!(seen, Some(Request::Get { path: path.clone() }), "{selector:?}");
        assert_eq!(crate::server::asked(text.as_bytes(), None).path, Some(path));
        let own = format!(r#"<p:Win32_Service xmlns:xsi="{}" xmlns:p="{SCHEMA}WIN32_service""#, ns::XSI);
        assert!(answer.status == 200 && answer.body.contains(&own), "{selector:?}: {}", answer.body);
    }
}

/// Windows adds the selector to the references that it returns if it was asked by such a URI (MS-WSMV, note 45).
#[test]
fn references_in_an_answer_are_of_the_same_kind_and_read_back() {
    let text = request(
        &format!("{SCHEMA}Win32_Service"),
        &format!("{TRANSFER}Get"),
        &[("__cimnamespace", "root/cimv2"), NAME],
        "",
    );
    let (_, answer) = asked(&mut server(), &text);
    let host = between(&answer.body, "<p:Host>", "</p:Host>");
    assert!(host.contains(&format!("<w:ResourceURI>{SCHEMA}Win32_ComputerSystem</w:ResourceURI>")), "{host}");
    assert!(host.contains(r#"<w:Selector Name="__cimnamespace">root/cimv2</w:Selector>"#), "{host}");
    let document = xml::parse(&answer.body).unwrap();
    let body = xml::child(document.root_element(), ns::SOAP, "Body").unwrap();
    let path = ObjectPath::new("root/cimv2", "Win32_Service");
    let Ok(Response::Instance(row)) = read_response(body, &Operation::Get(path)) else { panic!("{}", answer.body) };
    assert_eq!(row.properties.value("Host"), vmms().properties.value("Host"));
}

#[test]
fn a_class_is_enumerated_and_pulled_with_and_without_the_selector() {
    let uri = format!("{SCHEMA}Win32_Service");
    let selector = ("__cimnamespace", "root/cimv2");
    let mode = |mode: &str| format!("<n:Enumerate><w:EnumerationMode>{mode}</w:EnumerationMode></n:Enumerate>");
    let epr = format!("<a:ReferenceParameters><w:ResourceURI>{uri}</w:ResourceURI>");
    for (mode_of, has_object, has_epr) in
        [("EnumerateObject", true, false), ("EnumerateEPR", false, true), ("EnumerateObjectAndEPR", true, true)]
    {
        for pull_selectors in [&[selector][..], &[]] {
            let mut server = server();
            let text = request(&uri, &format!("{ENUMERATION}Enumerate"), &[selector], &mode(mode_of));
            let (seen, answer) = asked(&mut server, &text);
            assert!(matches!(&seen, Some(Request::Query { namespace, .. }) if *namespace == "root/cimv2"), "{seen:?}");
            let context = between(&answer.body, "<n:EnumerationContext>", "<");
            let body = format!("<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>");
            let (_, answer) = asked(&mut server, &request(&uri, &format!("{ENUMERATION}Pull"), pull_selectors, &body));
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(answer.body.contains(&format!(r#"xmlns:p="{uri}""#)), has_object, "{}", answer.body);
            assert_eq!(answer.body.contains(&epr), has_epr, "{}", answer.body);
            let context = between(&answer.body, "<n:EnumerationContext>", "<");
            let body = format!("<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>");
            let other = request(&uri, &format!("{ENUMERATION}Pull"), &[("__cimnamespace", "root/default")], &body);
            let (_, answer) = asked(&mut server, &other);
            assert!(answer.body.contains("Code=\"2150859181\""), "{}", answer.body);
        }
    }
}

#[test]
fn all_classes_are_asked_by_a_query_under_either_of_their_names() {
    for all in [format!("{SCHEMA}*"), "http://schemas.dmtf.org/wbem/wscim/1/*".to_owned()] {
        let filter = format!(
            r#"<n:Enumerate><w:OptimizeEnumeration/><w:Filter Dialect="{}">SELECT * FROM Win32_Service</w:Filter></n:Enumerate>"#,
            ns::WQL
        );
        let text = request(&all, &format!("{ENUMERATION}Enumerate"), &[("__cimnamespace", "root/cimv2")], &filter);
        let (seen, answer) = asked(&mut server(), &text);
        assert!(matches!(&seen, Some(Request::Query { namespace, .. }) if *namespace == "root/cimv2"), "{seen:?}");
        assert!(answer.body.contains(&format!(r#"xmlns:p="{SCHEMA}Win32_Service""#)), "{}", answer.body);
    }
}

#[test]
fn a_method_is_called_by_the_uri_of_its_class_and_answers_with_it() {
    let uri = format!("{SCHEMA}Win32_Service");
    let action = format!("{uri}/StopService");
    let body = format!(r#"<p:StopService_INPUT xmlns:p="{uri}"/>"#);
    let text = request(&uri, &action, &[("__cimnamespace", "root/cimv2"), NAME], &body);
    let (seen, answer) = asked(&mut server(), &text);
    let path = ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms");
    assert!(
        matches!(&seen, Some(Request::Invoke { path: own, method, .. }) if *own == path && *method == "StopService")
    );
    assert_eq!((answer.status, answer.kind), (200, RequestKind::Invoke));
    assert!(answer.body.contains(&format!("<a:Action>{action}Response</a:Action>")), "{}", answer.body);
    let output = between(&answer.body, "<p:StopService_OUTPUT", ">");
    assert!(output.contains(&format!(r#"xmlns:p="{uri}""#)), "{output}");
    assert!(answer.body.contains(&format!("<w:ResourceURI>{SCHEMA}Win32_ComputerSystem<")), "{}", answer.body);
    // What cannot be read is still counted as a call.
    let broken = request(&uri, &action, &[NAME, NAME], &body);
    assert_eq!(asked(&mut server(), &broken).1.kind, RequestKind::Invoke);
}

#[test]
fn what_only_looks_like_such_a_uri_is_refused() {
    let get = format!("{TRANSFER}Get");
    for class in ["", "root/cimv2/Win32_Service", "Win32-Service", "Win32_Service/"] {
        refused(&request(&format!("{SCHEMA}{class}"), &get, &[NAME], ""), code::INVALID_RESOURCE);
    }
    for uri in [
        "http://schemas.dmtf.org/wbem/wscim/1/Win32_Service",
        "http://schemas.dmtf.org/wbem/wscim/2/cim-schema/2/Win32_Service",
    ] {
        refused(&request(uri, &get, &[NAME], ""), code::INVALID_RESOURCE);
    }
}

/// MS-WSMV 3.1.4.1.1, note 46.
#[test]
fn a_uri_of_wmi_must_not_contradict_the_selector_in_any_operation() {
    let uri = format!("{WMI}root/cimv2/Win32_Service");
    let other = ("__cimnamespace", "root/default");
    let invoke = format!("{uri}/StopService");
    for (action, body) in [
        (format!("{TRANSFER}Get"), ""),
        (format!("{ENUMERATION}Enumerate"), "<n:Enumerate/>"),
        (invoke, r#"<StopService_INPUT xmlns="urn:x"/>"#),
    ] {
        refused(&request(&uri, &action, &[other, NAME], body), code::NAMESPACE_MISMATCH);
        let same = request(&uri, &action, &[("__cimnamespace", r"ROOT\cimv2"), NAME], body);
        assert_eq!(asked(&mut server(), &same).1.status, 200, "{action}");
    }
}
