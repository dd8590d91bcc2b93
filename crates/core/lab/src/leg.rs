//! VMs, the objects in which hosts hold them, and the replication between those.

use std::time::Duration;

use uuid::Uuid;

use crate::vm_power::Power;

/// The number of Hyper-V's own replication provider.
pub(crate) const HYPERV_PROVIDER: &str = "22391CDC-272C-4DDF-BA88-9BEFB1A0975C";

/// Replication modes by WMI's numbers, as the machine uses them.
pub(crate) mod mode {
    pub(crate) const NONE: u16 = 0;
    pub(crate) const PRIMARY: u16 = 1;
    pub(crate) const REPLICA: u16 = 2;
    pub(crate) const TEST_REPLICA: u16 = 3;
    pub(crate) const EXTENDED_REPLICA: u16 = 4;
}

/// One VM, wherever it is held.
#[derive(Clone, Debug)]
pub(crate) struct Vm {
    pub(crate) id: Uuid,
    pub(crate) disk_bytes: u64,
    /// Bytes that change in a second while the VM runs.
    pub(crate) churn: u64,
    /// One per host that holds it: the primary first, then its replica, then the extended one. None once it is deleted.
    pub(crate) objects: Vec<Object>,
    /// The simple leg, then the extended one.
    pub(crate) legs: Vec<Leg>,
    /// The VM whose replica it was made from, if it is a test VM.
    pub(crate) test_of: Option<Uuid>,
}

/// A VM on one host.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) host: usize,
    pub(crate) name: String,
    pub(crate) power: Power,
    /// Since when it runs, if it does.
    pub(crate) on_since: Duration,
    pub(crate) mode: u16,
    /// Until when a backup holds it.
    pub(crate) locked_until: Option<Duration>,
    /// What it is busy with, and until when.
    pub(crate) busy: Option<(Busy, Duration)>,
}

/// What a VM is busy with, so that its replication cannot be changed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A disk is merged, after a checkpoint was deleted: a state change that fits is refused with 32775 (assumed, from what
    /// was recorded of another operation during one).
    Merge,
    /// A checkpoint is made: a state change is accepted, and its job begins afterwards (assumed).
    Checkpoint,
}

impl Object {
    pub(crate) fn is_locked(&self, now: Duration) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }
}

/// Which of a VM's legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// From the primary to the replica.
    Simple,
    /// From the replica onwards.
    Extended,
}

/// One leg of one VM, by the VM's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) vm: usize,
    pub(crate) kind: Kind,
}

/// A VM's replication from one host to another.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) kind: Kind,
    pub(crate) sender: End,
    pub(crate) receiver: End,
    pub(crate) frequency: Duration,
    /// When the next cycle is due.
    pub(crate) next_cycle: Duration,
    /// Bytes in the change log when it was last counted, and when that was.
    pub(crate) logged: u64,
    pub(crate) counted_at: Duration,
    /// When the log is looked at next.
    pub(crate) log_check: Option<Duration>,
    pub(crate) cycles_ok: u64,
    pub(crate) cycles_missed: u64,
    /// The transfer under way: which one, and what it carries.
    pub(crate) transfer: Option<Transfer>,
    pub(crate) transfers: u64,
    /// Failed tries in a row, for the back-off.
    pub(crate) retries: usize,
    /// Server 2012 shows Error while it still retries by itself.
    pub(crate) heals: bool,
    /// When the receiver last put what had arrived into its disks.
    pub(crate) applied: Option<Duration>,
    /// The oldest recovery point at the receiver.
    pub(crate) points_from: Option<Duration>,
    /// When a test failover was last made.
    pub(crate) tested: Option<Duration>,
    /// The resynchronization under way or planned.
    pub(crate) resync: Option<Resync>,
    /// `AutoResynchronizeEnabled`
    pub(crate) auto_resync: bool,
    /// What the present monitoring window has counted.
    pub(crate) window: Window,
}

/// Counters of one monitoring window of one leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Which window since 1970.
    pub(crate) number: i64,
    pub(crate) ok: u32,
    pub(crate) missed: u32,
    /// Tries that did not reach the far side, and those that failed otherwise.
    pub(crate) network_failures: u32,
    pub(crate) failures: u32,
    pub(crate) bytes: u64,
    pub(crate) bytes_max: u64,
    pub(crate) latency: Duration,
    pub(crate) latency_max: Duration,
}

/// How far a resynchronization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resync {
    /// It is to begin later.
    Planned { job: Uuid, at: Duration },
    /// It compares.
    Running { job: Uuid, ends: Duration },
    /// It was paused, and goes on where it stopped.
    Paused { job: Uuid, left: Duration },
}

/// Data on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// Whether it is the initial replication, which starts over and has no log.
    pub(crate) initial: bool,
    pub(crate) began: Duration,
}

/// One end of a leg: one object on one host.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) host: usize,
    pub(crate) state: u16,
    pub(crate) failed_over: u16,
    /// When data last arrived; `None` is never.
    pub(crate) last_replication: Option<Duration>,
    pub(crate) provider: String,
    pub(crate) primary_host: String,
    pub(crate) primary_point: String,
    pub(crate) recovery_host: String,
    /// The job that is changing its state, and the state that was asked for.
    pub(crate) changing: Option<(Uuid, u16)>,
}

impl Object {
    pub(crate) fn is_running(&self) -> bool {
        self.power == Power::Running
    }

    /// `since` is when it began anew, if it did.
    pub(crate) fn set_power(&mut self, power: Power, since: Option<Duration>) {
        self.power = power;
        self.on_since = since.unwrap_or(self.on_since);
    }
}

impl End {
    /// The state that WMI shows: during a job the requested one.
    pub(crate) fn shown(&self) -> u16 {
        self.changing.map_or(self.state, |(_, requested)| requested)
    }
}

impl Resync {
    pub(crate) fn job(self) -> Uuid {
        match self {
            Self::Planned { job, .. } | Self::Running { job, .. } | Self::Paused { job, .. } => job,
        }
    }
}

impl Leg {
    pub(crate) fn end(&self, sender: bool) -> &End {
        if sender { &self.sender } else { &self.receiver }
    }

    pub(crate) fn end_mut(&mut self, sender: bool) -> &mut End {
        if sender { &mut self.sender } else { &mut self.receiver }
    }

    /// Which replication object of its VM an end is: `\0` or `\1`.
    pub(crate) fn slot(&self, sender: bool) -> u8 {
        u8::from(sender && self.kind == Kind::Extended)
    }

    /// What was on its way goes back into the log.
    pub(crate) fn cancel_transfer(&mut self) {
        if let Some(transfer) = self.transfer.take().filter(|transfer| !transfer.initial) {
            self.logged = self.logged.saturating_add(transfer.bytes);
        }
    }
}

impl Vm {
    pub(crate) fn leg(&self, kind: Kind) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.kind == kind)
    }

    /// The VM as a host holds it.
    pub(crate) fn on(&self, host: usize) -> Option<&Object> {
        self.objects.iter().find(|object| object.host == host)
    }

    pub(crate) fn on_mut(&mut self, host: usize) -> Option<&mut Object> {
        self.objects.iter_mut().find(|object| object.host == host)
    }

    /// What people call it: its name where it is primary.
    pub(crate) fn name(&self) -> &str {
        self.objects.first().map_or("", |object| object.name.as_str())
    }

    /// Its replication object of that number on a host: the leg, and whether it sends.
    pub(crate) fn object(&self, host: usize, slot: u8) -> Option<(&Leg, bool)> {
        let ends = self.legs.iter().flat_map(|leg| [(leg, true), (leg, false)]);
        ends.into_iter().find(|(leg, sender)| leg.end(*sender).host == host && leg.slot(*sender) == slot)
    }
}
