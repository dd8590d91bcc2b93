//! How many bytes a connection may still read. HTTP lets a server send without end before an answer (`100 Continue`) and
//! around its content (chunks of one byte), which takes a whole processor until a time limit ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that may still be read. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Allowance(Arc<AtomicUsize>);

/// The other side sent more than it may.
#[derive(Debug, thiserror::Error)]
#[error("it sends more than HTTP needs for its answer")]
pub(crate) struct Spent;

impl Allowance {
    /// Allows nothing until it is set.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    /// Allows so many bytes from now on.
    pub(crate) fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Takes so many bytes from what is left.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), Spent> {
        let left = self.0.load(Ordering::Relaxed);
        let after = left.checked_sub(bytes);
        self.0.store(after.unwrap_or(0), Ordering::Relaxed);
        after.map(drop).ok_or(Spent)
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}
