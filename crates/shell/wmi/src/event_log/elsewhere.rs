//! The event logs where there are none.

use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventQuery};
use cim::{CallError, ErrorKind, Reached};

/// A reader of logs that exist on Windows alone.
#[derive(Debug)]
pub struct LocalEvents;

impl LocalEvents {
    /// Takes what the reader on Windows takes.
    pub fn new(_query: &EventQuery, _patience: Duration) -> Self {
        Self
    }

    /// As the reader on Windows.
    #[must_use]
    pub fn at_most(self, _count: u32) -> Self {
        self
    }

    /// Whether records could be read once.
    pub fn was_taken(&self) -> bool {
        false
    }
}

impl EventPort for LocalEvents {
    async fn next(&mut self, _after: Option<&Bookmark>) -> Result<EventBatch, CallError> {
        let why = "this computer does not run Windows, so it has no event logs to read";
        Err(CallError::new(ErrorKind::Unsupported, Reached::No, why))
    }
}
