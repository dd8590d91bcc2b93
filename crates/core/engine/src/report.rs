//! What one pass found and did.

use std::time::Duration;

use reprise_model::{LegId, Problem, Reason, ReplicationState, Retry, Timestamp};

/// The whole pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What came of it.
    pub outcome: PassOutcome,
    /// Whether nothing was done on purpose.
    pub dry_run: bool,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub elapsed: Duration,
    /// The asked hosts, in the order they were given.
    pub hosts: Vec<HostReport>,
    /// The legs that were seen from either end, by VM and kind.
    pub legs: Vec<LegReport>,
    /// What this pass was told to leave alone and did not see: names or GUIDs of VMs.
    pub unmatched: Vec<String>,
}

/// What came of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassOutcome {
    /// Every wanted leg replicates, every host became ready.
    Ok,
    /// A host did not become ready, or a wanted leg does not replicate.
    Partial,
    /// No host became ready in time.
    NotReady,
    /// The login was refused everywhere.
    Failed,
}

/// One host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostReport {
    /// Its place among the asked hosts.
    pub id: reprise_model::HostId,
    /// What it is called.
    pub name: String,
    /// Whether it became ready.
    pub ready: bool,
    /// Time from our first sight of VMMS running until it was ready.
    pub ready_after: Option<Duration>,
    /// What is wrong with it.
    pub error: Option<Trouble>,
    /// What the account may not see there although it is ready. Nothing that is wanted depends on it.
    pub hidden: Option<Trouble>,
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
    /// The sender's state at the first look.
    pub before: Option<ReplicationState>,
    /// The sender's state at the last look.
    pub after: Option<ReplicationState>,
    /// Whether policy wants it running and it is ours to see to.
    pub wanted: bool,
    /// What was planned.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Why, in a sentence.
    pub detail: String,
    /// What came of it.
    pub result: LegResult,
    /// Whether data was seen to flow after our act.
    pub confirmed: bool,
    /// Whether it was resumed from a pause on nothing but policy.
    pub without_evidence: bool,
    /// How many acts it took.
    pub attempts: u32,
    /// From the first act to the end of the last look that mattered.
    pub elapsed: Option<Duration>,
    /// What is wrong with it.
    pub error: Option<Trouble>,
}

/// What was planned for a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// To resume it.
    Resume,
    /// To wait for somebody else.
    Wait,
}

/// What came of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegResult {
    /// It should run, and our try did not bring it there.
    Failed,
    /// A person must look.
    NeedsPerson,
    /// It changed between look and act, and another look did not settle it.
    Stale,
    /// VMMS will retry by itself.
    Waiting,
    /// Its sender is not asked, or nothing is done on purpose (`--dry-run`).
    Skipped,
    /// Stopped on purpose, or not ours to touch.
    Left,
    /// Our resume brought it there.
    Resumed,
    /// It replicates without our doing.
    Healthy,
}

/// An error as a person needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What failed.
    pub what: String,
    /// Where.
    pub place: String,
    /// Why.
    pub why: String,
    /// What next.
    pub next: String,
    /// The host's own number.
    pub code: Option<String>,
    /// When it may be tried again.
    pub retry: Retry,
}

impl Trouble {
    /// A problem and where it was met.
    pub fn of(problem: &Problem, place: &str) -> Self {
        Self {
            what: format!("cannot {}", problem.what),
            place: place.to_owned(),
            why: problem.why.clone(),
            next: problem.advice().to_owned(),
            code: problem.code.map(code),
            retry: problem.retry(),
        }
    }
}

/// A host's own number, as people look it up.
pub(crate) fn code(number: u32) -> String {
    // Return values of Hyper-V are read in decimal, HRESULTs and WSMan codes in hexadecimal.
    if number < 0x1_0000 { number.to_string() } else { format!("0x{number:08X}") }
}

impl Report {
    /// Legs that policy wants running and that do not run at the end.
    pub fn unprotected(&self) -> impl Iterator<Item = &LegReport> {
        self.legs.iter().filter(|leg| leg.wanted && !leg.runs(self.dry_run))
    }
}

impl HostReport {
    /// What a person reads of it: what is wrong, else what may not be seen.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.error.as_ref().or(self.hidden.as_ref())
    }
}

impl LegReport {
    /// Whether it replicates at the end; under `--dry-run` as if every planned act had succeeded.
    pub fn runs(&self, dry_run: bool) -> bool {
        match self.result {
            LegResult::Healthy | LegResult::Resumed => true,
            LegResult::Skipped => dry_run && self.action == Action::Resume,
            LegResult::Failed | LegResult::NeedsPerson | LegResult::Stale | LegResult::Waiting | LegResult::Left => {
                false
            }
        }
    }
}
