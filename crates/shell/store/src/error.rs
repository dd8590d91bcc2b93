//! Why a store could not do something.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a store could not read or write: what, where, why, and what to do next.
///
/// Nothing of a write that failed is stored, except after [`Trouble::Slow`]: then it may be stored, now or later.
#[derive(Clone, Debug)]
pub struct StoreError {
    what: &'static str,
    path: Option<PathBuf>,
    trouble: Trouble,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What kind of trouble a store is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// There is no space.
    Full,
    /// It may not be changed.
    ReadOnly,
    /// Another Reprise uses it.
    InUse,
    /// Another program has locked it for longer than we wait.
    Locked,
    /// It is damaged.
    Damaged {
        /// What is damaged.
        part: String,
    },
    /// The file is something else.
    Foreign,
    /// A newer version of Reprise wrote it. It can be read.
    Newer {
        /// The file's version.
        version: u32,
    },
    /// The system does not let us open, read or write it.
    Unreachable,
    /// It did not answer in time.
    Slow,
    /// It was closed, after an error or on purpose.
    Closed,
    /// What was to be written contradicts what is stored, or is too long.
    Refused {
        /// Why.
        why: String,
    },
    /// There is none: this is acting without stored state.
    Absent,
}

impl StoreError {
    pub(crate) fn new(what: &'static str, trouble: Trouble) -> Self {
        Self { what, path: None, trouble, source: None }
    }

    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    pub(crate) fn from(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What could not be done, such as `write`.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// The store's file, if it has one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What kind of trouble it is.
    pub fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// Why. The cause, if there is one, is the error's source.
    pub fn why(&self) -> String {
        match &self.trouble {
            Trouble::Full => "there is no space left for it".to_owned(),
            Trouble::ReadOnly => "it may only be read".to_owned(),
            Trouble::InUse => "another Reprise uses it".to_owned(),
            Trouble::Locked => "another program has locked it".to_owned(),
            Trouble::Damaged { part } => format!("it is damaged ({part})"),
            Trouble::Foreign => "it is not a store of Reprise".to_owned(),
            Trouble::Newer { version } => {
                format!("a newer version of Reprise wrote it (format {version}), so it is only read")
            }
            Trouble::Unreachable => "the system does not allow it".to_owned(),
            Trouble::Slow => "it did not answer in time".to_owned(),
            Trouble::Closed => "it is closed".to_owned(),
            Trouble::Refused { why } => why.clone(),
            Trouble::Absent => "no state is stored".to_owned(),
        }
    }

    /// What to do next.
    pub fn next(&self) -> &'static str {
        match &self.trouble {
            Trouble::Full => "free space on its disk",
            Trouble::ReadOnly => {
                "give this account the right to write the file, the files beside it that begin with its name, and its folder"
            }
            Trouble::InUse => "stop the other one, or give this one a state folder of its own",
            Trouble::Locked => "find the program that has the file open, such as a backup, and end it",
            Trouble::Damaged { .. } => "stop Reprise, move the file away and start Reprise: it creates a new one",
            Trouble::Foreign => "move the file away; it is not changed",
            Trouble::Newer { .. } => "install the newer version again, or move the file away",
            Trouble::Unreachable => "create its folder, and check that this account can read and write there",
            Trouble::Slow => "check its disk, or the share that it is on",
            Trouble::Closed => "open it again",
            Trouble::Refused { .. } => "report this: it is a mistake in Reprise",
            Trouble::Absent => "see why at the start of the log",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} the store", self.what)?;
        if let Some(path) = &self.path {
            write!(f, " {}", path.display())?;
        }
        write!(f, ": {}", self.why())
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}
