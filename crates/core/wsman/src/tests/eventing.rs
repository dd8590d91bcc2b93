//! Subscriptions to event logs: what a client asks, what a server keeps, and how a Pull waits.

use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventCondition, EventQuery, EventSelect};
use cim::{CallError, ErrorKind, Reached};

use super::{server, settings};
use crate::eventing::{
    Content, Delivery, EVENT_LOG, EventLogs, Eventing, Listener, LogRecord, Positions, Scanned, StartAt, Subscribe,
    is_about_the_bookmark, is_lost,
};
use crate::fault::{Meaning, code, known};
use crate::header::Header;
use crate::message::Operation;
use crate::server::{HttpResponse, RequestKind, Served, Server, Waiting};

const ADMIN: &str = "Test-Admin";
const SYSTEM: &str = "System";

/// Two logs in one order.
#[derive(Default)]
struct Logs {
    records: Vec<LogRecord>,
    dropped: u64,
    denied: bool,
}

impl Logs {
    fn record(&mut self, channel: &str, id: u32) {
        let number = u64::try_from(self.records.len()).unwrap() + 1;
        let xml = format!(
            r#"<Event xmlns="urn:event"><System><EventID>{id}</EventID><EventRecordID>{number}</EventRecordID></System></Event>"#
        );
        self.records.push(LogRecord { channel: channel.to_owned(), number, xml });
    }
}

impl EventLogs for Logs {
    fn newest(&mut self, channel: &str) -> Result<(String, u64), CallError> {
        let name = [ADMIN, SYSTEM].into_iter().find(|name| name.eq_ignore_ascii_case(channel));
        let error = |kind, status| CallError::new(kind, Reached::Yes, "no log for you").with_status(status);
        let name = name.ok_or_else(|| error(ErrorKind::NotThere, code::NO_SUCH_LOG))?;
        if self.denied {
            return Err(error(ErrorKind::Denied, 5));
        }
        let own = self.records.iter().filter(|record| record.channel == name).map(|record| record.number);
        Ok((name.to_owned(), own.max().unwrap_or(0)))
    }

    fn scan(
        &mut self,
        query: &EventQuery,
        _: Content,
        after: &mut Positions,
        most: usize,
    ) -> Result<Scanned, CallError> {
        let now = cim::CimTimestamp::from_unix_us(0);
        let mut records = Vec::new();
        for record in &self.records {
            let Some(place) = after.get_mut(&record.channel).filter(|place| **place < record.number) else { continue };
            if records.len() == most {
                break;
            }
            *place = record.number;
            if query.selects(&record.channel, &record.xml, now) {
                records.push(record.clone());
            }
        }
        Ok(Scanned { records, dropped: std::mem::take(&mut self.dropped) })
    }
}

fn query(channels: &[&str]) -> EventQuery {
    let select =
        |channel: &&str| EventSelect { channel: (*channel).to_owned(), condition: EventCondition::ids(&[1, 2, 3]) };
    EventQuery::new(channels.iter().map(select).collect())
}

fn wish() -> Subscribe {
    Subscribe {
        query: query(&[ADMIN]),
        from: StartAt::Existing,
        heartbeats: Some(Duration::from_secs(20)),
        expires: None,
        send_bookmarks: true,
        content: Content::Raw,
        ignore_channel_errors: false,
    }
}

fn serve(server: &mut Server, at: u64, text: &str, logs: &mut Logs) -> Served {
    let now = Duration::from_secs(at);
    server.serve(now, text.as_bytes(), None, &mut |request| panic!("asked for {request:?}"), logs)
}

fn send(server: &mut Server, at: u64, operation: Eventing, patience: u64, logs: &mut Logs) -> Served {
    let header = Header {
        to: "http://hv01/wsman".to_owned(),
        message_id: "uuid:1".to_owned(),
        max_envelope_size: Some(512_000),
        operation_timeout: Some(Duration::from_secs(patience)),
    };
    serve(server, at, &Operation::Eventing(operation).write(&header), logs)
}

pub(super) fn answered(served: Served) -> HttpResponse {
    match served {
        Served::Answer(answer) => answer,
        Served::Later(waiting) => panic!("it waits: {waiting:?}"),
    }
}

pub(super) fn waiting(served: Served) -> Waiting {
    match served {
        Served::Later(waiting) => waiting,
        Served::Answer(answer) => panic!("{}", answer.body),
    }
}

/// The code of a fault.
fn fault(served: Served) -> u32 {
    let answer = answered(served);
    assert!(answer.fault, "{}", answer.body);
    crate::client::read_fault(&answer.body, false).unwrap().status.unwrap()
}

pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

pub(super) fn context(answer: &HttpResponse) -> String {
    between(&answer.body, "<n:EnumerationContext>", "<").to_owned()
}

fn subscribe(server: &mut Server, at: u64, wish: Subscribe, logs: &mut Logs) -> String {
    let answer = answered(send(server, at, Eventing::Subscribe(Box::new(wish)), 60, logs));
    assert_eq!((answer.status, answer.kind), (200, RequestKind::Subscribe), "{}", answer.body);
    context(&answer)
}

fn pull(context: &str) -> Eventing {
    Eventing::Pull {
        resource: EVENT_LOG.to_owned(),
        context: context.to_owned(),
        max_elements: Some(100),
        options: None,
    }
}

/// One listener against one server, as a transport carries it: a Pull that waits runs out of time at once.
struct Carried {
    server: Server,
    logs: Logs,
    listener: Listener,
    at: u64,
}

impl Carried {
    fn new(existing: bool, channels: &[&str]) -> Self {
        let listener = Listener::new(query(channels), existing, Duration::from_mins(2));
        Self { server: server(), logs: Logs::default(), listener, at: 0 }
    }

    fn step(&mut self) -> Result<Delivery<EventBatch>, CallError> {
        let message = self.listener.message(&settings(512_000), "uuid:1");
        let answer = match serve(&mut self.server, self.at, &message, &mut self.logs) {
            Served::Answer(answer) => answer,
            Served::Later(waiting) => self.server.go_on(waiting.until, &waiting, &mut self.logs).unwrap(),
        };
        self.listener.take(&answer.body)
    }

    fn events(&mut self) -> EventBatch {
        match self.step() {
            Ok(Delivery::Events(batch)) => batch,
            other => panic!("{other:?}"),
        }
    }
}

fn ids(batch: &EventBatch) -> Vec<String> {
    batch.events.iter().map(|xml| between(xml, "<EventID>", "<").to_owned()).collect()
}

#[test]
fn a_listener_hears_what_stands_there_and_then_what_comes() {
    let mut side = Carried::new(true, &[ADMIN, SYSTEM]);
    for (channel, id) in [(ADMIN, 1), (SYSTEM, 2), (ADMIN, 9), (SYSTEM, 3)] {
        side.logs.record(channel, id);
    }
    assert_eq!(side.step(), Ok(Delivery::Opened));
    let batch = side.events();
    assert_eq!(ids(&batch), ["1", "2", "3"], "in the order of the logs, without what is not asked for");
    assert_eq!(
        batch.bookmark.unwrap().as_str(),
        r#"<BookmarkList><Bookmark Channel="System" RecordId="4" IsCurrent="true"/><Bookmark Channel="Test-Admin" RecordId="1"/></BookmarkList>"#
    );
    assert_eq!(side.step(), Ok(Delivery::Nothing), "it ran out of time, and that is no error");
    side.logs.record(ADMIN, 2);
    assert_eq!(ids(&side.events()), ["2"]);
    assert_eq!(side.step(), Ok(Delivery::Nothing));
}

/// Other clients of Windows' event logs do so, and nothing says that a service remembers the options.
#[test]
fn each_pull_repeats_the_options_of_its_subscription() {
    let mut side = Carried::new(true, &[ADMIN]);
    let options = |side: &mut Carried| {
        let message = side.listener.message(&settings(512_000), "uuid:1");
        let header = between(&message, "<s:Header>", "</s:Header>").to_owned();
        header.contains("<w:OptionSet>").then(|| between(&header, "<w:OptionSet>", "</w:OptionSet>").to_owned())
    };
    let mut heard = Vec::new();
    for existing in ["true", "false"] {
        let expected = format!(
            r#"<w:Option Name="ContentFormat">Raw</w:Option><w:Option Name="ReadExistingEvents">{existing}</w:Option>"#
        );
        for step in ["subscribe", "pull", "pull once more"] {
            assert_eq!(options(&mut side).as_ref(), Some(&expected), "{step}");
            side.logs.record(ADMIN, 1);
            heard.push(side.step().unwrap());
        }
        // What begins behind a bookmark has other options, and so have its Pulls.
        let bookmark = side.listener.bookmark().cloned();
        side.listener.resume_after(bookmark);
    }
    assert_eq!(heard.iter().filter(|heard| matches!(heard, Delivery::Events(_))).count(), 4, "{heard:?}");
}

#[test]
fn a_subscription_that_is_closed_or_closing_is_lost_and_nothing_else_is() {
    for (status, lost) in [
        (2_150_858_759, true),
        (2_150_858_760, true),
        (2_150_858_761, true),
        (2_150_858_762, true),
        (2_150_858_763, true),
        (2_150_858_779, true),
        (2_150_858_764, false),
        (2_150_858_793, false),
        (5, false),
    ] {
        let error = CallError::new(ErrorKind::Refused, Reached::Yes, "no").with_status(status);
        assert_eq!(is_lost(&error), lost, "{status}");
    }
    // Every code that says so, and not only those that hosts were seen to send.
    for known in known::all() {
        let error = CallError::new(ErrorKind::Busy, Reached::Yes, "no").with_status(known.code);
        let lost = matches!(known.meaning, Meaning::SubscriptionLost | Meaning::ContextLost);
        assert_eq!(is_lost(&error), lost, "{known:?}");
    }
}

#[test]
fn without_a_wish_for_the_old_only_new_events_come() {
    let mut side = Carried::new(false, &["test-admin"]);
    side.logs.record(ADMIN, 1);
    assert_eq!(side.step(), Ok(Delivery::Opened));
    side.logs.record(ADMIN, 2);
    assert_eq!(ids(&side.events()), ["2"]);
}

#[test]
fn a_lost_subscription_goes_on_behind_the_bookmark_and_skips_and_repeats_nothing() {
    let mut side = Carried::new(true, &[ADMIN, SYSTEM]);
    side.logs.record(ADMIN, 1);
    side.step().unwrap();
    let kept = side.events().bookmark;
    for (channel, id) in [(SYSTEM, 2), (ADMIN, 3)] {
        side.logs.record(channel, id);
    }
    side.server.restart();
    let error = side.step().unwrap_err();
    assert!(is_lost(&error) && !side.listener.is_open(), "{error:?}");
    side.listener.resume_after(kept);
    assert_eq!(side.step(), Ok(Delivery::Opened));
    assert_eq!(ids(&side.events()), ["2", "3"]);
}

#[test]
fn a_bookmark_that_the_logs_have_outlived_is_told_as_such() {
    let mut side = Carried::new(true, &[ADMIN]);
    side.logs.record(ADMIN, 1);
    for (text, status) in [
        (r#"<BookmarkList><Bookmark Channel="Test-Admin" RecordId="7"/></BookmarkList>"#, code::EXPIRED_BOOKMARK),
        (r#"<BookmarkList><Bookmark Channel="Test-Admin"/></BookmarkList>"#, code::INVALID_BOOKMARK),
        ("<Mark/>", code::INVALID_BOOKMARK),
    ] {
        side.listener.resume_after(Some(Bookmark::new(text)));
        let error = side.step().unwrap_err();
        assert!(error.status == Some(status) && is_about_the_bookmark(&error), "{error:?}");
    }
    side.listener.resume_from_the_oldest();
    side.step().unwrap();
    assert_eq!(ids(&side.events()), ["1"]);
}

#[test]
fn logs_that_are_not_there_or_not_to_be_read_are_refused_unless_that_does_not_matter() {
    let (mut server, mut logs) = (server(), Logs::default());
    let other = Subscribe { query: query(&[ADMIN, "Test/Admin"]), ..wish() };
    let subscribe = |wish: &Subscribe| Eventing::Subscribe(Box::new(wish.clone()));
    assert_eq!(fault(send(&mut server, 0, subscribe(&other), 60, &mut logs)), code::NO_SUCH_LOG);
    let lenient = Subscribe { ignore_channel_errors: true, ..other };
    assert!(!answered(send(&mut server, 0, subscribe(&lenient), 60, &mut logs)).fault);
    logs.denied = true;
    let answer = answered(send(&mut server, 0, subscribe(&wish()), 60, &mut logs));
    assert!(answer.body.contains("w:AccessDenied"), "{}", answer.body);
    // A service without event logs has none of that name.
    let text = Operation::Eventing(subscribe(&wish())).write(&Header {
        to: String::new(),
        message_id: "uuid:1".to_owned(),
        max_envelope_size: None,
        operation_timeout: None,
    });
    assert!(super::answer_alone(&text).body.contains("Code=\"15007\""));
}

#[test]
fn a_pull_waits_for_an_event_and_is_answered_when_one_is_recorded() {
    let (mut server, mut logs) = (server(), Logs::default());
    let context = subscribe(&mut server, 0, wish(), &mut logs);
    let waits = waiting(send(&mut server, 1, pull(&context), 10, &mut logs));
    assert_eq!(waits.until, Duration::from_secs(11));
    assert_eq!(fault(send(&mut server, 2, pull(&context), 10, &mut logs)), code::PULL_UNDER_WAY);
    logs.record(SYSTEM, 1);
    assert_eq!(server.go_on(Duration::from_secs(3), &waits, &mut logs), None, "that is another log");
    logs.record(ADMIN, 1);
    let answer = server.go_on(Duration::from_secs(4), &waits, &mut logs).unwrap();
    assert_eq!((answer.status, answer.kind), (200, RequestKind::Pull));
    assert!(answer.body.contains("<EventID>1</EventID>") && answer.body.contains("<a:RelatesTo>uuid:1<"));
    assert_ne!(super::eventing::context(&answer), context, "the context changes with what is delivered");
}

#[test]
fn nothing_yet_is_a_time_out_or_a_sign_of_life_and_the_context_stays_good() {
    let (mut server, mut logs) = (server(), Logs::default());
    let context = subscribe(&mut server, 0, wish(), &mut logs);
    let waits = waiting(send(&mut server, 0, pull(&context), 10, &mut logs));
    let late = server.go_on(waits.until, &waits, &mut logs).unwrap();
    assert_eq!(fault(Served::Answer(late)), code::TIMED_OUT);
    // The heartbeat of 20 s comes before the minute that this Pull may take.
    let waits = waiting(send(&mut server, 10, pull(&context), 60, &mut logs));
    assert_eq!(waits.until, Duration::from_secs(30));
    let beat = server.go_on(waits.until, &waits, &mut logs).unwrap();
    assert!(!beat.fault && beat.body.contains("<n:Items></n:Items>"), "{}", beat.body);
    logs.record(ADMIN, 1);
    assert!(answered(send(&mut server, 31, pull(&context), 60, &mut logs)).body.contains("EventID"));
}

#[test]
fn a_subscription_ends_without_pulls_at_its_end_and_when_it_is_given_up() {
    let (mut server, mut logs) = (server(), Logs::default());
    let unpulled = subscribe(&mut server, 0, wish(), &mut logs);
    assert_eq!(fault(send(&mut server, 21, pull(&unpulled), 1, &mut logs)), code::NOT_PULLED);
    let short = Subscribe { expires: Some(Duration::from_secs(5)), ..wish() };
    let short = subscribe(&mut server, 30, short, &mut logs);
    waiting(send(&mut server, 34, pull(&short), 1, &mut logs));
    assert_eq!(fault(send(&mut server, 36, pull(&short), 1, &mut logs)), code::SUBSCRIPTION_CLOSED);
    let quiet = Subscribe { heartbeats: None, ..wish() };
    let quiet = subscribe(&mut server, 40, quiet, &mut logs);
    assert_eq!(fault(send(&mut server, 300, pull(&quiet), 1, &mut logs)), code::INVALID_CONTEXT);
    let opened = answered(send(&mut server, 300, Eventing::Subscribe(Box::new(wish())), 60, &mut logs));
    let identifier = between(&opened.body, "<e:Identifier>", "<").to_owned();
    let leave = || Eventing::Unsubscribe { resource: EVENT_LOG.to_owned(), identifier: identifier.clone() };
    let waits = waiting(send(&mut server, 301, pull(&context(&opened)), 60, &mut logs));
    assert!(!answered(send(&mut server, 302, leave(), 60, &mut logs)).fault);
    let ended = server.go_on(Duration::from_secs(302), &waits, &mut logs).unwrap();
    assert_eq!(fault(Served::Answer(ended)), code::SUBSCRIPTION_CLOSED);
    assert_eq!(fault(send(&mut server, 303, leave(), 60, &mut logs)), code::SUBSCRIPTION_CLOSED);
}

#[test]
fn a_pull_waits_for_a_minute_at_most_and_for_a_minute_if_nothing_is_said() {
    for (patience, waits_s) in [(Some(600), 60), (None, 60), (Some(59), 59)] {
        let (mut server, mut logs) = (server(), Logs::default());
        let context = subscribe(&mut server, 0, Subscribe { heartbeats: None, ..wish() }, &mut logs);
        let header =
            Header { operation_timeout: patience.map(Duration::from_secs), ..super::round_trip::plain_header() };
        let waits = waiting(serve(&mut server, 0, &Operation::Eventing(pull(&context)).write(&header), &mut logs));
        assert_eq!(waits.until, Duration::from_secs(waits_s), "{patience:?}");
    }
}

/// Windows knows a small part of `XPath`; a query beyond it fails as a whole, and selects neither everything nor nothing.
#[test]
fn a_query_in_words_that_event_logs_do_not_know_is_refused() {
    let (mut server, mut logs) = (server(), Logs::default());
    let condition = EventCondition::recent(&[1], Duration::from_mins(1));
    let query = EventQuery::new(vec![EventSelect { channel: ADMIN.to_owned(), condition }]);
    let wish = Eventing::Subscribe(Box::new(Subscribe { query, ..wish() }));
    let text = Operation::Eventing(wish).write(&super::round_trip::plain_header());
    let bound = "timediff(@SystemTime) &lt;= 60000";
    assert_eq!(text.matches(bound).count(), 1, "{text}");
    assert!(!answered(serve(&mut server, 0, &text, &mut logs)).fault);
    for other in [
        "timediff(@SystemTime) &lt;= yesterday",
        "age(@SystemTime) &lt;= 60000",
        "starts-with(@SystemTime, '2026')",
        "not(@SystemTime)",
        "@SystemTime | @Other",
        "..",
        "//Other",
        "Other[1]",
    ] {
        let answer = serve(&mut server, 0, &text.replace(bound, other), &mut logs);
        assert_eq!(fault(answer), code::EVENT_FILTER, "{other}");
    }
}

/// Windows delivers over a connection back too; who wants that must not wait for what never comes.
#[test]
fn events_are_delivered_by_pull_alone_and_whoever_wants_another_mode_learns_so() {
    let (mut server, mut logs) = (server(), Logs::default());
    let text = Operation::Eventing(Eventing::Subscribe(Box::new(wish()))).write(&super::round_trip::plain_header());
    let mode = r#" Mode="http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull""#;
    for (other, words) in [
        (r#" Mode="http://schemas.xmlsoap.org/ws/2004/08/eventing/DeliveryModes/Push""#, "connection back"),
        (r#" Mode="http://schemas.dmtf.org/wbem/wsman/1/wsman/PushWithAck""#, "connection back"),
        (r#" Mode="http://schemas.dmtf.org/wbem/wsman/1/wsman/Events""#, "connection back"),
        ("", "no mode is named"),
        (r#" Mode="http://schemas.dmtf.org/wbem/wsman/1/wsman/Pigeon""#, "no such mode"),
    ] {
        assert_eq!(text.matches(mode).count(), 1);
        let answer = answered(serve(&mut server, 0, &text.replace(mode, other), &mut logs));
        assert!(answer.fault && answer.body.contains(words), "{other}: {}", answer.body);
        let error = crate::client::read_fault(&answer.body, false).unwrap();
        assert_eq!(error.status, Some(code::DELIVERY_MODE), "{other}");
        assert!(
            answer.body.contains("<s:Value>s:Sender</s:Value><s:Subcode><s:Value>e:DeliveryModeRequestedUnavailable<")
        );
        assert!(answer.body.contains("<a:Action>http://schemas.xmlsoap.org/ws/2004/08/eventing/fault<"));
        let supported = "<e:SupportedDeliveryMode>http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull<";
        assert_eq!(answer.body.matches(supported).count(), 1, "{}", answer.body);
    }
    assert!(!answered(serve(&mut server, 0, &text, &mut logs)).fault, "Pull is taken");
}

#[test]
fn how_long_a_subscription_lasts_is_told_in_the_answer() {
    for (expires, told) in [(None, "PT0.000S"), (Some(Duration::from_millis(90_500)), "PT90.500S")] {
        let wish = Subscribe { expires, ..wish() };
        let answer = answered(send(&mut server(), 0, Eventing::Subscribe(Box::new(wish)), 60, &mut Logs::default()));
        assert_eq!(between(&answer.body, "<e:Expires>", "<"), told);
    }
}

#[test]
fn many_events_come_in_as_many_answers_as_they_need_and_lost_ones_are_counted() {
    let mut side = Carried::new(true, &[ADMIN]);
    for _ in 0..2_500 {
        side.logs.record(ADMIN, 1);
    }
    side.logs.dropped = 7;
    side.step().unwrap();
    let (mut count, mut dropped, mut answers) = (0, 0, 0);
    while let Ok(Delivery::Events(batch)) = side.step() {
        (count, dropped, answers) = (count + batch.events.len(), dropped + batch.dropped, answers + 1);
    }
    assert_eq!((count, dropped), (2_500, 7));
    assert!(answers > 2, "{answers}");
    side.logs.dropped = 3;
    let Ok(Delivery::Events(batch)) = side.step() else { panic!("a loss is reported at once") };
    assert_eq!((batch.events.len(), batch.dropped), (0, 3));
}

#[test]
fn what_a_host_does_not_take_is_refused_as_it_would() {
    let (mut server, mut logs) = (server(), Logs::default());
    let header =
        Header { to: String::new(), message_id: "uuid:1".to_owned(), max_envelope_size: None, operation_timeout: None };
    let text = Operation::Eventing(Eventing::Subscribe(Box::new(Subscribe {
        expires: Some(Duration::from_secs(90)),
        ..wish()
    })))
    .write(&header);
    for (from, to, expected) in [
        ("2004/08/events/eventquery", "wbem/wsman/1/WQL", code::EVENT_FILTER),
        ("*[System", "*[contains(System", code::EVENT_FILTER),
        ("<QueryList>", "<QueryList/><QueryList>", code::EVENT_FILTER),
        ("PT20.000S", "soon", code::INVALID_PARAMETER),
        ("PT20.000S", "PT0S", code::INVALID_PARAMETER),
        ("PT90.000S", "P", code::INVALID_EXPIRATION),
        ("PT90.000S", "2026-01-31T10:00:00Z", code::EXPIRATION_TYPE),
        (">Raw<", ">Events<", code::INVALID_PARAMETER),
        ("eventing/Subscribe<", "eventing/Renew<", code::UNABLE_TO_RENEW),
        ("eventing/Subscribe<", "eventing/GetStatus<", code::ACTION_NOT_SUPPORTED),
        ("eventing/Subscribe<", "eventing/Unsubscribe<", code::SCHEMA),
        ("<w:SendBookmarks/>", "<w:Bookmark>there</w:Bookmark>", code::INVALID_BOOKMARK),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        assert_eq!(fault(serve(&mut server, 0, &text.replace(from, to), &mut logs)), expected, "{to}");
    }
    let earliest = "<w:Bookmark>http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest</w:Bookmark>";
    let text = text.replace(">true<", ">false<").replace("<w:SendBookmarks/>", earliest);
    logs.record(ADMIN, 1);
    let begun = context(&answered(serve(&mut server, 0, &text, &mut logs)));
    let answer = answered(send(&mut server, 0, pull(&begun), 1, &mut logs));
    assert!(answer.body.contains("EventID") && !answer.body.contains("Bookmark"), "{}", answer.body);
    assert_eq!(fault(send(&mut server, 0, pull(&begun), 1, &mut logs)), code::INVALID_CONTEXT, "it has changed");
}
