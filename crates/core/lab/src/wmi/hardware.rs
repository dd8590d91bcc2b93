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

/// The updates that are installed on a host.
pub(super) fn updates(host: &Host, class: &Class) -> Vec<Row> {
    let update = |number: &String| {
        class.instance(vec![
            ("Caption", text(format!("http://support.microsoft.com/?kbid={}", number.trim_start_matches("KB")))),
            ("CSName", text(host.netbios())),
            ("Description", text("Update")),
            ("FixComments", text("")),
            ("HotFixID", text(number)),
            ("InstalledBy", text("NT AUTHORITY\\SYSTEM")),
            ("InstalledOn", text("1/1/2026")),
            ("ServicePackInEffect", text("")),
        ])
    };
    host.installed.updates.iter().map(update).collect()
}

/// The one file that hosts show: the program of VMMS. Its version is that of Windows, with the number of the update that it came with.
pub(super) fn files(os: Os, host: &Host, class: &Class) -> Vec<Row> {
    vec![class.instance(vec![
        ("AccessMask", Value::Uint32(18_809_343)),
        ("Archive", Value::Boolean(true)),
        ("Caption", text(r"c:\windows\system32\vmms.exe")),
        ("Compressed", Value::Boolean(false)),
        ("CreationClassName", text("CIM_LogicalFile")),
        ("CSCreationClassName", text("Win32_ComputerSystem")),
        ("CSName", text(host.netbios())),
        ("Description", text(r"c:\windows\system32\vmms.exe")),
        ("Drive", text("c:")),
        ("EightDotThreeFileName", text(r"c:\windows\system32\vmms.exe")),
        ("Encrypted", Value::Boolean(false)),
        ("Extension", text("exe")),
        ("FileName", text("vmms")),
        ("FileSize", Value::Uint64(13_000_000)),
        ("FileType", text("Application")),
        ("FSCreationClassName", text("Win32_FileSystem")),
        ("FSName", text("NTFS")),
        ("Hidden", Value::Boolean(false)),
        ("Manufacturer", text("Microsoft Corporation")),
        ("Name", text(r"c:\windows\system32\vmms.exe")),
        ("Path", text(r"\windows\system32\")),
        ("Readable", Value::Boolean(true)),
        ("Status", text("OK")),
        ("System", Value::Boolean(false)),
        ("Version", text(format!("{}.{}", os.version(), host.installed.revision))),
        ("Writeable", Value::Boolean(true)),
    ])]
}
