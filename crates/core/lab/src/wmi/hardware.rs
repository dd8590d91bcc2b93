//! The hardware of a host and the updates on it.

use cim::{Row, Value};

use super::value::text;
use crate::host::Host;
use crate::schema::Class;
use crate::spec::Os;

/// Sockets of every host; `Win32_ComputerSystem` says the same.
const SOCKETS: u32 = 2;
/// Cores of a socket.
const CORES: u32 = 4;
/// Threads of a socket.
const THREADS: u32 = 8;

pub(super) fn product(host: &Host, class: &Class) -> Row {
    class.instance(vec![
        ("Caption", text("Computer System Product")),
        ("Description", text("Computer System Product")),
        ("IdentifyingNumber", text(format!("LAB-{}", host.netbios()))),
        ("Name", text("Simulated Server")),
        ("UUID", text("00000000-0000-0000-0000-000000000000")),
        ("Vendor", text("Reprise Lab")),
        ("Version", text("1.0")),
    ])
}

pub(super) fn processors(host: &Host, class: &Class) -> Vec<Row> {
    let processor = |socket: u32| {
        class.instance(vec![
            ("AddressWidth", Value::Uint16(64)),
            ("Architecture", Value::Uint16(9)),
            ("Availability", Value::Uint16(3)),
            ("Caption", text("Intel64 Family 6 Model 85 Stepping 4")),
            ("CpuStatus", Value::Uint16(1)),
            ("CreationClassName", text("Win32_Processor")),
            ("CurrentClockSpeed", Value::Uint32(2_100)),
            ("DataWidth", Value::Uint16(64)),
            ("Description", text("Intel64 Family 6 Model 85 Stepping 4")),
            ("DeviceID", text(format!("CPU{socket}"))),
            ("Level", Value::Uint16(6)),
            ("LoadPercentage", Value::Uint16(5)),
            ("Manufacturer", text("GenuineIntel")),
            ("MaxClockSpeed", Value::Uint32(2_100)),
            ("Name", text("Simulated CPU @ 2.10GHz")),
            ("NumberOfCores", Value::Uint32(CORES)),
            ("NumberOfEnabledCore", Value::Uint32(CORES)),
            ("NumberOfLogicalProcessors", Value::Uint32(THREADS)),
            ("PowerManagementSupported", Value::Boolean(false)),
            ("ProcessorType", Value::Uint16(3)),
            ("Role", text("CPU")),
            ("SecondLevelAddressTranslationExtensions", Value::Boolean(true)),
            ("SocketDesignation", text(format!("CPU {socket}"))),
            ("Status", text("OK")),
            ("StatusInfo", Value::Uint16(3)),
            ("SystemCreationClassName", text("Win32_ComputerSystem")),
            ("SystemName", text(host.netbios())),
            ("ThreadCount", Value::Uint32(THREADS)),
            ("VirtualizationFirmwareEnabled", Value::Boolean(true)),
            ("VMMonitorModeExtensions", Value::Boolean(true)),
        ])
    };
    (0..SOCKETS).map(processor).collect()
}

/// The rollup that a host of this version has. The lab's Server 2016 is not patched: it lacks KB4088889 of March 2018,
/// which repairs suspended replication (Microsoft's support article of that number).
pub(super) fn updates(os: Os, host: &Host, class: &Class) -> Vec<Row> {
    let number = match os {
        Os::Server2012 => "KB2770917",
        Os::Server2012R2 => "KB2919355",
        Os::Server2016 => "KB3192137",
        Os::Server2019 => "KB5005112",
        Os::Server2022 => "KB5008882",
    };
    vec![class.instance(vec![
        ("Caption", text(format!("http://support.microsoft.com/?kbid={}", number.trim_start_matches("KB")))),
        ("CSName", text(host.netbios())),
        ("Description", text("Update")),
        ("FixComments", text("")),
        ("HotFixID", text(number)),
        ("InstalledBy", text("NT AUTHORITY\\SYSTEM")),
        ("InstalledOn", text("1/1/2026")),
        ("ServicePackInEffect", text("")),
    ])]
}
