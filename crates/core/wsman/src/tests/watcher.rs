//! Subscriptions to CIM classes, as a client asks for them: what it hears, loses and refuses.

use std::time::Duration;

use cim::{CallError, CimTimestamp, ErrorKind, Row, Value};

use super::eventing::between;
use super::indication::{CLASS, Class, TIME, V2, all, serve};
use super::{server, settings};
use crate::eventing::{Change, ChangeBatch, Delivery, Watcher, What, is_lost};
use crate::fault::code;
use crate::message::write_envelope;
use crate::server::{Served, Server};

/// 2026-01-31T10:00:00Z, as the event says it in 100 ns since 1601.
pub(super) const AT_UNIX_US: i64 = 1_769_853_600_000_000;

fn watcher() -> Watcher {
    Watcher::new(V2.into(), CLASS.into(), Duration::from_millis(1_500), Duration::from_mins(2))
}

/// One watcher against one server, as a transport carries it: a Pull that waits runs out of time at once.
struct Carried {
    server: Server,
    class: Class,
    watcher: Watcher,
    at: u64,
}

impl Carried {
    fn new(states: &[(&str, u16)]) -> Self {
        let mut class = Class::default();
        for (name, state) in states {
            class.set(name, *state);
        }
        Self { server: server(), class, watcher: watcher(), at: 0 }
    }

    fn step(&mut self) -> Result<Delivery<ChangeBatch>, CallError> {
        self.at += 2;
        let message = self.watcher.message(&settings(512_000), "uuid:1");
        let answer = match serve(&mut self.server, self.at, &message, &mut self.class) {
            Served::Answer(answer) => answer,
            Served::Later(waiting) => {
                self.at = waiting.until.as_secs();
                self.server.go_on(waiting.until, &waiting, &mut self.class).unwrap()
            }
        };
        self.watcher.take(&answer.body)
    }

    fn changes(&mut self) -> Vec<(&'static str, Option<u16>, Option<u16>)> {
        match self.step() {
            Ok(Delivery::Events(batch)) => batch.changes.iter().map(told).collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn told(change: &Change) -> (&'static str, Option<u16>, Option<u16>) {
    let state = |row: &Row| {
        assert_eq!(row.class, CLASS);
        row.get::<u16>("ReplicationState").unwrap()
    };
    assert_eq!(change.time.map(CimTimestamp::unix_us), Some(AT_UNIX_US));
    match &change.what {
        What::Created { now } => ("created", None, Some(state(now))),
        What::Modified { before, now } => ("modified", before.as_ref().map(state), Some(state(now))),
        What::Deleted { before } => ("deleted", Some(state(before)), None),
    }
}

#[test]
fn a_watcher_hears_what_is_made_changed_and_removed_and_what_it_was_before() {
    assert_eq!(TIME, 134_143_272_000_000_000);
    let mut side = Carried::new(&[("a", 3), ("b", 3), ("gone", 7)]);
    assert_eq!(side.watcher.within(), Duration::from_secs(2), "in whole seconds, rather later than sooner");
    assert_eq!((side.step(), side.watcher.is_open()), (Ok(Delivery::Opened), true));
    side.class.remove("gone");
    side.class.set("b", 8);
    side.class.set("new", 3);
    let expected = [("deleted", Some(7), None), ("modified", Some(3), Some(8)), ("created", None, Some(3))];
    assert_eq!(side.changes(), expected);
    assert_eq!(side.step(), Ok(Delivery::Nothing), "it ran out of time, and that is no error");
    side.class.set("b", 3);
    assert_eq!(side.changes(), [("modified", Some(8), Some(3))], "the context stays good");
}

#[test]
fn a_lost_subscription_is_told_and_the_next_message_begins_another() {
    let mut side = Carried::new(&[("a", 3)]);
    side.step().unwrap();
    side.at += 1_000;
    let error = side.step().unwrap_err();
    assert!(is_lost(&error) && !side.watcher.is_open(), "{error:?}");
    assert_eq!(side.step(), Ok(Delivery::Opened));
    side.server.restart();
    assert!(is_lost(&side.step().unwrap_err()));
    assert_eq!(side.step(), Ok(Delivery::Opened));
    side.watcher.forget();
    assert_eq!((side.watcher.is_open(), side.step()), (false, Ok(Delivery::Opened)));
}

#[test]
fn a_watcher_pulls_where_it_subscribed_and_takes_its_leave_where_it_was_told_to() {
    let mut side = Carried::new(&[]);
    assert_eq!(side.watcher.leave(&settings(512_000), "uuid:1"), None, "there is nothing to leave");
    side.step().unwrap();
    let pull = side.watcher.message(&settings(512_000), "uuid:2");
    let leave = side.watcher.leave(&settings(512_000), "uuid:3").unwrap();
    for text in [&pull, &leave] {
        assert_eq!(between(text, "ResourceURI s:mustUnderstand=\"true\">", "<"), all().uri(), "{text}");
    }
    let Served::Answer(answer) = serve(&mut side.server, 3, &leave, &mut side.class) else { panic!("it waits") };
    assert!(!answer.fault, "{}", answer.body);
    assert_eq!((side.watcher.is_open(), side.watcher.leave(&settings(512_000), "uuid:4")), (false, None));
    let elsewhere = concat!(
        r#"<e:SubscribeResponse xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing"><e:SubscriptionManager>"#,
        "<w:ResourceURI>urn:a&amp;b</w:ResourceURI><e:Identifier>i</e:Identifier></e:SubscriptionManager>",
        "<n:EnumerationContext>c</n:EnumerationContext></e:SubscribeResponse>"
    );
    let mut watcher = watcher();
    watcher.message(&settings(512_000), "uuid:1");
    assert_eq!(watcher.take(&write_envelope("urn:answer", "uuid:2", None, elsewhere)), Ok(Delivery::Opened));
    let leave = watcher.leave(&settings(512_000), "uuid:2").unwrap();
    assert!(leave.contains(">urn:a&amp;b</w:ResourceURI>"), "{leave}");
}

#[test]
fn no_name_of_a_class_ends_the_query() {
    let mut watcher = Watcher::new(V2.into(), "C' OR '1' = '1".into(), Duration::ZERO, Duration::from_mins(2));
    let message = watcher.message(&settings(512_000), "uuid:1");
    let query = r"SELECT * FROM __InstanceOperationEvent WITHIN 1 WHERE TargetInstance ISA 'C\' OR \'1\' = \'1'<";
    assert!(message.contains(query), "{message}");
    let mut class = Class::default();
    let Served::Answer(answer) = serve(&mut server(), 0, &message, &mut class) else { panic!("it waits") };
    let error = watcher.take(&answer.body).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Refused, Some(code::EVENT_FILTER)));
}

/// A watcher that has sent its first Pull, `uuid:1`.
pub(super) fn pulling() -> Watcher {
    let mut watcher = watcher();
    watcher.message(&settings(512_000), "uuid:1");
    assert_eq!(watcher.take(include_str!("../../corpus/answer-subscribe.xml")), Ok(Delivery::Opened));
    watcher.message(&settings(512_000), "uuid:1");
    watcher
}

fn pulled(items: &str) -> Result<Delivery<ChangeBatch>, CallError> {
    let body = format!(
        r#"<n:PullResponse><n:EnumerationContext>c</n:EnumerationContext><n:Items xmlns:x="http://www.w3.org/2001/XMLSchema-instance">{items}</n:Items></n:PullResponse>"#
    );
    pulling().take(&write_envelope("urn:answer", "uuid:2", None, &body))
}

#[test]
fn an_item_that_is_no_event_of_an_instance_is_an_error_that_says_so() {
    let target = "<TargetInstance><A>1</A></TargetInstance>";
    for (item, words) in [
        ("<Event/>".to_owned(), "the answer holds Event where"),
        (format!("<__InstanceOperationEvent>{target}</__InstanceOperationEvent>"), "holds __InstanceOperationEvent"),
        ("<__InstanceCreationEvent/>".to_owned(), "__InstanceCreationEvent holds no TargetInstance"),
        (
            "<__InstanceDeletionEvent><TargetInstance>x</TargetInstance></__InstanceDeletionEvent>".to_owned(),
            "holds no T",
        ),
        (format!("<__InstanceCreationEvent>{target}{target}</__InstanceCreationEvent>"), "holds no TargetInstance"),
        (
            format!("<__InstanceCreationEvent>{target}<TIME_CREATED>soon</TIME_CREATED></__InstanceCreationEvent>"),
            "TIME_CREATED",
        ),
    ] {
        let error = pulled(&item).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{item}");
        assert!(error.message.contains(words), "{item}: {error}");
    }
}

#[test]
fn what_an_event_does_not_say_is_left_open() {
    let row = |n: &str| Row::new("").with("A", Value::Lexical(n.to_owned()));
    for (time, expected) in [
        ("", None),
        (r#"<TIME_CREATED x:nil="true"/>"#, None),
        ("<TIME_CREATED>0</TIME_CREATED>", None),
        ("<TIME_CREATED>18446744073709551615</TIME_CREATED>", Some(1_833_029_933_770_955_161)),
        ("<TIME_CREATED>116444736000000000</TIME_CREATED>", Some(0)),
    ] {
        let item = format!(
            "<__instanceModificationEvent><TargetInstance><A>1</A></TargetInstance>{time}</__instanceModificationEvent>"
        );
        let what = What::Modified { before: None, now: row("1") };
        let change = Change { what, time: expected.map(CimTimestamp::from_unix_us) };
        assert_eq!(pulled(&item), Ok(Delivery::Events(ChangeBatch { changes: vec![change], dropped: 0 })), "{time}");
    }
    let lost = r#"<w:DroppedEvents Action="urn:x">4</w:DroppedEvents>"#;
    assert_eq!(pulled(lost), Ok(Delivery::Events(ChangeBatch { changes: vec![], dropped: 4 })));
}
