//! What one host said at one look.

use std::collections::BTreeMap;

use crate::{
    HostName, HostSystem, Problem, ProblemKind, RelationshipId, ReplicationMode, ReplicationObject, Seen, ServiceState,
    Settings, Vm, VmId,
};

/// One host's answer to one look. Each part is seen or not seen by itself. The engine stamps it with its age.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The host's name (`Win32_ComputerSystem`).
    pub name: Seen<HostName>,
    /// Its operating system and clock.
    pub system: Seen<HostSystem>,
    /// Its service `vmms`. It only explains why a host is not ready: an account may not be allowed to see services.
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
    /// Every replication object that is not Disabled and of which all could be read: its VM is among [`Self::vms`].
    pub objects: BTreeMap<RelationshipId, ReplicationObject>,
    /// Replication objects of which something could not be read. None of them is among [`Self::objects`], so that none
    /// is acted on, and none is lost.
    pub unreadable: BTreeMap<RelationshipId, UnreadableObject>,
    /// Rows that could not be read and of which nobody can say that they belong to a replication object.
    pub stray: Vec<Problem>,
}

/// A replication object that is there, and of which a row could not be read: its own, or its VM's.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableObject {
    /// The VM's display name, if that much could be read.
    pub name: Option<String>,
    /// The VM's part in replication, if that much could be read.
    pub mode: Option<ReplicationMode>,
    /// How it is set up, if that much could be read.
    pub settings: Option<Settings>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Replication {
    /// Everything that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = &Problem> {
        self.unreadable.values().map(|object| &object.problem).chain(&self.stray)
    }

    /// The VMs that have a replication object, read or unreadable.
    pub fn replicated(&self) -> impl Iterator<Item = VmId> {
        self.objects.keys().chain(self.unreadable.keys()).map(|id| id.vm)
    }
}

impl Observation {
    /// A look of which nothing came back, for one cause.
    pub fn failed(problem: &Problem) -> Self {
        Self {
            name: Seen::NotSeen(problem.clone()),
            system: Seen::NotSeen(problem.clone()),
            vmms: Seen::NotSeen(problem.clone()),
            replication: Seen::NotSeen(problem.clone()),
        }
    }

    /// The parts that were not seen, first asked first.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        [self.name.problem(), self.system.problem(), self.vmms.problem(), self.replication.problem()]
            .into_iter()
            .flatten()
    }

    /// Whether the host answered at all, be it with a refusal.
    pub fn answered(&self) -> bool {
        let seen = self.name.seen().is_some() || self.system.seen().is_some() || self.replication.seen().is_some();
        seen || self.vmms.seen().is_some() || self.problems().any(|p| !silent(p.kind))
    }

    /// Whether VMMS is known to run: the service says so, or its own classes answer.
    pub fn vmms_runs(&self) -> bool {
        self.vmms.seen() == Some(&ServiceState::Running) || self.replication.seen().is_some_and(|r| r.service)
    }
}

/// Whether a failure of this kind means that nobody answered.
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
