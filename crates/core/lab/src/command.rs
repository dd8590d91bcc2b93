//! What people, patch tools and power failures do to the site.

use std::time::Duration;

use uuid::Uuid;

use crate::event::{CANNOT_CONNECT, Happening};
use crate::host::{Management, Vmms};
use crate::replication::state;
use crate::world::{Due, World, ordered};

/// One thing that is done to the site. Hosts and VMs are named; a VM by its display name or its GUID.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An orderly shutdown.
    Shutdown {
        /// Which host.
        host: String,
        /// Which legs it breaks.
        in_flight: InFlight,
    },
    /// The power goes.
    PowerCut {
        /// Which host.
        host: String,
    },
    /// The host starts.
    Boot {
        /// Which host.
        host: String,
        /// How long VMMS takes to show everything; soon if absent.
        ready_after: Option<Duration>,
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
    /// A person pauses replication.
    Pause {
        /// Which VM.
        vm: String,
        /// At which end.
        side: Side,
    },
    /// A person resumes replication.
    Resume {
        /// Which VM.
        vm: String,
        /// At which end.
        side: Side,
    },
    /// A person fails over, at the receiver.
    Failover {
        /// Which VM.
        vm: String,
    },
    /// A person commits a failover.
    Commit {
        /// Which VM.
        vm: String,
    },
    /// A person takes a failover back.
    Revert {
        /// Which VM.
        vm: String,
    },
    /// One end is put where no other command leads.
    Set {
        /// Which VM.
        vm: String,
        /// Which end.
        side: Side,
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
    /// A replication path is mended.
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
    /// The first so many of [`InFlight::All`].
    First(usize),
    /// Those with data really on its way.
    Real,
}

/// One end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that sends.
    Sender,
    /// The one that receives.
    Receiver,
}

/// One thing that [`Command::Set`] sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The replication state, by WMI's number.
    State(u16),
    /// The replication mode, by WMI's number.
    Mode(u16),
    /// Whether the VM runs there.
    Running(bool),
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
}

/// A command that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is none such.
    #[error("there is no {0}")]
    Unknown(String),
    /// The name stands for several.
    #[error("several VMs are called {0}: use the GUID")]
    NotUnique(String),
    /// It cannot be done in this state.
    #[error("not possible now: {0}")]
    NotNow(String),
}

type Done = Result<(), CommandError>;

fn not_now(why: impl Into<String>) -> Done {
    Err(CommandError::NotNow(why.into()))
}

impl World {
    /// Carries out a command at the present virtual time.
    ///
    /// # Errors
    /// [`CommandError`]; nothing has changed then.
    pub fn command(&mut self, command: &Command) -> Done {
        match command {
            Command::Shutdown { host, in_flight } => self.shut_down(self.find_host(host)?, *in_flight),
            Command::PowerCut { host } => self.cut_power(self.find_host(host)?),
            Command::Boot { host, ready_after } => self.boot(self.find_host(host)?, *ready_after),
            Command::VmmsStop { host } => self.stop_vmms(self.find_host(host)?),
            Command::VmmsStart { host } => self.start_vmms(self.find_host(host)?),
            Command::Management { host, mode } => {
                let index = self.find_host(host)?;
                self.hosts.get_mut(index).map_or(Ok(()), |host| {
                    host.management = *mode;
                    Ok(())
                })
            }
            Command::Clock { host, offset_s } => {
                let index = self.find_host(host)?;
                self.hosts.get_mut(index).map_or(Ok(()), |host| {
                    host.clock_offset_s = *offset_s;
                    Ok(())
                })
            }
            Command::Pause { vm, side } => self.by_hand(self.find_vm(vm)?, *side, 7),
            Command::Resume { vm, side } => self.by_hand(self.find_vm(vm)?, *side, 3),
            Command::Failover { vm } => self.fail_over(self.find_vm(vm)?),
            Command::Commit { vm } => self.settle(self.find_vm(vm)?, state::COMMITTED),
            Command::Revert { vm } => self.settle(self.find_vm(vm)?, state::REPLICATING),
            Command::Set { vm, side, settings } => self.set(self.find_vm(vm)?, *side, settings),
            Command::CutLink { a, b } => self.set_link(a, b, true, None),
            Command::HealLink { a, b, delay } => self.set_link(a, b, false, *delay),
        }
    }

    pub(crate) fn find_host(&self, name: &str) -> Result<usize, CommandError> {
        self.host_named(name).ok_or_else(|| CommandError::Unknown(format!("host {name}")))
    }

    pub(crate) fn find_vm(&self, name: &str) -> Result<usize, CommandError> {
        if let Ok(id) = Uuid::try_parse(name) {
            let found = self.vms.iter().position(|vm| vm.id == id);
            return found.ok_or_else(|| CommandError::Unknown(format!("VM {name}")));
        }
        let mut named = self.vms.iter().enumerate().filter(|(_, vm)| vm.name == name).map(|(index, _)| index);
        match (named.next(), named.next()) {
            (Some(index), None) => Ok(index),
            (None, _) => Err(CommandError::Unknown(format!("VM {name}"))),
            (Some(_), Some(_)) => Err(CommandError::NotUnique(name.to_owned())),
        }
    }

    fn is_on(&self, host: usize) -> bool {
        self.hosts.get(host).is_some_and(|h| h.on)
    }

    /// The Replicating legs of a host whose other end is on, by index.
    fn breakable(&self, host: usize) -> Vec<usize> {
        let shown = self.on_host.get(host).into_iter().flatten().copied();
        shown
            .filter(|index| {
                self.leg(*index).is_some_and(|(vm, leg)| {
                    let other = if vm.home == host { leg.receiver_host } else { vm.home };
                    leg.sender.state == state::REPLICATING && self.is_on(other)
                })
            })
            .collect()
    }

    fn shut_down(&mut self, host: usize, in_flight: InFlight) -> Done {
        if !self.is_on(host) {
            return not_now("the host is off");
        }
        let mut breaking = self.breakable(host);
        match in_flight {
            InFlight::All => {}
            InFlight::None => breaking.clear(),
            InFlight::First(count) => breaking.truncate(count),
            InFlight::Real => {
                breaking.retain(|index| self.leg(*index).is_some_and(|(_, leg)| leg.transfer.is_some()));
            }
        }
        self.record(host, &Happening::ShutdownAsked);
        for index in breaking {
            self.break_by_shutdown(index);
        }
        self.record(host, &Happening::LogStopped);
        self.go_dark(host);
        Ok(())
    }

    fn cut_power(&mut self, host: usize) -> Done {
        if !self.is_on(host) {
            return not_now("the host is off");
        }
        for index in self.on_host.get(host).cloned().unwrap_or_default() {
            let Some((vm, leg)) = self.leg(index) else { continue };
            let (home, running, sender) = (vm.home, vm.running, leg.sender.state);
            if home == host && running && matches!(sender, state::REPLICATING | state::SUSPENDED | state::ERROR) {
                // The log was not closed, so nobody can say what is missing.
                self.require_resync(index);
            } else if home != host && sender == state::REPLICATING && self.is_on(home) {
                self.miss(index, CANNOT_CONNECT);
            }
        }
        self.go_dark(host);
        if let Some(host) = self.hosts.get_mut(host) {
            host.crashed = true;
        }
        Ok(())
    }

    /// Everything that ends with the power.
    fn go_dark(&mut self, host: usize) {
        for index in self.on_host.get(host).cloned().unwrap_or_default() {
            self.count_log(index);
            if let Some(leg) = self.leg_mut(index)
                && let Some(transfer) = leg.transfer.take()
            {
                leg.logged = leg.logged.saturating_add(transfer.bytes);
            }
        }
        self.end_jobs(host);
        if let Some(host) = self.hosts.get_mut(host) {
            host.on = false;
            host.vmms = Vmms::Stopped;
            host.crashed = false;
        }
    }

    /// Jobs do not outlive VMMS; what they were changing stays as it was.
    fn end_jobs(&mut self, host: usize) {
        let jobs = self.hosts.get_mut(host).map(|h| std::mem::take(&mut h.jobs)).unwrap_or_default();
        for job in jobs.values().filter(|job| job.ended().is_none()) {
            if let Some(leg) = self.leg_mut(job.vm) {
                leg.end_mut(job.sender).changing = None;
            }
        }
    }

    fn boot(&mut self, index: usize, ready_after: Option<Duration>) -> Done {
        let now = self.now;
        for vm in self.on_host.get(index).cloned().unwrap_or_default() {
            self.count_log(vm);
        }
        let Some(host) = self.hosts.get_mut(index) else { return Ok(()) };
        if host.on {
            return not_now("the host is on");
        }
        host.on = true;
        host.booted = now;
        host.start_vmms(now, ready_after);
        host.record(now, &Happening::LogStarted);
        if std::mem::take(&mut host.crashed) {
            host.record(now, &Happening::UnexpectedShutdown);
            host.record(now, &Happening::KernelPower);
        }
        Ok(())
    }

    fn stop_vmms(&mut self, host: usize) -> Done {
        if !self.hosts.get(host).is_some_and(crate::host::Host::runs_vmms) {
            return not_now("VMMS is not running");
        }
        self.end_jobs(host);
        if let Some(host) = self.hosts.get_mut(host) {
            host.vmms = Vmms::Stopped;
        }
        Ok(())
    }

    fn start_vmms(&mut self, host: usize) -> Done {
        let now = self.now;
        match self.hosts.get_mut(host) {
            Some(host) if host.on && host.vmms == Vmms::Stopped => {
                host.start_vmms(now, None);
                Ok(())
            }
            Some(_) | None => not_now("the host is off or VMMS is running"),
        }
    }

    fn by_hand(&mut self, index: usize, side: Side, requested: u16) -> Done {
        let sender = side == Side::Sender;
        let Some((vm, leg)) = self.leg(index) else { return not_now("the VM is not replicated") };
        let host = if sender { vm.home } else { leg.receiver_host };
        let end = leg.end(sender);
        if !self.hosts.get(host).is_some_and(crate::host::Host::runs_vmms) {
            return not_now("VMMS is not running on that host");
        }
        let Some(to) = Self::allowed(end.state, requested).filter(|_| end.changing.is_none()) else {
            return not_now(format!("replication is in state {}", end.shown()));
        };
        self.change_state(index, sender, to);
        Ok(())
    }

    fn fail_over(&mut self, index: usize) -> Done {
        let Some((_, leg)) = self.leg(index) else { return not_now("the VM is not replicated") };
        if !self.is_on(leg.receiver_host) || !matches!(leg.receiver.state, state::REPLICATING | state::SUSPENDED) {
            return not_now("the replica is not in a state to be failed over");
        }
        if let Some(leg) = self.leg_mut(index) {
            leg.receiver.state = state::FAILED_OVER;
            leg.receiver.failed_over = 1;
        }
        Ok(())
    }

    fn settle(&mut self, index: usize, to: u16) -> Done {
        match self.leg_mut(index) {
            Some(leg) if leg.receiver.state == state::FAILED_OVER => {
                leg.receiver.state = to;
                if to == state::REPLICATING {
                    leg.receiver.failed_over = 0;
                }
                Ok(())
            }
            Some(_) | None => not_now("no failover waits for completion"),
        }
    }

    fn set(&mut self, index: usize, side: Side, settings: &[Setting]) -> Done {
        let sender = side == Side::Sender;
        let Some(mut vm) = self.vms.get(index).cloned() else { return Ok(()) };
        for setting in settings {
            match (setting, vm.leg.as_mut().map(|leg| leg.end_mut(sender))) {
                (Setting::Running(running), _) if sender => vm.running = *running,
                (Setting::Running(running), Some(end)) => end.replica_running = *running,
                (Setting::State(state), Some(end)) => end.state = *state,
                (Setting::Mode(mode), Some(end)) => end.mode = *mode,
                (Setting::Provider(provider), Some(end)) => end.provider = provider.to_string().to_uppercase(),
                (Setting::FailedOverType(kind), Some(end)) => end.failed_over = *kind,
                (Setting::NeverReplicated, Some(end)) => end.last_replication = None,
                (Setting::PrimaryHost(name), Some(end)) => end.primary_host.clone_from(name),
                (Setting::PrimaryPoint(name), Some(end)) => end.primary_point.clone_from(name),
                (_, None) => return not_now("the VM is not replicated"),
            }
        }
        self.count_log(index);
        let counted = self.leg(index).map(|(_, leg)| (leg.logged, leg.counted_at));
        if let (Some(leg), Some((logged, at))) = (vm.leg.as_mut(), counted) {
            (leg.logged, leg.counted_at) = (logged, at);
        }
        if let Some(own) = self.vms.get_mut(index) {
            *own = vm;
        }
        Ok(())
    }

    fn set_link(&mut self, a: &str, b: &str, cut: bool, delay: Option<Duration>) -> Done {
        let (a, b) = (self.find_host(a)?, self.find_host(b)?);
        if a == b {
            return Err(CommandError::Unknown("link from a host to itself".to_owned()));
        }
        let link = self.links.entry(ordered(a, b)).or_default();
        link.cut = cut;
        link.delay = delay.unwrap_or(link.delay);
        let crossing: Vec<usize> = self
            .on_host
            .get(a)
            .into_iter()
            .flatten()
            .copied()
            .filter(|index| {
                self.leg(*index).is_some_and(|(vm, leg)| ordered(vm.home, leg.receiver_host) == ordered(a, b))
            })
            .collect();
        for index in crossing {
            let sending = self.leg(index).is_some_and(|(_, leg)| leg.transfer.is_some());
            if cut && sending {
                if let Some(leg) = self.leg_mut(index)
                    && let Some(transfer) = leg.transfer.take()
                {
                    leg.logged = leg.logged.saturating_add(transfer.bytes);
                }
                self.miss(index, CANNOT_CONNECT);
            }
            if !cut {
                self.schedule(self.now + Duration::from_secs(1), Due::Cycle(index));
            }
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
