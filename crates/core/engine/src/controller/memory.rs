//! What survives a restart: taken down at any time, as a whole or as news, and restored from.

use std::collections::BTreeSet;

use reprise_model::{LegId, Now};

use super::Controller;
use crate::kept::Kept;
use crate::setup::Setup;
use crate::snapshot::{LegMemory, Snapshot};

impl Controller {
    /// One that begins now and remembers what another one knew. Its first news tell what differs from that.
    pub fn restore(setup: Setup, snapshot: Snapshot, now: Now) -> Self {
        let mut controller = Self::new(setup, now);
        controller.epoch = snapshot.epoch + 1;
        controller.kept = Kept::of(snapshot.legs.clone());
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

    /// What is to be remembered of legs since the last call, in place of what was given of them before: nothing any more if `None`.
    /// All of it together is what [`Self::snapshot`] has of legs. Its cost is that of the legs that were judged or acted on.
    ///
    /// The news after an event belong to the effects that [`Self::handle`] returned for it: an act that is to be written down is open
    /// in them. They are durable before [`crate::Event::Intended`] is answered. Any others may be lost: of an act that was carried
    /// out and stands only as intended, the next life reads the leg too, and does not take for ours what the leg shows.
    pub fn news(&mut self, now: Now) -> Vec<(LegId, Option<LegMemory>)> {
        let changed = self.kept.take_changed().into_iter().map(|id| (id, self.memory_of(id, now)));
        let memories: Vec<_> = changed.collect();
        memories.into_iter().filter_map(|(id, memory)| self.kept.renew(id, memory)).collect()
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
    pub(super) fn unnoted_memory(&self, now: Now) -> Option<LegId> {
        let mut ids = self.legs.keys().chain(self.remembered.keys()).chain(self.kept.legs()).copied();
        ids.find(|id| self.kept.is_wrong(*id, self.memory_of(*id, now).as_ref()))
    }
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
        assert_eq!(controller.kept.take_changed(), BTreeSet::from([act.leg]));
    }
}
