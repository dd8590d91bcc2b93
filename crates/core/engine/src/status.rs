//! The status of hosts and legs at any time, as data. It holds no sentences; the shell makes them.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::{
    ActKind, AutoResync, Hold, HostId, HostKey, LegId, Problem, ProblemKind, Reason, Refusal, Remedy, ReplicationState,
    Retry, ServiceState, Timestamp, VmId,
};

use crate::attempt::Failure;
use crate::judge::Finding;
use crate::order::OrderEnd;

/// One host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostReport {
    /// Its handle.
    pub id: HostId,
    /// Its identity across restarts.
    pub key: HostKey,
    /// What it is called.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Time from our first sight of VMMS running until it was ready.
    pub ready_after: Option<Duration>,
    /// What is wrong with it.
    pub trouble: Option<HostTrouble>,
    /// What the account may not see there although it is ready. Nothing that is wanted depends on it.
    pub hidden: Option<Problem>,
    /// Why nobody can say that it has no replicated VMs, although it is ready and shows none.
    pub empty: Option<Problem>,
}

/// What is wrong with a host.
#[derive(Clone, Debug, PartialEq)]
pub enum HostTrouble {
    /// It is not ready, or was not in time.
    NotReady(NotReady),
    /// It had become ready, and has not answered since.
    Lost(Lost),
    /// Some of its rows could not be read.
    Unreadable {
        /// How many.
        rows: usize,
        /// What is wrong with the first.
        first: Problem,
    },
    /// It has the name of another host, and nothing shows that both are one.
    SameName {
        /// How that one was asked.
        other: String,
    },
    /// It says a name that a person has given to another host, so that nothing is done by what it shows.
    NameGiven {
        /// What it calls itself.
        said: String,
        /// How the host was asked that is given that name.
        other: String,
    },
    /// By name and boot it is a second address of another host, but the two show different VMs.
    UnlikeTwin {
        /// How that one was asked.
        other: String,
    },
}

impl HostTrouble {
    /// The same for a run that was interrupted while it still waited for the host. What only says that the host takes its
    /// time is nothing to look into.
    pub(crate) fn interrupted(self) -> Self {
        let Self::NotReady(NotReady { problem, service }) = self else { return self };
        let why = format!("the run was interrupted before it was ready; at the last look: {}", problem.why);
        let takes_time = matches!(problem.kind, ProblemKind::Busy | ProblemKind::TimedOut);
        let remedy = if takes_time { Remedy::RunAgain } else { problem.remedy };
        Self::NotReady(NotReady { problem: Problem { why, remedy, ..problem }, service })
    }

    /// Whether it is about which host answers where one was asked.
    pub fn is_about_who(&self) -> bool {
        match self {
            Self::SameName { .. } | Self::NameGiven { .. } | Self::UnlikeTwin { .. } => true,
            Self::NotReady(_) | Self::Lost(_) | Self::Unreadable { .. } => false,
        }
    }
}

/// Why a host is not ready.
#[derive(Clone, Debug, PartialEq)]
pub struct NotReady {
    /// What prevents it.
    pub problem: Problem,
    /// The state of its service `vmms`, which explains but never decides. `None` if it could not be queried.
    pub service: Option<Service>,
}

/// Since when a host has not answered that had become ready, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// When the first look began that failed.
    pub since: Timestamp,
    /// What the latest look met.
    pub why: NotReady,
}

/// The state of a host's service `vmms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// It is in that state.
    Known(ServiceState),
    /// The account may not see services.
    Unseen,
}

impl NotReady {
    /// Without a word on the service.
    pub(crate) fn alone(problem: Problem) -> Self {
        Self { problem, service: None }
    }

    /// It never answered.
    pub(crate) fn silent() -> Self {
        Self::alone(Problem::new(ProblemKind::TimedOut, "reach the host", "it has not answered"))
    }
}

/// One leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LegReport {
    /// Which.
    pub id: LegId,
    /// The VM's display name.
    pub vm: String,
    /// The sender's host.
    pub primary: Option<String>,
    /// The receiver's host.
    pub replica: Option<String>,
    /// A second host that holds the VM as primary too.
    pub second_primary: Option<String>,
    /// The sender's state at the first look.
    pub before: Option<ReplicationState>,
    /// The sender's state at the last look; `None` if there was none since an act began of which no result is known.
    pub after: Option<ReplicationState>,
    /// Whether policy wants it running and Reprise is responsible for it.
    pub wanted: bool,
    /// What was planned.
    pub action: PlannedAct,
    /// Why.
    pub reason: Reason,
    /// Further findings.
    pub findings: Vec<Finding>,
    /// The HRESULT of the sender's last event 32022 since data last arrived, if its log was read and has one.
    pub last_failure: Option<u32>,
    /// When VMMS starts a required resynchronization by itself, if it does.
    pub auto_resync: Option<AutoResync>,
    /// The result.
    pub result: LegResult,
    /// Whether data was seen to flow after our act.
    pub confirmed: bool,
    /// Whether it was resumed from a pause because of policy alone, without evidence.
    pub without_evidence: bool,
    /// How many acts it took.
    pub attempts: u32,
    /// From the beginning of the first act to the end of the last.
    pub elapsed: Option<Duration>,
    /// What is wrong with it, if it should replicate and does not.
    pub trouble: Option<LegTrouble>,
}

/// How a person's order stands.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderReport {
    /// What was ordered.
    pub kind: ActKind,
    /// How it ended.
    pub end: OrderEnd,
    /// The leg, as it is seen now.
    pub leg: LegReport,
    /// From the order until now.
    pub elapsed: Duration,
}

/// What was planned for a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedAct {
    /// Nothing.
    None,
    /// To resume it.
    Resume,
    /// To wait for somebody else.
    Wait,
}

/// The result for a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegResult {
    /// It should replicate, and our attempt failed.
    Failed,
    /// The run was interrupted before anything was decided about it, or before the result of our act was seen.
    Interrupted,
    /// A person must look.
    NeedsPerson,
    /// It changed between look and act, and another look did not settle it.
    Stale,
    /// VMMS will retry by itself.
    Waiting,
    /// Its sender is not asked, or nothing is done on purpose (`--dry-run`).
    Skipped,
    /// Stopped on purpose, or not Reprise's to change.
    Left,
    /// Our resume got it replicating.
    Resumed,
    /// It replicates without our doing.
    Healthy,
}

/// What is wrong with a leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LegTrouble {
    /// The host that is concerned.
    pub host: Option<String>,
    /// The name of the host that it perhaps is: it was asked by an address, and never said who it is.
    pub may_be: Option<String>,
    /// Whether the run had reported it as resumed before.
    pub stopped_again: bool,
    /// Why.
    pub cause: Cause,
}

/// Why a leg that should replicate does not.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// Our latest try failed.
    Failed(Failure),
    /// The time was up before the result of our act was known.
    Unfinished,
    /// The run was interrupted.
    Interrupted,
    /// The host on which it is resumed has stopped answering.
    Lost(Lost),
    /// An end, or how it is set up, could not be seen.
    Unseen(Problem),
    /// What its reason says, and nothing else.
    Reason,
}

impl Cause {
    /// The problem, if it is one of a call.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Unseen(problem) | Self::Failed(Failure::NotDone(problem) | Failure::Unclear(problem)) => {
                Some(problem)
            }
            Self::Lost(lost) => Some(&lost.why.problem),
            Self::Failed(
                Failure::Refused(_)
                | Failure::WithoutEffect
                | Failure::StoppedAgain
                | Failure::Changed { .. }
                | Failure::Guarded(_)
                | Failure::NotRead,
            )
            | Self::Unfinished
            | Self::Interrupted
            | Self::Reason => None,
        }
    }

    /// The host's own number, if it gave one.
    pub fn code(&self) -> Option<u32> {
        if let Self::Failed(Failure::Refused(refusal)) = self {
            return refusal.code;
        }
        self.problem().and_then(|problem| problem.code)
    }

    /// When it may be tried again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Failed(Failure::Refused(refusal)) if refusal.transient => Retry::Later,
            Self::Failed(Failure::Refused(_) | Failure::Guarded(_)) => Retry::Never,
            Self::Failed(Failure::NotDone(problem)) | Self::Unseen(problem) => problem.retry(),
            Self::Lost(lost) => lost.why.problem.retry(),
            Self::Failed(Failure::Changed { .. }) => Retry::Now,
            Self::Failed(Failure::Unclear(_) | Failure::WithoutEffect | Failure::StoppedAgain | Failure::NotRead)
            | Self::Unfinished
            | Self::Interrupted
            | Self::Reason => Retry::Later,
        }
    }
}

impl LegReport {
    /// Why it does not run that should; nothing else is worth an error.
    pub fn cause(&self) -> Option<&Cause> {
        self.trouble.as_ref().map(|trouble| &trouble.cause)
    }

    /// Whether it replicates; under `--dry-run` as if every planned act had succeeded.
    pub fn runs(&self, dry_run: bool) -> bool {
        match self.result {
            LegResult::Healthy | LegResult::Resumed => true,
            LegResult::Skipped => dry_run && self.action == PlannedAct::Resume,
            LegResult::Failed
            | LegResult::Interrupted
            | LegResult::NeedsPerson
            | LegResult::Stale
            | LegResult::Waiting
            | LegResult::Left => false,
        }
    }

    /// The host's refusal, if that is what is wrong with it.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self.cause() {
            Some(Cause::Failed(Failure::Refused(refusal))) => Some(refusal),
            Some(
                Cause::Failed(_)
                | Cause::Unfinished
                | Cause::Interrupted
                | Cause::Lost(_)
                | Cause::Unseen(_)
                | Cause::Reason,
            )
            | None => None,
        }
    }
}

/// Sums over hosts and legs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Whether nothing was done on purpose.
    pub dry_run: bool,
    /// Hosts that were asked.
    pub hosts: usize,
    /// Those of them that are not ready.
    pub hosts_not_ready: usize,
    /// Those of them of which it is not clear which they are.
    pub hosts_unclear: usize,
    /// Those that are ready, show no replicated VM and may still be loading them.
    pub hosts_may_load: usize,
    /// Legs that were seen from either end.
    pub legs: usize,
    /// Legs that policy wants running and that Reprise is responsible for.
    pub wanted: usize,
    /// Those of them that do not run.
    pub unprotected: usize,
    /// Legs for which a resume was planned.
    pub planned: usize,
    /// Legs that were resumed.
    pub resumed: usize,
    /// Those of them of which newer data has arrived since.
    pub confirmed: usize,
    /// Legs that replicate without our doing.
    pub healthy: usize,
    /// Legs that were left alone.
    pub left: usize,
    /// Whether the run was interrupted before everything was settled.
    pub interrupted: bool,
    /// Legs for which a resume was requested and whose result was not seen before the interruption.
    pub not_seen: usize,
    /// Other legs that were not settled before the interruption.
    pub not_reached: usize,
    /// Holds that match nothing or have ended.
    pub holds: Vec<HoldTrouble>,
    /// The name that an exception gives and several VMs have, if there is one.
    pub ambiguous: Option<Ambiguous>,
    /// Whether the run ended because of that name before anything was done. The hosts may not have been seen whole by then.
    pub refused: bool,
}

impl Summary {
    /// The sums of these.
    pub fn of(hosts: &[HostReport], legs: &[LegReport], (dry_run, interrupted): (bool, bool)) -> Self {
        let count = |result: LegResult| legs.iter().filter(|leg| leg.result == result).count();
        let not_seen = legs.iter().filter(|leg| leg.reason == Reason::ResumeNotSeen).count();
        let is_unclear = |host: &HostReport| host.trouble.as_ref().is_some_and(HostTrouble::is_about_who);
        // Two addresses of one host are one host; two hosts of one name are not.
        let names = |ready: bool| -> BTreeSet<(&str, Option<HostId>)> {
            let counted = hosts.iter().filter(|host| !ready || host.ready || is_unclear(host));
            counted
                .map(|host| {
                    let is_another = matches!(host.trouble, Some(HostTrouble::SameName { .. }));
                    (host.name.as_str(), is_another.then_some(host.id))
                })
                .collect()
        };
        Self {
            dry_run,
            hosts: names(false).len(),
            hosts_not_ready: names(false).len() - names(true).len(),
            hosts_unclear: hosts.iter().filter(|host| is_unclear(host)).count(),
            hosts_may_load: hosts.iter().filter(|host| host.empty.is_some() && !is_unclear(host)).count(),
            legs: legs.len(),
            wanted: legs.iter().filter(|leg| leg.wanted).count(),
            unprotected: legs.iter().filter(|leg| leg.wanted && !leg.runs(dry_run)).count(),
            planned: legs.iter().filter(|leg| leg.action == PlannedAct::Resume).count(),
            resumed: count(LegResult::Resumed),
            confirmed: legs.iter().filter(|leg| leg.result == LegResult::Resumed && leg.confirmed).count(),
            healthy: count(LegResult::Healthy),
            left: count(LegResult::Left),
            interrupted,
            not_seen,
            not_reached: count(LegResult::Interrupted).saturating_sub(not_seen),
            holds: Vec::new(),
            ambiguous: None,
            refused: false,
        }
    }
}

/// A hold or an exception that does not do what its author may expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldTrouble {
    /// Which.
    pub hold: Hold,
    /// What is wrong with it.
    pub state: HoldState,
}

/// What is wrong with a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// It matches nothing that was seen.
    Unmatched {
        /// Whether nothing is resumed because of that: every host is ready, and nobody said to ignore it.
        stops: bool,
    },
    /// Its time is over.
    Ended,
}

/// A name that several VMs have where one was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// The name as it was given.
    pub name: String,
    /// The VMs of that name.
    pub candidates: Vec<Candidate>,
}

/// One of several VMs of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its identity.
    pub vm: VmId,
    /// Its display name, as its host writes it.
    pub name: String,
    /// From where to where it replicates: its primary and its replica server for each of its legs that was seen.
    pub routes: Vec<(Option<String>, Option<String>)>,
}
