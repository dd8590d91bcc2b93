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
    /// Resume replication.
    Resume,
    /// Pause replication.
    Pause,
}

/// How a kind of act is done: a row of the table of acts.
///
/// The numbers are those of the WMI reference, `Msvm_ComputerSystem.RequestReplicationStateChange` and `…Ex`, parameter
/// `RequestedState`: 3 replicating, 7 suspend. The states from which each is done are those that the Hyper-V module for
/// PowerShell accepts (`Resume-VMReplication`, `Suspend-VMReplication`), without those from which a resynchronization would
/// follow (9) or an update of disks (16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActRow {
    /// What is done, as errors name it: "cannot *resume replication*".
    pub what: &'static str,
    /// By which method.
    pub method: Method,
    /// From where, and to where.
    pub steps: &'static [Step],
}

/// A method of WMI that changes replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `RequestReplicationStateChangeEx` of the VM, with the whole relationship; on Server 2012, where the VM's row is the
    /// replication object, `RequestReplicationStateChange`.
    ///
    /// While its job runs, the state already reads as the one asked for: it is proved only after the job's end.
    RequestStateChange {
        /// `RequestedState`
        requested: ReplicationState,
    },
}

/// One change of state that an act brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state in which it may be asked for.
    pub from: ReplicationState,
    /// The states that count as arrived.
    pub to: &'static [ReplicationState],
}

/// What replicates again is in its initial replication if that never ended.
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
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Resume, Self::Pause];

    /// Its row of the table.
    pub fn row(self) -> &'static ActRow {
        match self {
            Self::Resume => &RESUME,
            Self::Pause => &PAUSE,
        }
    }
}

impl ActRow {
    /// The step from a state; `None` if the act is not to be asked for there.
    pub fn step_from(&self, state: ReplicationState) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.from == state)
    }
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
        // It would begin a resynchronization, which drops recovery points.
        assert_eq!(ActKind::Resume.row().step_from(ReplicationState::WaitingForStartResynchronize), None);
    }
}
