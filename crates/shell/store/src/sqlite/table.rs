//! Rows of a table, written and read by the one list of columns that a type has.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use super::failure::Failure;
use crate::record::{Cell, Reading, Record, sum};

/// Maximum length of one text. Unit: bytes. Facts and messages have a few thousand.
const TEXT_MAX: usize = 1 << 20;

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// Prepares a statement that is made of our own texts; whatever comes from elsewhere is bound as a value.
fn statement(sql: String, cells: &[Cell]) -> Result<Query, Failure> {
    cells.iter().try_fold(sqlx::query(AssertSqlSafe(sql)), |query, cell| {
        if cell.text_len() > TEXT_MAX {
            return Err(Failure::refused(format!("a text has more than {TEXT_MAX} bytes")));
        }
        Ok(match cell {
            Cell::Null => query.bind(None::<i64>),
            Cell::Number(number) => query.bind(*number),
            Cell::Time(at) => query.bind(at.0),
            Cell::Text(text) | Cell::Json(text) => query.bind(text.clone()),
        })
    })
}

/// Executes a statement; returns how many rows it changed.
pub(super) async fn execute(to: &mut SqliteConnection, sql: String, cells: &[Cell]) -> Result<u64, Failure> {
    Ok(statement(sql, cells)?.execute(to).await?.rows_affected())
}

/// Adds a row; returns whether it was not there already.
pub(super) async fn insert<R: Record>(to: &mut SqliteConnection, record: &R) -> Result<bool, Failure> {
    Ok(execute(to, format!("{} ON CONFLICT DO NOTHING", insertion::<R>()), &with_sum(record)).await? > 0)
}

/// Adds a row, or changes the row that has the same key.
pub(super) async fn put<R: Record>(to: &mut SqliteConnection, record: &R) -> Result<(), Failure> {
    let others = R::COLUMNS.iter().filter(|column| !R::KEY.contains(column)).chain(&["sum"]);
    let set: Vec<String> = others.map(|column| format!("{column} = excluded.{column}")).collect();
    let sql = format!("{} ON CONFLICT ({}) DO UPDATE SET {}", insertion::<R>(), R::KEY.join(", "), set.join(", "));
    execute(to, sql, &with_sum(record)).await.map(|_| ())
}

/// Removes the row with a key, if it is there.
pub(super) async fn remove<R: Record>(from: &mut SqliteConnection, key: &[Cell]) -> Result<(), Failure> {
    execute(from, format!("DELETE FROM {}{}", R::TABLE, at_key::<R>()), key).await.map(|_| ())
}

/// Reads the row with a key.
pub(super) async fn find<R: Record>(from: &mut SqliteConnection, key: &[Cell]) -> Result<Option<R>, Failure> {
    Ok(select(from, &at_key::<R>(), key).await?.pop())
}

/// Reads rows. `rest` is what follows the table's name.
pub(super) async fn select<R: Record>(
    from: &mut SqliteConnection,
    rest: &str,
    cells: &[Cell],
) -> Result<Vec<R>, Failure> {
    let sql = format!("SELECT {}, sum FROM {}{rest}", R::COLUMNS.join(", "), R::TABLE);
    let rows = statement(sql, cells)?.fetch_all(from).await?;
    rows.iter().map(|row| read(row, 0)).collect()
}

/// Reads rows with their places in the table, in the order of these.
pub(super) async fn select_placed<R: Record>(
    from: &mut SqliteConnection,
    rest: &str,
    cells: &[Cell],
) -> Result<Vec<(i64, R)>, Failure> {
    let sql = format!("SELECT rowid, {}, sum FROM {}{rest}", R::COLUMNS.join(", "), R::TABLE);
    let rows = statement(sql, cells)?.fetch_all(from).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, read(row, 1)?))).collect()
}

/// The values of a record's key.
pub(super) fn key_of<R: Record>(record: &R) -> Vec<Cell> {
    let cells = R::COLUMNS.iter().zip(record.cells());
    cells.filter(|(column, _)| R::KEY.contains(column)).map(|(_, cell)| cell).collect()
}

fn insertion<R: Record>() -> String {
    let places = vec!["?"; R::COLUMNS.len() + 1].join(", ");
    format!("INSERT INTO {} ({}, sum) VALUES ({places})", R::TABLE, R::COLUMNS.join(", "))
}

fn at_key<R: Record>() -> String {
    let conditions: Vec<String> = R::KEY.iter().map(|column| format!("{column} = ?")).collect();
    format!(" WHERE {}", conditions.join(" AND "))
}

fn with_sum<R: Record>(record: &R) -> Vec<Cell> {
    let mut cells = record.cells();
    cells.push(Cell::Number(sum(&cells)));
    cells
}

/// Reads a record from its columns and the sum behind them, which begin at a place of the row.
fn read<R: Record>(row: &SqliteRow, first: usize) -> Result<R, Failure> {
    let damaged = || Failure::damaged(format!("a row of {}", R::TABLE));
    let end = first + R::COLUMNS.len();
    let cells =
        (first..end).map(|at| cell(row, at)).collect::<Result<Vec<_>, _>>()?.into_iter().collect::<Option<Vec<_>>>();
    let cells = cells.ok_or_else(damaged)?;
    let stored: i64 = row.try_get(end)?;
    if stored != sum(&cells) {
        return Err(damaged());
    }
    R::read(&mut Reading::new(cells)).map_err(|_| damaged())
}

/// One value; `None` if it is of a type that we do not write.
fn cell(row: &SqliteRow, at: usize) -> Result<Option<Cell>, Failure> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Some(Cell::Null));
    }
    Ok(match value.type_info().name() {
        "INTEGER" => Some(Cell::Number(row.try_get_unchecked(at)?)),
        "TEXT" => Some(Cell::Text(row.try_get_unchecked(at)?)),
        _ => None,
    })
}
