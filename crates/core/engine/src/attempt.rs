//! The state of the attempt to get a leg replicating. One value, so that no two parts of it can contradict each other.

use std::time::Duration;

use reprise_model::{Act, ActId, MonoTime, Outcome, Problem, Reason, Refusal, ReplicationState};

use crate::leg::Side;

/// If an act did not itself lead to the wanted state, as far as is known, that state counts only if it still holds this much later:
/// while a job runs, ours or another's, the state already reads as requested.
pub(crate) const DOUBT: Duration = Duration::from_secs(3);

/// How far the attempt to bring a leg to run is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Attempt {
    /// Nothing is under way, and nothing has failed.
    #[default]
    Idle,
    /// Its act is being written down, before it is carried out.
    Intended(Box<Intent>),
    /// Its act is under way.
    Acting {
        /// Which.
        act: ActId,
        /// On which end.
        side: Side,
        /// The end's state when it was decided.
        from: ReplicationState,
    },
    /// Its act has ended; a look that began later must tell what came of it.
    AwaitingLook(Box<Done>),
    /// It was seen to run after an act that is not known to have done that: while a job runs, ours or another's, the state
    /// already reads as requested. A look that begins after [`Done::after`] tells.
    Doubted(Box<Done>),
    /// It failed, and is tried again from then on.
    BackingOff {
        /// Not before this.
        until: MonoTime,
        /// How it failed.
        failure: Failure,
    },
    /// It failed, and nothing more is tried.
    GivenUp {
        /// How it failed.
        failure: Failure,
        /// The last act, if no look told in time what came of it. One that comes after all does.
        unread: Option<Box<Done>>,
    },
    /// The job of our act ended well, and it was seen to run afterwards.
    Proved,
}

/// An act that is being written down.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Intent {
    pub(crate) act: Act,
    pub(crate) side: Side,
    /// How far it was before, in case the intent is taken back.
    pub(crate) before: Attempt,
}

/// An act that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Done {
    pub(crate) act: ActId,
    pub(crate) side: Side,
    /// The end's state when it was decided.
    pub(crate) from: ReplicationState,
    pub(crate) outcome: Outcome,
    /// Looks that began earlier say nothing of what it did.
    pub(crate) after: MonoTime,
    /// Nothing is known of it but that it was to be carried out: what shows a state that it would have led to may show another's
    /// doing.
    pub(crate) only_intended: bool,
}

/// Why an act did not get a leg replicating.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The host refused.
    Refused(Refusal),
    /// It was not carried out.
    NotDone(Problem),
    /// It may have been carried out, so that it was read before anything else: the problem's class says what its answer
    /// was, and not whether it may be tried again.
    Unclear(Problem),
    /// Its job ended well, and the leg is still stopped.
    WithoutEffect,
    /// It was seen to run after the act, and is stopped again before newer data has arrived.
    StoppedAgain,
    /// It was found changed between look and act.
    Changed {
        /// As what it was found.
        found: String,
    },
    /// A rule forbade it.
    Guarded(&'static str),
    /// Its host could not be read after the act.
    NotRead,
}

impl Failure {
    /// The reason that stands for it.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused(_) => Reason::ResumeRefused,
            Self::NotDone(_) | Self::Unclear(_) | Self::Guarded(_) | Self::NotRead => Reason::ResumeFailed,
            Self::WithoutEffect => Reason::ResumeWithoutEffect,
            Self::StoppedAgain => Reason::StoppedAgain,
            Self::Changed { .. } => Reason::Changed,
        }
    }
}

impl Attempt {
    /// The last act, if no look has told yet what came of it.
    pub(crate) fn done(&self) -> Option<&Done> {
        match self {
            Self::AwaitingLook(done) | Self::Doubted(done) | Self::GivenUp { unread: Some(done), .. } => Some(done),
            Self::Idle
            | Self::Intended(_)
            | Self::Acting { .. }
            | Self::BackingOff { .. }
            | Self::GivenUp { unread: None, .. }
            | Self::Proved => None,
        }
    }

    /// Looks that began earlier say nothing of what our last act did, if none has told yet; and at which end.
    pub(crate) fn fresh_after(&self) -> Option<(Side, MonoTime)> {
        self.done().map(|done| (done.side, done.after))
    }

    /// Whether something is under way, or waits for a look that tells what came of it.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Intended(_) | Self::Acting { .. } | Self::AwaitingLook(_) | Self::Doubted(_) => true,
            Self::Idle | Self::BackingOff { .. } | Self::GivenUp { .. } | Self::Proved => false,
        }
    }

    /// Whether an act is under way or about to be.
    pub(crate) fn is_acting(&self) -> bool {
        matches!(self, Self::Intended(_) | Self::Acting { .. })
    }

    /// Whether no further act is tried.
    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self, Self::GivenUp { .. })
    }

    /// How the latest try failed, if it did.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::BackingOff { failure, .. } | Self::GivenUp { failure, .. } => Some(failure),
            Self::Idle
            | Self::Intended(_)
            | Self::Acting { .. }
            | Self::AwaitingLook(_)
            | Self::Doubted(_)
            | Self::Proved => None,
        }
    }

    /// Whether a further act may be planned now, and if not yet, from when on.
    pub(crate) fn may_act(&self, now: MonoTime) -> Result<(), Option<MonoTime>> {
        match self {
            Self::Idle | Self::Proved => Ok(()),
            Self::BackingOff { until, .. } if *until <= now => Ok(()),
            Self::BackingOff { until, .. } => Err(Some(*until)),
            Self::Intended(_)
            | Self::Acting { .. }
            | Self::AwaitingLook(_)
            | Self::Doubted(_)
            | Self::GivenUp { .. } => Err(None),
        }
    }
}
