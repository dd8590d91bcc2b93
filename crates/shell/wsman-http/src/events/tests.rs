//! A listener against a server that follows a script: both ways of "nothing yet", and every way to lose something.

use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventCondition, EventPort, EventQuery, EventSelect, Record};
use cim::{CallError, ErrorKind};

use super::Events;
use crate::tests::{Scene, Server, Turn, envelope, http, short, soap};

const HEADERS: &str = "Content-Type: application/soap+xml;charset=UTF-8\r\n";

/// The answer to Subscribe.
pub(crate) fn opened(context: &str) -> Turn {
    soap(&format!(
        concat!(
            r#"<e:SubscribeResponse xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing"><e:SubscriptionManager>"#,
            "<e:Identifier>mine</e:Identifier></e:SubscriptionManager>",
            "<n:EnumerationContext>{}</n:EnumerationContext></e:SubscribeResponse>"
        ),
        context
    ))
}

fn record(number: u32) -> String {
    format!(
        concat!(
            r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="P"/>"#,
            r#"<EventID>1</EventID><TimeCreated SystemTime="2026-01-31T10:00:{:02}Z"/><EventRecordID>{}</EventRecordID>"#,
            "<Channel>System</Channel></System></Event>"
        ),
        number, number
    )
}

fn mark(number: u32) -> Bookmark {
    Bookmark::new(format!(r#"<BookmarkList><Bookmark Channel="System" RecordId="{number}"/></BookmarkList>"#))
}

/// The answer to a Pull: these records, and the bookmark behind the last.
fn pulled(numbers: &[u32]) -> Turn {
    let items: String = numbers.iter().map(|number| record(*number)).collect();
    let bookmark =
        numbers.last().map_or_else(String::new, |n| format!("<w:Bookmark>{}</w:Bookmark>", mark(*n).as_str()));
    let body = format!(
        "<n:PullResponse><n:EnumerationContext>c{}</n:EnumerationContext><n:Items>{items}</n:Items></n:PullResponse>",
        numbers.last().copied().unwrap_or_default()
    );
    let text = envelope(&body).replace("<s:Header/>", &format!("<s:Header>{bookmark}</s:Header>"));
    Turn::Answer(http("200 OK", HEADERS, text.as_bytes()))
}

pub(crate) fn fault(code: u32) -> Turn {
    let text = envelope(&format!(
        concat!(
            "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Detail>",
            r#"<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{}">"#,
            "<f:Message>no</f:Message></f:WSManFault></s:Detail></s:Fault>"
        ),
        code
    ));
    Turn::Answer(http("500 Error", HEADERS, text.as_bytes()))
}

/// A listener, and what it was told last.
struct Side {
    server: Server,
    events: Events,
    bookmark: Option<Bookmark>,
}

impl Side {
    async fn new(scenes: Vec<Scene>) -> Self {
        Self::beginning(true, scenes).await
    }

    /// One that begins with what is in the logs, or with what comes.
    async fn beginning(existing: bool, scenes: Vec<Scene>) -> Self {
        let server = Server::new(scenes).await;
        let query =
            EventQuery::new(vec![EventSelect { channel: "System".to_owned(), condition: EventCondition::any() }]);
        let events = Events::new(server.client(short()), query, existing, Duration::from_millis(500));
        Self { server, events, bookmark: None }
    }

    /// The numbers of the records that came.
    async fn next(&mut self) -> Result<Vec<u64>, CallError> {
        let batch: EventBatch = self.events.next(self.bookmark.as_ref()).await?;
        self.bookmark = batch.bookmark;
        Ok(batch.events.iter().map(|xml| Record::parse(xml).unwrap().number).collect())
    }

    fn asked(&self) -> String {
        asked(&self.server)
    }
}

/// What was asked: `S` for Subscribe, `P` for Pull, `U` for Unsubscribe, `E` for Enumerate.
pub(crate) fn asked(server: &Server) -> String {
    let kind = |text: &str| match text {
        text if text.contains("<e:Subscribe ") => 'S',
        text if text.contains("<n:Pull>") => 'P',
        text if text.contains("<e:Unsubscribe ") => 'U',
        text if text.contains("<n:Enumerate>") => 'E',
        _ => '?',
    };
    server.heard().iter().map(|(_, text)| kind(text)).collect()
}

#[tokio::test]
async fn events_come_over_one_connection_and_nothing_yet_is_heard_in_both_forms() {
    let scene = vec![opened("c0"), pulled(&[1, 2]), fault(2_150_858_793), pulled(&[]), pulled(&[3]), soap("")];
    let mut side = Side::new(vec![scene]).await;
    assert_eq!(side.next().await, Ok(vec![1, 2]));
    assert_eq!(side.next().await, Ok(vec![]), "the operation ran out of time");
    assert_eq!(side.next().await, Ok(vec![]), "no items");
    assert_eq!((side.next().await, side.bookmark.clone()), (Ok(vec![3]), Some(mark(3))));
    let (server, events) = (side.server, side.events);
    events.leave().await;
    let heard = server.heard();
    assert!(heard[0].1.contains("<w:OperationTimeout>PT0.500S<") && heard[0].1.contains("<w:Heartbeats>PT120.000S<"));
    assert!(heard[2].1.contains(">c2<") && heard[3].1.contains(">c2<"), "the context stays good");
    assert!(heard[5].1.contains("<e:Identifier") && heard[5].1.contains(">mine<"));
    assert_eq!(server.connections(), [0; 6]);
}

#[tokio::test]
async fn one_connection_serves_one_query_after_the_other_and_leaves_both() {
    let scene = vec![opened("c0"), pulled(&[1]), opened("d0"), pulled(&[1, 2]), soap(""), soap("")];
    let mut side = Side::new(vec![scene]).await;
    side.events = side.events.at_most(1);
    assert_eq!(side.next().await, Ok(vec![1]));
    let query =
        EventQuery::new(vec![EventSelect { channel: "Other".to_owned(), condition: EventCondition::ids(&[7]) }]);
    (side.events, side.bookmark) = (side.events.turned_to(query), None);
    assert_eq!(side.next().await, Ok(vec![1, 2]), "the first is new to this query");
    let (server, events) = (side.server, side.events);
    events.leave().await;
    let heard = server.heard();
    assert_eq!((asked(&server).as_str(), server.connections()), ("SPSPUU", vec![0; 6]));
    assert!(
        heard[1].1.contains(">1</n:MaxElements>") && heard[3].1.contains(">32000</n:MaxElements>"),
        "{}",
        heard[1].1
    );
    assert!(heard[2].1.contains("Other") && heard[2].1.contains(">true<"), "{}", heard[2].1);
}

#[tokio::test]
async fn whatever_is_lost_the_next_subscription_begins_behind_the_last_bookmark() {
    for lost in [Turn::Hear, fault(2_150_858_761), fault(2_150_858_762), fault(2_150_858_779)] {
        let scenes = vec![
            vec![opened("c0"), pulled(&[1, 2]), lost.clone(), opened("d0"), pulled(&[3])],
            vec![opened("d0"), pulled(&[3])],
        ];
        let mut side = Side::new(scenes).await;
        assert_eq!(side.next().await, Ok(vec![1, 2]));
        assert_eq!(side.next().await, Ok(vec![3]), "{lost:?}");
        assert_eq!(side.asked(), "SPPSP");
        let again = &side.server.heard()[3].1;
        assert!(again.contains(mark(2).as_str()) && again.contains(">false<"), "{again}");
    }
}

#[tokio::test]
async fn what_a_server_sends_twice_is_passed_on_once() {
    let scenes =
        vec![vec![opened("c0"), pulled(&[1, 2]), Turn::Hear], vec![opened("d0"), pulled(&[1, 2]), pulled(&[2, 3])]];
    let mut side = Side::new(scenes).await;
    assert_eq!(side.next().await, Ok(vec![1, 2]));
    assert_eq!(side.next().await, Ok(vec![3]));
}

#[tokio::test]
async fn a_bookmark_that_is_not_taken_costs_a_reading_of_the_whole_log_and_repeats_nothing() {
    let scenes =
        vec![vec![opened("c0"), pulled(&[1]), Turn::Hear], vec![fault(2_150_858_832), opened("d0"), pulled(&[1, 2])]];
    let mut side = Side::beginning(false, scenes).await;
    assert_eq!(side.next().await, Ok(vec![1]));
    assert_eq!(side.next().await, Ok(vec![2]));
    let heard = side.server.heard();
    assert!(heard[3].1.contains("RecordId") && !heard[4].1.contains("RecordId") && heard[4].1.contains(">true<"));
}

#[tokio::test]
async fn a_call_that_was_dropped_has_taken_no_event_with_it() {
    let scenes = vec![vec![opened("c0"), pulled(&[1]), Turn::Hang], vec![opened("d0"), pulled(&[2])]];
    let mut side = Side::new(scenes).await;
    assert_eq!(side.next().await, Ok(vec![1]));
    let asked = async {
        while side.server.heard().len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = side.events.next(side.bookmark.as_ref()) => panic!("nothing comes"),
        () = asked => {}
    }
    assert_eq!((side.next().await, side.asked().as_str()), (Ok(vec![2]), "SPPSP"));
}

#[tokio::test]
async fn a_server_that_only_refuses_is_asked_a_few_times_and_no_more() {
    let mut side = Side::new(vec![vec![fault(5)]]).await;
    assert_eq!(side.next().await.unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(side.asked(), "S", "a refusal is final");
    let losing = || vec![opened("c0"), Turn::Hear];
    let mut side = Side::new(vec![losing(), losing(), losing(), losing()]).await;
    assert_eq!(side.next().await.unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(side.asked(), "SPSPSP");
    let same = [vec![opened("c0")], vec![pulled(&[1]); 70]].concat();
    let mut side = Side::new(vec![same]).await;
    assert_eq!(side.next().await, Ok(vec![1]));
    assert_eq!(side.next().await.unwrap_err().kind, ErrorKind::Malformed);
}
