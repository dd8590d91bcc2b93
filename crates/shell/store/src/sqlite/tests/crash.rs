//! What a write has confirmed survives the end of the process, at whatever moment that comes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::sample::{Place, leg, remembers, run};
use crate::sqlite::Sqlite;
use crate::{Entry, Store};

/// A process that ends with the test, even if the test fails.
struct Doomed(Child);

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// One write, of two rows that belong together.
fn numbered(number: u64) -> Vec<Entry> {
    vec![Entry::Epoch(number), remembers(1, &number.to_string())]
}

/// The number of the last write that is stored; both its rows are of it.
async fn last_number(store: &Sqlite) -> u64 {
    let loaded = store.load().await.unwrap();
    match loaded.epoch {
        0 => assert_eq!(loaded.legs, []),
        epoch => assert_eq!(loaded.legs, [(leg(1), epoch.to_string())]),
    }
    loaded.epoch
}

#[test]
#[ignore = "is the process that the next test kills"]
fn writing() {
    run(async {
        let mut path = String::new();
        std::io::stdin().read_line(&mut path).unwrap();
        let store = Sqlite::open(Path::new(path.trim_end())).await.unwrap();
        for number in 1..1_000_000 {
            store.write(numbered(number)).await.unwrap();
            writeln!(std::io::stdout(), "confirmed {number}").unwrap();
        }
    });
}

#[test]
fn a_process_that_is_killed_has_lost_nothing_that_was_confirmed() {
    let place = Place::new();
    for confirmations in [1, 40, 150] {
        let name = "sqlite::tests::crash::writing";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map(Doomed)
            .unwrap();
        writeln!(child.0.stdin.take().unwrap(), "{}", place.path.display()).unwrap();
        let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let number_in = |line: String| line.strip_prefix("confirmed ").and_then(|number| number.parse::<u64>().ok());
        let mut confirmed = lines.by_ref().map_while(Result::ok).filter_map(number_in).nth(confirmations - 1).unwrap();
        child.0.kill().unwrap();
        confirmed = lines.map_while(Result::ok).filter_map(number_in).last().unwrap_or(confirmed);
        child.0.wait().unwrap();
        run(async {
            let store = place.open().await;
            let stored = last_number(&store).await;
            assert!(stored == confirmed || stored == confirmed + 1, "{stored} is stored, {confirmed} was confirmed");
            store.check().await.unwrap();
            store.close().await.unwrap();
        });
    }
}

/// Copies a file and its log as they are at this moment, without the log's index, as a crash of the computer leaves them.
fn copy(from: &Path, to: &Path) {
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        fs::copy(name(from), name(to)).unwrap();
    }
}

#[test]
fn a_transaction_that_is_under_way_at_a_crash_is_gone_and_those_before_it_are_not() {
    run(async {
        let (place, copied) = (Place::new(), Place::new());
        let store = place.open().await;
        for number in 1..=20 {
            store.write(numbered(number)).await.unwrap();
        }
        // So few pages in memory that the transaction goes to the log before it ends.
        let options = SqliteConnectOptions::new().filename(&place.path).pragma("cache_size", "4");
        let mut other = options.connect().await.unwrap();
        let log = format!("{}-wal", place.path.display());
        let before = fs::metadata(&log).unwrap().len();
        let sql = "BEGIN IMMEDIATE; UPDATE figures SET value = 99;
                   WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
                   INSERT INTO decisions SELECT i, 'x', 'x', 'x', 'x', hex(zeroblob(500)), i FROM n";
        sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
        assert!(fs::metadata(&log).unwrap().len() > before, "it is in the log");
        copy(&place.path, &copied.path);
        let restarted = copied.open().await;
        assert_eq!(last_number(&restarted).await, 20);
        restarted.check().await.unwrap();
        restarted.write(numbered(21)).await.unwrap();
        assert_eq!(last_number(&restarted).await, 21);
    });
}

#[test]
fn a_log_that_is_cut_anywhere_leaves_the_writes_before_that_and_none_in_part() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        for number in 1..=12 {
            store.write(numbered(number)).await.unwrap();
        }
        let len = fs::metadata(format!("{}-wal", place.path.display())).unwrap().len();
        let mut last = 0;
        for step in 0..=24 {
            let copied = Place::new();
            copy(&place.path, &copied.path);
            let log = fs::OpenOptions::new().write(true).open(format!("{}-wal", copied.path.display())).unwrap();
            log.set_len(len * step / 24).unwrap();
            // Before the first migration was complete, the file is empty.
            let number = last_number(&copied.open().await).await;
            assert!(number >= last, "{number} after {last}");
            last = number;
        }
        assert_eq!(last, 12);
    });
}

#[test]
fn a_store_that_is_dropped_without_being_closed_has_lost_nothing() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        store.write(numbered(7)).await.unwrap();
        drop(store);
    });
    run(async { assert_eq!(last_number(&place.open().await).await, 7) });
}
