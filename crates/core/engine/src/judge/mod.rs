//! One leg judged: what is to be done with it, and why. Pure: the same inputs give the same verdict.
//!
//! The order is: what a person said (holds), what forbids everything (vetoes), who is not seen, what the receiver's own
//! side says, what the sender's state asks for.

mod absent;
mod paused;
mod receiver;
mod sender;
#[cfg(test)]
mod tests;
mod veto;

use reprise_model::{Evidence, HoldScope, HostTime, Policy, Reason, Timestamp, VmSelector};

use crate::exchange::Side;
use crate::leg::Leg;
use crate::pause::Span;

/// What is to be done with one leg, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It replicates. `held` says that it would be left alone if it stopped.
    Healthy {
        /// The hold or exception that covers it, if any.
        held: Option<Reason>,
        /// Whether data arrives as often as it should.
        moves: bool,
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
    /// Whether another leg of the sender's host resynchronizes now.
    pub resync_under_way: bool,
}

/// Judges one leg.
pub fn judge(leg: &Leg, memory: &Memory, policy: &Policy, wall: Timestamp) -> Verdict {
    let verdict = unheld(leg, memory, policy);
    let Some(held) = held(leg, policy, wall) else { return verdict };
    match verdict {
        Verdict::Healthy { moves, .. } => Verdict::Healthy { held: Some(held), moves },
        // A leg whose sender is not asked is somebody else's, held or not.
        Verdict::NotOurs => Verdict::NotOurs,
        Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::Wait(_)
        | Verdict::Resume { .. }
        | Verdict::Fail(_)
        | Verdict::Stale(_) => Verdict::Leave(held),
    }
}

fn unheld(leg: &Leg, memory: &Memory, policy: &Policy) -> Verdict {
    if let Some(verdict) = veto::judge(leg, memory) {
        return verdict;
    }
    let Some(sender) = leg.sender.seen() else { return absent::sender(leg) };
    let verdict = receiver::judge(leg, sender, memory).unwrap_or_else(|| sender::judge(leg, sender, memory, policy));
    match verdict {
        Verdict::Resume { .. } => absent::elsewhere(leg, policy).unwrap_or(verdict),
        Verdict::Healthy { .. }
        | Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::NotOurs
        | Verdict::Wait(_)
        | Verdict::Fail(_)
        | Verdict::Stale(_) => verdict,
    }
}

/// Whether a scope covers a leg.
pub(crate) fn covers(scope: &HoldScope, leg: &Leg) -> bool {
    match scope {
        HoldScope::All => true,
        HoldScope::Host(name) => leg.held_hosts.contains(name),
        HoldScope::Vm(VmSelector::Id(id)) => leg.id.vm == *id,
        HoldScope::Vm(VmSelector::Name(name)) => {
            let folded = name.to_lowercase();
            let named = |end: &crate::leg::End| end.seen().is_some_and(|e| e.vm.name.to_lowercase() == folded);
            named(&leg.sender) || named(&leg.receiver)
        }
    }
}

/// The hold or exception that covers a leg now.
pub(crate) fn held(leg: &Leg, policy: &Policy, wall: Timestamp) -> Option<Reason> {
    policy
        .holds
        .iter()
        .filter(|hold| hold.until.is_none_or(|until| wall < until))
        .find(|hold| covers(&hold.scope, leg))
        .map(|hold| if hold.only_this_pass { Reason::Excepted } else { Reason::Held })
}
