//! Whatever a disk has done to a file: an error, or what was written. Never a panic, and never something else.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};

use proptest::collection::vec;
use proptest::prelude::*;
use reprise_model::{ActId, Timestamp};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::sample::{Place, act, decision, event, hasty, hold, incident, leg, remembers, run, settled, trouble};
use crate::error::Trouble;
use crate::record::{HoldId, IncidentId, StoredAct, StoredEvent};
use crate::sqlite::Sqlite;
use crate::{Entry, HistoryItem, HistoryQuery, IncidentQuery, Remembered, Store, StoredIncident};

/// Everything that can be asked.
#[derive(Clone, Debug, PartialEq)]
struct Content {
    remembered: Remembered,
    open: Vec<StoredAct>,
    history: Vec<HistoryItem>,
    incidents: Vec<StoredIncident>,
}

/// The bytes of a file that was closed, and what is in it.
fn whole() -> &'static (Vec<u8>, Content) {
    static WHOLE: OnceLock<(Vec<u8>, Content)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        run(async {
            let place = Place::new();
            let store = place.open().await;
            let mut entries = vec![Entry::Epoch(5), Entry::Frozen(false)];
            for number in 1..40_u32 {
                let at = i64::from(number);
                entries.push(remembers(number.into(), &format!("{{\"number\":{number}}}")));
                entries.push(Entry::Hold(hold(number)));
                entries.push(Entry::Intent(act(number.into(), at)));
                entries.push(settled(u64::from(number) / 2, at));
                entries.push(Entry::Happened(StoredEvent { id: number, ..event(at) }));
                entries.push(Entry::Decided(decision(number.into(), at)));
                entries.push(Entry::Opened(incident(number, at, &[leg(number.into())])));
            }
            entries.push(Entry::Closed { incident: IncidentId(3), at: Timestamp(99) });
            store.write(entries).await.unwrap();
            let content = content(&store).await;
            store.close().await.unwrap();
            (fs::read(&place.path).unwrap(), content)
        })
    })
}

async fn content(store: &Sqlite) -> Content {
    Content {
        remembered: store.load().await.unwrap(),
        open: store.open_acts().await.unwrap(),
        history: store.history(ALL).await.unwrap(),
        incidents: store.incidents(EVERY).await.unwrap(),
    }
}

const ALL: HistoryQuery = HistoryQuery { vm: None, since: None, limit: 1_000 };
const EVERY: IncidentQuery = IncidentQuery { open_only: false, since: None, limit: 1_000 };

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts panics in SQLite's own threads, which no test would notice.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name().is_some_and(|name| name.starts_with("sqlx")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(panic);
        }));
    });
}

/// Opens damaged bytes and asks everything.
async fn examine(bytes: &[u8], expected: &Content) {
    let place = Place::new();
    fs::write(&place.path, bytes).unwrap();
    if let Ok(store) = Sqlite::open_with(&place.path, hasty()).await {
        // What decides is right whenever it can be read.
        if let Ok(remembered) = store.load().await {
            assert_eq!(remembered, expected.remembered);
        }
        if let Ok(open) = store.open_acts().await {
            assert_eq!(open, expected.open);
        }
        // What is only history may lack rows until the whole file is checked.
        let is_whole = store.check().await.is_ok();
        if let Ok(history) = store.history(ALL).await {
            assert!(!is_whole || history == expected.history, "{history:?}");
            assert!(history.iter().all(|item| expected.history.contains(item)), "{history:?}");
        }
        if let Ok(incidents) = store.incidents(EVERY).await {
            assert!(!is_whole || incidents == expected.incidents, "{incidents:?}");
        }
        let _is_an_error_or_not =
            store.write(vec![Entry::Intent(act(900, 900)), Entry::Decided(decision(1, 900))]).await;
        let _is_an_error_or_not = store.prune(Timestamp(10)).await;
        let _is_an_error_or_not = store.close().await;
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "SQLite's thread has panicked");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_an_error_or_change_nothing(flips in vec((any::<prop::sample::Index>(), 1_u8..), 1..6)) {
        count_panics();
        let (bytes, expected) = whole();
        let mut bytes = bytes.clone();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        run(examine(&bytes, expected));
    }

    #[test]
    fn a_file_that_lacks_its_end_is_an_error_or_whole(at in any::<prop::sample::Index>()) {
        count_panics();
        let (bytes, expected) = whole();
        let len = at.index(bytes.len() - 1) + 1;
        run(examine(&bytes[..len], expected));
    }
}

/// The first page has the header and the tables' names.
#[test]
fn a_changed_byte_in_the_first_page_is_an_error_or_changes_nothing() {
    count_panics();
    let (bytes, expected) = whole();
    for at in (0..4096).step_by(23) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x80;
        run(examine(&bytes, expected));
    }
}

/// Nothing in a page says how many rows it should have: what decides is compared with its indexes.
#[test]
fn a_page_that_has_lost_its_last_row_is_an_error_or_changes_nothing() {
    const PAGE: usize = 4096;
    // Pages at the ends of the trees, of tables and of indexes (`sqlite.org/fileformat2.html`, 1.6).
    const LEAVES: [u8; 2] = [0x0d, 0x0a];
    count_panics();
    let (bytes, expected) = whole();
    let mut damaged = 0;
    for page in (PAGE..bytes.len()).step_by(PAGE).filter(|page| LEAVES.contains(&bytes[*page])) {
        let mut bytes = bytes.clone();
        if let Some(fewer) = bytes[page + 4].checked_sub(1) {
            bytes[page + 4] = fewer;
            damaged += 1;
            run(examine(&bytes, expected));
        }
    }
    assert!(damaged > 15, "{damaged}");
}

#[test]
fn a_write_that_meets_damage_is_undone_and_the_next_one_is_made() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        store.write(vec![Entry::Hold(hold(1))]).await.unwrap();
        let mut other = SqliteConnectOptions::new().filename(&place.path).connect().await.unwrap();
        sqlx::raw_sql("UPDATE holds SET reason = 'changed'").execute(&mut other).await.unwrap();
        let released = Entry::Released { id: HoldId(1), by: "LAB\\anna".to_owned(), at: Timestamp(2) };
        let error = trouble(store.write(vec![Entry::Epoch(9), released]).await);
        assert_eq!(error, Trouble::Damaged { part: "a row of holds".to_owned() });
        sqlx::raw_sql("DELETE FROM holds").execute(&mut other).await.unwrap();
        assert_eq!(store.load().await.unwrap().epoch, 0);
        store.write(vec![Entry::Frozen(true)]).await.unwrap();
        assert!(store.load().await.unwrap().frozen);
    });
}

#[test]
fn a_row_whose_text_has_changed_is_an_error() {
    run(async {
        let (bytes, _) = whole();
        let mut bytes = bytes.clone();
        let text = b"{\"number\":17}";
        let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
        bytes[at + 10] = b'9';
        let place = Place::new();
        fs::write(&place.path, bytes).unwrap();
        let error = place.open().await.load().await.unwrap_err();
        assert_eq!(error.why(), "it is damaged (a row of legs)");
        assert!(error.next().contains("move the file away"));
    });
}

#[test]
fn an_act_that_is_settled_twice_keeps_its_first_end() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        store.write(vec![Entry::Intent(act(1, 1)), settled(1, 2), settled(1, 3)]).await.unwrap();
        let HistoryItem::Act(stored) = store.history(ALL).await.unwrap().remove(0) else { panic!() };
        assert_eq!(stored.id, ActId { epoch: 1, number: 1 });
        assert_eq!(stored.settled.map(|settled| settled.at), Some(Timestamp(2)));
    });
}
