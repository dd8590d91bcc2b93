//! A file with one line of JSON per event.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::event::LogEntry;

/// A file that lines are appended to. Opened anew for each, so that a log that was rotated away is not written to.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
}

impl File {
    pub(super) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the whole line with one write: other programs append to the same file, and no reader sees half a line.
    /// Linux promises that for a local file; on Windows we rely on what its documents say of appending.
    pub(super) fn append(&self, event: &LogEntry) -> io::Result<()> {
        let mut line = event.json_line();
        line.push('\n');
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        let written = file.write(line.as_bytes())?;
        if written == line.len() {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::WriteZero, format!("only {written} of {} bytes were written", line.len())))
    }
}
