//! One end of a replication relationship, as its host shows it.

use std::time::Duration;

use crate::{FailedOverType, HostName, HostTime, RelationshipId, ReplicationHealth, ReplicationState, Seen};

/// One replication object (`Msvm_ReplicationRelationship` and its `Msvm_ReplicationSettingData`).
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicationObject {
    /// Identifies the object.
    pub id: RelationshipId,
    /// How its host stores it.
    pub kept: Kept,
    /// Its state.
    pub state: ReplicationState,
    /// Its health, if its host says so. It decides nothing.
    pub health: Option<ReplicationHealth>,
    /// The type of its failover, if there was one. It may remain set after a reverse replication.
    pub failed_over: FailedOverType,
    /// When data last arrived.
    pub last_replication: LastReplication,
    /// How it is set up.
    pub settings: Seen<ReplicationSettings>,
}

/// How a host stores a replication object, and so how it is read and changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// As its own instance (`Msvm_ReplicationRelationship`): Server 2012 R2 and later.
    AsRelationship {
        /// Its key as the host wrote it (`InstanceID`).
        instance_id: String,
    },
    /// In the VM's own row (`Msvm_ComputerSystem`): Server 2012.
    InVm,
}

/// When data last arrived at the receiver, by the clock of the reporting host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastReplication {
    /// Never: the initial replication has not finished. WMI writes the year 1601.
    Never,
    /// At that time.
    At(HostTime),
}

/// How a relationship is set up (`Msvm_ReplicationSettingData`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationSettings {
    /// The host that holds the primary VM now (`PrimaryHostSystem`).
    pub primary_host: Option<HostName>,
    /// The name by which the primary side is reached: a broker's name on a cluster (`PrimaryConnectionPoint`).
    pub primary_point: Option<HostName>,
    /// The host that holds the replica VM now (`RecoveryHostSystem`).
    pub recovery_host: Option<HostName>,
    /// The name by which the replica side is reached: a broker's name on a cluster (`RecoveryConnectionPoint`).
    pub recovery_point: Option<HostName>,
    /// The program that replicates.
    pub provider: Provider,
    /// How often changed blocks are sent (`ReplicationInterval`): 30 s, 5 min or 15 min.
    pub frequency: Option<Duration>,
    /// When VMMS starts a required resynchronization by itself; `None` if it never does, or if that cannot be read.
    pub auto_resync: Option<AutoResync>,
}

/// The hours in which VMMS starts a required resynchronization by itself (`AutoResynchronizeEnabled`). They may span midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoResync {
    /// From then on, as the time since midnight in the primary server's local time (`AutoResynchronizeIntervalStart`).
    pub from: Option<Duration>,
    /// Until then, in the same form (`AutoResynchronizeIntervalEnd`).
    pub until: Option<Duration>,
}

impl ReplicationSettings {
    /// Returns the host that has the primary VM, by whichever name is known.
    pub fn primary(&self) -> Option<&HostName> {
        self.primary_host.as_ref().or(self.primary_point.as_ref())
    }

    /// Returns the host that has the replica VM, by whichever name is known.
    pub fn recovery(&self) -> Option<&HostName> {
        self.recovery_host.as_ref().or(self.recovery_point.as_ref())
    }

    /// Returns whether the primary side is a cluster: its connection point differs from its host.
    pub fn primary_is_clustered(&self) -> bool {
        match (&self.primary_point, &self.primary_host) {
            (Some(point), Some(host)) => !point.is_perhaps(host),
            (None, _) | (_, None) => false,
        }
    }
}

/// The program that replicates (`ReplicationProvider`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Hyper-V itself, from host to host.
    HyperV,
    /// Another program, such as Azure Site Recovery, which is responsible for it.
    External(String),
}
