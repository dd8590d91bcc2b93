//! Why something could not be done or seen: what failed, where, why, and what to do next.

use std::fmt;

use crate::Remedy;

/// A class of failure, which decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// No connection to the host.
    Unreachable,
    /// The server that answered did not prove that it is the host.
    Untrusted,
    /// Login or access refused.
    Denied,
    /// The object, class or namespace does not exist.
    NotThere,
    /// The host is busy, starting or over a quota.
    Busy,
    /// No answer in time.
    TimedOut,
    /// The host understood and refused.
    Refused,
    /// The answer could not be understood.
    Malformed,
    /// A message was larger than one side accepts.
    TooLarge,
    /// The host or the transport cannot do this.
    Unsupported,
}

impl ProblemKind {
    /// Returns the remedy for a failure of this class about which nothing more is known.
    fn remedy(self) -> Remedy {
        match self {
            Self::Unreachable => Remedy::Reach,
            Self::Untrusted => Remedy::Trust,
            Self::Denied => Remedy::LogIn,
            Self::NotThere => Remedy::LookAgain,
            Self::Busy => Remedy::Wait,
            Self::TimedOut => Remedy::CheckLoad,
            Self::Refused => Remedy::ReadReason,
            Self::Malformed => Remedy::CheckEndpoint,
            Self::TooLarge => Remedy::RaiseEnvelope,
            Self::Unsupported => Remedy::ChangeWhatIsNamed,
        }
    }
}

/// When a failed operation may be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At once: look again.
    Now,
    /// After a wait: the failure may be transient.
    Later,
    /// Only after somebody has changed something.
    Never,
}

/// What failed, why, and what to do next. The caller knows the host on which it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was tried: "read the replication relationships".
    pub what: String,
    /// Why this call failed: lower case, no full stop.
    pub why: String,
    /// The class of failure.
    pub kind: ProblemKind,
    /// The host's error code: a `WSManFault` code, an HRESULT, a return value of Hyper-V.
    pub code: Option<u32>,
    /// What the administrator does next.
    pub remedy: Remedy,
}

impl Problem {
    /// Creates a problem without an error code, with the general remedy for its class. If more is known about it, use
    /// [`Self::with_remedy`].
    pub fn new(kind: ProblemKind, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), kind, code: None, remedy: kind.remedy() }
    }

    /// Returns when the operation may be retried.
    pub fn retry(&self) -> Retry {
        match self.kind {
            ProblemKind::Unreachable | ProblemKind::Busy | ProblemKind::TimedOut | ProblemKind::NotThere => {
                Retry::Later
            }
            ProblemKind::Malformed => Retry::Now,
            ProblemKind::Untrusted
            | ProblemKind::Denied
            | ProblemKind::Refused
            | ProblemKind::TooLarge
            | ProblemKind::Unsupported => Retry::Never,
        }
    }

    /// Replaces the general remedy of the class by a more specific one.
    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }

    /// Returns what the administrator does next.
    pub fn advice(&self) -> &'static str {
        self.remedy.text()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.why)
    }
}

impl std::error::Error for Problem {}
