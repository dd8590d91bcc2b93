//! What is done to a host, and what came of it.

use crate::{ActId, HostId, Kept, LegId, Problem, ReplicationMode, ReplicationState};

/// One thing to be done to one replication object, on the conditions under which it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Which act.
    pub id: ActId,
    /// Whose leg.
    pub leg: LegId,
    /// On which host: the sender's.
    pub host: HostId,
    /// What.
    pub kind: ActKind,
    /// The VM's key as the host wrote it.
    pub vm_key: String,
    /// How that host keeps the replication object.
    pub kept: Kept,
    /// The state it was decided on; another one makes the act stale.
    pub expected_state: ReplicationState,
    /// The mode it was decided on; another one makes the act stale where it can be read again.
    pub expected_mode: ReplicationMode,
}

/// What can be done. A resynchronization is not among them: it drops recovery points and needs an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActKind {
    /// Resume replication (`RequestedState` 3).
    Resume,
}

/// How a procedure ended. Never "success": that is judged from a later look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host did it and its job ended well.
    Ended(Ended),
    /// The host refused, at once or by its job.
    Refused(Refusal),
    /// The object was not as expected; nothing was done.
    Stale {
        /// What it was.
        found: String,
    },
    /// It failed before it could have had an effect.
    NotDone(Problem),
    /// It may have been done: the answer was lost, or the job cannot be followed. Read before trying again.
    Unknown(Problem),
}

/// How the host said that it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// At once, without a job.
    AtOnce,
    /// By a job that ended well.
    ByJob,
}

/// The host's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Hyper-V's code (32768 to 32779) as returned or as the job has it, or the number of the host's fault, where there
    /// is one.
    pub code: Option<u32>,
    /// What it means, and the host's own words where it gave any.
    pub why: String,
    /// What a person does next.
    pub advice: &'static str,
    /// Whether it may pass by itself.
    pub transient: bool,
}
