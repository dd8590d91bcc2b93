//! Hosts that attack who asks them: with the first answer or later, in each way that the lab knows, to the story's end or for a
//! while.

use reprise_lab::{Attack, Break, Fault, FaultScope, MessageKind};

use super::script::{Script, Trouble, within};
use crate::scene::once_in;

/// More answers than any story asks for.
const WITHOUT_END: u32 = u32::MAX;

/// A way to attack, at some host.
pub(crate) fn attack(how: Attack, on: Option<MessageKind>, host: &str) -> Trouble {
    let scope = FaultScope { host: Some(host.to_owned()), vm: None };
    Trouble::Fault { fault: Fault::Break { how: Break::Attack(how), on }, scope, count: WITHOUT_END }
}

/// Adds the attacks of one host or two. `chance` is of its own, so that stories without attacks stay what they are.
pub(super) fn add(script: &mut Script, chance: &mut fastrand::Rng, hosts: &[String]) {
    if !once_in(chance, 6) {
        return;
    }
    for _ in 0..chance.usize(1..=2) {
        let Some(host) = chance.choice(hosts) else { return };
        let how = chance.choice(Attack::ALL).unwrap_or(Attack::Rows);
        let kinds = [MessageKind::Get, MessageKind::Enumerate, MessageKind::Invoke, MessageKind::Subscribe];
        let on = chance.bool().then(|| chance.choice(kinds)).flatten();
        let at = if chance.bool() { std::time::Duration::ZERO } else { within(chance, 0, 40_000) };
        let mut trouble = attack(how, on, host);
        if let Trouble::Fault { count, .. } = &mut trouble
            && chance.bool()
        {
            *count = chance.u32(1..=20);
        }
        script.add(at, trouble);
    }
}
