//! The list of what goes wrong in a story, in the order of its times.

use std::time::Duration;

use reprise_lab::{Action, Fault, FaultScope};
use reprise_model::Hold;

use crate::lies::Liar;

/// One thing that goes wrong, or that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Somebody or something does this to the site.
    Happens(Action),
    /// A fault of messages, jobs or rows stands from now on, for so many times.
    Fault { fault: Fault, scope: FaultScope, count: u32 },
    /// A person sets a hold. Runs that begin later know of it.
    Hold(Hold),
    /// A run begins.
    Begin(usize),
    /// A host lies from now on.
    Lies(Liar),
    /// A run is killed.
    Kill(usize),
}

/// A trouble with its time.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    pub(crate) trouble: Trouble,
}

/// What goes wrong, in the order of its times.
#[derive(Debug, Default)]
pub(crate) struct Script(pub(super) Vec<Scheduled>);

impl Script {
    pub(crate) fn add(&mut self, at: Duration, trouble: Trouble) {
        let place = self.0.partition_point(|other| other.at <= at);
        self.0.insert(place, Scheduled { at, trouble });
    }

    /// Delays everything by this much.
    pub(super) fn shift(&mut self, by: Duration) {
        for scheduled in &mut self.0 {
            scheduled.at += by;
        }
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.0.first().map(|next| next.at)
    }

    pub(crate) fn next(&mut self) -> Option<Scheduled> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }
}

/// A span of milliseconds.
pub(crate) fn within(chance: &mut fastrand::Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(chance.u64(from..=to))
}
