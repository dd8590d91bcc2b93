//! Limits: no space, no time, and no more than is left after pruning.

use std::time::Duration;

use reprise_model::Timestamp;

use super::sample::{Place, act, decision, event, hold, incident, leg, remembers, run, settled, trouble};
use crate::error::Trouble;
use crate::record::{HoldId, IncidentId, StoredIncident};
use crate::sqlite::{Sqlite, StoreLimits};
use crate::{Entry, HistoryItem, HistoryQuery, IncidentQuery, Store};

const ALL: HistoryQuery = HistoryQuery { vm: None, since: None, limit: 10_000 };
const EVERY: IncidentQuery = IncidentQuery { open_only: false, since: None, limit: 10_000 };

#[test]
fn a_full_disk_is_reported_and_nothing_of_the_write_is_stored() {
    run(async {
        let place = Place::new();
        let store = Sqlite::open_with(&place.path, StoreLimits { pages: 40, ..StoreLimits::default() }).await.unwrap();
        store.write(vec![remembers(1, "before")]).await.unwrap();
        let much = "x".repeat(50_000);
        let full = (2..20).map(|number| remembers(number, &much)).collect();
        assert_eq!(trouble(store.write(full).await), Trouble::Full);
        assert_eq!(store.load().await.unwrap().legs, [(leg(1), "before".to_owned())]);
        store.write(vec![remembers(1, "after")]).await.unwrap();
        assert_eq!(store.load().await.unwrap().legs, [(leg(1), "after".to_owned())]);
        store.check().await.unwrap();
    });
}

#[test]
fn a_write_that_does_not_come_back_in_time_is_an_error() {
    run(async {
        let place = Place::new();
        let limits = StoreLimits { write: Duration::ZERO, ..StoreLimits::default() };
        let store = Sqlite::open_with(&place.path, limits).await.unwrap();
        assert_eq!(trouble(store.write(vec![Entry::Epoch(1)]).await), Trouble::Slow);
        assert_eq!(trouble(store.prune(Timestamp(1)).await), Trouble::Slow);
        drop(store);
        let store = place.open().await;
        store.write(vec![Entry::Epoch(2)]).await.unwrap();
        assert_eq!(store.load().await.unwrap().epoch, 2);
    });
}

#[test]
fn a_write_that_nobody_waits_for_any_more_is_not_begun() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        // The queue accepts it at its first poll, before the writer has run at all.
        let mut given_up = store.write(vec![Entry::Epoch(9)]);
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(given_up.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        drop(given_up);
        store.write(vec![Entry::Frozen(true)]).await.unwrap();
        assert_eq!(store.load().await.unwrap().epoch, 0);
    });
}

#[test]
fn pruning_removes_what_is_over_and_leaves_what_is_open() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let closed = StoredIncident { id: IncidentId(2), ..incident(2, 10, &[leg(2)]) };
        let entries = vec![
            Entry::Decided(decision(1, 10)),
            Entry::Decided(decision(1, 200)),
            Entry::Happened(event(10)),
            Entry::Happened(event(200)),
            Entry::Intent(act(1, 10)),
            Entry::Intent(act(2, 10)),
            settled(2, 20),
            Entry::Intent(act(3, 10)),
            settled(3, 200),
            Entry::Hold(hold(1)),
            Entry::Hold(hold(2)),
            Entry::Released { id: HoldId(2), by: "LAB\\anna".to_owned(), at: Timestamp(20) },
            Entry::Opened(incident(1, 10, &[leg(1)])),
            Entry::Opened(closed),
            Entry::Closed { incident: IncidentId(2), at: Timestamp(20) },
            remembers(1, "kept"),
        ];
        store.write(entries).await.unwrap();
        let before = store.load().await.unwrap();
        assert_eq!(store.prune(Timestamp(100)).await.unwrap(), 6);
        assert_eq!(store.load().await.unwrap(), before, "the last ids too");
        assert_eq!(store.incidents(EVERY).await.unwrap(), [incident(1, 10, &[leg(1)])]);
        let left: Vec<_> = store.history(ALL).await.unwrap().iter().map(HistoryItem::at).collect();
        assert_eq!(left, [10, 10, 200, 200].map(Timestamp));
        assert_eq!(store.prune(Timestamp(100)).await.unwrap(), 0);
    });
}

#[test]
fn pruning_takes_as_many_steps_as_it_needs() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let many = (0..2_500).map(|at| Entry::Decided(decision(1, at))).collect();
        store.write(many).await.unwrap();
        assert_eq!(store.prune(Timestamp(2_400)).await.unwrap(), 2_400);
        assert_eq!(store.history(ALL).await.unwrap().len(), 100);
    });
}
