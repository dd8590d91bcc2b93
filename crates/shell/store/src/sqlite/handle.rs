//! The store as its users hold it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reprise_model::Timestamp;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::failure::Failure;
use super::file::{self, WriterLock};
use super::limits::StoreLimits;
use super::migration::{MIGRATIONS, migrate};
use super::schema::{self, Identity};
use super::writer::{self, Job, Work};
use super::{connection, reader};
use crate::entry::{Entry, Remembered};
use crate::error::{StoreError, Trouble};
use crate::history::{HistoryItem, HistoryQuery, IncidentQuery};
use crate::record::{StoredAct, StoredIncident};
use crate::report::UnprotectedReport;
use crate::store::{Page, PageQuery, Store, StoreFuture};

/// Questions that are answered at the same time. Each has a connection and a thread.
const READERS_MAX: usize = 4;
/// Maximum time to verify a whole file: a disk reads 4 GiB in less.
const CHECK_MAX: Duration = Duration::from_mins(10);

/// A store in one SQLite file, with one task that writes. Another process can open the file to write only after this one has
/// closed it or has ended.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    limits: StoreLimits,
    access: Access,
    /// `None` if the file is only read.
    jobs: Option<mpsc::Sender<Job>>,
    readers: Semaphore,
}

/// What can be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    Full,
    /// A newer version of Reprise wrote it: it can be read, as far as this version understands it, and not written.
    ReadOnly {
        /// The file's version.
        version: u32,
    },
}

impl Sqlite {
    /// Opens a file with the default limits; creates it if it does not exist, for this account alone. Its folder must exist.
    ///
    /// # Errors
    /// If the file is used, locked, damaged or something else, or cannot be opened or brought to this version. A file that is
    /// something else is not changed.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, StoreLimits::default()).await
    }

    /// Opens a file with other limits.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub async fn open_with(path: &Path, limits: StoreLimits) -> Result<Self, StoreError> {
        Self::open_as(path, limits, MIGRATIONS).await
    }

    pub(super) async fn open_as(
        path: &Path,
        limits: StoreLimits,
        migrations: &[&'static str],
    ) -> Result<Self, StoreError> {
        // SQLite would take a relative name for an address if it begins with `file:`.
        let path = std::path::absolute(path).map_err(|error| Failure::from(error).of("open", path))?;
        let opened = bounded(limits.open, opened(&path, &limits, migrations)).await;
        let (access, jobs) = opened.map_err(|failure| failure.of("open", &path))?;
        Ok(Self { path, limits, access, jobs, readers: Semaphore::new(READERS_MAX) })
    }

    /// What can be done with the file.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Verifies the whole file, which takes as long as reading it.
    ///
    /// # Errors
    /// The damage that was found.
    pub async fn check(&self) -> Result<(), StoreError> {
        let check = async |from: &mut SqliteConnection| schema::verify_all_pages(from).await;
        self.read(CHECK_MAX, check).await
    }

    async fn ask(&self, work: Work) -> Result<u64, StoreError> {
        let what = if matches!(work, Work::Close) { "close" } else { "write" };
        let Some(jobs) = &self.jobs else {
            return match (work, self.access) {
                (Work::Close, _) => Ok(0),
                (_, Access::ReadOnly { version }) => Err(self.error(what, Trouble::Newer { version })),
                (_, Access::Full) => Err(self.error(what, Trouble::Closed)),
            };
        };
        let (reply, answer) = oneshot::channel();
        let asked = async {
            jobs.send(Job { work, reply }).await.map_err(|_| self.error(what, Trouble::Closed))?;
            answer.await.map_err(|_| self.error(what, Trouble::Closed))?
        };
        let slow = || Err(self.error(what, Trouble::Slow));
        tokio::time::timeout(self.limits.write, asked).await.unwrap_or_else(|_| slow())
    }

    pub(super) async fn read<T>(
        &self,
        limit: Duration,
        question: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let answered = async {
            let _place = self.readers.acquire().await.map_err(|_| Failure::Ours(Trouble::Closed))?;
            let mut connection = connection::reader(&self.path, &self.limits).await?;
            // One answer is of one moment, however many statements it takes.
            sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
            schema::verify(&mut connection).await?;
            let answer = question(&mut connection).await;
            connection.close().await?;
            answer
        };
        bounded(limit, answered).await.map_err(|failure| failure.of("read", &self.path))
    }

    fn error(&self, what: &'static str, trouble: Trouble) -> StoreError {
        StoreError::new(what, trouble).at(&self.path)
    }
}

async fn bounded<T>(limit: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Failure::Ours(Trouble::Slow)))
}

/// Opens a file, and starts its writer if it may be written.
async fn opened(
    path: &Path,
    limits: &StoreLimits,
    migrations: &[&'static str],
) -> Result<(Access, Option<mpsc::Sender<Job>>), Failure> {
    let lock = WriterLock::take(path, limits).await?;
    file::create(path)?;
    let version = match schema::identify(path, limits).await? {
        Identity::New => 0,
        Identity::Ours(version) => version,
    };
    let known = usize::try_from(version).unwrap_or(usize::MAX);
    if known > migrations.len() {
        return Ok((Access::ReadOnly { version }, None));
    }
    let mut connection = connection::writer(path, limits).await?;
    if known > 0 {
        schema::verify(&mut connection).await?;
        schema::verify_pages(&mut connection).await?;
        schema::verify_writable(&mut connection, known).await?;
    }
    migrate(&mut connection, migrations, known).await?;
    Ok((Access::Full, Some(writer::start(connection, path.to_owned(), lock))))
}

impl Store for Sqlite {
    fn load(&self) -> StoreFuture<'_, Remembered> {
        Box::pin(self.read(self.limits.read, reader::load))
    }

    fn write(&self, entries: Vec<Entry>) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.ask(Work::Write(entries)).await.map(|_| ()) })
    }

    fn open_acts(&self) -> StoreFuture<'_, Vec<StoredAct>> {
        Box::pin(self.read(self.limits.read, reader::open_acts))
    }

    fn history(&self, query: HistoryQuery) -> StoreFuture<'_, Vec<HistoryItem>> {
        Box::pin(
            self.read(self.limits.read, async move |from: &mut SqliteConnection| reader::history(from, query).await),
        )
    }

    fn incidents(&self, query: IncidentQuery) -> StoreFuture<'_, Vec<StoredIncident>> {
        Box::pin(
            self.read(self.limits.read, async move |from: &mut SqliteConnection| reader::incidents(from, query).await),
        )
    }

    fn report(&self, from: Timestamp, until: Timestamp) -> StoreFuture<'_, UnprotectedReport> {
        let question = async move |reader: &mut SqliteConnection| reader::unprotected(reader, (from, until)).await;
        Box::pin(self.read(self.limits.read, question))
    }

    fn page(&self, query: PageQuery) -> StoreFuture<'_, Page> {
        Box::pin(self.read(self.limits.read, async move |from: &mut SqliteConnection| reader::page(from, query).await))
    }

    fn prune(&self, before: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut removed = 0;
            // Each step removes rows that are there, so it ends.
            loop {
                match self.ask(Work::Prune(before)).await? {
                    0 => return Ok(removed),
                    more => removed += more,
                }
            }
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.ask(Work::Close).await.map(|_| ()) })
    }
}
