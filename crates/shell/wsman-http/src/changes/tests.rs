//! A listener against a scripted server: what is reported, what is reported again, and every way to lose something.

use std::time::Duration;

use cim::{CallError, ErrorKind, Name, Row, Value};
use tokio::time::Instant;
use wsman::eventing::{Change, What};

use super::known::{KnownInstances, ROWS_MAX};
use super::{Changes, HeardBy, READ_AGAIN, Watch};
use crate::events::tests::{asked, fault, opened};
use crate::tests::{Scene, Server, Turn, http, short, soap};

const CLASS: &str = "Msvm_ReplicationRelationship";
/// `2150858793`: nothing has come within the operation's time.
const TIMED_OUT: u32 = 2_150_858_793;

fn names<const N: usize>(names: [&str; N]) -> [Name; N] {
    names.map(Name::new)
}

fn watch() -> Watch {
    Watch::new("root/virtualization/v2", CLASS, names(["InstanceID"])).only(names(["ReplicationState"]))
}

/// The answer to a query with columns.
fn rows(states: &[(&str, u16)]) -> Turn {
    let row = |(id, state): &(&str, u16)| {
        format!(
            "<w:XmlFragment><InstanceID>{id}</InstanceID><ReplicationState>{state}</ReplicationState></w:XmlFragment>"
        )
    };
    let items: String = states.iter().map(row).collect();
    soap(&format!("<n:EnumerateResponse><w:Items>{items}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"))
}

fn instance(property: &str, id: &str, state: u16) -> String {
    format!(
        concat!(
            r#"<p:{0} xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="p1:Msvm_ReplicationRelationship_Type">"#,
            "<InstanceID>{1}</InstanceID><ReplicationState>{2}</ReplicationState><Else>what is not watched</Else></p:{0}>"
        ),
        property, id, state
    )
}

/// An event that an instance has another state.
fn modified(id: &str, before: u16, now: u16) -> String {
    format!(
        r#"<p:__InstanceModificationEvent xmlns:p="urn:p">{}{}<p:TIME_CREATED>134143272000000000</p:TIME_CREATED></p:__InstanceModificationEvent>"#,
        instance("PreviousInstance", id, before),
        instance("TargetInstance", id, now)
    )
}

/// An event of another kind.
fn event(kind: &str, id: &str, state: u16) -> String {
    let target = instance("TargetInstance", id, state);
    format!(r#"<p:__Instance{kind}Event xmlns:p="urn:p">{target}</p:__Instance{kind}Event>"#)
}

/// The answer to a Pull.
fn pulled(items: &[String]) -> Turn {
    let items = items.concat();
    soap(&format!(
        "<n:PullResponse><n:EnumerationContext>c1</n:EnumerationContext><n:Items>{items}</n:Items></n:PullResponse>"
    ))
}

struct Side {
    server: Server,
    changes: Changes,
}

impl Side {
    async fn new(scenes: Vec<Scene>) -> Self {
        let server = Server::new(scenes).await;
        let (interval, patience) = (Duration::ZERO, Duration::from_millis(500));
        Self { changes: Changes::new(server.client(short()), watch(), interval, patience), server }
    }

    /// One that has read these instances, by a subscription over the first connection and a query over the second.
    async fn begun(states: &[(&str, u16)], mut scenes: Vec<Scene>) -> Self {
        scenes[0].insert(0, opened("c0"));
        scenes[1].insert(0, rows(states));
        let mut side = Self::new(scenes).await;
        assert_eq!(side.next().await, Ok((vec![], HeardBy::Subscription)), "the first call begins");
        assert_eq!(side.known(), states.iter().map(|(id, state)| format!("{id} {state}")).collect::<Vec<_>>());
        side
    }

    async fn next(&mut self) -> Result<Reported, CallError> {
        self.changes.next().await.map(|changed| (changed.changes.iter().map(told).collect(), changed.by))
    }

    fn known(&self) -> Vec<String> {
        self.changes.rows().map(shown).collect()
    }

    fn asked(&self) -> String {
        asked(&self.server)
    }
}

fn shown(row: &Row) -> String {
    assert_eq!((row.class.as_str(), row.properties.len()), (CLASS, 2), "only what is watched: {row:?}");
    let of = |name: &str| row.properties.value(name).lexical().unwrap();
    format!("{} {}", of("InstanceID"), of("ReplicationState"))
}

fn told(change: &Change) -> String {
    match &change.what {
        What::Created { now } => format!("+ {}", shown(now)),
        What::Modified { before, now } => format!("{} > {}", shown(before.as_ref().unwrap()), shown(now)),
        What::Deleted { before } => format!("- {}", shown(before)),
    }
}

/// What one call has heard, and how.
type Reported = (Vec<String>, HeardBy);

#[expect(clippy::unnecessary_wraps, reason = "what a call gives is compared with it")]
fn by_subscription(told: &[&str]) -> Result<Reported, CallError> {
    Ok((told.iter().map(|text| (*text).to_owned()).collect(), HeardBy::Subscription))
}

fn by_polling(told: &[&str]) -> Result<Reported, CallError> {
    by_subscription(told).map(|(told, _)| (told, HeardBy::Polling))
}

#[tokio::test]
async fn changes_come_over_one_connection_and_nothing_yet_is_heard_in_both_forms() {
    let first = pulled(&[modified("a", 3, 8), event("Creation", "c", 3), event("Deletion", "b", 3)]);
    let scene = vec![first, fault(TIMED_OUT), pulled(&[]), pulled(&[modified("A", 8, 3)]), soap("")];
    let mut side = Side::begun(&[("a", 3), ("b", 3)], vec![scene, vec![]]).await;
    assert_eq!(side.next().await, by_subscription(&["a 3 > a 8", "+ c 3", "- b 3"]));
    assert_eq!(side.next().await, by_subscription(&[]), "the operation ran out of time");
    assert_eq!(side.next().await, by_subscription(&[]), "no items");
    assert_eq!(side.next().await, by_subscription(&["a 8 > A 3"]), "keys are compared without case");
    assert_eq!((side.known(), side.asked().as_str()), (vec!["A 3".to_owned(), "c 3".to_owned()], "SEPPPP"));
    let Side { server, changes } = side;
    changes.leave().await;
    let heard = server.heard();
    let query =
        "SELECT * FROM __InstanceOperationEvent WITHIN 1 WHERE TargetInstance ISA 'Msvm_ReplicationRelationship'<";
    assert!(heard[0].1.contains(query) && heard[0].1.contains("<w:Heartbeats>PT120.000S<"), "{}", heard[0].1);
    assert!(heard[1].1.contains("SELECT InstanceID, ReplicationState FROM Msvm_ReplicationRelationship<"));
    let limits = (">PT0.500S</w:OperationTimeout>", ">PT0.150S</w:OperationTimeout>");
    assert!(heard[0].1.contains(limits.0) && heard[1].1.contains(limits.1) && heard[2].1.contains(limits.0));
    assert!(heard[6].1.contains("<e:Unsubscribe "));
    assert_eq!(server.connections(), [0, 1, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn what_changes_while_a_subscription_is_lost_is_told_once() {
    let after = || vec![opened("d0"), pulled(&[modified("b", 3, 7)]), pulled(&[modified("a", 3, 8)])];
    let reading = rows(&[("a", 3), ("b", 7), ("new", 3)]);
    // A lost connection is followed by the one that the query has left; a fault ends none.
    let cut = vec![vec![Turn::Hear], after(), vec![reading.clone()]];
    let ended = |code| vec![[vec![fault(code)], after()].concat(), vec![reading.clone()]];
    for scenes in [cut, ended(2_150_858_762), ended(2_150_858_779)] {
        let mut side = Side::begun(&[("a", 3), ("b", 3), ("gone", 3)], scenes).await;
        assert_eq!(side.next().await, by_subscription(&["b 3 > b 7", "+ new 3", "- gone 3"]));
        assert_eq!(side.next().await, by_subscription(&["a 3 > a 8"]), "an event of what was read is no news");
        assert_eq!(side.asked(), "SEPSEPP");
    }
}

#[tokio::test]
async fn a_host_that_takes_no_subscription_is_polled_and_that_is_said() {
    for code in [
        2_150_858_782, // another mode of delivery
        2_150_858_786, // another filter
        2_150_858_777, // another dialect
        2_150_858_778, // no such class
        2_150_858_818, // not supported
        2_150_858_771, // no such action
        2_150_858_755, // the provider has failed
        2_150_859_012, // no right
        5,
    ] {
        let readings = vec![rows(&[("a", 3)]), rows(&[("a", 3)]), rows(&[("a", 8)])];
        let mut side = Side::new(vec![vec![fault(code)], readings]).await;
        assert_eq!(side.next().await, by_polling(&[]), "{code}");
        assert_eq!(side.changes.refusal().unwrap().status, Some(code));
        assert_eq!(side.next().await, by_polling(&["a 3 > a 8"]), "{code}");
        assert_eq!(side.asked(), "S".to_owned() + &"E".repeat(3), "{code}");
    }
}

#[tokio::test]
async fn a_host_that_is_polled_is_asked_for_a_subscription_again() {
    let Turn::Answer(same) = rows(&[("a", 3)]) else { panic!("no answer") };
    let scene = vec![fault(5), opened("c0"), pulled(&[modified("a", 3, 8)])];
    let mut side = Side::new(vec![scene, vec![Turn::Always(same)]]).await;
    assert_eq!(side.next().await, by_polling(&[]));
    assert_eq!(side.next().await, by_polling(&[]), "nothing has changed, and the call ends");
    side.changes.refusal.as_mut().unwrap().ask_again_at = Instant::now();
    assert_eq!(side.next().await, by_subscription(&["a 3 > a 8"]));
    assert!(side.changes.refusal().is_none() && side.asked().ends_with("SEP"), "{}", side.asked());
}

#[tokio::test]
async fn a_host_that_only_cannot_now_is_no_host_that_refuses() {
    let unsealed = Turn::Answer(http("401 Unauthorized", "WWW-Authenticate: Basic\r\n", b""));
    for (turn, kind) in [
        (fault(2_150_859_174), ErrorKind::Busy),
        (fault(TIMED_OUT), ErrorKind::TimedOut),
        (unsealed, ErrorKind::Denied),
    ] {
        let mut side = Side::new(vec![vec![turn, opened("c0")]]).await;
        assert_eq!(side.next().await.unwrap_err().kind, kind);
        assert!(side.changes.refusal().is_none() && side.asked() == "S", "{}", side.asked());
    }
}

#[tokio::test]
async fn a_call_that_was_dropped_has_taken_no_change_with_it() {
    let scenes = vec![vec![Turn::Hang], vec![opened("d0")], vec![rows(&[("a", 8)])]];
    let mut side = Side::begun(&[("a", 3)], scenes).await;
    let pulls = async {
        while side.server.heard().len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = side.changes.next() => panic!("nothing comes"),
        () = pulls => {}
    }
    assert_eq!((side.next().await, side.asked().as_str()), (by_subscription(&["a 3 > a 8"]), "SEPSE"));
}

#[tokio::test]
async fn a_reading_that_fails_is_made_again_and_what_is_known_stays() {
    let twice = rows(&[("b", 3), ("B", 8)]);
    let nameless =
        soap("<n:EnumerateResponse><w:Items><w:XmlFragment/></w:Items><w:EndOfSequence/></n:EnumerateResponse>");
    for (spoilt, words) in [(twice, "the same key"), (nameless, "has no InstanceID")] {
        let scene = vec![spoilt, rows(&[("a", 8)])];
        let mut side = Side::begun(&[("a", 3)], vec![vec![fault(2_150_858_762), opened("d0")], scene]).await;
        let error = side.next().await.unwrap_err();
        assert!(error.kind == ErrorKind::Malformed && error.message.contains(words), "{error}");
        assert_eq!((side.known(), side.next().await), (vec!["a 3".to_owned()], by_subscription(&["a 3 > a 8"])));
        assert_eq!(side.asked(), "SEPSEE");
    }
}

#[tokio::test]
async fn a_server_that_loses_every_subscription_is_asked_a_few_times_and_no_more() {
    let same = || rows(&[("a", 3)]);
    let losing = || vec![opened("c0"), fault(2_150_858_762)];
    let scene = [vec![fault(2_150_858_762)], losing(), losing(), losing(), losing()].concat();
    let mut side = Side::begun(&[("a", 3)], vec![scene, vec![same(), same(), same(), same()]]).await;
    assert_eq!(side.next().await.unwrap_err().status, Some(2_150_858_762));
    assert_eq!(side.asked(), "SEPSEPSEPSEP");
}

#[tokio::test]
async fn a_server_that_tells_the_same_again_and_again_or_only_that_it_lost_something_is_polled() {
    let lost = r#"<w:DroppedEvents Action="urn:x">1</w:DroppedEvents>"#.to_owned();
    for items in [vec![modified("a", 8, 3)], vec![lost]] {
        let Turn::Answer(same) = rows(&[("a", 3)]) else { panic!("no answer") };
        let mut side = Side::begun(&[("a", 3)], vec![vec![pulled(&items); 70], vec![Turn::Always(same)]]).await;
        assert_eq!(side.next().await, by_polling(&[]));
        assert_eq!(side.asked().matches('P').count(), 65);
    }
}

#[tokio::test]
async fn after_events_that_cannot_be_used_the_instances_are_read() {
    let keyless = "<__InstanceCreationEvent><TargetInstance><A/></TargetInstance></__InstanceCreationEvent>";
    let lost = r#"<w:DroppedEvents Action="urn:x">1</w:DroppedEvents>"#;
    for (item, by) in [
        (r#"<Event xmlns="urn:x"/>"#, HeardBy::Polling),
        ("<__InstanceCreationEvent/>", HeardBy::Polling),
        (keyless, HeardBy::Polling),
        (lost, HeardBy::Subscription),
    ] {
        let scenes = vec![vec![pulled(&[item.to_owned()])], vec![rows(&[("a", 8)])]];
        let mut side = Side::begun(&[("a", 3)], scenes).await;
        assert_eq!(side.next().await, Ok((vec!["a 3 > a 8".to_owned()], by)), "{item}");
    }
    // The changes before it are reported.
    let items = [modified("b", 3, 8), keyless.to_owned()];
    let mut side =
        Side::begun(&[("a", 3), ("b", 3)], vec![vec![pulled(&items)], vec![rows(&[("a", 8), ("b", 8)])]]).await;
    assert_eq!(side.next().await, by_polling(&["b 3 > b 8"]));
    assert_eq!(side.next().await, by_polling(&["a 3 > a 8"]));
}

#[tokio::test]
async fn what_was_news_is_read_again_once_the_host_has_looked_and_then_seldom() {
    let scenes = vec![vec![fault(TIMED_OUT), pulled(&[])], vec![rows(&[("a", 8)]), rows(&[("a", 8)])]];
    let mut side = Side::begun(&[("a", 3)], scenes).await;
    let soon = |side: &Side| side.changes.read_at <= Instant::now() + Duration::from_secs(2);
    assert!(soon(&side), "a subscription has just begun");
    side.changes.read_at = Instant::now();
    assert_eq!(side.next().await, by_subscription(&["a 3 > a 8"]), "no event has told of it");
    assert!(soon(&side), "there was news");
    side.changes.read_at = Instant::now();
    assert_eq!(side.next().await, by_subscription(&[]));
    assert!(!soon(&side) && side.changes.read_at <= Instant::now() + READ_AGAIN);
    assert_eq!(side.asked(), "SEEEP");
}

#[test]
fn what_is_null_and_what_is_absent_are_the_same() {
    let watch = Watch::new("root/cimv2", "C", names(["Id"]));
    let row = || Row::new("C").with("Id", Value::Lexical("1".to_owned()));
    let mut known = KnownInstances::default();
    assert_eq!(known.read(&watch, vec![row()]).unwrap().len(), 1);
    assert_eq!(known.read(&watch, vec![row().with("A", Value::Nil)]), Ok(vec![]));
    assert_eq!(known.read(&watch, vec![row()]), Ok(vec![]));
    assert_eq!(known.read(&watch, vec![row().with("A", Value::Lexical(String::new()))]).unwrap().len(), 1);
    assert_eq!(known.read(&watch, vec![row()]).unwrap().len(), 1);
}

#[test]
fn there_is_an_end_to_what_is_remembered() {
    let watch = Watch::new("root/cimv2", "C", names(["Id"]));
    let row = |id: usize| Row::new("C").with("Id", Value::Lexical(id.to_string()));
    let mut known = KnownInstances::default();
    assert_eq!(known.read(&watch, (0..=ROWS_MAX).map(row).collect()).unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(known.read(&watch, (0..ROWS_MAX).map(row).collect()).unwrap().len(), ROWS_MAX);
    let made = |id| Change { what: What::Created { now: row(id) }, time: None };
    assert_eq!(known.hear(&watch, made(7)), Ok(None));
    assert_eq!(known.hear(&watch, made(ROWS_MAX)).unwrap_err().kind, ErrorKind::TooLarge);
    let gone = Change { what: What::Deleted { before: row(7) }, time: None };
    assert_eq!(known.hear(&watch, gone.clone()), Ok(Some(gone.clone())));
    assert_eq!(known.hear(&watch, gone), Ok(None));
    assert_eq!(known.hear(&watch, made(ROWS_MAX)), Ok(Some(made(ROWS_MAX))));
}
