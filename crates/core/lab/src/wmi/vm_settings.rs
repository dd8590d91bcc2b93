//! The settings of VMs: of the VM itself, of its processors, of its memory.

use cim::{DateTime, Interval, Row, Value};

use super::value::text;
use crate::schema::{self, Class, VIRTUALIZATION};
use crate::world::World;

/// `EnabledState` of a VM whose memory lies on disk.
const SAVED: u16 = 6;
/// Virtual processors of every VM.
pub(super) const PROCESSORS: u16 = 2;
/// Memory of every VM.
pub(super) const MEMORY_MB: u64 = 4_096;

/// What clients see in the `InstanceID` of processor settings.
const PROCESSOR_KIND: &str = "B637F346-6A0E-4DEC-AF52-BD70CB80A21D";
/// What clients see in the `InstanceID` of memory settings.
const MEMORY_KIND: &str = "4764334D-E001-4176-82EE-5594EC9B530E";

/// A property of a VM's row that is text.
fn of(vm: &Row, name: &str) -> String {
    vm.get_opt(name).ok().flatten().unwrap_or_default()
}

impl World {
    /// The rows of VMs on a host. The host's own row has no date of installation.
    pub(super) fn vm_rows(&self, index: usize) -> impl Iterator<Item = Row> {
        let class = schema::class(VIRTUALIZATION, "Msvm_ComputerSystem");
        let rows = class.map(|class| self.instances(index, class)).unwrap_or_default();
        rows.into_iter().filter(|row| !row.properties.value("InstallDate").is_nil())
    }
}

/// The settings of the VM with this row.
pub(super) fn system(vm: &Row, class: &Class) -> Row {
    let saved = matches!(vm.get_opt::<u16>("EnabledState"), Ok(Some(SAVED)));
    let (id, name) = (of(vm, "Name"), of(vm, "ElementName"));
    let root = r"C:\ProgramData\Microsoft\Windows\Hyper-V";
    class.instance(vec![
        ("AllowFullSCSICommandSet", Value::Boolean(false)),
        ("AllowReducedFcRedundancy", Value::Boolean(false)),
        ("AutomaticRecoveryAction", Value::Uint16(3)),
        ("AutomaticShutdownAction", Value::Uint16(3)),
        ("AutomaticStartupAction", Value::Uint16(3)),
        ("AutomaticStartupActionDelay", Value::DateTime(DateTime::Interval(Interval::from_micros(0)))),
        ("AutomaticStartupActionSequenceNumber", Value::Uint16(0)),
        ("BIOSGUID", text(format!("{{{id}}}"))),
        ("BIOSNumLock", Value::Boolean(false)),
        ("BootOrder", Value::List((0..4).map(Value::Uint16).collect())),
        ("Caption", text("Virtual Machine Settings")),
        ("ConfigurationDataRoot", text(root)),
        ("ConfigurationFile", text(format!(r"Virtual Machines\{id}.xml"))),
        ("ConfigurationID", text(id.as_str())),
        ("CreationTime", vm.properties.value("InstallDate").clone()),
        ("DebugChannelId", Value::Uint32(u32::MAX)),
        ("DebugPort", Value::Uint32(0)),
        ("DebugPortEnabled", Value::Uint16(0)),
        ("Description", text("Active settings for the virtual machine")),
        ("ElementName", text(name)),
        ("IncrementalBackupEnabled", Value::Boolean(false)),
        ("InstanceID", text(format!("Microsoft:{id}"))),
        ("IsSaved", Value::Boolean(saved)),
        ("LogDataRoot", text(root)),
        ("Notes", Value::List(vec![text("")])),
        ("SnapshotDataRoot", text(root)),
        ("SuspendDataRoot", text(root)),
        ("SwapFileDataRoot", text(root)),
        ("VirtualNumaEnabled", Value::Boolean(true)),
        ("VirtualSystemIdentifier", text(id)),
        ("VirtualSystemSubType", text("Microsoft:Hyper-V:SubType:1")),
        ("VirtualSystemType", text("Microsoft:Hyper-V:System:Realized")),
    ])
}

pub(super) fn processor(vm: &Row, class: &Class) -> Row {
    class.instance(vec![
        ("AllocationUnits", text("percent / 1000")),
        ("AutomaticAllocation", Value::Boolean(true)),
        ("AutomaticDeallocation", Value::Boolean(true)),
        ("Caption", text("Processor")),
        ("Description", text("A logical processor of the hypervisor running on the host computer system.")),
        ("ElementName", text("Processor")),
        ("InstanceID", text(format!(r"Microsoft:{}\{PROCESSOR_KIND}\0", of(vm, "Name")))),
        ("Limit", Value::Uint64(100_000)),
        ("LimitCPUID", Value::Boolean(false)),
        ("LimitProcessorFeatures", Value::Boolean(false)),
        ("MaxNumaNodesPerSocket", Value::Uint64(1)),
        ("MaxProcessorsPerNumaNode", Value::Uint64(8)),
        ("PoolID", text("")),
        ("Reservation", Value::Uint64(0)),
        ("ResourceSubType", text("Microsoft:Hyper-V:Processor")),
        ("ResourceType", Value::Uint16(3)),
        ("VirtualQuantity", Value::Uint64(u64::from(PROCESSORS))),
        ("VirtualQuantityUnits", text("count")),
        ("Weight", Value::Uint32(100)),
    ])
}

pub(super) fn memory(vm: &Row, class: &Class) -> Row {
    class.instance(vec![
        ("AllocationUnits", text("byte * 2^20")),
        ("AutomaticAllocation", Value::Boolean(true)),
        ("AutomaticDeallocation", Value::Boolean(true)),
        ("Caption", text("Memory Default Settings")),
        ("Description", text("Describes the default settings for the memory resources.")),
        ("DynamicMemoryEnabled", Value::Boolean(false)),
        ("ElementName", text("Memory")),
        ("InstanceID", text(format!(r"Microsoft:{}\{MEMORY_KIND}", of(vm, "Name")))),
        ("IsVirtualized", Value::Boolean(true)),
        ("Limit", Value::Uint64(MEMORY_MB)),
        ("MaxMemoryBlocksPerNumaNode", Value::Uint64(131_072)),
        ("PoolID", text("")),
        ("Reservation", Value::Uint64(MEMORY_MB)),
        ("ResourceSubType", text("Microsoft:Hyper-V:Memory")),
        ("ResourceType", Value::Uint16(4)),
        ("SwapFilesInUse", Value::Boolean(false)),
        ("TargetMemoryBuffer", Value::Uint32(20)),
        ("VirtualQuantity", Value::Uint64(MEMORY_MB)),
        ("VirtualQuantityUnits", text("byte * 2^20")),
        ("Weight", Value::Uint32(5_000)),
    ])
}
