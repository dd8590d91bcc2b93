//! What VMMS shows: nothing at all while it does not run, and only part of it while it loads.

use std::time::Duration;

use cim::{DateTime, Interval, Row, Value};
use uuid::Uuid;

use super::{never, replica_server, summary, text, vm_settings};
use crate::host::Host;
use crate::job::{self, Job, Stage};
use crate::leg::{End, Leg, Vm};
use crate::replication::state;
use crate::schema::Class;
use crate::world::World;

/// A GUID as Hyper-V writes it: upper case, no braces.
pub(super) fn guid(id: Uuid) -> String {
    id.as_hyphenated().to_string().to_uppercase()
}

/// The key of a VM's replication object.
pub(super) fn instance_id(vm: Uuid, slot: u8) -> String {
    format!(r"Microsoft:{}\HVR\{slot}", guid(vm))
}

impl World {
    pub(super) fn hyperv(&self, index: usize, class: &Class) -> Vec<Row> {
        let Some(host) = self.hosts.get(index).filter(|host| host.shows_itself()) else { return Vec::new() };
        match class.name {
            "Msvm_ReplicationService" => vec![service(host, class)],
            "Msvm_ComputerSystem" => {
                let mut rows = vec![host_row(host, class)];
                rows.extend(self.shown(index, host).map(|vm| self.computer_system(index, host, vm, class)));
                rows
            }
            "Msvm_ReplicationRelationship" => {
                self.shown(index, host).flat_map(|vm| self.relationships(index, host, vm, class)).collect()
            }
            "Msvm_ReplicationSettingData" => {
                self.shown(index, host).filter_map(|vm| settings(index, host, vm, class)).collect()
            }
            "Msvm_ConcreteJob" => host.jobs.values().map(|job| self.job(index, host, job, class)).collect(),
            "Msvm_VirtualSystemManagementService" => vec![summary::service(host, class)],
            "Msvm_SummaryInformation" => self.summaries(index, host, class),
            "Msvm_ReplicationServiceSettingData" => vec![replica_server::settings(host, class)],
            "Msvm_ReplicationAuthorizationSettingData" => vec![replica_server::authorization(host, class)],
            "Msvm_ReplicationProvider" => vec![replica_server::provider(host, class)],
            "Msvm_VirtualSystemSettingData" => {
                self.vm_rows(index).map(|vm| vm_settings::system(host, &vm, class)).collect()
            }
            "Msvm_ProcessorSettingData" => {
                self.vm_rows(index).map(|vm| vm_settings::processor(host, &vm, class)).collect()
            }
            "Msvm_MemorySettingData" => self.vm_rows(index).map(|vm| vm_settings::memory(host, &vm, class)).collect(),
            _ => Vec::new(),
        }
    }

    /// The VMs whose rows VMMS has loaded.
    fn shown(&self, index: usize, host: &Host) -> impl Iterator<Item = &Vm> {
        let all = self.on_host.get(index);
        let count = all.map_or(0, std::collections::BTreeSet::len);
        let now = self.now;
        let shown = move |k: usize| host.shows_row(now, k, count);
        all.into_iter().flatten().enumerate().filter(move |(k, _)| shown(*k)).filter_map(|(_, vm)| self.vms.get(*vm))
    }

    fn computer_system(&self, index: usize, host: &Host, vm: &Vm, class: &Class) -> Row {
        let primary = vm.home == index;
        let end = vm.leg.as_ref().map(|leg| leg.end(primary));
        let running = if primary { vm.running } else { end.is_some_and(|end| end.replica_running) };
        let replication = |f: &dyn Fn(&End) -> Value| end.map_or(Value::Uint16(0), f);
        class.instance(
            &host.netbios(),
            vec![
                ("Caption", text("Virtual Machine")),
                ("CreationClassName", text("Msvm_ComputerSystem")),
                ("Description", text("Microsoft Virtual Computer System")),
                ("ElementName", text(vm.name.as_str())),
                ("EnabledDefault", Value::Uint16(2)),
                ("EnabledState", Value::Uint16(if running { 2 } else { 3 })),
                ("FailedOverReplicationType", replication(&|end| Value::Uint16(end.failed_over))),
                ("HealthState", Value::Uint16(5)),
                ("InstallDate", self.clock(index, Duration::ZERO)),
                ("LastApplicationConsistentReplicationTime", never()),
                ("LastReplicationTime", end.map_or_else(never, |end| self.last(index, end))),
                ("LastReplicationType", replication(&|end| Value::Uint16(u16::from(end.last_replication.is_some())))),
                ("Name", text(guid(vm.id))),
                ("NumberOfNumaNodes", Value::Uint16(1)),
                ("OnTimeInMilliseconds", Value::Uint64(if running { 60_000 } else { 0 })),
                ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
                ("ProcessID", if running { Value::Uint32(4_242) } else { Value::Nil }),
                ("ReplicationHealth", vm.leg.as_ref().map_or(Value::Uint16(0), |leg| health(leg, primary))),
                ("ReplicationMode", replication(&|end| Value::Uint16(end.mode))),
                ("ReplicationState", replication(&|end| Value::Uint16(end.shown()))),
                ("RequestedState", Value::Uint16(12)),
                ("Status", text("OK")),
                ("StatusDescriptions", Value::List(vec![text("Operating normally")])),
                ("TimeOfLastConfigurationChange", self.clock(index, Duration::ZERO)),
                ("TimeOfLastStateChange", self.clock(index, host.booted)),
            ],
        )
    }

    /// A replica VM has two objects, the second for a further replication; every other VM has one. Without replication
    /// they are there all the same, at state 0.
    fn relationships(&self, index: usize, host: &Host, vm: &Vm, class: &Class) -> Vec<Row> {
        let primary = vm.home == index;
        let end = vm.leg.as_ref().map(|leg| leg.end(primary));
        let row = |slot: u8, end: Option<&End>| {
            let state = end.map_or(0, End::shown);
            let health = match (&vm.leg, end) {
                (Some(leg), Some(_)) => health(leg, primary),
                _ => Value::Uint16(0),
            };
            class.instance(
                &host.netbios(),
                vec![
                    ("Caption", text("Replication Relationship")),
                    ("Description", text("Virtual Machine Replication Relationship")),
                    ("ElementName", text(vm.name.as_str())),
                    ("FailedOverReplicationType", Value::Uint16(end.map_or(0, |end| end.failed_over))),
                    ("HealthState", Value::Uint16(5)),
                    ("InstanceID", text(instance_id(vm.id, slot))),
                    ("LastApplicationConsistentReplicationTime", never()),
                    ("LastApplyTime", end.map_or_else(never, |end| self.last(index, end))),
                    ("LastReplicationTime", end.map_or_else(never, |end| self.last(index, end))),
                    ("LastReplicationType", Value::Uint16(end.map_or(0, |e| u16::from(e.last_replication.is_some())))),
                    ("Name", text("")),
                    ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
                    ("ReplicationHealth", health),
                    ("ReplicationState", Value::Uint16(state)),
                    ("Status", text("OK")),
                    ("StatusDescriptions", Value::List(vec![text("OK")])),
                ],
            )
        };
        let mut rows = vec![row(0, end)];
        if end.is_some() && !primary {
            rows.push(row(1, None));
        }
        rows
    }

    fn last(&self, index: usize, end: &End) -> Value {
        end.last_replication.map_or_else(never, |at| self.clock(index, at))
    }

    fn job(&self, index: usize, host: &Host, job: &Job, class: &Class) -> Row {
        let vm = self.vms.get(job.vm).map(|vm| vm.name.as_str()).unwrap_or_default();
        let (code, why) = match &job.stage {
            Stage::Failed { code, why, .. } => (*code, text(why.as_str())),
            Stage::Running | Stage::Completed { .. } => (0, Value::Nil),
        };
        let done = job.ended().is_some();
        let elapsed = job.ended().unwrap_or(self.now).saturating_sub(job.started);
        let interval = |length: Duration| {
            let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
            Value::DateTime(DateTime::Interval(Interval::from_micros(micros)))
        };
        class.instance(
            &host.netbios(),
            vec![
                ("Cancellable", Value::Boolean(false)),
                ("Caption", text(format!("Changing replication state of '{vm}'"))),
                ("DeleteOnCompletion", Value::Boolean(true)),
                ("Description", text("Replication state change")),
                ("ElapsedTime", interval(elapsed)),
                ("ElementName", text("Replication state change")),
                ("ErrorCode", Value::Uint16(code)),
                ("ErrorDescription", why.clone()),
                ("ErrorSummaryDescription", why),
                ("HealthState", Value::Uint16(5)),
                ("InstanceID", text(guid(job.id))),
                ("JobState", Value::Uint16(job.state())),
                ("JobStatus", text(if done { "Job is completed" } else { "Job is running" })),
                ("JobType", Value::Uint16(job::STATE_CHANGE)),
                ("LocalOrUtcTime", Value::Uint16(2)),
                ("Name", text("Msvm_ConcreteJob")),
                ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
                ("Owner", text("NT AUTHORITY\\SYSTEM")),
                ("PercentComplete", Value::Uint16(if done { 100 } else { 50 })),
                ("Priority", Value::Uint32(0)),
                ("StartTime", self.clock(index, job.started)),
                ("Status", text("OK")),
                ("TimeBeforeRemoval", interval(job::KEPT)),
                ("TimeSubmitted", self.clock(index, job.started)),
            ],
        )
    }
}

fn service(host: &Host, class: &Class) -> Row {
    class.instance(
        &host.netbios(),
        vec![
            ("Caption", text("Hyper-V Replica Service")),
            ("CreationClassName", text("Msvm_ReplicationService")),
            ("Description", text("Replication Service")),
            ("ElementName", text("Hyper-V Replica Service")),
            ("EnabledDefault", Value::Uint16(2)),
            ("EnabledState", Value::Uint16(2)),
            ("HealthState", Value::Uint16(5)),
            ("Name", text("replicasvc")),
            ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
            ("RequestedState", Value::Uint16(12)),
            ("Started", Value::Boolean(true)),
            ("Status", text("OK")),
            ("StatusDescriptions", Value::List(vec![text("OK")])),
            ("SystemCreationClassName", text("Msvm_ComputerSystem")),
            ("SystemName", text(host.netbios())),
        ],
    )
}

/// The host's own row: replication properties and `InstallDate` are NULL on it.
fn host_row(host: &Host, class: &Class) -> Row {
    class.instance(
        &host.netbios(),
        vec![
            ("Caption", text("Hosting Computer System")),
            ("CreationClassName", text("Msvm_ComputerSystem")),
            ("Description", text("Microsoft Hosting Computer System")),
            ("ElementName", text(host.netbios())),
            ("EnabledDefault", Value::Uint16(2)),
            ("EnabledState", Value::Uint16(2)),
            ("HealthState", Value::Uint16(5)),
            ("Name", text(host.netbios())),
            ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
            ("RequestedState", Value::Uint16(12)),
            ("Status", text("OK")),
        ],
    )
}

fn settings(index: usize, host: &Host, vm: &Vm, class: &Class) -> Option<Row> {
    let leg = vm.leg.as_ref()?;
    let end = leg.end(vm.home == index);
    let provider = format!(
        r#"\\{0}\root\virtualization\v2:Msvm_ReplicationProvider.InstanceID="Microsoft:{0}\\ReplicationProvider\\{1}""#,
        host.netbios(),
        end.provider
    );
    let clock = |hours: u64, minutes: u64| {
        Value::DateTime(DateTime::Interval(Interval::from_micros((hours * 60 + minutes) * 60_000_000)))
    };
    let frequency = u16::try_from(leg.frequency.as_secs()).unwrap_or(u16::MAX);
    Some(class.instance(
        &host.netbios(),
        vec![
            ("ApplicationConsistentSnapshotInterval", Value::Uint16(0)),
            ("AuthenticationType", Value::Uint16(1)),
            ("AutoResynchronizeEnabled", Value::Boolean(false)),
            ("AutoResynchronizeIntervalEnd", clock(6, 0)),
            ("AutoResynchronizeIntervalStart", clock(18, 30)),
            ("BypassProxyServer", Value::Boolean(false)),
            ("Caption", text("Replication Settings")),
            ("CompressionEnabled", Value::Boolean(true)),
            ("Description", text("Virtual Machine Replication Settings Data")),
            ("ElementName", text(vm.name.as_str())),
            ("EnableWriteOrderPreservationAcrossDisks", Value::Boolean(true)),
            ("IncludedDisks", Value::List(vec![text(format!(r"C:\VMs\{}.vhdx", vm.name))])),
            ("InstanceID", text(instance_id(vm.id, 0))),
            ("PrimaryConnectionPoint", text(end.primary_point.as_str())),
            ("PrimaryHostSystem", text(end.primary_host.as_str())),
            ("RecoveryConnectionPoint", text(end.recovery_host.as_str())),
            ("RecoveryHistory", Value::Uint16(4)),
            ("RecoveryHostSystem", text(end.recovery_host.as_str())),
            ("RecoveryServerPortNumber", Value::Uint16(80)),
            ("ReplicateHostKvpItems", Value::Boolean(true)),
            ("ReplicationInterval", Value::Uint16(frequency)),
            ("ReplicationProvider", text(provider)),
            ("VirtualSystemIdentifier", text(guid(vm.id))),
            ("VirtualSystemType", text("Microsoft:Hyper-V:Replica")),
        ],
    ))
}

/// 1 OK, 2 Warning, 3 Critical: a paused primary is a warning, a paused replica is critical, a retrying sender a warning.
fn health(leg: &Leg, primary: bool) -> Value {
    let end = leg.end(primary);
    Value::Uint16(match end.state {
        state::SUSPENDED if primary => 2,
        state::SUSPENDED | state::ERROR | state::RESYNC_REQUIRED => 3,
        state::FAILED_OVER | state::COMMITTED => 2,
        _ if primary && leg.retries > 0 => 2,
        _ => 1,
    })
}
