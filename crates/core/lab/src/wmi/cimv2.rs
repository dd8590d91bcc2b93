//! The classes of Windows itself: the computer, its system, its services. Available from boot, even without VMMS.

use cim::{Row, Value};

use super::hardware;
use super::value::text;
use crate::host::{Host, Vmms};
use crate::schema::Class;
use crate::world::World;

/// Other services, so that a list of services looks like one.
const OTHER_SERVICES: [(&str, &str); 4] = [
    ("EventLog", "Windows Event Log"),
    ("RpcSs", "Remote Procedure Call (RPC)"),
    ("Winmgmt", "Windows Management Instrumentation"),
    ("WinRM", "Windows Remote Management (WS-Management)"),
];

/// A service's `State` when it works.
const RUNNING: &str = "Running";

impl World {
    pub(super) fn windows(&self, index: usize, class: &Class) -> Vec<Row> {
        let Some(host) = self.hosts.get(index) else { return Vec::new() };
        match class.name {
            "Win32_ComputerSystem" => vec![computer(host, class, self.spec.language.minutes_ahead())],
            "Win32_OperatingSystem" => vec![self.system(index, host, class)],
            "Win32_Service" => services(host, class),
            "Win32_ComputerSystemProduct" => vec![hardware::product(host, class)],
            "Win32_Processor" => hardware::processors(host, class),
            "Win32_QuickFixEngineering" => hardware::updates(host, class),
            "CIM_DataFile" => hardware::files(self.spec.os, host, class),
            _ => Vec::new(),
        }
    }

    fn system(&self, index: usize, host: &Host, class: &Class) -> Row {
        let version = self.spec.os.version();
        let build = version.rsplit('.').next().unwrap_or(version);
        class.instance(vec![
            ("BuildNumber", text(build)),
            ("Caption", text(self.spec.os.caption())),
            ("CreationClassName", text("Win32_OperatingSystem")),
            ("CSCreationClassName", text("Win32_ComputerSystem")),
            ("CSName", text(host.netbios())),
            ("CurrentTimeZone", Value::Sint16(self.spec.language.minutes_ahead())),
            ("LastBootUpTime", self.local(self.boot_time(host))),
            ("LocalDateTime", self.local(self.time_at(index, self.now))),
            ("Manufacturer", text("Microsoft Corporation")),
            ("Name", text(format!(r"{}|C:\Windows|\Device\Harddisk0\Partition2", self.spec.os.caption()))),
            ("OSArchitecture", text("64-bit")),
            ("OSType", Value::Uint16(18)),
            ("ProductType", Value::Uint32(3)),
            ("ServicePackMajorVersion", Value::Uint16(0)),
            ("ServicePackMinorVersion", Value::Uint16(0)),
            ("Status", text("OK")),
            ("SystemDirectory", text(r"C:\Windows\system32")),
            ("Version", text(version)),
            ("WindowsDirectory", text(r"C:\Windows")),
        ])
    }
}

fn computer(host: &Host, class: &Class, minutes_ahead: i16) -> Row {
    let (label, domain) = host.name.split_once('.').unwrap_or((&host.name, ""));
    class.instance(vec![
        ("BootupState", text("Normal boot")),
        ("Caption", text(host.netbios())),
        ("CreationClassName", text("Win32_ComputerSystem")),
        ("CurrentTimeZone", Value::Sint16(minutes_ahead)),
        ("Description", text("AT/AT COMPATIBLE")),
        ("DNSHostName", text(label)),
        // A host of no domain shows its workgroup there (Win32_ComputerSystem); 2 is a standalone server, 3 a member.
        ("Domain", text(if domain.is_empty() { "WORKGROUP" } else { domain })),
        ("DomainRole", Value::Uint16(if domain.is_empty() { 2 } else { 3 })),
        ("HypervisorPresent", Value::Boolean(true)),
        ("Name", text(host.netbios())),
        ("NumberOfLogicalProcessors", Value::Uint32(16)),
        ("NumberOfProcessors", Value::Uint32(2)),
        ("PartOfDomain", Value::Boolean(!domain.is_empty())),
        ("Status", text("OK")),
        ("SystemType", text("x64-based PC")),
        ("TotalPhysicalMemory", Value::Uint64(256 << 30)),
    ])
}

fn services(host: &Host, class: &Class) -> Vec<Row> {
    let mut rows: Vec<Row> =
        OTHER_SERVICES.iter().map(|(name, display)| service(host, class, (name, display), RUNNING)).collect();
    let state = match host.vmms {
        Vmms::Stopped => "Stopped",
        Vmms::Starting { .. } => "Start Pending",
        Vmms::Running { .. } => RUNNING,
    };
    rows.push(service(host, class, ("vmms", "Hyper-V Virtual Machine Management"), state));
    rows
}

fn service(host: &Host, class: &Class, (name, display): (&str, &str), state: &str) -> Row {
    let running = state == RUNNING;
    class.instance(vec![
        ("AcceptPause", Value::Boolean(false)),
        ("AcceptStop", Value::Boolean(running)),
        ("Caption", text(display)),
        ("CreationClassName", text("Win32_Service")),
        ("DisplayName", text(display)),
        ("ErrorControl", text("Normal")),
        ("ExitCode", Value::Uint32(0)),
        ("Name", text(name)),
        ("ProcessId", Value::Uint32(if state == "Stopped" { 0 } else { 1_204 })),
        ("ServiceType", text("Own Process")),
        ("Started", Value::Boolean(running)),
        ("StartMode", text("Auto")),
        ("StartName", text("LocalSystem")),
        ("State", text(state)),
        ("Status", text("OK")),
        ("SystemCreationClassName", text("Win32_ComputerSystem")),
        ("SystemName", text(host.netbios())),
    ])
}
