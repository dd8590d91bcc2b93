//! Acts on hosts, and their outcomes.

use crate::{ActId, HostId, Kept, LegId, Problem, ReplicationMode, ReplicationState};

/// One change to one replication object, with the conditions under which it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Identifies the act.
    pub id: ActId,
    /// The leg.
    pub leg: LegId,
    /// The host: the sender's.
    pub host: HostId,
    /// The kind of act.
    pub kind: ActKind,
    /// The VM's key as the host wrote it.
    pub vm_key: String,
    /// How that host keeps the replication object.
    pub kept: Kept,
    /// The state on which the act was decided; any other state makes it stale.
    pub expected_state: ReplicationState,
    /// The mode on which the act was decided; any other mode makes it stale, if the mode can be read again.
    pub expected_mode: ReplicationMode,
}

/// The kinds of act. A resynchronization is not one of them: it deletes recovery points and needs an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActKind {
    /// Resume replication.
    Resume,
    /// Pause replication.
    Pause,
}

/// How a kind of act is carried out: one row of the table of acts.
///
/// The numbers are those of the WMI reference, `Msvm_ComputerSystem.RequestReplicationStateChange` and `…Ex`, parameter
/// `RequestedState`: 3 replicating, 7 suspend. The starting states are those that the Hyper-V module for
/// PowerShell accepts (`Resume-VMReplication`, `Suspend-VMReplication`), except those from which a resynchronization (9) or an
/// update of disks (16) would follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActRow {
    /// The name of the act in errors: "cannot *resume replication*".
    pub what: &'static str,
    /// The method that is called.
    pub method: Method,
    /// The state changes that it can bring about.
    pub steps: &'static [Step],
}

/// A method of WMI that changes replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `RequestReplicationStateChangeEx` of the VM, with the whole relationship; on Server 2012, where the VM's row is the
    /// replication object, `RequestReplicationStateChange`.
    ///
    /// While its job runs, the state already reads as the requested one, so it is proved only after the end of the job.
    RequestStateChange {
        /// `RequestedState`
        requested: ReplicationState,
    },
}

/// One change of state that an act brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state in which it may be requested.
    pub from: ReplicationState,
    /// The states that count as success.
    pub to: &'static [ReplicationState],
}

/// After a resume, a leg whose initial replication was not finished is in initial replication again.
const RUNS: &[ReplicationState] = &[ReplicationState::Replicating, ReplicationState::InitialReplicationInProgress];

const RESUME: ActRow = ActRow {
    what: "resume replication",
    method: Method::RequestStateChange { requested: ReplicationState::Replicating },
    steps: &[
        Step { from: ReplicationState::Suspended, to: RUNS },
        Step { from: ReplicationState::Error, to: RUNS },
        Step { from: ReplicationState::ResynchronizeSuspended, to: &[ReplicationState::Resynchronizing] },
    ],
};

const PAUSE: ActRow = ActRow {
    what: "pause replication",
    method: Method::RequestStateChange { requested: ReplicationState::Suspended },
    steps: &[
        Step { from: ReplicationState::Replicating, to: &[ReplicationState::Suspended] },
        Step { from: ReplicationState::InitialReplicationInProgress, to: &[ReplicationState::Suspended] },
        Step { from: ReplicationState::Resynchronizing, to: &[ReplicationState::ResynchronizeSuspended] },
    ],
};

impl ActKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Resume, Self::Pause];

    /// Returns the kind's row of the table.
    pub fn row(self) -> &'static ActRow {
        match self {
            Self::Resume => &RESUME,
            Self::Pause => &PAUSE,
        }
    }
}

impl ActRow {
    /// Returns the step from a state; `None` if the act must not be requested in that state.
    pub fn step_from(&self, state: ReplicationState) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.from == state)
    }
}

/// How a procedure ended. There is no "success": a later look decides that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host carried it out, and its job succeeded.
    Ended(Ended),
    /// The host refused, immediately or through its job.
    Refused(Refusal),
    /// The object was not as expected; nothing was done.
    Stale {
        /// What was found instead.
        found: String,
    },
    /// It failed before it could have had an effect.
    NotDone(Problem),
    /// It may have been carried out: the reply was lost, or the job cannot be followed. Read the state before retrying.
    Unknown(Problem),
}

/// How the host reported completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Immediately, without a job.
    AtOnce,
    /// By a job that succeeded.
    ByJob,
}

/// A refusal by the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Hyper-V's code (32768 to 32779) from the return value or the job, or the number of the host's fault, if
    /// there is one.
    pub code: Option<u32>,
    /// What the refusal means, and the host's own message if there is one.
    pub why: String,
    /// What the administrator does next.
    pub advice: &'static str,
    /// Whether the refusal may be transient.
    pub transient: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_starts_where_its_method_is_accepted_and_arrives_somewhere_else() {
        let accepted: [(ActKind, u16, &[u16]); 2] =
            [(ActKind::Resume, 3, &[7, 8, 9, 11, 16]), (ActKind::Pause, 7, &[2, 3, 10])];
        assert_eq!(accepted.map(|(kind, ..)| kind), ActKind::ALL);
        for (kind, number, from) in accepted {
            let row = kind.row();
            let Method::RequestStateChange { requested } = row.method;
            assert_eq!(requested.number(), number, "{kind:?}");
            for step in row.steps {
                assert!(from.contains(&step.from.number()), "{kind:?} from {}", step.from);
                assert!(!step.to.is_empty() && !step.to.contains(&step.from), "{kind:?} from {}", step.from);
                assert_eq!(row.step_from(step.from), Some(step));
            }
            for number in (0..=30).filter(|number| !row.steps.iter().any(|step| step.from.number() == *number)) {
                assert_eq!(row.step_from(ReplicationState::from_number(number)), None, "{kind:?} from {number}");
            }
        }
        // It would start a resynchronization, which drops recovery points.
        assert_eq!(ActKind::Resume.row().step_from(ReplicationState::WaitingForStartResynchronize), None);
    }
}
