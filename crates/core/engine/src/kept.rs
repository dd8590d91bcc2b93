//! What the keeper of the memory was given, and which legs may differ from that by now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_model::{LegId, Timestamp};

use crate::snapshot::LegMemory;

/// The end of a wait is computed from two clocks, so that it moves by what they are rounded to and by what a time service corrects.
/// Less than this is no news: no wait is that exact.
const CORRECTION_MAX: Duration = Duration::from_secs(1);

/// What was given, by leg.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    legs: BTreeMap<LegId, LegMemory>,
    /// Legs of which that may not be true any more.
    changed: BTreeSet<LegId>,
}

impl Kept {
    /// One who was given this in an earlier life.
    pub(crate) fn of(legs: BTreeMap<LegId, LegMemory>) -> Self {
        Self { legs, changed: BTreeSet::new() }
    }

    /// Notes that something else may be to be remembered of a leg.
    pub(crate) fn may_differ(&mut self, id: LegId) {
        self.changed.insert(id);
    }

    /// The legs that were noted since the last call.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<LegId> {
        std::mem::take(&mut self.changed)
    }

    /// What the keeper is to be given of a leg of which this is to be remembered now; `None` if the keeper has it.
    pub(crate) fn renew(&mut self, id: LegId, memory: Option<LegMemory>) -> Option<(LegId, Option<LegMemory>)> {
        if is_the_same(memory.as_ref(), self.legs.get(&id), CORRECTION_MAX) {
            return None;
        }
        match &memory {
            Some(memory) => self.legs.insert(id, memory.clone()),
            None => self.legs.remove(&id),
        };
        Some((id, memory))
    }

    /// The legs of which something was given.
    pub(crate) fn legs(&self) -> impl Iterator<Item = &LegId> {
        self.legs.keys()
    }

    /// Whether this is to be remembered of a leg, the keeper has something else, and nobody noted that.
    pub(crate) fn is_wrong(&self, id: LegId, memory: Option<&LegMemory>) -> bool {
        !self.changed.contains(&id) && !is_the_same(memory, self.legs.get(&id), Duration::MAX)
    }
}

/// Whether two memories say the same, but for waits whose ends are no further apart than that.
fn is_the_same(new: Option<&LegMemory>, known: Option<&LegMemory>, apart_max: Duration) -> bool {
    let (Some(new), Some(known)) = (new, known) else { return new.is_none() && known.is_none() };
    if new == known {
        return true;
    }
    let ((new, ends), (known, known_ends)) = (new.apart_from_waits(), known.apart_from_waits());
    let is_near = |(one, other): (&Timestamp, &Timestamp)| u128::from(one.0.abs_diff(other.0)) <= apart_max.as_millis();
    new == known && ends.iter().zip(&known_ends).all(is_near)
}
