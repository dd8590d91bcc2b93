//! The namespaces of the classes, and queries for their columns.

use cim::CimType;

/// The namespace of Hyper-V.
pub(crate) const VIRTUALIZATION: &str = "root/virtualization/v2";
/// The namespace of Windows itself.
pub(crate) const CIMV2: &str = "root/cimv2";

/// Returns a query for some columns of a class.
pub(crate) fn select(class: &str, columns: &[(&str, CimType)]) -> cim::wql::Select {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    cim::wql::Select::columns(class, &names)
}
