//! WMI classes as they are read and written: a file each. Pure functions over rows.

pub(crate) mod concrete_job;
pub(crate) mod relationship;
pub(crate) mod service;
pub(crate) mod setting_data;
pub(crate) mod virtual_machine;
pub(crate) mod windows;

use cim::CimType;
use reprise_model::{
    FailedOverType, HostTime, Kept, LastReplication, RelationshipId, ReplicationObject, ReplicationState, Seen,
    Settings, Slot, VmId,
};

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
    let tables: [(&str, &str, Columns); 10] = [
        (CIMV2, windows::COMPUTER, windows::COMPUTER_COLUMNS),
        (CIMV2, windows::SYSTEM, windows::SYSTEM_COLUMNS),
        (CIMV2, windows::SERVICE, windows::SERVICE_COLUMNS),
        (VIRTUALIZATION, service::SERVICE, service::SERVICE_COLUMNS),
        (VIRTUALIZATION, virtual_machine::CLASS, virtual_machine::COLUMNS),
        (VIRTUALIZATION, virtual_machine::CLASS, virtual_machine::COLUMNS_2012),
        (VIRTUALIZATION, relationship::CLASS, relationship::PROPERTIES),
        (VIRTUALIZATION, setting_data::CLASS, setting_data::COLUMNS),
        (VIRTUALIZATION, setting_data::CLASS, setting_data::COLUMNS_2012),
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

/// One replication object as its class shows it, without its settings.
#[derive(Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) kept: Kept,
    pub(crate) state: ReplicationState,
    pub(crate) failed_over: FailedOverType,
    pub(crate) last_replication: LastReplication,
}

impl Object {
    /// The whole.
    pub(crate) fn with(self, id: RelationshipId, settings: Seen<Settings>) -> ReplicationObject {
        let Self { kept, state, failed_over, last_replication } = self;
        ReplicationObject { id, kept, state, failed_over, last_replication, settings }
    }
}

/// The first part of every key of replication; what follows is the VM's GUID.
const KEY_PREFIX: &str = "Microsoft:";
/// The middle part of every key of replication.
const KEY_MIDDLE: &str = "HVR";

/// Reads an `InstanceID` of the form `Microsoft:<guid>\HVR\<0 or 1>`: in any case, the GUID with or without braces.
pub(crate) fn relationship_id(instance_id: &str) -> Option<RelationshipId> {
    let (vm, rest) = instance_key(instance_id)?;
    let slot = match rest? {
        "0" => Slot::Zero,
        "1" => Slot::One,
        _ => return None,
    };
    Some(RelationshipId { vm, slot })
}

/// Reads an `InstanceID` of Server 2012, where a VM has one only: `Microsoft:<guid>\HVR`.
pub(crate) fn relationship_id_2012(instance_id: &str) -> Option<RelationshipId> {
    let (vm, rest) = instance_key(instance_id)?;
    rest.is_none().then_some(RelationshipId { vm, slot: Slot::Zero })
}

/// The VM of a key of replication, and what follows the middle part.
fn instance_key(instance_id: &str) -> Option<(VmId, Option<&str>)> {
    let (prefix, key) = instance_id.split_at_checked(KEY_PREFIX.len())?;
    let (vm, rest) = key.split_once('\\')?;
    let (middle, rest) = rest.split_once('\\').map_or((rest, None), |(middle, rest)| (middle, Some(rest)));
    let known = prefix.eq_ignore_ascii_case(KEY_PREFIX) && middle.eq_ignore_ascii_case(KEY_MIDDLE);
    known.then_some((vm.parse().ok()?, rest))
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
