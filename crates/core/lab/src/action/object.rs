//! Actions that change a VM's objects on their hosts.

use std::time::Duration;

use super::{Done, LegEnd, Setting, no_such_leg, not_now};
use crate::leg::{At, Busy, Kind, Leg, Vm, mode};
use crate::state;
use crate::vm_power::Power;
use crate::world::{World, ordered};

impl World {
    /// Gives a VM another name: on one host, or wherever it is held.
    pub(super) fn rename(&mut self, index: usize, kind: Kind, side: Option<LegEnd>, to: &str) -> Done {
        let Some(vm) = self.vms.get_mut(index) else { return Ok(()) };
        let only = match side {
            Some(side) => {
                let leg = vm.leg(kind).ok_or_else(|| no_such_leg(kind))?;
                Some(leg.end(side == LegEnd::Sender).host)
            }
            None => None,
        };
        for object in vm.objects.iter_mut().filter(|object| only.is_none_or(|host| object.host == host)) {
            to.clone_into(&mut object.name);
        }
        Ok(())
    }

    /// A live migration of one end's VM. The settings of both ends name the host that holds it now.
    pub(super) fn relocate(&mut self, at: At, side: LegEnd, to: usize) -> Done {
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        let from = leg.end(side == LegEnd::Sender).host;
        if !self.runs_vmms(from) || !self.runs_vmms(to) {
            return not_now("VMMS is not running on both hosts");
        }
        if vm.on(to).is_some() {
            return not_now("that host holds the VM already");
        }
        let here = |leg: &Leg| leg.sender.host == from || leg.receiver.host == from;
        let moving: Vec<At> = vm.legs.iter().filter(|leg| here(leg)).map(|leg| At { kind: leg.kind, ..at }).collect();
        let busy = vm
            .legs
            .iter()
            .any(|leg| [&leg.sender, &leg.receiver].into_iter().any(|end| end.host == from && end.changing.is_some()));
        if busy {
            return not_now("a job changes the state of replication");
        }
        let [old, new] = [from, to].map(|host| self.host_name(host).unwrap_or_default().to_owned());
        for at in moving {
            self.count_log(at);
            let Some(leg) = self.leg_mut(at) else { continue };
            leg.cancel_transfer();
            let sends = leg.sender.host == from;
            leg.end_mut(sends).host = to;
            for end in [&mut leg.sender, &mut leg.receiver] {
                if !sends {
                    end.recovery_host.clone_from(&new);
                    continue;
                }
                end.primary_host.clone_from(&new);
                // A connection point that was given otherwise, as a cluster's is, stays.
                if end.primary_point == old {
                    end.primary_point.clone_from(&new);
                }
            }
            let path = ordered(leg.sender.host, leg.receiver.host);
            self.links.entry(path).or_default();
        }
        if let Some(object) = self.vms.get_mut(at.vm).and_then(|vm| vm.on_mut(from)) {
            object.host = to;
        }
        for (host, held) in [(from, false), (to, true)] {
            let Some(shown) = self.on_host.get_mut(host) else { continue };
            if held {
                shown.insert(at.vm)
            } else {
                shown.remove(&at.vm)
            };
        }
        Ok(())
    }

    /// Replication of a leg ends at both of its ends, or at one; the VMs stay.
    pub(super) fn remove(&mut self, at: At, side: Option<LegEnd>) -> Done {
        if let Some(side) = side {
            return self.remove_end(at, side == LegEnd::Sender);
        }
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        if at.kind == Kind::Simple && vm.leg(Kind::Extended).is_some() {
            return not_now("the extended replication of the VM has to be removed first");
        }
        if !self.runs_vmms(leg.sender.host) || !self.runs_vmms(leg.receiver.host) {
            return not_now("VMMS is not running on both hosts");
        }
        if leg.sender.changing.is_some() || leg.receiver.changing.is_some() {
            return not_now("a job changes the state of replication");
        }
        self.forget_resync(at, "Replication was removed.");
        let Some(vm) = self.vms.get_mut(at.vm) else { return Ok(()) };
        vm.legs.retain(|leg| leg.kind != at.kind);
        let gone: &[u16] = match at.kind {
            Kind::Simple => &[mode::PRIMARY, mode::REPLICA],
            Kind::Extended => &[mode::EXTENDED_REPLICA],
        };
        for object in vm.objects.iter_mut().filter(|object| gone.contains(&object.mode)) {
            object.mode = mode::NONE;
        }
        Ok(())
    }

    /// Replication of a leg ends at one of its ends. The other one keeps its object, and learns nothing of it.
    fn remove_end(&mut self, at: At, sender: bool) -> Done {
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        if at.kind == Kind::Simple && vm.leg(Kind::Extended).is_some() {
            return not_now("the extended replication of the VM has to be removed first");
        }
        let host = leg.end(sender).host;
        if !self.runs_vmms(host) {
            return not_now("VMMS is not running on that host");
        }
        if leg.end(sender).changing.is_some() {
            return not_now("a job changes the state of replication");
        }
        self.forget_resync(at, "Replication was removed.");
        self.change_state(at, sender, state::DISABLED);
        if let Some(leg) = self.leg_mut(at) {
            leg.cancel_transfer();
        }
        if let Some(object) = self.vms.get_mut(at.vm).and_then(|vm| vm.on_mut(host)) {
            object.mode = mode::NONE;
        }
        Ok(())
    }

    /// A backup holds the receiver's VM for a while.
    pub(super) fn back_up(&mut self, at: At, lasts: Duration) -> Done {
        let until = self.now + lasts;
        let Some(host) = self.leg(at).map(|(_, leg)| leg.receiver.host) else { return Ok(()) };
        if !self.runs_vmms(host) {
            return not_now("VMMS is not running on that host");
        }
        if let Some(object) = self.vms.get_mut(at.vm).and_then(|vm| vm.on_mut(host)) {
            object.locked_until = Some(until);
        }
        Ok(())
    }

    /// A VM is busy with its disks for a while. What a replica receives meanwhile is applied later, as during a backup.
    pub(super) fn occupy(&mut self, at: At, side: LegEnd, how: Busy, lasts: Duration) -> Done {
        let until = self.now + lasts;
        let sender = side == LegEnd::Sender;
        let Some(host) = self.leg(at).map(|(_, leg)| leg.end(sender).host) else { return Ok(()) };
        if !self.runs_vmms(host) {
            return not_now("VMMS is not running on that host");
        }
        if self.occupied(host, at.vm).is_some() {
            return not_now("the VM is busy with its disks on that host");
        }
        if let Some(object) = self.vms.get_mut(at.vm).and_then(|vm| vm.on_mut(host)) {
            object.busy = Some((how, until));
            object.locked_until = if sender { object.locked_until } else { object.locked_until.max(Some(until)) };
        }
        Ok(())
    }

    /// What a VM is busy with on a host, and until when.
    pub(crate) fn occupied(&self, host: usize, vm: usize) -> Option<(Busy, Duration)> {
        self.vms.get(vm)?.on(host)?.busy.filter(|(_, until)| self.now < *until)
    }

    /// Sets values of one end that no other action leads to: all of the settings, or none.
    pub(super) fn set(&mut self, index: usize, kind: Kind, side: LegEnd, settings: &[Setting]) -> Done {
        let sender = side == LegEnd::Sender;
        let Some(mut vm) = self.vms.get(index).cloned() else { return Ok(()) };
        for setting in settings {
            if !apply(&mut vm, self.now, kind, sender, setting) {
                return Err(no_such_leg(kind));
            }
        }
        let legs = [Kind::Simple, Kind::Extended].map(|kind| At { vm: index, kind });
        for at in legs {
            self.count_log(at);
        }
        let Some(own) = self.vms.get_mut(index) else { return Ok(()) };
        for leg in &mut vm.legs {
            if let Some(counted) = own.leg(leg.kind) {
                (leg.logged, leg.counted_at) = (counted.logged, counted.counted_at);
            }
        }
        *own = vm;
        for at in legs {
            self.watch_log(at);
            self.await_resync_hours(at);
        }
        Ok(())
    }
}

/// Whether there was something to set.
fn apply(vm: &mut Vm, now: Duration, kind: Kind, sender: bool, setting: &Setting) -> bool {
    let host = vm.leg(kind).map(|leg| leg.end(sender).host);
    // A VM without replication can run or not, as well.
    let only = vm.objects.first().map(|object| object.host).filter(|_| vm.legs.is_empty() && sender);
    let power = if let Setting::Running(running) = setting {
        Some(if *running { Power::Running } else { Power::Off })
    } else if let Setting::Enabled(number) = setting {
        Some(Power::from_number(*number))
    } else {
        None
    };
    if let Some(power) = power {
        let own = host.or(only).and_then(|host| vm.on_mut(host));
        return own.map(|own| own.set_power(power, (power == Power::Running).then_some(now))).is_some();
    }
    if let Setting::Mode(mode) = setting {
        return host.and_then(|host| vm.on_mut(host)).map(|object| object.mode = *mode).is_some();
    }
    let Some(leg) = vm.legs.iter_mut().find(|leg| leg.kind == kind) else { return false };
    if matches!(setting, Setting::State(_)) && sender {
        leg.heals = false;
        leg.cancel_transfer();
        leg.resync = None;
    }
    if let Setting::AutoResync(may) = setting {
        leg.auto_resync = *may;
        return true;
    }
    let end = leg.end_mut(sender);
    match setting {
        Setting::Running(_) | Setting::Enabled(_) | Setting::Mode(_) | Setting::AutoResync(_) => {}
        Setting::State(state) => end.state = *state,
        Setting::Provider(provider) => end.provider = provider.to_string().to_uppercase(),
        Setting::FailedOverType(kind) => end.failed_over = *kind,
        Setting::NeverReplicated => end.last_replication = None,
        Setting::PrimaryHost(name) => end.primary_host.clone_from(name),
        Setting::PrimaryPoint(name) => end.primary_point.clone_from(name),
        Setting::RecoveryHost(name) => end.recovery_host.clone_from(name),
    }
    true
}
