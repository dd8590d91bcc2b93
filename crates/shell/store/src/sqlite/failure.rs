//! What SQLite says when it fails, and what kind of trouble that is.

use std::io;
use std::path::Path;

use sqlx::error::DatabaseError;

use crate::error::{StoreError, Trouble};

/// A failure whose place is not known yet.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite's, or that of the connection to it.
    Sql(sqlx::Error),
    /// Ours.
    Ours(Trouble),
    /// The system's.
    Io(io::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    pub(super) fn damaged(part: impl Into<String>) -> Self {
        Self::Ours(Trouble::Damaged { part: part.into() })
    }

    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Ours(Trouble::Refused { why: why.into() })
    }

    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Self::Sql(error) => trouble_of(error),
            Self::Ours(trouble) => trouble.clone(),
            Self::Io(error) => trouble_of_io(error),
        }
    }

    /// Adds what was done, and where.
    pub(super) fn of(self, what: &'static str, path: &Path) -> StoreError {
        let error = StoreError::new(what, self.trouble()).at(path);
        match self {
            Self::Sql(source) => error.from(source),
            Self::Io(source) => error.from(source),
            Self::Ours(_) => error,
        }
    }
}

fn trouble_of_io(error: &io::Error) -> Trouble {
    let is = |kinds: &[io::ErrorKind]| kinds.contains(&error.kind());
    if is(&[io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded]) {
        Trouble::Full
    } else if is(&[io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied]) {
        Trouble::ReadOnly
    } else {
        Trouble::Unreachable
    }
}

fn trouble_of(error: &sqlx::Error) -> Trouble {
    if let sqlx::Error::Database(error) = error {
        trouble_of_code(error.as_ref())
    } else if let sqlx::Error::Io(error) = error {
        trouble_of_io(error)
    } else if let sqlx::Error::WorkerCrashed = error {
        Trouble::Closed
    } else {
        // What else sqlx reports is about a row that is not as it should be.
        Trouble::Damaged { part: error.to_string() }
    }
}

/// By SQLite's result code, of which the last eight bits are its kind (`sqlite.org/rescode.html`).
fn trouble_of_code(error: &dyn DatabaseError) -> Trouble {
    const FILESYSTEM_IS_CORRUPT: i32 = 8458;
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or(0);
    match code & 0xff {
        // SQLITE_PERM, SQLITE_READONLY
        3 | 8 => Trouble::ReadOnly,
        // SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL
        5 | 6 | 15 => Trouble::Locked,
        // SQLITE_FULL
        13 => Trouble::Full,
        // SQLITE_IOERR, SQLITE_NOMEM, SQLITE_CANTOPEN
        10 | 7 | 14 if code != FILESYSTEM_IS_CORRUPT => Trouble::Unreachable,
        // SQLITE_TOOBIG
        18 => Trouble::Refused { why: "a text is too long".to_owned() },
        // SQLITE_NOTADB, SQLITE_CORRUPT, and whatever a statement of ours can only meet in a file that is not as we made it.
        _ => Trouble::Damaged { part: error.message().to_owned() },
    }
}

/// Whether SQLite says that a file is no database.
pub(super) fn is_no_database(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("26"))
}
