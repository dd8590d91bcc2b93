//! Joins the rows of a host's classes. Pure: every row is either used or kept with its error, whatever it contains.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use cim::{PropertyError, Row};
use reprise_model::{
    HostName, Problem, RelationshipId, Remedy, Replication, ReplicationMode, ReplicationSettings, ReplicationState,
    Slot, UnreadableObject, Vm, VmId,
};

use crate::class::{Object, relationship, setting_data, virtual_machine};
use crate::problem;

pub(crate) const READ_VMS: &str = "read the VMs (Msvm_ComputerSystem)";
pub(crate) const READ_OBJECTS: &str = "read the replication relationships (Msvm_ReplicationRelationship)";
pub(crate) const READ_SETTINGS: &str = "read the replication settings (Msvm_ReplicationSettingData)";

/// Maximum number of characters of an unknown key that are shown.
const KEY_LENGTH_SHOWN: usize = 80;

/// The rows read so far.
#[derive(Debug, Default)]
pub(crate) struct Join {
    host_row: bool,
    /// The host's name in its own row.
    host_name: Option<HostName>,
    vms: BTreeMap<VmId, VmRow>,
    objects: BTreeMap<RelationshipId, Result<Object, Problem>>,
    settings: BTreeMap<RelationshipId, Result<ReplicationSettings, Problem>>,
    stray: Vec<Problem>,
}

/// A VM's row, as far as it can be read.
#[derive(Debug, PartialEq)]
struct VmRow {
    name: Option<String>,
    mode: Option<ReplicationMode>,
    vm: Result<Vm, Problem>,
}

impl Join {
    /// Returns whether the host's own row was found.
    pub(crate) fn has_host_row(&self) -> bool {
        self.host_row
    }

    /// Returns whether any object is, or may be, in a state other than Disabled.
    pub(crate) fn is_replicated(&self) -> bool {
        self.objects.values().any(|object| object.as_ref().map_or(true, is_live))
    }

    /// Adds a row of `Msvm_ComputerSystem`.
    pub(crate) fn vm(&mut self, row: &Row) {
        match virtual_machine::read(row) {
            Ok(virtual_machine::Kind::Host(name)) => {
                self.host_row = true;
                self.host_name = name;
            }
            Ok(virtual_machine::Kind::Vm(id, read)) => {
                let vm = read.vm.map_err(|error| of_vm(id, &error, READ_VMS));
                let row = VmRow { name: read.name, mode: read.mode, vm };
                match self.vms.entry(id) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(row);
                    }
                    Entry::Occupied(known) if *known.get() == row => {}
                    Entry::Occupied(mut known) => {
                        let vm = Err(twice(id, READ_VMS));
                        known.insert(VmRow { mode: None, vm, ..row });
                    }
                }
            }
            Err(error) => self.stray.push(problem::unreadable(&error, READ_VMS)),
        }
    }

    /// Adds the replication object in a row of `Msvm_ComputerSystem` on Server 2012.
    pub(crate) fn object_in_vm(&mut self, row: &Row) {
        if let Ok(virtual_machine::Kind::Vm(vm, _)) = virtual_machine::read(row)
            && let Some(object) = virtual_machine::object(row)
        {
            let id = RelationshipId { vm, slot: Slot::Zero };
            once(&mut self.objects, id, object.map_err(|error| of_vm(vm, &error, READ_VMS)), READ_VMS);
        }
    }

    /// Adds a row of `Msvm_ReplicationRelationship`.
    pub(crate) fn relationship(&mut self, row: &Row) {
        match relationship::read(row) {
            Ok((id, object)) => {
                let object = object.map_err(|error| of_vm(id.vm, &error, READ_OBJECTS));
                once(&mut self.objects, id, object, READ_OBJECTS);
            }
            Err(relationship::NoKey::Property(error)) => self.stray.push(problem::unreadable(&error, READ_OBJECTS)),
            Err(relationship::NoKey::Form(key)) => {
                let key: String = key.chars().take(KEY_LENGTH_SHOWN).collect();
                let why = format!("the InstanceID `{key}` has an unknown form");
                self.stray.push(problem::odd(READ_OBJECTS, why));
            }
        }
    }

    /// Adds a row of `Msvm_ReplicationSettingData`.
    pub(crate) fn setting(&mut self, read: setting_data::Read) {
        match read {
            (Some(id), Ok(settings)) => once(&mut self.settings, id, Ok(settings), READ_SETTINGS),
            (Some(id), Err(error)) => {
                let problem = of_vm(id.vm, &error, READ_SETTINGS);
                self.stray.push(problem.clone());
                once(&mut self.settings, id, Err(problem), READ_SETTINGS);
            }
            (None, Err(error)) => self.stray.push(problem::unreadable(&error, READ_SETTINGS)),
            (None, Ok(_)) => {}
        }
    }

    /// Returns the host's name as Hyper-V shows it: its own row has the short name, and the settings of a relationship may have
    /// the full name, in the role of this host.
    pub(crate) fn own_name(&self) -> Option<HostName> {
        let own = self.host_name.as_ref()?;
        let named = self.settings.iter().filter_map(|(id, settings)| {
            let settings = settings.as_ref().ok()?;
            match (id.slot, self.vms.get(&id.vm)?.mode?) {
                (Slot::Zero, ReplicationMode::Primary) | (Slot::One, _) => settings.primary_host.as_ref(),
                (Slot::Zero, ReplicationMode::Replica | ReplicationMode::ExtendedReplica) => {
                    settings.recovery_host.as_ref()
                }
                (
                    Slot::Zero,
                    ReplicationMode::None | ReplicationMode::TestReplica | ReplicationMode::Unrecognised(_),
                ) => None,
            }
        });
        let full: BTreeSet<&HostName> = named.filter(|name| own.abbreviates(name)).collect();
        let mut full = full.into_iter();
        // Of two different names, at most one is right.
        let only = full.next().filter(|_| full.next().is_none());
        Some(only.unwrap_or(own).clone())
    }

    /// Returns what the rows say together.
    pub(crate) fn finish(mut self) -> Replication {
        let mut seen =
            Replication { service: true, host_row: self.host_row, stray: self.stray, ..Replication::default() };
        for (id, object) in self.objects {
            let is_primary = id.slot == Slot::Zero
                && self.vms.get(&id.vm).is_some_and(|row| row.mode == Some(ReplicationMode::Primary));
            // A primary that replicates nothing is odd if its other end does; the engine, which sees both, decides.
            let is_idle = object.as_ref().is_ok_and(|object| !is_live(object));
            if is_idle && !is_primary {
                continue;
            }
            let settings = self.settings.remove(&id).unwrap_or_else(|| Err(no_settings())).into();
            let row = self.vms.get(&id.vm);
            match object.and_then(|object| vm_is_clear(id.vm, row).map(|()| object)) {
                Ok(object) => {
                    seen.objects.insert(id, object.with(id, settings));
                }
                Err(problem) => {
                    let (name, mode) = row.map_or((None, None), |row| (row.name.clone(), row.mode));
                    let settings = settings.seen().cloned();
                    seen.unreadable.insert(id, UnreadableObject { name, mode, settings, is_idle, problem });
                }
            }
        }
        let replicated: BTreeSet<VmId> = seen.unreadable.keys().map(|id| id.vm).collect();
        for (id, row) in self.vms {
            match row.vm {
                Ok(vm) => {
                    seen.vms.insert(id, vm);
                }
                Err(_) if replicated.contains(&id) => {}
                Err(problem) => seen.stray.push(problem),
            }
        }
        seen
    }
}

/// Returns whether a replication object is in use. The objects of VMs without replication are Disabled.
fn is_live(object: &Object) -> bool {
    object.state != ReplicationState::Disabled
}

/// Checks that enough is known about an object's VM to decide which end it is and where to act.
fn vm_is_clear(id: VmId, row: Option<&VmRow>) -> Result<(), Problem> {
    match row {
        Some(VmRow { vm: Ok(_), mode: Some(_), .. }) => Ok(()),
        Some(VmRow { vm: Err(problem), .. }) => Err(problem.clone()),
        Some(VmRow { vm: Ok(_), mode: None, .. }) => {
            let why = format!("VM {id} is replicated, but its ReplicationMode is NULL");
            Err(problem::odd(READ_VMS, why))
        }
        None => {
            let why = format!("VM {id} is replicated, but has no row of its own");
            Err(problem::hidden(READ_VMS, why, Remedy::LookAgain))
        }
    }
}

/// Stores a row under its key. A repeated row counts once; if two rows differ, neither is used.
fn once<V: PartialEq>(
    rows: &mut BTreeMap<RelationshipId, Result<V, Problem>>,
    id: RelationshipId,
    row: Result<V, Problem>,
    what: &str,
) {
    match rows.entry(id) {
        Entry::Vacant(vacant) => {
            vacant.insert(row);
        }
        Entry::Occupied(known) if *known.get() == row => {}
        Entry::Occupied(mut known) => {
            *known.get_mut() = Err(twice(id.vm, what));
        }
    }
}

fn twice(vm: VmId, what: &str) -> Problem {
    let why = format!("VM {vm} has two different rows with the same key");
    problem::odd(what, why)
}

fn no_settings() -> Problem {
    problem::hidden(READ_SETTINGS, "this relationship has no setting data", Remedy::LookAgain)
}

/// Returns the problem of a row that cannot be read, with the VM to which it belongs.
fn of_vm(vm: VmId, error: &PropertyError, what: &str) -> Problem {
    let problem = problem::unreadable(error, what);
    Problem { why: format!("VM {vm}: {}", problem.why), ..problem }
}
