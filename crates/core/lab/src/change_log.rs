//! The change log of a leg: how it grows, and what happens to the leg when the log outgrows the disks.

use std::time::Duration;

use crate::leg::{At, Kind, Leg, Object, Vm};
use crate::state;
use crate::vm_power::Power;
use crate::world::{Due, World};

/// Whether changes are still written down: while a leg is paused, in error or resynchronized too, but not once a resync
/// is due.
pub(crate) fn tracks(leg: &Leg) -> bool {
    matches!(
        leg.sender.state,
        state::REPLICATING | state::SUSPENDED | state::ERROR | state::RESYNCHRONIZING | state::RESYNC_SUSPENDED
    )
}

impl World {
    /// Whether a leg's VM changes its disks now.
    fn is_busy(&self, vm: &Vm, leg: &Leg) -> bool {
        vm.on(leg.sender.host).is_some_and(Object::is_running) && self.is_on(leg.sender.host)
    }

    /// Bytes in the change log.
    pub(crate) fn log_bytes(&self, vm: &Vm, leg: &Leg) -> u64 {
        if !tracks(leg) || !self.is_busy(vm, leg) {
            return leg.logged;
        }
        let seconds = self.now.saturating_sub(leg.counted_at).as_secs_f64();
        leg.logged.saturating_add(bytes(seconds, vm.churn))
    }

    /// A VM starts, stops or stands still on a host; `anew` is whether its uptime starts over.
    pub(crate) fn set_power(&mut self, vm: usize, host: usize, power: Power, anew: bool) {
        let now = self.now;
        let legs = [Kind::Simple, Kind::Extended].map(|kind| At { vm, kind });
        for at in legs {
            self.count_log(at);
        }
        if let Some(own) = self.vms.get_mut(vm).and_then(|vm| vm.on_mut(host)) {
            own.set_power(power, anew.then_some(now));
        }
        for at in legs {
            self.watch_log(at);
        }
    }

    /// Counts the log now: to be called before anything changes that its growth depends on.
    pub(crate) fn count_log(&mut self, at: At) {
        let now = self.now;
        let Some(logged) = self.leg(at).map(|(vm, leg)| self.log_bytes(vm, leg)) else { return };
        if let Some(leg) = self.leg_mut(at) {
            leg.logged = logged;
            leg.counted_at = now;
        }
    }

    /// Wakes when the log may have passed half of the disks. A look that is due before serves as well.
    pub(crate) fn watch_log(&mut self, at: At) {
        let Some((vm, leg)) = self.leg(at) else { return };
        let left = (vm.disk_bytes / 2).saturating_sub(self.log_bytes(vm, leg));
        let when = self.now + Duration::from_secs(left / vm.churn.max(1) + 1);
        if leg.log_check.is_some_and(|check| check > self.now && check <= when) {
            return;
        }
        if let Some(leg) = self.leg_mut(at) {
            leg.log_check = Some(when);
        }
        self.schedule(when, Due::LogCheck(at));
    }

    /// The 50 % rule: a log of more than half of the disks makes a resync necessary, and tracking stops.
    pub(crate) fn check_log(&mut self, at: At) {
        let Some((vm, leg)) = self.leg(at) else { return };
        if !tracks(leg) {
            return;
        }
        if self.log_bytes(vm, leg) > vm.disk_bytes / 2 {
            self.require_resync(at);
        } else if self.is_busy(vm, leg) {
            self.watch_log(at);
        }
    }

    /// What arrived at a replica is what it sends onwards.
    pub(crate) fn log_onwards(&mut self, at: At, arrived: u64) {
        if self.leg(at).is_none_or(|(_, leg)| !tracks(leg)) {
            return;
        }
        self.count_log(at);
        if let Some(leg) = self.leg_mut(at) {
            leg.logged = leg.logged.saturating_add(arrived);
        }
        self.check_log(at);
    }

    pub(crate) fn require_resync(&mut self, at: At) {
        self.count_log(at);
        if let Some(leg) = self.leg_mut(at) {
            leg.sender.state = state::RESYNC_REQUIRED;
            leg.heals = false;
            leg.transfer = None;
            leg.resync = None;
        }
        self.await_resync_hours(at);
    }
}

fn bytes(seconds: f64, per_second: u64) -> u64 {
    let millis = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX).saturating_mul(per_second / 1_000)
}
