//! Methods of `Msvm_ComputerSystem`.

use cim::{Argument, CallError, ObjectPath, Output, Properties, Row, Value};

use super::virtualization::guid;
use super::{NO_METHOD, not_there};
use crate::leg::At;
use crate::schema::VIRTUALIZATION;
use crate::spec::Os;
use crate::world::World;

/// Return values of replication methods (2.5 of the reference).
const DONE: u32 = 0;
const JOB_STARTED: u32 = 4_096;
const INVALID_PARAMETER: u32 = 32_773;
const IN_USE: u32 = 32_774;
const INVALID_STATE: u32 = 32_775;

impl World {
    pub(super) fn invoke(
        &mut self,
        host: usize,
        target: &Row,
        method: &str,
        arguments: &[Argument],
    ) -> Result<Output, CallError> {
        let no_method = || not_there(NO_METHOD, &format!("{} has no method {method}", target.class));
        if target.class == "Msvm_VirtualSystemManagementService" && method.eq_ignore_ascii_case("GetSummaryInformation")
        {
            return Ok(self.summary_information(host, arguments));
        }
        if target.class != "Msvm_ComputerSystem" {
            return Err(no_method());
        }
        let argument = |name: &str| arguments.iter().find(|a| a.name == *name).map(|a| &a.value);
        let requested = argument("RequestedState").and_then(|v| <u16 as cim::FromValue>::from_value(v).ok());
        let name = target.path.as_ref().and_then(|p| p.key("Name")).unwrap_or_default();
        let vm = self.vms.iter().position(|vm| guid(vm.id).eq_ignore_ascii_case(name));
        let Some((vm, requested)) = vm.zip(requested) else {
            return Ok(returned(INVALID_PARAMETER, None));
        };
        match method.to_ascii_lowercase().as_str() {
            "requestreplicationstatechange" => Ok(self.change_replication(host, vm, 0, requested)),
            "requestreplicationstatechangeex" if self.spec.os != Os::Server2012 => {
                let relationship = argument("ReplicationRelationship").cloned().unwrap_or(Value::Nil);
                Ok(match self.names_slot(vm, &relationship) {
                    Some(slot) => self.change_replication(host, vm, slot, requested),
                    None => returned(INVALID_PARAMETER, None),
                })
            }
            "requeststatechange" => Ok(self.change_power(host, vm, requested)),
            _ => Err(no_method()),
        }
    }

    /// Which of the VM's own replication objects the embedded instance is; the first if it is absent. Only the class and
    /// the key are read; other values are ignored.
    fn names_slot(&self, vm: usize, relationship: &Value) -> Option<u8> {
        if relationship.is_nil() {
            return Some(0);
        }
        let row = cim::cimxml::read(&relationship.lexical()?).ok()?;
        let id = row.get::<String>("InstanceID").ok().filter(|_| row.class == "Msvm_ReplicationRelationship")?;
        let own = self.vms.get(vm)?.id;
        (0..=1).find(|slot| id.eq_ignore_ascii_case(&self.instance_id(own, *slot)))
    }

    fn change_replication(&mut self, host: usize, index: usize, slot: u8, requested: u16) -> Output {
        let object = self.vms.get(index).and_then(|vm| vm.object(host, slot));
        let Some((at, sender, end)) =
            object.map(|(leg, sender)| (At { vm: index, kind: leg.kind }, sender, leg.end(sender)))
        else {
            return returned(INVALID_STATE, None);
        };
        if end.changing.is_some() {
            return returned(IN_USE, None);
        }
        let Some(to) = Self::allowed(end, requested) else { return returned(INVALID_STATE, None) };
        match self.begin_job(at, sender, requested, to) {
            Some(job) => returned(JOB_STARTED, Some(guid(job))),
            None => returned(INVALID_STATE, None),
        }
    }

    /// `RequestStateChange` of the VM itself: 2 starts it, 3 turns it off.
    fn change_power(&mut self, host: usize, index: usize, requested: u16) -> Output {
        let running = match requested {
            2 => true,
            3 => false,
            _ => return returned(INVALID_STATE, None),
        };
        self.run(index, host, running);
        returned(DONE, None)
    }
}

fn returned(value: u32, job: Option<String>) -> Output {
    let job = job.map_or(Value::Nil, |id| {
        let path = ObjectPath::new(VIRTUALIZATION, "Msvm_ConcreteJob").with("InstanceID", id);
        Value::Reference(Box::new(path))
    });
    Output { parameters: Properties::new().with("Job", job).with("ReturnValue", Value::Uint32(value)) }
}
