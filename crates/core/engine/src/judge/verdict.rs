//! What a verdict can be, and what it is made from besides what is seen.

use std::time::Duration;

use reprise_model::{Evidence, HostTime, Reason};

use crate::leg::Side;
use crate::pause::Span;

/// What is to be done with one leg, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It replicates. `held` says that it would be left alone if it stopped.
    Healthy {
        /// The hold or exception that covers it, if any.
        held: Option<Reason>,
    },
    /// Leave it: it was stopped on purpose, or is not ours to touch.
    Leave(Reason),
    /// Leave it and tell a person.
    NeedsPerson(Reason),
    /// Not ours: its sender is not asked.
    NotOurs,
    /// Wait for somebody else: a host, or VMMS's own retry.
    Wait(Reason),
    /// Resume it.
    Resume {
        /// Why.
        reason: Reason,
        /// On which end: the sender's, but for a receiver that stopped by itself.
        side: Side,
        /// It was paused, and nothing but policy says that it may be resumed.
        without_evidence: bool,
    },
    /// It should run, and nothing can be done any more.
    Fail(Reason),
    /// It moved away from where it was.
    Stale(Reason),
}

/// What is remembered of a leg besides what is seen of it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Whether its sender was already paused at the first look. A pause seen to begin later is another matter.
    pub paused_from_start: bool,
    /// The events of the sender's host, with that host's clock.
    pub sender_events: Evidence,
    /// The events of the receiver's host.
    pub receiver_events: Evidence,
    /// When the sender's pause can have begun, if it is paused.
    pub pause: Span,
    /// The sender's host's clock, as late as it is known.
    pub sender_clock: Option<HostTime>,
    /// How often our resume ended well in this incident.
    pub resumes: u32,
    /// How long its sender has been seen to replicate, if that was seen to begin or we resumed it: until data has had the
    /// time to arrive, its age says nothing.
    pub running_for: Option<Duration>,
    /// Whether another leg of the sender's host resynchronizes now.
    pub resync_under_way: bool,
    /// How far the host is that shows the sender.
    pub sender_host: Readiness,
    /// How far the host is that shows the receiver.
    pub receiver_host: Readiness,
    /// Whether every hold matches something.
    pub holds: HoldsCheck,
}

/// Whether every hold that is in force matches something that was seen. One that does not may be misspelt, and mean any leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldsCheck {
    /// Each does; or one names what only a missing host can show; or a person said to ignore it.
    #[default]
    Matched,
    /// One does not, and a host that answers has not shown everything yet.
    Unclear,
    /// One does not, and every host is ready.
    Unmatched,
}

/// How far a host is. What one shows that is not ready may be old, or a part of it; nothing is done there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// It is ready.
    #[default]
    Ready,
    /// Not yet.
    Waiting,
    /// It was not in time.
    Late,
}
