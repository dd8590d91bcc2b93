//! Why something could not be done or seen, in the four parts that a person needs.

use std::fmt;

use crate::Remedy;

/// A class of failure, which decides what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// No connection to the host.
    Unreachable,
    /// Whoever answers did not prove that it is the host.
    Untrusted,
    /// Login or access refused.
    Denied,
    /// The object, class or namespace is not there.
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
    /// What helps against any failure of this class, where nothing more is known of it.
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

/// When the same may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At once: look again.
    Now,
    /// After a wait: it may pass by itself.
    Later,
    /// Not before a person has changed something.
    Never,
}

/// What failed, why, and what next. Where it failed is the host it is kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was tried: "read the replication relationships".
    pub what: String,
    /// Why it failed, from that very call: lower case, no full stop.
    pub why: String,
    /// The class of failure.
    pub kind: ProblemKind,
    /// The host's own number: a `WSManFault` code, an HRESULT, a return value of Hyper-V.
    pub code: Option<u32>,
    /// What a person does next.
    pub remedy: Remedy,
}

impl Problem {
    /// A failure without a number, with the remedy that helps against any failure of its class. Where more is known of it,
    /// [`Self::with_remedy`].
    pub fn new(kind: ProblemKind, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), kind, code: None, remedy: kind.remedy() }
    }

    /// When it may be tried again.
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

    /// The same with another remedy than its class alone suggests.
    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }

    /// What a person does next.
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
