//! What a store can do, whatever it is kept in.

use std::future::Future;
use std::pin::Pin;

use reprise_model::Timestamp;

use crate::entry::{Entry, Remembered};
use crate::error::StoreError;
use crate::history::{HistoryItem, HistoryQuery, IncidentQuery};
use crate::record::{Cell, StoredAct, StoredIncident};
use crate::report::UnprotectedReport;

/// What a store answers, later. Every answer comes within a bounded time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store. Its users need not know which one it is, and can replace one by another while they run.
///
/// Whatever is in its file or on its disk, it answers with an error or with what was written, and does not panic.
pub trait Store: Send + Sync {
    /// Reads what an earlier life of the program left.
    fn load(&self) -> StoreFuture<'_, Remembered>;

    /// Writes all entries or none, in their order. They are on the disk when it returns.
    fn write(&self, entries: Vec<Entry>) -> StoreFuture<'_, ()>;

    /// Reads the acts of which nobody wrote how they ended: after a crash, those that may have been carried out.
    fn open_acts(&self) -> StoreFuture<'_, Vec<StoredAct>>;

    /// Reads what happened, in the order of time.
    fn history(&self, query: HistoryQuery) -> StoreFuture<'_, Vec<HistoryItem>>;

    /// Reads incidents, in the order in which they began.
    fn incidents(&self, query: IncidentQuery) -> StoreFuture<'_, Vec<StoredIncident>>;

    /// Computes how long each VM was not protected between two times, and what was done about it.
    fn report(&self, from: Timestamp, until: Timestamp) -> StoreFuture<'_, UnprotectedReport>;

    /// Reads some rows of a table, for [`crate::Export`].
    fn page(&self, query: PageQuery) -> StoreFuture<'_, Page>;

    /// Removes what ended before a time: decisions, events, and the acts, incidents and holds that are over. Returns how many
    /// rows that were. What is open stays, however old it is.
    fn prune(&self, before: Timestamp) -> StoreFuture<'_, u64>;

    /// Ends it. Its file can be opened again afterwards.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// A table that can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exported {
    /// Decisions.
    Decisions,
    /// Acts.
    Acts,
    /// Events.
    Events,
    /// Incidents.
    Incidents,
    /// The legs of incidents.
    Members,
    /// Holds.
    Holds,
}

impl Exported {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Decisions, Self::Acts, Self::Events, Self::Incidents, Self::Members, Self::Holds];
}

/// Asks for the next rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// The table.
    pub table: Exported,
    /// Only rows whose time is not before that.
    pub since: Option<Timestamp>,
    /// Where the page before ended; 0 at first.
    pub after: u64,
    /// At most so many rows.
    pub limit: u32,
}

/// Some rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Where it ended, if there may be more rows.
    pub next: Option<u64>,
}
