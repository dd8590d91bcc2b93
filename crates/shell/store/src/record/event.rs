//! Events, as they were written into the event log.

use reprise_model::{LegKind, Timestamp, VmId};

use super::cell::Cell;
use super::row::{Misread, Reading, Record};

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Its number.
    pub id: u32,
    /// Its level: `Information`, `Warning` or `Error`.
    pub level: String,
    /// Its text.
    pub message: String,
    /// The host that it is about.
    pub host: Option<String>,
    /// The VM's name.
    pub vm: Option<String>,
    /// The VM.
    pub vm_id: Option<VmId>,
    /// The leg's kind.
    pub leg: Option<LegKind>,
    /// All its data, as JSON.
    pub data: String,
}

impl Record for StoredEvent {
    const TABLE: &'static str = "events";
    const COLUMNS: &'static [&'static str] = &["at", "id", "level", "message", "host", "vm", "vm_id", "leg", "data"];
    const KEY: &'static [&'static str] = &[];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Time(self.at),
            Cell::count(self.id.into()),
            Cell::text(&self.level),
            Cell::text(&self.message),
            Cell::maybe_text(self.host.as_ref()),
            Cell::maybe_text(self.vm.as_ref()),
            Cell::maybe_text(self.vm_id),
            Cell::maybe_text(self.leg),
            Cell::Json(self.data.clone()),
        ]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self {
            at: row.time()?,
            id: row.small()?,
            level: row.text()?,
            message: row.text()?,
            host: row.maybe_text()?,
            vm: row.maybe_text()?,
            vm_id: row.maybe_vm()?,
            leg: row.maybe_leg_kind()?,
            data: row.text()?,
        })
    }
}
