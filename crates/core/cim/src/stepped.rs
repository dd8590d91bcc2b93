//! Drives a procedure by hand, call by call, with no executor and no clock: for rehearsals and unit tests. What it calls is
//! a host ([`Port`]) or, in [`crate::event::stepped`], a host's event logs.
//!
//! The future is polled with a waker that does nothing. It stops at each call and each pause, and goes on when it is
//! answered or when time has passed. Dropping a [`Stepped`] is how a procedure is killed at that very instant.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::{CallError, Port, Reply, Request};

/// What a stepped procedure waits for.
#[derive(Debug)]
pub enum Next<T, Q = Request> {
    /// It has asked the host; [`Stepped::answer`] goes on.
    Call(Q),
    /// It sleeps until this much time has passed since its start; [`Stepped::pass_to`] goes on.
    WaitUntil(Duration),
    /// It has ended.
    Done(T),
}

struct Shared<Q, A> {
    now: Duration,
    asked: Option<Q>,
    answer: Option<A>,
    wake_at: Option<Duration>,
    phase: &'static str,
}

/// The port handed to a stepped procedure. `Q` is what it asks, `A` what it is answered.
pub struct SteppedPort<Q = Request, A = Result<Reply, CallError>>(Arc<Mutex<Shared<Q, A>>>);

impl<Q, A> Clone for SteppedPort<Q, A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Q, A> SteppedPort<Q, A> {
    fn new() -> Self {
        let shared = Shared { now: Duration::ZERO, asked: None, answer: None, wake_at: None, phase: "" };
        Self(Arc::new(Mutex::new(shared)))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Shared<Q, A>) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, question: Q) -> A {
        self.with(|s| s.asked = Some(question));
        std::future::poll_fn(|_| self.with(|s| s.answer.take().map_or(Poll::Pending, Poll::Ready))).await
    }

    /// Lets at least so much pass.
    pub(crate) async fn sleep(&self, length: Duration) {
        let until = self.with(|s| {
            let until = s.now.saturating_add(length);
            s.wake_at = Some(until);
            until
        });
        std::future::poll_fn(|_| {
            self.with(|s| {
                if s.now < until {
                    return Poll::Pending;
                }
                s.wake_at = None;
                Poll::Ready(())
            })
        })
        .await;
    }

    pub(crate) fn time(&self) -> Duration {
        self.with(|s| s.now)
    }
}

impl Port for SteppedPort {
    async fn call(&self, request: Request) -> Result<Reply, CallError> {
        self.ask(request).await
    }

    async fn pause(&self, length: Duration) {
        self.sleep(length).await;
    }

    fn elapsed(&self) -> Duration {
        self.time()
    }

    fn note(&self, phase: &'static str) {
        self.with(|s| s.phase = phase);
    }
}

/// A procedure under way.
pub struct Stepped<T, Q = Request, A = Result<Reply, CallError>> {
    port: SteppedPort<Q, A>,
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

impl<T, Q, A> Stepped<T, Q, A> {
    /// Begins a procedure; nothing runs before the first [`Stepped::step`].
    pub fn new<F>(procedure: impl FnOnce(SteppedPort<Q, A>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let port = SteppedPort::new();
        Self { future: Some(Box::pin(procedure(port.clone()))), port }
    }

    /// Runs until it calls, sleeps or ends. `None` if it has ended before, or still waits for an answer.
    pub fn step(&mut self) -> Option<Next<T, Q>> {
        let future = self.future.as_mut()?;
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => {
                self.future = None;
                Some(Next::Done(value))
            }
            Poll::Pending => {
                self.port.with(|s| s.asked.take().map(Next::Call).or_else(|| s.wake_at.map(Next::WaitUntil)))
            }
        }
    }

    /// Answers the call under way.
    pub fn answer(&mut self, answer: A) {
        self.port.with(|s| s.answer = Some(answer));
    }

    /// Lets time pass, to this much since the procedure's start. Time does not run backwards.
    pub fn pass_to(&mut self, elapsed: Duration) {
        self.port.with(|s| s.now = s.now.max(elapsed));
    }

    /// What the procedure said last that it does.
    pub fn phase(&self) -> &'static str {
        self.port.with(|s| s.phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, ObjectPath, Reached, Row};

    async fn ask_twice(port: SteppedPort) -> Result<Row, CallError> {
        port.note("first");
        let path = ObjectPath::new("root/cimv2", "X");
        if crate::get(&port, path.clone()).await.is_err() {
            port.pause(Duration::from_secs(2)).await;
        }
        crate::get(&port, path).await
    }

    #[test]
    fn a_procedure_stops_at_each_call_and_each_pause() {
        let mut stepped = Stepped::new(ask_twice);
        assert!(matches!(stepped.step(), Some(Next::Call(Request::Get { .. }))));
        assert_eq!(stepped.phase(), "first");
        assert!(stepped.step().is_none(), "it still waits for its answer");
        stepped.answer(Err(CallError::new(ErrorKind::Busy, Reached::Yes, "busy")));
        assert!(matches!(stepped.step(), Some(Next::WaitUntil(d)) if d == Duration::from_secs(2)));
        stepped.pass_to(Duration::from_secs(1));
        assert!(matches!(stepped.step(), Some(Next::WaitUntil(_))));
        stepped.pass_to(Duration::from_secs(2));
        assert!(matches!(stepped.step(), Some(Next::Call(_))));
        stepped.answer(Ok(Reply::Instance(Row::new("X"))));
        assert!(matches!(stepped.step(), Some(Next::Done(Ok(_)))));
        assert!(stepped.step().is_none());
    }

    #[test]
    fn a_reply_of_another_kind_is_malformed() {
        let mut stepped = Stepped::new(|port| async move { crate::get(&port, ObjectPath::new("r", "X")).await });
        stepped.step();
        stepped.answer(Ok(Reply::Rows(vec![])));
        let Some(Next::Done(Err(error))) = stepped.step() else { panic!() };
        assert_eq!(error.kind, ErrorKind::Malformed);
    }
}
