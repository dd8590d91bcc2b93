//! Reads recorded answers and prints the result as JSON, for comparison with another reader.
//!
//! Each line of standard input is one chain of answers to one request:
//! `{"operation": "enumerate", "answers": [{"relates_to": "uuid:1", "text": "<s:Envelope…"}, …]}`. The operation is
//! `identify`, `get`, `invoke` (with `"method"`), `enumerate`, `events` (the answers to Subscribe and to each Pull) or
//! `changes`. Each line of standard output has, for each answer, the request that the client would have sent and what it
//! read, and for a subscription the final Unsubscribe.

use std::io::{self, BufRead as _, Write as _};
use std::time::Duration;

use cim::event::{EventCondition, EventQuery, EventSelect, Record};
use cim::{CallError, DateTime, FromValue as _, Key, Name, ObjectPath, Properties, Reply, Request, Row, Value};
use serde_json::{Map, Value as Json, json};
use wsman::client::{self, Call, MessageSettings, Progress};
use wsman::eventing::{Change, Delivery, Listener, Watcher, What};
use wsman::message::{Enumerate, Mode};
use wsman::{ALL_CLASSES, Resource};

/// The namespace of the requests. No answer depends on it.
const NAMESPACE: &str = "root/cimv2";
const HEARTBEATS: Duration = Duration::from_mins(1);

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let chain: Json = serde_json::from_str(&line?)?;
        writeln!(out, "{}", read(&chain).map_err(io::Error::other)?)?;
    }
    Ok(())
}

/// Reads one chain.
fn read(chain: &Json) -> Result<Json, String> {
    let text = |name: &str| chain.get(name).and_then(Json::as_str).unwrap_or_default();
    let answers = chain.get("answers").and_then(Json::as_array).ok_or("the chain has no answers")?;
    let answers: Vec<HttpResponse<'_>> = answers.iter().map(HttpResponse::of).collect::<Result<_, _>>()?;
    let path = ObjectPath::new(NAMESPACE, ALL_CLASSES);
    let call = match text("operation") {
        "identify" => return Ok(json!({ "answers": answers.iter().map(identify).collect::<Json>() })),
        "events" => return Ok(events(&answers)),
        "changes" => return Ok(changes(&answers)),
        "get" => Call::new(Request::Get { path }),
        "invoke" => Call::new(Request::Invoke { path, method: Name::new(text("method")), arguments: Vec::new() }),
        "enumerate" => Call::enumerate(Enumerate {
            resource: Resource::new(NAMESPACE, ALL_CLASSES),
            filter: None,
            mode: Mode::Object,
            optimize: true,
            max_elements: None,
        }),
        other => return Err(format!("no such operation: {other}")),
    };
    Ok(calls(call, &answers))
}

struct HttpResponse<'a> {
    /// The MessageID that the answer refers to.
    relates_to: &'a str,
    text: &'a str,
}

impl<'a> HttpResponse<'a> {
    fn of(json: &'a Json) -> Result<Self, String> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).ok_or_else(|| format!("an answer has no {name}"));
        Ok(Self { relates_to: text("relates_to")?, text: text("text")? })
    }
}

fn settings() -> MessageSettings {
    let to = "http://localhost/wsman".to_owned();
    MessageSettings { to, max_envelope_size: 512_000, operation_timeout: HEARTBEATS }
}

fn calls(mut call: Call, answers: &[HttpResponse<'_>]) -> Json {
    let step = |answer: &HttpResponse<'_>| {
        let invoked = call.changes_something();
        let asked = call.message(&settings(), answer.relates_to);
        let read = match call.take(answer.text) {
            Ok(Progress::Next) => json!({ "next": true }),
            // The path comes from the request, not from the answer.
            Ok(Progress::Done(Reply::Instance(row))) => json!({ "instance": row_json(&Row { path: None, ..row }) }),
            Ok(Progress::Done(Reply::Rows(rows))) => json!({ "rows": rows.iter().map(row_json).collect::<Json>() }),
            Ok(Progress::Done(Reply::Output(output))) => json!({ "output": properties_json(&output.parameters) }),
            Err(error) => error_json(&error, answer.text, invoked),
        };
        with_request(read, asked)
    };
    json!({ "answers": answers.iter().map(step).collect::<Json>() })
}

fn with_request(mut read: Json, asked: String) -> Json {
    if let Some(read) = read.as_object_mut() {
        read.insert("asked".to_owned(), Json::String(asked));
    }
    read
}

fn identify(answer: &HttpResponse<'_>) -> Json {
    match client::read_identity(answer.text) {
        Ok(who) => json!({ "identity": {
            "protocol": who.protocol, "vendor": who.vendor, "version": who.version, "profiles": who.profiles,
        } }),
        Err(error) => error_json(&error, answer.text, false),
    }
}

fn events(answers: &[HttpResponse<'_>]) -> Json {
    let query = EventQuery::new(vec![EventSelect { channel: "System".to_owned(), condition: EventCondition::any() }]);
    let mut listener = Listener::new(query, true, HEARTBEATS);
    let step = |answer: &HttpResponse<'_>| {
        let asked = listener.message(&settings(), answer.relates_to);
        let read = match listener.take(answer.text) {
            Ok(Delivery::Opened) => json!({ "opened": true }),
            Ok(Delivery::Nothing) => json!({ "nothing": true }),
            Ok(Delivery::Events(batch)) => json!({
                "events": batch.events.iter().map(|event| record_json(event)).collect::<Json>(),
                "bookmark": batch.bookmark.as_ref().map(cim::event::Bookmark::as_str),
                "dropped": batch.dropped,
            }),
            Err(error) => error_json(&error, answer.text, false),
        };
        with_request(read, asked)
    };
    let read: Json = answers.iter().map(step).collect();
    json!({ "answers": read, "leave": listener.leave(&settings(), "uuid:1") })
}

fn changes(answers: &[HttpResponse<'_>]) -> Json {
    let mut watcher = Watcher::new(NAMESPACE.into(), "CIM_ManagedElement".into(), HEARTBEATS, HEARTBEATS);
    let step = |answer: &HttpResponse<'_>| {
        let asked = watcher.message(&settings(), answer.relates_to);
        let read = match watcher.take(answer.text) {
            Ok(Delivery::Opened) => json!({ "opened": true }),
            Ok(Delivery::Nothing) => json!({ "nothing": true }),
            Ok(Delivery::Events(batch)) => {
                json!({ "changes": batch.changes.iter().map(change_json).collect::<Json>(), "dropped": batch.dropped })
            }
            Err(error) => error_json(&error, answer.text, false),
        };
        with_request(read, asked)
    };
    let read: Json = answers.iter().map(step).collect();
    json!({ "answers": read, "leave": watcher.leave(&settings(), "uuid:1") })
}

/// An error of the chain, and the fault that the text contains.
fn error_json(error: &CallError, text: &str, invoked: bool) -> Json {
    let plain = |error: &CallError| json!({ "kind": format!("{:?}", error.kind), "status": error.status, "message": error.message });
    let fault = client::read_fault(text, invoked);
    json!({ "error": plain(error), "fault": fault.as_ref().map(plain) })
}

fn change_json(change: &Change) -> Json {
    let (kind, before, now) = match &change.what {
        What::Created { now } => ("created", None, Some(now)),
        What::Modified { before, now } => ("modified", before.as_ref(), Some(now)),
        What::Deleted { before } => ("deleted", Some(before), None),
    };
    let time = change.time.map(cim::CimTimestamp::unix_us);
    json!({ "kind": kind, "before": before.map(row_json), "now": now.map(row_json), "unix_us": time })
}

fn record_json(event: &str) -> Json {
    let record = match Record::parse(event) {
        Ok(record) => json!({
            "provider": record.provider, "id": record.id, "level": record.level, "number": record.number,
            "channel": record.channel, "computer": record.computer, "unix_us": record.time.unix_us(),
            "data": record.data,
        }),
        Err(error) => json!({ "unreadable": error.to_string() }),
    };
    json!({ "xml": event, "record": record })
}

fn row_json(row: &Row) -> Json {
    json!({
        "class": row.class.as_str(),
        "path": row.path.as_ref().map(path_json),
        "properties": properties_json(&row.properties),
    })
}

fn properties_json(properties: &Properties) -> Json {
    let entries = properties.iter().map(|(name, value)| (name.as_str().to_owned(), value_json(value)));
    Json::Object(entries.collect::<Map<_, _>>())
}

/// A value. Text that can be read as a datetime includes the result.
fn value_json(value: &Value) -> Json {
    match value {
        Value::Nil => json!({ "nil": true }),
        Value::List(items) => json!({ "list": items.iter().map(value_json).collect::<Json>() }),
        Value::Reference(path) => json!({ "reference": path_json(path) }),
        Value::Object(row) => json!({ "object": row_json(row) }),
        Value::Lexical(_)
        | Value::Boolean(_)
        | Value::Uint8(_)
        | Value::Uint16(_)
        | Value::Uint32(_)
        | Value::Uint64(_)
        | Value::Sint8(_)
        | Value::Sint16(_)
        | Value::Sint32(_)
        | Value::Sint64(_)
        | Value::Real64(_)
        | Value::Char16(_)
        | Value::String(_)
        | Value::DateTime(_) => {
            let date = match DateTime::from_value(value) {
                Ok(DateTime::Timestamp(at)) => json!({ "unix_us": at.unix_us(), "offset": at.offset_minutes() }),
                Ok(DateTime::Interval(length)) => json!({ "length_us": length.micros() }),
                Err(_) => Json::Null,
            };
            json!({ "text": value.lexical(), "date": date })
        }
    }
}

fn path_json(path: &ObjectPath) -> Json {
    let key = |key: &Key| match key {
        Key::Text(text) => json!(text),
        Key::Path(inner) => path_json(inner),
    };
    let keys = path.keys.iter().map(|(name, value)| (name.as_str().to_owned(), key(value)));
    json!({
        "namespace": path.namespace.as_str(),
        "class": path.class.as_str(),
        "keys": Json::Object(keys.collect::<Map<_, _>>()),
    })
}
