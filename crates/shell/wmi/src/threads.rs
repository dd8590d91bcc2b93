//! The threads of this crate: each calls Windows, which may take long, so they end by themselves once their client is gone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Every thread that was started and not waited for.
pub(crate) static ALL: Threads = Threads::new();

/// Waits for the threads of clients that are gone, for at most `limit`. Returns whether all have ended. Windows ends a process in
/// order whatever its threads do. Wine 8 does not: of 5,100 processes whose threads began or ended at the same moment, 34 were
/// killed.
pub fn wait_for_threads(limit: Duration) -> bool {
    ALL.wait(limit)
}

/// Threads that can be waited for.
pub(crate) struct Threads {
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    running: usize,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) const fn new() -> Self {
        Self { state: Mutex::new(State { running: 0, handles: Vec::new() }), ended: Condvar::new() }
    }

    #[cfg(any(windows, test))]
    pub(crate) fn start(&'static self, name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        // The lock is held until the thread is counted, so that it cannot end before.
        let mut state = self.lock();
        let counted = move || {
            let _running = Running(self);
            work();
        };
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(counted)?;
        state.handles.retain(|handle| !handle.is_finished());
        state.handles.push(handle);
        state.running = state.running.saturating_add(1);
        Ok(())
    }

    fn wait(&self, limit: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(self.lock(), limit, |state| state.running > 0);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return false;
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        for handle in handles {
            let _panicked = handle.join();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that is counted until its work is done.
#[cfg(any(windows, test))]
struct Running(&'static Threads);

#[cfg(any(windows, test))]
impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running = state.running.saturating_sub(1);
        self.0.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn threads_are_waited_for_until_the_limit() {
        static OWN: Threads = Threads::new();
        assert!(OWN.wait(Duration::ZERO), "there is none");
        let (clients, released): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::<()>()).unzip();
        for client in released {
            OWN.start("test", move || assert!(client.recv().is_err())).unwrap();
        }
        assert!(!OWN.wait(Duration::from_millis(1)), "their clients are alive");
        drop(clients);
        assert!(OWN.wait(Duration::from_mins(1)));
        assert!(OWN.lock().handles.is_empty(), "all are joined");
    }

    #[test]
    fn a_thread_that_panics_counts_as_ended() {
        static OWN: Threads = Threads::new();
        OWN.start("test", || panic!("on purpose")).unwrap();
        assert!(OWN.wait(Duration::from_mins(1)));
    }
}
