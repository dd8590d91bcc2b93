//! A listener's connection: it sends one message at a time, none of them twice, and records whether one was abandoned.

use std::time::Duration;

use cim::{CallError, Reply, Request};
use wsman::client::MessageSettings;

use crate::client::Client;
use crate::connection::Connection;

/// The listener waits this much longer for an answer than the timeout it sends.
const ANSWER_LATENESS: Duration = Duration::from_secs(10);
/// Minimum time for which the server keeps a subscription without a Pull. Longer than any Pull waits (a minute at most), so
/// that a slow listener keeps its subscription.
const HEARTBEATS_LEAST: Duration = Duration::from_mins(2);
/// Maximum number of subscriptions of one call: one, and more for a subscription that was lost meanwhile or a bookmark that
/// the server refuses.
pub(crate) const SUBSCRIBES_MAX: u32 = 3;
/// Maximum number of successive answers in which every event is known already.
pub(crate) const KNOWN_BATCHES_MAX: u32 = 64;

/// The heartbeat interval to request for listeners whose Pull waits for `patience`.
pub(crate) fn heartbeats(patience: Duration) -> Duration {
    HEARTBEATS_LEAST.max(patience * 2)
}

/// One listener's connection to its host.
#[derive(Debug)]
pub(crate) struct Line {
    client: Client,
    connection: Option<Connection>,
    /// Whether a message is in flight. If its future was dropped, its answer is lost.
    under_way: bool,
}

impl Line {
    /// Creates a line that logs in as the client does; nothing is sent yet. `patience` is how long the server holds a Pull.
    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        Self { client: client.listening(patience, ANSWER_LATENESS), connection: None, under_way: false }
    }

    /// The settings and the id of the next message.
    pub(crate) fn next_message(&self) -> (MessageSettings, String) {
        self.client.next_message()
    }

    /// Sends one message.
    pub(crate) async fn send(&mut self, message: &str) -> Result<String, CallError> {
        self.under_way = true;
        let answer = self.client.send_once(&mut self.connection, message).await;
        self.under_way = false;
        answer
    }

    /// Whether a message was abandoned since the last call of this method, so that its answer is lost.
    pub(crate) fn was_cut(&mut self) -> bool {
        std::mem::take(&mut self.under_way)
    }

    /// Drops the connection.
    pub(crate) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Makes a call on another connection of the client.
    pub(crate) async fn ask(&self, request: Request) -> Result<Reply, CallError> {
        self.client.call(request).await
    }

    /// Sends the messages that end subscriptions until there are no more, or one was abandoned. A subscription that is not
    /// ended expires by itself.
    pub(crate) async fn leave(mut self, mut unsubscribe: impl FnMut(&MessageSettings, &str) -> Option<String>) {
        while !self.was_cut() {
            let (settings, id) = self.next_message();
            let Some(message) = unsubscribe(&settings, &id) else { return };
            let _ended = self.send(&message).await;
        }
    }
}
