//! Reading and writing WMI classes, one file per class. Pure functions over rows.

pub(crate) mod concrete_job;
mod key;
mod namespace;
mod object;
pub(crate) mod relationship;
pub(crate) mod service;
pub(crate) mod setting_data;
mod time;
pub(crate) mod virtual_machine;
pub(crate) mod windows;

use cim::CimType;

pub(crate) use key::{relationship_id, relationship_id_2012};
pub(crate) use namespace::{CIMV2, VIRTUALIZATION, select};
pub(crate) use object::{Object, health};
pub(crate) use time::{host_time, last_replication};

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

/// Every property that is read or written, for comparison with an independent schema.
pub fn properties() -> Vec<PropertyUse> {
    let tables: [(&str, &str, Columns); 11] = [
        (CIMV2, windows::COMPUTER, windows::COMPUTER_COLUMNS),
        (CIMV2, windows::SYSTEM, windows::SYSTEM_COLUMNS),
        (CIMV2, windows::SERVICE, windows::SERVICE_COLUMNS),
        (VIRTUALIZATION, service::SERVICE, service::SERVICE_COLUMNS),
        (VIRTUALIZATION, service::SERVICE, service::KEYS),
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
