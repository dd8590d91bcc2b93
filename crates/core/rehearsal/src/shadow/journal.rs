//! What is written down of acts, and how often a leg was tried.

use std::collections::BTreeMap;

use reprise_model::{ActId, LegId};

/// Most acts on one leg in one incident.
pub(super) const ATTEMPTS_MAX: u32 = 6;

/// One intent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intent {
    pub(super) leg: LegId,
    /// In which life of the run it was intended, counted by its deaths.
    pub(super) life: usize,
    /// Whether it stands in what is written down.
    pub(super) written: bool,
    pub(super) performed: bool,
    /// In which life it was settled last. What is settled right before a death may be settled again.
    pub(super) settled: Option<usize>,
    /// The same as it is written down.
    pub(super) settled_written: Option<usize>,
}

/// What was tried since a leg stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    pub(super) tries: u32,
    pub(super) stales: u32,
    /// When data had last arrived at its sender before the first try.
    pub(super) data: Option<i64>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) intents: BTreeMap<ActId, Intent>,
    pub(super) budgets: BTreeMap<LegId, Budget>,
    /// The budgets as they are written down.
    pub(super) budgets_written: BTreeMap<LegId, Budget>,
}
