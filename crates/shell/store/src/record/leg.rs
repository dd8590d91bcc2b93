//! What is remembered of one leg.

use reprise_model::LegId;

use super::cell::Cell;
use super::row::{Misread, Reading, Record, leg_cells};

/// A leg and its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LegRow {
    pub(crate) leg: LegId,
    pub(crate) memory: String,
}

impl Record for LegRow {
    const TABLE: &'static str = "legs";
    const COLUMNS: &'static [&'static str] = &["vm_id", "leg", "memory"];
    const KEY: &'static [&'static str] = &["vm_id", "leg"];

    fn cells(&self) -> Vec<Cell> {
        let [vm, leg] = leg_cells(self.leg);
        vec![vm, leg, Cell::Json(self.memory.clone())]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self { leg: row.leg()?, memory: row.text()? })
    }
}
