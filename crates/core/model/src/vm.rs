//! VMs as a host shows them.

use crate::{ReplicationMode, VmId};

/// Whether a VM runs (`Msvm_ComputerSystem.EnabledState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnabledState {
    /// Runs.
    Running,
    /// Is off.
    Off,
    /// Is saved to disk.
    Saved,
    /// Is paused in memory.
    Paused,
    /// Is starting.
    Starting,
    /// Is stopping.
    Stopping,
    /// Any other number.
    Other(u16),
}

impl EnabledState {
    /// Returns whether the VM may be changing its disks or is about to; `None` if its state is unknown.
    pub fn is_on(self) -> Option<bool> {
        match self {
            Self::Running | Self::Paused | Self::Starting | Self::Stopping => Some(true),
            Self::Off | Self::Saved => Some(false),
            Self::Other(_) => None,
        }
    }
}

/// One VM on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Its identity.
    pub id: VmId,
    /// Its display name.
    pub name: String,
    /// Its key as the host wrote it (`Msvm_ComputerSystem.Name`).
    pub key: String,
    /// Whether it runs.
    pub enabled: EnabledState,
    /// Its replication mode.
    pub mode: ReplicationMode,
}
