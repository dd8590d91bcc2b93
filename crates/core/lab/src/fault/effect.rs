//! The effects of faults on the world: rows that are hidden or corrupted, and jobs that go wrong.

use cim::{ObjectPath, Row, Value};
use uuid::Uuid;

use super::{Fault, FaultScope, FaultShape, FaultTarget, Message, MessageKind, RowOf, Strike};
use crate::action::ActionError;
use crate::job::Job;
use crate::leg::{At, Busy};
use crate::schema::{Class, VIRTUALIZATION};
use crate::world::{Due, World};

/// `ErrorCode` of a job that fails with an HRESULT: "Failed".
const FAILED: u16 = 32_768;

/// HRESULTs that administrators of Hyper-V Replica meet, in Windows' words.
const RESULTS: [(u32, &str); 9] = [
    (0x8000_4004, "Operation aborted"),
    (0x8000_4005, "Unspecified error"),
    (0x8007_0005, "General access denied error"),
    (0x8007_0070, "There is not enough space on the disk."),
    (0x8007_0299, "The requested operation could not be completed due to a file system limitation"),
    (0x8007_05B4, "This operation returned because the timeout period expired."),
    (0x8007_2EFD, "A connection with the server could not be established"),
    (0x8009_2004, "Cannot find object or property."),
    (
        0x800B_0101,
        "A required certificate is not within its validity period when verifying against the current system clock or the timestamp in the signed file.",
    ),
];

/// A property of each row that is a number, and that no reader can do without.
fn spoilt(row: RowOf) -> (&'static str, &'static str) {
    match row {
        RowOf::Relationship => ("Msvm_ReplicationRelationship", "ReplicationState"),
        RowOf::Vm => ("Msvm_ComputerSystem", "EnabledState"),
        RowOf::Settings => ("Msvm_ReplicationSettingData", "ReplicationInterval"),
    }
}

impl World {
    /// Adds a fault that strikes `count` times, or forever if that is absent.
    ///
    /// # Errors
    /// [`ActionError`] if its host or VM does not exist, or if there are too many faults.
    pub fn add_fault(&mut self, fault: Fault, scope: &FaultScope, count: Option<u32>) -> Result<(), ActionError> {
        let place = self.find_place(scope)?;
        if self.faults.add(fault, place, count) {
            return Ok(());
        }
        Err(ActionError::NotNow("too many faults stand".to_owned()))
    }

    /// Removes the faults of that name that were put on that place, and on those requests; what is not given does not
    /// matter. A job that hangs for one of them goes on.
    ///
    /// # Errors
    /// [`ActionError`] if the host or VM does not exist.
    pub fn remove_faults(
        &mut self,
        name: &str,
        on: Option<MessageKind>,
        scope: &FaultScope,
    ) -> Result<(), ActionError> {
        let place = self.find_place(scope)?;
        self.faults.remove(name, on, place);
        let (ends, mut going) = (self.now + self.spec.job, Vec::new());
        for (id, fate) in self.faults.fates.iter_mut().filter(|(_, fate)| fate.hangs && name == "job_hang") {
            if place.holds_job(fate.host, fate.vm) {
                fate.hangs = false;
                going.push(Due::JobEnd(fate.host, *id));
            }
        }
        for due in going {
            self.schedule(ends, due);
        }
        Ok(())
    }

    fn find_place(&self, scope: &FaultScope) -> Result<FaultTarget, ActionError> {
        Ok(FaultTarget {
            host: scope.host.as_ref().map(|name| self.find_host(name)).transpose()?,
            vm: scope.vm.as_ref().map(|name| self.find_vm(name)).transpose()?,
        })
    }

    /// Whether any fault may strike anything.
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether a valid login is refused anyway.
    pub fn strike_login(&mut self, host: usize) -> bool {
        if self.hosts.get(host).is_some_and(|own| self.now < own.logins_from) {
            return true;
        }
        self.faults.strike(host, None, |fault| (*fault == Fault::Login).then_some(())).is_some()
    }

    /// What strikes a message on its way.
    pub fn strike_message(&mut self, host: usize, message: Message<'_>) -> Strike {
        let vm = message.path.and_then(|path| self.vm_of(path));
        self.faults.strike_message(host, vm, message.operation)
    }

    /// The shape in which a host's next fault tells its details.
    pub fn fault_shape(&self, host: usize) -> FaultShape {
        self.faults.find(host, shape).unwrap_or(FaultShape::Wsman)
    }

    /// A fault was reported in its intended shape.
    pub fn shaped_a_fault(&mut self, host: usize) {
        // Whether one of a shape stood does not matter: it is used up if it did.
        let _used = self.faults.strike(host, None, shape);
    }

    /// The VM that an object belongs to, by the GUID in its key.
    pub(crate) fn vm_of(&self, path: &ObjectPath) -> Option<usize> {
        let key = path.key("InstanceID").or(path.key("Name"))?;
        let id = key.split(['\\', ':']).find_map(|part| Uuid::try_parse(part).ok())?;
        self.vms.iter().position(|vm| vm.id == id)
    }

    /// Whether the account sees nothing of a class. One that may not see Hyper-V is no administrator, so it may not list
    /// services either; it sees what Windows shows to everybody who may log in.
    pub(crate) fn denies(&mut self, host: usize, class: &Class) -> bool {
        let hyperv = class.namespace == VIRTUALIZATION || class.name == "Win32_Service";
        let denied = |fault: &Fault| {
            let this = if let Fault::DenyClass(name) = fault { *name == class.name } else { false };
            (this || (hyperv && *fault == Fault::Deny)).then_some(())
        };
        self.faults.strike(host, None, denied).is_some()
    }

    /// Whether the account has no rights on a namespace.
    pub(crate) fn refuses_namespace(&mut self, host: usize, asked: &str) -> bool {
        let refused = |fault: &Fault| {
            let Fault::Rights(on) = fault else { return None };
            on.namespace().eq_ignore_ascii_case(asked).then_some(())
        };
        self.faults.strike(host, None, refused).is_some()
    }

    /// Takes out the jobs that are not listed.
    pub(crate) fn hide_jobs(&self, class: &Class, rows: &mut Vec<Row>) {
        if class.name == "Msvm_ConcreteJob" && !self.faults.fates.is_empty() {
            rows.retain(|row| {
                let id = row.path.as_ref().and_then(|path| Uuid::try_parse(path.key("InstanceID")?).ok());
                !id.and_then(|id| self.faults.fates.get(&id)).is_some_and(|fate| fate.gone)
            });
        }
    }

    /// Puts a text where a number belongs, in the rows that are to be unreadable.
    pub(crate) fn spoil(&mut self, host: usize, rows: &mut [Row]) {
        if self.faults.is_empty() {
            return;
        }
        for row in rows {
            let Some(vm) = row.path.as_ref().and_then(|path| self.vm_of(path)) else { continue };
            let property = self.faults.strike(host, Some(vm), |fault| {
                let Fault::Unreadable(of) = fault else { return None };
                let (class, property) = spoilt(*of);
                (row.class == *class && row.properties.contains(property)).then_some(property)
            });
            if let Some(property) = property {
                row.properties.set(property, Value::String("unreadable".to_owned()));
            }
        }
    }

    /// Whether a VM is busy, so that a state change which fits is refused.
    pub(crate) fn refuses_as_busy(&mut self, host: usize, vm: usize) -> bool {
        let merges = matches!(self.occupied(host, vm), Some((Busy::Merge, _)));
        merges || self.faults.strike(host, Some(vm), |fault| (*fault == Fault::BusyVm).then_some(())).is_some()
    }

    /// The number that a method of a VM returns instead of doing something.
    pub(crate) fn returns_instead(&mut self, host: usize, vm: usize) -> Option<u32> {
        self.faults.strike(host, Some(vm), |fault| if let Fault::Returns(code) = fault { Some(*code) } else { None })
    }

    /// Decides what becomes of a job that begins; whether it ends by itself.
    pub(crate) fn decide_fate(&mut self, host: usize, vm: usize, job: Uuid) -> bool {
        let Some(fate) = self.faults.decide(host, vm) else { return true };
        let hosts = &self.hosts;
        self.faults.fates.retain(|id, _| hosts.iter().any(|host| host.jobs.contains_key(id)));
        self.faults.fates.insert(job, fate);
        !fate.hangs
    }

    /// The code and the words with which a job fails that would have ended well.
    pub(crate) fn fated_failure(&self, job: Uuid) -> Option<(u16, String)> {
        let fate = self.faults.fates.get(&job)?;
        let code = fate.fails?;
        if let Ok(code) = u16::try_from(code) {
            return Some((code, "The operation failed.".to_owned()));
        }
        let vm = self.vms.get(fate.vm)?;
        let (name, id) = (vm.name(), vm.id.to_string().to_uppercase());
        let why = RESULTS.iter().find(|(own, _)| *own == code).map_or("Unspecified error", |(_, why)| *why);
        let text = format!(
            "Hyper-V failed to resume replication for virtual machine '{name}': {why} (0x{code:08X}). (Virtual machine ID {id})"
        );
        Some((FAILED, text))
    }

    /// A job has ended well: its label may not last.
    pub(crate) fn flip_later(&mut self, job: &Job) {
        let fate = self.faults.fates.get(&job.id).and_then(|fate| fate.flips_back);
        if let Some((after, why)) = fate {
            let back = Due::FlipBack { at: job.at, sender: job.sender, from: job.from, to: job.to, why };
            self.schedule(self.now + after, back);
        }
    }

    /// The label goes back, unless something else has changed it meanwhile. A sender that could not send says why.
    pub(crate) fn flip_back(&mut self, at: At, sender: bool, (from, to): (u16, u16), why: Option<u32>) {
        if self.leg(at).is_some_and(|(_, leg)| leg.end(sender).state == to) {
            match why.filter(|_| sender) {
                Some(code) => self.fail_for_good(at, code, from),
                None => self.change_state(at, sender, from),
            }
        }
    }
}

impl FaultTarget {
    /// Whether a job at this host and of this VM lies in it.
    fn holds_job(self, host: usize, vm: usize) -> bool {
        self.holds(host, Some(vm))
    }
}

fn shape(fault: &Fault) -> Option<FaultShape> {
    if let Fault::Shape(shape) = fault { Some(*shape) } else { None }
}
