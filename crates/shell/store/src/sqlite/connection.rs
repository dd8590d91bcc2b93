//! Connections: one that writes, and others that only read.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use super::limits::StoreLimits;

/// SQLite counts a wait in 32 bits of milliseconds.
const LOCK_MAX: Duration = Duration::from_hours(1);
/// What remains of the log of changes after its content has reached the file. Unit: bytes.
const LOG_BYTES_MAX: &str = "16777216";
/// Pages in memory, as SQLite writes KiB: a small host has little to spare.
const CACHE_OF_WRITER: &str = "-2000";
const CACHE_OF_READER: &str = "-1000";

fn options(path: &Path, limits: &StoreLimits) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(limits.lock.min(LOCK_MAX))
        .disable_statement_logging()
        // A file may be damaged: what its schema says is not trusted, and pages are checked when they are read.
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
}

/// Opens a file for reading. Nothing is written into it.
pub(super) async fn reader(path: &Path, limits: &StoreLimits) -> sqlx::Result<SqliteConnection> {
    options(path, limits).read_only(true).pragma("cache_size", CACHE_OF_READER).connect().await
}

/// Opens a file for writing, and changes nothing but what an interrupted write has left undone.
pub(super) async fn recovering(path: &Path, limits: &StoreLimits) -> sqlx::Result<SqliteConnection> {
    options(path, limits).connect().await
}

/// Opens a file for writing. What is committed is on the disk.
pub(super) async fn writer(path: &Path, limits: &StoreLimits) -> sqlx::Result<SqliteConnection> {
    let options = options(path, limits)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", LOG_BYTES_MAX)
        .pragma("cache_size", CACHE_OF_WRITER)
        .pragma("max_page_count", limits.pages.to_string());
    options.connect().await
}
