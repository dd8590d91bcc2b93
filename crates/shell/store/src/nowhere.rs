//! Acting without stored state: everything is accepted and nothing is kept.

use reprise_model::Timestamp;

use crate::entry::{Entry, Remembered};
use crate::error::{StoreError, Trouble};
use crate::history::{HistoryItem, HistoryQuery, IncidentQuery};
use crate::record::{StoredAct, StoredIncident};
use crate::report::UnprotectedReport;
use crate::store::{Page, PageQuery, Store, StoreFuture};

/// A store that keeps nothing. An intent is accepted, since a controller without memory looks before it acts. Questions about
/// what happened are errors: an empty answer would be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere {
    since: Timestamp,
}

impl Nowhere {
    /// Creates it at a time, which becomes the epoch. So its acts have ids that no act in any file has.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now }
    }
}

fn absent<T>(what: &'static str) -> StoreFuture<'static, T> {
    Box::pin(async move { Err(StoreError::new(what, Trouble::Absent)) })
}

impl Store for Nowhere {
    fn load(&self) -> StoreFuture<'_, Remembered> {
        let epoch = u64::try_from(self.since.0).unwrap_or(0);
        Box::pin(async move { Ok(Remembered { epoch, ..Remembered::default() }) })
    }

    fn write(&self, _: Vec<Entry>) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn open_acts(&self) -> StoreFuture<'_, Vec<StoredAct>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn history(&self, _: HistoryQuery) -> StoreFuture<'_, Vec<HistoryItem>> {
        absent("read")
    }

    fn incidents(&self, _: IncidentQuery) -> StoreFuture<'_, Vec<StoredIncident>> {
        absent("read")
    }

    fn report(&self, _: Timestamp, _: Timestamp) -> StoreFuture<'_, UnprotectedReport> {
        absent("read")
    }

    fn page(&self, _: PageQuery) -> StoreFuture<'_, Page> {
        absent("read")
    }

    fn prune(&self, _: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async { Ok(0) })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: StoreFuture<'_, T>) -> Result<T, StoreError> {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn what_happened_is_not_known_and_that_is_no_empty_answer() {
        let store = Nowhere::new(Timestamp(1_780_000_000_000));
        block_on(store.write(vec![Entry::Frozen(true)])).unwrap();
        let loaded = block_on(store.load()).unwrap();
        assert_eq!(loaded, Remembered { epoch: 1_780_000_000_000, ..Remembered::default() });
        let error = block_on(store.history(HistoryQuery { vm: None, since: None, limit: 1 })).unwrap_err();
        assert_eq!(error.trouble(), &Trouble::Absent);
        assert_eq!(error.to_string(), "cannot read the store: no state is stored");
    }
}
