//! Decisions, each written when it differs from the one before.

use reprise_model::{LegId, Timestamp};

use super::cell::Cell;
use super::row::{Misread, Reading, Record, leg_cells};

/// What was decided about a leg, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDecision {
    /// When.
    pub at: Timestamp,
    /// The leg.
    pub leg: LegId,
    /// The verdict, as a code.
    pub verdict: String,
    /// The reason, as a code.
    pub reason: String,
    /// The facts that were known, as JSON.
    pub facts: String,
}

impl Record for StoredDecision {
    const TABLE: &'static str = "decisions";
    const COLUMNS: &'static [&'static str] = &["at", "vm_id", "leg", "verdict", "reason", "facts"];
    const KEY: &'static [&'static str] = &[];

    fn cells(&self) -> Vec<Cell> {
        let [vm, leg] = leg_cells(self.leg);
        let (verdict, reason) = (Cell::text(&self.verdict), Cell::text(&self.reason));
        vec![Cell::Time(self.at), vm, leg, verdict, reason, Cell::Json(self.facts.clone())]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self { at: row.time()?, leg: row.leg()?, verdict: row.text()?, reason: row.text()?, facts: row.text()? })
    }
}
