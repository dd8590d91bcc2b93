//! What the daemon remembers: what must survive a restart, and the history that people ask for.
//!
//! It stores what it is given and decides nothing: it never judges a leg, ends a hold or closes an incident by itself, and it
//! reads no clock. It does not know the engine; what a leg remembers is a text to it.
//!
//! Start with [`Store`] (what a store can do) and [`Entry`] (what is written). [`Sqlite`] is a store in one file, [`Nowhere`]
//! is acting without stored state, and [`FailingStore`] is for tests of what uses a store.

mod entry;
mod error;
mod export;
mod failing;
mod history;
mod nowhere;
mod record;
mod report;
mod sqlite;
mod store;

pub use entry::{Entry, Remembered};
pub use error::{StoreError, Trouble};
pub use export::{Export, ExportFormat};
pub use failing::FailingStore;
pub use history::{HistoryItem, HistoryQuery, IncidentQuery};
pub use nowhere::Nowhere;
pub use record::{
    HoldId, HoldTarget, IncidentId, Member, Release, Settlement, StoredAct, StoredDecision, StoredEvent, StoredHold,
    StoredIncident,
};
pub use report::{Tally, Unprotected, UnprotectedReport, VmReport};
pub use sqlite::{Access, Sqlite, StoreLimits};
pub use store::{Exported, Page, PageQuery, Store, StoreFuture};
