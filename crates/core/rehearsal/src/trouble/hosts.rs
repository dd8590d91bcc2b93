//! Hosts that go down and come up, their VMMS, their clocks, and the paths to them and between them.

use reprise_lab::{Action, InFlight, Management, Start};

use super::script::{Script, Trouble, within};
use crate::scene::once_in;

fn slow(chance: &mut fastrand::Rng) -> Start {
    let starts_after = once_in(chance, 3).then(|| within(chance, 0, 10_000));
    let ready_after = chance.bool().then(|| starts_after.unwrap_or_default() + within(chance, 0, 15_000));
    Start { starts_after, ready_after, logins_after: None }
}

/// Every host in either order: down, by a shutdown or a power cut, and up again, with a VMMS that may be slow; and what
/// else befalls hosts.
pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, hosts: &[String]) {
    let (shutdowns, cuts, services) = (!once_in(chance, 5), once_in(chance, 4), once_in(chance, 3));
    let (clocks, managements, links) = (once_in(chance, 3), once_in(chance, 3), once_in(chance, 3));
    for host in hosts {
        let down = within(chance, 0, 12_000);
        let up = down + within(chance, 500, 25_000);
        let ends = |action| Trouble::Happens(action);
        if shutdowns && chance.f64() < 0.8 {
            let in_flight = match chance.u8(0..4) {
                0 | 1 => InFlight::All,
                2 => InFlight::First(chance.usize(0..4)),
                _ => InFlight::Real,
            };
            script.add(down, ends(Action::Shutdown { host: host.clone(), in_flight }));
            script.add(up, ends(Action::Boot { host: host.clone(), vmms: slow(chance) }));
        }
        if cuts && chance.bool() {
            let cut = within(chance, 0, 30_000);
            script.add(cut, ends(Action::PowerCut { host: host.clone() }));
            let vmms = slow(chance);
            script.add(cut + within(chance, 500, 15_000), ends(Action::Boot { host: host.clone(), vmms }));
        }
        if services && chance.bool() {
            let stop = within(chance, 0, 30_000);
            script.add(stop, ends(Action::VmmsStop { host: host.clone() }));
            let vmms = slow(chance);
            script.add(stop + within(chance, 200, 12_000), ends(Action::VmmsStart { host: host.clone(), vmms }));
        }
        if clocks && chance.bool() {
            let offset_s = chance.i64(-3_600..=3_600);
            let at = if chance.bool() { std::time::Duration::ZERO } else { within(chance, 0, 40_000) };
            script.add(at, ends(Action::Clock { host: host.clone(), offset_s }));
        }
        if managements && chance.bool() {
            let mode = if chance.bool() { Management::Refuse } else { Management::Blackhole };
            let at = within(chance, 0, 30_000);
            script.add(at, ends(Action::Management { host: host.clone(), mode }));
            let up = Action::Management { host: host.clone(), mode: Management::Up };
            script.add(at + within(chance, 500, 25_000), ends(up));
        }
    }
    for (a, b) in hosts.iter().zip(hosts.iter().skip(1)).filter(|_| links) {
        let at = within(chance, 0, 30_000);
        script.add(at, Trouble::Happens(Action::CutLink { a: a.clone(), b: b.clone() }));
        let delay = chance.bool().then(|| within(chance, 0, 5_000));
        let heal = Action::HealLink { a: a.clone(), b: b.clone(), delay };
        script.add(at + within(chance, 500, 30_000), Trouble::Happens(heal));
    }
}
