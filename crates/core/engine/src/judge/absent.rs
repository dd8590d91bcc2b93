//! Ends that are not seen. Not seen is not absent: a silent host is waited for, never taken for an empty one, and what
//! cannot be read is left alone and told.

use reprise_model::{PeerUnseen, Policy, Reason};

use super::verdict::Verdict;
use crate::leg::{End, Leg, Whereabouts};

/// What follows from not seeing the sender.
pub(super) fn sender(leg: &Leg) -> Verdict {
    let End::NotSeen(end) = &leg.sender else { return Verdict::Stale(Reason::Changed) };
    match &end.whereabouts {
        Whereabouts::NotAsked | Whereabouts::WithoutIt { .. } if leg.primary_is_clustered() => {
            Verdict::Fail(Reason::ClusteredOwnerNotFound)
        }
        Whereabouts::NotAsked => Verdict::NotOurs,
        Whereabouts::NotYet { .. } => Verdict::Wait(Reason::SenderNotReady),
        Whereabouts::Late { .. } => Verdict::Fail(Reason::SenderNotReady),
        Whereabouts::Unreadable { .. } => Verdict::Fail(Reason::NotReadable),
        Whereabouts::NotLoaded { .. } => Verdict::Fail(Reason::SenderNotLoaded),
        Whereabouts::WithoutIt { .. } => Verdict::NeedsPerson(Reason::SenderNotFound),
    }
}

/// What follows from not seeing the receiver of a leg that would be resumed, or how the leg is set up; `None` if nothing
/// does.
pub(super) fn elsewhere(leg: &Leg, policy: &Policy) -> Option<Verdict> {
    if leg.sender.settings().or(leg.receiver.settings()).is_none() {
        // Nobody says whether Hyper-V itself replicates it, nor where to.
        return Some(Verdict::Fail(Reason::NotReadable));
    }
    let End::NotSeen(end) = &leg.receiver else { return None };
    if leg.sender.settings().is_none_or(|settings| settings.recovery().is_none()) {
        // Where it is sent to nobody says, so that nobody can say that nothing is wrong there.
        return Some(Verdict::Fail(Reason::NotReadable));
    }
    match (&end.whereabouts, policy.peer_unseen) {
        // The article's way: the receiver itself refuses if a failover is in force there.
        (Whereabouts::NotAsked, _) | (_, PeerUnseen::Resume) => None,
        (Whereabouts::Unreadable { .. }, PeerUnseen::Wait) => Some(Verdict::Fail(Reason::NotReadable)),
        (Whereabouts::NotYet { .. }, PeerUnseen::Wait) => Some(Verdict::Wait(Reason::WaitingForPeer)),
        (Whereabouts::Late { .. }, PeerUnseen::Wait) => Some(Verdict::Fail(Reason::PeerNotSeen)),
        (Whereabouts::NotLoaded { .. }, PeerUnseen::Wait) => Some(Verdict::Fail(Reason::PeerNotLoaded)),
        (Whereabouts::WithoutIt { .. }, PeerUnseen::Wait) => Some(Verdict::NeedsPerson(Reason::PeerWithoutReplica)),
    }
}
