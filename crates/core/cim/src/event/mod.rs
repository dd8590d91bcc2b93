//! Event logs: the port through which a host's records are read, the query that selects them, and how one is read.
//!
//! Sources: Windows Event Log reference ("Event schema", "Query schema", "Consuming events"), which COM-free clients and
//! WS-Management's event source share.

mod condition;
mod evaluate;
mod known;
mod parse;
mod query;
mod record;
pub mod stepped;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::CallError;

pub use condition::EventCondition;
pub use known::KnownRecords;
pub use parse::ConditionError;
pub use query::{EventQuery, EventSelect, QueryError};
pub use record::{Record, RecordError};

/// A place in a host's logs, as that host wrote it: opaque to clients, which store it and send it back.
#[derive(Clone, PartialEq, Eq)]
pub struct Bookmark(String);

impl Bookmark {
    /// From the host's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The host's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bookmark({})", self.0)
    }
}

/// A batch of records, in the host's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventBatch {
    /// Each record's XML, a single `Event` element. Empty if no record came in the time that the port waits.
    pub events: Vec<String>,
    /// The place after the last of them: to be stored once they have been processed. `None` if the host has sent none yet.
    pub bookmark: Option<Bookmark>,
    /// How many records before these the host reports as lost.
    pub dropped: u64,
}

/// One host's event logs, as a listener sees them. A transport opens it for one [`EventQuery`].
///
/// It is separate from [`crate::Port`], so that waiting for events never delays a call.
pub trait EventPort: Send {
    /// The records after a place in the logs; without one, from the place where the port begins. Waits while there is
    /// none, but not forever: an empty batch says that nothing has come, and is no error. Whatever connection or
    /// subscription was lost on the way is the port's business: no record is skipped for it, and none comes twice.
    ///
    /// The future may be dropped; the records that it would have given then come with the next call.
    fn next(&mut self, after: Option<&Bookmark>) -> impl Future<Output = Result<EventBatch, CallError>> + Send;
}

/// The events that a procedure wants to receive, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What is asked for, beginning with the oldest that the logs hold.
    pub query: EventQuery,
    /// Maximum number of records in one batch; as many as fit if absent.
    pub at_most: Option<u32>,
    /// How long one call waits for something to come.
    pub patience: Duration,
    /// Until when calls are answered, since the [`EventSource`] began; what takes longer is `TimedOut`.
    pub until: Duration,
}

/// The event logs of one host, as a procedure sees them that opens ports to them one after the other. As with
/// [`crate::Port`] it awaits nothing else, and may be dropped at any await.
pub trait EventSource: Send + Sync {
    /// What it opens.
    type Port: EventPort;

    /// Opens a port. Nothing is sent before its first call. `None` if there is no way to the host.
    fn listen(&self, wish: Listen) -> Option<Self::Port>;

    /// A port is needed no more: the next one may use its connection, and the host hears of it some time.
    fn leave(&self, port: Self::Port);

    /// Lets at least `length` pass.
    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send;

    /// Time since the procedure began.
    fn elapsed(&self) -> Duration;
}
