//! Incidents: a cause, and the legs that it stopped.

use reprise_model::{LegId, Timestamp};

use super::cell::Cell;
use super::number::IncidentId;
use super::row::{Misread, Reading, Record, leg_cells};

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIncident {
    /// Identifies it.
    pub id: IncidentId,
    /// Its cause, as a code.
    pub cause: String,
    /// When it began.
    pub opened: Timestamp,
    /// When it ended, if it did.
    pub closed: Option<Timestamp>,
    /// The legs that belong to it or belonged to it, in the order in which they joined.
    pub members: Vec<Member>,
}

/// A leg of an incident. A leg that left may join again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The leg.
    pub leg: LegId,
    /// Since when it has not been protected.
    pub joined: Timestamp,
    /// Since when it has been protected again, if it has.
    pub left: Option<Timestamp>,
}

/// A member and its incident, as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberRow {
    pub(crate) incident: IncidentId,
    pub(crate) member: Member,
}

impl Record for StoredIncident {
    const TABLE: &'static str = "incidents";
    const COLUMNS: &'static [&'static str] = &["number", "cause", "opened", "closed"];
    const KEY: &'static [&'static str] = &["number"];

    fn cells(&self) -> Vec<Cell> {
        let number = Cell::count(self.id.0.into());
        vec![number, Cell::text(&self.cause), Cell::Time(self.opened), Cell::maybe_time(self.closed)]
    }

    /// Without its members, which are rows of their own.
    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self {
            id: IncidentId(row.small()?),
            cause: row.text()?,
            opened: row.time()?,
            closed: row.maybe_time()?,
            members: Vec::new(),
        })
    }
}

impl Record for MemberRow {
    const TABLE: &'static str = "members";
    const COLUMNS: &'static [&'static str] = &["incident", "vm_id", "leg", "joined", "left_at"];
    const KEY: &'static [&'static str] = &["incident", "vm_id", "leg", "joined"];

    fn cells(&self) -> Vec<Cell> {
        let [vm, leg] = leg_cells(self.member.leg);
        let (joined, left) = (Cell::Time(self.member.joined), Cell::maybe_time(self.member.left));
        vec![Cell::count(self.incident.0.into()), vm, leg, joined, left]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        let incident = IncidentId(row.small()?);
        let member = Member { leg: row.leg()?, joined: row.time()?, left: row.maybe_time()? };
        Ok(Self { incident, member })
    }
}
