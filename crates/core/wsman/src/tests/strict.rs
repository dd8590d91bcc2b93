//! What the server insists on, rule by rule (DSP0226 section 5, MS-WSMV 2.2.3 and 3.1.4.1), and what it lets pass.

use std::time::Duration;

use cim::{Reply, Row};

use super::{answer_alone, server};
use crate::fault::{SoapFault, code};
use crate::namespace as ns;
use crate::server::{HttpResponse, RequestKind};
use crate::xml;

/// A request that is right in everything, written by hand.
const REQUEST: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:To>http://anything/wsman</a:To><w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action><w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize><a:MessageID>uuid:AbC</a:MessageID><w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/><w:OperationTimeout>PT60.000S</w:OperationTimeout></s:Header><s:Body><n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>10</w:MaxElements><w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">SELECT * FROM Win32_Service</w:Filter></n:Enumerate></s:Body></s:Envelope>"#;

/// The request with one thing changed.
fn with(old: &str, new: &str) -> String {
    assert_eq!(REQUEST.matches(old).count(), 1, "{old}");
    REQUEST.replace(old, new)
}

/// The request as a Get of one service.
fn get(selectors: &str) -> String {
    let (head, body) = REQUEST.split_once("<n:Enumerate>").unwrap();
    let (_, foot) = body.split_once("</n:Enumerate>").unwrap();
    let head = head
        .replace("/cimv2/*", "/cimv2/Win32_Service")
        .replace(
            "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate",
            "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
        )
        .replace("</s:Header>", &format!("<w:SelectorSet>{selectors}</w:SelectorSet></s:Header>"));
    format!("{head}{foot}")
}

fn fault_of(answer: &HttpResponse) -> SoapFault {
    assert_eq!(answer.status, 500, "{}", answer.body);
    assert!(answer.fault);
    let document = xml::parse(&answer.body).unwrap();
    SoapFault::read(xml::child(document.root_element(), ns::SOAP, "Body").unwrap()).unwrap()
}

#[track_caller]
fn refused(request: &str, code: u32, subcode: &str, detail: Option<&str>) {
    let fault = fault_of(&answer_alone(request));
    assert_eq!((fault.code, fault.subcode.as_str(), fault.detail.as_deref()), (Some(code), subcode, detail));
    assert!(!fault.reason.is_empty());
}

fn taken(request: &str) -> HttpResponse {
    let answer = server().handle(Duration::ZERO, request.as_bytes(), None, &mut |request| {
        Ok(match request {
            cim::Request::Get { path } => Reply::Instance(Row::new(path.class)),
            cim::Request::Query { .. } | cim::Request::Related { .. } => Reply::Rows(Vec::new()),
            cim::Request::Invoke { .. } => Reply::Output(cim::Output::default()),
        })
    });
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

#[test]
fn the_request_is_taken_as_it_stands() {
    assert_eq!(taken(REQUEST).kind, RequestKind::Enumerate);
    assert_eq!(taken(&get(r#"<w:Selector Name="Name">vmms</w:Selector>"#)).kind, RequestKind::Get);
}

#[test]
fn reply_to_must_be_there_and_anonymous() {
    let start = REQUEST.find("<a:ReplyTo>").unwrap();
    let end = REQUEST.find("</a:ReplyTo>").unwrap() + "</a:ReplyTo>".len();
    let without = format!("{}{}", &REQUEST[..start], &REQUEST[end..]);
    refused(&without, code::HEADER_REQUIRED, "MessageInformationHeaderRequired", None);
    let elsewhere = with("http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous", "http://elsewhere/");
    refused(&elsewhere, code::UNSUPPORTED_FEATURE, "UnsupportedFeature", Some("AddressingMode"));
}

#[test]
fn a_message_must_have_an_id_of_bearable_length() {
    let id = "<a:MessageID>uuid:AbC</a:MessageID>";
    let long = format!("<a:MessageID>{}</a:MessageID>", "x".repeat(2_049));
    for bad in ["", "<a:MessageID/>", "<a:MessageID>  </a:MessageID>", &long] {
        refused(&with(id, bad), code::INVALID_HEADER, "InvalidMessageInformationHeader", None);
    }
    taken(&with(id, &format!("<a:MessageID>{}</a:MessageID>", "x".repeat(2_048))));
}

#[test]
fn the_answer_relates_to_the_id_byte_for_byte() {
    for id in ["uuid:AbC", "urn:uuid:00-ff", "A &amp; b &lt;c&gt;", "  uuid:padded "] {
        let answer = taken(&with("uuid:AbC", id));
        assert!(answer.body.contains(&format!("<a:RelatesTo>{id}</a:RelatesTo>")), "{}", answer.body);
    }
}

#[test]
fn a_locale_cannot_be_insisted_on() {
    for tag in ["w:Locale", "p:DataLocale"] {
        let lax = format!(r#"<{tag} xml:lang="en-US" s:mustUnderstand="false"/>"#);
        let must = format!(r#"<{tag} xml:lang="en-US" s:mustUnderstand="true"/>"#);
        refused(&with(&lax, &must), code::LOCALE, "UnsupportedFeature", Some("Locale"));
        taken(&with(&lax, &format!(r#"<{tag} xml:lang="" s:mustUnderstand="false"/>"#)));
    }
}

#[test]
fn the_envelope_may_not_be_too_small_and_may_be_too_large() {
    refused(&with(">512000<", ">8191<"), code::ENVELOPE_SIZE, "EncodingLimit", None);
    refused(&with(">512000<", ">many<"), code::INVALID_HEADER, "InvalidMessageInformationHeader", None);
    taken(&with(">512000<", ">8192<"));
    taken(&with(">512000<", ">4294967295<"));
}

#[test]
fn a_time_out_must_be_a_duration() {
    for bad in ["PT-1S", "-PT1S", "60", "", "2026-01-01T00:00:00Z"] {
        refused(&with("PT60.000S", bad), code::INVALID_HEADER, "InvalidMessageInformationHeader", None);
    }
    for good in ["PT0.5S", "P1D", "PT1M30S"] {
        taken(&with("PT60.000S", good));
    }
}

#[test]
fn a_header_that_must_be_understood_and_is_not_is_refused() {
    let unknown = r#"<x:Odd xmlns:x="urn:x" s:mustUnderstand="true"/></s:Header>"#;
    refused(&with("</s:Header>", unknown), code::MUST_UNDERSTAND, "MustUnderstand", None);
    taken(&with("</s:Header>", r#"<x:Odd xmlns:x="urn:x"/></s:Header>"#));
    // A widely used client writes the attribute without SOAP's namespace.
    taken(&with("</s:Header>", r#"<x:Odd xmlns:x="urn:x" mustUnderstand="true"/></s:Header>"#));
    let options = r#"<w:OptionSet s:mustUnderstand="true"><w:Option Name="wmi:X" MustComply="true">v</w:Option></w:OptionSet></s:Header>"#;
    taken(&with("</s:Header>", options));
}

#[test]
fn headers_of_windows_own_clients_are_taken_and_ignored() {
    let more = concat!(
        r#"<p:SessionId s:mustUnderstand="true">uuid:1</p:SessionId><p:OperationID s:mustUnderstand="true">uuid:2"#,
        r#"</p:OperationID><p:SequenceId s:mustUnderstand="true">1</p:SequenceId>"#,
        r#"<p:ActivityId s:mustUnderstand="true">uuid:3</p:ActivityId></s:Header>"#
    );
    taken(&with("</s:Header>", more));
}

/// Windows has them for WMI; a client that insists on one must not get the whole instead.
#[test]
fn a_part_of_an_instance_is_refused_and_not_taken_for_the_whole() {
    for must in ["true", "false"] {
        let part = format!(r#"<w:FragmentTransfer s:mustUnderstand="{must}">State</w:FragmentTransfer></s:Header>"#);
        let request = get(r#"<w:Selector Name="Name">vmms</w:Selector>"#).replace("</s:Header>", &part);
        refused(&request, code::UNSUPPORTED_FEATURE, "UnsupportedFeature", Some("FragmentLevelAccess"));
    }
}

#[test]
fn an_action_must_be_known_and_go_with_the_resource() {
    let action = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
    for bad in ["http://schemas.xmlsoap.org/ws/2004/09/transfer/Chair", "urn:x", "http://other/root/cimv2/*/Do"] {
        refused(&with(action, bad), code::ACTION_NOT_SUPPORTED, "ActionNotSupported", None);
    }
    refused(&with(action, ""), code::HEADER_REQUIRED, "MessageInformationHeaderRequired", None);
}

#[test]
fn a_resource_must_be_one() {
    let uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*";
    for bad in [
        "",
        "urn:x",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/a b/C",
    ] {
        let detail = Some("InvalidResourceURI");
        refused(&with(uri, bad), code::INVALID_RESOURCE, "DestinationUnreachable", detail);
    }
    taken(&with(uri, "HTTP://SCHEMAS.MICROSOFT.COM/WBEM/WSMAN/1/WMI/ROOT/CIMV2/*"));
}

#[test]
fn a_query_must_be_wql_and_go_to_all_classes() {
    refused(&with("/cimv2/*", "/cimv2/Win32_Service"), code::QUERY_NEEDS_ALL_CLASSES, "CannotProcessFilter", None);
    refused(
        &with("http://schemas.microsoft.com/wbem/wsman/1/WQL", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        code::FILTER_DIALECT,
        "FilterDialectRequestedUnavailable",
        None,
    );
    refused(&with("SELECT *", "CHOOSE *"), code::CANNOT_PROCESS_FILTER, "CannotProcessFilter", None);
    let filter = REQUEST.find("<w:Filter").unwrap()..REQUEST.find("</n:Enumerate>").unwrap();
    let all = format!("{}{}", &REQUEST[..filter.start], &REQUEST[filter.end..]);
    refused(&all, code::CANNOT_PROCESS_FILTER, "CannotProcessFilter", None);
    taken(&REQUEST.replace("w:Filter", "n:Filter"));
}

#[test]
fn modes_and_numbers_must_be_such() {
    let mode = |text: &str| {
        with(
            "<w:OptimizeEnumeration/>",
            &format!("<w:EnumerationMode>{text}</w:EnumerationMode><w:OptimizeEnumeration/>"),
        )
    };
    refused(&mode("EnumerateEverything"), code::ENUMERATION_MODE, "UnsupportedFeature", None);
    refused(
        &mode("EnumerateEPR").replace("SELECT *", "SELECT Name"),
        code::ENUMERATION_MODE,
        "UnsupportedFeature",
        None,
    );
    for text in ["EnumerateObject", "EnumerateEPR", "EnumerateObjectAndEPR"] {
        taken(&mode(text));
    }
    for bad in ["0", "-1", "all", ""] {
        refused(&with(">10<", &format!(">{bad}<")), code::SCHEMA, "SchemaValidationError", None);
    }
}

#[test]
fn selectors_must_be_single_and_of_the_same_namespace() {
    let name = r#"<w:Selector Name="Name">vmms</w:Selector>"#;
    let twice = format!("{name}{}", name.replace("\"Name\"", "\"NAME\""));
    refused(&get(&twice), code::DUPLICATE_SELECTORS, "InvalidSelectors", Some("DuplicateSelectors"));
    refused(&get("<w:Selector>vmms</w:Selector>"), 2_150_858_813, "InvalidSelectors", Some("InvalidValue"));
    let other = format!(r#"{name}<w:Selector Name="__cimnamespace">root/other</w:Selector>"#);
    refused(&get(&other), code::NAMESPACE_MISMATCH, "InternalError", None);
    // References that Windows gave out carry it, in either spelling.
    for same in ["root/cimv2", "ROOT/CIMV2", r"root\cimv2"] {
        taken(&get(&format!(r#"{name}<w:Selector Name="__cimnamespace">{same}</w:Selector>"#)));
    }
}

#[test]
fn what_is_no_envelope_is_refused() {
    for text in ["", "hello", "<a>", "<!DOCTYPE x><s/>", "<a:b/>"] {
        let fault = fault_of(&answer_alone(text));
        assert_eq!(fault.code, Some(code::INVALID_XML), "{text}");
    }
    let old_soap =
        REQUEST.replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/");
    refused(&old_soap, code::SCHEMA, "SchemaValidationError", None);
    refused("<Envelope/>", code::SCHEMA, "SchemaValidationError", None);
    let start = REQUEST.find("<s:Header>").unwrap();
    let end = REQUEST.find("<s:Body>").unwrap();
    let headless = format!("{}{}", &REQUEST[..start], &REQUEST[end..]);
    refused(&headless, code::HEADER_REQUIRED, "MessageInformationHeaderRequired", None);
    let empty = REQUEST.replace("n:Enumerate>", "n:Enumerated>");
    refused(&empty, code::SCHEMA, "SchemaValidationError", None);
}

#[test]
fn an_instance_stands_in_the_namespace_that_was_asked_for_as_it_was_spelled() {
    let request =
        get(r#"<w:Selector Name="Name">vmms</w:Selector>"#).replace("/cimv2/Win32_Service", "/CIMv2/WIN32_service");
    let answer = server()
        .handle(Duration::ZERO, request.as_bytes(), None, &mut |_| Ok(Reply::Instance(Row::new("Win32_Service"))));
    let uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/CIMv2/WIN32_service";
    let expected = format!(r#"xmlns:p="{uri}" "#);
    assert!(answer.body.contains("<p:Win32_Service ") && answer.body.contains(&expected), "{}", answer.body);
}

#[test]
fn an_invokes_body_must_be_the_methods() {
    let uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service";
    let request = get(r#"<w:Selector Name="Name">vmms</w:Selector>"#)
        .replace("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", &format!("{uri}/StartService"));
    assert_eq!(taken(&request).kind, RequestKind::Invoke);
    let body = |name: &str| request.replace("<s:Body>", &format!(r#"<s:Body><p:{name} xmlns:p="{uri}"/>"#));
    taken(&body("StartService_INPUT"));
    taken(&body("startservice_input"));
    refused(&body("StopService_INPUT"), code::SCHEMA, "SchemaValidationError", None);
}

#[test]
fn identify_needs_no_header_and_is_answered_in_the_spelling_it_came_in() {
    for namespace in [ns::IDENTITY, ns::IDENTIFY] {
        let request = format!(
            r#"<s:Envelope xmlns:s="{}" xmlns:i="{namespace}"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"#,
            ns::SOAP
        );
        let answer = answer_alone(&request);
        assert_eq!((answer.status, answer.kind), (200, RequestKind::Identify));
        assert!(answer.body.contains(&format!(r#"xmlns:wsmid="{namespace}""#)), "{}", answer.body);
        assert!(answer.body.contains("OS: 10.0.20348 SP: 0.0 Stack: 3.0"));
        assert!(!answer.body.contains("SecurityProfiles"), "it knows of none: {}", answer.body);
    }
}

#[test]
fn only_who_has_logged_in_learns_by_which_ways_one_can() {
    let ways = ["http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/http/basic", "urn:another"].map(str::to_owned);
    let mut server = server().with_profiles(ways.to_vec());
    let request = crate::client::identify();
    let answer = server.handle(Duration::ZERO, request.as_bytes(), None, &mut |_| panic!("nothing is asked"));
    assert_eq!(crate::client::read_identity(&answer.body).unwrap().profiles, ways);
    let answer = server.handle_unknown(request.as_bytes(), None).unwrap();
    assert!(!answer.body.contains("secprofile"), "{}", answer.body);
}

#[test]
fn somebody_who_has_not_logged_in_is_told_who_is_there_and_nothing_else() {
    let request = crate::client::identify();
    let answer = server().handle_unknown(request.as_bytes(), None).unwrap();
    assert!(answer.body.contains("OS: 0.0.0 SP: 0.0"), "{}", answer.body);
    // A word that only looks like it does not help.
    let disguised = REQUEST.replace("</s:Header>", "<Identify/></s:Header>");
    for text in [REQUEST, &disguised, "Identify", "<Identify/>", ""] {
        assert_eq!(server().handle_unknown(text.as_bytes(), None), None, "{text}");
    }
}

#[test]
fn utf16_is_read_by_its_charset_or_its_mark_in_either_order_of_octets() {
    let little: Vec<u8> = REQUEST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = REQUEST.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = |mark: [u8; 2], text: &[u8]| [&mark, text].concat();
    for (bytes, charset) in [
        (little.clone(), Some("utf-16")),
        (little.clone(), Some("UTF-16LE")),
        (marked([0xFF, 0xFE], &little), Some("UTF-16")),
        (marked([0xFF, 0xFE], &little), None),
        (marked([0xFF, 0xFE], &little), Some("UTF-8")),
        (marked([0xFE, 0xFF], &big), Some("utf-16")),
    ] {
        let answer = server().handle(Duration::ZERO, &bytes, charset, &mut |_| Ok(Reply::Rows(Vec::new())));
        assert_eq!(answer.status, 200, "{charset:?}: {}", answer.body);
        let identify: Vec<u8> = crate::client::identify().encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(server().handle_unknown(&identify, Some("utf-16")).is_some());
    }
    let answer = server().handle(Duration::ZERO, &little, Some("UTF-8"), &mut |_| panic!("it is not read"));
    assert_eq!(fault_of(&answer).code, Some(code::INVALID_XML));
}
