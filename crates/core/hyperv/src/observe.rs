//! Looking at a host: one query per class, with column lists, never one per VM.

use std::collections::BTreeMap;

use cim::{CallError, ErrorKind, Port, Row, wql};
use reprise_model::{
    HostName, HostSystem, Observation, Problem, ProblemKind, RelationshipId, Replication, ReplicationObject,
    ReplicationState, Seen, Settings, Unreadable,
};

use crate::class::{CIMV2, VIRTUALIZATION, relationship, select, service, setting_data, virtual_machine, windows};
use crate::problem;

/// The version of Server 2012, whose replication has another shape.
const SERVER_2012: &str = "6.2.";

const READ_NAME: &str = "read the host's name (Win32_ComputerSystem)";
const READ_SYSTEM: &str = "read the host's version and clock (Win32_OperatingSystem)";
const READ_VMMS: &str = "see the service vmms (Win32_Service)";
const READ_SERVICE: &str = "read the replication service (Msvm_ReplicationService)";
const READ_VMS: &str = "read the VMs (Msvm_ComputerSystem)";
const READ_OBJECTS: &str = "read the replication relationships (Msvm_ReplicationRelationship)";
const READ_SETTINGS: &str = "read the replication settings (Msvm_ReplicationSettingData)";

/// Looks at a host: at most seven queries. A part that fails does not spoil the others; a host that is not there at all,
/// or refuses the login, is asked once.
pub async fn observe(port: &impl Port) -> Observation {
    port.note("reading the host");
    let name = ask(port, CIMV2, select(windows::COMPUTER, windows::COMPUTER_COLUMNS), READ_NAME).await;
    if let Err(problem) = &name
        && nobody_there(problem.kind)
    {
        return Observation::failed(problem);
    }
    let name: Result<HostName, Problem> = name.and_then(|rows| windows::host_name(&rows, READ_NAME));
    let system = ask(port, CIMV2, select(windows::SYSTEM, windows::SYSTEM_COLUMNS), READ_SYSTEM).await;
    let system: Result<HostSystem, Problem> = system.and_then(|rows| windows::host_system(&rows, READ_SYSTEM));
    let vmms = ask(port, CIMV2, windows::vmms(), READ_VMMS).await;
    let vmms = vmms.and_then(|rows| windows::service_state(&rows, READ_VMMS));
    port.note("reading replication");
    let replication = match &system {
        Ok(system) if system.version.starts_with(SERVER_2012) => {
            let why = "this is Server 2012, which is not supported yet";
            Err(Problem::new(ProblemKind::Unsupported, READ_OBJECTS, why))
        }
        Ok(_) | Err(_) => replication(port).await,
    };
    Observation { name: name.into(), system: system.into(), vmms: vmms.into(), replication: replication.into() }
}

async fn ask(port: &impl Port, namespace: &str, select: wql::Select, what: &str) -> Result<Vec<Row>, Problem> {
    cim::query(port, namespace, select).await.map_err(|error: CallError| problem::of(&error, what))
}

/// Whether asking for more is of no use.
fn nobody_there(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Unreachable | ProblemKind::TimedOut | ProblemKind::Denied)
}

async fn replication(port: &impl Port) -> Result<Replication, Problem> {
    let mut seen = Replication::default();
    let services = ask(port, VIRTUALIZATION, select(service::SERVICE, service::SERVICE_COLUMNS), READ_SERVICE).await?;
    seen.service = !services.is_empty();
    if !seen.service {
        return Ok(seen);
    }
    let vms = select(virtual_machine::CLASS, virtual_machine::COLUMNS);
    for row in ask(port, VIRTUALIZATION, vms, READ_VMS).await? {
        match virtual_machine::read(&row) {
            Ok(virtual_machine::Kind::Host) => seen.host_row = true,
            Ok(virtual_machine::Kind::Vm(vm)) => {
                seen.vms.insert(vm.id, vm);
            }
            Err((vm, error)) => {
                seen.unreadable.push(Unreadable { vm, problem: problem::unreadable(&error, READ_VMS) });
            }
        }
    }
    if !seen.host_row {
        return Ok(seen);
    }
    let objects = select(relationship::CLASS, relationship::COLUMNS);
    let objects = ask(port, VIRTUALIZATION, objects, READ_OBJECTS).await?;
    let replicated = objects.iter().any(|row| row.get::<u16>("ReplicationState").is_ok_and(|state| state != 0));
    let mut settings = if replicated { settings(port, &mut seen.unreadable).await? } else { BTreeMap::new() };
    for row in objects {
        match relationship::read(&row) {
            Ok(object) if object.state == ReplicationState::Disabled => {}
            Ok(object) => {
                let settings = settings.remove(&object.id).map_or_else(|| Seen::NotSeen(no_settings()), Seen::Seen);
                seen.objects.insert(object.id, with_settings(object, settings));
            }
            Err(bad) => seen.unreadable.push(unreadable(&bad)),
        }
    }
    Ok(seen)
}

async fn settings(
    port: &impl Port,
    unreadable: &mut Vec<Unreadable>,
) -> Result<BTreeMap<RelationshipId, Settings>, Problem> {
    let query = select(setting_data::CLASS, setting_data::COLUMNS);
    let mut settings = BTreeMap::new();
    for row in ask(port, VIRTUALIZATION, query, READ_SETTINGS).await? {
        match setting_data::read(&row) {
            Ok(Some((id, read))) => {
                settings.insert(id, read);
            }
            Ok(None) => {}
            Err(error) => {
                unreadable.push(Unreadable { vm: None, problem: problem::unreadable(&error, READ_SETTINGS) });
            }
        }
    }
    Ok(settings)
}

fn with_settings(object: relationship::Read, settings: Seen<Settings>) -> ReplicationObject {
    ReplicationObject {
        id: object.id,
        instance_id: object.instance_id,
        state: object.state,
        failed_over: object.failed_over,
        last_replication: object.last_replication,
        settings,
    }
}

fn no_settings() -> Problem {
    Problem::new(ProblemKind::NotThere, READ_SETTINGS, "there is no setting data with the relationship's InstanceID")
}

fn unreadable(bad: &relationship::Bad) -> Unreadable {
    match bad {
        relationship::Bad::Property(id, error) => {
            Unreadable { vm: id.map(|id| id.vm), problem: problem::unreadable(error, READ_OBJECTS) }
        }
        relationship::Bad::Key(key) => {
            let key: String = key.chars().take(80).collect();
            let why = format!("the InstanceID `{key}` has an unknown form");
            Unreadable { vm: None, problem: Problem::new(ProblemKind::Malformed, READ_OBJECTS, why) }
        }
    }
}

/// Whether a failed call may pass by itself while a job is followed.
pub(crate) fn passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Busy | ErrorKind::NotThere)
}
