//! `Msvm_ReplicationService`: one instance if VMMS is running and replication is available.

use cim::{CimType as T, ObjectPath, Row};

use super::VIRTUALIZATION;

pub(crate) const SERVICE: &str = "Msvm_ReplicationService";
pub(crate) const SERVICE_COLUMNS: &[(&str, T)] = &[("Name", T::String), ("EnabledState", T::Uint16)];

/// Its keys.
pub(crate) const KEYS: &[(&str, T)] = &[
    ("CreationClassName", T::String),
    ("Name", T::String),
    ("SystemCreationClassName", T::String),
    ("SystemName", T::String),
];

/// Returns the path for its methods; `None` if the row lacks a key.
pub(crate) fn path(row: &Row) -> Option<ObjectPath> {
    let mut path = ObjectPath::new(VIRTUALIZATION, SERVICE);
    for (key, _) in KEYS {
        path = path.with(*key, row.get::<String>(key).ok()?);
    }
    Some(path)
}
