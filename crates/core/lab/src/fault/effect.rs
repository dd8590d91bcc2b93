//! The effects of faults on the world: rows that are hidden or corrupted, and jobs that go wrong.

use std::time::Duration;

use cim::{ObjectPath, Row, Value};
use uuid::Uuid;

use super::{Fault, FaultScope, FaultShape, FaultTarget, Message, MessageKind, RowOf, Strike};
use crate::action::ActionError;
use crate::job::Job;
use crate::leg::At;
use crate::schema::{Class, VIRTUALIZATION};
use crate::world::{Due, World};

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
        (class.namespace == VIRTUALIZATION || class.name == "Win32_Service")
            && self.faults.strike(host, None, |fault| (*fault == Fault::Deny).then_some(())).is_some()
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
        self.faults.strike(host, Some(vm), |fault| (*fault == Fault::BusyVm).then_some(())).is_some()
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
        let code = self.faults.fates.get(&job)?.fails?;
        Some((code, "The operation failed.".to_owned()))
    }

    /// A job has ended well: its label may not last.
    pub(crate) fn flip_later(&mut self, job: &Job) {
        let after: Option<Duration> = self.faults.fates.get(&job.id).and_then(|fate| fate.flips_back);
        if let Some(after) = after {
            let back = Due::FlipBack { at: job.at, sender: job.sender, from: job.from, to: job.to };
            self.schedule(self.now + after, back);
        }
    }

    /// The label goes back, unless something else has changed it meanwhile.
    pub(crate) fn flip_back(&mut self, at: At, sender: bool, from: u16, to: u16) {
        if self.leg(at).is_some_and(|(_, leg)| leg.end(sender).state == to) {
            self.change_state(at, sender, from);
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
