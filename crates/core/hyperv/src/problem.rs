//! From a failed call to a problem that a person can act on.

use cim::{CallError, ErrorKind, PropertyError};
use reprise_model::{Problem, ProblemKind};

/// A failed call, with what was tried: "read the host's name".
pub fn of(error: &CallError, what: &str) -> Problem {
    let kind = match error.kind {
        ErrorKind::Unreachable => ProblemKind::Unreachable,
        ErrorKind::Untrusted => ProblemKind::Untrusted,
        ErrorKind::Denied => ProblemKind::Denied,
        ErrorKind::NotThere => ProblemKind::NotThere,
        ErrorKind::Busy => ProblemKind::Busy,
        ErrorKind::TimedOut => ProblemKind::TimedOut,
        ErrorKind::Refused => ProblemKind::Refused,
        ErrorKind::Malformed => ProblemKind::Malformed,
        ErrorKind::TooLarge => ProblemKind::TooLarge,
        ErrorKind::Unsupported => ProblemKind::Unsupported,
    };
    Problem { code: error.status, ..Problem::new(kind, what, error.message.clone()) }
}

/// A row that cannot be read, with what was tried.
pub(crate) fn unreadable(error: &PropertyError, what: &str) -> Problem {
    let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    Problem::new(ProblemKind::Malformed, what, format!("{error}{source}"))
}
