//! What is done to a VM's objects on their hosts.

use std::time::Duration;

use super::{Done, Setting, Side, no_such_leg};
use crate::leg::{At, Kind, Vm};
use crate::vm_power::Power;
use crate::world::World;

impl World {
    /// Puts one end where no other command leads: all of the settings, or none.
    pub(super) fn set(&mut self, index: usize, kind: Kind, side: Side, settings: &[Setting]) -> Done {
        let sender = side == Side::Sender;
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
        }
        Ok(())
    }
}

/// Whether there was something to set.
fn apply(vm: &mut Vm, now: Duration, kind: Kind, sender: bool, setting: &Setting) -> bool {
    let host = vm.leg(kind).map(|leg| leg.end(sender).host);
    // A VM without replication runs or does not all the same.
    let only = vm.objects.first().map(|object| object.host).filter(|_| vm.legs.is_empty() && sender);
    if let Setting::Running(running) = setting {
        let power = if *running { Power::Running } else { Power::Off };
        let own = host.or(only).and_then(|host| vm.on_mut(host));
        return own.map(|own| own.set_power(power, running.then_some(now))).is_some();
    }
    if let Setting::Mode(mode) = setting {
        return host.and_then(|host| vm.on_mut(host)).map(|object| object.mode = *mode).is_some();
    }
    let Some(leg) = vm.legs.iter_mut().find(|leg| leg.kind == kind) else { return false };
    if matches!(setting, Setting::State(_)) && sender {
        leg.heals = false;
        leg.cancel_transfer();
    }
    let end = leg.end_mut(sender);
    match setting {
        Setting::Running(_) | Setting::Mode(_) => {}
        Setting::State(state) => end.state = *state,
        Setting::Provider(provider) => end.provider = provider.to_string().to_uppercase(),
        Setting::FailedOverType(kind) => end.failed_over = *kind,
        Setting::NeverReplicated => end.last_replication = None,
        Setting::PrimaryHost(name) => end.primary_host.clone_from(name),
        Setting::PrimaryPoint(name) => end.primary_point.clone_from(name),
    }
    true
}
