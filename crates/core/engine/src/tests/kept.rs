//! What somebody keeps who hears the news of a controller, checked against its snapshots.

use std::collections::BTreeMap;

use reprise_model::{LegId, Now, Timestamp};

use super::*;
use crate::{AttemptMemory, LegMemory};

/// It.
#[derive(Default)]
pub(crate) struct Kept {
    legs: BTreeMap<LegId, LegMemory>,
    /// How often something was told.
    pub(crate) told: usize,
}

impl Kept {
    /// What a controller is restored from.
    pub(crate) fn of(snapshot: &crate::Snapshot) -> Self {
        Self { legs: snapshot.legs.clone(), told: 0 }
    }

    /// Takes in the news that go with these effects. All that was told so far is what a snapshot has.
    pub(crate) fn hears(&mut self, controller: &mut Controller, now: Now, effects: &[Effect]) {
        for (id, memory) in controller.news(now) {
            self.told += 1;
            match memory {
                Some(memory) => self.legs.insert(id, memory),
                None => self.legs.remove(&id),
            };
        }
        let untimed = |legs: &BTreeMap<LegId, LegMemory>| legs.clone().into_iter().map(untimed).collect::<Vec<_>>();
        assert_eq!(untimed(&self.legs), untimed(&controller.snapshot(now).legs));
        for effect in effects {
            let Effect::Intend(act) = effect else { continue };
            // Of a person's order nothing is remembered.
            assert!(!controller.is_order_over(act.leg) || self.is_open(act), "{:?}", self.legs.get(&act.leg));
        }
    }

    fn is_open(&self, intended: &Act) -> bool {
        let attempt = self.legs.get(&intended.leg).and_then(|memory| Some(&memory.incident.as_ref()?.attempt));
        let Some(AttemptMemory::MayHaveActed { act, from, only_intended, .. }) = attempt else { return false };
        (*act, *from, *only_intended) == (intended.id, intended.expected_state, true)
    }
}

/// When a wait ends is said by two clocks.
fn untimed((id, mut memory): (LegId, LegMemory)) -> (LegId, LegMemory) {
    for incident in [&mut memory.incident, &mut memory.closed].into_iter().flatten() {
        if let AttemptMemory::BackingOff { not_before, .. } = &mut incident.attempt {
            *not_before = Timestamp(0);
        }
    }
    (id, memory)
}

#[test]
fn of_a_pause_that_is_left_alone_nothing_new_is_told_with_every_look() {
    let mut asked = setup(3);
    (asked.reread_every, asked.patience.silence) = (Some(Duration::from_secs(5)), Duration::from_hours(1));
    asked.policy.paused.at_boot = reprise_model::PausedRule::Leave;
    let mut hosts = pair(&[S::Suspended]);
    hosts.push(unreachable());
    let mut drive = Drive::new(asked, hosts);
    drive.run_to(2.0);
    let told = drive.kept.told;
    drive.run_to(50.0);
    assert!(told > 0 && drive.looks[0] > 8, "{told}, {:?}", drive.looks);
    assert_eq!(drive.kept.told, told);
}
