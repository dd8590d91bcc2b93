//! Single numbers: the epoch, whether everything is frozen, the last ids that were used, the sum of the schema.

use super::cell::Cell;
use super::row::{Misread, Reading, Record};

/// Which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FigureName {
    Epoch,
    Frozen,
    LastHold,
    LastIncident,
    Schema,
}

impl FigureName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Frozen => "frozen",
            Self::LastHold => "last_hold",
            Self::LastIncident => "last_incident",
            Self::Schema => "schema",
        }
    }
}

/// One number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: u64,
}

impl Record for Figure {
    const TABLE: &'static str = "figures";
    const COLUMNS: &'static [&'static str] = &["name", "value"];
    const KEY: &'static [&'static str] = &["name"];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.name), Cell::count(self.value)]
    }

    fn read(row: &mut Reading) -> Result<Self, Misread> {
        Ok(Self { name: row.text()?, value: row.count()? })
    }
}
