//! Reads an event log through subscriptions: when to subscribe anew, from where, and what to pass on.
//!
//! Source: Windows Event Log reference, "Subscribing to Events" (pull subscriptions, bookmarks, the strict flag).

use std::time::Duration;

use cim::CallError;
use cim::event::{Bookmark, EventBatch, KnownRecords};

use super::failure::{BOOKMARK_GONE, STALE, of_number};

/// Longest single wait: as long, a call goes on that nobody waits for any more.
const SLICE: Duration = Duration::from_millis(250);
/// Maximum number of batches in a call that hold known records alone.
const KNOWN_BATCHES_MAX: u32 = 1_000;

/// Where a subscription begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    Oldest,
    After(Bookmark),
}

/// What Windows does. Failures are its numbers, as HRESULTs.
pub(crate) trait Subscriber {
    type Subscription: Subscription;

    /// Subscribes to what a query selects. Fails with [`BOOKMARK_GONE`] if the record of the bookmark is gone.
    fn subscribe(&self, query: &str, begin: &Begin) -> Result<Self::Subscription, u32>;
}

/// A subscription.
pub(crate) trait Subscription {
    /// The next records as XML, with the place after the last; `None` if none came within `wait`.
    fn next(&mut self, at_most: u32, wait: Duration) -> Result<Option<(Vec<String>, Bookmark)>, u32>;
}

/// What is read, and how much of it at once.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) query: String,
    pub(crate) at_most: u32,
    /// How long one call waits for records.
    pub(crate) patience: Duration,
}

/// A log that is being read.
pub(crate) struct Reader<S: Subscriber> {
    subscriber: S,
    wish: Wish,
    subscription: Option<S::Subscription>,
    /// The place after what was passed on last.
    place: Option<Bookmark>,
    known: KnownRecords,
}

impl<S: Subscriber> Reader<S> {
    pub(crate) fn new(subscriber: S, wish: Wish) -> Self {
        Self { subscriber, wish, subscription: None, place: None, known: KnownRecords::default() }
    }

    /// The records after a place. Ends without any after the wish's patience, or once nobody waits for them.
    pub(crate) fn next(
        &mut self,
        after: Option<&Bookmark>,
        nobody_waits: impl Fn() -> bool,
    ) -> Result<EventBatch, CallError> {
        if self.place.as_ref() != after {
            // It begins at another place: what was read last was not passed on, or is asked for again.
            self.subscription = None;
            self.known = KnownRecords::default();
            self.place = after.cloned();
        }
        self.read(nobody_waits).map_err(|code| {
            self.subscription = None;
            of_number(code)
        })
    }

    fn read(&mut self, nobody_waits: impl Fn() -> bool) -> Result<EventBatch, u32> {
        let mut left = self.wish.patience;
        let mut all_known = 0;
        loop {
            let wait = left.min(SLICE);
            left = left.saturating_sub(wait);
            let (at_most, known) = (self.wish.at_most, &mut self.known);
            let found = match subscribed(&mut self.subscription, &self.subscriber, &self.wish, self.place.as_ref())?
                .next(at_most, wait)
            {
                // The log was cleared, or records were overwritten before they were read: what is there is read.
                Err(code) if STALE.contains(&code) && all_known < KNOWN_BATCHES_MAX => {
                    all_known += 1;
                    self.subscription = Some(self.subscriber.subscribe(&self.wish.query, &Begin::Oldest)?);
                    continue;
                }
                found => found?,
            };
            if let Some((events, place)) = found {
                self.place = Some(place);
                let events: Vec<String> = events.into_iter().filter(|xml| known.is_new(xml)).collect();
                all_known += 1;
                if !events.is_empty() || all_known > KNOWN_BATCHES_MAX {
                    return Ok(EventBatch { events, bookmark: self.place.clone(), dropped: 0 });
                }
            } else if left.is_zero() || nobody_waits() {
                return Ok(EventBatch { bookmark: self.place.clone(), ..EventBatch::default() });
            }
        }
    }
}

/// The subscription, opened if there is none.
fn subscribed<'a, S: Subscriber>(
    open: &'a mut Option<S::Subscription>,
    subscriber: &S,
    wish: &Wish,
    place: Option<&Bookmark>,
) -> Result<&'a mut S::Subscription, u32> {
    let subscription = match (open.take(), place) {
        (Some(subscription), _) => subscription,
        (None, None) => subscriber.subscribe(&wish.query, &Begin::Oldest)?,
        (None, Some(place)) => match subscriber.subscribe(&wish.query, &Begin::After(place.clone())) {
            Err(BOOKMARK_GONE) => subscriber.subscribe(&wish.query, &Begin::Oldest)?,
            opened => opened?,
        },
    };
    Ok(open.insert(subscription))
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use cim::ErrorKind;

    use super::*;

    /// A log as Windows shows it: numbered records, of which the first may be gone, and failures to come.
    #[derive(Clone, Default)]
    struct Log(Rc<State>);

    #[derive(Default)]
    struct State {
        first: Cell<u64>,
        last: Cell<u64>,
        failures: RefCell<Vec<u32>>,
        subscribed: RefCell<Vec<Begin>>,
        waited: Cell<Duration>,
    }

    struct Open {
        log: Log,
        next: u64,
    }

    fn record(number: u64) -> String {
        format!(
            "<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-03-01T00:00:00Z'/>\
             <EventRecordID>{number}</EventRecordID><Channel>System</Channel></System></Event>"
        )
    }

    fn mark(number: u64) -> Bookmark {
        Bookmark::new(number.to_string())
    }

    impl Subscriber for Log {
        type Subscription = Open;

        fn subscribe(&self, query: &str, begin: &Begin) -> Result<Open, u32> {
            assert_eq!(query, "the query");
            self.0.subscribed.borrow_mut().push(begin.clone());
            let first = self.0.first.get().max(1);
            let next = match begin {
                Begin::Oldest => first,
                Begin::After(place) => {
                    let after: u64 = place.as_str().parse().unwrap();
                    if after < first {
                        return Err(BOOKMARK_GONE);
                    }
                    after + 1
                }
            };
            Ok(Open { log: self.clone(), next })
        }
    }

    impl Subscription for Open {
        fn next(&mut self, at_most: u32, wait: Duration) -> Result<Option<(Vec<String>, Bookmark)>, u32> {
            let state = &self.log.0;
            if let Some(code) = state.failures.borrow_mut().pop() {
                return Err(code);
            }
            let last = state.last.get().min(self.next + u64::from(at_most) - 1);
            if self.next > last {
                state.waited.set(state.waited.get() + wait);
                return Ok(None);
            }
            let records = (self.next..=last).map(record).collect();
            self.next = last + 1;
            Ok(Some((records, mark(last))))
        }
    }

    fn reader(records: u64) -> (Log, Reader<Log>) {
        let log = Log::default();
        log.0.last.set(records);
        let wish = Wish { query: "the query".to_owned(), at_most: 2, patience: Duration::from_millis(600) };
        (log.clone(), Reader::new(log, wish))
    }

    /// The numbers of the next records, and the place after them.
    fn next(reader: &mut Reader<Log>, after: Option<&Bookmark>) -> (Vec<String>, Option<Bookmark>) {
        let batch = reader.next(after, || false).unwrap();
        (batch.events, batch.bookmark)
    }

    #[test]
    fn records_come_in_order_with_a_place_and_an_end_after_the_wait() {
        let (log, mut reader) = reader(3);
        assert_eq!(next(&mut reader, None), (vec![record(1), record(2)], Some(mark(2))));
        assert_eq!(next(&mut reader, Some(&mark(2))), (vec![record(3)], Some(mark(3))));
        assert_eq!(next(&mut reader, Some(&mark(3))), (Vec::new(), Some(mark(3))));
        assert_eq!(log.0.waited.get(), Duration::from_millis(600));
        log.0.last.set(4);
        assert_eq!(next(&mut reader, Some(&mark(3))).0, [record(4)]);
        assert_eq!(*log.0.subscribed.borrow(), [Begin::Oldest], "one subscription does");
    }

    #[test]
    fn an_empty_log_has_no_place_and_a_call_that_nobody_waits_for_ends_soon() {
        let (log, mut reader) = reader(0);
        assert_eq!(next(&mut reader, None), (Vec::new(), None));
        assert_eq!(reader.next(None, || true).unwrap(), EventBatch::default());
        assert_eq!(log.0.waited.get(), Duration::from_millis(850));
    }

    #[test]
    fn a_call_whose_answer_was_lost_is_answered_again_and_so_is_any_earlier_place() {
        let (log, mut reader) = reader(4);
        next(&mut reader, None);
        assert_eq!(next(&mut reader, Some(&mark(1))).0, [record(2), record(3)]);
        assert_eq!(next(&mut reader, None).0, [record(1), record(2)]);
        assert_eq!(*log.0.subscribed.borrow(), [Begin::Oldest, Begin::After(mark(1)), Begin::Oldest]);
    }

    #[test]
    fn a_subscription_that_failed_is_opened_again_behind_the_last_record() {
        let (log, mut reader) = reader(4);
        next(&mut reader, None);
        log.0.failures.borrow_mut().push(0x8007_06BA);
        let error = reader.next(Some(&mark(2)), || false).unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::Busy, Some(0x8007_06BA)));
        assert_eq!(next(&mut reader, Some(&mark(2))).0, [record(3), record(4)]);
        assert_eq!(*log.0.subscribed.borrow(), [Begin::Oldest, Begin::After(mark(2))]);
    }

    #[test]
    fn of_a_log_that_was_cleared_or_has_overtaken_us_what_is_there_is_read_and_nothing_twice() {
        for first in [2, 4] {
            let (log, mut reader) = reader(5);
            next(&mut reader, None);
            log.0.first.set(first);
            log.0.failures.borrow_mut().push(STALE[0]);
            let (mut found, place) = next(&mut reader, Some(&mark(2)));
            found.extend(next(&mut reader, place.as_ref()).0);
            let expected: Vec<String> = (first.max(3)..=5).map(record).collect();
            assert_eq!(found, expected, "{first}");
            // The bookmark's record is gone.
            log.0.first.set(5);
            assert_eq!(next(&mut reader, Some(&mark(1))).0, [record(5)]);
        }
    }

    #[test]
    fn a_log_that_is_stale_without_end_is_a_failure() {
        let (log, mut reader) = reader(5);
        log.0.failures.borrow_mut().extend(vec![STALE[1]; 2_000]);
        assert_eq!(reader.next(None, || false).unwrap_err().status, Some(STALE[1]));
    }
}
