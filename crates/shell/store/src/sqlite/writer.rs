//! The task that owns the connection that writes. Everything else asks it.

use std::path::PathBuf;

use reprise_model::Timestamp;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::apply::apply;
use super::failure::Failure;
use super::file::WriterLock;
use super::prune::prune;
use super::transaction;
use crate::entry::Entry;
use crate::error::{StoreError, Trouble};

/// Jobs that wait. One that finds no place waits within its own time limit.
const QUEUE: usize = 64;
/// Jobs in one transaction, so that one wait for the disk serves all that came meanwhile.
const TOGETHER: usize = 32;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Work {
    Write(Vec<Entry>),
    Prune(Timestamp),
    Close,
}

/// Work, and where its result goes: how many rows were removed.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<u64, StoreError>>,
}

/// The task's own.
#[derive(Debug)]
struct Writer {
    connection: SqliteConnection,
    path: PathBuf,
}

/// Starts the task. It ends when it is asked to, and when nobody can ask it any more.
pub(super) fn start(connection: SqliteConnection, path: PathBuf, lock: WriterLock) -> mpsc::Sender<Job> {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let writer = Writer { connection, path };
    tokio::spawn(writer.serve(queue, lock));
    jobs
}

impl Writer {
    async fn serve(mut self, mut queue: mpsc::Receiver<Job>, lock: WriterLock) {
        let mut jobs = Vec::with_capacity(TOGETHER);
        let mut asked_to_close = None;
        while asked_to_close.is_none() && queue.recv_many(&mut jobs, TOGETHER).await > 0 {
            // A caller that no longer waits has reported a failure; what was not begun is not done.
            jobs.retain(|job| !job.reply.is_closed());
            if let Some(at) = jobs.iter().position(|job| matches!(job.work, Work::Close)) {
                asked_to_close = jobs.split_off(at).into_iter().next();
            }
            self.work_off(std::mem::take(&mut jobs)).await;
        }
        queue.close();
        let closed = self.connection.close().await.map_err(|error| Failure::from(error).of("close", &self.path));
        drop(lock);
        if let Some(job) = asked_to_close {
            let _nobody_waits = job.reply.send(closed.map(|()| 0));
        }
    }

    /// Carries out all jobs in one transaction. A job that is refused takes no other with it; a store that fails takes all.
    async fn work_off(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let (works, replies): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.work, job.reply)).unzip();
        let results = match self.commit(works).await {
            Ok(results) => results,
            Err(failure) => {
                let error = failure.of("write", &self.path);
                replies.iter().map(|_| Err(error.clone())).collect()
            }
        };
        for (reply, result) in replies.into_iter().zip(results) {
            let _nobody_waits = reply.send(result);
        }
    }

    async fn commit(&mut self, works: Vec<Work>) -> Result<Vec<Result<u64, StoreError>>, Failure> {
        transaction::begin(&mut self.connection).await?;
        let mut results = Vec::with_capacity(works.len());
        let mut done = Ok(());
        for work in works {
            match self.part(work).await {
                Ok(result) => results.push(result),
                Err(failure) => {
                    done = Err(failure);
                    break;
                }
            }
        }
        transaction::end(&mut self.connection, done).await.map(|()| results)
    }

    /// Carries out one job. The inner error is the job's own, the outer one the store's.
    async fn part(&mut self, work: Work) -> Result<Result<u64, StoreError>, Failure> {
        transaction::begin_part(&mut self.connection).await?;
        let done = match work {
            Work::Write(entries) => self.write(entries).await,
            Work::Prune(before) => prune(&mut self.connection, before).await,
            Work::Close => Ok(0),
        };
        match done {
            Ok(removed) => transaction::end_part(&mut self.connection, true).await.map(|()| Ok(removed)),
            Err(failure) if matches!(failure.trouble(), Trouble::Refused { .. }) => {
                transaction::end_part(&mut self.connection, false).await?;
                Ok(Err(failure.of("write", &self.path)))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn write(&mut self, entries: Vec<Entry>) -> Result<u64, Failure> {
        for entry in entries {
            apply(&mut self.connection, entry).await?;
        }
        Ok(0)
    }
}
