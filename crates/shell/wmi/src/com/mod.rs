//! The client: threads that belong to COM, a few for each namespace, and calls that wait for them.
//!
//! COM's calls block, so none runs on the caller's thread. Each namespace has a queue and threads of its own with a
//! connection each: a call that hangs holds up one of them.

mod connection;
mod error;
mod variant;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cim::{CallError, ErrorKind, Hint, Namespace, Reached, Reply, Request};
use tokio::sync::oneshot;

use self::worker::{Job, Queue};
use crate::failure::{Doing, of_time};

/// A client of this computer's WMI. Clones share their threads, which end with the last of them.
#[derive(Clone)]
pub struct LocalWmi {
    read: Duration,
    change: Duration,
    queues: Arc<Mutex<BTreeMap<Namespace, Queue>>>,
}

impl LocalWmi {
    /// A client whose reads take no longer than `read`, and its methods no longer than `change`.
    pub fn new(read: Duration, change: Duration) -> Self {
        Self { read, change, queues: Arc::default() }
    }

    /// Calls this computer.
    ///
    /// # Errors
    /// WMI's own, by its number; `TimedOut` after the limit. A caller that stops waiting cancels the call.
    pub async fn call(&self, request: Request) -> Result<Reply, CallError> {
        // Whatever failed, it was here: no advice may be about the network.
        self.answer(request).await.map_err(|error| error.with_hint(Hint::Local))
    }

    async fn answer(&self, request: Request) -> Result<Reply, CallError> {
        let (doing, limit) = match request {
            Request::Invoke { .. } => (Doing::Invoke, self.change),
            Request::Get { .. } | Request::Query { .. } | Request::Related { .. } => (Doing::Read, self.read),
        };
        let (answer, answered) = oneshot::channel();
        let job = Job { request, until: Instant::now() + limit, answer };
        self.put(job)?;
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(CallError::new(ErrorKind::Busy, Reached::Perhaps, "the thread that calls WMI has ended")),
            Err(_) => Err(of_time(doing)),
        }
    }

    fn put(&self, job: Job) -> Result<(), CallError> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let namespace = job.namespace().clone();
        if !queues.contains_key(&namespace) {
            let no_thread = |error| {
                let why = format!("cannot start a thread that calls WMI: {error}");
                CallError::new(ErrorKind::Busy, Reached::No, why)
            };
            queues.insert(namespace.clone(), Queue::start(&namespace).map_err(no_thread)?);
        }
        let ended = || CallError::new(ErrorKind::Busy, Reached::No, "the threads that call WMI have ended");
        queues.get(&namespace).and_then(|queue| queue.put(job)).ok_or_else(ended)
    }
}

#[cfg(test)]
mod stand_in_tests;
#[cfg(test)]
mod tests;
