//! A verdict in the words of the contract, for what is stored.

use reprise_engine::judge::Verdict;

/// What is to be done, and the code of the reason.
pub(crate) fn words(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Healthy { held } => ("none", held.map_or("replicating", |held| held.code())),
        Verdict::Leave(reason) => ("leave", reason.code()),
        Verdict::NeedsPerson(reason) | Verdict::Fail(reason) => ("needs_person", reason.code()),
        Verdict::NotOurs => ("not_ours", reprise_model::Reason::SenderNotAsked.code()),
        Verdict::Wait(reason) | Verdict::Stale(reason) => ("wait", reason.code()),
        Verdict::Resume { reason, .. } => ("resume", reason.code()),
    }
}
