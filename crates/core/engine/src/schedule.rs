//! When the engine wakes for a leg.

use std::collections::BTreeSet;

use reprise_model::{LegId, MonoTime};

/// Times at which legs want to be judged again.
#[derive(Debug, Default)]
pub(crate) struct Schedule(BTreeSet<(MonoTime, LegId)>);

impl Schedule {
    pub(crate) fn wake(&mut self, at: MonoTime, leg: LegId) {
        self.0.insert((at, leg));
    }

    /// The legs whose time has come.
    pub(crate) fn due(&mut self, now: MonoTime) -> Vec<LegId> {
        let mut due = Vec::new();
        while let Some(first) = self.0.first().copied().filter(|(at, _)| *at <= now) {
            self.0.remove(&first);
            due.push(first.1);
        }
        due
    }

    pub(crate) fn next(&self) -> Option<MonoTime> {
        self.0.first().map(|(at, _)| *at)
    }
}
