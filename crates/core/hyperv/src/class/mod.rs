//! WMI classes as they are read and written: a file each. Pure functions over rows.

pub(crate) mod concrete_job;
pub(crate) mod relationship;
pub(crate) mod service;
pub(crate) mod setting_data;
pub(crate) mod virtual_machine;
pub(crate) mod windows;

use cim::CimType;
use reprise_model::{HostTime, LastReplication, RelationshipId, Slot};

/// The namespace of Hyper-V.
pub(crate) const VIRTUALIZATION: &str = "root/virtualization/v2";
/// The namespace of Windows itself.
pub(crate) const CIMV2: &str = "root/cimv2";

/// One property that this crate reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyUse {
    /// The namespace of its class.
    pub namespace: &'static str,
    /// Its class.
    pub class: &'static str,
    /// Its name.
    pub property: &'static str,
    /// Its type.
    pub kind: CimType,
}

/// Columns with their types.
type Columns = &'static [(&'static str, CimType)];

/// Every property that is read or written, for comparison with another reading of the reference.
pub fn properties() -> Vec<PropertyUse> {
    let tables: [(&str, &str, Columns); 8] = [
        (CIMV2, windows::COMPUTER, windows::COMPUTER_COLUMNS),
        (CIMV2, windows::SYSTEM, windows::SYSTEM_COLUMNS),
        (CIMV2, windows::SERVICE, windows::SERVICE_COLUMNS),
        (VIRTUALIZATION, service::SERVICE, service::SERVICE_COLUMNS),
        (VIRTUALIZATION, virtual_machine::CLASS, virtual_machine::COLUMNS),
        (VIRTUALIZATION, relationship::CLASS, relationship::PROPERTIES),
        (VIRTUALIZATION, setting_data::CLASS, setting_data::COLUMNS),
        (VIRTUALIZATION, concrete_job::CLASS, concrete_job::COLUMNS),
    ];
    let uses = tables.into_iter().flat_map(|(namespace, class, columns)| {
        columns.iter().map(move |(property, kind)| PropertyUse { namespace, class, property, kind: *kind })
    });
    uses.collect()
}

/// A query for some columns of a class.
pub(crate) fn select(class: &str, columns: &[(&str, CimType)]) -> cim::wql::Select {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    cim::wql::Select::columns(class, &names)
}

/// Reads an `InstanceID` of the form `Microsoft:<guid>\HVR\<0 or 1>`.
pub(crate) fn relationship_id(instance_id: &str) -> Option<RelationshipId> {
    let rest = instance_id.strip_prefix("Microsoft:").or_else(|| instance_id.strip_prefix("microsoft:"))?;
    let mut parts = rest.split('\\');
    let (vm, middle, slot) = (parts.next()?, parts.next()?, parts.next()?);
    let slot = match slot {
        "0" => Slot::Zero,
        "1" => Slot::One,
        _ => return None,
    };
    (middle.eq_ignore_ascii_case("HVR") && parts.next().is_none())
        .then_some(RelationshipId { vm: vm.parse().ok()?, slot })
}

/// Everything before this year means "never": Windows writes 1601, and a local rendering may say 1600.
const YEAR_1900_US: i64 = -2_208_988_800_000_000;

/// A host's point in time.
pub(crate) fn host_time(at: cim::Timestamp) -> HostTime {
    HostTime(at.unix_us().div_euclid(1_000))
}

/// When data last arrived. NULL, intervals and anything before 1900 are "never".
pub(crate) fn last_replication(value: Option<cim::DateTime>) -> LastReplication {
    match value {
        Some(cim::DateTime::Timestamp(at)) if at.unix_us() >= YEAR_1900_US => LastReplication::At(host_time(at)),
        Some(cim::DateTime::Timestamp(_) | cim::DateTime::Interval(_)) | None => LastReplication::Never,
    }
}
