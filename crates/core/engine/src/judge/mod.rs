//! Judges one leg: what to do with it, and why. Pure: the same inputs give the same verdict.
//!
//! The order is: people's holds, vetoes, ends that are not seen, the receiver's own state, and then what the sender's state
//! requires.

mod absent;
mod judgement;
mod paused;
mod receiver;
mod sender;
#[cfg(test)]
mod tests;
mod verdict;
mod veto;

use reprise_model::{HoldScope, Policy, Reason, Timestamp, VmSelector, folded_name};

use crate::leg::{Leg, Side};

pub use judgement::{Fact, FactValue, Finding, Judgement, Source};
pub use verdict::{HoldsCheck, Memory, Readiness, Verdict};
pub(crate) use veto::is_for_a_person;

/// Judges one leg.
pub fn judge(leg: &Leg, memory: &Memory, policy: &Policy, wall: Timestamp) -> Verdict {
    let verdict = unless_it_loads(unheld(leg, memory, policy), memory);
    let verdict = unless_a_hold_is_unmatched(verdict, memory);
    let Some(held) = held(leg, policy, wall) else { return verdict };
    match verdict {
        Verdict::Healthy { .. } => Verdict::Healthy { held: Some(held) },
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

/// What cannot be read on a host that is not ready yet may be read once it is.
fn unless_it_loads(verdict: Verdict, memory: &Memory) -> Verdict {
    if verdict != Verdict::Fail(Reason::NotReadable) {
        verdict
    } else if memory.sender_host == Readiness::Waiting {
        Verdict::Wait(Reason::SenderNotReady)
    } else if memory.receiver_host == Readiness::Waiting {
        Verdict::Wait(Reason::WaitingForPeer)
    } else {
        verdict
    }
}

/// Nothing is resumed while a hold may be misspelt.
fn unless_a_hold_is_unmatched(verdict: Verdict, memory: &Memory) -> Verdict {
    let resumes = matches!(verdict, Verdict::Resume { .. });
    match memory.holds {
        HoldsCheck::Unclear if resumes => Verdict::Wait(Reason::UnmatchedHold),
        HoldsCheck::Unmatched if resumes => Verdict::NeedsPerson(Reason::UnmatchedHold),
        HoldsCheck::Matched | HoldsCheck::Unclear | HoldsCheck::Unmatched => verdict,
    }
}

fn unheld(leg: &Leg, memory: &Memory, policy: &Policy) -> Verdict {
    if let Some(verdict) = veto::judge(leg, memory) {
        return verdict;
    }
    let Some(sender) = leg.sender.seen() else { return absent::sender(leg) };
    let verdict = receiver::judge(leg, sender, memory).unwrap_or_else(|| sender::judge(leg, sender, memory, policy));
    match verdict {
        Verdict::Resume { side, .. } => {
            absent::elsewhere(leg, policy).or_else(|| unready(side, memory)).unwrap_or(verdict)
        }
        Verdict::Healthy { .. }
        | Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::NotOurs
        | Verdict::Wait(_)
        | Verdict::Fail(_)
        | Verdict::Stale(_) => verdict,
    }
}

/// What follows from the host not being ready on which the act would have to be done.
fn unready(side: Side, memory: &Memory) -> Option<Verdict> {
    match (side, memory.sender_host, memory.receiver_host) {
        (Side::Sender, Readiness::Ready, _) | (Side::Receiver, _, Readiness::Ready) => None,
        (Side::Sender, Readiness::Waiting, _) => Some(Verdict::Wait(Reason::SenderNotReady)),
        (Side::Sender, Readiness::Late, _) => Some(Verdict::Fail(Reason::SenderNotReady)),
        (Side::Receiver, _, Readiness::Waiting) => Some(Verdict::Wait(Reason::WaitingForPeer)),
        (Side::Receiver, _, Readiness::Late) => Some(Verdict::Fail(Reason::PeerNotSeen)),
    }
}

/// Whether a scope covers a leg.
pub(crate) fn covers(scope: &HoldScope, leg: &Leg) -> bool {
    match scope {
        HoldScope::All => true,
        HoldScope::Host(name) => leg.held_hosts.contains(name),
        HoldScope::Vm(VmSelector::Id(id)) => leg.id.vm == *id,
        HoldScope::Vm(VmSelector::Name(name)) => {
            let folded = folded_name(name);
            let named = |end: &crate::leg::End| end.seen().is_some_and(|e| folded_name(&e.vm.name) == folded);
            leg.vm_names.contains(&folded) || named(&leg.sender) || named(&leg.receiver)
        }
    }
}

/// The hold or exception that covers a leg now, or that everything is frozen.
pub(crate) fn held(leg: &Leg, policy: &Policy, wall: Timestamp) -> Option<Reason> {
    if policy.frozen {
        return Some(Reason::Frozen);
    }
    policy
        .holds
        .iter()
        .filter(|hold| hold.until.is_none_or(|until| wall < until))
        .find(|hold| covers(&hold.scope, leg))
        .map(|hold| if hold.only_this_pass { Reason::Excepted } else { Reason::Held })
}
