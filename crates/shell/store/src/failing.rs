//! A store that fails when a test says so.

use std::sync::{Mutex, PoisonError};

use reprise_model::Timestamp;

use crate::entry::{Entry, Remembered};
use crate::error::{StoreError, Trouble};
use crate::history::{HistoryItem, HistoryQuery, IncidentQuery};
use crate::record::{StoredAct, StoredIncident};
use crate::report::UnprotectedReport;
use crate::store::{Page, PageQuery, Store, StoreFuture};

/// Another store, for tests of what uses a store: it can be made to fail, and to work again.
#[derive(Debug)]
pub struct FailingStore<S> {
    inner: S,
    trouble: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    reads: Option<Trouble>,
    writes: Option<Trouble>,
}

impl<S: Store> FailingStore<S> {
    /// Wraps a store, which works at first.
    pub fn new(inner: S) -> Self {
        Self { inner, trouble: Mutex::default() }
    }

    /// Lets every write fail from now on, or none.
    pub fn fail_writes(&self, trouble: Option<Trouble>) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).writes = trouble;
    }

    /// Lets every read fail from now on, or none.
    pub fn fail_reads(&self, trouble: Option<Trouble>) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).reads = trouble;
    }

    fn reads<'a, T>(&'a self, work: impl FnOnce(&'a S) -> StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).reads.clone();
        self.unless(trouble, "read", work)
    }

    fn writes<'a, T>(&'a self, work: impl FnOnce(&'a S) -> StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).writes.clone();
        self.unless(trouble, "write", work)
    }

    fn unless<'a, T>(
        &'a self,
        trouble: Option<Trouble>,
        what: &'static str,
        work: impl FnOnce(&'a S) -> StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        match trouble {
            Some(trouble) => Box::pin(async move { Err(StoreError::new(what, trouble)) }),
            None => work(&self.inner),
        }
    }
}

impl<S: Store> Store for FailingStore<S> {
    fn load(&self) -> StoreFuture<'_, Remembered> {
        self.reads(Store::load)
    }

    fn write(&self, entries: Vec<Entry>) -> StoreFuture<'_, ()> {
        self.writes(|inner| inner.write(entries))
    }

    fn open_acts(&self) -> StoreFuture<'_, Vec<StoredAct>> {
        self.reads(Store::open_acts)
    }

    fn history(&self, query: HistoryQuery) -> StoreFuture<'_, Vec<HistoryItem>> {
        self.reads(|inner| inner.history(query))
    }

    fn incidents(&self, query: IncidentQuery) -> StoreFuture<'_, Vec<StoredIncident>> {
        self.reads(|inner| inner.incidents(query))
    }

    fn report(&self, from: Timestamp, until: Timestamp) -> StoreFuture<'_, UnprotectedReport> {
        self.reads(|inner| inner.report(from, until))
    }

    fn page(&self, query: PageQuery) -> StoreFuture<'_, Page> {
        self.reads(|inner| inner.page(query))
    }

    fn prune(&self, before: Timestamp) -> StoreFuture<'_, u64> {
        self.writes(|inner| inner.prune(before))
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nowhere::Nowhere;

    #[test]
    fn it_fails_when_it_should_and_works_again_afterwards() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = FailingStore::new(Nowhere::new(Timestamp(0)));
        let fails = || {
            let write = runtime.block_on(store.write(vec![Entry::Epoch(1)]));
            let read = runtime.block_on(store.load());
            [write.err(), read.err()].map(|error| error.map(|error| error.trouble().clone()))
        };
        assert_eq!(fails(), [None, None]);
        store.fail_writes(Some(Trouble::Full));
        assert_eq!(fails(), [Some(Trouble::Full), None]);
        store.fail_writes(None);
        store.fail_reads(Some(Trouble::Locked));
        assert_eq!(fails(), [None, Some(Trouble::Locked)]);
        store.fail_reads(None);
        assert_eq!(fails(), [None, None]);
    }
}
