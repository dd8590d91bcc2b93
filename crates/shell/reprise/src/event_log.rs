//! Opens ports to a host's event logs, for evidence. [`events::read`] decides what is read, and for how long.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventSource, Listen};
use cim::{CallError, ErrorKind, Reached};
use reprise_hyperv::events;
use reprise_model::{Evidence, HostId};
use tokio::time::{Instant, timeout, timeout_at};

use crate::links::Links;
use crate::listener::{Listener, LogAccess};

/// Maximum time to close a subscription. One that is not closed expires by itself.
const LEAVING_MAX: Duration = Duration::from_secs(2);

/// The event logs of one host, about to be read.
pub(crate) struct Logs {
    access: Option<LogAccess>,
    back: Option<Duration>,
    began: Instant,
    /// A port that is no longer needed, kept to reuse its connection.
    idle: Mutex<Option<Listener>>,
}

/// The event logs of a host, to be read at least `back` into the past.
pub(crate) fn logs(links: &Links, host: HostId, back: Option<Duration>) -> Logs {
    Logs { access: links.logs(host), back, began: Instant::now(), idle: Mutex::new(None) }
}

/// Reads the logs.
pub(crate) async fn evidence(logs: Logs) -> Evidence {
    let read = events::read(&logs, logs.back).await;
    if let Some(events) = logs.take_idle() {
        tokio::spawn(timeout(LEAVING_MAX, events.leave()));
    }
    match read {
        Ok(records) => {
            tracing::debug!(vmms = ?records.vmms.coverage(), system = ?records.system.coverage(), "read the event log");
            Evidence::Readable(records)
        }
        Err(error) => {
            tracing::info!(%error, "cannot read the event log");
            Evidence::NotReadable
        }
    }
}

/// Maximum time for a reading of this computer's own log, and the silence that is its end.
#[cfg(windows)]
const OWN_LOG_MAX: (Duration, Duration) = (Duration::from_secs(10), Duration::from_millis(500));

/// The records of this computer's own logs that a query selects.
#[cfg(windows)]
pub(crate) async fn of_this_computer(
    host: HostId,
    query: cim::event::EventQuery,
) -> Result<Vec<cim::event::Record>, CallError> {
    let mut links = Links::default();
    links.add_local(host, OWN_LOG_MAX.0, OWN_LOG_MAX.0);
    let gone = || CallError::new(ErrorKind::NotThere, Reached::No, "there is no way to it");
    let mut events = links.logs(host).ok_or_else(gone)?.listen(query, OWN_LOG_MAX.1);
    let until = Instant::now() + OWN_LOG_MAX.0;
    let (mut records, mut bookmark) = (Vec::new(), None);
    while Instant::now() < until {
        let batch = events.next(bookmark.as_ref()).await?;
        if batch.events.is_empty() && batch.dropped == 0 {
            break;
        }
        records.extend(batch.events.iter().filter_map(|xml| cim::event::Record::parse(xml).ok()));
        bookmark = batch.bookmark;
    }
    Ok(records)
}

impl Logs {
    fn take_idle(&self) -> Option<Listener> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl EventSource for Logs {
    type Port = LogPort;

    fn listen(&self, wish: Listen) -> Option<LogPort> {
        let access = self.access.as_ref()?;
        let events = match self.take_idle() {
            Some(idle) => idle.turned_to(access, wish.query, wish.patience),
            None => access.listen(wish.query, wish.patience),
        };
        Some(LogPort { events: events.at_most(wish.at_most.unwrap_or(u32::MAX)), until: self.began + wish.until })
    }

    fn leave(&self, port: LogPort) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(port.events);
    }

    async fn pause(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A port whose calls end at the deadline of the whole reading.
pub(crate) struct LogPort {
    events: Listener,
    until: Instant,
}

impl EventPort for LogPort {
    async fn next(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        let late = |_| CallError::new(ErrorKind::TimedOut, Reached::Yes, "the event log was not read in time");
        timeout_at(self.until, self.events.next(after)).await.map_err(late)?
    }
}
