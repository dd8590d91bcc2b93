//! Removes what is over and old, a few rows at a time.

use reprise_model::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::failure::Failure;
use super::table::execute;
use crate::record::Cell;

/// Rows in one transaction: an intent that waits for it waits for milliseconds.
const ROWS: i64 = 1_000;

/// Which rows of which table are over before a time. Members come before their incidents, by which they are found.
const OVER: [(&str, &str); 6] = [
    ("decisions", "at < ?"),
    ("events", "at < ?"),
    ("acts", "settled < ?"),
    ("holds", "released < ?"),
    ("members", "incident IN (SELECT number FROM incidents WHERE closed < ?)"),
    ("incidents", "closed < ?"),
];

/// Removes some rows; returns how many. None are left when it returns 0.
pub(super) async fn prune(from: &mut SqliteConnection, before: Timestamp) -> Result<u64, Failure> {
    for (table, is_over) in OVER {
        let sql =
            format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {is_over} LIMIT {ROWS})");
        let removed = execute(from, sql, &[Cell::Time(before)]).await?;
        if removed > 0 {
            return Ok(removed);
        }
    }
    Ok(0)
}
