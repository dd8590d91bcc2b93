//! What bounds the state that a sender is in.

use std::time::Duration;

/// What bounds the state that a sender is in, by its host's clock. Unit: milliseconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    /// What its host was called, if that was before a restart.
    pub(super) remembered_of: Option<String>,
    /// What its host is called.
    pub(super) host_name: String,
    pub(super) state: u16,
    /// The look that first showed it.
    pub(super) looked: Duration,
    pub(super) clock: Option<i64>,
    /// Not before this.
    pub(super) after: Option<i64>,
    /// Surely not before this: a look that began then showed another state. Nothing if clocks may have been set.
    pub(super) surely_after: Option<i64>,
    /// Not after this.
    pub(super) by: Option<i64>,
    pub(super) booted: Option<i64>,
    /// The latest look: its clock, how long it took.
    pub(super) latest: (Option<i64>, i64),
    /// When it began.
    pub(super) last_looked: Duration,
}

impl Pause {
    /// As it is known after a restart: when it was looked at last is forgotten.
    pub(super) fn remembered(self) -> Self {
        Self { latest: (None, 0), remembered_of: Some(self.host_name.clone()), ..self }
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self.state, 7 | 11)
    }
}
