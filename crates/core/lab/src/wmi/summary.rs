//! Summaries of VMs by the management service: `GetSummaryInformation`.

use cim::{Argument, FromValue, ObjectPath, Output, Properties, Row, Value};

use super::value::text;
use super::vm_settings::{MEMORY_MB, PROCESSORS};
use crate::host::Host;
use crate::schema::{self, Class, VIRTUALIZATION};
use crate::world::World;

const DONE: u32 = 0;
const INVALID_PARAMETER: u32 = 32_773;

/// Which number asks for which property (Hyper-V WMI reference, `GetSummaryInformation`).
const REQUESTS: [(u32, &str); 38] = [
    (0, "Name"),
    (1, "ElementName"),
    (2, "CreationTime"),
    (3, "Notes"),
    (4, "NumberOfProcessors"),
    (5, "ThumbnailImage"),
    (6, "ThumbnailImage"),
    (7, "ThumbnailImage"),
    (8, "AllocatedGPU"),
    (9, "VirtualSwitchNames"),
    (10, "Version"),
    (11, "Shielded"),
    (100, "EnabledState"),
    (101, "ProcessorLoad"),
    (102, "ProcessorLoadHistory"),
    (103, "MemoryUsage"),
    (104, "Heartbeat"),
    (105, "UpTime"),
    (106, "GuestOperatingSystem"),
    (107, "Snapshots"),
    (108, "AsynchronousTasks"),
    (109, "HealthState"),
    (110, "OperationalStatus"),
    (111, "StatusDescriptions"),
    (112, "MemoryAvailable"),
    (113, "AvailableMemoryBuffer"),
    (114, "ReplicationMode"),
    (115, "ReplicationState"),
    (116, "ReplicationHealth"),
    (117, "ApplicationHealth"),
    (118, "ReplicationStateEx"),
    (119, "ReplicationHealthEx"),
    (120, "SwapFilesInUse"),
    (121, "IntegrationServicesVersionState"),
    (122, "ReplicationProviderId"),
    (123, "MemorySpansPhysicalNumaNodes"),
    (132, "IntegrationServicesVersionState"),
    (132, "OtherEnabledState"),
];

/// The service itself. All is as the reference fixes it.
pub(super) fn service(host: &Host, class: &Class) -> Row {
    class.instance(vec![
        ("Caption", text("Virtual System Management Service")),
        ("CreationClassName", text("Msvm_VirtualSystemManagementService")),
        ("Description", text("Service for creating, manipulating, and managing virtual machines")),
        ("ElementName", text("Hyper-V Virtual System Management Service")),
        ("EnabledDefault", Value::Uint16(2)),
        ("EnabledState", Value::Uint16(2)),
        ("HealthState", Value::Uint16(5)),
        ("Name", text("vmms")),
        ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
        ("RequestedState", Value::Uint16(12)),
        ("Started", Value::Boolean(true)),
        ("Status", text("OK")),
        ("StatusDescriptions", Value::List(vec![text("The service is running normally")])),
        ("SystemCreationClassName", text("Msvm_ComputerSystem")),
        ("SystemName", text(host.netbios())),
    ])
}

impl World {
    /// A summary of each VM in the order of their rows.
    pub(super) fn summaries(&self, index: usize, host: &Host, class: &Class) -> Vec<Row> {
        let rows = |name: &str| {
            schema::class(VIRTUALIZATION, name).map(|class| self.instances(index, class)).unwrap_or_default()
        };
        let (relationships, settings) = (rows("Msvm_ReplicationRelationship"), rows("Msvm_ReplicationSettingData"));
        self.vm_rows(index).map(|vm| summary(host, &vm, &relationships, &settings, class)).collect()
    }

    /// `GetSummaryInformation`: of the VMs whose settings are named, or of all, what is asked for. An entry whose VM is
    /// not there has an empty name.
    pub(super) fn summary_information(&self, index: usize, arguments: &[Argument]) -> Output {
        let invalid = || Output { parameters: Properties::new().with("ReturnValue", Value::Uint32(INVALID_PARAMETER)) };
        let argument = |name: &str| {
            arguments.iter().find(|argument| argument.name == *name).map_or(&Value::Nil, |argument| &argument.value)
        };
        let Some(class) = schema::class(VIRTUALIZATION, "Msvm_SummaryInformation") else { return invalid() };
        let Some(wanted) = wanted(argument("RequestedInformation")) else { return invalid() };
        let all = self.instances(index, class);
        let settings = argument("SettingData");
        let entries: Vec<Row> = if settings.is_nil() {
            all
        } else {
            let Some(paths) = paths(settings) else { return invalid() };
            let of = |path: &ObjectPath| all.iter().find(|row| is_of(row, path)).cloned();
            let missing = || class.instance(vec![("Name", text(""))]);
            paths.iter().map(|path| of(path).unwrap_or_else(missing)).collect()
        };
        let mut entries: Vec<Row> = entries.into_iter().map(|row| only(row, &wanted)).collect();
        self.leave_out_others(class, &mut entries);
        let entries = entries.into_iter().map(|row| Value::Object(Box::new(row))).collect();
        Output {
            parameters: Properties::new()
                .with("ReturnValue", Value::Uint32(DONE))
                .with("SummaryInformation", Value::List(entries)),
        }
    }
}

fn summary(host: &Host, vm: &Row, relationships: &[Row], settings: &[Row], class: &Class) -> Row {
    let same = |name: &str| vm.properties.value(name).clone();
    let id: String = vm.get_opt("Name").ok().flatten().unwrap_or_default();
    let own = |row: &&Row| {
        let key: String = row.get_opt("InstanceID").ok().flatten().unwrap_or_default();
        key.split([':', '\\']).nth(1).is_some_and(|owner| owner.eq_ignore_ascii_case(&id))
    };
    // The second object is an extended leg's, and is shown only where there is one.
    let extended = |row: &Row| matches!(row.get_opt::<u16>("ReplicationState"), Ok(Some(state)) if state != 0);
    let legs: Vec<&Row> = relationships
        .iter()
        .filter(own)
        .enumerate()
        .filter(|(k, row)| *k == 0 || extended(row))
        .map(|(_, row)| row)
        .collect();
    let each = |name: &str| Value::List(legs.iter().map(|row| row.properties.value(name).clone()).collect());
    let provider = |leg: &&Row| {
        let key = leg.properties.value("InstanceID");
        let row = settings.iter().find(|row| row.properties.value("InstanceID") == key)?;
        let path = row.get_opt::<String>("ReplicationProvider").ok().flatten()?;
        let path = ObjectPath::parse(&path).ok()?;
        path.key("InstanceID")?.rsplit('\\').next().map(text)
    };
    let state = u16::from_value(&same("EnabledState")).unwrap_or_default();
    let (running, in_memory) = (state == 2, matches!(state, 2 | 9));
    class.instance(vec![
        ("ApplicationHealth", Value::Uint16(if running { 2 } else { 32_896 })),
        ("CreationTime", same("InstallDate")),
        ("ElementName", same("ElementName")),
        ("EnabledState", Value::Uint16(state)),
        ("GuestOperatingSystem", if running { text("Windows Server 2012 R2 Standard") } else { Value::Nil }),
        ("HealthState", same("HealthState")),
        ("Heartbeat", if running { Value::Uint16(2) } else { Value::Nil }),
        ("HostComputerSystemName", text(host.netbios())),
        ("InstanceID", text(format!("Microsoft:{id}"))),
        ("IntegrationServicesVersionState", Value::Uint16(u16::from(running))),
        ("MemorySpansPhysicalNumaNodes", Value::Boolean(false)),
        ("MemoryUsage", Value::Uint64(if in_memory { MEMORY_MB } else { 0 })),
        ("Name", text(id.as_str())),
        ("Notes", text("")),
        ("NumberOfProcessors", Value::Uint16(PROCESSORS)),
        ("OperationalStatus", same("OperationalStatus")),
        ("ProcessorLoad", Value::Uint16(if running { 3 } else { 0 })),
        ("ReplicationHealth", same("ReplicationHealth")),
        ("ReplicationHealthEx", each("ReplicationHealth")),
        ("ReplicationMode", same("ReplicationMode")),
        ("ReplicationProviderId", Value::List(legs.iter().filter_map(provider).collect())),
        ("ReplicationState", same("ReplicationState")),
        ("ReplicationStateEx", each("ReplicationState")),
        ("StatusDescriptions", same("StatusDescriptions")),
        ("SwapFilesInUse", Value::Boolean(false)),
        ("UpTime", same("OnTimeInMilliseconds")),
    ])
}

/// The properties that are asked for; `None` if a number means nothing.
fn wanted(requested: &Value) -> Option<Vec<&'static str>> {
    let numbers = if requested.is_nil() { Vec::new() } else { Vec::<u32>::from_value(requested).ok()? };
    let mut names = vec!["Name"];
    for number in numbers {
        let meant = REQUESTS.iter().filter(|(code, _)| *code == number).map(|(_, name)| *name);
        let before = names.len();
        names.extend(meant);
        if names.len() == before {
            return None;
        }
    }
    Some(names)
}

/// References to settings; `None` if there is something else among them.
fn paths(settings: &Value) -> Option<Vec<ObjectPath>> {
    let path = |value: &Value| if let Value::Reference(path) = value { Some((**path).clone()) } else { None };
    if let Value::List(items) = settings { items.iter().map(path).collect() } else { path(settings).map(|p| vec![p]) }
}

/// Whether a summary is of the VM with these settings. Both have one key.
fn is_of(summary: &Row, settings: &ObjectPath) -> bool {
    let key = |path: &ObjectPath| path.key("InstanceID").map(str::to_lowercase);
    settings.class == "Msvm_VirtualSystemSettingData"
        && summary.path.as_ref().and_then(key).is_some_and(|own| Some(own) == key(settings))
}

/// The entry with every property, and values only where they were asked for.
fn only(row: Row, wanted: &[&'static str]) -> Row {
    let properties = row
        .properties
        .into_iter()
        .map(|(name, value)| {
            let value = if wanted.iter().any(|wanted| name == *wanted) { value } else { Value::Nil };
            (name, value)
        })
        .collect();
    Row { properties, ..row }
}
