//! How a type is a row of a table: one list of columns, for writing, reading and exporting.

use reprise_model::{LegId, LegKind, Timestamp, VmId};

use super::cell::Cell;

/// A type whose values are rows of a table.
pub(crate) trait Record: Sized {
    const TABLE: &'static str;
    /// All columns but the sum.
    const COLUMNS: &'static [&'static str];
    /// The columns that identify a row; none if rows are only added.
    const KEY: &'static [&'static str];

    /// The values of the columns, in their order.
    fn cells(&self) -> Vec<Cell>;

    /// Reads the values of the columns, in their order.
    fn read(row: &mut Reading) -> Result<Self, Misread>;
}

/// A row that is not what its table may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misread;

/// A row that is being read, from its first column to its last.
#[derive(Debug)]
pub(crate) struct Reading(std::vec::IntoIter<Cell>);

impl Reading {
    pub(crate) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    pub(crate) fn maybe_number(&mut self) -> Result<Option<i64>, Misread> {
        match self.0.next().ok_or(Misread)? {
            Cell::Null => Ok(None),
            Cell::Number(number) | Cell::Time(Timestamp(number)) => Ok(Some(number)),
            Cell::Text(_) | Cell::Json(_) => Err(Misread),
        }
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, Misread> {
        match self.0.next().ok_or(Misread)? {
            Cell::Null => Ok(None),
            Cell::Text(text) | Cell::Json(text) => Ok(Some(text)),
            Cell::Number(_) | Cell::Time(_) => Err(Misread),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, Misread> {
        self.maybe_text()?.ok_or(Misread)
    }

    pub(crate) fn count(&mut self) -> Result<u64, Misread> {
        self.maybe_number()?.map(i64::cast_unsigned).ok_or(Misread)
    }

    /// A number of at most 32 bits.
    pub(crate) fn small(&mut self) -> Result<u32, Misread> {
        self.count()?.try_into().map_err(|_| Misread)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Misread> {
        self.maybe_time()?.ok_or(Misread)
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, Misread> {
        Ok(self.maybe_number()?.map(Timestamp))
    }

    /// A leg, in two columns.
    pub(crate) fn leg(&mut self) -> Result<LegId, Misread> {
        match (self.maybe_vm()?, self.maybe_leg_kind()?) {
            (Some(vm), Some(kind)) => Ok(LegId { vm, kind }),
            (Some(_) | None, None) | (None, Some(_)) => Err(Misread),
        }
    }

    pub(crate) fn maybe_vm(&mut self) -> Result<Option<VmId>, Misread> {
        self.maybe_text()?.map(|text| text.parse().map_err(|_| Misread)).transpose()
    }

    pub(crate) fn maybe_leg_kind(&mut self) -> Result<Option<LegKind>, Misread> {
        let kind_of =
            |text: String| [LegKind::Simple, LegKind::Extended].into_iter().find(|kind| kind.to_string() == text);
        self.maybe_text()?.map(|text| kind_of(text).ok_or(Misread)).transpose()
    }
}

/// The two columns of a leg.
pub(crate) fn leg_cells(leg: LegId) -> [Cell; 2] {
    [Cell::text(&leg.vm), Cell::text(&leg.kind)]
}
