//! The methods that hosts carry out, with the inputs that they take (WMI reference, the methods' pages).

use cim::CimType as T;

use super::{R2, array, scalar};
use crate::schema::Property;
use crate::spec::Os;

/// One method.
#[derive(Debug)]
pub(crate) struct Method {
    class: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    since: Os,
    /// Its inputs.
    pub(crate) inputs: &'static [Input],
}

/// One input of a method.
#[derive(Debug)]
pub struct Input {
    /// Its name and its type.
    pub value: Property,
    /// Whether the method cannot do without it.
    pub required: bool,
}

const fn required(value: Property) -> Input {
    Input { value, required: true }
}

const fn optional(value: Property) -> Input {
    Input { value, required: false }
}

const fn method(class: &'static str, name: &'static str, inputs: &'static [Input]) -> Method {
    Method { class, name, since: Os::Server2012, inputs }
}

const STATE: Input = required(scalar("RequestedState", T::Uint16));
/// Nobody reads it.
const TIMEOUT: Input = optional(scalar("TimeoutPeriod", T::DateTime));
/// An embedded instance as text. Absent, it is the first replication of the VM.
const RELATIONSHIP: Input = optional(scalar("ReplicationRelationship", T::String));
const VM: Input = required(scalar("ComputerSystem", T::Reference));

const METHODS: &[Method] = &[
    method("Msvm_ComputerSystem", "RequestStateChange", &[STATE, TIMEOUT]),
    method("Msvm_ComputerSystem", "RequestReplicationStateChange", &[STATE, TIMEOUT]),
    // Its page says Server 2016, the class it needs and Microsoft's sample say 2012 R2.
    method("Msvm_ComputerSystem", "RequestReplicationStateChangeEx", &[RELATIONSHIP, STATE, TIMEOUT]).since(R2),
    method("Msvm_ReplicationService", "Resynchronize", &[VM, optional(scalar("StartTime", T::DateTime))]),
    method("Msvm_ReplicationService", "GetReplicationStatistics", &[VM]),
    method("Msvm_ReplicationService", "GetReplicationStatisticsEx", &[VM, RELATIONSHIP]).since(R2),
    method("Msvm_ReplicationService", "GetSystemCertificates", &[]),
    method(
        "StdRegProv",
        "GetStringValue",
        &[
            optional(scalar("hDefKey", T::Uint32)),
            required(scalar("sSubKeyName", T::String)),
            required(scalar("sValueName", T::String)),
        ],
    ),
    method(
        "Msvm_VirtualSystemManagementService",
        "GetSummaryInformation",
        &[optional(array("SettingData", T::Reference)), optional(array("RequestedInformation", T::Uint32))],
    ),
];

impl Method {
    const fn since(self, since: Os) -> Self {
        Self { since, ..self }
    }

    /// The methods of a class that a Windows has.
    pub(crate) fn of(class: &'static str, os: Os) -> impl Iterator<Item = &'static Self> {
        METHODS.iter().filter(move |m| m.class == class && m.since <= os)
    }

    /// The method of that name, if that Windows has it; names compare without case.
    pub(crate) fn find(class: &str, name: &str, os: Os) -> Option<&'static Self> {
        METHODS.iter().find(|m| m.class == class && m.name.eq_ignore_ascii_case(name) && m.since <= os)
    }
}
