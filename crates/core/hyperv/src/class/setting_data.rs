//! `Msvm_ReplicationSettingData`: how a relationship is set up. Joined to its object by equal `InstanceID`.

use std::time::Duration;

use cim::{CimType as T, PropertyError, Row};
use reprise_model::{HostName, Provider, RelationshipId, Settings};

use super::relationship_id;

pub(crate) const CLASS: &str = "Msvm_ReplicationSettingData";
pub(crate) const COLUMNS: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("PrimaryHostSystem", T::String),
    ("PrimaryConnectionPoint", T::String),
    ("RecoveryHostSystem", T::String),
    ("RecoveryConnectionPoint", T::String),
    ("ReplicationInterval", T::Uint16),
    ("ReplicationProvider", T::String),
];

/// The name of Hyper-V's own provider, with which the provider's path ends.
const HYPERV_PROVIDER: &str = "22391CDC-272C-4DDF-BA88-9BEFB1A0975C";

/// Reads a row; `None` if its key is none of a relationship.
pub(crate) fn read(row: &Row) -> Result<Option<(RelationshipId, Settings)>, PropertyError> {
    let instance_id: String = row.get("InstanceID")?;
    let Some(id) = relationship_id(&instance_id) else { return Ok(None) };
    let host = |name: &str| Ok(row.get_opt::<String>(name)?.as_deref().and_then(HostName::new));
    let interval = row.get_opt::<u16>("ReplicationInterval")?;
    let settings = Settings {
        primary_host: host("PrimaryHostSystem")?,
        primary_point: host("PrimaryConnectionPoint")?,
        recovery_host: host("RecoveryHostSystem")?,
        recovery_point: host("RecoveryConnectionPoint")?,
        provider: provider(row.get_opt::<String>("ReplicationProvider")?),
        frequency: interval.map(|seconds| Duration::from_secs(u64::from(seconds))),
    };
    Ok(Some((id, settings)))
}

/// Nothing said is Hyper-V itself, as before providers existed.
fn provider(path: Option<String>) -> Provider {
    match path {
        Some(path) if !path.is_empty() && !path.to_uppercase().contains(HYPERV_PROVIDER) => Provider::External(path),
        Some(_) | None => Provider::HyperV,
    }
}
