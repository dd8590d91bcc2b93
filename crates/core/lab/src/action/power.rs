//! Shutdown, power failure and boot of hosts, and stop and start of their VMMS.

use std::time::Duration;

use super::{Done, InFlight, not_now};
use crate::change_log::tracks;
use crate::event::{CANNOT_CONNECT, Happening};
use crate::host::{Start, Vmms};
use crate::leg::{At, Object};
use crate::state;
use crate::world::{Due, World};

impl World {
    /// The Replicating legs of a host whose other end is on, by index.
    fn breakable(&self, host: usize) -> Vec<At> {
        let mut legs = self.legs_of(host);
        legs.retain(|at| {
            self.leg(*at).is_some_and(|(_, leg)| {
                let other = if leg.sender.host == host { leg.receiver.host } else { leg.sender.host };
                leg.sender.state == state::REPLICATING && self.is_on(other)
            })
        });
        legs
    }

    pub(super) fn shut_down(&mut self, host: usize, in_flight: InFlight) -> Done {
        if !self.is_on(host) {
            return not_now("the host is off");
        }
        let mut breaking = self.breakable(host);
        match in_flight {
            InFlight::All => {}
            InFlight::None => breaking.clear(),
            InFlight::First(count) => breaking.truncate(count),
            InFlight::Real => {
                breaking.retain(|at| self.leg(*at).is_some_and(|(_, leg)| leg.transfer.is_some()));
            }
        }
        self.record(host, &Happening::ShutdownAsked);
        for at in breaking {
            self.break_by_shutdown(at);
        }
        self.record(host, &Happening::LogStopped);
        self.go_dark(host);
        Ok(())
    }

    pub(super) fn cut_power(&mut self, host: usize) -> Done {
        if !self.is_on(host) {
            return not_now("the host is off");
        }
        for at in self.legs_of(host) {
            let Some((vm, leg)) = self.leg(at) else { continue };
            let (sender, state) = (leg.sender.host, leg.sender.state);
            let tracked = tracks(leg);
            let running = vm.on(host).is_some_and(Object::is_running);
            if sender == host && running && tracked {
                // The log was not closed, so nobody can say what is missing.
                self.require_resync(at);
            } else if sender != host && state == state::REPLICATING && self.is_on(sender) {
                self.miss(at, CANNOT_CONNECT);
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
        for at in self.legs_of(host) {
            self.count_log(at);
            if let Some(leg) = self.leg_mut(at) {
                leg.cancel_transfer();
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
            if let Some(leg) = self.leg_mut(job.at) {
                leg.end_mut(job.sender).changing = None;
            }
        }
    }

    pub(super) fn boot(&mut self, index: usize, vmms: Start) -> Done {
        if self.is_on(index) {
            return not_now("the host is on");
        }
        let now = self.now;
        let legs = self.legs_of(index);
        for at in &legs {
            self.count_log(*at);
        }
        let Some(host) = self.hosts.get_mut(index) else { return Ok(()) };
        host.on = true;
        (host.booted, host.up_before) = (now, Duration::ZERO);
        host.logins_from = now + vmms.logins_after.unwrap_or_default();
        host.record(now, &Happening::LogStarted);
        if std::mem::take(&mut host.crashed) {
            host.record(now, &Happening::UnexpectedShutdown);
            host.record(now, &Happening::KernelPower);
        }
        self.start_vmms(index, vmms);
        for at in legs {
            self.watch_log(at);
        }
        Ok(())
    }

    pub(super) fn stop_vmms(&mut self, host: usize) -> Done {
        if !self.runs_vmms(host) {
            return not_now("VMMS is not running");
        }
        self.end_jobs(host);
        if let Some(host) = self.hosts.get_mut(host) {
            host.vmms = Vmms::Stopped;
        }
        Ok(())
    }

    pub(super) fn order_vmms(&mut self, host: usize, vmms: Start) -> Done {
        if !self.hosts.get(host).is_some_and(|host| host.on && host.vmms == Vmms::Stopped) {
            return not_now("the host is off, or VMMS is not stopped");
        }
        self.start_vmms(host, vmms);
        Ok(())
    }

    fn start_vmms(&mut self, index: usize, vmms: Start) {
        let now = self.now;
        let runs_from = self.hosts.get_mut(index).and_then(|host| host.start_vmms(now, vmms));
        if let Some(when) = runs_from {
            self.schedule(when, Due::VmmsUp(index));
        }
    }
}
