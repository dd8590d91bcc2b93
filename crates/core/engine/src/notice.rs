//! What is worth an entry in an event log, at the moment when it is true. Numbers and texts belong to the program.

use crate::status::{HoldTrouble, HostReport, LegReport, Summary};

/// A notice to people.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A pass began.
    Started,
    /// A host was not ready in time.
    HostNotReady(Box<HostReport>),
    /// A host became ready.
    HostReady {
        /// Its name.
        host: String,
        /// Whole seconds since VMMS was first seen running.
        seconds: u64,
    },
    /// Which host answers where one was asked is not clear at the end.
    HostUnclear(Box<HostReport>),
    /// A hold matches nothing that was seen.
    HoldUnmatched(HoldTrouble),
    /// A host shows no replicated VM at the end, and may still be loading them.
    HostMayLoad(Box<HostReport>),
    /// A leg was resumed: the job of an act on its sender ended well, and it was seen to run afterwards.
    Resumed(Box<LegReport>),
    /// The replica's side of a leg was resumed. Its sender is another matter.
    ReplicaResumed(Box<LegReport>),
    /// A leg that should run does not, and nothing more is done about it.
    ResumeFailed(Box<LegReport>),
    /// A resume of a leg was requested, and the run was interrupted before its result was seen.
    ResumeNotSeen(Box<LegReport>),
    /// The run was interrupted.
    Interrupted {
        /// Legs for which a resume was requested and whose result was not seen.
        not_seen: usize,
        /// Other legs that were not settled.
        not_reached: usize,
    },
    /// A leg needs a person.
    NeedsPerson(Box<LegReport>),
    /// Legs were seen whose sender is not asked.
    NotOurs {
        /// How many.
        count: usize,
    },
    /// The pass ended.
    Finished(Summary),
}
