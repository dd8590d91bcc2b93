//! What people and programs read: JSON, tables, progress.

pub(crate) mod advice;
mod case;
mod cause;
pub(crate) mod decision;
pub(crate) mod doctor;
pub(crate) mod drill;
pub(crate) mod error;
pub(crate) mod explain;
pub(crate) mod fact;
mod health;
pub(crate) mod heard;
pub(crate) mod history;
pub(crate) mod hold;
pub(crate) mod json;
mod label;
mod number;
pub(crate) mod order;
mod paragraph;
pub(crate) mod progress;
pub(crate) mod redraw;
mod rows;
mod screen;
pub(crate) mod sentence;
pub(crate) mod status;
pub(crate) mod table;
mod terminal;

pub(crate) use label::{printable, printable_lines};
pub(crate) use paragraph::{count, list, paragraph, part};
pub(crate) use terminal::Terminal;

use reprise_model::Timestamp;

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => "1601-01-01T00:00:00.000Z".to_owned(),
    }
}

#[cfg(test)]
mod tests;
