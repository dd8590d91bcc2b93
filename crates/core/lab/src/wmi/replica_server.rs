//! A host's rows about itself as a replica server: its settings, the primary servers it accepts, its replication provider.

use cim::{DateTime, Interval, Row, Value};

use super::value::text;
use crate::host::Host;
use crate::leg::HYPERV_PROVIDER;
use crate::schema::Class;

/// 09:00, when statistics are reset first.
const MONITORING_START_US: u64 = 9 * 3_600 * 1_000_000;

/// Defaults of the Hyper-V WMI reference, but for what was set up.
pub(super) fn settings(host: &Host, class: &Class) -> Row {
    let newest = host.installed.certificates.last();
    let thumbprint = newest.map(crate::certificate::Certificate::thumbprint).unwrap_or_default();
    class.instance(vec![
        ("AllowedAuthenticationType", Value::Uint16(host.installed.server.authentication)),
        ("Caption", text("Replication Service Settings")),
        ("CertificateThumbPrint", text(thumbprint)),
        ("Description", text("Virtual Machine Replication Service Settings Data")),
        ("ElementName", text("Replication Service Settings")),
        ("HttpPort", Value::Uint16(80)),
        ("HttpsPort", Value::Uint16(443)),
        ("InstanceID", text(format!("Microsoft:{}", host.netbios()))),
        ("MonitoringInterval", Value::Uint32(43_200)),
        ("MonitoringStartTime", Value::DateTime(DateTime::Interval(Interval::from_micros(MONITORING_START_US)))),
        ("RecoveryServerEnabled", Value::Boolean(host.installed.server.enabled)),
    ])
}

/// Every primary server is accepted, or none.
pub(super) fn authorizations(host: &Host, class: &Class) -> Vec<Row> {
    let any = || {
        class.instance(vec![
            ("AllowedPrimaryHostSystem", text("*")),
            ("Caption", text("Replication Authorization Settings")),
            ("Description", text("Virtual Machine Replication Authorization Settings Data")),
            ("ElementName", text("Replication Authorization Settings")),
            ("InstanceID", text(format!(r"Microsoft:{}\*", host.netbios()))),
            ("ReplicaStorageLocation", text(r"C:\Replica")),
            ("TrustGroup", text("DEFAULT")),
        ])
    };
    host.installed.server.authorizes.then(any).into_iter().collect()
}

pub(super) fn provider(host: &Host, class: &Class) -> Row {
    let name = "Virtual machine replication provider to Hyper-V host";
    class.instance(vec![
        ("Caption", text("Replication Provider")),
        ("Description", text(name)),
        ("ElementName", text(name)),
        ("InstanceID", text(format!(r"Microsoft:{}\ReplicationProvider\{HYPERV_PROVIDER}", host.netbios()))),
        ("Name", text(HYPERV_PROVIDER)),
        ("OperationalStatus", Value::List(vec![Value::Uint16(2)])),
    ])
}
