//! The client's state of one subscription, common to event logs and classes: the next message, and the meaning of an answer.

use cim::event::Bookmark;
use cim::{CallError, ErrorKind, Reached};
use roxmltree::Node;

use super::{EVENT_LOG, Eventing, EventingResponse, SubscriptionOptions};
use crate::client::{MessageSettings, header, open, unreadable};
use crate::fault::{Meaning, code};
use crate::message::Operation;
use crate::namespace as ns;
use crate::xml;

/// Maximum number of events in one answer: Windows' own limit (MaxBatchItems). The envelope's size is what ends a batch.
const BATCH_MAX: u32 = 32_000;

/// What a response to a subscription's message delivers.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery<B> {
    /// The subscription is open; nothing has been pulled yet.
    Opened,
    /// Events have come.
    Events(B),
    /// Nothing has come yet.
    Nothing,
}

/// What has been pulled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PulledEvents<E> {
    pub(super) events: Vec<E>,
    pub(super) dropped: u64,
    pub(super) bookmark: Option<Bookmark>,
}

/// The state of one subscription.
#[derive(Debug)]
pub(super) struct Dialogue {
    open: Option<Open>,
    asked: Eventing,
    message_id: String,
    /// Maximum number of events in one answer.
    batch_max: u32,
}

/// A subscription that is open at the server, as far as the client knows.
#[derive(Clone, Debug)]
struct Open {
    identifier: String,
    /// The resource by which its manager is reached.
    manager: String,
    context: String,
    /// The options that it began with.
    options: Option<SubscriptionOptions>,
}

impl Dialogue {
    pub(super) fn new() -> Self {
        let asked = Eventing::Unsubscribe { resource: EVENT_LOG.to_owned(), identifier: String::new() };
        Self { open: None, asked, message_id: String::new(), batch_max: BATCH_MAX }
    }

    /// Sets the maximum number of events per answer.
    pub(super) fn at_most(self, count: u32) -> Self {
        Self { batch_max: count.clamp(1, BATCH_MAX), ..self }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Forgets the subscription, because it is lost or no longer useful.
    pub(super) fn forget(&mut self) {
        self.open = None;
    }

    /// The next message to send: Subscribe, or Pull once there is a subscription.
    pub(super) fn message(&mut self, begin: Eventing, settings: &MessageSettings, message_id: &str) -> String {
        message_id.clone_into(&mut self.message_id);
        self.asked = match &self.open {
            Some(open) => Eventing::Pull {
                resource: begin.resource(),
                context: open.context.clone(),
                max_elements: Some(self.batch_max),
                options: open.options,
            },
            None => begin,
        };
        Operation::Eventing(self.asked.clone()).write(&header(settings, message_id))
    }

    /// The message that ends the subscription, if there is one. Its answer does not matter.
    pub(super) fn leave(&mut self, settings: &MessageSettings, message_id: &str) -> Option<String> {
        let open = self.open.take().filter(|open| !open.identifier.is_empty())?;
        let leave = Eventing::Unsubscribe { resource: open.manager, identifier: open.identifier };
        Some(Operation::Eventing(leave).write(&header(settings, message_id)))
    }

    /// Processes an answer whose events are read by `read`.
    pub(super) fn take<E>(
        &mut self,
        text: &str,
        read: impl Fn(Node<'_, '_>) -> Result<E, String>,
    ) -> Result<Delivery<PulledEvents<E>>, CallError> {
        let text = cim::reference::readable(text);
        let document = xml::parse(&text).map_err(|error| unreadable(&error));
        let heard = document.and_then(|document| {
            let body = open(&document, false, Some(&self.message_id))?;
            let head = xml::child(document.root_element(), ns::SOAP, "Header");
            super::read_response(head, body, &self.asked, read).map_err(CallError::malformed)
        });
        match heard {
            Ok(response) => self.heard(response),
            Err(error) => self.failed(error),
        }
    }

    /// Processes a missing answer or a fault: a Pull that timed out only means that there were no events.
    pub(super) fn failed<B>(&mut self, error: CallError) -> Result<Delivery<B>, CallError> {
        let pulls = matches!(self.asked, Eventing::Pull { .. });
        if pulls && error.status == Some(code::TIMED_OUT) {
            return Ok(Delivery::Nothing);
        }
        self.open = None;
        Err(error)
    }

    fn heard<E>(&mut self, response: EventingResponse<E>) -> Result<Delivery<PulledEvents<E>>, CallError> {
        match response {
            EventingResponse::Subscribed { identifier, context, expires: _, resource } => {
                let manager = if resource.is_empty() { self.asked.resource() } else { resource };
                let options = match &self.asked {
                    Eventing::Subscribe(subscribe) => Some(subscribe.options()),
                    Eventing::Indications(_) | Eventing::Pull { .. } | Eventing::Unsubscribe { .. } => None,
                };
                self.open = Some(Open { identifier, manager, context, options });
                Ok(Delivery::Opened)
            }
            EventingResponse::Heartbeat => Ok(Delivery::Nothing),
            EventingResponse::Events { events, dropped, context, bookmark } => {
                self.open = match (context, self.open.take()) {
                    (Some(context), Some(open)) => Some(Open { context, ..open }),
                    (None, _) | (_, None) => None,
                };
                if events.is_empty() && dropped == 0 {
                    return Ok(Delivery::Nothing);
                }
                Ok(Delivery::Events(PulledEvents { events, dropped, bookmark }))
            }
            EventingResponse::Ended { status, reason } => {
                self.open = None;
                let message = format!("the server has ended the subscription ({status}): {reason}");
                Err(CallError::new(ErrorKind::Busy, Reached::Yes, message).with_status(code::SUBSCRIPTION_CLOSED))
            }
            EventingResponse::Unsubscribed => Err(CallError::malformed("the answer is one to another operation")),
        }
    }
}

/// Whether an error means that the subscription no longer exists, so that a new one is needed.
pub fn is_lost(error: &CallError) -> bool {
    let is_lost = |status| matches!(Meaning::of(status), Meaning::ContextLost | Meaning::SubscriptionLost);
    error.status.is_some_and(is_lost)
}
