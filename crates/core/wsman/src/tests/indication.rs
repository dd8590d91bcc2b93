//! Subscriptions to CIM classes, as a server takes them: what differs between two looks is sent by Pull.

use std::time::Duration;

use cim::event::EventQuery;
use cim::wql::Select;
use cim::{CallError, ErrorKind, Namespace, ObjectPath, Reached, Row, Value};

use super::eventing::{answered, between, context, waiting};
use super::round_trip::plain_header;
use super::server;
use crate::eventing::{Content, EventLogs, Eventing, Indication, Indications, Positions, Scanned};
use crate::fault::{SoapFault, code};
use crate::header::Header;
use crate::message::Operation;
use crate::resource::{ALL_CLASSES, Resource};
use crate::server::{HttpResponse, RequestKind, Served, Server};

pub(super) const V2: &str = "root/virtualization/v2";
pub(super) const CLASS: &str = "Msvm_ReplicationRelationship";
const QUERY: &str =
    "select * from __instanceModificationEvent within 5 where TargetInstance isa 'Msvm_ReplicationRelationship'";
/// 100 ns since 1601.
pub(super) const TIME: u64 = 134_143_272_000_000_000;

/// One class behind the server.
#[derive(Default)]
pub(super) struct Class {
    rows: Vec<Row>,
}

impl Class {
    pub(super) fn remove(&mut self, name: &str) {
        self.rows.retain(|row| row.properties.value("InstanceID").lexical().as_deref() != Some(name));
    }

    pub(super) fn set(&mut self, name: &str, state: u16) {
        self.remove(name);
        let path = ObjectPath::new(V2, CLASS).with("InstanceID", name);
        let row = Row::new(CLASS).with("InstanceID", Value::String(name.to_owned()));
        self.rows.push(Row { path: Some(path), ..row.with("ReplicationState", Value::Uint16(state)) });
    }
}

impl EventLogs for Class {
    fn newest(&mut self, channel: &str) -> Result<(String, u64), CallError> {
        Ok((channel.to_owned(), 0))
    }

    fn scan(&mut self, _: &EventQuery, _: Content, _: &mut Positions, _: usize) -> Result<Scanned, CallError> {
        Ok(Scanned::default())
    }

    fn instances(&mut self, namespace: &Namespace, select: &Select) -> Result<(Vec<Row>, u64), CallError> {
        assert_eq!(namespace.as_str(), V2);
        if select.properties().iter().any(|name| **name == "Nope") {
            let error = CallError::new(ErrorKind::NotThere, Reached::Yes, "invalid query: it has no property Nope");
            return Err(error.with_status(0x8004_1017));
        }
        if select.class == CLASS {
            return Ok((self.rows.clone(), TIME));
        }
        let error = CallError::new(ErrorKind::NotThere, Reached::Yes, "no such class");
        Err(error.with_status(code::CANNOT_PROCESS_FILTER))
    }
}

pub(super) fn serve(server: &mut Server, at: u64, text: &str, class: &mut Class) -> Served {
    let now = Duration::from_secs(at);
    server.serve(now, text.as_bytes(), None, &mut |request| panic!("asked for {request:?}"), class)
}

pub(super) fn all() -> Resource {
    Resource::new(V2, ALL_CLASSES)
}

fn message(query: &str) -> String {
    let indication = Indication::read(query, &all()).unwrap();
    let wish = Indications { indication, heartbeats: Some(Duration::from_mins(2)), expires: None };
    Operation::Eventing(Eventing::Indications(Box::new(wish))).write(&plain_header())
}

fn subscribe(server: &mut Server, query: &str, class: &mut Class) -> String {
    let answer = answered(serve(server, 0, &message(query), class));
    assert_eq!((answer.fault, answer.kind), (false, RequestKind::Subscribe), "{}", answer.body);
    assert!(answer.body.contains(&format!("<w:ResourceURI>{}</w:ResourceURI>", all().uri())), "{}", answer.body);
    context(&answer)
}

/// A Pull as of any enumeration: to the resource that was subscribed to.
fn pull(context: &str) -> String {
    let header = Header { operation_timeout: Some(Duration::from_secs(30)), ..plain_header() };
    Operation::Pull { resource: all(), context: context.to_owned(), max_elements: Some(100) }.write(&header)
}

fn fault(answer: &HttpResponse) -> (u32, String) {
    assert!(answer.fault, "{}", answer.body);
    let error = crate::client::read_fault(&answer.body, false).unwrap();
    (error.status.unwrap(), error.message)
}

/// Which events an answer holds, each with the states before and after.
fn events(answer: &HttpResponse) -> Vec<(String, Option<u16>, u16)> {
    assert!(!answer.fault, "{}", answer.body);
    let state = |text: &str| between(text, "<p1:ReplicationState>", "<").parse().unwrap();
    let one = |text: &str| {
        let (class, rest) = text.split_once(' ').unwrap();
        let before = rest.split_once("<p:PreviousInstance ").map(|(_, rest)| state(rest));
        (class.to_owned(), before, state(rest.split_once("<p:TargetInstance ").unwrap().1))
    };
    answer.body.split("<p:__Instance").skip(1).map(one).collect()
}

/// WMI reference, `__InstanceModificationEvent`: what stands behind AND is asked of the instance's own properties.
#[test]
fn a_condition_on_a_property_that_the_class_does_not_have_is_refused_at_once() {
    for (condition, taken) in [
        ("TargetInstance.ReplicationState = 8", true),
        ("TargetInstance.Nope = 8", false),
        ("TargetInstance.ReplicationState = 8 AND NOT (TargetInstance.Nope IS NULL)", false),
        ("TargetInstance.ReplicationState <> TargetInstance.Nope", false),
        ("TargetInstance.__CLASS = 'Msvm_ReplicationRelationship'", false),
    ] {
        let query = format!("{QUERY} AND {condition}");
        let answer = answered(serve(&mut server(), 0, &message(&query), &mut Class::default()));
        assert_eq!(answer.fault, !taken, "{condition}: {}", answer.body);
        if !taken {
            let (code, words) = fault(&answer);
            assert_eq!(code, code::EVENT_FILTER, "{words}");
            assert!(words.contains("Nope") || words.contains("__CLASS"), "{words}");
        }
    }
}

#[test]
fn a_change_is_told_with_the_instance_before_and_after() {
    let (mut server, mut class) = (server(), Class::default());
    class.set("a", 3);
    class.set("b", 3);
    let context = subscribe(&mut server, QUERY, &mut class);
    let waits = waiting(serve(&mut server, 1, &pull(&context), &mut class));
    assert_eq!(waits.until, Duration::from_secs(31));
    class.set("b", 8);
    assert_eq!(server.go_on(Duration::from_secs(4), &waits, &mut class), None, "the next look is due after five");
    let answer = server.go_on(Duration::from_secs(5), &waits, &mut class).unwrap();
    assert_eq!(events(&answer), [("ModificationEvent".to_owned(), Some(3), 8)], "{}", answer.body);
    let event = format!(
        concat!(
            r#"<n:Items><p:__InstanceModificationEvent xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="{0}/__InstanceModificationEvent" "#,
            r#"xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xsi:type="p:__InstanceModificationEvent_Type">"#,
            r#"<p:PreviousInstance xmlns:p1="{0}/Msvm_ReplicationRelationship" xsi:type="p1:Msvm_ReplicationRelationship_Type">"#
        ),
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2"
    );
    assert!(answer.body.contains(&event), "{}", answer.body);
    assert!(answer.body.contains(&format!("<p:TIME_CREATED>{TIME}</p:TIME_CREATED>")), "{}", answer.body);
    assert!(answer.body.contains(r#"<p:SECURITY_DESCRIPTOR xsi:nil="true"/>"#) && !answer.body.contains("Bookmark"));
    let next = super::eventing::context(&answer);
    assert_ne!(next, context, "the context changes with what is delivered");
    let waits = waiting(serve(&mut server, 6, &pull(&next), &mut class));
    let late = server.go_on(waits.until, &waits, &mut class).unwrap();
    assert_eq!(fault(&late).0, code::TIMED_OUT, "nothing has changed since");
    assert_eq!(fault(&answered(serve(&mut server, 40, &pull(&context), &mut class))).0, code::INVALID_CONTEXT);
}

#[test]
fn what_is_made_and_removed_is_told_to_whoever_asked_for_it() {
    for (event, expected) in [
        ("__InstanceCreationEvent", vec![("CreationEvent", None, 3)]),
        ("__InstanceDeletionEvent", vec![("DeletionEvent", None, 7)]),
        ("__InstanceModificationEvent", vec![("ModificationEvent", Some(3), 8)]),
        (
            "__InstanceOperationEvent",
            vec![("DeletionEvent", None, 7), ("ModificationEvent", Some(3), 8), ("CreationEvent", None, 3)],
        ),
    ] {
        let (mut server, mut class) = (server(), Class::default());
        class.set("b", 3);
        class.set("gone", 7);
        let query = QUERY.replace("__instanceModificationEvent", event);
        let context = subscribe(&mut server, &query, &mut class);
        class.remove("gone");
        class.set("new", 3);
        class.set("b", 8);
        let answer = answered(serve(&mut server, 6, &pull(&context), &mut class));
        let expected: Vec<_> = expected.into_iter().map(|(kind, old, new)| (kind.to_owned(), old, new)).collect();
        assert_eq!(events(&answer), expected, "{event}");
    }
}

#[test]
fn more_may_be_asked_of_the_instance() {
    for (more, told) in [
        ("AND TargetInstance.ReplicationState = 8", vec![8]),
        ("and targetinstance.ReplicationState <> 8 AND TargetInstance.InstanceID LIKE '%'", vec![7]),
        (r"AND (TargetInstance.InstanceID = 'TargetInstance.\'x' OR TargetInstance.ReplicationState > 6)", vec![8, 7]),
        ("AND TargetInstance.InstanceID = 'TargetInstance.b'", vec![]),
    ] {
        let (mut server, mut class) = (server(), Class::default());
        class.set("a", 3);
        class.set("b", 3);
        let context = subscribe(&mut server, &format!("{QUERY} {more}"), &mut class);
        class.set("a", 8);
        class.set("b", 7);
        let heard = match serve(&mut server, 6, &pull(&context), &mut class) {
            Served::Answer(answer) => events(&answer).into_iter().map(|(_, _, state)| state).collect(),
            Served::Later(_) => Vec::new(),
        };
        assert_eq!(heard, told, "{more}");
    }
}

#[test]
fn queries_that_ask_for_something_else_are_refused() {
    for (from, to) in [
        ("select *", "select Name"),
        ("__instanceModificationEvent", "Msvm_ReplicationRelationship"),
        ("within 5 ", ""),
        ("within 5", "within 0"),
        ("within 5", "within 99999999999"),
        ("isa 'Msvm_ReplicationRelationship'", "isa Msvm_ReplicationRelationship"),
        ("isa 'Msvm_ReplicationRelationship'", "isa ''"),
        ("isa 'Msvm_ReplicationRelationship'", ""),
        ("TargetInstance", "PreviousInstance"),
        ("'Msvm_ReplicationRelationship'", "'Msvm_ReplicationRelationship' OR 1 = 1"),
        ("'Msvm_ReplicationRelationship'", "'Msvm_ReplicationRelationship' AND"),
        ("'Msvm_ReplicationRelationship'", "'Msvm_ReplicationRelationship' AND PreviousInstance.A = 1"),
    ] {
        assert!(QUERY.contains(from), "{from}");
        let query = QUERY.replace(from, to);
        let refused = Indication::read(&query, &all()).unwrap_err();
        assert_eq!(
            (refused.code, refused.subcode.as_str()),
            (Some(code::EVENT_FILTER), "FilteringRequestedUnavailable")
        );
    }
    let own = |class: &str| Indication::read(QUERY, &Resource::new(V2, class)).map(drop);
    assert_eq!(own("__INSTANCEmodificationEvent"), Ok(()));
    assert!(matches!(own("__InstanceDeletionEvent"), Err(SoapFault { code: Some(code::EVENT_FILTER), .. })));
    assert!(Indication::read(&format!("{QUERY}{}", " ".repeat(20_000)), &all()).is_err());
}

#[test]
fn a_subscription_is_refused_ended_and_forgotten_as_one_to_a_log() {
    let (mut server, mut class) = (server(), Class::default());
    let text = message(QUERY);
    for (from, to, expected) in [
        ("wsman/1/wsman/Pull\"", "wsman/1/wsman/Events\"", code::DELIVERY_MODE),
        ("wbem/wsman/1/WQL", "win/2004/08/events/eventquery", code::EVENT_FILTER),
        ("</w:Filter>", "</w:Filter><w:SendBookmarks/>", code::UNSUPPORTED_FEATURE),
        ("Msvm_ReplicationRelationship", "Msvm_Nothing", code::CANNOT_PROCESS_FILTER),
        ("eventing/Subscribe<", "eventing/Renew<", code::UNABLE_TO_RENEW),
        ("eventing/Subscribe<", "eventing/GetStatus<", code::ACTION_NOT_SUPPORTED),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        let answer = answered(serve(&mut server, 0, &text.replace(from, to), &mut class));
        assert_eq!(fault(&answer).0, expected, "{to}");
    }
    let unpulled = subscribe(&mut server, QUERY, &mut class);
    assert_eq!(fault(&answered(serve(&mut server, 121, &pull(&unpulled), &mut class))).0, code::NOT_PULLED);
    let opened = answered(serve(&mut server, 121, &text, &mut class));
    let identifier = between(&opened.body, "<e:Identifier>", "<").to_owned();
    let leave = Eventing::Unsubscribe { resource: all().uri(), identifier };
    let leave = Operation::Eventing(leave).write(&plain_header());
    assert!(!answered(serve(&mut server, 122, &leave, &mut class)).fault);
    let over = answered(serve(&mut server, 123, &pull(&context(&opened)), &mut class));
    assert_eq!(fault(&over).0, code::SUBSCRIPTION_CLOSED);
    // A service of event logs alone says so.
    assert!(super::answer_alone(&text).fault);
}
