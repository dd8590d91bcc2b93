//! What happened hours before anybody ran Reprise: a shutdown, and later people who paused what it had stopped. The log still
//! holds records of the one and never of the other.

use std::time::Duration;

use reprise_lab::{Action, InFlight, Kind, LegEnd, Setting, Start};

use super::people::Person;
use super::script::{Script, Trouble, within};
use crate::scene::once_in;

/// Adds it. Returns by how much everything else is delayed.
pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, people: &[Person], hosts: &[String]) -> Duration {
    let later = Duration::from_secs(chance.u64(1_800..10_000));
    let Some(host) = chance.choice(hosts).cloned() else { return Duration::ZERO };
    let down = Duration::from_secs(chance.u64(1..400));
    script.add(down, Trouble::Happens(Action::Shutdown { host: host.clone(), in_flight: InFlight::All }));
    let up = down + Duration::from_secs(chance.u64(5..60));
    script.add(up, Trouble::Happens(Action::Boot { host: host.clone(), vmms: Start::default() }));
    for whose in people {
        // A resynchronization that was begun and paused, or an initial replication that never came to its end.
        let settings = match chance.u8(0..4) {
            0 => vec![Setting::State(11)],
            1 => vec![Setting::State(7)],
            2 => vec![Setting::NeverReplicated, Setting::State(7)],
            _ => continue,
        };
        let vm = whose.id.to_string();
        let at = later.saturating_sub(within(chance, 0, 600_000));
        script.add(at, Trouble::Happens(Action::Set { vm, leg: Kind::Simple, side: LegEnd::Sender, settings }));
    }
    if once_in(chance, 3) {
        // It is restarted once more, with nothing in flight.
        let in_flight = InFlight::None;
        script.add(later, Trouble::Happens(Action::Shutdown { host: host.clone(), in_flight }));
        let up = later + within(chance, 500, 10_000);
        script.add(up, Trouble::Happens(Action::Boot { host, vmms: Start::default() }));
    }
    later
}
