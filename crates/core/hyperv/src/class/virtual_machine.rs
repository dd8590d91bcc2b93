//! `Msvm_ComputerSystem`: VMs, and the host's own row.

use cim::{CimType as T, ObjectPath, PropertyError, Row};
use reprise_model::{EnabledState, ReplicationMode, Vm, VmId};

use super::VIRTUALIZATION;

pub(crate) const CLASS: &str = "Msvm_ComputerSystem";
pub(crate) const COLUMNS: &[(&str, T)] =
    &[("Name", T::String), ("ElementName", T::String), ("EnabledState", T::Uint16), ("ReplicationMode", T::Uint16)];

/// What a row is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The host's own row: its name is no GUID.
    Host,
    /// A VM.
    Vm(Vm),
}

/// A row that cannot be read, with the VM if that much could.
pub(crate) type Bad = (Option<VmId>, PropertyError);

/// Reads a row.
pub(crate) fn read(row: &Row) -> Result<Kind, Bad> {
    let key: String = row.get("Name").map_err(|error| (None, error))?;
    let Ok(id) = key.parse::<VmId>() else { return Ok(Kind::Host) };
    let rest = || -> Result<Vm, PropertyError> {
        Ok(Vm {
            id,
            name: row.get_opt("ElementName")?.unwrap_or_else(|| key.clone()),
            enabled: enabled(row.get("EnabledState")?),
            mode: ReplicationMode::from_number(row.get_opt("ReplicationMode")?.unwrap_or(0)),
            key: key.clone(),
        })
    };
    rest().map(Kind::Vm).map_err(|error| (Some(id), error))
}

/// `EnabledState`, older aliases included.
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

/// Where the methods of a VM are. `key` is its name as the host wrote it.
pub(crate) fn path(key: &str) -> ObjectPath {
    ObjectPath::new(VIRTUALIZATION, CLASS).with("CreationClassName", CLASS).with("Name", key)
}
