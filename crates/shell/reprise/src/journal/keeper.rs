//! The task that owns the store: it writes batches in order, and goes on without it while it cannot be written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reprise_store::{Access, Entry, Nowhere, Remembered, Sqlite, Store, StoreError, Trouble};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::owed::Owed;
use super::{Batch, Journal, News};

/// How often a store is tried again that cannot be written.
const AGAIN: Duration = Duration::from_secs(10);
/// Maximum number of entries in one write.
const WRITE_MAX: usize = 2_000;

/// The store as it is now, for those who read it.
pub(crate) type Current = watch::Receiver<Arc<dyn Store>>;

/// A store that was opened, or what stands in for it.
pub(crate) struct Opened {
    now: watch::Sender<Arc<dyn Store>>,
    /// For those who read it.
    pub(crate) store: Current,
    path: PathBuf,
    /// What an earlier life left.
    pub(crate) remembered: Remembered,
    /// Why it is not read or not written.
    pub(crate) trouble: Option<StoreError>,
    /// Whether it could not be read.
    is_blind: bool,
}

impl Opened {
    /// Opens the store in this file. Another Reprise that uses it is an error; with every other trouble the daemon goes on without
    /// what was stored.
    pub(crate) async fn open(path: PathBuf, now: reprise_model::Timestamp) -> Result<Self, StoreError> {
        match loaded(&path).await {
            Ok((store, remembered)) => {
                let trouble = match store.access() {
                    Access::Full => None,
                    Access::ReadOnly { .. } => store.write(vec![Entry::Frozen(remembered.frozen)]).await.err(),
                };
                Ok(Self::with(Arc::new(store), path, remembered, trouble))
            }
            Err(error) if *error.trouble() == Trouble::InUse => Err(error),
            Err(error) => {
                let store = Nowhere::new(now);
                let remembered = store.load().await.unwrap_or_default();
                Ok(Self { is_blind: true, ..Self::with(Arc::new(store), path, remembered, Some(error)) })
            }
        }
    }
}

impl Opened {
    fn with(store: Arc<dyn Store>, path: PathBuf, remembered: Remembered, trouble: Option<StoreError>) -> Self {
        let (now, store) = watch::channel(store);
        Self { now, store, path, remembered, trouble, is_blind: false }
    }
}

async fn loaded(path: &Path) -> Result<(Sqlite, Remembered), StoreError> {
    let store = Sqlite::open(path).await?;
    let remembered = store.load().await?;
    Ok((store, remembered))
}

/// Writes what the journal is given, until the last copy of it is gone. `say` hears what people should know.
pub(crate) fn keep(opened: Opened, say: mpsc::UnboundedSender<News>) -> (Journal, impl Future<Output = ()>) {
    let (journal, queue) = Journal::new();
    let Opened { now: store, path, trouble, is_blind, .. } = opened;
    let again = trouble.map(|_| Instant::now() + AGAIN);
    let keeper = Keeper { store, path, queue, say, owed: Owed::default(), again, is_blind };
    (journal, keeper.keep())
}

struct Keeper {
    store: watch::Sender<Arc<dyn Store>>,
    path: PathBuf,
    queue: mpsc::Receiver<Batch>,
    say: mpsc::UnboundedSender<News>,
    owed: Owed,
    /// When it is tried again, if it cannot be written.
    again: Option<Instant>,
    /// What an earlier life left was never read, and is not true any more.
    is_blind: bool,
}

impl Keeper {
    async fn keep(mut self) {
        loop {
            let again = async {
                match self.again {
                    Some(again) => sleep_until(again).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                batch = self.queue.recv() => match batch {
                    Some(batch) => self.take(batch).await,
                    None => break,
                },
                () = again => self.try_again().await,
            }
        }
        if self.again.is_some() && !self.owed.is_empty() {
            self.try_again().await;
        }
        let _closed_anyway = self.current().close().await;
    }

    fn current(&self) -> Arc<dyn Store> {
        self.store.borrow().clone()
    }

    /// Writes a batch, with those that wait behind it.
    async fn take(&mut self, first: Batch) {
        let mut entries = first.entries;
        let mut done: Vec<_> = first.done.into_iter().collect();
        while entries.len() < WRITE_MAX
            && let Ok(next) = self.queue.try_recv()
        {
            entries.extend(next.entries);
            done.extend(next.done);
        }
        if self.again.is_some() {
            self.owed.add(entries);
        } else if let Err(error) = self.current().write(entries.clone()).await {
            self.owed.add(entries);
            self.fails(error);
        }
        for done in done {
            let _nobody_waits = done.send(());
        }
    }

    fn fails(&mut self, error: StoreError) {
        self.again = Some(Instant::now() + AGAIN);
        let _ending = self.say.send(News::Lost(error));
    }

    /// Opens the file anew: what was wrong with it may have been repaired. What an earlier life left there is not read again.
    async fn try_again(&mut self) {
        self.again = Some(Instant::now() + AGAIN);
        let _closed_anyway = self.current().close().await;
        let Ok(store) = Sqlite::open(&self.path).await else { return };
        if self.is_blind {
            let Ok(earlier) = store.load().await else { return };
            self.owed.forget(earlier.legs.into_iter().map(|(leg, _)| leg));
            self.is_blind = false;
        }
        if store.write(self.owed.entries()).await.is_err() {
            return;
        }
        let _before = self.store.send_replace(Arc::new(store));
        self.again = None;
        let _ending = self.say.send(News::Back(self.owed.was_written()));
    }
}
