//! Jobs: what a state change takes, and what is kept of it for five minutes.

use std::time::Duration;

use uuid::Uuid;

use crate::leg::At;

/// A finished job is removed after this long (`TimeBeforeRemoval`).
pub(crate) const KEPT: Duration = Duration::from_mins(5);
/// `Msvm_ConcreteJob.JobType` of a replication state change.
pub(crate) const STATE_CHANGE: u16 = 96;
/// The same of a resynchronization, and of one of an extended leg.
pub(crate) const RESYNC: u16 = 107;
pub(crate) const RESYNC_EXTENDED: u16 = 121;

/// One job on one host.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) at: At,
    pub(crate) sender: bool,
    /// `JobType`
    pub(crate) kind: u16,
    /// The state to go back to if it fails.
    pub(crate) from: u16,
    /// The state that was asked for.
    pub(crate) to: u16,
    pub(crate) submitted: Duration,
    /// When its work begins: later than submitted if it was planned for later.
    pub(crate) starts: Duration,
    pub(crate) stage: Stage,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Running,
    Completed { at: Duration },
    Failed { at: Duration, code: u16, why: String },
}

impl Job {
    /// `JobState`: 2 new, 4 running, 7 completed, 10 exception.
    pub(crate) fn state(&self, now: Duration) -> u16 {
        match self.stage {
            Stage::Running if now < self.starts => 2,
            Stage::Running => 4,
            Stage::Completed { .. } => 7,
            Stage::Failed { .. } => 10,
        }
    }

    pub(crate) fn ended(&self) -> Option<Duration> {
        match self.stage {
            Stage::Running => None,
            Stage::Completed { at } | Stage::Failed { at, .. } => Some(at),
        }
    }
}
