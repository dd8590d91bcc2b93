//! Messages that are lost, refused or late, jobs that go wrong, rows that cannot be read, rights that are missing.

use reprise_lab::{Action, Break, EventLog, Fault, FaultScope, JobFault, LogFault, MessageKind, RowOf};

use super::people::Person;
use super::script::{Script, Trouble, within};
use crate::scene::once_in;
use crate::wire::{PROVIDER_LOAD_FAILURE, RPC_SERVER_UNAVAILABLE};

/// Codes with which jobs fail: Hyper-V's own, and such that it does not have.
const CODES: [u32; 8] = [32_768, 32_770, 32_773, 32_774, 32_775, 32_779, 1, 0];

/// Numbers with which WMI fails while it starts, stops or has too much to do, and whether a method may have been carried
/// out before: 9 of the reference, and RPC's own.
const FAILURES: [(u32, bool); 7] = [
    (RPC_SERVER_UNAVAILABLE, false),
    (PROVIDER_LOAD_FAILURE, false),
    (0x8007_06BE, true),
    (0x8004_1001, true),
    (0x8004_1004, true),
    (0x8004_1033, true),
    (0x8004_106C, true),
];

fn failure(chance: &mut fastrand::Rng) -> Break {
    let (code, may_be_done) = chance.choice(FAILURES).unwrap_or((0x8004_1001, true));
    Break::Fails { code, done: may_be_done && chance.bool() }
}

fn message(chance: &mut fastrand::Rng) -> Fault {
    let hows = [
        Break::Busy,
        Break::DropBefore,
        Break::Reset,
        Break::DropAfter,
        Break::DropAfter,
        Break::HalfClose,
        Break::Garbage,
        Break::Empty,
    ];
    let how = if once_in(chance, 3) { failure(chance) } else { chance.choice(hows).unwrap_or(Break::DropAfter) };
    let on = match chance.u8(0..5) {
        0 => None,
        1 => Some(MessageKind::Enumerate),
        2 => Some(MessageKind::Get),
        _ => Some(MessageKind::Invoke),
    };
    Fault::Break { how, on }
}

fn job(chance: &mut fastrand::Rng) -> Fault {
    Fault::Job(match chance.u8(0..6) {
        0 => JobFault::Hang,
        1 | 2 => JobFault::Gone,
        3 | 4 => JobFault::Fail { code: chance.choice(CODES).unwrap_or(32_775) },
        _ => JobFault::FlipBack { after: within(chance, 0, 15_000), why: None },
    })
}

/// What goes wrong with event logs and the messages that read them.
fn log(chance: &mut fastrand::Rng) -> Fault {
    match chance.u8(0..10) {
        0 => Fault::DenyEvents,
        1 | 2 => Fault::Log(LogFault::Slow { delay: within(chance, 100, 6_000) }),
        3 | 4 => Fault::Log(LogFault::Garbled),
        5 | 6 => Fault::Log(LogFault::Loses),
        7 => Fault::Slow { delay: within(chance, 100, 6_000), on: Some(MessageKind::Pull) },
        _ => {
            let on = Some(if chance.bool() { MessageKind::Subscribe } else { MessageKind::Pull });
            let hows = [Break::Busy, Break::DropAfter, Break::Reset, Break::Garbage, Break::Unsupported];
            let how = if chance.bool() { failure(chance) } else { chance.choice(hows).unwrap_or(Break::Busy) };
            Fault::Break { how, on }
        }
    }
}

/// Adds what goes wrong with event logs: faults, and logs that are cleared or wrap.
pub(super) fn add_logs(script: &mut Script, chance: &mut fastrand::Rng, hosts: &[String]) {
    for _ in 0..chance.usize(1..=6) {
        let host = chance.bool().then(|| chance.choice(hosts).cloned()).flatten();
        let at = if chance.bool() { std::time::Duration::ZERO } else { within(chance, 0, 40_000) };
        let fault = log(chance);
        let scope = FaultScope { host, vm: None };
        script.add(at, Trouble::Fault { fault, scope, count: chance.u32(1..=20) });
    }
    for host in hosts {
        if once_in(chance, 4) {
            let log = if chance.bool() { EventLog::Vmms } else { EventLog::System };
            let clear = Action::ClearLog { host: host.clone(), log, keep: chance.usize(0..4) };
            script.add(within(chance, 0, 40_000), Trouble::Happens(clear));
        }
    }
}

pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, hosts: &[String], people: &[Person]) {
    let most = if once_in(chance, 4) { 0 } else { 7 };
    for _ in 0..chance.usize(0..=most) {
        let fault = match chance.u8(0..13) {
            0 => Fault::Deny,
            1 if chance.bool() => Fault::Login,
            1 | 2 => Fault::Slow { delay: within(chance, 100, 9_000), on: None },
            3 => Fault::Unreadable(if chance.bool() { RowOf::Relationship } else { RowOf::Vm }),
            4..=6 => job(chance),
            7 => Fault::BusyVm,
            _ => message(chance),
        };
        let host = chance.bool().then(|| chance.choice(hosts).cloned()).flatten();
        let of_vm = matches!(fault, Fault::Job(_) | Fault::Unreadable(_) | Fault::BusyVm) && chance.bool();
        let vm = of_vm.then(|| chance.choice(people).map(|whose| whose.id.to_string())).flatten();
        let at = if chance.bool() { std::time::Duration::ZERO } else { within(chance, 0, 40_000) };
        script.add(at, Trouble::Fault { fault, scope: FaultScope { host, vm }, count: chance.u32(1..=5) });
    }
}
