//! Commands that a person gives to a running controller. A person's command overrides the program's verdict immediately.

use reprise_model::{ActKind, Hold, HoldScope, LegId};

/// A person's command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave something alone.
    Hold(Hold),
    /// No longer leave that alone: every hold of exactly this scope ends.
    Release(HoldScope),
    /// Watch only: no further acts. Acts in progress run to their end.
    Freeze,
    /// Act again.
    Thaw,
    /// Do this to a leg, once. Holds and vetoes stand against it too.
    Order(LegId, ActKind),
    /// Nobody waits for the order for that leg any more: what it has not begun does not begin.
    Recall(LegId),
}
