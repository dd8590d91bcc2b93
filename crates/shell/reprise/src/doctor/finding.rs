//! A finding: what was found, how bad it is, why, and what to do.

use reprise_model::Problem;

use super::check::Check;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// It could not be found out.
    Unknown,
    /// It works, but somebody should see to it.
    Warning,
    /// Something does not work.
    Error,
}

impl Level {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) check: Check,
    pub(crate) level: Level,
    /// What was found.
    pub(crate) what: String,
    /// Why it matters, or what it was found by.
    pub(crate) why: String,
    /// What to do, with a command that can be pasted; `None` where there is nothing to do.
    pub(crate) remedy: Option<String>,
}

impl Diagnosis {
    pub(super) fn new(check: Check, level: Level, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { check, level, what: what.into(), why: why.into(), remedy: None }
    }

    pub(super) fn ok(check: Check, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, what, why)
    }

    #[must_use]
    pub(super) fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

/// The finding for something that failed.
pub(super) fn of_problem(check: Check, problem: &Problem) -> Diagnosis {
    let code = problem.code.map_or_else(String::new, |code| format!(" (0x{code:08X})"));
    Diagnosis::new(check, Level::Error, format!("cannot {}", problem.what), format!("{}{code}", problem.why))
        .with_remedy(problem.advice())
}
