//! What survives a restart: taken down at any time, as a whole or as news, and restored from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reprise_model::{LegId, Now, Timestamp};

use super::Controller;
use crate::setup::Setup;
use crate::snapshot::{LegMemory, Snapshot};

/// The end of a wait is computed from two clocks, so that it moves by what they are rounded to and by what a time service corrects.
/// Less than this is no news: no wait is that exact.
const CORRECTION_MAX: Duration = Duration::from_secs(1);

/// What is known to the caller who keeps what is to be remembered.
#[derive(Debug, Default)]
pub(super) struct Kept {
    legs: BTreeMap<LegId, LegMemory>,
    /// Legs of which that may not be true any more.
    changed: BTreeSet<LegId>,
}

impl Kept {
    /// Notes that something else may be to be remembered of a leg.
    pub(super) fn may_differ(&mut self, id: LegId) {
        self.changed.insert(id);
    }

    /// What the caller is told of a leg of which this is to be remembered now; `None` if that is known.
    fn told(&mut self, id: LegId, memory: Option<LegMemory>) -> Option<(LegId, Option<LegMemory>)> {
        if is_the_same(memory.as_ref(), self.legs.get(&id), CORRECTION_MAX) {
            return None;
        }
        match &memory {
            Some(memory) => self.legs.insert(id, memory.clone()),
            None => self.legs.remove(&id),
        };
        Some((id, memory))
    }
}

impl Controller {
    /// One that begins now and remembers what another one knew. Its first news tell what differs from that.
    pub fn restore(setup: Setup, snapshot: Snapshot, now: Now) -> Self {
        let mut controller = Self::new(setup, now);
        controller.epoch = snapshot.epoch + 1;
        controller.kept.legs = snapshot.legs.clone();
        controller.remembered = snapshot.legs;
        controller.setup.policy.frozen |= snapshot.frozen;
        controller
    }

    /// What must survive a restart: what may be under way, what was tried, and what was seen to begin.
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let ids: BTreeSet<LegId> = self.legs.keys().chain(self.remembered.keys()).copied().collect();
        let legs = ids.into_iter().filter_map(|id| Some((id, self.memory_of(id, now)?))).collect();
        Snapshot { epoch: self.epoch, frozen: self.setup.policy.frozen, legs }
    }

    /// What is to be remembered of legs since the last call, in place of what was told of them before: nothing any more if `None`.
    /// All of it together is what [`Self::snapshot`] has of legs. Its cost is that of the legs that were judged or acted on.
    ///
    /// The news after an event belong to the effects that [`Self::handle`] returned for it: an act that is to be written down is open
    /// in them. A shell that makes them durable before it answers [`crate::Event::Intended`] loses none that matters: of an act that
    /// is carried out but stands only as intended, the next life doubts a little more whose doing it is that the leg runs.
    pub fn news(&mut self, now: Now) -> Vec<(LegId, Option<LegMemory>)> {
        let changed = std::mem::take(&mut self.kept.changed);
        let memories = changed.into_iter().map(|id| (id, self.memory_of(id, now))).collect::<Vec<_>>();
        memories.into_iter().filter_map(|(id, memory)| self.kept.told(id, memory)).collect()
    }

    /// What is to be remembered of one leg now. As long as it is only guessed, that is what an earlier life remembered, but for what
    /// people were told: a guess says nothing newer.
    fn memory_of(&self, id: LegId, now: Now) -> Option<LegMemory> {
        match (self.remembered.get(&id), self.legs.get(&id)) {
            (Some(earlier), Some(watch)) => {
                Some(LegMemory { told: watch.told.iter().copied().collect(), ..earlier.clone() })
            }
            (Some(earlier), None) => Some(earlier.clone()),
            (None, watch) => LegMemory::of(watch?, now),
        }
    }

    /// A leg of which something else is to be remembered than its keeper knows, and nobody noted that.
    pub(super) fn untold_memory(&self, now: Now) -> Option<LegId> {
        let ids = self.legs.keys().chain(self.remembered.keys()).chain(self.kept.legs.keys());
        let mut unchanged = ids.filter(|id| !self.kept.changed.contains(id));
        let is_known =
            |id: LegId| is_the_same(self.memory_of(id, now).as_ref(), self.kept.legs.get(&id), Duration::MAX);
        unchanged.find(|id| !is_known(**id)).copied()
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

#[cfg(test)]
mod tests {
    use reprise_model::{HostId, ReplicationState as S};

    use super::*;
    use crate::exchange::{Effect, Event};
    use crate::sample::{look, now, setup};

    #[test]
    fn news_cost_as_much_as_the_legs_that_were_judged_or_acted_on() {
        let mut controller = Controller::new(setup(2), now(0.0));
        let (mut states, mut effects) = ([S::Replicating; 50], Vec::new());
        states[7] = S::Error;
        for (seconds, host) in [(0.0, 0), (0.0, 1), (1.0, 0), (1.0, 1)] {
            let seen = if host == 0 { look(0, &states) } else { look(1, &[S::Replicating; 50]) };
            let looked = Event::Looked { host: HostId(host), started: now(seconds).mono, observation: Box::new(seen) };
            effects.extend(controller.handle(now(seconds + 0.1), looked));
        }
        let intended = |effect| if let Effect::Intend(act) = effect { Some(act) } else { None };
        let act = effects.into_iter().find_map(intended).expect("one leg is broken");
        let told: Vec<LegId> = controller.news(now(1.2)).into_iter().map(|(leg, _)| leg).collect();
        assert_eq!((told, controller.news(now(1.2))), (vec![act.leg], vec![]), "of what runs nothing is remembered");
        controller.handle(now(1.3), Event::Intended(act.id));
        assert_eq!(controller.kept.changed, BTreeSet::from([act.leg]));
    }
}
