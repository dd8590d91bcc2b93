//! What goes wrong in a story, and when.

mod attacks;
mod hosts;
mod lies;
mod messages;
mod past;
pub(crate) mod people;
mod replicas;
mod script;

use std::time::Duration;

use crate::scene::{Scene, once_in};
#[cfg(test)]
pub(crate) use attacks::attack;
use people::Person;
use script::within;
pub(crate) use script::{Script, Trouble};

/// The whole trouble of one story. Each kind is there or not by itself, so that stories differ in more than their times.
pub(crate) fn script(chance: &mut fastrand::Rng, scene: &Scene, hosts: &[String], people: &[Person]) -> Script {
    let mut script = Script::default();
    let later = if once_in(chance, 6) { past::add(&mut script, chance, people, hosts) } else { Duration::ZERO };
    let past = std::mem::take(&mut script);
    hosts::add(&mut script, chance, hosts);
    people::add(&mut script, chance, people, hosts);
    messages::add(&mut script, chance, hosts, people);
    if scene.logs_fail {
        messages::add_logs(&mut script, chance, hosts);
    }
    if once_in(chance, 3) {
        replicas::add(&mut script, chance, people, hosts);
    }
    if scene.lies {
        lies::add(&mut script, chance, hosts, people);
    }
    for run in 0..scene.asked.len() {
        let begins = within(chance, 0, 15_000);
        script.add(begins, Trouble::Begin(run));
        if once_in(chance, 3) {
            let killed = begins + within(chance, 0, 30_000);
            script.add(killed, Trouble::Kill(run));
            script.add(killed + within(chance, 0, 5_000), Trouble::Begin(run));
        }
    }
    attacks::add(&mut script, &mut fastrand::Rng::with_seed(!scene.spec.seed), hosts);
    script.shift(later);
    for scheduled in past.0 {
        script.add(scheduled.at, scheduled.trouble);
    }
    script
}
