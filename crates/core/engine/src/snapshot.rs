//! The state that survives a restart of the program, as plain values that can be written down and built again. They hold no
//! times of this life of the program: a wait is the wall-clock time at which it ends, and what an act or a look was before is
//! known without when.

use std::collections::BTreeMap;

use reprise_model::{ActId, HostTime, LastReplication, LegId, Outcome, Reason, ReplicationState, Timestamp};

use crate::attempt::Failure;
use crate::bounds::Stands;
use crate::incident::Plan;
use crate::leg::Side;
use crate::past::Beginning;
use crate::status::LegResult;

/// What a controller remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// How often it had been restored.
    pub epoch: u64,
    /// Whether it only watches (`freeze`).
    pub frozen: bool,
    /// What it knew of each leg, if it was anything that a look does not tell.
    pub legs: BTreeMap<LegId, LegMemory>,
}

/// What is remembered of one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LegMemory {
    /// How its sender's pause began, if it was seen.
    pub beginning: Option<Beginning>,
    /// What the host is called on which the VM ran when another one showed it paused.
    pub ran_on: Option<String>,
    /// How its sender stood still, and not since before when.
    pub stands: Option<Stands>,
    /// The sender's state when it was first seen.
    pub before: Option<ReplicationState>,
    /// What people were told and that still stood.
    pub told: Vec<LegResult>,
    /// Its incident, if it had one.
    pub incident: Option<IncidentMemory>,
    /// The last incident that ended, if it was our act that ended it: the leg is reported as resumed for as long as it runs.
    pub closed: Option<IncidentMemory>,
}

/// What is remembered of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentMemory {
    /// How far the attempt was.
    pub attempt: AttemptMemory,
    /// What was planned at first.
    pub plan: Plan,
    /// What was done to its sender, if anything was.
    pub on_sender: Option<SenderMemory>,
    /// Whether people were told that it was resumed.
    pub reported: bool,
    /// Acts that were carried out.
    pub tries: u32,
    /// How often it was found changed between look and act.
    pub stales: u32,
    /// How often our resume ended well.
    pub resumes: u32,
    /// On which end we asked for a resume of which no answer told what came of it.
    pub unanswered: Option<Side>,
    /// Whether it was doubted once that it runs.
    pub doubted: bool,
    /// The newest data before its first act, or when it began if there was none yet.
    pub data_before: Option<LastReplication>,
    /// When the host had booted, by its own clock, on which its last act was carried out.
    pub booted: Option<HostTime>,
    /// The end that an act of ours resumed or may have resumed: what stopped it before that explains nothing that is seen later.
    pub perhaps_resumed: Option<Side>,
}

/// What is remembered of the acts on a leg's sender in one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderMemory {
    /// What the first one was planned as.
    pub first: Plan,
    /// What the latest one was planned for.
    pub reason: Reason,
    /// Whether the latest one brought the sender to run, and nobody has seen it stopped since.
    pub proved: bool,
}

/// How far the attempt to bring a leg to run was.
#[derive(Clone, Debug, PartialEq)]
pub enum AttemptMemory {
    /// Nothing was under way, and nothing had failed.
    Idle,
    /// An act may have been carried out, and its answer is lost: the leg is read before anything else.
    MayHaveActed {
        /// Which.
        act: ActId,
        /// On which end.
        side: Side,
        /// The end's state when it was decided.
        from: ReplicationState,
        /// It was written down, and perhaps never asked for.
        only_intended: bool,
    },
    /// An act had ended, and no look had told what came of it.
    AwaitingLook(DoneMemory),
    /// It had failed, and is tried again.
    BackingOff {
        /// Not before this. Of a wait that is longer than any of ours, the clock was set back.
        not_before: Timestamp,
        /// How it failed.
        failure: Failure,
    },
    /// It had failed, and nothing more is tried.
    GivenUp {
        /// How it failed.
        failure: Failure,
        /// The last act, if no look told in time what came of it.
        unread: Option<DoneMemory>,
    },
    /// Our act had brought it to run.
    Proved,
}

/// What is remembered of an act that had ended.
#[derive(Clone, Debug, PartialEq)]
pub struct DoneMemory {
    /// Which.
    pub act: ActId,
    /// On which end.
    pub side: Side,
    /// The end's state when it was decided.
    pub from: ReplicationState,
    /// How it ended.
    pub outcome: Outcome,
    /// Nothing was known of it but that it was to be carried out.
    pub only_intended: bool,
}
