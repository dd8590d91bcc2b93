//! Questions about what happened, and how answers of several kinds become one.

use reprise_model::{Timestamp, VmId};

use crate::record::{StoredAct, StoredDecision, StoredEvent};

/// Asks for what happened to a VM, or to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The VM; all if absent.
    pub vm: Option<VmId>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// At most so many items: the latest.
    pub limit: u32,
}

/// Asks for incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentQuery {
    /// Only those that have not ended.
    pub open_only: bool,
    /// Only those that had not ended by then.
    pub since: Option<Timestamp>,
    /// At most so many: the latest.
    pub limit: u32,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryItem {
    /// Something else was decided.
    Decision(StoredDecision),
    /// An act was carried out, or may have been.
    Act(StoredAct),
    /// An event was written.
    Event(StoredEvent),
}

impl HistoryItem {
    /// When it happened; an act, when it was intended.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Decision(decision) => decision.at,
            Self::Act(act) => act.at,
            Self::Event(event) => event.at,
        }
    }
}

/// The latest items of all kinds, in the order of time. At one time, a decision comes before the act that it led to, and that
/// before the event that reports it.
pub(crate) fn merged(
    decisions: Vec<StoredDecision>,
    acts: Vec<StoredAct>,
    events: Vec<StoredEvent>,
    limit: u32,
) -> Vec<HistoryItem> {
    let mut items: Vec<_> = decisions.into_iter().map(HistoryItem::Decision).collect();
    items.extend(acts.into_iter().map(HistoryItem::Act));
    items.extend(events.into_iter().map(HistoryItem::Event));
    items.sort_by_key(HistoryItem::at);
    let surplus = items.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    items.split_off(surplus)
}
