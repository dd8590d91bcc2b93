//! Judges one leg: what to do with it, and why. Pure: the same inputs give the same verdict.
//!
//! The order is: people's holds, vetoes, ends that are not seen, the receiver's own state, and then what the sender's state
//! requires.

mod absent;
mod judgement;
mod ordered;
mod paused;
mod receiver;
mod rule;
mod sender;
#[cfg(test)]
mod tests;
mod verdict;
mod veto;

use reprise_model::{Hold, HoldScope, Policy, Reason, Timestamp, VmSelector, folded_name};

use crate::leg::{Leg, Side};

pub use judgement::{Fact, FactValue, Finding, HeldBy, Judgement, Source};
pub(crate) use ordered::{Ordered, ordered};
pub use rule::{Rule, RuleName};
pub use verdict::{HoldsCheck, Memory, Readiness, Verdict};
pub(crate) use veto::is_for_a_person;

/// Judges one leg.
pub fn judge(leg: &Leg, memory: &Memory, policy: &Policy, wall: Timestamp) -> Verdict {
    decide(leg, memory, policy, wall, &mut |_, _| {})
}

/// Judges one leg, and reports what each rule says that is asked, in order.
fn decide(leg: &Leg, memory: &Memory, policy: &Policy, wall: Timestamp, said: &mut Said<'_>) -> Verdict {
    let seen = unheld(leg, memory, policy, said);
    let loaded = unless_it_loads(seen, memory);
    if loaded != seen {
        said(RuleName::HostReady, Some(loaded));
    }
    let verdict = unless_a_hold_is_unmatched(loaded, memory);
    if verdict != loaded {
        said(RuleName::UnmatchedHold, Some(verdict));
    }
    let held = held(leg, policy, wall).and_then(|held| by_hold(verdict, held));
    said(RuleName::Hold, held);
    held.unwrap_or(verdict)
}

/// Told what a rule says, or that it says nothing.
type Said<'s> = dyn FnMut(RuleName, Option<Verdict>) + 's;

/// What becomes of a verdict on a leg that is held. A leg whose sender is not asked is somebody else's, held or not.
fn by_hold(verdict: Verdict, held: Reason) -> Option<Verdict> {
    match verdict {
        Verdict::Healthy { .. } => Some(Verdict::Healthy { held: Some(held) }),
        Verdict::NotOurs => None,
        Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::Wait(_)
        | Verdict::Resume { .. }
        | Verdict::Fail(_)
        | Verdict::Stale(_) => Some(Verdict::Leave(held)),
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

fn unheld(leg: &Leg, memory: &Memory, policy: &Policy, said: &mut Said<'_>) -> Verdict {
    let mut ask = |rule, says: Option<Verdict>| {
        said(rule, says);
        says
    };
    if let Some(verdict) = ask(RuleName::Veto, veto::judge(leg, memory)) {
        return verdict;
    }
    let Some(sender) = leg.sender.seen() else {
        let verdict = absent::sender(leg);
        said(RuleName::SenderSeen, Some(verdict));
        return verdict;
    };
    let verdict = ask(RuleName::Receiver, receiver::judge(leg, sender, memory)).unwrap_or_else(|| {
        let verdict = sender::judge(leg, sender, memory, policy);
        ask(RuleName::Sender, Some(verdict));
        verdict
    });
    match verdict {
        Verdict::Resume { side, .. } => ask(RuleName::ReceiverSeen, absent::elsewhere(leg, policy))
            .or_else(|| ask(RuleName::HostReady, unready(side, memory)))
            .unwrap_or(verdict),
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
    held_by(leg, policy, wall).map(|(_, hold)| if hold.only_this_pass { Reason::Excepted } else { Reason::Held })
}

/// The hold or exception that covers a leg now, with its place in the policy.
fn held_by<'p>(leg: &Leg, policy: &'p Policy, wall: Timestamp) -> Option<(usize, &'p Hold)> {
    let in_force = |hold: &Hold| hold.until.is_none_or(|until| wall < until);
    policy.holds.iter().enumerate().find(|(_, hold)| in_force(hold) && covers(&hold.scope, leg))
}
