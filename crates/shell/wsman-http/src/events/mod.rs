//! A host's event logs, heard over a connection of their own: subscribed to, pulled from, and subscribed to again behind
//! the last bookmark whenever something was lost.

#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventQuery, KnownRecords};
use cim::{CallError, ErrorKind};
use wsman::eventing::{Delivery, Listener, is_about_the_bookmark, is_lost};

use crate::client::Client;
use crate::line::{KNOWN_BATCHES_MAX, Line, SUBSCRIBES_MAX, heartbeats};

/// One host's event logs.
#[derive(Debug)]
pub struct Events {
    line: Line,
    listener: Listener,
    /// What it listened to before, and has not left yet.
    earlier: Vec<Listener>,
    patience: Duration,
    known: KnownRecords,
    /// The server has taken a subscription once.
    taken: bool,
}

impl Events {
    /// A listener that logs in as the client does; nothing is sent before the first [`EventPort::next`]. `existing` says
    /// whether it begins with what is in the logs or with what comes. `patience` is how long one call waits for something
    /// to come; a server holds no request for longer than a minute.
    pub fn new(client: Client, query: EventQuery, existing: bool, patience: Duration) -> Self {
        Self {
            line: Line::new(client, patience),
            listener: Listener::new(query, existing, heartbeats(patience)),
            earlier: Vec::new(),
            patience,
            known: KnownRecords::default(),
            taken: false,
        }
    }

    /// Sets the maximum number of events per answer.
    #[must_use]
    pub fn at_most(self, count: u32) -> Self {
        Self { listener: self.listener.at_most(count), ..self }
    }

    /// Listens to something else from now on, from what is in the logs, over the same connection and by the same login. The
    /// subscription until now ends with [`Self::leave`].
    #[must_use]
    pub fn turned_to(mut self, query: EventQuery) -> Self {
        let listener = Listener::new(query, true, heartbeats(self.patience));
        self.earlier.push(std::mem::replace(&mut self.listener, listener));
        Self { known: KnownRecords::default(), taken: false, ..self }
    }

    /// Whether the server has taken a subscription once: what fails later is a loss and no refusal.
    pub fn was_taken(&self) -> bool {
        self.taken
    }

    /// Ends the subscriptions at the server, if there are any. Without this they end by themselves, for want of pulls.
    pub async fn leave(self) {
        let Self { line, listener, mut earlier, .. } = self;
        earlier.push(listener);
        line.leave(|settings, id| earlier.iter_mut().find_map(|listener| listener.leave(settings, id))).await;
    }

    async fn exchange(&mut self) -> Result<Delivery<EventBatch>, CallError> {
        let (settings, id) = self.line.next_message();
        let message = self.listener.message(&settings, &id);
        match self.line.send(&message).await {
            Ok(text) => self.listener.take(&text),
            Err(error) => self.listener.failed(error),
        }
    }

    /// Only what is not known yet.
    fn fresh(&mut self, batch: EventBatch) -> EventBatch {
        EventBatch { events: batch.events.into_iter().filter(|xml| self.known.is_new(xml)).collect(), ..batch }
    }
}

impl EventPort for Events {
    async fn next(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        let mut goes_on_at = after.cloned();
        if self.line.was_cut() || self.listener.bookmark() != after {
            // A Pull that was dropped may have taken events with it.
            self.line.hang_up();
            self.listener.resume_after(goes_on_at.clone());
        }
        let (mut subscribes, mut all_known) = (0, 0);
        loop {
            let subscribing = !self.listener.is_open();
            subscribes += u32::from(subscribing);
            match self.exchange().await {
                Ok(Delivery::Opened) => self.taken = true,
                Ok(Delivery::Nothing) => {
                    return Ok(EventBatch { bookmark: self.listener.bookmark().cloned(), ..EventBatch::default() });
                }
                Ok(Delivery::Events(batch)) => {
                    let batch = self.fresh(batch);
                    if !batch.events.is_empty() || batch.dropped > 0 {
                        return Ok(batch);
                    }
                    goes_on_at = batch.bookmark;
                    all_known += 1;
                    if all_known > KNOWN_BATCHES_MAX {
                        return Err(CallError::malformed("the server sends the same events again and again"));
                    }
                }
                Err(error) if subscribes >= SUBSCRIBES_MAX => return Err(error),
                Err(error) if subscribing && is_about_the_bookmark(&error) && self.listener.bookmark().is_some() => {
                    // The log was cleared or has outgrown it: what is there is read, and what is known left out.
                    tracing::debug!(%error, "a bookmark is not taken");
                    self.listener.resume_from_the_oldest();
                }
                Err(error) if !subscribing && (is_lost(&error) || error.kind == ErrorKind::Unreachable) => {
                    tracing::debug!(%error, "a subscription is lost");
                    self.listener.resume_after(goes_on_at.clone());
                }
                Err(error) => {
                    self.listener.resume_after(goes_on_at);
                    return Err(error);
                }
            }
        }
    }
}
