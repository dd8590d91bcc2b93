//! What is wrong on purpose or by accident: the client and the server answer it with an error, in bounded time.

use std::time::Duration;

use cim::event::{EventCondition, EventQuery, EventSelect};
use cim::{CallError, ErrorKind, Name, ObjectPath, Output, Reply, Request, Row, Value, wql};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{server, settings};
use crate::client::{self, Call, Progress};
use crate::eventing::{self, Listener};
use crate::message::{Batch, Enumerate, Mode, Operation, Response, write_body, write_envelope};
use crate::resource::{ALL_CLASSES, Resource};
use crate::xml;

const NAMESPACE: &str = "root/cimv2";

fn path() -> ObjectPath {
    ObjectPath::new(NAMESPACE, "Win32_Service").with("Name", "vmms")
}

fn requests() -> Vec<Request> {
    vec![
        Request::Get { path: path() },
        Request::Query { namespace: NAMESPACE.into(), select: wql::Select::all("Win32_Service") },
        Request::Related {
            related: wql::Related::instances_of(path(), "Win32_Service").over("Win32_DependentService"),
        },
        Request::Invoke { path: path(), method: Name::new("Stop"), arguments: Vec::new() },
    ]
}

fn reply(request: &Request) -> Reply {
    let properties = cim::Properties::new()
        .with("Name", Value::String("vmms".to_owned()))
        .with("ReturnValue", Value::Uint32(0))
        .with("Where", Value::Reference(Box::new(path())));
    let row = Row { class: Name::new("Win32_Service"), path: None, properties };
    match request {
        Request::Get { .. } => Reply::Instance(row),
        Request::Query { .. } | Request::Related { .. } => Reply::Rows(vec![row.clone(), row]),
        Request::Invoke { .. } => Reply::Output(Output { parameters: row.properties }),
    }
}

/// One way to spoil bytes.
#[derive(Clone, Debug)]
enum Spoil {
    Set(Index, u8),
    Cut(Index, Index),
    Twice(Index, Index),
    Put(Index, &'static str),
}

/// What stands where it should not.
const MARKUP: [&str; 13] = [
    "<",
    "/>",
    "<![CDATA[",
    "&amp;",
    "&#0;",
    "<a:EndpointReference/>",
    "<a:EndpointReference>",
    "<w:Item/>",
    "<w:Item><w:Item/></w:Item>",
    "<n:EndOfSequence/>",
    " xsi:nil=\"true\"",
    "99999999999999999999",
    "\u{202e}",
];

fn spoil() -> impl Strategy<Value = Spoil> {
    let markup = || proptest::sample::select(&MARKUP[..]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Spoil::Set(at, byte)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Spoil::Cut(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Spoil::Twice(from, to)),
        (any::<Index>(), markup()).prop_map(|(at, text)| Spoil::Put(at, text)),
    ]
}

fn spoilt(text: &str, how: &[Spoil]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for spoil in how {
        let length = bytes.len().max(1);
        let range = |from: &Index, to: &Index| {
            let (a, b) = (from.index(length), to.index(length));
            a.min(b)..a.max(b).min(bytes.len())
        };
        match spoil {
            Spoil::Set(at, byte) => {
                let at = at.index(length);
                bytes.splice(at..(at + 1).min(bytes.len()), [*byte]);
            }
            Spoil::Cut(from, to) => drop(bytes.drain(range(from, to))),
            Spoil::Twice(from, to) => {
                let part = bytes[range(from, to)].to_vec();
                let at = to.index(length).min(bytes.len());
                bytes.splice(at..at, part);
            }
            Spoil::Put(at, text) => {
                let at = at.index(length);
                bytes.splice(at..at, text.bytes());
            }
        }
    }
    bytes
}

/// Whatever the bytes, the server answers with an envelope, and only a fault has an error status.
fn served(bytes: &[u8], charset: Option<&str>) -> bool {
    let answer = server().handle(Duration::ZERO, bytes, charset, &mut |request| Ok(reply(&request)));
    assert!(xml::parse(&answer.body).is_ok(), "{}", answer.body);
    assert_eq!(answer.fault, answer.status == 500);
    !answer.fault
}

/// Whatever the text, the client ends with a reply, an error or the wish for more.
fn taken(request: Request, text: &str) -> Result<Progress, CallError> {
    let mut call = Call::new(request);
    call.message(&settings(512_000), "uuid:1");
    call.take(text)
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..300), charset in proptest::option::of(Just("utf-16"))) {
        prop_assert!(!served(&bytes, charset));
        let text = String::from_utf8_lossy(&bytes);
        for request in requests() {
            prop_assert!(taken(request, &text).is_err());
        }
        prop_assert!(client::read_identity(&text).is_err());
        prop_assert_eq!(client::read_fault(&text, true), None);
    }

    #[test]
    fn spoilt_requests_are_answered(which in any::<Index>(), how in vec(spoil(), 1..5)) {
        let request = requests().swap_remove(which.index(4));
        let text = Call::new(request).message(&settings(512_000), "uuid:1");
        served(&spoilt(&text, &how), None);
    }

    /// What a spoilt message about events leads to, on both sides.
    #[test]
    fn spoilt_messages_about_events_are_answered_taken_or_refused(
        operation in super::strategy::eventing(),
        events in vec(super::strategy::event_xml(), 0..3),
        how in vec(spoil(), 1..5),
    ) {
        let text = Operation::Eventing(operation).write(&super::round_trip::plain_header());
        served(&spoilt(&text, &how), None);
        let response = eventing::EventingResponse::Events { events, dropped: 0, context: None, bookmark: None };
        let answer = write_envelope("urn:answer", "uuid:2", None, &eventing::response_body(&response));
        let query = EventQuery::new(vec![EventSelect { channel: "System".to_owned(), condition: EventCondition::any() }]);
        let mut listener = Listener::new(query, true, Duration::from_mins(1));
        for _ in 0..2 {
            listener.message(&settings(512_000), "uuid:1");
            let _taken = listener.take(&String::from_utf8_lossy(&spoilt(&answer, &how)));
        }
        let changes = include_str!("../../corpus/answer-pull-changes.xml");
        let _taken = super::watcher::pulling().take(&String::from_utf8_lossy(&spoilt(changes, &how)));
    }

    #[test]
    fn spoilt_answers_are_taken_or_refused(which in any::<Index>(), how in vec(spoil(), 1..5)) {
        let request = requests().swap_remove(which.index(4));
        let text = Call::new(request.clone()).message(&settings(512_000), "uuid:1");
        let answer = server().handle(Duration::ZERO, text.as_bytes(), None, &mut |request| Ok(reply(&request)));
        let bytes = spoilt(&answer.body, &how);
        let text = String::from_utf8_lossy(&bytes);
        let _ended = taken(request, &text);
        let _fault = client::read_fault(&text, false);
    }
}

/// Chance seldom puts the right thing in the wrong place, and one place is enough to break a reader.
#[test]
fn markup_before_any_tag_of_a_message_is_answered_taken_or_refused() {
    for request in requests() {
        let text = Call::new(request.clone()).message(&settings(512_000), "uuid:1");
        let answer = server().handle(Duration::ZERO, text.as_bytes(), None, &mut |request| Ok(reply(&request)));
        let put = |text: &str, at: usize, markup: &str| format!("{}{markup}{}", &text[..at], &text[at..]);
        for markup in MARKUP {
            for (at, _) in text.match_indices('<') {
                served(put(&text, at, markup).as_bytes(), None);
            }
            for (at, _) in answer.body.match_indices('<') {
                let _ended = taken(request.clone(), &put(&answer.body, at, markup));
            }
        }
    }
}

/// An answer to the client's message, written by an attacker.
fn answer(relates_to: Option<&str>, body: &str) -> String {
    write_envelope("urn:whatever", "uuid:2", relates_to, body)
}

fn enumerate() -> Operation {
    Operation::Enumerate(Enumerate {
        resource: Resource::new(NAMESPACE, ALL_CLASSES),
        filter: None,
        mode: Mode::Object,
        optimize: true,
        max_elements: None,
    })
}

fn batch(context: Option<&str>, end: bool, items: &[String]) -> String {
    let batch = Batch { rows: Vec::new(), context: context.map(ToOwned::to_owned), end };
    answer(Some("uuid:1"), &write_body(&Response::Enumeration(batch), &enumerate(), items))
}

fn pull_answer(context: &str, items: usize) -> String {
    let item = r#"<p:C xmlns:p="urn:c"><p:N>1</p:N></p:C>"#.to_owned();
    let batch = Batch { rows: Vec::new(), context: Some(context.to_owned()), end: false };
    let items = vec![item; items];
    answer(Some("uuid:1"), &write_body(&Response::Items(batch), &enumerate(), &items))
}

#[track_caller]
fn refused(result: Result<Progress, CallError>, kind: ErrorKind, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(words), "{error}");
}

#[test]
fn an_answer_to_another_message_is_refused() {
    let right = r#"<p:Win32_Service xmlns:p="urn:x"/>"#;
    let get = || Request::Get { path: path() };
    assert!(taken(get(), &answer(Some("uuid:1"), right)).is_ok());
    assert!(taken(get(), &answer(None, right)).is_ok(), "some servers leave it out");
    for other in ["uuid:2", "UUID:1", "1"] {
        refused(taken(get(), &answer(Some(other), right)), ErrorKind::Malformed, "another message");
    }
}

#[test]
fn an_answer_to_another_operation_is_refused() {
    let bodies = [
        "",
        "<n:PullResponse><n:Items/></n:PullResponse>",
        r#"<p:StartService_OUTPUT xmlns:p="urn:x"/>"#,
        r#"<EnumerateResponse xmlns="urn:none"/>"#,
    ];
    for body in bodies {
        for request in requests().into_iter().skip(1) {
            refused(taken(request, &answer(Some("uuid:1"), body)), ErrorKind::Malformed, "the answer");
        }
    }
    refused(taken(Request::Get { path: path() }, &answer(Some("uuid:1"), "")), ErrorKind::Malformed, "no instance");
}

#[test]
fn a_server_that_never_comes_to_an_end_is_left() {
    let mut call = Call::new(Request::Query { namespace: NAMESPACE.into(), select: wql::Select::all("C") });
    call.message(&settings(512_000), "uuid:1");
    assert_eq!(call.take(&batch(Some("uuid:a"), false, &[])), Ok(Progress::Next));
    let mut empty = 0;
    let error = loop {
        call.message(&settings(512_000), "uuid:1");
        match call.take(&pull_answer("uuid:b", 0)) {
            Ok(Progress::Next) => empty += 1,
            Ok(Progress::Done(reply)) => panic!("{reply:?}"),
            Err(error) => break error,
        }
        assert!(empty < 100, "nothing ends it");
    };
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(call.release(&settings(512_000), "uuid:9").is_some(), "what was begun can be ended");
}

#[test]
fn a_server_that_sends_rows_for_ever_is_left() {
    let mut call = Call::new(Request::Query { namespace: NAMESPACE.into(), select: wql::Select::all("C") });
    call.message(&settings(512_000), "uuid:1");
    assert_eq!(call.take(&batch(Some("uuid:a"), false, &[])), Ok(Progress::Next));
    let many = pull_answer("uuid:b", 30_000);
    for round in 0..100 {
        call.message(&settings(512_000), "uuid:1");
        match call.take(&many) {
            Ok(Progress::Next) => assert!(round < 20, "nothing ends it"),
            Ok(Progress::Done(reply)) => panic!("{reply:?}"),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::TooLarge);
                return;
            }
        }
    }
    panic!("nothing ends it");
}

#[test]
fn entities_nesting_and_lies_are_refused() {
    let get = || Request::Get { path: path() };
    let bomb = r#"<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">]><s>&a;</s>"#;
    refused(taken(get(), bomb), ErrorKind::Malformed, "not well-formed");
    let deep = format!("{}{}", "<p>".repeat(200), "</p>".repeat(200));
    refused(taken(get(), &answer(Some("uuid:1"), &deep)), ErrorKind::TooLarge, "nested");
    let neither = "<n:PullResponse><n:Items/></n:PullResponse>";
    let mut call = Call::new(Request::Query { namespace: NAMESPACE.into(), select: wql::Select::all("C") });
    call.message(&settings(512_000), "uuid:1");
    assert_eq!(call.take(&batch(Some("uuid:a"), false, &[])), Ok(Progress::Next));
    call.message(&settings(512_000), "uuid:1");
    refused(call.take(&answer(Some("uuid:1"), neither)), ErrorKind::Malformed, "neither an end nor a context");
}

#[test]
fn nil_everywhere_is_null_everywhere() {
    let item = r#"<p:C xmlns:p="urn:c" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"><p:A xsi:nil="true"/><p:A xsi:nil="true"/><p:B xsi:nil="true">5</p:B></p:C>"#;
    let request = Request::Query { namespace: NAMESPACE.into(), select: wql::Select::all("C") };
    let Ok(Progress::Done(Reply::Rows(rows))) = taken(request, &batch(None, true, &[item.to_owned()])) else {
        panic!("not read");
    };
    assert_eq!(rows[0].properties.value("A"), &Value::List(Vec::new()));
    assert_eq!(rows[0].properties.value("B"), &Value::Nil);
}

/// Names go into the wire as names: nothing in them becomes markup or another query.
#[test]
fn a_name_cannot_become_markup() {
    let nasty = "x' OR Name LIKE '%\"><w:Selector Name=\"y\">";
    let path = ObjectPath::new(NAMESPACE, "Win32_Service").with("Name", nasty);
    let (reply, _) =
        super::converse(&mut server(), Request::Get { path: path.clone() }, &settings(512_000), &mut |request| {
            assert_eq!(request, Request::Get { path: path.clone() });
            Ok(Reply::Instance(Row::new("Win32_Service")))
        });
    assert!(reply.is_ok());
    let select =
        wql::Select::all("Win32_Service").filter(wql::Condition::equals("Name", wql::Literal::Text(nasty.to_owned())));
    let query = Request::Query { namespace: NAMESPACE.into(), select };
    let (reply, _) = super::converse(&mut server(), query.clone(), &settings(512_000), &mut |request| {
        assert_eq!(request, query);
        Ok(Reply::Rows(Vec::new()))
    });
    assert!(reply.is_ok());
}
