//! The client's side of one subscription to event logs: the next message, and the meaning of its answer. The transport sends
//! the messages.

use std::time::Duration;

use cim::CallError;
use cim::event::{Bookmark, EventBatch, EventQuery};

use super::dialogue::{Delivery, Dialogue};
use super::{Content, Eventing, StartAt, Subscribe};
use crate::client::MessageSettings;
use crate::fault::code;
use crate::xml;

/// One listener's state.
#[derive(Debug)]
pub struct Listener {
    query: EventQuery,
    existing: bool,
    heartbeats: Duration,
    after: Option<Bookmark>,
    dialogue: Dialogue,
}

impl Listener {
    /// Creates a listener that has not subscribed yet. `existing` says whether it begins with the records in the logs or with
    /// new ones; the server ends the subscription if there is no Pull for `heartbeats`.
    pub fn new(query: EventQuery, existing: bool, heartbeats: Duration) -> Self {
        Self { query, existing, heartbeats, after: None, dialogue: Dialogue::new() }
    }

    /// Sets the maximum number of events per answer.
    #[must_use]
    pub fn at_most(self, count: u32) -> Self {
        Self { dialogue: self.dialogue.at_most(count), ..self }
    }

    /// Whether the subscription is open at the server, as far as the client knows.
    pub fn is_open(&self) -> bool {
        self.dialogue.is_open()
    }

    /// The place after the last event received.
    pub fn bookmark(&self) -> Option<&Bookmark> {
        self.after.as_ref()
    }

    /// Forgets the subscription, because it is lost or no longer useful. The next one begins at the bookmark.
    pub fn resume_after(&mut self, bookmark: Option<Bookmark>) {
        self.after = bookmark;
        self.dialogue.forget();
    }

    /// Forgets the bookmark, which the server does not accept. The next subscription begins with all records in the logs.
    pub fn resume_from_the_oldest(&mut self) {
        self.existing = true;
        self.resume_after(None);
    }

    /// The next message to send: Subscribe, or Pull once there is a subscription.
    pub fn message(&mut self, settings: &MessageSettings, message_id: &str) -> String {
        let begin = Eventing::Subscribe(Box::new(Subscribe {
            query: self.query.clone(),
            from: match (&self.after, self.existing) {
                (Some(bookmark), _) => StartAt::After(bookmark.clone()),
                (None, true) => StartAt::Existing,
                (None, false) => StartAt::New,
            },
            heartbeats: Some(self.heartbeats),
            expires: None,
            send_bookmarks: true,
            content: Content::Raw,
            ignore_channel_errors: false,
        }));
        self.dialogue.message(begin, settings, message_id)
    }

    /// The message that ends the subscription, if there is one. Its answer does not matter.
    pub fn leave(&mut self, settings: &MessageSettings, message_id: &str) -> Option<String> {
        self.dialogue.leave(settings, message_id)
    }

    /// Processes an answer. After an error the listener can go on: it subscribes again if the subscription is lost.
    ///
    /// # Errors
    /// A fault of the server, or an answer that cannot be understood, as a [`CallError`].
    pub fn take(&mut self, text: &str) -> Result<Delivery<EventBatch>, CallError> {
        let read = |item: roxmltree::Node<'_, '_>| match item.tag_name().name() {
            "Event" => Ok(xml::outer(item)),
            other => Err(format!("the answer holds {other} where an event is due")),
        };
        Ok(match self.dialogue.take(text, read)? {
            Delivery::Opened => Delivery::Opened,
            Delivery::Nothing => Delivery::Nothing,
            Delivery::Events(pulled) => {
                self.after = pulled.bookmark.or(self.after.take());
                let (events, dropped) = (pulled.events, pulled.dropped);
                Delivery::Events(EventBatch { events, bookmark: self.after.clone(), dropped })
            }
        })
    }

    /// Processes a missing answer or a fault: a Pull that timed out only means that there were no events.
    ///
    /// # Errors
    /// Any other.
    pub fn failed(&mut self, error: CallError) -> Result<Delivery<EventBatch>, CallError> {
        self.dialogue.failed(error)
    }
}

/// Whether an error means that the server does not accept a bookmark.
pub fn is_about_the_bookmark(error: &CallError) -> bool {
    matches!(error.status, Some(code::INVALID_BOOKMARK | code::EXPIRED_BOOKMARK))
}
