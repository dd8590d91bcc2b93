//! What a server does with messages about events: answers them, or lets a Pull wait.

use std::time::Duration;

use cim::CallError;

use super::kind::{HttpResponse, RequestKind, kind_of_eventing};
use super::state::{ENVELOPE_FRAME, Server, next_id};
use crate::eventing::{
    Content, EventLogs, Eventing, EventingResponse, Positions, Pulled, Scanned, bookmark_header, response_body,
};
use crate::fault::{SoapFault, code};
use crate::message::{action_of, write_envelope_with};

/// What comes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// Its answer.
    Answer(HttpResponse),
    /// It is a Pull and there are no events yet: it must wait.
    Later(Waiting),
}

/// A Pull that waits for events: to be gone on with when something was recorded, and at `until` in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// When it is to be answered at the latest, by the clock of [`Server::serve`].
    pub until: Duration,
    context: String,
    max_elements: Option<u32>,
    /// Whether a sign of life is due then.
    beats: bool,
    pub(super) message_id: Option<String>,
    action: String,
    room: usize,
}

/// No event logs.
pub(super) struct NoLogs;

impl EventLogs for NoLogs {
    fn newest(&mut self, channel: &str) -> Result<(String, u64), CallError> {
        Err(no_log(channel))
    }

    fn scan(
        &mut self,
        _query: &cim::event::EventQuery,
        _content: Content,
        _after: &mut Positions,
        _most: usize,
    ) -> Result<Scanned, CallError> {
        Err(no_log(""))
    }
}

fn no_log(channel: &str) -> CallError {
    CallError::new(cim::ErrorKind::NotThere, cim::Reached::Yes, format!("there is no log {channel}"))
        .with_status(code::NO_SUCH_LOG)
}

/// What of a message about events its answer needs.
pub(super) struct Message {
    pub(super) id: Option<String>,
    pub(super) action: String,
    pub(super) patience: Option<Duration>,
    pub(super) room: usize,
}

impl Server {
    pub(super) fn eventing(
        &mut self,
        now: Duration,
        operation: &Eventing,
        message: Message,
        logs: &mut dyn EventLogs,
    ) -> Served {
        let kind = kind_of_eventing(operation);
        let issued = &mut self.issued;
        let new_id = || next_id(issued);
        let done = match operation {
            Eventing::Subscribe(_) | Eventing::Indications(_) => self.sources.subscribe(now, operation, new_id, logs),
            Eventing::Unsubscribe { identifier, .. } => self.sources.unsubscribe(identifier),
            Eventing::Pull { context, max_elements, .. } => {
                let asked = (context.as_str(), *max_elements, message.patience);
                let room = message.room.saturating_sub(ENVELOPE_FRAME);
                match self.sources.pull(now, asked, room, new_id, logs) {
                    Ok(Pulled::Answer(response)) => Ok(response),
                    Ok(Pulled::Wait { until, beats }) => {
                        return Served::Later(Waiting {
                            until,
                            context: context.clone(),
                            max_elements: *max_elements,
                            beats,
                            message_id: message.id,
                            action: message.action,
                            room: message.room,
                        });
                    }
                    Err(fault) => Err(fault),
                }
            }
        };
        Served::Answer(self.tell(kind, done, message.id.as_deref(), &message.action))
    }

    /// Goes on with a Pull that waits; `None` if it is to wait on.
    pub fn go_on(&mut self, now: Duration, waiting: &Waiting, logs: &mut dyn EventLogs) -> Option<HttpResponse> {
        let issued = &mut self.issued;
        let pull = (waiting.context.as_str(), waiting.max_elements, waiting.until, waiting.beats);
        let room = waiting.room.saturating_sub(ENVELOPE_FRAME);
        let done = self.sources.go_on(now, pull, room, || next_id(issued), logs)?;
        Some(self.tell(RequestKind::Pull, done, waiting.message_id.as_deref(), &waiting.action))
    }

    /// Forgets every enumeration and every subscription, as a host does that restarts.
    pub fn restart(&mut self) {
        self.contexts.clear();
        self.sources.clear();
    }

    fn tell(
        &mut self,
        kind: RequestKind,
        done: Result<EventingResponse, SoapFault>,
        relates_to: Option<&str>,
        action: &str,
    ) -> HttpResponse {
        let response = match done {
            Ok(response) => response,
            Err(fault) => return self.fault(kind, relates_to, &fault),
        };
        let more = match &response {
            EventingResponse::Events { bookmark: Some(bookmark), .. } => bookmark_header(bookmark),
            EventingResponse::Events { bookmark: None, .. }
            | EventingResponse::Subscribed { .. }
            | EventingResponse::Heartbeat
            | EventingResponse::Ended { .. }
            | EventingResponse::Unsubscribed => String::new(),
        };
        let own_id = self.next_id();
        let body = response_body(&response);
        let body = self.in_language(write_envelope_with(&more, &action_of(action), &own_id, relates_to, &body));
        HttpResponse { status: 200, body, kind, fault: false }
    }
}
