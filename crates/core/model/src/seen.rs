//! Not seen is not absent.

use crate::Problem;

/// Information that was requested from a host: seen, or not seen and why. It is not an `Option`, so that no verdict mistakes a
/// silent host for an empty one.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<T> {
    /// The host returned it.
    Seen(T),
    /// It could not be seen.
    NotSeen(Problem),
}

impl<T> Seen<T> {
    /// Returns the value, if it was seen.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            Self::NotSeen(_) => None,
        }
    }

    /// Returns why it was not seen, if it was not.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Seen(_) => None,
            Self::NotSeen(problem) => Some(problem),
        }
    }
}

impl<T> From<Result<T, Problem>> for Seen<T> {
    fn from(result: Result<T, Problem>) -> Self {
        match result {
            Ok(value) => Self::Seen(value),
            Err(problem) => Self::NotSeen(problem),
        }
    }
}
