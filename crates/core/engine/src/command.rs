//! What a person may want of a running controller. A person's word beats the program's verdict, at once.

use reprise_model::{Hold, HoldScope};

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave something alone.
    Hold(Hold),
    /// No longer leave that alone: every hold of exactly this scope ends.
    Release(HoldScope),
    /// Watch only: nothing is done any more. What is under way ends as it would.
    Freeze,
    /// Act again.
    Thaw,
}
