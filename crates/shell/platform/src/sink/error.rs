//! Why an event went nowhere, or elsewhere.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

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
    /// The System log does not accept events of this account. None is lost: they are in a file.
    #[error("{account} cannot {what}, so events are written to {}", path.display())]
    Diverted {
        /// The account that this process runs as.
        account: String,
        /// What it cannot do.
        what: &'static str,
        /// What to do about it.
        advice: &'static str,
        /// The file that has the events.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no thread to write on.
    #[error("cannot start the thread that writes events")]
    NoThread {
        /// What the system said.
        source: io::Error,
    },
}

impl SinkError {
    /// Whether an event is lost.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::Diverted { .. } => false,
            Self::UnknownName { .. }
            | Self::NotHere { .. }
            | Self::File { .. }
            | Self::Journal { .. }
            | Self::Behind { .. }
            | Self::NoThread { .. } => true,
        }
    }

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
            Self::Diverted { advice, .. } => advice,
            Self::NoThread { .. } => "raise the limit on threads, or free memory",
        }
    }
}
