//! Opens ports to a host's event logs, for evidence. What is read, and for how long, is [`events::read`]'s to say.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventSource, Listen};
use cim::{CallError, ErrorKind, Reached};
use reprise_hyperv::events;
use reprise_model::{Evidence, HostId};
use tokio::time::{Instant, timeout, timeout_at};
use wsman_http::{Events, Sockets};

use crate::links::{Links, Place};

/// Longest farewell; without one a subscription ends by itself.
const LEAVING_MAX: Duration = Duration::from_secs(2);

/// The event logs of one host, about to be read.
pub(crate) struct Logs {
    /// Where the host is asked, and what counts the sockets of all hosts.
    place: Option<(Place, Sockets)>,
    back: Option<Duration>,
    began: Instant,
    /// A port that is needed no more, for its connection.
    idle: Mutex<Option<Events>>,
}

/// The event logs of a host, for records of that age at least.
pub(crate) fn logs(links: &Links, host: HostId, back: Option<Duration>) -> Logs {
    Logs { place: links.place(host), back, began: Instant::now(), idle: Mutex::new(None) }
}

/// What stands in the logs.
pub(crate) async fn evidence(logs: Logs) -> Evidence {
    let read = events::read(&logs, logs.back).await;
    if let Some(events) = logs.take_idle() {
        tokio::spawn(timeout(LEAVING_MAX, events.leave()));
    }
    match read {
        Ok(records) => {
            tracing::debug!(vmms = ?records.vmms.coverage(), system = ?records.system.coverage(), "the event log is read");
            Evidence::Readable(records)
        }
        Err(error) => {
            tracing::info!(%error, "the event log cannot be read");
            Evidence::NotReadable
        }
    }
}

impl Logs {
    fn take_idle(&self) -> Option<Events> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl EventSource for Logs {
    type Port = Listener;

    fn listen(&self, wish: Listen) -> Option<Listener> {
        let events = if let Some(idle) = self.take_idle() {
            idle.turned_to(wish.query)
        } else {
            let (place, sockets) = self.place.as_ref()?;
            Events::new(place.client(sockets), wish.query, true, wish.patience)
        };
        Some(Listener { events: events.at_most(wish.at_most.unwrap_or(u32::MAX)), until: self.began + wish.until })
    }

    fn leave(&self, port: Listener) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(port.events);
    }

    async fn pause(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A port whose calls end when the reading must.
pub(crate) struct Listener {
    events: Events,
    until: Instant,
}

impl EventPort for Listener {
    async fn next(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        let late = |_| CallError::new(ErrorKind::TimedOut, Reached::Yes, "the event log is not read in time");
        timeout_at(self.until, self.events.next(after)).await.map_err(late)?
    }
}
