//! Which legs point at what, asked from either side.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::LegId;

/// Pairs of a leg and something that matters to it: a host, or a host's name.
#[derive(Debug)]
pub(crate) struct LegIndex<K> {
    legs: BTreeMap<K, BTreeSet<LegId>>,
    keys: BTreeMap<LegId, BTreeSet<K>>,
}

impl<K> Default for LegIndex<K> {
    fn default() -> Self {
        Self { legs: BTreeMap::new(), keys: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> LegIndex<K> {
    pub(crate) fn add(&mut self, leg: LegId, key: K) {
        self.legs.entry(key.clone()).or_default().insert(leg);
        self.keys.entry(leg).or_default().insert(key);
    }

    /// Removes all that the leg points at, and returns it.
    pub(crate) fn forget(&mut self, leg: LegId) -> BTreeSet<K> {
        let keys = self.keys.remove(&leg).unwrap_or_default();
        for key in &keys {
            if let Some(legs) = self.legs.get_mut(key) {
                legs.remove(&leg);
                if legs.is_empty() {
                    self.legs.remove(key);
                }
            }
        }
        keys
    }

    /// The legs that point at a key.
    pub(crate) fn legs_of<Q: Ord + ?Sized>(&self, key: &Q) -> impl Iterator<Item = LegId>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.legs.get(key).into_iter().flatten().copied()
    }

    /// Whether any leg points at it.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.legs.contains_key(key)
    }

    /// All that is pointed at, each with its legs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &BTreeSet<LegId>)> {
        self.legs.iter()
    }
}
