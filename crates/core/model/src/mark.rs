//! Marks of the pauses that Reprise made itself, so that nobody takes one for a shutdown's.

use crate::{HostTime, LastReplication};

/// A mark that Reprise paused a leg on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseMark {
    /// What for.
    pub kind: MarkKind,
    /// Data that arrived later, by the clock of the sender's host, shows that somebody has resumed replication since. `None`
    /// if that time is unknown: then only a look at running replication shows it.
    pub until: Option<HostTime>,
}

/// What Reprise paused a leg for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// A person wanted it, and a look has shown it: it stays paused until a person resumes it.
    Meant,
    /// A person wanted it, and no look has shown it yet. It is perhaps not made, so a shutdown that is proved to have paused the
    /// leg counts as if there was no mark; without that proof it is a person's.
    Intended,
    /// A drill: it is resumed, whatever the policy says of pauses.
    Drill,
}

impl PauseMark {
    /// Whether the pause can still be the marked one, as far as the sender's latest data tells.
    pub fn stands(&self, last: LastReplication) -> bool {
        match (self.until, last) {
            (Some(until), LastReplication::At(at)) => at <= until,
            (None, _) | (_, LastReplication::Never) => true,
        }
    }
}
