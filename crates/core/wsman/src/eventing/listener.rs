//! The client's side of one subscription to event logs: which message is next, and what its answer means. The transport
//! sends them.

use std::time::Duration;

use cim::CallError;
use cim::event::{Bookmark, EventBatch, Query};

use super::dialogue::{Delivery, Dialogue};
use super::{Content, Eventing, Start, Subscribe};
use crate::client::Settings;
use crate::fault::code;
use crate::xml;

/// One listener's state.
#[derive(Debug)]
pub struct Listener {
    query: Query,
    existing: bool,
    heartbeats: Duration,
    after: Option<Bookmark>,
    dialogue: Dialogue,
}

impl Listener {
    /// A listener that has not subscribed yet. `existing` says whether it begins with what is in the logs or with what
    /// comes; the server ends the subscription if nobody pulls for `heartbeats`.
    pub fn new(query: Query, existing: bool, heartbeats: Duration) -> Self {
        Self { query, existing, heartbeats, after: None, dialogue: Dialogue::new() }
    }

    /// Each answer is to bring so many events at most.
    #[must_use]
    pub fn at_most(self, count: u32) -> Self {
        Self { dialogue: self.dialogue.at_most(count), ..self }
    }

    /// Whether the server has the subscription, as far as is known.
    pub fn is_open(&self) -> bool {
        self.dialogue.is_open()
    }

    /// The place behind the last event that came.
    pub fn bookmark(&self) -> Option<&Bookmark> {
        self.after.as_ref()
    }

    /// The subscription is lost, or of no more use: the next one begins behind that place.
    pub fn resume_after(&mut self, bookmark: Option<Bookmark>) {
        self.after = bookmark;
        self.dialogue.forget();
    }

    /// The server does not take the bookmark: the next subscription begins with all that is in the logs.
    pub fn resume_from_the_oldest(&mut self) {
        self.existing = true;
        self.resume_after(None);
    }

    /// The message to be sent now: Subscribe, or Pull once there is a subscription.
    pub fn message(&mut self, settings: &Settings, message_id: &str) -> String {
        let begin = Eventing::Subscribe(Box::new(Subscribe {
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
        }));
        self.dialogue.message(begin, settings, message_id)
    }

    /// The message that ends the subscription, if there is one. Its answer does not matter.
    pub fn leave(&mut self, settings: &Settings, message_id: &str) -> Option<String> {
        self.dialogue.leave(settings, message_id)
    }

    /// Takes in an answer. After an error the listener may try again: it subscribes anew if the subscription is lost.
    ///
    /// # Errors
    /// A fault of the server, or an answer that cannot be understood, in the classes of [`CallError`].
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

    /// Takes in that there is no answer, or a fault: a Pull that only ran out of time has said that nothing came.
    ///
    /// # Errors
    /// Any other.
    pub fn failed(&mut self, error: CallError) -> Result<Delivery<EventBatch>, CallError> {
        self.dialogue.failed(error)
    }
}

/// Whether an error says that the server does not take a bookmark.
pub fn is_about_the_bookmark(error: &CallError) -> bool {
    matches!(error.status, Some(code::INVALID_BOOKMARK | code::EXPIRED_BOOKMARK))
}
