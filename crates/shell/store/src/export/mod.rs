//! The whole history as text, a part at a time.

mod csv;
mod json;
mod time;

use reprise_model::Timestamp;

use crate::error::StoreError;
use crate::store::{Exported, PageQuery, Store};

/// Rows in one part: small enough to hold, large enough that few questions are asked.
const PART_ROWS: u32 = 500;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line, with the table in `table`.
    JsonLines,
    /// Comma-separated values (RFC 4180), for one table.
    Csv,
}

/// An export under way.
#[derive(Debug)]
pub struct Export<'a, S: ?Sized> {
    store: &'a S,
    format: ExportFormat,
    since: Option<Timestamp>,
    /// The tables that are left, the current one first.
    tables: Vec<Exported>,
    after: u64,
    begun: bool,
}

impl<'a, S: Store + ?Sized> Export<'a, S> {
    /// Exports all tables as lines of JSON.
    pub fn json_lines(store: &'a S, since: Option<Timestamp>) -> Self {
        Self::new(store, ExportFormat::JsonLines, since, &Exported::ALL)
    }

    /// Exports one table as comma-separated values, with a line of headings.
    pub fn csv(store: &'a S, since: Option<Timestamp>, table: Exported) -> Self {
        Self::new(store, ExportFormat::Csv, since, &[table])
    }

    fn new(store: &'a S, format: ExportFormat, since: Option<Timestamp>, tables: &[Exported]) -> Self {
        Self { store, format, since, tables: tables.to_vec(), after: 0, begun: false }
    }

    /// Returns the next part, of whole lines; `None` at the end.
    ///
    /// # Errors
    /// The store's.
    pub async fn next(&mut self) -> Result<Option<String>, StoreError> {
        while let Some(table) = self.tables.first().copied() {
            let query = PageQuery { table, since: self.since, after: self.after, limit: PART_ROWS };
            let page = self.store.page(query).await?;
            let mut text = String::new();
            if self.format == ExportFormat::Csv && !self.begun {
                csv::write_headings(&mut text, page.columns);
            }
            self.begun = true;
            for row in &page.rows {
                match self.format {
                    ExportFormat::JsonLines => json::write_row(&mut text, table, page.columns, row),
                    ExportFormat::Csv => csv::write_row(&mut text, row),
                }
            }
            self.after = page.next.unwrap_or(0);
            if page.next.is_none() {
                self.tables.remove(0);
            }
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }
}
