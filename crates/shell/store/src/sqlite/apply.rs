//! What each entry does to the tables.

use reprise_model::{LegId, Timestamp};
use sqlx::sqlite::SqliteConnection;

use super::failure::Failure;
use super::table::{find, insert, key_of, put, remove, select};
use crate::entry::Entry;
use crate::record::{
    Cell, Figure, FigureName, IncidentId, LegRow, Member, MemberRow, Record, Release, Settlement, StoredAct,
    StoredHold, StoredIncident, leg_cells,
};

/// Applies one entry, within a transaction.
pub(super) async fn apply(to: &mut SqliteConnection, entry: Entry) -> Result<(), Failure> {
    match entry {
        Entry::Epoch(epoch) => put(to, &figure(FigureName::Epoch, epoch)).await,
        Entry::Frozen(frozen) => put(to, &figure(FigureName::Frozen, frozen.into())).await,
        Entry::Leg(leg, Some(memory)) => put(to, &LegRow { leg, memory }).await,
        Entry::Leg(leg, None) => remove::<LegRow>(to, &leg_cells(leg)).await,
        Entry::Hold(hold) => {
            begin(to, &hold, |stored| StoredHold { released: hold.released.clone(), ..stored }).await?;
            raise(to, FigureName::LastHold, hold.id.0).await
        }
        Entry::Released { id, by, at } => {
            amend(to, &[Cell::count(id.0.into())], |hold: &mut StoredHold| {
                hold.released.get_or_insert(Release { at, by });
            })
            .await
        }
        Entry::Intent(act) => begin(to, &act, |stored| StoredAct { settled: act.settled.clone(), ..stored }).await,
        Entry::Settled { act, at, outcome, detail } => {
            amend(to, &[Cell::count(act.epoch), Cell::count(act.number)], |act: &mut StoredAct| {
                act.settled.get_or_insert(Settlement { at, outcome, detail });
            })
            .await
        }
        Entry::Happened(event) => insert(to, &event).await.map(|_| ()),
        Entry::Decided(decision) => insert(to, &decision).await.map(|_| ()),
        Entry::Opened(incident) => open(to, incident).await,
        Entry::Joined { incident, leg, at } => {
            let member = Member { leg, joined: at, left: None };
            insert(to, &MemberRow { incident, member }).await.map(|_| ())
        }
        Entry::Left { incident, leg, at } => leave(to, incident, leg, at).await,
        Entry::Closed { incident, at } => close(to, incident, at).await,
    }
}

fn figure(name: FigureName, value: u64) -> Figure {
    Figure { name: name.as_str().to_owned(), value }
}

/// Adds a row that begins something. If it is there, it must have begun in the same way; `as_new` gives it the new one's end.
async fn begin<R: Record + PartialEq>(
    to: &mut SqliteConnection,
    new: &R,
    as_new: impl FnOnce(R) -> R,
) -> Result<(), Failure> {
    if insert(to, new).await? {
        return Ok(());
    }
    let stored = find::<R>(to, &key_of(new)).await?;
    if stored.map(as_new).as_ref() == Some(new) {
        return Ok(());
    }
    Err(Failure::refused(format!("a row of {} with this id is there and differs", R::TABLE)))
}

/// Changes the row with a key, if it is there.
async fn amend<R: Record>(to: &mut SqliteConnection, key: &[Cell], change: impl FnOnce(&mut R)) -> Result<(), Failure> {
    match find::<R>(to, key).await? {
        Some(mut record) => {
            change(&mut record);
            put(to, &record).await
        }
        None => Ok(()),
    }
}

/// Notes a number as used.
async fn raise(to: &mut SqliteConnection, name: FigureName, number: u32) -> Result<(), Failure> {
    let last = find::<Figure>(to, &[Cell::text(name.as_str())]).await?;
    if last.is_some_and(|last| last.value >= number.into()) {
        return Ok(());
    }
    put(to, &figure(name, number.into())).await
}

async fn open(to: &mut SqliteConnection, incident: StoredIncident) -> Result<(), Failure> {
    begin(to, &incident, |stored| StoredIncident {
        closed: incident.closed,
        members: incident.members.clone(),
        ..stored
    })
    .await?;
    for member in &incident.members {
        insert(to, &MemberRow { incident: incident.id, member: member.clone() }).await?;
    }
    raise(to, FigureName::LastIncident, incident.id.0).await
}

/// Lets a leg leave an incident. It may have joined again since, if this is written again.
async fn leave(to: &mut SqliteConnection, incident: IncidentId, leg: LegId, at: Timestamp) -> Result<(), Failure> {
    let [vm, kind] = leg_cells(leg);
    let of_leg = " WHERE incident = ? AND vm_id = ? AND leg = ?";
    let rows = select::<MemberRow>(to, of_leg, &[Cell::count(incident.0.into()), vm, kind]).await?;
    if rows.iter().any(|row| row.member.left == Some(at)) {
        return Ok(());
    }
    leave_all(to, rows, at).await
}

async fn close(to: &mut SqliteConnection, incident: IncidentId, at: Timestamp) -> Result<(), Failure> {
    let number = [Cell::count(incident.0.into())];
    match find::<StoredIncident>(to, &number).await? {
        Some(stored @ StoredIncident { closed: None, .. }) => {
            put(to, &StoredIncident { closed: Some(at), ..stored }).await?;
            let rows = select::<MemberRow>(to, " WHERE incident = ?", &number).await?;
            leave_all(to, rows, at).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Lets those leave that are in.
async fn leave_all(to: &mut SqliteConnection, rows: Vec<MemberRow>, at: Timestamp) -> Result<(), Failure> {
    for mut row in rows.into_iter().filter(|row| row.member.left.is_none()) {
        row.member.left = Some(at);
        put(to, &row).await?;
    }
    Ok(())
}
