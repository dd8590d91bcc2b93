//! What one host returned at one look.

use std::collections::BTreeMap;

use crate::{
    HostName, HostSystem, Problem, ProblemKind, RelationshipId, ReplicationMode, ReplicationObject,
    ReplicationSettings, Seen, ServiceState, Vm, VmId,
};

/// The result of one look at one host. Each part is either seen or not seen. The engine adds the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The host's name (`Win32_ComputerSystem`).
    pub name: Seen<HostName>,
    /// Its operating system and clock.
    pub system: Seen<HostSystem>,
    /// Its service `vmms`. It only explains why a host is not ready, since an account may lack the right to see
    /// services.
    pub vmms: Seen<ServiceState>,
    /// Its VMs and their replication.
    pub replication: Seen<Replication>,
}

/// A host's VMs and replication objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replication {
    /// Whether `Msvm_ReplicationService` has its instance.
    pub service: bool,
    /// Whether `Msvm_ComputerSystem` shows the host's own row. Without it and the service, an empty list means "cannot
    /// see", not "nothing there".
    pub host_row: bool,
    /// Every VM that could be read.
    pub vms: BTreeMap<VmId, Vm>,
    /// Every replication object that could be read completely and is not Disabled, or is a primary VM's own. Its VM is in
    /// [`Self::vms`].
    pub objects: BTreeMap<RelationshipId, ReplicationObject>,
    /// Replication objects that could not be read completely. They are not in [`Self::objects`], so that they are not acted on,
    /// and are not lost.
    pub unreadable: BTreeMap<RelationshipId, UnreadableObject>,
    /// Rows that could not be read and may or may not belong to a replication object.
    pub stray: Vec<Problem>,
}

/// An existing replication object with a row that could not be read: its own, or its VM's.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableObject {
    /// The VM's display name, if it could be read.
    pub name: Option<String>,
    /// The VM's replication mode, if it could be read.
    pub mode: Option<ReplicationMode>,
    /// Its settings, if they could be read.
    pub settings: Option<ReplicationSettings>,
    /// Whether its own row says that it is Disabled, as that of a VM without replication: then it says something only beside an
    /// end that replicates.
    pub is_idle: bool,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Replication {
    /// Returns the problems of everything that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = &Problem> {
        self.unreadable.values().map(|object| &object.problem).chain(&self.stray)
    }

    /// Returns the VMs that have a replication object, whether it could be read or not.
    pub fn replicated(&self) -> impl Iterator<Item = VmId> {
        self.objects.keys().chain(self.unreadable.keys()).map(|id| id.vm)
    }
}

impl Observation {
    /// Creates the observation of a look that returned nothing, for a single cause.
    pub fn failed(problem: &Problem) -> Self {
        Self {
            name: Seen::NotSeen(problem.clone()),
            system: Seen::NotSeen(problem.clone()),
            vmms: Seen::NotSeen(problem.clone()),
            replication: Seen::NotSeen(problem.clone()),
        }
    }

    /// Returns the problems of the parts that were not seen, in the order in which they were requested.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        [self.name.problem(), self.system.problem(), self.vmms.problem(), self.replication.problem()]
            .into_iter()
            .flatten()
    }

    /// Returns whether any part was seen, so that the host accepted the login.
    pub fn has_any(&self) -> bool {
        let seen = self.name.seen().is_some() || self.system.seen().is_some() || self.replication.seen().is_some();
        seen || self.vmms.seen().is_some()
    }

    /// Returns whether the host answered at all, even if it refused.
    pub fn answered(&self) -> bool {
        self.has_any() || self.problems().any(|p| !silent(p.kind))
    }

    /// Returns whether VMMS is known to be running: the service says so, or its own classes answer.
    pub fn vmms_runs(&self) -> bool {
        self.vmms.seen() == Some(&ServiceState::Running) || self.replication.seen().is_some_and(|r| r.service)
    }
}

/// Returns whether a failure of this kind means that the host did not answer.
fn silent(kind: ProblemKind) -> bool {
    match kind {
        ProblemKind::Unreachable | ProblemKind::Untrusted | ProblemKind::TimedOut => true,
        ProblemKind::Denied
        | ProblemKind::NotThere
        | ProblemKind::Busy
        | ProblemKind::Refused
        | ProblemKind::Malformed
        | ProblemKind::TooLarge
        | ProblemKind::Unsupported => false,
    }
}
