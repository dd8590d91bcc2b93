//! What both sides say to each other, to hand-written messages, and to bytes that are none.

mod corpus;
mod dmtf;
mod enumeration;
mod eventing;
mod faults;
mod filter;
mod hostile;
mod hosts;
mod indication;
mod prefixes;
mod provider;
mod round_trip;
mod strategy;
mod strict;
mod watcher;
mod written;

use std::time::Duration;

use cim::{CallError, Reply, Request};

use crate::client::{Call, MessageSettings, Progress};
use crate::server::{HttpResponse, Server};

/// A server with nothing in it.
fn server() -> Server {
    Server::new("hv01", "OS: 10.0.20348 SP: 0.0 Stack: 3.0")
}

fn settings(max_envelope_size: u32) -> MessageSettings {
    MessageSettings {
        to: "http://hv01:5985/wsman".to_owned(),
        max_envelope_size,
        operation_timeout: Duration::from_millis(60_500),
    }
}

/// An answer to one message; nothing is to be asked behind it.
fn answer_alone(text: &str) -> HttpResponse {
    server().handle(Duration::ZERO, text.as_bytes(), None, &mut |request| {
        panic!("the server asked for {request:?}");
    })
}

/// Carries one call to its end between the two sides, as a transport would. Gives every answer's length too.
fn converse(
    server: &mut Server,
    request: Request,
    settings: &MessageSettings,
    ask: &mut dyn FnMut(Request) -> Result<Reply, CallError>,
) -> (Result<Reply, CallError>, Vec<usize>) {
    let mut call = Call::new(request);
    let mut lengths = Vec::new();
    for number in 0..10_000 {
        let message = call.message(settings, &format!("uuid:00000000-0000-4000-8000-{number:012}"));
        let answer = server.handle(Duration::ZERO, message.as_bytes(), Some("UTF-8"), ask);
        lengths.push(answer.body.len());
        match call.take(&answer.body) {
            Ok(Progress::Next) => {}
            Ok(Progress::Done(reply)) => return (Ok(reply), lengths),
            Err(error) => return (Err(error), lengths),
        }
    }
    panic!("the call does not end");
}
