//! Who lies, and how.

use super::people::Person;
use super::script::{Script, Trouble, within};
use crate::lies::{Liar, Lie};
use crate::scene::once_in;

/// Another host's name, or one that nobody bears.
fn name(chance: &mut fastrand::Rng, hosts: &[String]) -> String {
    let unknown = "hv02.elsewhere.test".to_owned();
    if once_in(chance, 4) { unknown } else { chance.choice(hosts).cloned().unwrap_or(unknown) }
}

pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, hosts: &[String], people: &[Person]) {
    for _ in 0..chance.usize(1..=2) {
        let place = chance.usize(0..hosts.len());
        let lie = match chance.u8(0..5) {
            0 => {
                let name = name(chance, hosts);
                let (label, domain) = name.split_once('.').unwrap_or((&name, ""));
                Lie::Name { label: label.to_owned(), domain: domain.to_owned() }
            }
            1 | 2 => {
                let (Some(own), Some(other)) = (chance.choice(people), chance.choice(people)) else { return };
                Lie::Guid { own: own.id, other: other.id }
            }
            3 => Lie::Receiver,
            _ => Lie::Peer(name(chance, hosts)),
        };
        let at = if chance.bool() { std::time::Duration::ZERO } else { within(chance, 0, 30_000) };
        script.add(at, Trouble::Lies(Liar { place, lie }));
    }
}
