//! A connection on which somebody listens: one message at a time, none of them sent twice, and a note of whether one was
//! given up.

use std::time::Duration;

use cim::{CallError, Reply, Request};
use wsman::client::Settings;

use crate::client::Client;
use crate::connection::Connection;

/// So much more than it tells the server does a listener wait for an answer.
const ANSWER_LATENESS: Duration = Duration::from_secs(10);
/// The server keeps a subscription that nobody pulls from for at least this long. More than any Pull waits (a minute at
/// most), so that a slow listener keeps its place.
const HEARTBEATS_LEAST: Duration = Duration::from_mins(2);
/// Most times that one call of a listener subscribes: once, and once again for what was lost meanwhile or for a bookmark
/// that is not taken.
pub(crate) const SUBSCRIBES_MAX: u32 = 3;
/// Most answers in a row of which every event is known already.
pub(crate) const KNOWN_BATCHES_MAX: u32 = 64;

/// Within which time a server that listeners with this patience pull from is to hear from them.
pub(crate) fn heartbeats(patience: Duration) -> Duration {
    HEARTBEATS_LEAST.max(patience * 2)
}

/// One listener's line to its host.
#[derive(Debug)]
pub(crate) struct Line {
    client: Client,
    connection: Option<Connection>,
    /// A message is under way. If its future was dropped, nobody knows what its answer held.
    under_way: bool,
}

impl Line {
    /// A line that is logged in as the client is; nothing is sent yet. `patience` is how long the server is to hold a Pull.
    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        Self { client: client.listening(patience, ANSWER_LATENESS), connection: None, under_way: false }
    }

    /// What the next message says, and its id.
    pub(crate) fn next_message(&self) -> (Settings, String) {
        self.client.next_message()
    }

    /// Sends one message.
    pub(crate) async fn send(&mut self, message: &str) -> Result<String, CallError> {
        self.under_way = true;
        let answer = self.client.send_once(&mut self.connection, message).await;
        self.under_way = false;
        answer
    }

    /// Whether a message was given up since this was asked last: what its answer held is lost.
    pub(crate) fn was_cut(&mut self) -> bool {
        std::mem::take(&mut self.under_way)
    }

    /// The connection is of no more use.
    pub(crate) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Asks beside the line, as any client does.
    pub(crate) async fn ask(&self, request: Request) -> Result<Reply, CallError> {
        self.client.call(request).await
    }

    /// Sends the messages that end subscriptions while there are any, unless one was given up. Without them a subscription
    /// ends by itself, for want of pulls.
    pub(crate) async fn leave(mut self, mut farewell: impl FnMut(&Settings, &str) -> Option<String>) {
        while !self.was_cut() {
            let (settings, id) = self.next_message();
            let Some(message) = farewell(&settings, &id) else { return };
            let _ended = self.send(&message).await;
        }
    }
}
