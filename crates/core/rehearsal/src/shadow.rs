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
    /// VMs whose sender was paused when the engine was first told of it, or after a boot since it was told otherwise.
    paused_unseen: BTreeSet<VmId>,
    /// How often the sender's host had booted when the engine was last told that it was not paused.
    ran_at_boot: BTreeMap<VmId, u32>,
    boots: BTreeMap<HostId, u32>,
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
    /// `None` until the relationships were read.
    states: Option<BTreeMap<VmId, u16>>,
    /// How often the host had booted.
    boots: u32,
}

/// The VM of a relationship's key.
fn vm_of(instance_id: &str) -> Option<VmId> {
    instance_id.strip_prefix("Microsoft:")?.strip_suffix(r"\HVR\0")?.parse().ok()
}

fn set(states: &mut BTreeMap<VmId, u16>, vm: VmId, state: Option<u16>) {
    match state {
        Some(state) => states.insert(vm, state),
        None => states.remove(&vm),
    };
}

impl Shadow {
    /// The shadow of a pass that begins.
    pub(crate) fn new(held: impl Iterator<Item = VmId>) -> Self {
        Self { held: held.collect(), ..Self::default() }
    }

    /// A look was shown rows of a class.
    pub(crate) fn look_shown(&mut self, host: HostId, class: &str, rows: &[Row]) {
        let boots = self.boots.get(&host).copied().unwrap_or(0);
        let shown = self.looking.entry(host).or_default();
        shown.boots = boots;
        let text = |row: &Row, name: &str| row.get::<String>(name).unwrap_or_default();
        match class {
            "Msvm_ComputerSystem" => {
                shown.vms = rows.iter().filter_map(|row| text(row, "Name").parse().ok()).collect();
                // Only Server 2012 is asked for the state in the VM's row.
                if rows.iter().any(|row| row.properties.contains("ReplicationState")) {
                    let state = |row: &Row| Some((text(row, "Name").parse().ok()?, row.get("ReplicationState").ok()?));
                    shown.states = Some(rows.iter().filter_map(state).collect());
                }
            }
            "Msvm_ReplicationRelationship" => {
                let state =
                    |row: &Row| Some((vm_of(&text(row, "InstanceID"))?, row.get::<u16>("ReplicationState").ok()?));
                shown.states = Some(rows.iter().filter_map(state).collect());
            }
            _ => {}
        }
    }

    /// A host boots.
    pub(crate) fn booted(&mut self, host: HostId) {
        *self.boots.entry(host).or_default() += 1;
    }

    /// The engine is told of a look. Whose end the host holds follows from the site.
    pub(crate) fn told(&mut self, host: HostId, seen: bool, world: &view::World, name: &str) {
        let Some(shown) = self.looking.remove(&host) else { return };
        let Some(states) = shown.states.filter(|_| seen) else { return };
        for vm in &world.vms {
            let id = VmId::new(vm.vm_id);
            let state = states.get(&id).copied().filter(|_| shown.vms.contains(&id));
            for leg in &vm.legs {
                if leg.sender == name {
                    self.told_of_sender(id, state, shown.boots);
                } else if leg.receiver == name {
                    set(&mut self.receivers, id, state);
                }
            }
        }
    }

    fn told_of_sender(&mut self, vm: VmId, state: Option<u16>, boots: u32) {
        set(&mut self.senders, vm, state);
        match state {
            Some(7) if self.ran_at_boot.get(&vm).is_none_or(|ran| *ran != boots) => {
                self.paused_unseen.insert(vm);
            }
            Some(7) | None => {}
            Some(_) => {
                self.paused_unseen.remove(&vm);
                self.ran_at_boot.insert(vm, boots);
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
        if expected != 8 && !(expected == 7 && self.paused_unseen.contains(&vm)) {
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
