//! Drives a procedure that reads event logs by hand: the counterpart of [`crate::stepped`] for [`EventSource`].

use std::time::Duration;

use super::{Bookmark, EventBatch, EventPort, EventSource, Listen};
use crate::CallError;
use crate::stepped::{Stepped, SteppedPort};

/// One call of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which port, in the order in which they were opened.
    pub port: usize,
    /// What it was opened for.
    pub listen: Listen,
    /// The place behind which it reads on.
    pub after: Option<Bookmark>,
}

/// What a call is answered.
pub type Answer = Result<EventBatch, CallError>;

/// A procedure that reads event logs, under way. It is answered with batches, or with errors as a transport gives them; who
/// steps it keeps the time of [`Listen::until`].
pub type SteppedReading<T> = Stepped<T, Asked, Answer>;

/// The event logs handed to a stepped procedure.
pub struct SteppedLogs {
    port: SteppedPort<Asked, Answer>,
    opened: std::sync::atomic::AtomicUsize,
}

/// One port to them.
pub struct SteppedListener {
    port: SteppedPort<Asked, Answer>,
    number: usize,
    listen: Listen,
}

/// Begins a procedure; nothing runs before the first step.
pub fn reading<T, F>(procedure: impl FnOnce(SteppedLogs) -> F) -> SteppedReading<T>
where
    F: Future<Output = T> + Send + 'static,
{
    Stepped::new(|port| procedure(SteppedLogs { port, opened: 0.into() }))
}

impl EventSource for SteppedLogs {
    type Port = SteppedListener;

    fn listen(&self, listen: Listen) -> Option<SteppedListener> {
        let number = self.opened.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Some(SteppedListener { port: self.port.clone(), number, listen })
    }

    fn leave(&self, _port: SteppedListener) {}

    async fn pause(&self, length: Duration) {
        self.port.sleep(length).await;
    }

    fn elapsed(&self) -> Duration {
        self.port.time()
    }
}

impl EventPort for SteppedListener {
    async fn next(&mut self, after: Option<&Bookmark>) -> Answer {
        self.port.ask(Asked { port: self.number, listen: self.listen.clone(), after: after.cloned() }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventQuery;
    use crate::stepped::Next;

    #[test]
    fn a_reading_stops_at_each_call_of_each_port_and_at_each_pause() {
        let listen = |at_most| Listen {
            query: EventQuery::new(Vec::new()),
            at_most,
            patience: Duration::ZERO,
            until: Duration::from_secs(9),
        };
        let mut stepped = reading(move |logs| async move {
            let mut first = logs.listen(listen(Some(1))).unwrap();
            let bookmark = first.next(None).await.unwrap().bookmark;
            logs.leave(first);
            logs.pause(Duration::from_secs(2)).await;
            let mut second = logs.listen(listen(None)).unwrap();
            (second.next(bookmark.as_ref()).await.unwrap().dropped, logs.elapsed())
        });
        let Some(Next::Call(asked)) = stepped.step() else { panic!() };
        assert_eq!((asked.port, asked.listen.at_most, asked.after), (0, Some(1), None));
        let bookmark = Some(Bookmark::new("there"));
        stepped.answer(Ok(EventBatch { bookmark: bookmark.clone(), ..EventBatch::default() }));
        assert!(matches!(stepped.step(), Some(Next::WaitUntil(at)) if at == Duration::from_secs(2)));
        stepped.pass_to(Duration::from_secs(2));
        let Some(Next::Call(asked)) = stepped.step() else { panic!() };
        assert_eq!((asked.port, asked.listen.at_most, asked.after), (1, None, bookmark));
        stepped.answer(Ok(EventBatch { dropped: 3, ..EventBatch::default() }));
        assert!(matches!(stepped.step(), Some(Next::Done(done)) if done == (3, Duration::from_secs(2))));
    }
}
