//! The file that says that the daemon serves, and where.

use std::path::PathBuf;

use serde::Serialize;

use crate::usage::Usage;
use crate::whole_file::write_whole;

/// Such a file; it is removed at the end.
pub(super) struct Ready(PathBuf);

/// What it says.
#[derive(Serialize)]
pub(super) struct Says {
    /// Where the API is: `unix:PATH` or `pipe:NAME`.
    pub(super) api: String,
    /// The address of HTTP on loopback.
    pub(super) http: Option<String>,
    /// The address of the metrics.
    pub(super) metrics: Option<String>,
    /// The number of the process.
    pub(super) pid: u32,
}

impl Ready {
    /// Writes it whole: who waits for it never reads half of it.
    pub(super) fn write(file: PathBuf, says: &Says) -> Result<Self, Usage> {
        let text = serde_json::to_string(says).unwrap_or_default() + "\n";
        write_whole(&file, &text).map_err(|error| {
            let what = format!("cannot write {}", file.display());
            Usage::new(what, error.to_string(), "make its folder, or name another --ready-file")
        })?;
        Ok(Self(file))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        let _removed_already = std::fs::remove_file(&self.0);
    }
}
