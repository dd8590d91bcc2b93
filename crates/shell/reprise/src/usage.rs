//! Why a verb was not carried out: usage or configuration.

/// Why a verb was not carried out, with what a person does next.
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
}
