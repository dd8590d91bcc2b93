//! The rows of a VM: its own, its replication objects, and their settings.

use std::time::Duration;

use cim::{DateTime, Interval, Row, Value};
use uuid::Uuid;

use super::value::{never, text};
use super::virtualization::guid;
use crate::host::Host;
use crate::leg::{End, HYPERV_PROVIDER, Leg, Object, Vm, mode};
use crate::resync::{HOURS, POINTS_KEPT};
use crate::schema::Class;
use crate::spec::Os;
use crate::vm_power::Power;
use crate::world::World;

/// `RequestedState` of a VM of which nothing is asked.
const NO_CHANGE: u16 = 5;
/// The worker process of the first VM. Windows counts its processes by fours.
const FIRST_PROCESS: u32 = 4_000;

impl World {
    /// The replication objects that a host keeps for a VM. A replica VM has two, the second for a further replication;
    /// every other VM has one, and so has every VM on Server 2012. Without replication they are there as well.
    pub(super) fn slots(&self, vm: &Vm, own: &Object) -> std::ops::RangeInclusive<u8> {
        let two = own.mode == mode::REPLICA || vm.object(own.host, 1).is_some();
        0..=u8::from(two && self.spec.os != Os::Server2012)
    }

    /// The key of a VM's replication object. Server 2012 has one per VM and does not number it.
    pub(super) fn instance_id(&self, vm: Uuid, slot: u8) -> String {
        match self.spec.os {
            Os::Server2012 => format!(r"Microsoft:{}\HVR", guid(vm)),
            Os::Server2012R2 | Os::Server2016 | Os::Server2019 | Os::Server2022 => {
                format!(r"Microsoft:{}\HVR\{slot}", guid(vm))
            }
        }
    }

    pub(super) fn computer_system(&self, host: &Host, number: usize, own: &Object, class: &Class) -> Option<Row> {
        let vm = self.vms.get(number)?;
        let object = vm.object(own.host, 0);
        let end = object.map(|(leg, sender)| leg.end(sender));
        let in_memory = matches!(own.power, Power::Running | Power::Paused);
        let process = FIRST_PROCESS.saturating_add(u32::try_from(number).unwrap_or(u32::MAX).saturating_mul(4));
        let uptime = self.now.saturating_sub(own.on_since.max(host.booted)).as_millis();
        Some(class.instance(vec![
            ("Caption", text("Virtual Machine")),
            ("CreationClassName", text("Msvm_ComputerSystem")),
            ("Description", text("Microsoft Virtual Machine")),
            ("ElementName", text(own.name.as_str())),
            ("EnabledDefault", Value::Uint16(if own.is_running() { 2 } else { 3 })),
            ("EnabledState", Value::Uint16(own.power.enabled_state())),
            ("FailedOverReplicationType", Value::Uint16(end.map_or(0, |end| end.failed_over))),
            ("HealthState", Value::Uint16(5)),
            ("InstallDate", self.clock(own.host, Duration::ZERO)),
            ("LastApplicationConsistentReplicationTime", never()),
            ("LastReplicationTime", self.last(own.host, end)),
            ("LastReplicationType", Value::Uint16(last_type(end))),
            ("Name", text(guid(vm.id))),
            ("NumberOfNumaNodes", Value::Uint16(1)),
            (
                "OnTimeInMilliseconds",
                Value::Uint64(if in_memory { u64::try_from(uptime).unwrap_or(u64::MAX) } else { 0 }),
            ),
            ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
            ("ProcessID", if in_memory { Value::Uint32(process) } else { Value::Nil }),
            ("ReplicationHealth", Value::Uint16(object.map_or(0, |(leg, sender)| self.health(leg, sender)))),
            ("ReplicationMode", Value::Uint16(own.mode)),
            ("ReplicationState", Value::Uint16(end.map_or(0, End::shown))),
            ("RequestedState", Value::Uint16(NO_CHANGE)),
            ("ResetCapability", Value::Uint16(1)),
            ("Status", text("OK")),
            ("StatusDescriptions", Value::List(vec![text("Operating normally")])),
            ("TimeOfLastConfigurationChange", self.clock(own.host, Duration::ZERO)),
            ("TimeOfLastStateChange", self.clock(own.host, host.booted)),
        ]))
    }

    pub(super) fn relationship(&self, vm: &Vm, own: &Object, slot: u8, class: &Class) -> Row {
        let object = vm.object(own.host, slot);
        let end = object.map(|(leg, sender)| leg.end(sender));
        class.instance(vec![
            ("Caption", text("Replication Relationship")),
            ("Description", text("Virtual Machine Replication Relationship")),
            ("ElementName", text(own.name.as_str())),
            ("FailedOverReplicationType", Value::Uint16(end.map_or(0, |end| end.failed_over))),
            ("HealthState", Value::Uint16(5)),
            ("InstanceID", text(self.instance_id(vm.id, slot))),
            ("LastApplicationConsistentReplicationTime", never()),
            ("LastApplyTime", object.map_or_else(never, |object| self.applied(own.host, object))),
            ("LastReplicationTime", self.last(own.host, end)),
            ("LastReplicationType", Value::Uint16(last_type(end))),
            ("Name", text("")),
            ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
            ("ReplicationHealth", Value::Uint16(object.map_or(0, |(leg, sender)| self.health(leg, sender)))),
            ("ReplicationState", Value::Uint16(end.map_or(0, End::shown))),
            ("Status", text("OK")),
            ("StatusDescriptions", Value::List(vec![text("OK")])),
        ])
    }

    pub(super) fn settings(&self, host: &Host, vm: &Vm, own: &Object, slot: u8, class: &Class) -> Row {
        let object = vm.object(own.host, slot);
        let end = object.map(|(leg, sender)| leg.end(sender));
        let provider = format!(
            r#"\\{0}\root\virtualization\v2:Msvm_ReplicationProvider.InstanceID="Microsoft:{0}\\ReplicationProvider\\{1}""#,
            host.netbios(),
            end.map_or(HYPERV_PROVIDER, |end| &end.provider)
        );
        let clock = |seconds: u64| Value::DateTime(DateTime::Interval(Interval::from_micros(seconds * 1_000_000)));
        let frequency = object.map_or(300, |(leg, _)| u16::try_from(leg.frequency.as_secs()).unwrap_or(u16::MAX));
        let of = |named: fn(&End) -> &str| text(end.map_or("", named));
        class.instance(vec![
            ("ApplicationConsistentSnapshotInterval", Value::Uint16(0)),
            ("AuthenticationType", Value::Uint16(1)),
            ("AutoResynchronizeEnabled", Value::Boolean(object.is_some_and(|(leg, _)| leg.auto_resync))),
            ("AutoResynchronizeIntervalEnd", clock(HOURS.1)),
            ("AutoResynchronizeIntervalStart", clock(HOURS.0)),
            ("BypassProxyServer", Value::Boolean(false)),
            ("Caption", text("Replication Settings")),
            ("CompressionEnabled", Value::Boolean(true)),
            ("Description", text("Virtual Machine Replication Settings Data")),
            ("ElementName", text(own.name.as_str())),
            ("EnableWriteOrderPreservationAcrossDisks", Value::Boolean(true)),
            ("IncludedDisks", Value::List(vec![text(format!(r"C:\VMs\{}.vhdx", own.name))])),
            ("InstanceID", text(self.instance_id(vm.id, slot))),
            ("PrimaryConnectionPoint", of(|end| &end.primary_point)),
            ("PrimaryHostSystem", of(|end| &end.primary_host)),
            ("RecoveryConnectionPoint", of(|end| &end.recovery_host)),
            ("RecoveryHistory", Value::Uint16(POINTS_KEPT)),
            ("RecoveryHostSystem", of(|end| &end.recovery_host)),
            ("RecoveryServerPortNumber", Value::Uint16(if end.is_some() { 80 } else { 0 })),
            ("ReplicateHostKvpItems", Value::Boolean(true)),
            ("ReplicationInterval", Value::Uint16(frequency)),
            ("ReplicationProvider", text(provider)),
            ("VirtualSystemIdentifier", text(guid(vm.id))),
            ("VirtualSystemType", text("Microsoft:Hyper-V:Replica")),
        ])
    }

    /// A receiver applies what it received, later if somebody holds its VM. A sender applies nothing of its own, and
    /// shows what it knows of the receiver.
    fn applied(&self, host: usize, (leg, sender): (&Leg, bool)) -> Value {
        let at = if sender { leg.sender.last_replication } else { leg.applied };
        at.map_or_else(never, |at| self.clock(host, at))
    }

    fn last(&self, host: usize, end: Option<&End>) -> Value {
        end.and_then(|end| end.last_replication).map_or_else(never, |at| self.clock(host, at))
    }
}

fn last_type(end: Option<&End>) -> u16 {
    u16::from(end.is_some_and(|end| end.last_replication.is_some()))
}
