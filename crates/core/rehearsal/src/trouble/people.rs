//! What people do to VMs, at any instant.

use reprise_lab::{Action, Kind, LegEnd, Setting};
use reprise_model::{Hold, HoldScope, HostName, Timestamp, VmId, VmSelector};
use uuid::Uuid;

use super::script::{Script, Trouble, within};
use crate::scene::once_in;

/// A VM that people may do something to.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: VmId,
    pub(crate) name: String,
    pub(crate) extended: bool,
    /// A host that it is on.
    pub(crate) host: String,
}

/// Another program's provider, by its GUID.
const OTHER_PROVIDER: Uuid = Uuid::from_u128(0x7d1c_a3d4_2a67_4c1f_9f0e_0c6c_2f5c_77aa);

/// Something that a person does to a VM.
pub(crate) fn operator_action(chance: &mut fastrand::Rng, whose: &Person, hosts: &[String]) -> Action {
    let vm = whose.id.to_string();
    let leg = if whose.extended && chance.bool() { Kind::Extended } else { Kind::Simple };
    let side = if once_in(chance, 4) { LegEnd::Receiver } else { LegEnd::Sender };
    match chance.u8(0..26) {
        0..=4 => Action::Pause { vm, leg, side },
        5..=9 => Action::Resume { vm, leg, side },
        10 | 11 => Action::Failover { vm, leg },
        12 => Action::Commit { vm, leg },
        13 => Action::Revert { vm, leg },
        14 => Action::TestFailover { vm, leg },
        15 => Action::Prepare { vm, leg },
        16 | 17 => Action::Reverse { vm, leg },
        18 => Action::Resync { vm, leg, after: once_in(chance, 3).then(|| within(chance, 0, 20_000)) },
        19 => rename(chance, vm, leg, side),
        20 | 21 => match chance.choice(hosts) {
            Some(to) => Action::Move { vm, leg, side, to: to.clone() },
            None => Action::Remove { vm, leg, side: None },
        },
        22 => Action::Remove { vm, leg, side: None },
        23 => Action::Backup { vm, leg, lasts: within(chance, 0, 30_000) },
        _ => Action::Set { vm, leg, side, settings: odd_settings(chance, side, hosts) },
    }
}

/// Another name, at one end or at all; now and then one that another VM may bear.
fn rename(chance: &mut fastrand::Rng, vm: String, leg: Kind, side: LegEnd) -> Action {
    let to = if chance.bool() { "web".to_owned() } else { format!("renamed-{}", chance.u8(..)) };
    Action::Rename { vm, leg, side: chance.bool().then_some(side), to }
}

/// What no other action leads to: states in which nobody may touch a leg, and others.
fn odd_settings(chance: &mut fastrand::Rng, side: LegEnd, hosts: &[String]) -> Vec<Setting> {
    let states = [1, 4, 5, 6, 8, 9, 10, 11, 11, 12, 15, 16, 17, 21, 99];
    match (chance.u8(0..17), side) {
        (10 | 11, _) => vec![Setting::RecoveryHost(called(chance, hosts))],
        (12, LegEnd::Sender) => vec![Setting::RecoveryHost(String::new())],
        (12 | 13, _) => {
            let primary = called(chance, hosts);
            vec![Setting::PrimaryHost(primary.clone()), Setting::PrimaryPoint(primary)]
        }
        (0, _) => vec![Setting::Running(true)],
        (9, _) | (14..=16, LegEnd::Receiver) => {
            vec![Setting::Enabled(chance.choice([0, 1, 3, 5, 7, 10, 32_769, 32_771]).unwrap_or(0))]
        }
        (1, LegEnd::Receiver) => vec![Setting::Mode(if chance.bool() { 1 } else { 3 })],
        (2, _) => vec![Setting::Provider(OTHER_PROVIDER)],
        (3, _) => vec![Setting::NeverReplicated],
        (4, _) => vec![Setting::FailedOverType(1)],
        (5, _) => vec![Setting::NeverReplicated, Setting::State(2)],
        (_, _) => vec![Setting::State(chance.choice(states).unwrap_or(8))],
    }
}

/// A host as somebody may call it: by its full name, or by its first label in capitals.
fn called(chance: &mut fastrand::Rng, hosts: &[String]) -> String {
    let name = chance.choice(hosts).cloned().unwrap_or_default();
    if chance.bool() { name } else { name.split('.').next().unwrap_or(&name).to_uppercase() }
}

/// A hold on a VM, by identity or by name, on its host, or on everything; for some time or for ever.
fn hold(chance: &mut fastrand::Rng, whose: &Person) -> Hold {
    let scope = match chance.u8(0..8) {
        0 => HoldScope::All,
        1 | 6 | 7 => {
            HostName::new(&called(chance, std::slice::from_ref(&whose.host))).map_or(HoldScope::All, HoldScope::Host)
        }
        2 | 3 => HoldScope::Vm(VmSelector::Name(whose.name.clone())),
        _ => HoldScope::Vm(VmSelector::Id(whose.id)),
    };
    let until = once_in(chance, 3).then(|| Timestamp(chance.i64(0..60_000)));
    Hold { scope, reason: "rehearsal".to_owned(), until, only_this_pass: once_in(chance, 3) }
}

pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, people: &[Person], hosts: &[String]) {
    let most = if once_in(chance, 3) { 0 } else { 14 };
    for _ in 0..chance.usize(0..=most) {
        let Some(whose) = chance.choice(people) else { return };
        let at = within(chance, 0, 45_000);
        let operator_action = operator_action(chance, whose, hosts);
        script.add(at, Trouble::Happens(operator_action));
    }
    let most = if once_in(chance, 3) { 0 } else { 3 };
    for _ in 0..chance.usize(0..=most) {
        let Some(whose) = chance.choice(people) else { return };
        let at = if chance.bool() { std::time::Duration::ZERO } else { within(chance, 0, 30_000) };
        script.add(at, Trouble::Hold(hold(chance, whose)));
    }
}
