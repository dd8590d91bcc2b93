//! Reading the access lists of the event logs from a host's registry, by `StdRegProv` (WMI, registry provider).

use cim::{Argument, ObjectPath, Port, PropertyError, Value};
use reprise_model::Problem;

use super::access::AccessList;
use super::facts::ClassReading;
use crate::events::VMMS_LOGS;
use crate::problem::{self, Subject};

const READ_ACCESS: &str = "read who may read the log (StdRegProv)";
/// The namespace of the registry's provider.
const REGISTRY: &str = "root/default";
/// `HKEY_LOCAL_MACHINE`
const LOCAL_MACHINE: u32 = 0x8000_0002;
/// `ERROR_FILE_NOT_FOUND`: there is no such key, or no such value.
const NOT_SET: u32 = 2;

/// Where Windows keeps the list of the System log, of a channel, and what a policy sets for the System log ("Configure log access"
/// of the Event Log Service).
const SYSTEM: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\System";
const CHANNELS: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels";
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\EventLog\System";
const CUSTOM_LIST: &str = "CustomSD";
const CHANNEL_ACCESS: &str = "ChannelAccess";

/// What holds where nothing is set (Windows event log, `isolation` of a channel): for the System log, and for the log of an
/// application.
const SYSTEM_DEFAULT: &str = "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x3;;;BO)(A;;0x5;;;SO)(A;;0x1;;;IU)(A;;0x3;;;SU)(A;;0x1;;;S-1-5-3)\
     (A;;0x2;;;S-1-5-33)(A;;0x1;;;S-1-5-32-573)";
const APPLICATION_DEFAULT: &str = "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x7;;;SO)(A;;0x3;;;IU)(A;;0x3;;;SU)(A;;0x3;;;S-1-5-3)\
     (A;;0x3;;;S-1-5-33)(A;;0x1;;;S-1-5-32-573)";

/// Who may read the event logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsAccess {
    /// VMMS's log.
    pub vmms: ClassReading<LogAccess>,
    /// Windows' own log.
    pub system: ClassReading<LogAccess>,
}

/// Who may read one event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogAccess {
    /// Where the access list comes from.
    pub from: ListFrom,
    /// What it says.
    pub list: AccessList,
}

/// Where an access list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFrom {
    /// Nothing is set: it is Windows' default.
    Default,
    /// It is set for the log, in these words.
    Log(String),
    /// Group Policy sets it.
    Policy,
}

/// Reads who may read the event logs, with at most four calls, none of which changes anything.
pub async fn log_access(port: &impl Port) -> LogsAccess {
    port.note("examining who may read the event logs");
    LogsAccess { vmms: vmms(port).await, system: system(port).await }
}

async fn vmms(port: &impl Port) -> ClassReading<LogAccess> {
    for log in VMMS_LOGS {
        if let Some(text) = set(port, &format!(r"{CHANNELS}\{log}"), CHANNEL_ACCESS).await? {
            return access(&text, ListFrom::Log(text.clone()));
        }
    }
    access(APPLICATION_DEFAULT, ListFrom::Default)
}

/// A policy holds whatever is set for the log itself.
async fn system(port: &impl Port) -> ClassReading<LogAccess> {
    if let Some(text) = set(port, POLICY, CHANNEL_ACCESS).await? {
        return access(&text, ListFrom::Policy);
    }
    match set(port, SYSTEM, CUSTOM_LIST).await? {
        Some(text) => access(&text, ListFrom::Log(text.clone())),
        None => access(SYSTEM_DEFAULT, ListFrom::Default),
    }
}

fn access(text: &str, from: ListFrom) -> ClassReading<LogAccess> {
    let list = AccessList::read(text).ok_or_else(|| problem::odd(READ_ACCESS, "its access list is not understood"))?;
    Ok(LogAccess { from, list })
}

/// A text of the registry; `None` if nothing is set.
async fn set(port: &impl Port, key: &str, name: &str) -> Result<Option<String>, Problem> {
    let arguments = vec![
        Argument::new("hDefKey", Value::Uint32(LOCAL_MACHINE)),
        Argument::new("sSubKeyName", Value::String(key.to_owned())),
        Argument::new("sValueName", Value::String(name.to_owned())),
    ];
    let path = ObjectPath::new(REGISTRY, "StdRegProv");
    let failed = |error| problem::of(&error, READ_ACCESS, Subject::Windows);
    let output = cim::invoke(port, path, "GetStringValue", arguments).await.map_err(failed)?;
    let odd = |error: PropertyError| problem::unreadable_host(&error, READ_ACCESS);
    match output.return_value().map_err(odd)? {
        Some(crate::codes::DONE) => {
            Ok(output.get_opt::<String>("sValue").map_err(odd)?.filter(|text| !text.is_empty()))
        }
        Some(NOT_SET) => Ok(None),
        Some(code) => Err(problem::odd(READ_ACCESS, format!("the method returned {code}"))),
        None => Err(problem::odd(READ_ACCESS, "the method returned nothing")),
    }
}
