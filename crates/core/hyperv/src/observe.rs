//! Looking at a host: one query per class, with column lists, never one per VM.

use cim::{CallError, Port, Row, wql};
use reprise_model::{HostName, HostSystem, Observation, Problem, ProblemKind, Replication};

use crate::class::{CIMV2, VIRTUALIZATION, relationship, select, service, setting_data, virtual_machine, windows};
use crate::join::{Join, READ_OBJECTS, READ_SETTINGS, READ_VMS};
use crate::problem;
use crate::shape::Shape;

const READ_NAME: &str = "read the host's name (Win32_ComputerSystem)";
const READ_SYSTEM: &str = "read the host's version and clock (Win32_OperatingSystem)";
const READ_VMMS: &str = "see the service vmms (Win32_Service)";
const READ_SERVICE: &str = "read the replication service (Msvm_ReplicationService)";

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
    let version = system.as_ref().ok().and_then(|rows| windows::version(rows));
    let system: Result<HostSystem, Problem> = system.and_then(|rows| windows::host_system(&rows, READ_SYSTEM));
    let vmms = ask(port, CIMV2, windows::vmms(), READ_VMMS).await;
    let vmms = vmms.and_then(|rows| windows::service_state(&rows, READ_VMMS));
    port.note("reading replication");
    let replication = match Shape::of(version.as_deref(), READ_OBJECTS) {
        Ok(shape) => replication(port, &shape).await,
        Err(problem) => Err(problem),
    };
    Observation { name: name.into(), system: system.into(), vmms: vmms.into(), replication: replication.into() }
}

async fn ask(port: &impl Port, namespace: &str, select: wql::Select, what: &str) -> Result<Vec<Row>, Problem> {
    cim::query(port, namespace, select).await.map_err(|error: CallError| problem::of(&error, what))
}

/// Whether asking for more is of no use.
fn nobody_there(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Unreachable | ProblemKind::Untrusted | ProblemKind::TimedOut | ProblemKind::Denied)
}

async fn replication(port: &impl Port, shape: &Shape) -> Result<Replication, Problem> {
    let services = ask(port, VIRTUALIZATION, select(service::SERVICE, service::SERVICE_COLUMNS), READ_SERVICE).await?;
    if services.is_empty() {
        return Ok(Replication::default());
    }
    let columns = match shape {
        Shape::InVms => virtual_machine::COLUMNS_2012,
        Shape::Relationships { .. } | Shape::Unknown => virtual_machine::COLUMNS,
    };
    let rows = ask(port, VIRTUALIZATION, select(virtual_machine::CLASS, columns), READ_VMS).await?;
    let mut join = Join::default();
    for row in &rows {
        join.vm(row);
    }
    // Rows take many times the memory of what is kept of them, and the hosts of a fleet are looked at together: the rows of
    // one class are dropped before the next is asked for.
    if join.has_host_row() {
        match shape {
            Shape::InVms => in_vms(port, rows, &mut join).await?,
            Shape::Relationships { .. } | Shape::Unknown => {
                drop(rows);
                relationships(port, shape, &mut join).await?;
            }
        }
    }
    Ok(join.finish())
}

/// Server 2012 R2 and later.
async fn relationships(port: &impl Port, shape: &Shape, join: &mut Join) -> Result<(), Problem> {
    let objects = select(relationship::CLASS, relationship::COLUMNS);
    let no_class = |problem: Problem| match problem.kind {
        ProblemKind::NotThere => shape.no_such_class(problem),
        ProblemKind::Unreachable
        | ProblemKind::Untrusted
        | ProblemKind::Denied
        | ProblemKind::Busy
        | ProblemKind::TimedOut
        | ProblemKind::Refused
        | ProblemKind::Malformed
        | ProblemKind::TooLarge
        | ProblemKind::Unsupported => problem,
    };
    let objects = ask(port, VIRTUALIZATION, objects, READ_OBJECTS).await.map_err(no_class)?;
    for row in objects {
        join.relationship(&row);
    }
    if join.is_replicated() {
        let settings = select(setting_data::CLASS, setting_data::COLUMNS);
        let settings = ask(port, VIRTUALIZATION, settings, READ_SETTINGS).await?;
        for read in settings.iter().filter_map(setting_data::read) {
            join.setting(read);
        }
    }
    Ok(())
}

/// Server 2012: the VMs' rows say it all, but for the settings.
async fn in_vms(port: &impl Port, vms: Vec<Row>, join: &mut Join) -> Result<(), Problem> {
    for row in vms {
        join.object_in_vm(&row);
    }
    if join.is_replicated() {
        let settings = select(setting_data::CLASS, setting_data::COLUMNS_2012);
        let settings = ask(port, VIRTUALIZATION, settings, READ_SETTINGS).await?;
        for read in settings.iter().filter_map(setting_data::read_2012) {
            join.setting(read);
        }
    }
    Ok(())
}
