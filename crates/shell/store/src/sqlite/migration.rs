//! The versions of a file. A file goes forward through them, and never back.

use sqlx::sqlite::SqliteConnection;

use super::failure::Failure;
use super::schema;
use super::transaction;

/// What makes each version from the one before. What was released is never changed: a new version is a new text.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("../../migrations/0001_first.sql")];

/// Brings a file from a version to the latest one. Each step is made completely or not at all.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    migrations: &[&'static str],
    from: usize,
) -> Result<(), Failure> {
    for (sql, version) in migrations.iter().zip(1..).skip(from) {
        transaction::begin(connection).await?;
        let done = step(connection, sql, version).await;
        transaction::end(connection, done).await?;
    }
    Ok(())
}

async fn step(connection: &mut SqliteConnection, sql: &'static str, version: usize) -> Result<(), Failure> {
    sqlx::raw_sql(sql).execute(&mut *connection).await?;
    schema::mark(connection, version).await
}
