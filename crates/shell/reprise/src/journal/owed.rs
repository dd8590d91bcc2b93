//! What could not be written yet, within bounds: of a leg the latest memory, of history the latest entries.

use std::collections::{BTreeMap, VecDeque};

use reprise_model::LegId;
use reprise_store::Entry;

/// Maximum number of entries of history that are kept while the store cannot be written: hours of a fleet's incidents.
const HISTORY_MAX: usize = 20_000;

/// Entries that are owed to the store.
#[derive(Default)]
pub(super) struct Owed {
    legs: BTreeMap<LegId, Option<String>>,
    /// Everything else, in order.
    rest: VecDeque<Entry>,
    /// How many entries of history had no room.
    lost: u64,
}

impl Owed {
    pub(super) fn add(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if let Entry::Leg(leg, memory) = entry {
                self.legs.insert(leg, memory);
                continue;
            }
            self.rest.push_back(entry);
            if self.rest.len() > HISTORY_MAX {
                self.drop_oldest_history();
            }
        }
    }

    /// Nothing is remembered of these legs any more, unless something new is.
    pub(super) fn forget(&mut self, legs: impl Iterator<Item = LegId>) {
        for leg in legs {
            self.legs.entry(leg).or_insert(None);
        }
    }

    /// What a later life must know is never dropped.
    fn drop_oldest_history(&mut self) {
        let is_history = |entry: &Entry| {
            matches!(entry, Entry::Happened(_) | Entry::Decided(_) | Entry::Settled { .. } | Entry::Intent(_))
        };
        if let Some(at) = self.rest.iter().position(is_history) {
            self.rest.remove(at);
            self.lost += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.legs.is_empty() && self.rest.is_empty()
    }

    /// All of it, for one more try.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let legs = self.legs.iter().map(|(leg, memory)| Entry::Leg(*leg, memory.clone()));
        legs.chain(self.rest.iter().cloned()).collect()
    }

    /// It was written. Returns how many entries of history had no room.
    pub(super) fn was_written(&mut self) -> u64 {
        let lost = self.lost;
        *self = Self::default();
        lost
    }
}

#[cfg(test)]
mod tests {
    use reprise_model::{LegKind, Timestamp};
    use reprise_store::StoredDecision;

    use super::*;

    fn leg(number: u128) -> LegId {
        let vm = uuid(number).parse().unwrap();
        LegId { vm, kind: LegKind::Simple }
    }

    fn uuid(number: u128) -> String {
        let digits = format!("{number:032x}");
        [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
    }

    fn decided(at: i64) -> Entry {
        let (verdict, reason, facts) = ("none".to_owned(), "replicating".to_owned(), "[]".to_owned());
        Entry::Decided(StoredDecision { at: Timestamp(at), leg: leg(1), verdict, reason, facts })
    }

    #[test]
    fn of_a_leg_the_latest_is_owed_and_of_history_the_latest_entries_and_what_a_later_life_must_know_is_never_lost() {
        let mut owed = Owed::default();
        owed.add(vec![Entry::Frozen(true), Entry::Leg(leg(1), Some("old".to_owned())), Entry::Leg(leg(2), None)]);
        owed.add(vec![Entry::Leg(leg(1), Some("new".to_owned()))]);
        owed.add((0..20_000).map(decided).collect());
        let entries = owed.entries();
        assert_eq!(entries[..2], [Entry::Leg(leg(1), Some("new".to_owned())), Entry::Leg(leg(2), None)]);
        assert_eq!((&entries[2], &entries[3], entries.len()), (&Entry::Frozen(true), &decided(1), 20_002));
        owed.forget([leg(1), leg(3)].into_iter());
        assert_eq!(owed.entries()[..3], [entries[0].clone(), entries[1].clone(), Entry::Leg(leg(3), None)]);
        assert_eq!(owed.was_written(), 1);
        assert!(owed.is_empty() && owed.entries().is_empty());
    }
}
