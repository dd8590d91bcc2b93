//! The client's side of one subscription to a CIM class: which message is next, and what its answer means. The transport
//! sends them.

use std::time::Duration;

use cim::{CallError, Name, Namespace};

use super::change::{Change, read};
use super::dialogue::{Delivery, Dialogue};
use super::{Eventing, Indication, Indications};
use crate::client::MessageSettings;

/// What has come of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeBatch {
    /// In the order in which they came.
    pub changes: Vec<Change>,
    /// How many the server says that it has lost.
    pub dropped: u64,
}

/// One watcher's state.
#[derive(Debug)]
pub struct Watcher {
    wish: Indications,
    dialogue: Dialogue,
}

impl Watcher {
    /// A watcher of all instances of a class that has not subscribed yet. The server looks every `within` for what has
    /// changed, in whole seconds and at least one; it ends the subscription if nobody pulls for `heartbeats`.
    pub fn new(namespace: Namespace, class: Name, within: Duration, heartbeats: Duration) -> Self {
        let indication = Indication::of_every_kind(namespace, class, within);
        let wish = Indications { indication, heartbeats: Some(heartbeats), expires: None };
        Self { wish, dialogue: Dialogue::new() }
    }

    /// Whether the server has the subscription, as far as is known.
    pub fn is_open(&self) -> bool {
        self.dialogue.is_open()
    }

    /// How often the server is asked to look.
    pub fn within(&self) -> Duration {
        self.wish.indication.within
    }

    /// The subscription is lost, or of no more use. What changes until the next one is not reported: there are no
    /// bookmarks, so a new subscription begins by reading the instances.
    pub fn forget(&mut self) {
        self.dialogue.forget();
    }

    /// The message to be sent now: Subscribe, or Pull once there is a subscription.
    pub fn message(&mut self, settings: &MessageSettings, message_id: &str) -> String {
        let begin = Eventing::Indications(Box::new(self.wish.clone()));
        self.dialogue.message(begin, settings, message_id)
    }

    /// The message that ends the subscription, if there is one. Its answer does not matter.
    pub fn leave(&mut self, settings: &MessageSettings, message_id: &str) -> Option<String> {
        self.dialogue.leave(settings, message_id)
    }

    /// Processes an answer. After an error the watcher can go on: it subscribes again if the subscription is lost.
    ///
    /// # Errors
    /// A fault of the server, or an answer that cannot be understood, in the classes of [`CallError`].
    pub fn take(&mut self, text: &str) -> Result<Delivery<ChangeBatch>, CallError> {
        Ok(match self.dialogue.take(text, read)? {
            Delivery::Opened => Delivery::Opened,
            Delivery::Nothing => Delivery::Nothing,
            Delivery::Events(pulled) => {
                Delivery::Events(ChangeBatch { changes: pulled.events, dropped: pulled.dropped })
            }
        })
    }

    /// Processes a missing answer or a fault: a Pull that timed out only means that there were no events.
    ///
    /// # Errors
    /// Any other.
    pub fn failed(&mut self, error: CallError) -> Result<Delivery<ChangeBatch>, CallError> {
        self.dialogue.failed(error)
    }
}
