//! What a file says of itself: whose it is, its version, and its tables.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};

use super::connection;
use super::failure::{Failure, is_no_database};
use super::limits::StoreLimits;
use super::table;
use crate::error::Trouble;
use crate::record::{Figure, FigureName, Record as _, Sum};

/// Marks our files (`PRAGMA application_id`): "Rprs".
const APPLICATION_ID: i64 = 0x5270_7273;

/// The tables that decide what is done after a restart. Each is checked completely when a file is opened; the others are as
/// long as history is, and are checked row by row when they are read.
const CHECKED: [&str; 4] = ["figures", "legs", "holds", "acts"];

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Empty.
    New,
    /// A store of this version.
    Ours(u32),
}

/// Finds out what a file is, and changes nothing in it.
pub(super) async fn identify(path: &Path, limits: &StoreLimits) -> Result<Identity, Failure> {
    match identify_by(connection::reader(path, limits).await).await {
        // A write was interrupted that has to be undone first, which a reader may not.
        Err(failure) if failure.trouble() == Trouble::ReadOnly => {
            identify_by(connection::recovering(path, limits).await).await
        }
        other => other,
    }
}

async fn identify_by(connection: sqlx::Result<SqliteConnection>) -> Result<Identity, Failure> {
    let identity = match connection {
        Ok(mut connection) => {
            let identity = ask(&mut connection).await;
            connection.close().await?;
            identity
        }
        Err(error) => Err(error),
    };
    match identity {
        Ok(identity) => identity.ok_or(Failure::Ours(Trouble::Foreign)),
        Err(error) if is_no_database(&error) => Err(Failure::Ours(Trouble::Foreign)),
        Err(error) => Err(error.into()),
    }
}

/// `None` if it is neither ours nor empty.
async fn ask(connection: &mut SqliteConnection) -> sqlx::Result<Option<Identity>> {
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let objects: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(connection).await?;
    Ok(match (id, u32::try_from(version)) {
        (APPLICATION_ID, Ok(version @ 1..)) => Some(Identity::Ours(version)),
        (0, Ok(0)) if objects == 0 => Some(Identity::New),
        _ => None,
    })
}

/// Marks a file as ours and of a version, within a transaction.
pub(super) async fn mark(connection: &mut SqliteConnection, version: usize) -> Result<(), Failure> {
    table::execute(connection, format!("PRAGMA application_id = {APPLICATION_ID}"), &[]).await?;
    table::execute(connection, format!("PRAGMA user_version = {version}"), &[]).await?;
    let name = FigureName::Schema.as_str().to_owned();
    let value = sum_of_tables(connection).await?.cast_unsigned();
    table::put(connection, &Figure { name, value }).await
}

/// Verifies that the tables are those that were made. It comes before everything else that reads a file: with names that are
/// no text any more, statements cannot even be prepared.
pub(super) async fn verify(connection: &mut SqliteConnection) -> Result<(), Failure> {
    // Of a computed column, nothing is asked that the file could answer with a damaged name.
    let stored =
        format!("SELECT CAST(value AS INTEGER) FROM {} WHERE CAST(name AS BLOB) = CAST(? AS BLOB)", Figure::TABLE);
    let stored: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(stored))
        .bind(FigureName::Schema.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    match stored {
        Some(stored) if stored == sum_of_tables(connection).await? => Ok(()),
        Some(_) | None => Err(Failure::damaged("its tables")),
    }
}

/// Verifies the pages and the indexes of what decides.
pub(super) async fn verify_pages(connection: &mut SqliteConnection) -> Result<(), Failure> {
    for checked in CHECKED {
        let sql = format!("PRAGMA integrity_check('{checked}')");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
        refuse_damage(&found)?;
    }
    Ok(())
}

/// Verifies that a file of a version can be written, by writing that. SQLite opens a file that may only be read without an error,
/// and even begins transactions in it.
pub(super) async fn verify_writable(connection: &mut SqliteConnection, version: usize) -> Result<(), Failure> {
    table::execute(connection, format!("PRAGMA user_version = {version}"), &[]).await.map(|_| ())
}

/// Verifies all pages and indexes, however many there are.
pub(super) async fn verify_all_pages(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let found = sqlx::query("PRAGMA integrity_check").fetch_all(connection).await?;
    refuse_damage(&found)
}

fn refuse_damage(found: &[sqlx::sqlite::SqliteRow]) -> Result<(), Failure> {
    let Some(first) = found.first() else { return Err(Failure::damaged("its pages")) };
    match first.try_get::<String, _>(0)?.as_str() {
        "ok" => Ok(()),
        what => Err(Failure::damaged(what)),
    }
}

async fn sum_of_tables(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    let sql = "SELECT CAST(name AS BLOB), CAST(coalesce(sql, '') AS BLOB) FROM sqlite_schema \
               WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name";
    let mut sum = Sum::default();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        sum.add_text(row.try_get::<&[u8], _>(0)?);
        sum.add_text(row.try_get::<&[u8], _>(1)?);
    }
    Ok(sum.end())
}
