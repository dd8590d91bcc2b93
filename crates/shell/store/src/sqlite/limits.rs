//! How long each step may take, and how large the file may become.

use std::time::Duration;

/// Limits of a store in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Maximum wait for another program that has locked the file.
    pub lock: Duration,
    /// Maximum time to open the file: to verify what decides, and to bring it to this version.
    pub open: Duration,
    /// Maximum time for a write, with its wait in the queue and for a lock.
    pub write: Duration,
    /// Maximum time for a question.
    pub read: Duration,
    /// Maximum size of the file. Unit: pages of 4096 bytes.
    pub pages: u32,
}

impl Default for StoreLimits {
    /// A lock of 2 s: a backup holds one for less. A minute to open: an index over a year of a large fleet. 10 s for a write: a
    /// disk that takes longer does not do its work, and an act waits for it. 30 s for a question: a report on such a year.
    /// 4 GiB: more than such a year needs.
    fn default() -> Self {
        Self {
            lock: Duration::from_secs(2),
            open: Duration::from_mins(1),
            write: Duration::from_secs(10),
            read: Duration::from_secs(30),
            pages: 1_048_576,
        }
    }
}
