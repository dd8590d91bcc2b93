//! Where answers are parsed. A small one is parsed on the spot. A large one takes long enough to delay the other hosts, so it is
//! parsed on a thread of its own, a few at a time, and one at a time of each host: a host that sends large answers without end
//! delays only itself.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use cim::CallError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum size of a text that is parsed on the spot, in bytes: a few milliseconds of work, whatever it holds.
const ON_THE_SPOT_MAX: usize = 128 * 1024;
/// Maximum number of answers that are parsed at the same time. Each may take a hundred megabytes meanwhile.
const AT_ONCE_MAX: usize = 4;

/// The threads of a process that parse large answers. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Parsers(Arc<Semaphore>);

impl Default for Parsers {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new(processors.min(AT_ONCE_MAX))))
    }
}

impl Parsers {
    /// The part of one client.
    pub(crate) fn of_a_client(&self) -> ClientParsers {
        ClientParsers { all: Arc::clone(&self.0), own: Arc::new(Semaphore::new(1)) }
    }
}

/// The part of one client.
#[derive(Debug)]
pub(crate) struct ClientParsers {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

impl ClientParsers {
    /// Does work that takes as long as a text of `length` bytes is large.
    ///
    /// # Errors
    /// A [`CallError`] if the work panicked, which is a bug.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        length: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if length <= ON_THE_SPOT_MAX {
            return Ok(work());
        }
        let turns = (turn(&self.own).await, turn(&self.all).await);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turns);
            done
        });
        done.await.map_err(|_| CallError::malformed("the answer could not be parsed (a bug in Reprise)"))
    }
}

/// Waits for a turn. Nothing closes the semaphores.
async fn turn(turns: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(turns).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use super::*;

    /// Far above what a loaded machine takes.
    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn only_large_texts_are_parsed_on_a_thread_of_their_own() {
        let parsers = Parsers::default().of_a_client();
        let on = |length| parsers.work(length, || thread::current().id());
        let here: ThreadId = thread::current().id();
        assert_eq!(on(ON_THE_SPOT_MAX).await, Ok(here));
        assert_ne!(on(ON_THE_SPOT_MAX + 1).await, Ok(here));
    }

    /// The first client's work does not end before the second client's has.
    #[tokio::test]
    async fn a_client_whose_answers_take_long_delays_no_other() {
        let parsers = Parsers(Arc::new(Semaphore::new(2)));
        let (slow, quick) = (Arc::new(parsers.of_a_client()), parsers.of_a_client());
        let (end, ends) = mpsc::channel::<()>();
        let ends = Arc::new(std::sync::Mutex::new(ends));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (slow, ends) = (Arc::clone(&slow), Arc::clone(&ends));
                tokio::spawn(async move {
                    let wait = move || ends.lock().unwrap().recv_timeout(PATIENCE).is_ok();
                    slow.work(ON_THE_SPOT_MAX + 1, wait).await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let quick = tokio::time::timeout(PATIENCE, quick.work(ON_THE_SPOT_MAX + 1, || 7)).await;
        assert_eq!(quick, Ok(Ok(7)));
        for task in tasks {
            end.send(()).unwrap();
            assert_eq!(task.await.unwrap(), Ok(true));
        }
    }
}
