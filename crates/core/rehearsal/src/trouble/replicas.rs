//! Replicas that stop by themselves, with the record that says so: a VM's replica whose host sends it on to a third one, and
//! that was stopped together with that. And people who leave its sender alone meanwhile.

use reprise_lab::{Action, InFlight, Kind, LegEnd, Setting, Start};

use super::people::Person;
use super::script::{Script, Trouble, within};
use crate::scene::once_in;

/// States in which a sender is left alone: prepared for a failover, resynchronizing, paused.
const LEFT: [u16; 3] = [4, 10, 7];

pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, people: &[Person], hosts: &[String]) {
    let Some(host) = chance.choice(hosts).filter(|_| people.iter().any(|whose| whose.extended)).cloned() else {
        return;
    };
    // If extended legs end there, they break: the host that sends them, which holds the replicas, records it.
    let down = within(chance, 0, 4_000);
    script.add(down, Trouble::Happens(Action::Shutdown { host: host.clone(), in_flight: InFlight::All }));
    let up = down + within(chance, 500, 8_000);
    script.add(up, Trouble::Happens(Action::Boot { host, vmms: Start::default() }));
    for whose in people.iter().filter(|whose| whose.extended) {
        let set = |side, state| {
            let settings = vec![Setting::State(state)];
            Trouble::Happens(Action::Set { vm: whose.id.to_string(), leg: Kind::Simple, side, settings })
        };
        let stops = down + within(chance, 0, 10_000);
        script.add(stops, set(LegEnd::Receiver, 8));
        if once_in(chance, 2) {
            let state = chance.choice(LEFT).unwrap_or(7);
            script.add(stops + within(chance, 0, 20_000), set(LegEnd::Sender, state));
        }
    }
}
