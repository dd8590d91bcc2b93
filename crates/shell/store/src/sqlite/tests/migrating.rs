//! Old files become new ones, completely or not at all.

use std::fs;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::sample::{Place, act, decision, event, hold, incident, leg, remembers, run};
use crate::error::Trouble;
use crate::record::{HoldId, StoredHold};
use crate::sqlite::migration::MIGRATIONS;
use crate::sqlite::{Access, Sqlite, StoreLimits};
use crate::{Entry, HistoryItem, HistoryQuery, IncidentQuery, Remembered, Store};

/// A file as version 1 wrote it, with the entries of [`written`], as SQL. It is never made again.
const VERSION_1: &str = include_str!("v1.sql");

/// A version that does not exist: a new table, and new content in an old one.
const TWO: &[&str] = &[
    MIGRATIONS[0],
    "CREATE TABLE later (number INTEGER NOT NULL PRIMARY KEY);
     INSERT INTO later SELECT number FROM holds;
     CREATE INDEX holds_by_time ON holds (since);",
];
const TORN: &[&str] = &[MIGRATIONS[0], "CREATE TABLE later (number INTEGER); CREATE TABLE holds (x);"];

async fn old_file(place: &Place) {
    let options = SqliteConnectOptions::new().filename(&place.path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(VERSION_1).execute(&mut connection).await.unwrap();
}

fn written() -> Vec<Entry> {
    vec![
        Entry::Epoch(41),
        Entry::Frozen(true),
        remembers(1, "{\"told\":[]}"),
        Entry::Hold(hold(6)),
        Entry::Hold(StoredHold { id: HoldId(7), ..hold(7) }),
        Entry::Intent(act(1, 20)),
        Entry::Happened(event(30)),
        Entry::Decided(decision(1, 10)),
        Entry::Opened(incident(3, 10, &[leg(1)])),
    ]
}

async fn verify(store: &Sqlite) {
    let legs = vec![(leg(1), "{\"told\":[]}".to_owned())];
    let holds = vec![hold(6), hold(7)];
    let remembered = Remembered { epoch: 41, frozen: true, legs, holds, last_hold: 7, last_incident: 3 };
    assert_eq!(store.load().await.unwrap(), remembered);
    let history = store.history(HistoryQuery { vm: None, since: None, limit: 10 }).await.unwrap();
    let expected =
        [HistoryItem::Decision(decision(1, 10)), HistoryItem::Act(act(1, 20)), HistoryItem::Event(event(30))];
    assert_eq!(history, expected);
    let incidents = store.incidents(IncidentQuery { open_only: true, since: None, limit: 10 }).await.unwrap();
    assert_eq!(incidents, [incident(3, 10, &[leg(1)])]);
}

#[test]
fn a_file_of_version_1_is_read_by_this_version() {
    run(async {
        let place = Place::new();
        old_file(&place).await;
        let store = place.open().await;
        assert_eq!(store.access(), Access::Full);
        verify(&store).await;
        store.write(written()).await.unwrap();
        verify(&store).await;
        store.check().await.unwrap();
    });
}

#[test]
fn a_migration_keeps_what_is_in_the_file() {
    run(async {
        let place = Place::new();
        old_file(&place).await;
        for _ in 0..2 {
            let store = Sqlite::open_as(&place.path, StoreLimits::default(), TWO).await.unwrap();
            assert_eq!(store.access(), Access::Full);
            verify(&store).await;
            store.check().await.unwrap();
            store.close().await.unwrap();
        }
        // The version before can read it still, and says that it cannot write it.
        let store = Sqlite::open_as(&place.path, StoreLimits::default(), MIGRATIONS).await.unwrap();
        assert_eq!(store.access(), Access::ReadOnly { version: 2 });
        verify(&store).await;
    });
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    run(async {
        let place = Place::new();
        old_file(&place).await;
        let torn = Sqlite::open_as(&place.path, StoreLimits::default(), TORN).await;
        assert!(matches!(torn.unwrap_err().trouble(), Trouble::Damaged { .. }));
        let store = place.open().await;
        assert_eq!(store.access(), Access::Full);
        verify(&store).await;
        store.check().await.unwrap();
    });
}

#[test]
fn a_new_file_is_the_same_as_a_migrated_one() {
    run(async {
        let (new, old) = (Place::new(), Place::new());
        old_file(&old).await;
        for place in [&new, &old] {
            Sqlite::open_as(&place.path, StoreLimits::default(), TWO).await.unwrap().close().await.unwrap();
        }
        let header = |place: &Place| fs::read(&place.path).unwrap()[56..72].to_vec();
        assert_eq!(header(&new), header(&old), "encoding, version and owner");
    });
}
