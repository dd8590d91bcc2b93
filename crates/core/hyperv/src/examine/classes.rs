//! The classes that an examination reads, with their columns, and what their rows say.

use cim::{CimType as T, ObjectPath, PropertyError, Row, wql};
use reprise_model::{ReplicationMode, VmId};

use super::certificate::normal;
use super::facts::{ReplicaServer, ReplicationService, ReplicationSetup, Services, TaskState, Vms};
use crate::class::{VIRTUALIZATION, select};

pub(super) const UPDATE: &str = "Win32_QuickFixEngineering";
pub(super) const UPDATE_COLUMNS: &[(&str, T)] = &[("HotFixID", T::String)];
pub(super) const FILE: &str = "CIM_DataFile";
pub(super) const FILE_COLUMNS: &[(&str, T)] = &[("Name", T::String), ("Version", T::String)];
pub(super) const SERVICE: &str = "Win32_Service";
pub(super) const SERVICE_COLUMNS: &[(&str, T)] = &[("Name", T::String), ("State", T::String), ("StartMode", T::String)];
pub(super) const REPLICATION: &str = "Msvm_ReplicationService";
pub(super) const REPLICATION_COLUMNS: &[(&str, T)] = &[
    ("CreationClassName", T::String),
    ("Name", T::String),
    ("OperationalStatus", T::Uint16),
    ("StatusDescriptions", T::String),
    ("SystemCreationClassName", T::String),
    ("SystemName", T::String),
];
/// The keys of a service, by which its methods are called.
const SERVICE_KEYS: [&str; 4] = ["CreationClassName", "Name", "SystemCreationClassName", "SystemName"];
pub(super) const VM: &str = "Msvm_ComputerSystem";
pub(super) const VM_COLUMNS: &[(&str, T)] = &[("Name", T::String), ("ReplicationMode", T::Uint16)];
pub(super) const RELATIONSHIP: &str = "Msvm_ReplicationRelationship";
pub(super) const RELATIONSHIP_COLUMNS: &[(&str, T)] = &[("InstanceID", T::String), ("ReplicationState", T::Uint16)];
pub(super) const SETUP: &str = "Msvm_ReplicationSettingData";
pub(super) const SETUP_COLUMNS: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("AuthenticationType", T::Uint16),
    ("CertificateThumbPrint", T::String),
    ("RecoveryHostSystem", T::String),
];
pub(super) const JOB: &str = "Msvm_ConcreteJob";
pub(super) const JOB_COLUMNS: &[(&str, T)] = &[("InstanceID", T::String), ("JobState", T::Uint16)];
pub(super) const SERVER: &str = "Msvm_ReplicationServiceSettingData";
pub(super) const SERVER_COLUMNS: &[(&str, T)] = &[
    ("RecoveryServerEnabled", T::Boolean),
    ("AllowedAuthenticationType", T::Uint16),
    ("CertificateThumbPrint", T::String),
    ("HttpPort", T::Uint16),
    ("HttpsPort", T::Uint16),
];
pub(super) const AUTHORIZATION: &str = "Msvm_ReplicationAuthorizationSettingData";
pub(super) const AUTHORIZATION_COLUMNS: &[(&str, T)] = &[("AllowedPrimaryHostSystem", T::String)];
pub(super) const TASK: &str = "MSFT_ScheduledTask";
pub(super) const TASK_COLUMNS: &[(&str, T)] = &[("TaskName", T::String), ("TaskPath", T::String), ("State", T::Uint8)];

/// A service that every Windows has and that runs whenever WMI answers.
const EVERYWHERE: &str = "Winmgmt";
/// Certificates as a kind of authentication: of a relationship, and among those that a server allows.
const BY_CERTIFICATE: u16 = 2;
const BOTH: u16 = 3;
const BY_KERBEROS: u16 = 1;
/// Where `install task` puts the task.
const TASK_NAME: &str = "Startup";
const TASK_FOLDER: &str = r"\Reprise\";

/// The service vmms, and one that every Windows has.
pub(super) fn services() -> wql::Select {
    let named = |name| wql::Condition::equals("Name", name);
    select(SERVICE, SERVICE_COLUMNS).filter(named("vmms").or(named(EVERYWHERE)))
}

pub(super) fn read_services(rows: &[Row]) -> Result<Services, PropertyError> {
    let mut services = Services { vmms: None, sees_any: false };
    for row in rows {
        let name: String = row.get("Name")?;
        if name.eq_ignore_ascii_case("vmms") {
            let start_mode = row.get_opt("StartMode")?.unwrap_or_default();
            let state = crate::class::windows::state_of(row.get("State")?);
            services.vmms = Some(super::facts::ServiceEntry { state, start_mode });
        }
        services.sees_any = true;
    }
    Ok(services)
}

/// The file of VMMS. A query by name alone reads one file; without it WMI would walk through all disks.
pub(super) fn file(system_folder: &str) -> wql::Select {
    let name = format!(r"{}\vmms.exe", system_folder.trim_end_matches('\\'));
    select(FILE, FILE_COLUMNS).filter(wql::Condition::equals("Name", name.as_str()))
}

pub(super) fn read_replication(rows: &[Row]) -> Result<Option<ReplicationService>, PropertyError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let status = row.get_opt::<Vec<u16>>("OperationalStatus")?.unwrap_or_default();
    let descriptions = row.get_opt::<Vec<String>>("StatusDescriptions")?.unwrap_or_default();
    Ok(Some(ReplicationService { status, descriptions }))
}

/// The path for the methods of the replication service; `None` if its keys are not all there.
pub(super) fn service_path(rows: &[Row]) -> Option<ObjectPath> {
    let row = rows.first()?;
    SERVICE_KEYS.iter().try_fold(ObjectPath::new(VIRTUALIZATION, REPLICATION), |path, key| {
        Some(path.with(*key, row.get_opt::<String>(key).ok()??))
    })
}

pub(super) fn read_vms(rows: &[Row]) -> Result<Vms, PropertyError> {
    let mut vms = Vms::default();
    for row in rows {
        if row.get::<String>("Name")?.parse::<VmId>().is_err() {
            vms.host_row = true;
            continue;
        }
        vms.count += 1;
        let mode = ReplicationMode::from_number(row.get_opt("ReplicationMode")?.unwrap_or_default());
        if mode != ReplicationMode::None {
            vms.modes.push(mode);
        }
    }
    Ok(vms)
}

/// Rows of VMs without replication name no other host.
pub(super) fn read_setups(rows: &[Row]) -> Result<Vec<ReplicationSetup>, PropertyError> {
    let mut setups = Vec::new();
    for row in rows {
        if row.text("RecoveryHostSystem")?.is_none_or(str::is_empty) {
            continue;
        }
        let by_certificate = row.get_opt::<u16>("AuthenticationType")? == Some(BY_CERTIFICATE);
        let thumbprint = thumbprint(row)?.filter(|_| by_certificate);
        setups.push(ReplicationSetup { certificate: thumbprint });
    }
    Ok(setups)
}

fn thumbprint(row: &Row) -> Result<Option<String>, PropertyError> {
    Ok(row.text("CertificateThumbPrint")?.map(normal).filter(|text| !text.is_empty()))
}

pub(super) fn read_server(rows: &[Row]) -> Result<Option<ReplicaServer>, PropertyError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let allowed = row.get_opt::<u16>("AllowedAuthenticationType")?.unwrap_or_default();
    let port = |name: &str, allowed_by: u16| -> Result<Option<u16>, PropertyError> {
        let port = row.get_opt::<u16>(name)?;
        Ok(port.filter(|_| [allowed_by, BOTH].contains(&allowed)))
    };
    Ok(Some(ReplicaServer {
        enabled: row.get_opt("RecoveryServerEnabled")?.unwrap_or_default(),
        http: port("HttpPort", BY_KERBEROS)?,
        https: port("HttpsPort", BY_CERTIFICATE)?,
        certificate: thumbprint(row)?,
    }))
}

pub(super) fn read_authorizations(rows: &[Row]) -> Result<Vec<String>, PropertyError> {
    rows.iter().map(|row| Ok(row.get_opt("AllowedPrimaryHostSystem")?.unwrap_or_default())).collect()
}

/// The tasks with the name of ours, wherever they are.
pub(super) fn tasks() -> wql::Select {
    select(TASK, TASK_COLUMNS).filter(wql::Condition::equals("TaskName", TASK_NAME))
}

pub(super) fn read_task(rows: &[Row]) -> Result<Option<TaskState>, PropertyError> {
    for row in rows {
        if row.text("TaskPath")?.is_some_and(|path| path.eq_ignore_ascii_case(TASK_FOLDER)) {
            return Ok(Some(match row.get::<u32>("State")? {
                1 => TaskState::Disabled,
                2..=4 => TaskState::Enabled,
                other => TaskState::Other(other),
            }));
        }
    }
    Ok(None)
}
