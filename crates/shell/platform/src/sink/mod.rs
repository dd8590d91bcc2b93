//! Where events go: a file, the journal, Windows' event log, or nowhere.

mod file;
#[cfg(unix)]
mod journald;
mod writer;

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::event::LogEntry;
use file::File;
#[cfg(unix)]
use journald::Journal;

pub use writer::{Unwritten, Writer};

/// Takes events, one at a time, and may block meanwhile. [`Writer`] keeps that away from its caller.
#[derive(Debug)]
pub struct Sink(Kind);

#[derive(Debug)]
enum Kind {
    File(File),
    #[cfg(unix)]
    Journal(Journal),
    Nowhere,
}

/// A sink, and a notice for standard error if it is a default that drops events.
#[derive(Debug)]
pub struct Chosen {
    /// Where events will go.
    pub sink: Sink,
    /// Why events go nowhere, if that was not chosen.
    pub notice: Option<&'static str>,
}

/// Why a sink is not available or did not accept an event.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The text after `--event-log` names no sink.
    #[error("no event sink is called \"{text}\"")]
    UnknownName {
        /// What was written.
        text: String,
    },
    /// The sink exists, on another system.
    #[error("the event sink \"{name}\" does not exist on this system")]
    NotHere {
        /// The sink's name.
        name: &'static str,
    },
    /// The line could not be written to the file.
    #[error("cannot write event {id} to the file {}", path.display())]
    File {
        /// The event that is lost.
        id: u16,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The entry could not be sent to the journal.
    #[error("cannot write event {id} to the journal at {}", path.display())]
    Journal {
        /// The event that is lost.
        id: u16,
        /// The journal's socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The queue before the sink is full.
    #[error("cannot keep event {id} for {place}: too many events are waiting there already")]
    Behind {
        /// The first event that is lost.
        id: u16,
        /// Where it should have gone.
        place: String,
    },
    /// There is no thread to write on.
    #[error("cannot start the thread that writes events")]
    NoThread {
        /// What the system said.
        source: io::Error,
    },
}

impl SinkError {
    /// What to do next.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::UnknownName { .. } => "write `file:PATH`, `journald`, `system` or `none`",
            Self::NotHere { .. } => "use `file:PATH` or `none`; `journald` is for Linux and `system` for Windows",
            Self::File { .. } => {
                "create its folder, and check that this account can write there and that the disk has space"
            }
            Self::Journal { .. } => "check that systemd-journald runs, or use `file:PATH`",
            Self::Behind { .. } => {
                "find out why it accepts no events (a full disk, a share that hangs, a pipe that nobody reads)"
            }
            Self::NoThread { .. } => "raise the limit on threads, or free memory",
        }
    }
}

const SYSTEM_NOT_YET: &str =
    "events are written nowhere: Windows' event log is not built in yet; use `--event-log file:PATH` meanwhile";
const NO_JOURNAL: &str =
    "events are written nowhere: this machine has no journal; use `--event-log file:PATH` to keep them";

impl Sink {
    /// Parses the name of a sink: `file:PATH`, `journald`, `system` or `none`.
    ///
    /// # Errors
    /// `UnknownName` if it is none of these, `NotHere` if it belongs to another system.
    pub fn parse(text: &str) -> Result<Chosen, SinkError> {
        match text {
            "none" => Ok(Chosen { sink: Self(Kind::Nowhere), notice: None }),
            "system" if cfg!(windows) => Ok(Chosen { sink: Self(Kind::Nowhere), notice: Some(SYSTEM_NOT_YET) }),
            "system" => Err(SinkError::NotHere { name: "system" }),
            #[cfg(unix)]
            "journald" => Ok(Chosen { sink: Self::journal(), notice: None }),
            #[cfg(not(unix))]
            "journald" => Err(SinkError::NotHere { name: "journald" }),
            _ => match text.strip_prefix("file:") {
                Some(path) if !path.is_empty() => Ok(Chosen { sink: Self::file(path), notice: None }),
                _ => Err(SinkError::UnknownName { text: text.to_owned() }),
            },
        }
    }

    /// The default sink: the event log on Windows, the journal where there is one, else nowhere.
    pub fn default_here() -> Chosen {
        #[cfg(unix)]
        if std::path::Path::new(journald::SOCKET).exists() {
            return Chosen { sink: Self::journal(), notice: None };
        }
        let notice = if cfg!(windows) { SYSTEM_NOT_YET } else { NO_JOURNAL };
        Chosen { sink: Self(Kind::Nowhere), notice: Some(notice) }
    }

    /// A file to which each event is appended as one line of JSON.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(File::at(path)))
    }

    #[cfg(unix)]
    fn journal() -> Self {
        Self(Kind::Journal(Journal::at(journald::SOCKET)))
    }

    /// Writes one event.
    ///
    /// # Errors
    /// Says which event is lost, where it should have gone and what the system said.
    pub fn write(&self, event: &LogEntry) -> Result<(), SinkError> {
        let id = event.code().id;
        match &self.0 {
            Kind::File(file) => {
                file.append(event).map_err(|source| SinkError::File { id, path: file.path().to_owned(), source })
            }
            #[cfg(unix)]
            Kind::Journal(journal) => {
                journal.send(event).map_err(|source| SinkError::Journal { id, path: journal.path().to_owned(), source })
            }
            Kind::Nowhere => Ok(()),
        }
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(file) => write!(f, "the file {}", file.path().display()),
            #[cfg(unix)]
            Kind::Journal(journal) => write!(f, "the journal at {}", journal.path().display()),
            Kind::Nowhere => f.write_str("nowhere"),
        }
    }
}

#[cfg(test)]
mod tests;
