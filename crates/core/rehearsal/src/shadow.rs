//! What must be true whatever goes wrong, kept beside the engine and never taken from it.

use std::collections::{BTreeMap, BTreeSet};

use cim::{Request, Row};
use reprise_engine::{LegResult, Report};
use reprise_lab::view;
use reprise_model::{Act, ActId, HostId, VmId};

/// Most acts that may be under way on one host (the policy's default).
const PER_HOST: usize = 6;

/// The shadow of one pass.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    /// VMs that a hold covers.
    held: BTreeSet<VmId>,
    /// What the look under way at each host was shown so far.
    looking: BTreeMap<HostId, Shown>,
    /// Senders' states and receivers' states as the engine was told last.
    senders: BTreeMap<VmId, u16>,
    receivers: BTreeMap<VmId, u16>,
    /// VMs whose sender was paused when the engine was first told of it.
    paused_at_first: BTreeSet<VmId>,
    /// The true state when an act read it.
    read: BTreeMap<ActId, u16>,
    invoked: BTreeSet<ActId>,
    under_way: BTreeMap<HostId, usize>,
}

/// What is broken.
pub(crate) type Broken = String;

/// What one look was shown: VMs, and the states of their first relationships.
#[derive(Debug, Default)]
struct Shown {
    vms: BTreeSet<VmId>,
    states: BTreeMap<VmId, u16>,
}

/// The VM of a relationship's key.
fn vm_of(instance_id: &str) -> Option<VmId> {
    instance_id.strip_prefix("Microsoft:")?.strip_suffix(r"\HVR\0")?.parse().ok()
}

impl Shadow {
    /// The shadow of a pass that begins.
    pub(crate) fn new(held: impl Iterator<Item = VmId>) -> Self {
        Self { held: held.collect(), ..Self::default() }
    }

    /// A look was shown rows of a class.
    pub(crate) fn look_shown(&mut self, host: HostId, class: &str, rows: &[Row]) {
        let shown = self.looking.entry(host).or_default();
        let text = |row: &Row, name: &str| row.get::<String>(name).unwrap_or_default();
        match class {
            "Msvm_ComputerSystem" => shown.vms = rows.iter().filter_map(|row| text(row, "Name").parse().ok()).collect(),
            "Msvm_ReplicationRelationship" => {
                let state =
                    |row: &Row| Some((vm_of(&text(row, "InstanceID"))?, row.get::<u16>("ReplicationState").ok()?));
                shown.states = rows.iter().filter_map(state).collect();
            }
            _ => {}
        }
    }

    /// The engine is told of a look. Whose end the host holds follows from the site.
    pub(crate) fn told(&mut self, host: HostId, world: &view::World, name: &str) {
        let Some(shown) = self.looking.remove(&host) else { return };
        for (vm, state) in shown.states.into_iter().filter(|(vm, _)| shown.vms.contains(vm)) {
            let sends =
                world.vms.iter().any(|own| VmId::new(own.vm_id) == vm && own.legs.iter().any(|leg| leg.sender == name));
            if !sends {
                self.receivers.insert(vm, state);
            } else if self.senders.insert(vm, state).is_none() && state == 7 {
                self.paused_at_first.insert(vm);
            }
        }
    }

    /// The engine wants an act.
    pub(crate) fn planned(&mut self, act: &Act) -> Result<(), Broken> {
        let vm = act.leg.vm;
        if self.held.contains(&vm) {
            return Err(format!("an act against a hold: {vm}"));
        }
        let expected = act.expected_state.number();
        if expected != 8 && !(expected == 7 && self.paused_at_first.contains(&vm)) {
            return Err(format!("an act on {vm} in state {expected}, which was not paused at the first look"));
        }
        if self.senders.get(&vm) != Some(&expected) {
            return Err(format!("an act on {vm} for state {expected}, but {:?} was seen last", self.senders.get(&vm)));
        }
        match self.receivers.get(&vm) {
            Some(2 | 3 | 8) => {}
            other => return Err(format!("an act on {vm} while its receiver was last seen at {other:?}")),
        }
        let under_way = self.under_way.entry(act.host).or_default();
        *under_way += 1;
        if *under_way > PER_HOST {
            return Err(format!("{under_way} acts at once on one host"));
        }
        Ok(())
    }

    /// A request of an act reaches its host.
    pub(crate) fn reached(&mut self, act: &Act, request: &Request, true_state: u16) -> Result<(), Broken> {
        match request {
            Request::Get { .. } => {
                self.read.insert(act.id, true_state);
                Ok(())
            }
            Request::Query { .. } => Ok(()),
            Request::Invoke { .. } => {
                if !self.invoked.insert(act.id) {
                    return Err(format!("act {} was sent twice", act.id.0));
                }
                match self.read.get(&act.id) {
                    Some(state) if *state == act.expected_state.number() => Ok(()),
                    other => Err(format!("act {} was sent although it read {other:?}", act.id.0)),
                }
            }
        }
    }

    /// An act has ended.
    pub(crate) fn ended(&mut self, act: &Act) {
        if let Some(count) = self.under_way.get_mut(&act.host) {
            *count = count.saturating_sub(1);
        }
    }

    /// The report must say what was seen, and give each leg its reason.
    pub(crate) fn reported(&self, report: &Report) -> Result<(), Broken> {
        for leg in &report.legs {
            let seen = self.senders.get(&leg.id.vm).copied();
            let runs = matches!(leg.result, LegResult::Healthy | LegResult::Resumed);
            if runs && seen != Some(3) {
                return Err(format!("{} is reported as {:?}, and was last seen at {seen:?}", leg.vm, leg.result));
            }
            if leg.after.map(reprise_model::ReplicationState::number) != seen {
                return Err(format!("{} is reported at {:?}, and was last seen at {seen:?}", leg.vm, leg.after));
            }
            if leg.detail.is_empty() || (leg.result == LegResult::Failed && leg.error.is_none()) {
                return Err(format!("{} is reported without a reason", leg.vm));
            }
        }
        Ok(())
    }
}
