//! The rules that were asked about a leg: what each says, and which one decided.

use super::verdict::Verdict;

/// One rule that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which.
    pub name: RuleName,
    /// What follows from it; `None` if it has no objection.
    pub says: Option<Verdict>,
    /// Whether the verdict is its word.
    pub decided: bool,
}

/// A rule, or a group of rules that are asked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleName {
    /// Holds, exceptions and a freeze.
    Hold,
    /// What forbids every act: a failover, a test, two primaries, an external provider, a running replica.
    Veto,
    /// Whether the sending end is seen.
    SenderSeen,
    /// The state of the receiving end.
    Receiver,
    /// The state of the sending end, with the policy and the event log.
    Sender,
    /// Whether the receiving end is seen, for a leg that would be resumed.
    ReceiverSeen,
    /// Whether the host is ready on which the leg would be resumed.
    HostReady,
    /// Whether every hold matches something.
    UnmatchedHold,
}

impl RuleName {
    /// A stable name in `snake_case`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Veto => "veto",
            Self::SenderSeen => "sender_seen",
            Self::Receiver => "receiver",
            Self::Sender => "sender",
            Self::ReceiverSeen => "receiver_seen",
            Self::HostReady => "host_ready",
            Self::UnmatchedHold => "unmatched_hold",
        }
    }
}
