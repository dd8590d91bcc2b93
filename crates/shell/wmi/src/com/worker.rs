//! The threads of one namespace, and the queue from which they take calls.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cim::{CallError, Namespace, Reply, Request};
use tokio::sync::oneshot;

use super::connection::{Apartment, Connection, Patience};
use crate::failure::{Doing, of_time};
use crate::threads;

/// Threads of a namespace, which is the number of its calls at a time.
const THREADS: usize = 4;

/// One call, and where its answer goes.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) until: Instant,
    pub(super) answer: oneshot::Sender<Result<Reply, CallError>>,
}

impl Job {
    pub(super) fn namespace(&self) -> &Namespace {
        match &self.request {
            Request::Get { path } | Request::Invoke { path, .. } => &path.namespace,
            Request::Query { namespace, .. } => namespace,
            Request::Related { related } => &related.object.namespace,
        }
    }
}

/// The queue to the threads of a namespace. They end when it is dropped.
pub(super) struct Queue(Sender<Job>);

impl Queue {
    pub(super) fn start(namespace: &Namespace) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..THREADS {
            let (namespace, jobs) = (namespace.clone(), Arc::clone(&receiver));
            threads::ALL.start("wmi", move || work(&namespace, &jobs))?;
        }
        Ok(Self(sender))
    }

    /// Hands a call over; `None` if every thread has ended.
    pub(super) fn put(&self, job: Job) -> Option<()> {
        self.0.send(job).ok()
    }
}

/// Takes calls until the queue is dropped.
fn work(namespace: &Namespace, jobs: &Mutex<Receiver<Job>>) {
    let apartment = Apartment::enter();
    let mut connection = None;
    loop {
        // The lock is held while nothing comes, so that the other threads wait for the lock instead.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { request, until, answer }) = next else { return };
        let answered = apartment.as_ref().map_err(Clone::clone).and_then(|apartment| {
            let patience = Patience::new(until, || answer.is_closed());
            if patience.is_over() {
                return Err(of_time(Doing::Connect));
            }
            let connected = match connection.take() {
                Some(connected) => connected,
                None => Connection::open(apartment, namespace)?,
            };
            let answered = connected.call(&request, &patience);
            // One that failed may be broken for good: WMI was restarted, say. The next call connects anew.
            connection = answered.is_ok().then_some(connected);
            answered
        });
        // Nobody waits for an answer that comes too late.
        let _unheard = answer.send(answered);
    }
}
