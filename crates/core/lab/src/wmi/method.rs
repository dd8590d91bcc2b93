//! Methods of `Msvm_ComputerSystem`, and what a method returns.

use cim::{Argument, CallError, ObjectPath, Output, Properties, Row, Value};

use super::code::{DONE, IN_USE, INVALID_PARAMETER, INVALID_STATE, JOB_STARTED, NO_METHOD, NOT_SUPPORTED, not_there};
use super::virtualization::guid;
use super::{embedded, parameters, registry};
use crate::leg::{At, mode};
use crate::schema::VIRTUALIZATION;
use crate::spec::Os;
use crate::state;
use crate::vm_power::Power;
use crate::world::World;

/// What a method changes, with the relationship that is named, if any.
enum Change<'a> {
    Power,
    Replication(Option<&'a Value>),
}

impl World {
    pub(super) fn invoke(
        &mut self,
        host: usize,
        target: &Row,
        method: &str,
        arguments: &[Argument],
    ) -> Result<Output, CallError> {
        let no_method = || not_there(NO_METHOD, &format!("{} has no method {method}", target.class));
        let checked = parameters::checked(target.class.as_str(), method, self.spec.os, arguments);
        let arguments = &*checked.unwrap_or_else(|| Err(no_method()))?;
        if target.class == "Msvm_VirtualSystemManagementService" && method.eq_ignore_ascii_case("GetSummaryInformation")
        {
            return Ok(self.summary_information(host, arguments));
        }
        if target.class == "Msvm_ReplicationService" {
            return self.invoke_service(host, method, arguments).unwrap_or_else(|| Err(no_method()));
        }
        if target.class == "StdRegProv" {
            return self.hosts.get(host).map(|host| registry::string_value(host, arguments)).ok_or_else(no_method);
        }
        if target.class != "Msvm_ComputerSystem" {
            return Err(no_method());
        }
        let argument = |name: &str| arguments.iter().find(|a| a.name == *name).map(|a| &a.value);
        let requested = argument("RequestedState").and_then(|v| <u16 as cim::FromValue>::from_value(v).ok());
        let name = target.path.as_ref().and_then(|p| p.key("Name")).unwrap_or_default();
        let vm = self.vms.iter().position(|vm| guid(vm.id).eq_ignore_ascii_case(name));
        let change = match method.to_ascii_lowercase().as_str() {
            "requestreplicationstatechange" => Change::Replication(None),
            "requestreplicationstatechangeex" if self.spec.os != Os::Server2012 => {
                Change::Replication(argument("ReplicationRelationship"))
            }
            "requeststatechange" => Change::Power,
            _ => return Err(no_method()),
        };
        // All three are for VMs; the host's own row refuses them.
        let Some(vm) = vm else { return Ok(returned(NOT_SUPPORTED, None)) };
        let Some(requested) = requested else { return Ok(returned(INVALID_PARAMETER, None)) };
        Ok(match change {
            Change::Power => self.change_power(host, vm, requested),
            Change::Replication(relationship) => match self.names_slot(vm, relationship.unwrap_or(&Value::Nil)) {
                Ok(slot) => self.change_replication(host, vm, slot, requested),
                Err(code) => returned(code, None),
            },
        })
    }

    /// Which of the VM's own replication objects the embedded instance is; the first if it is absent. Only the class and
    /// the key are read; other values are ignored, as long as they are well written.
    ///
    /// # Errors
    /// What the method returns if it is none of them.
    pub(super) fn names_slot(&self, vm: usize, relationship: &Value) -> Result<u8, u32> {
        if relationship.is_nil() {
            return Ok(0);
        }
        let row = embedded::read(&relationship.lexical().unwrap_or_default())?;
        let id = row.get::<String>("InstanceID").ok().filter(|_| row.class == "Msvm_ReplicationRelationship");
        let own = id.zip(self.vms.get(vm));
        let slot =
            own.and_then(|(id, vm)| (0..=1).find(|slot| id.eq_ignore_ascii_case(&self.instance_id(vm.id, *slot))));
        slot.ok_or(INVALID_PARAMETER)
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
        if let Some(code) = self.returns_instead(host, index) {
            return returned(code, None);
        }
        let Some(to) = self.allowed(at, sender, requested) else { return returned(INVALID_STATE, None) };
        if self.refuses_as_busy(host, index) {
            return returned(INVALID_STATE, None);
        }
        match self.begin_job(at, sender, requested, to) {
            Some(job) => returned(JOB_STARTED, Some(guid(job))),
            None => returned(INVALID_STATE, None),
        }
    }

    /// `RequestStateChange` of the VM itself. It is done at once, without a job. A replica VM starts only after a failover,
    /// and none that is prepared for one.
    fn change_power(&mut self, host: usize, index: usize, requested: u16) -> Output {
        let own = self.vms.get(index).and_then(|vm| vm.on(host));
        let Some((before, after)) = own.and_then(|own| Some((own.power, own.power.after(requested)?))) else {
            return returned(INVALID_STATE, None);
        };
        let Some((vm, own)) = self.vms.get(index).and_then(|vm| Some((vm, vm.on(host)?))) else {
            return returned(INVALID_PARAMETER, None);
        };
        let state = vm.object(host, 0).map_or(0, |(leg, sender)| leg.end(sender).state);
        let replica = matches!(own.mode, mode::REPLICA | mode::EXTENDED_REPLICA);
        let may =
            if replica { matches!(state, state::FAILED_OVER | state::COMMITTED) } else { state != state::PREPARED };
        if after == Power::Running && !may {
            return returned(INVALID_STATE, None);
        }
        self.set_power(index, host, after, before.begins(requested));
        returned(DONE, None)
    }
}

pub(super) fn returned(value: u32, job: Option<String>) -> Output {
    let job = job.map_or(Value::Nil, |id| {
        let path = ObjectPath::new(VIRTUALIZATION, "Msvm_ConcreteJob").with("InstanceID", id);
        Value::Reference(Box::new(path))
    });
    Output { parameters: Properties::new().with("Job", job).with("ReturnValue", Value::Uint32(value)) }
}
