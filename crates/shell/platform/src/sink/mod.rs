//! Where events go: a file, the journal, Windows' event log, or nowhere.

mod error;
mod file;
#[cfg(any(windows, test))]
mod inserts;
#[cfg(unix)]
mod journald;
#[cfg(any(windows, test))]
pub(crate) mod system;
mod writer;

use std::fmt;
use std::path::PathBuf;

use crate::event::LogEntry;
use file::File;
#[cfg(unix)]
use journald::Journal;
#[cfg(windows)]
use system::System;

pub use error::SinkError;
pub use writer::{Unwritten, Writer};

/// Takes events, one at a time, and may block meanwhile. [`Writer`] keeps that away from its caller.
#[derive(Debug)]
pub struct Sink(Kind);

/// The file in the state folder that stands in for the System log.
#[cfg(windows)]
const FALLBACK: &str = "events.jsonl";

#[derive(Debug)]
enum Kind {
    File(File),
    #[cfg(windows)]
    System(System<crate::windows::EventSource>),
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

#[cfg(not(windows))]
const NO_JOURNAL: &str =
    "events are written nowhere: this machine has no journal; use `--event-log file:PATH` to keep them";

impl Sink {
    /// Whether events are kept nowhere.
    pub fn is_nowhere(&self) -> bool {
        matches!(self.0, Kind::Nowhere)
    }

    /// Parses the name of a sink: `file:PATH`, `journald`, `system` or `none`.
    ///
    /// # Errors
    /// `UnknownName` if it is none of these, `NotHere` if it belongs to another system.
    pub fn parse(text: &str) -> Result<Chosen, SinkError> {
        match text {
            "none" => Ok(Chosen { sink: Self(Kind::Nowhere), notice: None }),
            #[cfg(windows)]
            "system" => Ok(Chosen { sink: Self::system(), notice: None }),
            #[cfg(not(windows))]
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

    /// The default sink: the System log on Windows, the journal where there is one, else nowhere.
    pub fn default_here() -> Chosen {
        #[cfg(unix)]
        if std::path::Path::new(journald::SOCKET).exists() {
            return Chosen { sink: Self::journal(), notice: None };
        }
        #[cfg(windows)]
        return Chosen { sink: Self::system(), notice: None };
        #[cfg(not(windows))]
        Chosen { sink: Self(Kind::Nowhere), notice: Some(NO_JOURNAL) }
    }

    /// A file to which each event is appended as one line of JSON.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(File::at(path)))
    }

    /// The System log, or a file in the state folder if this account may not write to it.
    #[cfg(windows)]
    fn system() -> Self {
        use crate::paths::{of_this_process, state_dir};
        let fallback = File::at(state_dir(of_this_process).join(FALLBACK));
        Self(Kind::System(System::new(crate::windows::EventSource::default(), fallback)))
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
            #[cfg(windows)]
            Kind::System(system) => system.write(event),
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
            #[cfg(windows)]
            Kind::System(_) => f.write_str("the System log"),
            #[cfg(unix)]
            Kind::Journal(journal) => write!(f, "the journal at {}", journal.path().display()),
            Kind::Nowhere => f.write_str("nowhere"),
        }
    }
}

#[cfg(test)]
mod tests;
