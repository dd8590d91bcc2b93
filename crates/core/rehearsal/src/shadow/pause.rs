//! What bounds the state that a sender is in.

use std::time::Duration;

/// By how much a host's clock and ours may disagree between two looks. Unit: milliseconds.
const DRIFT: i64 = 5_000;

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
    /// That look.
    pub(super) other: Option<Other>,
    /// Not after this.
    pub(super) by: Option<i64>,
    pub(super) booted: Option<i64>,
    /// The latest look: its clock, how long it took.
    pub(super) latest: (Option<i64>, i64),
    /// When it began.
    pub(super) last_looked: Duration,
}

/// A look that showed another state: when it began, its host's clock and how long it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Other {
    pub(super) looked: Duration,
    pub(super) clock: i64,
    pub(super) took: i64,
}

impl Other {
    /// When it began, by its host's clock as a later look shows it; `None` if that was set in between.
    pub(super) fn began(self, later: Self) -> Option<i64> {
        let between =
            |from: Duration, to: Duration| i64::try_from(to.saturating_sub(from).as_millis()).unwrap_or(i64::MAX);
        let apart = between(self.looked, later.looked);
        let passed = later.clock - self.clock;
        let was_set = passed < apart - self.took - DRIFT || passed > apart + later.took + DRIFT;
        (!was_set).then_some(later.clock - later.took - apart)
    }
}

impl Pause {
    /// As it is known after a restart: when it was looked at last is forgotten.
    pub(super) fn remembered(self) -> Self {
        Self { latest: (None, 0), other: None, remembered_of: Some(self.host_name.clone()), ..self }
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self.state, 7 | 11)
    }
}
