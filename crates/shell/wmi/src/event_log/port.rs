//! The port: a thread that reads the logs, and calls that wait for it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventQuery};
use cim::{CallError, ErrorKind, Hint, Reached};
use tokio::sync::oneshot;

use super::native::Native;
use super::reader::{Reader, Wish};
use crate::threads;

/// Records that are fetched at once.
const BATCH: u32 = 64;
/// So much longer than its patience a call may take: Windows searches a large log meanwhile.
const LATE_MAX: Duration = Duration::from_secs(30);

/// One call, and where its answer goes.
struct Job {
    after: Option<Bookmark>,
    answer: oneshot::Sender<Result<EventBatch, CallError>>,
}

/// This computer's event logs, from their oldest record on. Nothing is read before the first [`EventPort::next`].
#[derive(Debug)]
pub struct LocalEvents {
    wish: Wish,
    /// The queue to the thread, which ends with it.
    thread: Option<Sender<Job>>,
    taken: bool,
}

impl LocalEvents {
    /// A reader of what a query selects. `patience` is how long one call waits for records.
    pub fn new(query: &EventQuery, patience: Duration) -> Self {
        let wish = Wish { query: query.write(), at_most: BATCH, patience };
        Self { wish, thread: None, taken: false }
    }

    /// Sets the maximum number of records per answer.
    #[must_use]
    pub fn at_most(mut self, count: u32) -> Self {
        self.wish.at_most = count.clamp(1, BATCH);
        self
    }

    /// Whether records could be read once: what fails later is a loss and no refusal.
    pub fn was_taken(&self) -> bool {
        self.taken
    }

    /// Hands a call to the thread, which is started for the first one.
    fn ask(&mut self, job: Job) -> Result<(), CallError> {
        let thread = if let Some(thread) = self.thread.take() {
            thread
        } else {
            let (sender, jobs) = channel();
            let wish = self.wish.clone();
            let started = threads::ALL.start("event log", move || work(wish, &jobs));
            started.map_err(|error| {
                let why = format!("cannot start a thread that reads the event log: {error}");
                CallError::new(ErrorKind::Busy, Reached::No, why)
            })?;
            sender
        };
        thread.send(job).map_err(|_| ended())?;
        self.thread = Some(thread);
        Ok(())
    }
}

impl EventPort for LocalEvents {
    async fn next(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        // Whatever failed, it was here: no advice may be about the network.
        self.read(after).await.map_err(|error| error.with_hint(Hint::Local))
    }
}

impl LocalEvents {
    async fn read(&mut self, after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job { after: after.cloned(), answer })?;
        let late = || CallError::new(ErrorKind::TimedOut, Reached::Yes, "the event log gave no answer in time");
        let limit = self.wish.patience + LATE_MAX;
        let batch = tokio::time::timeout(limit, answered).await.map_err(|_| late())?.map_err(|_| ended())??;
        self.taken = true;
        Ok(batch)
    }
}

fn ended() -> CallError {
    CallError::new(ErrorKind::Busy, Reached::Yes, "the thread that reads the event log has ended")
}

/// Takes calls until the port is dropped. If nobody waits for an answer any more, the next call asks for the same place.
fn work(wish: Wish, jobs: &Receiver<Job>) {
    let mut reader = Reader::new(Native, wish);
    while let Ok(Job { after, answer }) = jobs.recv() {
        let read = reader.next(after.as_ref(), || answer.is_closed());
        let _unheard = answer.send(read);
    }
}

#[cfg(test)]
mod tests {
    use cim::event::{EventCondition, EventSelect};

    use super::*;

    /// Wine has no event logs: every subscription fails. Windows has a System log.
    #[test]
    fn the_system_log_is_read_or_the_refusal_is_told_and_nothing_hangs() {
        let system = EventSelect { channel: "System".to_owned(), condition: EventCondition::any() };
        let mut events = LocalEvents::new(&EventQuery::new(vec![system]), Duration::from_millis(100)).at_most(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for _ in 0..3 {
            match runtime.block_on(events.next(None)) {
                Ok(batch) => assert!(batch.events.len() <= 1 && events.was_taken()),
                Err(error) => {
                    assert!(error.message.starts_with("reading the event log failed with "), "{error:?}");
                    assert!(error.kind != ErrorKind::TimedOut && error.status.is_some(), "{error:?}");
                    assert_eq!(error.hint, Some(Hint::Local), "{error:?}");
                    assert!(!events.was_taken());
                }
            }
        }
    }
}
