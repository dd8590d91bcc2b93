//! `Msvm_ReplicationSettingData`: how a relationship is set up. Joined to its object by equal `InstanceID`, and on Server
//! 2012 by the VM that it names.

use std::time::Duration;

use cim::{CimType as T, DateTime, PropertyError, Row};
use reprise_model::{AutoResync, HostName, Provider, RelationshipId, ReplicationSettings, Slot};

use super::{relationship_id, relationship_id_2012};

pub(crate) const CLASS: &str = "Msvm_ReplicationSettingData";
pub(crate) const COLUMNS: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("PrimaryHostSystem", T::String),
    ("PrimaryConnectionPoint", T::String),
    ("RecoveryHostSystem", T::String),
    ("RecoveryConnectionPoint", T::String),
    ("ReplicationInterval", T::Uint16),
    ("ReplicationProvider", T::String),
    ("AutoResynchronizeEnabled", T::Boolean),
    ("AutoResynchronizeIntervalStart", T::DateTime),
    ("AutoResynchronizeIntervalEnd", T::DateTime),
];

/// The same on Server 2012, which supports neither other providers nor other frequencies.
pub(crate) const COLUMNS_2012: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("VirtualSystemIdentifier", T::String),
    ("PrimaryHostSystem", T::String),
    ("PrimaryConnectionPoint", T::String),
    ("RecoveryHostSystem", T::String),
    ("RecoveryConnectionPoint", T::String),
    ("AutoResynchronizeEnabled", T::Boolean),
    ("AutoResynchronizeIntervalStart", T::DateTime),
    ("AutoResynchronizeIntervalEnd", T::DateTime),
];

/// How often Server 2012 sends changes. It has no other interval.
const FREQUENCY_2012: Duration = Duration::from_mins(5);

/// The name of Hyper-V's own provider, at the end of the provider's path.
const HYPERV_PROVIDER: &str = "22391CDC-272C-4DDF-BA88-9BEFB1A0975C";

/// The values of a row, with the object to which it belongs, if that can be read.
pub(crate) type Read = (Option<RelationshipId>, Result<ReplicationSettings, PropertyError>);

/// Reads a row; `None` if its key is not that of a relationship.
pub(crate) fn read(row: &Row) -> Option<Read> {
    let instance_id: String = match row.get("InstanceID") {
        Ok(instance_id) => instance_id,
        Err(error) => return Some((None, Err(error))),
    };
    let id = relationship_id(&instance_id)?;
    let rest = || {
        let interval = row.get_opt::<u16>("ReplicationInterval")?;
        Ok(ReplicationSettings {
            provider: provider(row.text("ReplicationProvider")?),
            frequency: interval.map(|seconds| Duration::from_secs(u64::from(seconds))),
            ..hosts(row)?
        })
    };
    Some((Some(id), rest()))
}

/// Reads a row of Server 2012, which names its VM; `None` if its key is not that of a relationship.
pub(crate) fn read_2012(row: &Row) -> Option<Read> {
    let key = match row.get::<String>("InstanceID") {
        Ok(instance_id) => relationship_id_2012(&instance_id)?,
        Err(error) => return Some((None, Err(error))),
    };
    let vm = row.get::<String>("VirtualSystemIdentifier").map(|vm| vm.parse().ok());
    Some(match vm {
        Ok(Some(vm)) => (Some(RelationshipId { vm, slot: Slot::Zero }), hosts(row)),
        // It does not name a VM, so its key is used.
        Ok(None) => (Some(key), hosts(row)),
        Err(error) => (Some(key), Err(error)),
    })
}

/// Reads the two hosts; the other values are constant on Server 2012.
fn hosts(row: &Row) -> Result<ReplicationSettings, PropertyError> {
    let host = |name: &str| Ok(row.text(name)?.and_then(HostName::new));
    Ok(ReplicationSettings {
        primary_host: host("PrimaryHostSystem")?,
        primary_point: host("PrimaryConnectionPoint")?,
        recovery_host: host("RecoveryHostSystem")?,
        recovery_point: host("RecoveryConnectionPoint")?,
        provider: Provider::HyperV,
        frequency: Some(FREQUENCY_2012),
        auto_resync: auto_resync(row),
    })
}

/// Reads when VMMS resynchronizes by itself. This only informs people, so a value that cannot be read counts as missing.
fn auto_resync(row: &Row) -> Option<AutoResync> {
    let is_on = row.get_opt::<bool>("AutoResynchronizeEnabled").ok().flatten().unwrap_or(false);
    let clock = |name: &str| match row.get_opt::<DateTime>(name).ok().flatten()? {
        DateTime::Interval(since_midnight) => Some(Duration::from_micros(since_midnight.micros())),
        DateTime::Timestamp(_) => None,
    };
    let hours =
        || AutoResync { from: clock("AutoResynchronizeIntervalStart"), until: clock("AutoResynchronizeIntervalEnd") };
    is_on.then(hours)
}

/// No value means Hyper-V itself, as before providers existed.
fn provider(path: Option<&str>) -> Provider {
    match path {
        Some(path) if !path.is_empty() && !names_hyperv(path) => Provider::External(path.to_owned()),
        Some(_) | None => Provider::HyperV,
    }
}

fn names_hyperv(path: &str) -> bool {
    let name = HYPERV_PROVIDER.as_bytes();
    path.as_bytes().windows(name.len()).any(|part| part.eq_ignore_ascii_case(name))
}
