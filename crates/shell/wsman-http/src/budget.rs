//! How many connections may be open, and how many of them may be in the making.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that are left for everything else: standard streams, the runtime's own, logs and configuration.
const OTHER_FILES: u64 = 32;
/// Maximum number of connections where the system sets no limit, or a higher one. No fleet of Hyper-V hosts needs more, and each
/// costs memory.
const CONNECTIONS_MAX: usize = 8 * 1024;

/// The connections that a process may have.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Maximum number of open connections.
    pub(crate) connections: usize,
    /// The limit on open files that the number was taken from.
    pub(crate) files: Option<u64>,
    pub(crate) open: Arc<Semaphore>,
    pub(crate) opening: Arc<Semaphore>,
}

/// A connection's place among the open ones. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Permit {
    _open: OwnedSemaphorePermit,
}

impl From<OwnedSemaphorePermit> for Permit {
    fn from(open: OwnedSemaphorePermit) -> Self {
        Self { _open: open }
    }
}

impl Budget {
    /// A budget for a process that may have this many files open. A connection that is being opened may need another file
    /// besides its own: a name look-up, a Kerberos server, a second address. So of four files three are for connections and
    /// one is for those that are being opened.
    pub(crate) fn within(files: Option<u64>) -> Self {
        let spare =
            files.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX));
        let connections = (spare / 4 * 3).clamp(1, CONNECTIONS_MAX);
        Self { files, ..Self::of(connections, (spare / 4).clamp(1, CONNECTIONS_MAX)) }
    }

    /// Creates a budget of this many connections, and of how many of them may be opened at the same time.
    pub(crate) fn of(connections: usize, opening: usize) -> Self {
        let semaphore = |count: usize| Arc::new(Semaphore::new(count.clamp(1, CONNECTIONS_MAX)));
        Self {
            connections: connections.clamp(1, CONNECTIONS_MAX),
            files: None,
            open: semaphore(connections),
            opening: semaphore(opening),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_files_is_left_for_what_opening_a_connection_needs() {
        for (files, connections, opening) in [
            (Some(0), 1, 1),
            (Some(32), 1, 1),
            (Some(64), 24, 8),
            (Some(1_024), 744, 248),
            (Some(1 << 20), CONNECTIONS_MAX, CONNECTIONS_MAX),
            (Some(u64::MAX), CONNECTIONS_MAX, CONNECTIONS_MAX),
            (None, CONNECTIONS_MAX, CONNECTIONS_MAX),
        ] {
            let budget = Budget::within(files);
            let found = (budget.open.available_permits(), budget.opening.available_permits());
            assert_eq!((budget.connections, found), (connections, (connections, opening)), "{files:?}");
            let all = u64::try_from(connections + opening).unwrap() + OTHER_FILES;
            assert!(files.is_none_or(|files| all <= files.max(OTHER_FILES + 2)), "{files:?}");
        }
    }
}
