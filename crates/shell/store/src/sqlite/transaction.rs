//! Transactions in SQLite's own words: sqlx's begin without the right to write, and so fail in the middle.

use sqlx::sqlite::SqliteConnection;

use super::failure::Failure;

/// Begins a transaction that may write; waits for other programs now and not later.
pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<(), Failure> {
    Ok(sqlx::raw_sql("BEGIN IMMEDIATE").execute(connection).await.map(|_| ())?)
}

/// Commits what was done, or undoes it if it or the commit failed.
pub(super) async fn end<T>(connection: &mut SqliteConnection, done: Result<T, Failure>) -> Result<T, Failure> {
    let ended = match done {
        Ok(done) => sqlx::raw_sql("COMMIT").execute(&mut *connection).await.map(|_| done).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if ended.is_err() {
        // It fails if SQLite has undone everything already, as it does when a disk is full.
        let _undone_already = sqlx::raw_sql("ROLLBACK").execute(connection).await;
    }
    ended
}

/// Begins a part of a transaction that can fail by itself.
pub(super) async fn begin_part(connection: &mut SqliteConnection) -> Result<(), Failure> {
    Ok(sqlx::raw_sql("SAVEPOINT part").execute(connection).await.map(|_| ())?)
}

/// Ends a part: keeps it, or undoes it alone.
pub(super) async fn end_part(connection: &mut SqliteConnection, keep: bool) -> Result<(), Failure> {
    let sql = if keep { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" };
    Ok(sqlx::raw_sql(sql).execute(connection).await.map(|_| ())?)
}
