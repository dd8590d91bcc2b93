//! The client's side of one subscription: which message is next, and what its answer means. The transport sends them.

use std::time::Duration;

use cim::event::{Bookmark, EventBatch, Query};
use cim::{CallError, ErrorKind, Reached};

use super::{Content, Eventing, Response, Start, Subscribe};
use crate::client::{Settings, header, open, unreadable};
use crate::fault::code;
use crate::message::Operation;
use crate::namespace as ns;
use crate::xml;

/// Most events in one answer: Windows' own limit (MaxBatchItems). The envelope's size is what ends a batch.
const BATCH_MAX: u32 = 32_000;

/// One listener's state.
#[derive(Debug)]
pub struct Listener {
    query: Query,
    existing: bool,
    heartbeats: Duration,
    after: Option<Bookmark>,
    open: Option<Open>,
    asked: Eventing,
    message_id: String,
}

/// A subscription that the server has, as far as is known.
#[derive(Clone, Debug)]
struct Open {
    identifier: String,
    context: String,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The subscription is open; nothing has been pulled yet.
    Opened,
    /// Events have come.
    Events(EventBatch),
    /// Nothing has come yet.
    Nothing,
}

impl Listener {
    /// A listener that has not subscribed yet. `existing` says whether it begins with what is in the logs or with what
    /// comes; the server ends the subscription if nobody pulls for `heartbeats`.
    pub fn new(query: Query, existing: bool, heartbeats: Duration) -> Self {
        let asked = Eventing::Unsubscribe { identifier: String::new() };
        Self { query, existing, heartbeats, after: None, open: None, asked, message_id: String::new() }
    }

    /// Whether the server has the subscription, as far as is known.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The place behind the last event that came.
    pub fn bookmark(&self) -> Option<&Bookmark> {
        self.after.as_ref()
    }

    /// The subscription is lost, or of no more use: the next one begins behind that place.
    pub fn resume_after(&mut self, bookmark: Option<Bookmark>) {
        self.after = bookmark;
        self.open = None;
    }

    /// The server does not take the bookmark: the next subscription begins with all that is in the logs.
    pub fn resume_from_the_oldest(&mut self) {
        self.existing = true;
        self.resume_after(None);
    }

    /// The message to be sent now: Subscribe, or Pull once there is a subscription.
    pub fn message(&mut self, settings: &Settings, message_id: &str) -> String {
        message_id.clone_into(&mut self.message_id);
        self.asked = match &self.open {
            Some(open) => Eventing::Pull { context: open.context.clone(), max_elements: Some(BATCH_MAX) },
            None => Eventing::Subscribe(Box::new(Subscribe {
                query: self.query.clone(),
                from: match (&self.after, self.existing) {
                    (Some(bookmark), _) => Start::After(bookmark.clone()),
                    (None, true) => Start::Existing,
                    (None, false) => Start::New,
                },
                heartbeats: Some(self.heartbeats),
                expires: None,
                send_bookmarks: true,
                content: Content::Raw,
                ignore_channel_errors: false,
            })),
        };
        Operation::Eventing(self.asked.clone()).write(&header(settings, message_id))
    }

    /// The message that ends the subscription, if there is one. Its answer does not matter.
    pub fn leave(&mut self, settings: &Settings, message_id: &str) -> Option<String> {
        let open = self.open.take().filter(|open| !open.identifier.is_empty())?;
        let leave = Eventing::Unsubscribe { identifier: open.identifier };
        Some(Operation::Eventing(leave).write(&header(settings, message_id)))
    }

    /// Takes in an answer. After an error the listener may try again: it subscribes anew if the subscription is lost.
    ///
    /// # Errors
    /// A fault of the server, or an answer that cannot be understood, in the classes of [`CallError`].
    pub fn take(&mut self, text: &str) -> Result<Heard, CallError> {
        let document = xml::parse(text).map_err(|error| unreadable(&error));
        let heard = document.and_then(|document| {
            let body = open(&document, false, Some(&self.message_id))?;
            let head = xml::child(document.root_element(), ns::SOAP, "Header");
            super::read_response(head, body, &self.asked).map_err(CallError::malformed)
        });
        match heard {
            Ok(response) => self.heard(response),
            Err(error) => self.failed(error),
        }
    }

    /// Takes in that there is no answer, or a fault: a Pull that only ran out of time has said that nothing came.
    ///
    /// # Errors
    /// Any other.
    pub fn failed(&mut self, error: CallError) -> Result<Heard, CallError> {
        let pulls = matches!(self.asked, Eventing::Pull { .. });
        if pulls && error.status == Some(code::TIMED_OUT) {
            return Ok(Heard::Nothing);
        }
        self.open = None;
        Err(error)
    }

    fn heard(&mut self, response: Response) -> Result<Heard, CallError> {
        match response {
            Response::Subscribed { identifier, context, expires: _, resource: _ } => {
                self.open = Some(Open { identifier, context });
                Ok(Heard::Opened)
            }
            Response::Heartbeat => Ok(Heard::Nothing),
            Response::Events { events, dropped, context, bookmark } => {
                self.open = match (context, self.open.take()) {
                    (Some(context), Some(open)) => Some(Open { context, ..open }),
                    (None, _) | (_, None) => None,
                };
                if events.is_empty() && dropped == 0 {
                    return Ok(Heard::Nothing);
                }
                self.after = bookmark.or(self.after.take());
                Ok(Heard::Events(EventBatch { events, bookmark: self.after.clone(), dropped }))
            }
            Response::Ended { status, reason } => {
                self.open = None;
                let message = format!("the server has ended the subscription ({status}): {reason}");
                Err(CallError::new(ErrorKind::Busy, Reached::Yes, message).with_status(code::SUBSCRIPTION_CLOSED))
            }
            Response::Unsubscribed => Err(CallError::malformed("the answer is one to another operation")),
        }
    }
}

/// Whether an error says that a subscription is not there any more, so that a new one is the cure.
pub fn is_lost(error: &CallError) -> bool {
    let closed = [code::ENUMERATION_CLOSED, code::SUBSCRIPTION_CLOSED, code::NOT_PULLED, code::NO_HEARTBEAT];
    error.status.is_some_and(|status| status == code::INVALID_CONTEXT || closed.contains(&status))
}

/// Whether an error says that the server does not take a bookmark.
pub fn is_about_the_bookmark(error: &CallError) -> bool {
    matches!(error.status, Some(code::INVALID_BOOKMARK | code::EXPIRED_BOOKMARK))
}
