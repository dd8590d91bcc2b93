//! What the end of an act says of how much its host has to do.

use reprise_model::{Outcome, Problem, ProblemKind, Refusal};

/// Replication codes by which a host says that it cannot keep up: timed out, system not available, out of memory (Hyper-V
/// WMI reference). The others that may pass are about the VM or its other server: 32774 and 32775 mean that something else is
/// under way on this VM, 32768 says nothing.
const OVERLOADED: [u32; 3] = [32_772, 32_777, 32_778];

/// What an act's end says of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// It did what it was asked; how long that took counts.
    Easy,
    /// It says that it has too much to do, or shows that by silence.
    Busy,
    /// Neither: what came of it was about the VM or the way to the host, or nothing was sent.
    Unknown,
}

impl Load {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Ended(_) => Self::Easy,
            Outcome::Refused(Refusal { code: Some(code), .. }) if OVERLOADED.contains(code) => Self::Busy,
            Outcome::NotDone(Problem { kind, .. }) | Outcome::Unknown(Problem { kind, .. }) => match kind {
                ProblemKind::Busy | ProblemKind::TimedOut => Self::Busy,
                ProblemKind::Unreachable
                | ProblemKind::Untrusted
                | ProblemKind::Denied
                | ProblemKind::NotThere
                | ProblemKind::Refused
                | ProblemKind::Malformed
                | ProblemKind::TooLarge
                | ProblemKind::Unsupported => Self::Unknown,
            },
            Outcome::Refused(_) | Outcome::Stale { .. } => Self::Unknown,
        }
    }
}
