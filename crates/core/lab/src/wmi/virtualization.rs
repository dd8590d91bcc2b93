//! The rows of VMMS: none while it does not run, and only some while it loads.

use std::time::Duration;

use cim::{DateTime, Interval, Row, Value};
use uuid::Uuid;

use super::value::{never, text};
use super::{replica_server, summary, vm_settings};
use crate::host::Host;
use crate::job::{self, Job, Stage};
use crate::leg::{Object, Vm};
use crate::schema::Class;
use crate::world::World;

/// A GUID as Hyper-V writes it: upper case, no braces.
pub(super) fn guid(id: Uuid) -> String {
    id.as_hyphenated().to_string().to_uppercase()
}

impl World {
    /// The rows of a class; where each is of one VM, only those of this one, if one is given.
    pub(super) fn hyperv(&self, index: usize, class: &Class, only: Option<usize>) -> Vec<Row> {
        let Some(host) = self.hosts.get(index).filter(|host| host.runs_vmms()) else { return Vec::new() };
        let shown = || self.shown(index, host).filter(|(number, ..)| only.is_none_or(|only| only == *number));
        match class.name {
            "Msvm_ReplicationService" => vec![service(host, class)],
            "Msvm_ComputerSystem" => {
                let mut rows = vec![host_row(host, class)];
                rows.extend(shown().filter_map(|(number, _, own)| self.computer_system(host, number, own, class)));
                rows
            }
            "Msvm_ReplicationRelationship" => shown()
                .flat_map(|(_, vm, own)| self.slots(vm, own).map(|slot| self.relationship(vm, own, slot, class)))
                .collect(),
            "Msvm_ReplicationSettingData" => shown()
                .flat_map(|(_, vm, own)| self.slots(vm, own).map(|slot| self.settings(host, vm, own, slot, class)))
                .collect(),
            "Msvm_ConcreteJob" => host.jobs.values().map(|job| self.job(index, job, class)).collect(),
            "Msvm_VirtualSystemManagementService" => vec![summary::service(host, class)],
            "Msvm_SummaryInformation" => self.summaries(index, host, class),
            "Msvm_ReplicationServiceSettingData" => vec![replica_server::settings(host, class)],
            "Msvm_ReplicationAuthorizationSettingData" => replica_server::authorizations(host, class),
            "Msvm_ReplicationProvider" => vec![replica_server::provider(host, class)],
            "Msvm_VirtualSystemSettingData" => self.vm_rows(index).map(|vm| vm_settings::system(&vm, class)).collect(),
            "Msvm_ProcessorSettingData" => self.vm_rows(index).map(|vm| vm_settings::processor(&vm, class)).collect(),
            "Msvm_MemorySettingData" => self.vm_rows(index).map(|vm| vm_settings::memory(&vm, class)).collect(),
            _ => Vec::new(),
        }
    }

    /// The VMs whose rows VMMS has loaded, with their numbers, as this host holds them.
    fn shown(&self, index: usize, host: &Host) -> impl Iterator<Item = (usize, &Vm, &Object)> {
        let all = self.on_host.get(index);
        let count = all.map_or(0, std::collections::BTreeSet::len);
        let now = self.now;
        let shown = move |k: usize| host.shows_row(now, k, count);
        let vms = all.into_iter().flatten().enumerate().filter(move |(k, _)| shown(*k));
        vms.filter_map(move |(_, number)| self.vms.get(*number).and_then(|vm| Some((*number, vm, vm.on(index)?))))
    }

    fn job(&self, index: usize, job: &Job, class: &Class) -> Row {
        let vm = self.vms.get(job.at.vm).and_then(|vm| vm.on(index)).map(|own| own.name.as_str()).unwrap_or_default();
        let (code, why) = match &job.stage {
            Stage::Failed { code, why, .. } => (*code, text(why.as_str())),
            Stage::Running | Stage::Completed { .. } => (0, Value::Nil),
        };
        let done = job.ended().is_some();
        let planned = job.starts > job.submitted;
        let what = if job.kind == job::STATE_CHANGE { "Replication state change" } else { "Resynchronizing" };
        let elapsed = job.ended().unwrap_or(self.now).saturating_sub(job.starts);
        let interval = |length: Duration| {
            let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
            Value::DateTime(DateTime::Interval(Interval::from_micros(micros)))
        };
        class.instance(vec![
            ("Cancellable", Value::Boolean(false)),
            ("Caption", text(format!("{what} of '{vm}'"))),
            ("DeleteOnCompletion", Value::Boolean(true)),
            ("Description", text(what)),
            ("ElapsedTime", interval(elapsed)),
            ("ElementName", text(what)),
            ("ErrorCode", Value::Uint16(code)),
            ("ErrorDescription", why.clone()),
            ("ErrorSummaryDescription", why),
            ("HealthState", Value::Uint16(5)),
            ("InstanceID", text(guid(job.id))),
            ("JobState", Value::Uint16(job.state(self.now))),
            ("JobStatus", text(if done { "Job is completed" } else { "Job is running" })),
            ("JobType", Value::Uint16(job.kind)),
            ("LocalOrUtcTime", Value::Uint16(2)),
            ("Name", text("Msvm_ConcreteJob")),
            ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
            ("Owner", text("NT AUTHORITY\\SYSTEM")),
            ("PercentComplete", Value::Uint16(if done { 100 } else { 50 })),
            ("Priority", Value::Uint32(0)),
            ("ScheduledStartTime", if planned { self.clock(index, job.starts) } else { Value::Nil }),
            ("StartTime", if self.now < job.starts { never() } else { self.clock(index, job.starts) }),
            ("Status", text("OK")),
            ("TimeBeforeRemoval", interval(job::KEPT)),
            ("TimeSubmitted", self.clock(index, job.submitted)),
        ])
    }
}

/// Its status says whether the listener of a replica server works (2 OK, 6 error); in which words is our own.
fn service(host: &Host, class: &Class) -> Row {
    let (status, words) =
        if host.installed.server.listens { (2, "OK") } else { (6, "The replication listener could not be started") };
    class.instance(vec![
        ("Caption", text("Hyper-V Replica Service")),
        ("CreationClassName", text("Msvm_ReplicationService")),
        ("Description", text("Replication Service")),
        ("ElementName", text("Hyper-V Replica Service")),
        ("EnabledDefault", Value::Uint16(2)),
        ("EnabledState", Value::Uint16(2)),
        ("HealthState", Value::Uint16(5)),
        ("Name", text("replicasvc")),
        ("OperationalStatus", Value::List(vec![Value::Uint16(status)])),
        ("RequestedState", Value::Uint16(12)),
        ("Started", Value::Boolean(true)),
        ("Status", text("OK")),
        ("StatusDescriptions", Value::List(vec![text(words)])),
        ("SystemCreationClassName", text("Msvm_ComputerSystem")),
        ("SystemName", text(host.netbios())),
    ])
}

/// The host's own row: replication properties and `InstallDate` are NULL on it.
fn host_row(host: &Host, class: &Class) -> Row {
    class.instance(vec![
        ("Caption", text("Hosting Computer System")),
        ("CreationClassName", text("Msvm_ComputerSystem")),
        ("Description", text("Microsoft Hosting Computer System")),
        ("ElementName", text(host.netbios())),
        ("EnabledDefault", Value::Uint16(2)),
        ("EnabledState", Value::Uint16(2)),
        ("HealthState", Value::Uint16(5)),
        ("Name", text(host.netbios())),
        ("NumberOfNumaNodes", Value::Uint16(1)),
        ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
        ("RequestedState", Value::Uint16(12)),
        ("ResetCapability", Value::Uint16(1)),
        ("Status", text("OK")),
        ("StatusDescriptions", Value::List(vec![text("OK")])),
    ])
}
