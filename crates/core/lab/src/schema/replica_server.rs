//! What a host says of itself as a replica server, in `root\virtualization\v2`.

use cim::CimType as T;

use super::{Class, VIRTUALIZATION, array, scalar};

pub(super) const CLASSES: &[Class] = &[SETTINGS, ENTRY, PROVIDER];

const SETTINGS: Class = Class {
    name: "Msvm_ReplicationServiceSettingData",
    namespace: VIRTUALIZATION,
    keys: &["InstanceID"],
    properties: &[
        scalar("AllowedAuthenticationType", T::Uint16),
        scalar("Caption", T::String),
        scalar("CertificateThumbPrint", T::String),
        scalar("Description", T::String),
        scalar("ElementName", T::String),
        scalar("HttpPort", T::Uint16),
        scalar("HttpsPort", T::Uint16),
        scalar("InstanceID", T::String),
        scalar("MonitoringInterval", T::Uint32),
        scalar("MonitoringStartTime", T::DateTime),
        scalar("RecoveryServerEnabled", T::Boolean),
    ],
};

const ENTRY: Class = Class {
    name: "Msvm_ReplicationAuthorizationSettingData",
    namespace: VIRTUALIZATION,
    keys: &["InstanceID"],
    properties: &[
        scalar("AllowedPrimaryHostSystem", T::String),
        scalar("Caption", T::String),
        scalar("Description", T::String),
        scalar("ElementName", T::String),
        scalar("InstanceID", T::String),
        scalar("ReplicaStorageLocation", T::String),
        scalar("TrustGroup", T::String),
    ],
};

const PROVIDER: Class = Class {
    name: "Msvm_ReplicationProvider",
    namespace: VIRTUALIZATION,
    keys: &["InstanceID"],
    properties: &[
        scalar("Caption", T::String),
        scalar("CommunicationStatus", T::Uint16),
        scalar("Description", T::String),
        scalar("DetailedStatus", T::Uint16),
        scalar("ElementName", T::String),
        scalar("HealthState", T::Uint16),
        scalar("InstallDate", T::DateTime),
        scalar("InstanceID", T::String),
        scalar("Name", T::String),
        scalar("OperatingStatus", T::Uint16),
        array("OperationalStatus", T::Uint16),
        scalar("PrimaryStatus", T::Uint16),
        scalar("Status", T::String),
        array("StatusDescriptions", T::String),
    ],
};
