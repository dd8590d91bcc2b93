//! Actions: what is done by people, patch tools and power failures on the site.

mod failover;
mod installed;
mod network;
mod object;
mod power;

use std::time::Duration;

use uuid::Uuid;

use crate::event::{Happening, SYSTEM, VMMS};
use crate::host::{Management, Start};
use crate::installed::ReplicaServerSettings;
use crate::leg::{At, Busy, Kind, Vm};
use crate::world::World;

/// One action on the site. Hosts and VMs are given by name; a VM by its display name or its GUID.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// An orderly shutdown.
    Shutdown {
        /// Which host.
        host: String,
        /// Which legs it breaks.
        in_flight: InFlight,
    },
    /// The power fails.
    PowerCut {
        /// Which host.
        host: String,
    },
    /// The host starts.
    Boot {
        /// Which host.
        host: String,
        /// How long its VMMS takes.
        vmms: Start,
    },
    /// VMMS is stopped.
    VmmsStop {
        /// Which host.
        host: String,
    },
    /// VMMS is started.
    VmmsStart {
        /// Which host.
        host: String,
        /// How long it takes.
        vmms: Start,
    },
    /// The path by which a host is managed changes.
    Management {
        /// Which host.
        host: String,
        /// To what.
        mode: Management,
    },
    /// A host's clock is set.
    Clock {
        /// Which host.
        host: String,
        /// Seconds by which it is ahead of the true time.
        offset_s: i64,
    },
    /// A log is cleared, or has overwritten its oldest records.
    ClearLog {
        /// Which host.
        host: String,
        /// Which of its logs.
        log: EventLog,
        /// How many of its records, the newest, are left.
        keep: usize,
    },
    /// A host's replica server is set up.
    ReplicaServer {
        /// Which host.
        host: String,
        /// What changes.
        settings: ReplicaServerSettings,
    },
    /// Updates are installed in place of those that a host has.
    Updates {
        /// Which host.
        host: String,
        /// Their numbers.
        updates: Vec<String>,
        /// The last number of the version of `vmms.exe` from now on; the same as before if absent.
        revision: Option<u32>,
    },
    /// Reprise's task is registered on a host, or removed.
    Task {
        /// Which host.
        host: String,
        /// Its state, by Task Scheduler's number; it is removed if absent.
        state: Option<u32>,
    },
    /// A text is set in a host's registry below `HKEY_LOCAL_MACHINE`, or removed.
    Registry {
        /// Which host.
        host: String,
        /// The key.
        key: String,
        /// The value's name.
        name: String,
        /// The text; it is removed if absent.
        data: Option<String>,
    },
    /// A person pauses replication.
    Pause {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// At which end.
        side: LegEnd,
    },
    /// A person resumes replication.
    Resume {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// At which end.
        side: LegEnd,
    },
    /// A person fails over, at the receiver.
    Failover {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
    },
    /// A person commits a failover.
    Commit {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
    },
    /// A person reverts a failover.
    Revert {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
    },
    /// A person tests a failover: a test VM appears beside the replica.
    TestFailover {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
    },
    /// A person prepares a planned failover, at the sender.
    Prepare {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
    },
    /// A person reverses replication after a failover.
    Reverse {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
    },
    /// A person resynchronizes, at the sender.
    Resync {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// How long from now; at once if absent.
        after: Option<Duration>,
    },
    /// A VM is given another name.
    Rename {
        /// Which VM.
        vm: String,
        /// Which of its legs is meant, where an end is.
        leg: Kind,
        /// At which end; wherever it is held if absent.
        side: Option<LegEnd>,
        /// The new name.
        to: String,
    },
    /// One end's VM moves to another host.
    Move {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// Which end.
        side: LegEnd,
        /// Which host.
        to: String,
    },
    /// Replication is removed.
    Remove {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// At which end; at both if absent. The other end learns nothing of it.
        side: Option<LegEnd>,
    },
    /// A backup holds the replica VM.
    Backup {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// For how long.
        lasts: Duration,
    },
    /// A VM is busy with its disks at one end.
    Occupy {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// At which end.
        side: LegEnd,
        /// With what.
        how: Busy,
        /// For how long.
        lasts: Duration,
    },
    /// Sets values of one end that no other action leads to.
    Set {
        /// Which VM.
        vm: String,
        /// Which of its legs.
        leg: Kind,
        /// Which end.
        side: LegEnd,
        /// What is set.
        settings: Vec<Setting>,
    },
    /// A replication path is cut.
    CutLink {
        /// One host.
        a: String,
        /// The other.
        b: String,
    },
    /// A replication path is healed.
    HealLink {
        /// One host.
        a: String,
        /// The other.
        b: String,
        /// How much it delays from now on.
        delay: Option<Duration>,
    },
}

/// Which legs a shutdown breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// Every Replicating leg of the host whose other end is on.
    All,
    /// None.
    None,
    /// The first N of [`InFlight::All`].
    First(usize),
    /// Those with data really on its way.
    Real,
}

/// One of a host's event logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventLog {
    /// VMMS's own.
    Vmms,
    /// Windows' own.
    System,
}

/// One end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEnd {
    /// The one that sends.
    Sender,
    /// The one that receives.
    Receiver,
}

/// One thing that [`Action::Set`] sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The replication state, by WMI's number.
    State(u16),
    /// The replication mode, by WMI's number.
    Mode(u16),
    /// Whether the VM runs there.
    Running(bool),
    /// The VM's `EnabledState`, by WMI's number: a number that says neither running, off, saved nor paused is shown and
    /// means nothing else.
    Enabled(u16),
    /// The provider's GUID.
    Provider(Uuid),
    /// The kind of failover, by WMI's number.
    FailedOverType(u16),
    /// Data never arrived.
    NeverReplicated,
    /// `PrimaryHostSystem`
    PrimaryHost(String),
    /// `PrimaryConnectionPoint`
    PrimaryPoint(String),
    /// `RecoveryHostSystem` and `RecoveryConnectionPoint`: it names another host than the one that receives.
    RecoveryHost(String),
    /// `AutoResynchronizeEnabled`, of the leg and so of both ends.
    AutoResync(bool),
}

/// An action that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It does not exist.
    #[error("there is no {0}")]
    Unknown(String),
    /// Several VMs have the name.
    #[error("several VMs are called {0}: use the GUID")]
    NotUnique(String),
    /// It cannot be done in this state.
    #[error("not possible now: {0}")]
    NotNow(String),
}

type Done = Result<(), ActionError>;

fn not_now(why: impl Into<String>) -> Done {
    Err(ActionError::NotNow(why.into()))
}

impl World {
    /// Carries out an action at the present virtual time.
    ///
    /// # Errors
    /// [`ActionError`]; nothing has changed then.
    pub fn carry_out(&mut self, action: &Action) -> Done {
        match action {
            Action::Shutdown { host, in_flight } => self.shut_down(self.find_host(host)?, *in_flight),
            Action::PowerCut { host } => self.cut_power(self.find_host(host)?),
            Action::Boot { host, vmms } => self.boot(self.find_host(host)?, *vmms),
            Action::VmmsStop { host } => self.stop_vmms(self.find_host(host)?),
            Action::VmmsStart { host, vmms } => self.order_vmms(self.find_host(host)?, *vmms),
            Action::Management { host, mode } => {
                let index = self.find_host(host)?;
                self.hosts.get_mut(index).map_or(Ok(()), |host| {
                    host.management = *mode;
                    Ok(())
                })
            }
            Action::Clock { host, offset_s } => {
                let (index, now) = (self.find_host(host)?, self.now);
                self.hosts.get_mut(index).map_or(Ok(()), |host| {
                    host.set_clock(now, *offset_s);
                    Ok(())
                })
            }
            Action::ClearLog { host, log, keep } => self.clear_log(self.find_host(host)?, *log, *keep),
            Action::ReplicaServer { host, settings } => self.set_up_server(self.find_host(host)?, settings),
            Action::Updates { host, updates, revision } => {
                self.install(self.find_host(host)?, updates, *revision);
                Ok(())
            }
            Action::Task { host, state } => {
                self.set_task(self.find_host(host)?, *state);
                Ok(())
            }
            Action::Registry { host, key, name, data } => {
                self.register(self.find_host(host)?, key, name, data.as_deref());
                Ok(())
            }
            Action::Pause { vm, leg, side } => self.by_hand(self.find_leg(vm, *leg)?, *side, 7),
            Action::Resume { vm, leg, side } => self.by_hand(self.find_leg(vm, *leg)?, *side, 3),
            Action::Failover { vm, leg } => self.fail_over(self.find_leg(vm, *leg)?),
            Action::Commit { vm, leg } => self.commit(self.find_leg(vm, *leg)?),
            Action::Revert { vm, leg } => self.revert(self.find_leg(vm, *leg)?),
            Action::TestFailover { vm, leg } => self.test_failover(self.find_leg(vm, *leg)?),
            Action::Prepare { vm, leg } => self.prepare(self.find_leg(vm, *leg)?),
            Action::Reverse { vm, leg } => self.reverse(self.find_leg(vm, *leg)?),
            Action::Resync { vm, leg, after } => self.resync(self.find_leg(vm, *leg)?, *after),
            Action::Rename { vm, leg, side, to } => self.rename(self.find_vm(vm)?, *leg, *side, to),
            Action::Move { vm, leg, side, to } => {
                let to = self.find_host(to)?;
                self.relocate(self.find_leg(vm, *leg)?, *side, to)
            }
            Action::Remove { vm, leg, side } => self.remove(self.find_leg(vm, *leg)?, *side),
            Action::Backup { vm, leg, lasts } => self.back_up(self.find_leg(vm, *leg)?, *lasts),
            Action::Occupy { vm, leg, side, how, lasts } => self.occupy(self.find_leg(vm, *leg)?, *side, *how, *lasts),
            Action::Set { vm, leg, side, settings } => self.set(self.find_vm(vm)?, *leg, *side, settings),
            Action::CutLink { a, b } => self.set_link(a, b, true, None),
            Action::HealLink { a, b, delay } => self.set_link(a, b, false, *delay),
        }
    }

    pub(crate) fn find_host(&self, name: &str) -> Result<usize, ActionError> {
        self.host_named(name).ok_or_else(|| ActionError::Unknown(format!("host {name}")))
    }

    /// A VM by its GUID, or by the name that any host shows for it.
    pub(crate) fn find_vm(&self, name: &str) -> Result<usize, ActionError> {
        let unknown = || ActionError::Unknown(format!("VM {name}"));
        let is = |vm: &Vm, id: Uuid| vm.id == id && !vm.objects.is_empty();
        let by_id = Uuid::try_parse(name).ok().and_then(|id| self.vms.iter().position(|vm| is(vm, id)));
        if let Some(index) = by_id {
            return Ok(index);
        }
        let mut named = self.vms.iter().enumerate().filter(|(_, vm)| vm.objects.iter().any(|o| o.name == name));
        match (named.next(), named.next()) {
            (Some((index, _)), None) => Ok(index),
            (None, _) => Err(unknown()),
            (Some(_), Some(_)) => Err(ActionError::NotUnique(name.to_owned())),
        }
    }

    fn find_leg(&self, name: &str, kind: Kind) -> Result<At, ActionError> {
        let at = At { vm: self.find_vm(name)?, kind };
        self.leg(at).map(|_| at).ok_or_else(|| no_such_leg(kind))
    }

    /// A person pauses or resumes one end.
    fn by_hand(&mut self, at: At, side: LegEnd, requested: u16) -> Done {
        let sender = side == LegEnd::Sender;
        let Some((_, leg)) = self.leg(at) else { return Err(no_such_leg(at.kind)) };
        let end = leg.end(sender);
        if !self.runs_vmms(end.host) {
            return not_now("VMMS is not running on that host");
        }
        let Some(to) = self.allowed(at, sender, requested).filter(|_| end.changing.is_none()) else {
            return not_now(format!("replication is in state {}", end.shown()));
        };
        if self.occupied(end.host, at.vm).is_some() {
            return not_now("the VM is busy with its disks on that host");
        }
        self.change_state(at, sender, to);
        Ok(())
    }

    fn resync(&mut self, at: At, after: Option<Duration>) -> Done {
        let Some((_, leg)) = self.leg(at) else { return Err(no_such_leg(at.kind)) };
        if !self.runs_vmms(leg.sender.host) || !self.may_resync(at) {
            return not_now("replication is in no state to be resynchronized, or VMMS is not running on the sender");
        }
        self.resynchronize(at, after.map(|after| self.now + after));
        match self.leg(at) {
            Some((_, leg)) if leg.resync.is_none() => not_now("the receiver cannot be reached, or does not receive"),
            Some(_) | None => Ok(()),
        }
    }

    fn clear_log(&mut self, host: usize, log: EventLog, keep: usize) -> Done {
        if !self.is_on(host) {
            return not_now("the host is off");
        }
        let channel = match log {
            EventLog::Vmms => VMMS,
            EventLog::System => SYSTEM,
        };
        if let Some(host) = self.hosts.get_mut(host) {
            host.forget(channel, keep);
        }
        Ok(())
    }

    fn record(&mut self, host: usize, happening: &Happening<'_>) {
        let now = self.now;
        if let Some(host) = self.hosts.get_mut(host) {
            host.record(now, happening);
        }
    }
}

fn no_such_leg(kind: Kind) -> ActionError {
    ActionError::NotNow(match kind {
        Kind::Simple => "the VM is not replicated".to_owned(),
        Kind::Extended => "the VM's replica is not replicated onwards".to_owned(),
    })
}
