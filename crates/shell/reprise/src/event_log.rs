//! Reads a host's event log once, for evidence: bounded in time, and never worth a delay beyond that.

use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort};
use cim::{CallError, ErrorKind, Reached};
use reprise_hyperv::events;
use reprise_model::{Evidence, HostId, Records};
use tokio::time::timeout;
use wsman_http::Events;

use crate::links::Links;

/// Longest reading. Evidence decides little, and nothing but the pass waits for it.
const READING_MAX: Duration = Duration::from_secs(5);
/// After this long without another record the log has been read to its end: there is no other sign of it. The least that
/// WinRM waits.
const QUIET: Duration = Duration::from_millis(500);
/// Longest farewell; without one the subscription ends by itself.
const LEAVING_MAX: Duration = Duration::from_secs(2);

/// A listener to each name of VMMS's log, for records of that age at least.
pub(crate) fn listeners(links: &Links, host: HostId, back: Option<Duration>) -> Vec<Events> {
    let listener = |log: &&str| links.events(host, events::of_vmms_and_system(log, back), true, QUIET);
    events::VMMS_LOGS.iter().filter_map(listener).collect()
}

/// What stands in the log. A log that cannot be read in time is one that cannot be read.
pub(crate) async fn evidence(listeners: Vec<Events>) -> Evidence {
    match timeout(READING_MAX, first_that_is_there(listeners)).await {
        Ok(Ok(events)) => Evidence::Readable(events),
        Ok(Err(error)) => {
            tracing::info!(%error, "the event log cannot be read");
            Evidence::NotReadable
        }
        Err(_) => {
            tracing::info!("the event log is not read within {} s", READING_MAX.as_secs());
            Evidence::NotReadable
        }
    }
}

async fn first_that_is_there(listeners: Vec<Events>) -> Result<Records, CallError> {
    let mut last = CallError::new(ErrorKind::NotThere, Reached::No, "there is no way to the host");
    for listener in listeners {
        let mut listener = Retrying(listener);
        match events::read(&mut listener).await {
            Ok(events) => {
                tokio::spawn(timeout(LEAVING_MAX, listener.0.leave()));
                return Ok(events);
            }
            Err(error) if error.kind == ErrorKind::NotThere => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Reads on where it was after a transient failure. [`evidence`] bounds how long.
struct Retrying(Events);

impl EventPort for Retrying {
    async fn next(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        use ErrorKind as K;
        loop {
            match self.0.next(after).await {
                Err(error) if matches!(error.kind, K::Busy | K::TimedOut | K::Unreachable | K::Malformed) => {
                    tracing::debug!(%error, "the event log is read again");
                    tokio::time::sleep(QUIET).await;
                }
                result => return result,
            }
        }
    }
}
