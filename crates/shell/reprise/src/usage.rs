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

    /// The same about what a file says.
    pub(crate) fn of_file(self, file: &std::path::Path) -> Self {
        Self { what: format!("{} (in {})", self.what, file.display()), ..self }
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    pub(crate) fn next(&self) -> &str {
        &self.next
    }
}

/// Who reads the errors, so that they advise what can be done there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Somebody who typed a command with these flags.
    #[default]
    Command,
    /// The same, of this command: what follows `reprise`.
    Named(&'static str),
    /// Somebody who checks a configuration, in which alone something can be changed.
    File,
}

impl Reader {
    /// What to do: on the command line, or in the configuration.
    pub(crate) fn choose(self, flags: &'static str, keys: &'static str) -> &'static str {
        match self {
            Self::Command | Self::Named(_) => flags,
            Self::File => keys,
        }
    }
}
