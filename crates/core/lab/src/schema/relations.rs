//! Associations of `root\virtualization\v2`: each instance is a pair of references, which are its keys.

use cim::CimType as T;

use super::{Class, VIRTUALIZATION, array, scalar};

pub(super) const CLASSES: &[Class] = &[REPLICATION, ELEMENT, STATE, COMPONENT, JOB, TEST];

const REPLICATION: Class = Class {
    name: "Msvm_SystemReplicationRelationship",
    namespace: VIRTUALIZATION,
    keys: &["Antecedent", "Dependent"],
    properties: &[scalar("Antecedent", T::Reference), scalar("Dependent", T::Reference)],
};

const ELEMENT: Class = Class {
    name: "Msvm_ElementSettingData",
    namespace: VIRTUALIZATION,
    keys: &["ManagedElement", "SettingData"],
    properties: &[
        scalar("IsCurrent", T::Uint16),
        scalar("IsDefault", T::Uint16),
        scalar("IsNext", T::Uint16),
        scalar("ManagedElement", T::Reference),
        scalar("SettingData", T::Reference),
    ],
};

const STATE: Class = Class {
    name: "Msvm_SettingsDefineState",
    namespace: VIRTUALIZATION,
    keys: &["ManagedElement", "SettingData"],
    properties: &[scalar("ManagedElement", T::Reference), scalar("SettingData", T::Reference)],
};

const COMPONENT: Class = Class {
    name: "Msvm_VirtualSystemSettingDataComponent",
    namespace: VIRTUALIZATION,
    keys: &["GroupComponent", "PartComponent"],
    properties: &[scalar("GroupComponent", T::Reference), scalar("PartComponent", T::Reference)],
};

const JOB: Class = Class {
    name: "Msvm_AffectedJobElement",
    namespace: VIRTUALIZATION,
    keys: &["AffectedElement", "AffectingElement"],
    properties: &[
        scalar("AffectedElement", T::Reference),
        scalar("AffectingElement", T::Reference),
        array("ElementEffects", T::Uint16),
        array("OtherElementEffectsDescriptions", T::String),
    ],
};

const TEST: Class = Class {
    name: "Msvm_ReplicaSystemDependency",
    namespace: VIRTUALIZATION,
    keys: &["Antecedent", "Dependent"],
    properties: &[scalar("Antecedent", T::Reference), scalar("Dependent", T::Reference)],
};
