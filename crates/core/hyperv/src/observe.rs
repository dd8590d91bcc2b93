//! Looking at a host: one query per class, with column lists, never one per VM.

use cim::{CallError, ErrorKind, Port, Row, wql};
use reprise_model::{HostName, HostSystem, Observation, Problem, ProblemKind, Replication};

use crate::class::{CIMV2, VIRTUALIZATION, relationship, select, service, setting_data, virtual_machine, windows};
use crate::join::{Join, READ_OBJECTS, READ_SETTINGS, READ_VMS};
use crate::problem::{self, Subject};
use crate::shape::Shape;

const READ_NAME: &str = "read the host's name (Win32_ComputerSystem)";
const READ_SYSTEM: &str = "read the host's version and clock (Win32_OperatingSystem)";
const READ_VMMS: &str = "see the service vmms (Win32_Service)";
const READ_SERVICE: &str = "read the replication service (Msvm_ReplicationService)";

/// Looks at a host with at most seven queries. A part that fails does not affect the others; if the host does not answer or
/// refuses the login, only the first query is sent. Rights differ by namespace: if access to `root\cimv2` is refused, the host
/// has the name that Hyper-V shows.
pub async fn observe(port: &impl Port) -> Observation {
    port.note("reading the host");
    let computer = select(windows::COMPUTER, windows::COMPUTER_COLUMNS);
    let name = match cim::query(port, CIMV2, computer).await {
        Ok(rows) => windows::host_name(&rows, READ_NAME),
        Err(error) => {
            let problem = problem::of(&error, READ_NAME, Subject::Windows);
            if nobody_there(&error) {
                return Observation::failed(&problem);
            }
            Err(problem)
        }
    };
    let system = ask(port, CIMV2, select(windows::SYSTEM, windows::SYSTEM_COLUMNS), READ_SYSTEM).await;
    let version = system.as_ref().ok().and_then(|rows| windows::version(rows));
    let system: Result<HostSystem, Problem> = system.and_then(|rows| windows::host_system(&rows, READ_SYSTEM));
    let vmms = ask(port, CIMV2, windows::vmms(), READ_VMMS).await;
    let vmms = vmms.and_then(|rows| windows::service_state(&rows, READ_VMMS));
    port.note("reading replication");
    let mut join = Join::default();
    let replication = match Shape::of(version.as_deref(), READ_OBJECTS) {
        Ok(shape) => replication(port, &shape, &mut join).await,
        Err(problem) => Err(problem),
    };
    let name = name.or_else(|problem| own_name(problem, &join));
    let replication = replication.map(|service| if service { join.finish() } else { Replication::default() });
    Observation { name: name.into(), system: system.into(), vmms: vmms.into(), replication: replication.into() }
}

/// Returns the name that Hyper-V shows, if the account has no rights to read the full name. After any other failure, the next
/// look reads the name.
fn own_name(problem: Problem, join: &Join) -> Result<HostName, Problem> {
    if problem.kind == ProblemKind::Denied { join.own_name().ok_or(problem) } else { Err(problem) }
}

async fn ask(port: &impl Port, namespace: &str, select: wql::Select, what: &str) -> Result<Vec<Row>, Problem> {
    let asked = if namespace == CIMV2 { Subject::Windows } else { Subject::HyperV };
    cim::query(port, namespace, select).await.map_err(|error: CallError| problem::of(&error, what, asked))
}

/// Returns whether further queries are useless. Missing rights on one namespace do not imply missing rights on another.
pub(crate) fn nobody_there(error: &CallError) -> bool {
    match error.kind {
        ErrorKind::Unreachable | ErrorKind::Untrusted | ErrorKind::TimedOut => true,
        ErrorKind::Denied => !problem::lacks_rights(error),
        ErrorKind::NotThere
        | ErrorKind::Busy
        | ErrorKind::Refused
        | ErrorKind::Malformed
        | ErrorKind::TooLarge
        | ErrorKind::Unsupported => false,
    }
}

/// Reads the VMs and their replication. Returns whether the replication service exists.
async fn replication(port: &impl Port, shape: &Shape, join: &mut Join) -> Result<bool, Problem> {
    let services = ask(port, VIRTUALIZATION, select(service::SERVICE, service::SERVICE_COLUMNS), READ_SERVICE).await?;
    if services.is_empty() {
        return Ok(false);
    }
    let columns = match shape {
        Shape::InVms => virtual_machine::COLUMNS_2012,
        Shape::Relationships { .. } | Shape::Unknown => virtual_machine::COLUMNS,
    };
    let rows = ask(port, VIRTUALIZATION, select(virtual_machine::CLASS, columns), READ_VMS).await?;
    for row in &rows {
        join.vm(row);
    }
    // Rows need many times the memory of the values that are kept, and many hosts are looked at concurrently: the rows of one
    // class are dropped before the next class is queried.
    if join.has_host_row() {
        match shape {
            Shape::InVms => in_vms(port, rows, join).await?,
            Shape::Relationships { .. } | Shape::Unknown => {
                drop(rows);
                relationships(port, shape, join).await?;
            }
        }
    }
    Ok(true)
}

/// Reads relationships and settings on Server 2012 R2 and later.
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

/// Reads replication on Server 2012, where the VMs' rows have everything except the settings.
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
