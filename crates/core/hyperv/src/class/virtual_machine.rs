//! `Msvm_ComputerSystem`: VMs, and the host's own row. On Server 2012 a VM's row is its replication object too.

use cim::{CimType as T, DateTime, ObjectPath, PropertyError, Row};
use reprise_model::{EnabledState, FailedOverType, HostName, Kept, ReplicationMode, ReplicationState, Vm, VmId};

use super::{Object, VIRTUALIZATION, health, last_replication};

pub(crate) const CLASS: &str = "Msvm_ComputerSystem";
pub(crate) const COLUMNS: &[(&str, T)] =
    &[("Name", T::String), ("ElementName", T::String), ("EnabledState", T::Uint16), ("ReplicationMode", T::Uint16)];

/// The same on Server 2012, where the row is also the VM's only replication object. (Deprecated since 2012 R2, where
/// these describe the first of two objects.)
pub(crate) const COLUMNS_2012: &[(&str, T)] = &[
    ("Name", T::String),
    ("ElementName", T::String),
    ("EnabledState", T::Uint16),
    ("ReplicationMode", T::Uint16),
    ("ReplicationState", T::Uint16),
    ("ReplicationHealth", T::Uint16),
    ("FailedOverReplicationType", T::Uint16),
    ("LastReplicationTime", T::DateTime),
];

/// The kind of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The host's own row, whose key is not a GUID, with the host's `NetBIOS` name.
    Host(Option<HostName>),
    /// A VM.
    Vm(VmId, Read),
}

/// A VM's row, as far as it can be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// Its display name.
    pub(crate) name: Option<String>,
    /// Its replication mode; `None` if it is NULL or unreadable.
    pub(crate) mode: Option<ReplicationMode>,
    /// The whole VM.
    pub(crate) vm: Result<Vm, PropertyError>,
}

/// Reads a row; an error if not even its key can be read.
pub(crate) fn read(row: &Row) -> Result<Kind, PropertyError> {
    let key: String = row.get("Name")?;
    let Ok(id) = key.parse::<VmId>() else {
        let shown = row.get_opt::<String>("ElementName").ok().flatten();
        return Ok(Kind::Host(shown.as_deref().and_then(HostName::new).or_else(|| HostName::new(&key))));
    };
    let mode = || Ok(row.get_opt::<u16>("ReplicationMode")?.map(ReplicationMode::from_number));
    let vm = || {
        Ok(Vm {
            id,
            name: row.get_opt("ElementName")?.unwrap_or_else(|| key.clone()),
            enabled: enabled(row.get("EnabledState")?),
            mode: mode()?.unwrap_or(ReplicationMode::None),
            key: key.clone(),
        })
    };
    let name = row.get_opt("ElementName").ok().flatten();
    Ok(Kind::Vm(id, Read { name, mode: mode().ok().flatten(), vm: vm() }))
}

/// Reads the replication object in a VM's row of Server 2012; `None` if the VM is not replicated.
pub(crate) fn object(row: &Row) -> Option<Result<Object, PropertyError>> {
    if row.get::<u16>("ReplicationMode") == Ok(ReplicationMode::None.number()) {
        return None;
    }
    let read = || {
        Ok(Object {
            kept: Kept::InVm,
            state: ReplicationState::from_number(row.get("ReplicationState")?),
            health: health(row),
            failed_over: FailedOverType::from_number(row.get_opt("FailedOverReplicationType")?.unwrap_or(0)),
            last_replication: last_replication(row.get_opt::<DateTime>("LastReplicationTime")?),
        })
    };
    Some(read())
}

/// Converts `EnabledState`, including older aliases.
fn enabled(number: u16) -> EnabledState {
    match number {
        2 => EnabledState::Running,
        3 => EnabledState::Off,
        6 | 32_769 => EnabledState::Saved,
        9 | 32_768 | 32_776 => EnabledState::Paused,
        10 | 32_770 | 32_777 => EnabledState::Starting,
        4 | 32_773 | 32_774 => EnabledState::Stopping,
        other => EnabledState::Other(other),
    }
}

/// Returns the path for a VM's methods. `key` is its name as the host wrote it.
pub(crate) fn path(key: &str) -> ObjectPath {
    ObjectPath::new(VIRTUALIZATION, CLASS).with("CreationClassName", CLASS).with("Name", key)
}
