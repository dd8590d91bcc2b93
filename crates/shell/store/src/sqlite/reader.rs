//! Answers to questions, each from a connection of its own that cannot write.

use reprise_model::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::failure::Failure;
use super::table::{select, select_placed};
use crate::entry::Remembered;
use crate::history::{HistoryItem, HistoryQuery, IncidentQuery, merged};
use crate::record::{
    Cell, Figure, FigureName, LegRow, MemberRow, Record, StoredAct, StoredDecision, StoredEvent, StoredHold,
    StoredIncident,
};
use crate::report::{UnprotectedReport, report};
use crate::store::{Exported, Page, PageQuery};

/// Maximum number of rows that one answer is made from. More do not fit into memory that a small host can spare.
const ROWS_MAX: i64 = 1_000_000;

/// Reads what an earlier life of the program left.
pub(super) async fn load(from: &mut SqliteConnection) -> Result<Remembered, Failure> {
    let figures = select::<Figure>(from, "", &[]).await?;
    let value =
        |name: FigureName| figures.iter().find(|figure| figure.name == name.as_str()).map_or(0, |figure| figure.value);
    let small = |name| u32::try_from(value(name)).map_err(|_| Failure::damaged("a row of figures"));
    let legs = select::<LegRow>(from, " ORDER BY vm_id, leg DESC", &[]).await?;
    Ok(Remembered {
        epoch: value(FigureName::Epoch),
        frozen: value(FigureName::Frozen) != 0,
        legs: legs.into_iter().map(|row| (row.leg, row.memory)).collect(),
        holds: select::<StoredHold>(from, " WHERE released IS NULL ORDER BY number", &[]).await?,
        last_hold: small(FigureName::LastHold)?,
        last_incident: small(FigureName::LastIncident)?,
    })
}

/// Reads the acts that have not ended.
pub(super) async fn open_acts(from: &mut SqliteConnection) -> Result<Vec<StoredAct>, Failure> {
    select(from, " WHERE settled IS NULL ORDER BY at, epoch, number", &[]).await
}

/// Reads what happened.
pub(super) async fn history(from: &mut SqliteConnection, query: HistoryQuery) -> Result<Vec<HistoryItem>, Failure> {
    let decisions = latest::<StoredDecision>(from, query).await?;
    let acts = latest::<StoredAct>(from, query).await?;
    let events = latest::<StoredEvent>(from, query).await?;
    Ok(merged(decisions, acts, events, query.limit))
}

/// The latest rows of a table that has times and VMs, the earliest of them first.
async fn latest<R: Record>(from: &mut SqliteConnection, query: HistoryQuery) -> Result<Vec<R>, Failure> {
    let (rest, cells) = latest_of(query);
    let mut rows = select::<R>(from, rest, &cells).await?;
    rows.reverse();
    Ok(rows)
}

pub(super) fn latest_of(query: HistoryQuery) -> (&'static str, Vec<Cell>) {
    let since = Cell::Time(query.since.unwrap_or(Timestamp(i64::MIN)));
    let limit = Cell::count(query.limit.into());
    match query.vm {
        Some(vm) => {
            (" WHERE vm_id = ? AND at >= ? ORDER BY at DESC, rowid DESC LIMIT ?", vec![Cell::text(&vm), since, limit])
        }
        None => (" WHERE at >= ? ORDER BY at DESC, rowid DESC LIMIT ?", vec![since, limit]),
    }
}

/// Reads incidents and their members.
pub(super) async fn incidents(
    from: &mut SqliteConnection,
    query: IncidentQuery,
) -> Result<Vec<StoredIncident>, Failure> {
    let is_asked_for = if query.open_only { "closed IS NULL" } else { "(closed IS NULL OR closed >= ?1)" };
    let since = Cell::Time(query.since.unwrap_or(Timestamp(i64::MIN)));
    let chosen = format!(" WHERE {is_asked_for} ORDER BY opened DESC, number DESC LIMIT ?2");
    with_members(from, &chosen, &[since, Cell::count(query.limit.into())]).await
}

/// Reads the incidents that a condition chooses, and their members.
async fn with_members(
    from: &mut SqliteConnection,
    chosen: &str,
    cells: &[Cell],
) -> Result<Vec<StoredIncident>, Failure> {
    let mut incidents = select::<StoredIncident>(from, chosen, cells).await?;
    let of_chosen = format!(
        " WHERE incident IN (SELECT number FROM incidents{chosen}) ORDER BY joined, rowid LIMIT {}",
        ROWS_MAX + 1
    );
    let members = select::<MemberRow>(from, &of_chosen, cells).await?;
    refuse_too_many(members.len())?;
    incidents.sort_by_key(|incident| (incident.opened, incident.id));
    let mut places: std::collections::BTreeMap<_, _> =
        incidents.iter_mut().map(|incident| (incident.id, &mut incident.members)).collect();
    for row in members {
        if let Some(members) = places.get_mut(&row.incident) {
            members.push(row.member);
        }
    }
    Ok(incidents)
}

fn refuse_too_many(rows: usize) -> Result<(), Failure> {
    if i64::try_from(rows).is_ok_and(|rows| rows <= ROWS_MAX) {
        return Ok(());
    }
    Err(Failure::refused(format!("more than {ROWS_MAX} rows answer this; ask for a shorter time")))
}

/// Computes a report.
pub(super) async fn unprotected(
    from: &mut SqliteConnection,
    (start, end): (Timestamp, Timestamp),
) -> Result<UnprotectedReport, Failure> {
    let between = [Cell::Time(start), Cell::Time(end)];
    let touching = " WHERE (closed IS NULL OR closed > ?1) AND opened < ?2";
    let incidents = with_members(from, touching, &between).await?;
    let rest = format!(" WHERE at >= ?1 AND at < ?2 ORDER BY at LIMIT {}", ROWS_MAX + 1);
    let acts = select::<StoredAct>(from, &rest, &between).await?;
    refuse_too_many(acts.len())?;
    Ok(report((start, end), &incidents, &acts))
}

/// Reads some rows of a table.
pub(super) async fn page(from: &mut SqliteConnection, query: PageQuery) -> Result<Page, Failure> {
    match query.table {
        Exported::Decisions => page_of::<StoredDecision>(from, query, "at").await,
        Exported::Acts => page_of::<StoredAct>(from, query, "at").await,
        Exported::Events => page_of::<StoredEvent>(from, query, "at").await,
        Exported::Incidents => page_of::<StoredIncident>(from, query, "opened").await,
        Exported::Members => page_of::<MemberRow>(from, query, "joined").await,
        Exported::Holds => page_of::<StoredHold>(from, query, "since").await,
    }
}

async fn page_of<R: Record>(from: &mut SqliteConnection, query: PageQuery, time: &str) -> Result<Page, Failure> {
    let rest = format!(" WHERE rowid > ? AND {time} >= ? ORDER BY rowid LIMIT ?");
    let since = Cell::Time(query.since.unwrap_or(Timestamp(i64::MIN)));
    let cells = [Cell::count(query.after), since, Cell::count(query.limit.into())];
    let rows = select_placed::<R>(from, &rest, &cells).await?;
    let is_last = rows.len() < usize::try_from(query.limit).unwrap_or(usize::MAX);
    let next = rows.last().filter(|_| !is_last).map(|(place, _)| place.cast_unsigned());
    Ok(Page { columns: R::COLUMNS, rows: rows.iter().map(|(_, record)| record.cells()).collect(), next })
}
