//! What goes wrong in a story, and when.

use std::time::Duration;

use reprise_lab::{Command, InFlight, Kind, Side, Start};

/// A command that somebody or something gives to the site at a time.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    pub(crate) command: Command,
}

/// The time in which faults happen. After it everything is switched on again and left alone.
pub(crate) const TROUBLED: Duration = Duration::from_secs(45);

/// Milliseconds up to a limit.
fn within(chance: &mut fastrand::Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(chance.u64(from..=to))
}

/// The faults of one story, in the order of their times: both hosts are shut down with data on its way and boot in either
/// order, and a person pauses, resumes, fails over or takes a failover back at any instant.
pub(crate) fn script(chance: &mut fastrand::Rng, hosts: usize, vms: usize) -> Vec<Scheduled> {
    let mut script = Vec::new();
    let host = |index: usize| format!("hv{:02}.lab.test", index + 1);
    let vm = |index: usize| format!("vm-{:03}", index + 1);
    let mut add = |at, command| script.push(Scheduled { at, command });
    for index in 0..hosts {
        if chance.f64() < 0.8 {
            let down = within(chance, 0, 8_000);
            let in_flight = if chance.bool() { InFlight::All } else { InFlight::First(chance.usize(0..4)) };
            add(down, Command::Shutdown { host: host(index), in_flight });
            let slow = chance.bool().then(|| within(chance, 0, 6_000));
            add(
                down + within(chance, 500, 25_000),
                Command::Boot { host: host(index), vmms: Start { ready_after: slow, ..Start::default() } },
            );
        }
    }
    for _ in 0..chance.usize(0..12) {
        let at = within(chance, 0, 40_000);
        let vm = vm(chance.usize(0..vms));
        let leg = Kind::Simple;
        let side = if chance.u8(0..4) == 0 { Side::Receiver } else { Side::Sender };
        add(
            at,
            match chance.u8(0..8) {
                0..=2 => Command::Pause { vm, leg, side },
                3..=5 => Command::Resume { vm, leg, side },
                6 => Command::Failover { vm, leg },
                _ => Command::Revert { vm, leg },
            },
        );
    }
    script.sort_by_key(|scheduled| scheduled.at);
    script
}

/// What becomes of one Invoke on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes through.
    Arrives,
    /// It is lost before it reaches the host.
    LostBefore,
    /// The host acts, and its answer is lost.
    LostAfter,
}

pub(crate) fn fate(chance: &mut fastrand::Rng) -> Fate {
    match chance.u8(0..20) {
        0 => Fate::LostBefore,
        1 | 2 => Fate::LostAfter,
        _ => Fate::Arrives,
    }
}
