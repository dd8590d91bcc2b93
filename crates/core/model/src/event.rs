//! What is worth a record in an event log. Numbers and texts belong to the program's table of event codes.

use crate::{LegId, Problem};

/// One thing that happened in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A pass began.
    Started,
    /// A host did not become ready in time.
    HostNotReady {
        /// Its name.
        host: String,
        /// Why.
        problem: Problem,
    },
    /// A host became ready.
    HostReady {
        /// Its name.
        host: String,
        /// Whole seconds since VMMS was first seen running.
        seconds: u64,
    },
    /// A leg that should run could not be brought there.
    ResumeFailed {
        /// Which leg.
        leg: LegInfo,
        /// Why.
        cause: String,
        /// Whether its primary could be read.
        primary_read: bool,
    },
    /// A leg was resumed.
    Resumed {
        /// Which leg.
        leg: LegInfo,
        /// Whether it was paused and nothing but policy said that it may be resumed.
        without_evidence: bool,
    },
    /// A leg needs a person.
    NeedsPerson {
        /// Which leg.
        leg: LegInfo,
        /// Why, in a sentence.
        why: String,
    },
    /// Legs were seen whose sender is not asked.
    NotOurs {
        /// How many.
        count: usize,
    },
    /// The pass ended.
    Finished {
        /// What came of it, in a sentence.
        summary: String,
    },
}

/// A leg as an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegInfo {
    /// Its identity.
    pub id: LegId,
    /// The VM's display name.
    pub vm: String,
    /// The sender's host.
    pub primary: String,
}
