//! Examining a host for `doctor`: one query per class, whatever the others returned. What the answers mean for an administrator is
//! decided elsewhere; here each class is either shown or the reason why it could not be read.

mod access;
mod certificate;
mod classes;
mod facts;
mod log_access;
#[cfg(test)]
mod tests;

use cim::{CimType, ObjectPath, Port, PropertyError, Row, wql};
use reprise_model::{HostName, Problem, Remedy};

pub use access::{AccessList, EVENT_LOG_READERS, with_readers};
pub use certificate::ComputerCertificate;
pub use facts::{
    ClassReading, Computer, Examination, ReplicaServer, ReplicationService, ReplicationSetup, ServiceEntry, Services,
    System, TaskState, Updates, Vms,
};
pub use log_access::{ListFrom, LogAccess, LogsAccess, log_access};

use crate::class::{CIMV2, PropertyUse, VIRTUALIZATION, select, windows};
use crate::observe::nobody_there;
use crate::problem::{self, Subject};

/// The namespace of Task Scheduler.
const TASK_SCHEDULER: &str = "root/Microsoft/Windows/TaskScheduler";
/// The build of Server 2016, the only one with an update that ends suspensions at shutdown (support article on suspended
/// replication: KB4088889).
const BUILD_2016: &str = "10.0.14393";
/// The property that says where Windows is.
const SYSTEM_DIRECTORY: &str = "SystemDirectory";
/// Where Windows is, if it does not say so.
const SYSTEM_FOLDER: &str = r"C:\Windows\system32";

const READ_COMPUTER: &str = "read the host's name (Win32_ComputerSystem)";
const READ_SYSTEM: &str = "read the host's version and clock (Win32_OperatingSystem)";
const READ_UPDATES: &str = "read the installed updates (Win32_QuickFixEngineering)";
const READ_FILE: &str = "read the version of vmms.exe (CIM_DataFile)";
const READ_SERVICES: &str = "see services (Win32_Service)";
const READ_REPLICATION: &str = "read the replication service (Msvm_ReplicationService)";
const READ_VMS: &str = "read the VMs (Msvm_ComputerSystem)";
const READ_RELATIONSHIPS: &str = "read the replication relationships (Msvm_ReplicationRelationship)";
const READ_SETUP: &str = "read the replication settings (Msvm_ReplicationSettingData)";
const READ_JOBS: &str = "read the jobs (Msvm_ConcreteJob)";
const READ_SERVER: &str = "read the replica server's settings (Msvm_ReplicationServiceSettingData)";
const READ_AUTHORIZATIONS: &str = "read the authorized primary servers (Msvm_ReplicationAuthorizationSettingData)";
const READ_CERTIFICATES: &str = "read the computer's certificates (GetSystemCertificates)";
const READ_TASK: &str = "read the task \\Reprise\\Startup (MSFT_ScheduledTask)";

/// Columns with their types.
type Columns = &'static [(&'static str, CimType)];

/// The classes that only an examination reads, with their columns.
const COLUMNS: [(&str, &str, Columns); 12] = [
    (CIMV2, windows::SYSTEM, &[(SYSTEM_DIRECTORY, CimType::String)]),
    (CIMV2, classes::UPDATE, classes::UPDATE_COLUMNS),
    (CIMV2, classes::FILE, classes::FILE_COLUMNS),
    (CIMV2, classes::SERVICE, classes::SERVICE_COLUMNS),
    (VIRTUALIZATION, classes::REPLICATION, classes::REPLICATION_COLUMNS),
    (VIRTUALIZATION, classes::VM, classes::VM_COLUMNS),
    (VIRTUALIZATION, classes::RELATIONSHIP, classes::RELATIONSHIP_COLUMNS),
    (VIRTUALIZATION, classes::SETUP, classes::SETUP_COLUMNS),
    (VIRTUALIZATION, classes::JOB, classes::JOB_COLUMNS),
    (VIRTUALIZATION, classes::SERVER, classes::SERVER_COLUMNS),
    (VIRTUALIZATION, classes::AUTHORIZATION, classes::AUTHORIZATION_COLUMNS),
    (TASK_SCHEDULER, classes::TASK, classes::TASK_COLUMNS),
];

/// Every property that an examination reads besides those of a look, for comparison with an independent schema.
pub fn properties() -> Vec<PropertyUse> {
    let uses = COLUMNS.into_iter().flat_map(|(namespace, class, columns)| {
        columns.iter().map(move |(property, kind)| PropertyUse { namespace, class, property, kind: *kind })
    });
    uses.collect()
}

/// Examines a host with at most fourteen calls, none of which changes anything.
///
/// # Errors
/// [`Problem`] if the host does not answer or refuses the login: then only one call was made.
pub async fn examine(port: &impl Port) -> Result<Examination, Problem> {
    port.note("examining the host");
    let computer = cim::query(port, CIMV2, select(windows::COMPUTER, windows::COMPUTER_COLUMNS)).await;
    if let Err(error) = &computer
        && nobody_there(error)
    {
        return Err(problem::of(error, READ_COMPUTER, Subject::Windows));
    }
    let computer = computer.map_err(|error| problem::of(&error, READ_COMPUTER, Subject::Windows));
    let computer = computer.and_then(|rows| read_computer(&rows));
    let (system, folder) = read_system(port).await;
    let version = system.as_ref().ok().map(|system| system.system.version.clone());
    let updates = match version.as_deref() {
        Some(version) if version.starts_with(BUILD_2016) => Some(read_updates(port, &folder).await),
        Some(_) | None => None,
    };
    let services = ask(port, CIMV2, classes::services(), READ_SERVICES).await;
    port.note("examining replication");
    let service = ask(port, VIRTUALIZATION, columns_of(classes::REPLICATION), READ_REPLICATION).await;
    let path = service.as_ref().ok().and_then(|rows| classes::service_path(rows));
    let mut examination = Examination {
        computer,
        system,
        updates,
        services: read(services, READ_SERVICES, classes::read_services),
        service: read(service, READ_REPLICATION, classes::read_replication),
        vms: of_hyperv(port, classes::VM, READ_VMS, classes::read_vms).await,
        relationships: match version.as_deref() {
            Some(version) if version.starts_with("6.2.") => None,
            Some(_) | None => {
                Some(of_hyperv(port, classes::RELATIONSHIP, READ_RELATIONSHIPS, |rows| Ok(rows.len())).await)
            }
        },
        settings: of_hyperv(port, classes::SETUP, READ_SETUP, classes::read_setups).await,
        jobs: of_hyperv(port, classes::JOB, READ_JOBS, |rows| Ok(rows.len())).await,
        server: of_hyperv(port, classes::SERVER, READ_SERVER, classes::read_server).await,
        authorizations: of_hyperv(port, classes::AUTHORIZATION, READ_AUTHORIZATIONS, classes::read_authorizations)
            .await,
        certificates: None,
        task: {
            let rows = ask(port, TASK_SCHEDULER, classes::tasks(), READ_TASK).await;
            read(rows, READ_TASK, classes::read_task)
        },
    };
    if !examination.certificates_in_use().is_empty() {
        examination.certificates = Some(certificates(port, path).await);
    }
    Ok(examination)
}

fn read_computer(rows: &[Row]) -> ClassReading<Computer> {
    let name: HostName = windows::host_name(rows, READ_COMPUTER)?;
    let in_domain = rows.first().and_then(|row| row.get_opt::<bool>("PartOfDomain").ok().flatten());
    Ok(Computer { name, in_domain: in_domain.unwrap_or_default() })
}

/// Reads Windows' version and clock, and where Windows is.
async fn read_system(port: &impl Port) -> (ClassReading<System>, String) {
    let names: Vec<&str> =
        windows::SYSTEM_COLUMNS.iter().map(|(name, _)| *name).chain(std::iter::once(SYSTEM_DIRECTORY)).collect();
    let before = port.elapsed();
    let rows = ask(port, CIMV2, wql::Select::columns(windows::SYSTEM, &names), READ_SYSTEM).await;
    let read = (before, port.elapsed());
    let folder = rows.as_ref().ok().and_then(|rows| rows.first()?.get_opt::<String>(SYSTEM_DIRECTORY).ok().flatten());
    let system = rows.and_then(|rows| windows::host_system(&rows, READ_SYSTEM));
    (system.map(|system| System { system, read }), folder.unwrap_or_else(|| SYSTEM_FOLDER.to_owned()))
}

async fn read_updates(port: &impl Port, folder: &str) -> Updates {
    let rows = ask(port, CIMV2, select(classes::UPDATE, classes::UPDATE_COLUMNS), READ_UPDATES).await;
    let numbers = |rows: &[Row]| rows.iter().map(|row| Ok(row.get_opt("HotFixID")?.unwrap_or_default())).collect();
    let file = ask(port, CIMV2, classes::file(folder), READ_FILE).await;
    let version = read(file, READ_FILE, |rows| match rows.first() {
        Some(row) => row.get_opt::<String>("Version"),
        None => Ok(None),
    });
    let lacking = || problem::hidden(READ_FILE, "the file is not there, or it has no version", Remedy::RepairWmi);
    Updates { installed: read(rows, READ_UPDATES, numbers), vmms: version.and_then(|text| text.ok_or_else(lacking)) }
}

/// Reads the certificates in the computer's own store. The method only reads, and has no job.
async fn certificates(port: &impl Port, path: Option<ObjectPath>) -> ClassReading<Vec<ComputerCertificate>> {
    let no_keys =
        || problem::hidden(READ_CERTIFICATES, "the replication service does not show its keys", Remedy::StartVmms);
    let path = path.ok_or_else(no_keys)?;
    let failed = |error| problem::of(&error, READ_CERTIFICATES, Subject::HyperV);
    let output = cim::invoke(port, path, "GetSystemCertificates", Vec::new()).await.map_err(failed)?;
    let odd = |error: PropertyError| problem::unreadable_host(&error, READ_CERTIFICATES);
    if let Some(code) = output.return_value().map_err(odd)?.filter(|code| *code != crate::codes::DONE) {
        return Err(problem::odd(READ_CERTIFICATES, format!("the method returned {code}")));
    }
    let encoded = output.get_opt::<Vec<String>>("EncodedCertificates").map_err(odd)?.unwrap_or_default();
    Ok(encoded.iter().filter_map(|text| ComputerCertificate::read(text)).collect())
}

async fn ask(port: &impl Port, namespace: &str, select: wql::Select, what: &str) -> ClassReading<Vec<Row>> {
    let asked = if namespace == VIRTUALIZATION { Subject::HyperV } else { Subject::Windows };
    cim::query(port, namespace, select).await.map_err(|error| problem::of(&error, what, asked))
}

/// The query for the columns of a class of Hyper-V.
fn columns_of(class: &str) -> wql::Select {
    let columns = COLUMNS.iter().find(|(_, own, _)| *own == class).map(|(_, _, columns)| *columns).unwrap_or_default();
    select(class, columns)
}

/// Reads a class of Hyper-V.
async fn of_hyperv<T>(
    port: &impl Port,
    class: &str,
    what: &str,
    reads: impl Fn(&[Row]) -> Result<T, PropertyError>,
) -> ClassReading<T> {
    read(ask(port, VIRTUALIZATION, columns_of(class), what).await, what, reads)
}

fn read<T>(
    rows: ClassReading<Vec<Row>>,
    what: &str,
    reads: impl Fn(&[Row]) -> Result<T, PropertyError>,
) -> ClassReading<T> {
    reads(&rows?).map_err(|error| problem::unreadable_host(&error, what))
}
