//! VMs and the two ends of their replication.

use std::time::Duration;

use uuid::Uuid;

/// The number of Hyper-V's own replication provider.
pub(crate) const HYPERV_PROVIDER: &str = "22391CDC-272C-4DDF-BA88-9BEFB1A0975C";

/// One VM.
#[derive(Clone, Debug)]
pub(crate) struct Vm {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) disk_bytes: u64,
    /// Bytes that change in a second while the VM runs.
    pub(crate) churn: u64,
    /// The host of the primary VM, or of the only one.
    pub(crate) home: usize,
    /// Whether the VM runs on its home.
    pub(crate) running: bool,
    pub(crate) leg: Option<Leg>,
}

/// A VM's replication from its home to another host.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) receiver_host: usize,
    pub(crate) sender: End,
    pub(crate) receiver: End,
    pub(crate) frequency: Duration,
    /// Bytes in the change log when it was last counted, and when that was.
    pub(crate) logged: u64,
    pub(crate) counted_at: Duration,
    pub(crate) cycles_ok: u64,
    pub(crate) cycles_missed: u64,
    /// The transfer under way: which one, and what it carries.
    pub(crate) transfer: Option<Transfer>,
    pub(crate) transfers: u64,
    /// Failed tries in a row, for the back-off.
    pub(crate) retries: usize,
}

/// Data on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) began: Duration,
}

/// One end of a leg: one object on one host.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) state: u16,
    pub(crate) mode: u16,
    pub(crate) failed_over: u16,
    /// When data last arrived; `None` is never.
    pub(crate) last_replication: Option<Duration>,
    pub(crate) provider: String,
    pub(crate) primary_host: String,
    pub(crate) primary_point: String,
    pub(crate) recovery_host: String,
    /// The job that is changing its state, and the state that is shown meanwhile.
    pub(crate) changing: Option<(Uuid, u16)>,
    /// Whether the VM at this end runs; the sender's is the VM's own.
    pub(crate) replica_running: bool,
}

impl End {
    /// The state that WMI shows: during a job the requested one.
    pub(crate) fn shown(&self) -> u16 {
        self.changing.map_or(self.state, |(_, requested)| requested)
    }
}

impl Leg {
    pub(crate) fn end(&self, sender: bool) -> &End {
        if sender { &self.sender } else { &self.receiver }
    }

    pub(crate) fn end_mut(&mut self, sender: bool) -> &mut End {
        if sender { &mut self.sender } else { &mut self.receiver }
    }
}
