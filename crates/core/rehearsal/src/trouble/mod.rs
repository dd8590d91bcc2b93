//! What goes wrong in a story, and when.

mod hosts;
mod lies;
mod messages;
mod past;
pub(crate) mod people;

use std::time::Duration;

use reprise_lab::{Action, Fault, FaultScope};
use reprise_model::Hold;

use crate::lies::Liar;
use crate::scene::{Scene, once_in};
use people::Person;

/// One thing that goes wrong, or that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Somebody or something does this to the site.
    Happens(Action),
    /// A fault of messages, jobs or rows stands from now on, for so many times.
    Fault { fault: Fault, scope: FaultScope, count: u32 },
    /// A person sets a hold. Runs that begin later know of it.
    Hold(Hold),
    /// A run begins.
    Begin(usize),
    /// A host lies from now on.
    Lies(Liar),
    /// A run is killed.
    Kill(usize),
}

/// It, with its time.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    pub(crate) trouble: Trouble,
}

/// What goes wrong, in the order of its times.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<Scheduled>);

impl Script {
    pub(crate) fn add(&mut self, at: Duration, trouble: Trouble) {
        let place = self.0.partition_point(|other| other.at <= at);
        self.0.insert(place, Scheduled { at, trouble });
    }

    /// All of it happens so much later.
    fn shift(&mut self, by: Duration) {
        for scheduled in &mut self.0 {
            scheduled.at += by;
        }
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.0.first().map(|next| next.at)
    }

    pub(crate) fn next(&mut self) -> Option<Scheduled> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }
}

/// A span of milliseconds.
pub(crate) fn within(chance: &mut fastrand::Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(chance.u64(from..=to))
}

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
    script.shift(later);
    for scheduled in past.0 {
        script.add(scheduled.at, scheduled.trouble);
    }
    script
}
