//! `Msvm_ReplicationService`: one instance if VMMS is running and replication is available.

use cim::CimType as T;

pub(crate) const SERVICE: &str = "Msvm_ReplicationService";
pub(crate) const SERVICE_COLUMNS: &[(&str, T)] = &[("Name", T::String), ("EnabledState", T::Uint16)];
