//! Writes events on a thread of its own, so that a sink that blocks delays nobody.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::Sink;
use super::error::SinkError;
use crate::event::LogEntry;

/// Maximum number of events in the queue: more than a pass over a large fleet writes, about 50 MB.
const WAITING_MAX: usize = 65_536;

/// A sink behind a queue. Events are written in order.
#[derive(Debug)]
pub struct Writer {
    place: String,
    /// `None` after the end, and if the thread could not be started.
    queue: Option<SyncSender<LogEntry>>,
    ended: Receiver<Infallible>,
    trouble: Receiver<SinkError>,
    trouble_sender: SyncSender<SinkError>,
    asked: u64,
    written: Arc<AtomicU64>,
}

/// Events that were not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritten {
    /// How many.
    pub events: u64,
    /// The sink.
    pub place: String,
    /// Whether the time was up before the sink had finished. It may still write some of them.
    pub is_late: bool,
}

impl Writer {
    /// Starts the thread that writes to `sink`. It ends when the writer is finished or dropped.
    pub fn start(sink: Sink) -> Self {
        let place = sink.to_string();
        Self::with(place, WAITING_MAX, move |event| sink.write(event))
    }

    fn with(
        place: String,
        waiting_max: usize,
        mut write: impl FnMut(&LogEntry) -> Result<(), SinkError> + Send + 'static,
    ) -> Self {
        let (queue, events) = sync_channel::<LogEntry>(waiting_max);
        let (alive, ended) = sync_channel::<Infallible>(0);
        let (trouble_sender, trouble) = sync_channel(1);
        let written = Arc::new(AtomicU64::new(0));
        let (count, sender) = (Arc::clone(&written), trouble_sender.clone());
        let work = move || {
            let _alive = alive;
            for event in events {
                let written = write(&event);
                if written.as_ref().err().is_none_or(|error| !error.is_loss()) {
                    count.fetch_add(1, Ordering::Release);
                }
                // Only the first is kept: a sink that fails once mostly fails again.
                _ = written.is_err_and(|error| sender.try_send(error).is_ok());
            }
        };
        let thread = std::thread::Builder::new().name("event sink".to_owned()).spawn(work);
        let queue =
            thread.map(|_| queue).map_err(|source| trouble_sender.try_send(SinkError::NoThread { source })).ok();
        Self { place, queue, ended, trouble, trouble_sender, asked: 0, written }
    }

    /// Queues an event. Never waits; if the queue is full, the event is dropped and counted.
    pub fn write(&mut self, event: LogEntry) {
        self.asked += 1;
        let id = event.code().id;
        let taken = self.queue.as_ref().is_some_and(|queue| queue.try_send(event).is_ok());
        if !taken {
            let behind = SinkError::Behind { id, place: self.place.clone() };
            let _kept = self.trouble_sender.try_send(behind).is_ok();
        }
    }

    /// Returns the first error since the last call.
    pub fn trouble(&mut self) -> Option<SinkError> {
        self.trouble.try_recv().ok()
    }

    /// Waits until every event is written, `within` at most. Returns what was not written.
    pub fn finish(&mut self, within: Duration) -> Option<Unwritten> {
        self.queue = None;
        let is_late = matches!(self.ended.recv_timeout(within), Err(RecvTimeoutError::Timeout));
        let events = self.asked.saturating_sub(self.written.load(Ordering::Acquire));
        (events > 0).then(|| Unwritten { events, place: self.place.clone(), is_late })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::event::codes;

    /// Far above what a loaded machine takes.
    const PATIENCE: Duration = Duration::from_mins(1);

    fn event(number: u64) -> LogEntry {
        LogEntry::new("2026-03-01T00:00:00Z".parse().unwrap(), &codes::READY).with("seconds", number)
    }

    fn failure(event: &LogEntry) -> SinkError {
        SinkError::File { id: event.code().id, path: "x".into(), source: std::io::ErrorKind::StorageFull.into() }
    }

    /// A writer whose sink waits for a word before each event, and tells each that it has written.
    fn gated(waiting_max: usize) -> (Writer, Sender<()>, Receiver<String>) {
        let ((go, wait), (tell, told)) = (channel(), channel());
        let write = move |event: &LogEntry| {
            wait.recv().map_err(|_| failure(event))?;
            tell.send(event.message()).map_err(|_| failure(event))
        };
        (Writer::with("the gate".to_owned(), waiting_max, write), go, told)
    }

    #[test]
    fn a_sink_that_blocks_holds_up_nobody_and_gets_everything_in_order() {
        let (mut writer, go, told) = gated(100);
        for number in 0..50 {
            writer.write(event(number)); // returns, though the sink takes none
        }
        assert!(told.try_recv().is_err());
        (0..50).for_each(|_| go.send(()).unwrap());
        assert_eq!(writer.finish(PATIENCE), None);
        let expected: Vec<String> = (0..50).map(|number| event(number).message()).collect();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), expected);
        assert!(writer.trouble().is_none());
    }

    #[test]
    fn a_sink_that_takes_nothing_is_waited_for_no_longer_than_asked() {
        let (mut writer, _go, _told) = gated(100);
        writer.write(event(0));
        writer.write(event(1));
        let expected = Unwritten { events: 2, place: "the gate".to_owned(), is_late: true };
        assert_eq!(writer.finish(Duration::from_millis(10)), Some(expected));
    }

    #[test]
    fn what_the_queue_has_no_room_for_is_counted_and_reported_once() {
        let (mut writer, go, told) = gated(2);
        for number in 0..10 {
            writer.write(event(number));
        }
        let trouble = writer.trouble().unwrap();
        assert!(matches!(&trouble, SinkError::Behind { id: 2, place } if place == "the gate"), "{trouble}");
        assert!(writer.trouble().is_none());
        (0..10).for_each(|_| go.send(()).unwrap());
        let unwritten = writer.finish(PATIENCE).unwrap();
        // One may have left the queue before it was full.
        assert_eq!(unwritten.events + u64::try_from(told.try_iter().count()).unwrap(), 10);
        assert!((7..=8).contains(&unwritten.events) && !unwritten.is_late, "{unwritten:?}");
    }

    #[test]
    fn an_event_that_is_written_elsewhere_is_reported_and_not_lost() {
        let diverted = || SinkError::Diverted {
            account: "svc".to_owned(),
            what: "write",
            advice: "",
            path: "x".into(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        let mut writer = Writer::with("the log".to_owned(), 100, move |_| Err(diverted()));
        writer.write(event(0));
        assert_eq!(writer.finish(PATIENCE), None);
        assert!(matches!(writer.trouble(), Some(SinkError::Diverted { .. })));
    }

    #[test]
    fn of_many_failures_the_first_is_reported_and_all_are_counted() {
        let mut writer = Writer::with("a full disk".to_owned(), 100, |event| Err(failure(event)));
        for number in 0..5 {
            writer.write(event(number));
        }
        let expected = Unwritten { events: 5, place: "a full disk".to_owned(), is_late: false };
        assert_eq!(writer.finish(PATIENCE), Some(expected));
        assert!(matches!(writer.trouble(), Some(SinkError::File { id: 2, .. })));
        assert!(writer.trouble().is_none());
    }
}
