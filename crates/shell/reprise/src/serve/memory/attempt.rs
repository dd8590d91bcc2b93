//! The form of an attempt: how far it was, how its act ended, and how it failed.

use reprise_engine::guard::RULES;
use reprise_engine::{AttemptMemory, DoneMemory, Failure};
use reprise_hyperv::refusal_advice;
use reprise_model::{ActId, Outcome, Problem, Refusal, Remedy, Timestamp};
use serde::{Deserialize, Serialize};

use super::words::{EndedWord, KindWord, SideWord, StateNumber};

/// What is said of a rule that this version does not have.
const ANOTHER_RULE: &str = "a rule of another version of Reprise";

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum AttemptForm {
    Idle,
    MayHaveActed {
        act: ActForm,
        side: SideWord,
        from: StateNumber,
        only_intended: bool,
    },
    AwaitingLook(DoneForm),
    /// The time is in milliseconds since 1970, by our own clock.
    BackingOff {
        not_before_ms: i64,
        failure: FailureForm,
    },
    GivenUp {
        failure: FailureForm,
        #[serde(skip_serializing_if = "Option::is_none")]
        unread: Option<DoneForm>,
    },
    Proved,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ActForm {
    epoch: u64,
    number: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DoneForm {
    act: ActForm,
    side: SideWord,
    from: StateNumber,
    outcome: OutcomeForm,
    only_intended: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum OutcomeForm {
    Ended { how: EndedWord },
    Refused(RefusalForm),
    Stale { found: String },
    NotDone(ProblemForm),
    Unknown(ProblemForm),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum FailureForm {
    Refused(RefusalForm),
    NotDone(ProblemForm),
    Unclear(ProblemForm),
    WithoutEffect,
    StoppedAgain,
    Changed { found: String },
    Guarded { rule: String },
    NotRead,
}

/// Its advice follows from the rest.
#[derive(Serialize, Deserialize)]
pub(super) struct RefusalForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    why: String,
    transient: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ProblemForm {
    kind: KindWord,
    what: String,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    remedy: String,
}

impl From<&AttemptMemory> for AttemptForm {
    fn from(attempt: &AttemptMemory) -> Self {
        match attempt {
            AttemptMemory::Idle => Self::Idle,
            AttemptMemory::MayHaveActed { act, side, from, only_intended } => Self::MayHaveActed {
                act: (*act).into(),
                side: (*side).into(),
                from: (*from).into(),
                only_intended: *only_intended,
            },
            AttemptMemory::AwaitingLook(done) => Self::AwaitingLook(done.into()),
            AttemptMemory::BackingOff { not_before, failure } => {
                Self::BackingOff { not_before_ms: not_before.0, failure: failure.into() }
            }
            AttemptMemory::GivenUp { failure, unread } => {
                Self::GivenUp { failure: failure.into(), unread: unread.as_ref().map(Into::into) }
            }
            AttemptMemory::Proved => Self::Proved,
        }
    }
}

impl From<AttemptForm> for AttemptMemory {
    fn from(form: AttemptForm) -> Self {
        match form {
            AttemptForm::Idle => Self::Idle,
            AttemptForm::MayHaveActed { act, side, from, only_intended } => {
                Self::MayHaveActed { act: act.into(), side: side.into(), from: from.into(), only_intended }
            }
            AttemptForm::AwaitingLook(done) => Self::AwaitingLook(done.into()),
            AttemptForm::BackingOff { not_before_ms, failure } => {
                Self::BackingOff { not_before: Timestamp(not_before_ms), failure: failure.into() }
            }
            AttemptForm::GivenUp { failure, unread } => {
                Self::GivenUp { failure: failure.into(), unread: unread.map(Into::into) }
            }
            AttemptForm::Proved => Self::Proved,
        }
    }
}

impl From<ActId> for ActForm {
    fn from(ActId { epoch, number }: ActId) -> Self {
        Self { epoch, number }
    }
}

impl From<ActForm> for ActId {
    fn from(ActForm { epoch, number }: ActForm) -> Self {
        Self { epoch, number }
    }
}

impl From<&DoneMemory> for DoneForm {
    fn from(done: &DoneMemory) -> Self {
        Self {
            act: done.act.into(),
            side: done.side.into(),
            from: done.from.into(),
            outcome: (&done.outcome).into(),
            only_intended: done.only_intended,
        }
    }
}

impl From<DoneForm> for DoneMemory {
    fn from(DoneForm { act, side, from, outcome, only_intended }: DoneForm) -> Self {
        Self { act: act.into(), side: side.into(), from: from.into(), outcome: outcome.into(), only_intended }
    }
}

impl From<&Outcome> for OutcomeForm {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Ended(how) => Self::Ended { how: (*how).into() },
            Outcome::Refused(refusal) => Self::Refused(refusal.into()),
            Outcome::Stale { found } => Self::Stale { found: found.clone() },
            Outcome::NotDone(problem) => Self::NotDone(problem.into()),
            Outcome::Unknown(problem) => Self::Unknown(problem.into()),
        }
    }
}

impl From<OutcomeForm> for Outcome {
    fn from(form: OutcomeForm) -> Self {
        match form {
            OutcomeForm::Ended { how } => Self::Ended(how.into()),
            OutcomeForm::Refused(refusal) => Self::Refused(refusal.into()),
            OutcomeForm::Stale { found } => Self::Stale { found },
            OutcomeForm::NotDone(problem) => Self::NotDone(problem.into()),
            OutcomeForm::Unknown(problem) => Self::Unknown(problem.into()),
        }
    }
}

impl From<&Failure> for FailureForm {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(refusal.into()),
            Failure::NotDone(problem) => Self::NotDone(problem.into()),
            Failure::Unclear(problem) => Self::Unclear(problem.into()),
            Failure::WithoutEffect => Self::WithoutEffect,
            Failure::StoppedAgain => Self::StoppedAgain,
            Failure::Changed { found } => Self::Changed { found: found.clone() },
            Failure::Guarded(rule) => Self::Guarded { rule: (*rule).to_owned() },
            Failure::NotRead => Self::NotRead,
        }
    }
}

impl From<FailureForm> for Failure {
    fn from(form: FailureForm) -> Self {
        match form {
            FailureForm::Refused(refusal) => Self::Refused(refusal.into()),
            FailureForm::NotDone(problem) => Self::NotDone(problem.into()),
            FailureForm::Unclear(problem) => Self::Unclear(problem.into()),
            FailureForm::WithoutEffect => Self::WithoutEffect,
            FailureForm::StoppedAgain => Self::StoppedAgain,
            FailureForm::Changed { found } => Self::Changed { found },
            FailureForm::Guarded { rule } => {
                Self::Guarded(RULES.iter().copied().find(|own| *own == rule).unwrap_or(ANOTHER_RULE))
            }
            FailureForm::NotRead => Self::NotRead,
        }
    }
}

impl From<&Refusal> for RefusalForm {
    fn from(Refusal { code, why, advice: _, transient }: &Refusal) -> Self {
        Self { code: *code, why: why.clone(), transient: *transient }
    }
}

impl From<RefusalForm> for Refusal {
    fn from(RefusalForm { code, why, transient }: RefusalForm) -> Self {
        Self { advice: refusal_advice(code, &why, transient), code, why, transient }
    }
}

impl From<&Problem> for ProblemForm {
    fn from(Problem { what, why, kind, code, remedy }: &Problem) -> Self {
        Self {
            kind: (*kind).into(),
            what: what.clone(),
            why: why.clone(),
            code: *code,
            remedy: remedy.name().to_owned(),
        }
    }
}

impl From<ProblemForm> for Problem {
    /// A remedy that this version does not have is the general one for the class of failure.
    fn from(ProblemForm { kind, what, why, code, remedy }: ProblemForm) -> Self {
        let general = Self { code, ..Self::new(kind.into(), what, why) };
        let known = Remedy::ALL.iter().copied().find(|own| own.name() == remedy);
        known.map_or(general.clone(), |remedy| general.with_remedy(remedy))
    }
}
