//! What is known of a host after an examination: plain facts, without a judgement.

use std::time::Duration;

use reprise_model::{HostName, HostSystem, Problem, ReplicationMode, ServiceState};

use super::certificate::ComputerCertificate;

/// What a class showed, or why it could not be read.
pub type ClassReading<T> = Result<T, Problem>;

/// What a host's WMI showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    /// The host's name, and whether it is in a domain.
    pub computer: ClassReading<Computer>,
    /// Windows' version and clock.
    pub system: ClassReading<System>,
    /// Updates and the version of VMMS; only read where they say whether shutdowns suspend replication.
    pub updates: Option<Updates>,
    /// Services, as far as the account may see them.
    pub services: ClassReading<Services>,
    /// `Msvm_ReplicationService`; `None` if it has no instance.
    pub service: ClassReading<Option<ReplicationService>>,
    /// VMs and the host's own row.
    pub vms: ClassReading<Vms>,
    /// How many relationships there are, with those in the state Disabled; `None` on Server 2012, which has no such class.
    pub relationships: Option<ClassReading<usize>>,
    /// How the relationships are set up.
    pub settings: ClassReading<Vec<ReplicationSetup>>,
    /// How many jobs there are.
    pub jobs: ClassReading<usize>,
    /// The settings of the replica server; `None` if the class has no instance.
    pub server: ClassReading<Option<ReplicaServer>>,
    /// From which primary servers the replica server accepts replication.
    pub authorizations: ClassReading<Vec<String>>,
    /// The computer's own certificates; only read if replication uses one.
    pub certificates: Option<ClassReading<Vec<ComputerCertificate>>>,
    /// The state of Reprise's task; `None` if there is none that the account may see.
    pub task: ClassReading<Option<TaskState>>,
}

/// `Win32_ComputerSystem`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computer {
    /// Its name.
    pub name: HostName,
    /// Whether it belongs to a domain.
    pub in_domain: bool,
}

/// `Win32_OperatingSystem`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// The version and the clock.
    pub system: HostSystem,
    /// When the clock was read, since the examination began: the times before the request and after the response.
    pub read: (Duration, Duration),
}

/// What says which update a host has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updates {
    /// The numbers of the updates: `KB4088889`.
    pub installed: ClassReading<Vec<String>>,
    /// The version of the file `vmms.exe`: `10.0.14393.2155`.
    pub vmms: ClassReading<String>,
}

/// `Win32_Service`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// The service vmms, if it is seen.
    pub vmms: Option<ServiceEntry>,
    /// Whether a service was seen that every Windows has.
    pub sees_any: bool,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    /// Its state.
    pub state: ServiceState,
    /// `Auto`, `Manual`, `Disabled`
    pub start_mode: String,
}

/// `Msvm_ReplicationService`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationService {
    /// `OperationalStatus`: 2 is OK.
    pub status: Vec<u16>,
    /// The host's own words for it.
    pub descriptions: Vec<String>,
}

impl ReplicationService {
    /// Whether everything works, as far as the service says.
    pub fn is_well(&self) -> bool {
        self.status.iter().all(|status| *status == OK)
    }
}

/// `OperationalStatus` of what works.
const OK: u16 = 2;

/// `Msvm_ComputerSystem`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vms {
    /// Whether the host's own row was seen, which is there even if there are no VMs.
    pub host_row: bool,
    /// How many VMs were seen.
    pub count: usize,
    /// The modes of the replicated ones.
    pub modes: Vec<ReplicationMode>,
}

impl Vms {
    /// Whether this host receives replication of any VM.
    pub fn receives(&self) -> bool {
        self.modes.iter().any(|mode| matches!(mode, ReplicationMode::Replica | ReplicationMode::ExtendedReplica))
    }

    /// Whether this host sends changes of any VM.
    pub fn sends(&self) -> bool {
        self.modes.contains(&ReplicationMode::Primary)
    }
}

/// `Msvm_ReplicationSettingData` of a replicated VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationSetup {
    /// The thumbprint of the certificate that it uses, if it does.
    pub certificate: Option<String>,
}

/// `Msvm_ReplicationServiceSettingData`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaServer {
    /// Whether this host accepts replication at all.
    pub enabled: bool,
    /// Whether over HTTP with Kerberos, and at which port.
    pub http: Option<u16>,
    /// Whether over HTTPS with certificates, and at which port.
    pub https: Option<u16>,
    /// The thumbprint of its certificate, if it has one.
    pub certificate: Option<String>,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It does not run until somebody enables it.
    Disabled,
    /// It waits for its trigger, is queued, or runs.
    Enabled,
    /// Another number of Task Scheduler.
    Other(u32),
}

impl Examination {
    /// The thumbprints of the certificates that replication uses on this host, each once.
    pub fn certificates_in_use(&self) -> Vec<&str> {
        let server = self.server.as_ref().ok().and_then(Option::as_ref);
        let server = server.filter(|server| server.enabled && server.https.is_some());
        let server = server.and_then(|server| server.certificate.as_deref());
        let own = self.settings.iter().flatten().filter_map(|setup| setup.certificate.as_deref());
        let mut used: Vec<&str> = own.chain(server).collect();
        used.sort_unstable();
        used.dedup();
        used
    }
}
