//! What people and programs read: JSON, tables, progress.

pub(crate) mod error;
pub(crate) mod heard;
pub(crate) mod hold;
pub(crate) mod json;
mod label;
pub(crate) mod progress;
mod screen;
pub(crate) mod sentence;
pub(crate) mod table;

pub(crate) use label::printable_lines;

use reprise_model::Timestamp;

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => "1601-01-01T00:00:00.000Z".to_owned(),
    }
}

/// The width of the terminal on standard output; `None` if there is none.
pub(crate) fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0)
}

#[cfg(test)]
mod tests;
