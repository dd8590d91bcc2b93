//! Methods of `Msvm_ComputerSystem`.

use cim::{Argument, CallError, ObjectPath, Output, Properties, Row, Value};

use super::virtualization::{guid, instance_id};
use super::{NO_METHOD, not_there};
use crate::schema::VIRTUALIZATION;
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
            "requestreplicationstatechange" => Ok(self.change_replication(host, vm, requested)),
            "requestreplicationstatechangeex" => {
                let relationship = argument("ReplicationRelationship").cloned().unwrap_or(Value::Nil);
                if self.names_primary_relationship(vm, &relationship) {
                    Ok(self.change_replication(host, vm, requested))
                } else {
                    Ok(returned(INVALID_PARAMETER, None))
                }
            }
            "requeststatechange" => Ok(self.change_power(host, vm, requested)),
            _ => Err(no_method()),
        }
    }

    /// Whether the embedded instance is the VM's own first relationship. Absent means that one. Only the class and the
    /// key are read; other values are ignored.
    fn names_primary_relationship(&self, vm: usize, relationship: &Value) -> bool {
        if relationship.is_nil() {
            return true;
        }
        let Some(row) = relationship.lexical().and_then(|text| cim::cimxml::read(&text).ok()) else { return false };
        let id = row.get::<String>("InstanceID").unwrap_or_default();
        let own = self.vms.get(vm).map(|vm| instance_id(vm.id, 0)).unwrap_or_default();
        row.class == "Msvm_ReplicationRelationship" && id.eq_ignore_ascii_case(&own)
    }

    fn change_replication(&mut self, host: usize, vm: usize, requested: u16) -> Output {
        let Some((sender, end)) = self.leg(vm).map(|(v, leg)| (v.home == host, leg.end(v.home == host))) else {
            return returned(INVALID_STATE, None);
        };
        if end.changing.is_some() {
            return returned(IN_USE, None);
        }
        let Some(to) = Self::allowed(end.state, requested) else { return returned(INVALID_STATE, None) };
        match self.begin_job(vm, sender, to) {
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
        self.count_log(index);
        if let Some(vm) = self.vms.get_mut(index) {
            if vm.home == host {
                vm.running = running;
            } else if let Some(leg) = vm.leg.as_mut() {
                leg.receiver.replica_running = running;
            }
        }
        self.watch_log(index);
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
