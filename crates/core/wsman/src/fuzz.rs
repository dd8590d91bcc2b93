//! What any bytes must not break, as bodies of fuzz targets: both sides end each message with an answer or an error.

use std::time::Duration;

use cim::event::{EventCondition, EventQuery, EventSelect};
use cim::{
    CallError, ErrorKind, Name, Namespace, ObjectPath, Output, Properties, Reached, Reply, Request, Row, Value, wql,
};

use crate::client::{self, Call, MessageSettings, Progress};
use crate::eventing::{Content, Delivery, EventLogs, Listener, LogRecord, Positions, Scanned, Watcher};
use crate::sealed::{self, Protocol};
use crate::server::{Served, Server};
use crate::xml;

/// Maximum number of messages of one call that are answered with the same text.
const ROUNDS_MAX: u32 = 4;
/// The answer to Subscribe.
const OPENED: &str = include_str!("../corpus/answer-subscribe.xml");
/// One record for each Pull.
const RECORD: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>32086</EventID></System></Event>";

/// The type of a sealed body with the usual boundary.
const SEALED: &str =
    "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

/// The target `request`: messages to a server, several of them with a zero byte between them. The word `$LAST` in one
/// stands for the last context that the server gave out, which nobody could guess.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn request(bytes: &[u8]) {
    let mut server = Server::new("hv01", "OS: 10.0.20348 SP: 0.0 Stack: 3.0");
    let mut context = String::new();
    let mut logs = Logs { looks: 0 };
    for (second, message) in (0..).zip(bytes.split(|byte| *byte == 0).take(8)) {
        let now = Duration::from_secs(second);
        let message = String::from_utf8_lossy(message).replace("$LAST", &context);
        let outcome = server.serve(now, message.as_bytes(), None, &mut |asked| reply(&asked), &mut logs);
        let answer = match outcome {
            Served::Answer(answer) => answer,
            Served::Later(waiting) => match server.go_on(waiting.until, &waiting, &mut logs) {
                Some(answer) => answer,
                None => continue,
            },
        };
        assert!(xml::parse(&answer.body).is_ok(), "{}", answer.body);
        assert_eq!(answer.fault, answer.status == 500);
        if let Some((_, rest)) = answer.body.split_once("EnumerationContext>") {
            rest.split('<').next().unwrap_or_default().clone_into(&mut context);
        }
    }
    // Bytes of other encodings, as they are.
    let answer = server.handle(Duration::ZERO, bytes, Some("utf-16"), &mut |asked| reply(&asked));
    assert!(xml::parse(&answer.body).is_ok(), "{}", answer.body);
    if let Some(answer) = server.handle_unknown(bytes, None) {
        assert!(xml::parse(&answer.body).is_ok(), "{}", answer.body);
    }
}

/// The target `answer`: messages to a client, which has sent each kind of request.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn answer(bytes: &[u8]) {
    let Ok(text) = crate::decode_text(bytes, None) else { return };
    let settings = MessageSettings {
        to: "http://hv01:5985/wsman".to_owned(),
        max_envelope_size: 512_000,
        operation_timeout: Duration::from_mins(1),
    };
    for request in requests() {
        let mut call = Call::new(request);
        for _ in 0..ROUNDS_MAX {
            let message = call.message(&settings, "uuid:1");
            assert!(xml::parse(&message).is_ok(), "{message}");
            if !matches!(call.take(&text), Ok(Progress::Next)) {
                break;
            }
        }
        if let Some(message) = call.release(&settings, "uuid:1") {
            assert!(xml::parse(&message).is_ok(), "{message}");
        }
    }
    let query = EventQuery::new(vec![EventSelect { channel: "System".to_owned(), condition: EventCondition::any() }]);
    let mut listener = Listener::new(query, true, Duration::from_mins(1));
    for _ in 0..ROUNDS_MAX {
        let message = listener.message(&settings, "uuid:1");
        assert!(xml::parse(&message).is_ok(), "{message}");
        if let Ok(Delivery::Events(batch)) = listener.take(&text) {
            assert!(batch.events.iter().all(|event| xml::parse(event).is_ok()), "{batch:?}");
        }
    }
    let mut watcher = Watcher::new(path().namespace, path().class, Duration::from_secs(2), Duration::from_mins(1));
    for _ in 0..ROUNDS_MAX {
        let message = watcher.message(&settings, "uuid:1");
        assert!(xml::parse(&message).is_ok(), "{message}");
        drop(watcher.take(&text));
        // A response to Subscribe isn't one to Pull: both are tried with an open subscription too.
        drop(watcher.take(OPENED));
    }
    drop((client::read_identity(&text), client::read_fault(&text, true)));
}

fn path() -> ObjectPath {
    ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem").with("Name", "x")
}

fn requests() -> [Request; 4] {
    [
        Request::Get { path: path() },
        Request::Query { namespace: path().namespace, select: wql::Select::all("Msvm_ComputerSystem") },
        Request::Related { related: wql::Related::instances_of(path(), "Msvm_ReplicationRelationship") },
        Request::Invoke { path: path(), method: Name::new("RequestStateChange"), arguments: Vec::new() },
    ]
}

fn reply(asked: &Request) -> Result<Reply, CallError> {
    let properties = Properties::new()
        .with("Name", Value::String("x & <y>".to_owned()))
        .with("Many", Value::List(vec![Value::Uint16(2), Value::Nil]))
        .with("Object", Value::Reference(Box::new(path())));
    let row = Row { class: Name::new("Msvm_ComputerSystem"), path: Some(path()), properties };
    match asked {
        Request::Get { path } if path.keys.is_empty() => {
            Err(CallError::new(ErrorKind::NotThere, Reached::Yes, "there is no such \u{b} object"))
        }
        Request::Get { .. } => Ok(Reply::Instance(row)),
        Request::Query { .. } | Request::Related { .. } => Ok(Reply::Rows(vec![row.clone(), row.clone(), row])),
        Request::Invoke { .. } => Ok(Reply::Output(Output { parameters: row.properties })),
    }
}

/// One log with one record.
struct Logs {
    looks: u64,
}

impl EventLogs for Logs {
    fn newest(&mut self, channel: &str) -> Result<(String, u64), CallError> {
        if channel.eq_ignore_ascii_case("System") {
            return Ok(("System".to_owned(), 1));
        }
        Err(CallError::new(ErrorKind::NotThere, Reached::Yes, "there is no such log"))
    }

    fn scan(
        &mut self,
        query: &EventQuery,
        _: Content,
        after: &mut Positions,
        most: usize,
    ) -> Result<Scanned, CallError> {
        let place = after.entry("System".to_owned()).or_default();
        let is_new = *place == 0 && most > 0 && query.selects("System", RECORD, cim::CimTimestamp::from_unix_us(0));
        *place = 1;
        let record = LogRecord { channel: "System".to_owned(), number: 1, xml: RECORD.to_owned() };
        Ok(Scanned { records: is_new.then_some(record).into_iter().collect(), dropped: 0 })
    }

    /// Each look shows a change.
    fn instances(&mut self, _: &Namespace, select: &wql::Select) -> Result<(Vec<Row>, u64), CallError> {
        self.looks += 1;
        let row = Row::new(select.class.clone()).with("Looks", Value::Uint64(self.looks));
        Ok((vec![Row { path: Some(path()), ..row }], self.looks))
    }
}

/// The target `sealed`: a line with the body's type, and the body; without a known type all of it is the body.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn sealed(bytes: &[u8]) {
    let line = bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.split_at_checked(end));
    let (content_type, body) = line
        .and_then(|(line, rest)| Some((str::from_utf8(line).ok()?, rest.get(1..)?)))
        .filter(|(line, _)| sealed::is_sealed(line))
        .unwrap_or((SEALED, bytes));
    let Ok(parts) = sealed::read(content_type, body) else { return };
    assert!(!parts.is_empty() && parts.iter().all(|part| part.sealed.len() >= 4 + part.original_length));
    // Not every part can be written anew: a boundary of ours behind the promised length would end it, and a type may fill
    // a line of its own that has no room for what we write around it.
    let holds_boundary = |octets: &[u8]| octets.windows(18).any(|window| window == b"Encrypted Boundary");
    if parts.iter().any(|part| holds_boundary(&part.sealed) || part.original_type.len() > 400) {
        return;
    }
    let (content_type, body) = sealed::write(Protocol::Spnego, &parts);
    assert_eq!(sealed::read(&content_type, &body), Ok(parts));
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn every_kept_input_passes_its_target() {
        replay(&[("request", super::request), ("answer", super::answer), ("sealed", super::sealed)]);
    }
}
