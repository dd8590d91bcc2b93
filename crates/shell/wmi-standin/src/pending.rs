//! A call that is under way on a thread of its own, which is what makes a call semisynchronous: who waits, waits for a while.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::status::{FAILED, Status};

/// A piece of work.
type Work = Box<dyn FnOnce() + Send>;

/// Threads that work, as many as there are calls at a time. An idle one takes the next call.
#[derive(Clone, Default)]
pub(crate) struct Workers {
    idle: Arc<Mutex<Vec<Sender<Work>>>>,
}

impl Workers {
    /// Starts a call.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Pending<T> {
        let (answer, waiting) = sync_channel(1);
        // Who asked may have left.
        self.run(Box::new(move || drop(answer.send(call()))));
        Pending { state: Mutex::new(State::UnderWay(waiting)) }
    }

    fn run(&self, work: Work) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = idle.unwrap_or_else(|| self.hire());
        // A worker ends with the process alone.
        drop(worker.send(work));
    }

    /// A new thread. It offers itself again after each piece of work.
    fn hire(&self) -> Sender<Work> {
        let (sender, receiver) = channel::<Work>();
        let (own, idle) = (sender.clone(), Arc::downgrade(&self.idle));
        std::thread::spawn(move || {
            while let Ok(work) = receiver.recv() {
                work();
                let Some(idle) = idle.upgrade() else { return };
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(own.clone());
            }
        });
        sender
    }
}

/// A call whose answer may not be there yet.
pub(crate) struct Pending<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    UnderWay(Receiver<Result<T, Status>>),
    Ended(Result<T, Status>),
}

impl<T: Clone> Pending<T> {
    /// The answer; `None` if it does not come in time. A negative time has no end (`WBEM_INFINITE`).
    pub(crate) fn wait(&self, milliseconds: i32) -> Option<Result<T, Status>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::UnderWay(waiting) = &*state {
            let answer = match u64::try_from(milliseconds) {
                Ok(time) => match waiting.recv_timeout(Duration::from_millis(time)) {
                    Ok(answer) => answer,
                    Err(RecvTimeoutError::Timeout) => return None,
                    Err(RecvTimeoutError::Disconnected) => Err(FAILED),
                },
                Err(_endless) => waiting.recv().unwrap_or(Err(FAILED)),
            };
            *state = State::Ended(answer);
        }
        match &*state {
            State::Ended(answer) => Some(answer.clone()),
            State::UnderWay(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_gets_the_answer_when_it_is_there_and_again() {
        let workers = Workers::default();
        let (go, gone) = channel::<()>();
        let call = workers.start(move || gone.recv().map(|()| 7).map_err(|_| FAILED));
        assert_eq!(call.wait(0), None);
        go.send(()).unwrap();
        assert_eq!((call.wait(-1), call.wait(0)), (Some(Ok(7)), Some(Ok(7))));
        let failed = workers.start(|| Err::<(), _>(FAILED));
        assert_eq!(failed.wait(60_000), Some(Err(FAILED)));
        drop(workers.start(|| Ok(1)));
        assert_eq!(workers.start(|| Ok(2)).wait(60_000), Some(Ok(2)), "an answer that nobody wants holds up no other");
    }
}
