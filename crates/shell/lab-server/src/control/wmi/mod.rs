//! `POST /hosts/{name}/wmi`: what a host's own WMI answers to a program that runs on the host, for the stand-in under Wine.
//!
//! The host is the one that its WS-Management service answers for. Only the form differs: numbers of errors are HRESULTs,
//! references and paths are text with a server, and every value has its CIM type beside it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use cim::wql::{Columns, Query};
use cim::{Argument, CallError, Namespace, ObjectPath, Reply, Request, Value};
use reprise_lab::{Break, Message, MessageKind};
use serde::Deserialize;
use serde_json::{Value as Form, json};
use wsman::server::RequestKind;

use super::refusal::Refusal;
use crate::site::{Site, lock};
use crate::wmi_form::{self, Failed};

/// What a program asks of WMI.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Asked {
    /// A connection to a namespace.
    Connect { namespace: String },
    /// The objects that a query selects.
    Query { namespace: String, query: String },
    /// An instance, or the definition of a class if the path has no keys.
    Get { namespace: String, path: String },
    /// A method, with its inputs as text.
    Invoke { namespace: String, path: String, method: String, inputs: Vec<(String, Input)> },
}

/// An input of a method.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Input {
    One(String),
    Several(Vec<String>),
}

/// What a call to WMI comes to, apart from faults that strike it.
type Found = Result<Form, Failed>;

pub(super) async fn answer(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Json(asked): Json<Asked>,
) -> Result<Response, Refusal> {
    let Some(host) = site.with_world(|world| world.host_named(&name)) else {
        return Err(Refusal::Unknown(format!("there is no host {name}")));
    };
    let (found, delay) = struck(&site, host, &asked);
    tokio::time::sleep(delay).await;
    Ok(response(found))
}

fn response(found: Found) -> Response {
    let answer = found.unwrap_or_else(|Failed(number)| json!({ "failed": number }));
    Json(answer).into_response()
}

/// Answers, unless a fault strikes the call; and how late.
fn struck(site: &Site, host: usize, asked: &Asked) -> (Found, Duration) {
    if !site.with_world(|world| world.runs(host)) {
        return (Err(Failed::NOBODY), Duration::ZERO);
    }
    let (kind, operation) = match asked {
        Asked::Invoke { .. } => (RequestKind::Invoke, Some(MessageKind::Invoke)),
        Asked::Get { .. } => (RequestKind::Get, Some(MessageKind::Get)),
        Asked::Query { .. } => (RequestKind::Enumerate, Some(MessageKind::Enumerate)),
        // Only a fault of every operation strikes it.
        Asked::Connect { .. } => (RequestKind::Other, None),
    };
    let path = path_of(asked).ok();
    let message = Message { operation, path: path.as_ref() };
    let strike = site.with_world(|world| world.strike_message(host, message));
    let found = match strike.how {
        None => carried_out(site, host, asked),
        Some(Break::Busy) => Err(Failed::TOO_BUSY),
        Some(Break::Unsupported) => Err(Failed::NOT_SUPPORTED),
        Some(Break::Fails { code, done }) => {
            if done {
                drop(carried_out(site, host, asked));
            }
            Err(Failed::of_number(code))
        }
        Some(Break::DropBefore | Break::Reset | Break::Attack(_)) => Err(Failed::NOBODY),
        Some(Break::DropAfter | Break::HalfClose | Break::Garbage | Break::Empty) => {
            drop(carried_out(site, host, asked));
            Err(Failed::BROKEN_OFF)
        }
    };
    if let Some(port) = site.host(host) {
        lock(&port.counters).count(kind, found.is_err());
    }
    (found, strike.delay)
}

/// The object that is spoken of.
fn path_of(asked: &Asked) -> Result<ObjectPath, Failed> {
    match asked {
        Asked::Get { namespace, path } | Asked::Invoke { namespace, path, .. } => {
            ObjectPath::parse_in(path, &name_of(namespace)).map_err(|_| Failed::BAD_PATH)
        }
        Asked::Connect { .. } | Asked::Query { .. } => Err(Failed::BAD_PATH),
    }
}

/// A namespace as the protocol has it, from WMI's form: `root\cimv2`, with a server before it or without.
fn name_of(namespace: &str) -> Namespace {
    let own = namespace.replace('\\', "/");
    let own = own.strip_prefix("//").and_then(|rest| rest.split_once('/')).map_or(own.as_str(), |(_, own)| own);
    Namespace::new(own)
}

/// What the host answers.
fn carried_out(site: &Site, host: usize, asked: &Asked) -> Found {
    match asked {
        Asked::Connect { namespace } => {
            if site.with_world(|world| world.strike_login(host)) {
                return Err(Failed::NO_LOGIN);
            }
            site.with_world(|world| world.connect(host, &name_of(namespace))).map_err(|error| Failed::of(&error))?;
            Ok(json!({ "server": site.with_world(|world| world.server_name(host)) }))
        }
        Asked::Query { namespace, query } => queried(site, host, &name_of(namespace), query),
        Asked::Get { path, .. } => {
            let at = path_of(asked)?;
            // `=@` names the one instance of a class without keys.
            if at.keys.is_empty() && !path.ends_with("=@") {
                return defined(site, &at);
            }
            let reply = called(site, host, &Request::Get { path: at }).map_err(|error| Failed::of_get(&error))?;
            let Reply::Instance(row) = reply else { return Err(Failed::UNEXPECTED) };
            Ok(json!({ "object": wmi_form::object(site, host, &row, true) }))
        }
        Asked::Invoke { method, inputs, .. } => {
            let path = path_of(asked)?;
            let arguments = arguments(site, &path, method, inputs)?;
            let request = Request::Invoke { path, method: method.as_str().into(), arguments };
            let reply = called(site, host, &request).map_err(|error| Failed::of_get(&error))?;
            let Reply::Output(output) = reply else { return Err(Failed::UNEXPECTED) };
            Ok(json!({ "object": wmi_form::outputs(site, host, output) }))
        }
    }
}

fn called(site: &Site, host: usize, request: &Request) -> Result<Reply, CallError> {
    site.with_world(|world| world.answer(host, request))
}

fn queried(site: &Site, host: usize, namespace: &Namespace, query: &str) -> Found {
    let query = Query::parse(query, namespace).map_err(|_| Failed::BAD_QUERY)?;
    // What has no column list is an instance, and says where it is.
    let whole = match &query {
        Query::Select(select) => matches!(select.columns, Columns::All),
        Query::Related(_) => true,
    };
    let request = match query {
        Query::Select(select) => Request::Query { namespace: namespace.clone(), select },
        Query::Related(related) => Request::Related { related },
    };
    let reply = called(site, host, &request).map_err(|error| Failed::of(&error))?;
    let Reply::Rows(rows) = reply else { return Err(Failed::UNEXPECTED) };
    let objects: Vec<Form> = rows.iter().map(|row| wmi_form::object(site, host, row, whole)).collect();
    Ok(json!({ "objects": objects }))
}

fn defined(site: &Site, path: &ObjectPath) -> Found {
    let definition = site.with_world(|world| world.definition(&path.namespace, path.class.as_str()));
    definition.map(|definition| json!({ "class": wmi_form::class(definition) })).map_err(|error| Failed::of_get(&error))
}

/// The inputs as values. Scalars stay text, which the host reads by the method's definition; references are paths.
fn arguments(
    site: &Site,
    path: &ObjectPath,
    method: &str,
    inputs: &[(String, Input)],
) -> Result<Vec<Argument>, Failed> {
    let definition = site.with_world(|world| world.definition(&path.namespace, path.class.as_str()));
    let definition = definition.map_err(|error| Failed::of_get(&error))?;
    let taken = definition.methods().find(|(name, _)| name.eq_ignore_ascii_case(method)).map(|(_, inputs)| inputs);
    let refers = |name: &str| {
        let input = taken.into_iter().flatten().find(|input| input.value.name.eq_ignore_ascii_case(name));
        input.is_some_and(|input| input.value.kind == cim::CimType::Reference)
    };
    let one = |name: &str, text: &String| {
        if !refers(name) {
            return Ok(Value::Lexical(text.clone()));
        }
        let path = ObjectPath::parse_in(text, &path.namespace).map_err(|_| Failed::BAD_PATH)?;
        Ok(Value::Reference(Box::new(path)))
    };
    let argument = |(name, input): &(String, Input)| {
        let value = match input {
            Input::One(text) => one(name, text)?,
            Input::Several(texts) => {
                Value::List(texts.iter().map(|text| one(name, text)).collect::<Result<_, Failed>>()?)
            }
        };
        Ok(Argument::new(name.as_str(), value))
    };
    inputs.iter().map(argument).collect()
}

#[cfg(test)]
mod tests;
