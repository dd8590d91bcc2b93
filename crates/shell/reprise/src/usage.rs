//! Errors of usage and configuration.

/// Why a command was not carried out, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n  why:  {why}\n  next: {next}")]
pub(crate) struct Usage {
    what: String,
    why: String,
    next: String,
}

impl Usage {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into() }
    }

    pub(crate) fn why(&self) -> &str {
        &self.why
    }
}
