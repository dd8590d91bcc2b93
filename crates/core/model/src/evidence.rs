//! What a host's event log says of one VM.

use std::time::Duration;

use crate::{HostTime, VmId};

/// The events of a leg's sender, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// The event log cannot be read, or nobody has asked.
    #[default]
    NotReadable,
    /// The event log is being read.
    Awaited,
    /// These stand there.
    Readable(Records),
}

/// What a host's event logs say, as far as it decides something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// VMMS's records.
    pub vmms: Vec<VmmsEvent>,
    /// Windows' records of its own shutdowns and starts; empty if they cannot be read.
    pub system: Vec<SystemEvent>,
}

impl From<Vec<VmmsEvent>> for Records {
    fn from(vmms: Vec<VmmsEvent>) -> Self {
        Self { vmms, system: Vec::new() }
    }
}

/// One record of `Microsoft-Windows-Hyper-V-VMMS-Admin` that says something about replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmmsEvent {
    /// The VM.
    pub vm: VmId,
    /// When, by the host's clock.
    pub at: HostTime,
    /// What.
    pub kind: VmmsEventKind,
}

/// The kinds of records that decide something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmmsEventKind {
    /// 32086: replication suspended after a failure that VMMS holds for final.
    NonRecoverable,
    /// 32022: changes could not be sent; with the HRESULT.
    SendFailed {
        /// `0x80004004` is the shutdown's mark.
        code: u32,
    },
    /// 32315: VMMS will try again by itself.
    WillRetry {
        /// After how long, where the record says it.
        after: Option<Duration>,
    },
}

/// One record of a host's log `System` that says when it went down and came up. Nothing is decided by it alone: people
/// pause replication just before they restart a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemEvent {
    /// When, by the host's clock.
    pub at: HostTime,
    /// What.
    pub kind: SystemEventKind,
}

/// The kinds of records around shutdowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemEventKind {
    /// 1074: somebody asked for a restart or a shutdown.
    ShutdownAsked,
    /// 6006: the event log stopped in order.
    LogStopped,
    /// 6005: the event log started.
    LogStarted,
    /// 6008: the shutdown before was unexpected.
    UnexpectedShutdown,
    /// 41: the host came up without having gone down in order.
    NoCleanShutdown,
}
