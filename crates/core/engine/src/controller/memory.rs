//! What survives a restart: taken down at any time, and restored from.

use reprise_model::Now;

use super::Controller;
use crate::setup::Setup;
use crate::snapshot::{LegMemory, Snapshot};

impl Controller {
    /// One that begins now and remembers what another one knew.
    pub fn restore(setup: Setup, snapshot: Snapshot, now: Now) -> Self {
        let mut controller = Self::new(setup, now);
        controller.epoch = snapshot.epoch + 1;
        controller.remembered = snapshot.legs;
        controller.setup.policy.frozen |= snapshot.frozen;
        controller
    }

    /// What must survive a restart: what may be under way, what was tried, and what was seen to begin.
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let mut legs = self.remembered.clone();
        for (id, watch) in &self.legs {
            match legs.get_mut(id) {
                // What was guessed of it says nothing newer.
                Some(memory) => memory.told = watch.told.iter().copied().collect(),
                None => legs.extend(LegMemory::of(watch, now).map(|memory| (*id, memory))),
            }
        }
        Snapshot { epoch: self.epoch, frozen: self.setup.policy.frozen, legs }
    }
}
