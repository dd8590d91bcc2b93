//! Failovers: prepared at the sender; started, tested and reverted at the receiver; and reversed.

use super::{Done, LegEnd, not_now};
use crate::leg::{At, Kind, Leg, Object, Vm, mode};
use crate::state;
use crate::vm_power::Power;
use crate::world::World;

/// `FailedOverReplicationType`: to the latest point, and one that was prepared.
const REGULAR: u16 = 1;
const PLANNED: u16 = 3;

impl World {
    /// The VM is off, and what is left is sent: nothing is lost when the receiver takes over.
    pub(super) fn prepare(&mut self, at: At) -> Done {
        if self.allowed(at, true, state::PREPARED).is_none() {
            return not_now("the VM runs, replication is not in state 3, or its receiver takes no changes");
        }
        self.by_hand(at, LegEnd::Sender, state::PREPARED)
    }

    /// The receiver's VM becomes the one that people use.
    pub(super) fn fail_over(&mut self, at: At) -> Done {
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        let running = vm.on(leg.receiver.host).is_some_and(Object::is_running);
        if running || !self.is_on(leg.receiver.host) || !self.has_point(leg) {
            return not_now("the replica is not in a state to be failed over");
        }
        let planned = leg.sender.state == state::PREPARED;
        if let Some(leg) = self.leg_mut(at) {
            leg.receiver.state = state::FAILED_OVER;
            leg.receiver.failed_over = if planned { PLANNED } else { REGULAR };
        }
        Ok(())
    }

    /// Whether the receiver has a recovery point to start from. A resynchronization takes them away.
    fn has_point(&self, leg: &Leg) -> bool {
        matches!(leg.receiver.state, state::REPLICATING | state::SUSPENDED)
            && leg.receiver.last_replication.is_some()
            && self.recovery_points(leg) > 0
    }

    pub(super) fn commit(&mut self, at: At) -> Done {
        match self.leg_mut(at) {
            Some(leg) if leg.receiver.state == state::FAILED_OVER => {
                leg.receiver.state = state::COMMITTED;
                leg.points_from = None;
                Ok(())
            }
            Some(_) | None => not_now("no failover waits for completion"),
        }
    }

    /// Takes back what was begun: the failover, else the preparation, else the test.
    pub(super) fn revert(&mut self, at: At) -> Done {
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        let (id, receiver, sender) = (vm.id, leg.receiver.state, leg.sender.state);
        if receiver == state::FAILED_OVER {
            if let Some(leg) = self.leg_mut(at) {
                leg.receiver.state = state::REPLICATING;
                leg.receiver.failed_over = 0;
            }
            return Ok(());
        }
        if sender == state::PREPARED {
            self.change_state(at, true, state::REPLICATING);
            return Ok(());
        }
        let test = self.vms.iter().position(|vm| vm.test_of == Some(id) && !vm.objects.is_empty());
        match test {
            Some(test) => {
                self.delete(test);
                Ok(())
            }
            None => not_now("no failover waits for completion, none is prepared and none is tested"),
        }
    }

    /// A VM beside the replica, from its latest point. Replication goes on.
    pub(super) fn test_failover(&mut self, at: At) -> Done {
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        let host = leg.receiver.host;
        if !self.runs_vmms(host) || !self.has_point(leg) {
            return not_now("the replica is not in a state to be tested");
        }
        if self.vms.iter().any(|other| other.test_of == Some(vm.id) && !other.objects.is_empty()) {
            return not_now("the replica is tested already");
        }
        let (of, disk_bytes, churn) = (vm.id, vm.disk_bytes, vm.churn);
        let name = format!("{} - Test", vm.on(host).map_or("", |object| &object.name));
        let object = Object {
            host,
            name,
            power: Power::Off,
            on_since: self.now,
            mode: mode::TEST_REPLICA,
            locked_until: None,
            busy: None,
        };
        let id = self.new_id();
        self.add(Vm { id, disk_bytes, churn, objects: vec![object], legs: Vec::new(), test_of: Some(of) });
        let now = self.now;
        if let Some(leg) = self.leg_mut(at) {
            leg.tested = Some(now);
        }
        Ok(())
    }

    fn delete(&mut self, index: usize) {
        let objects = self.vms.get_mut(index).map(|vm| std::mem::take(&mut vm.objects)).unwrap_or_default();
        for object in objects {
            if let Some(shown) = self.on_host.get_mut(object.host) {
                shown.remove(&index);
            }
        }
    }

    /// After a failover the receiver sends from now on, and what was the primary receives.
    pub(super) fn reverse(&mut self, at: At) -> Done {
        let Some((vm, leg)) = self.leg(at) else { return Ok(()) };
        let (old, new) = (leg.sender.host, leg.receiver.host);
        if at.kind == Kind::Extended || vm.leg(Kind::Extended).is_some() {
            return not_now("the extended replication of the VM has to be removed first");
        }
        if !matches!(leg.receiver.state, state::FAILED_OVER | state::COMMITTED) {
            return not_now("the replica is not failed over");
        }
        if !self.runs_vmms(old)
            || !self.reaches(leg)
            || leg.sender.changing.is_some()
            || leg.receiver.changing.is_some()
        {
            return not_now("the two hosts do not reach each other, or a job changes the state");
        }
        self.forget_resync(at, "Replication was reversed.");
        // People run the VM where it failed over to, and no longer where it was.
        self.set_power(at.vm, old, Power::Off, false);
        self.set_power(at.vm, new, Power::Running, true);
        let (now, names) = (self.now, [new, old].map(|host| self.host_name(host).unwrap_or_default().to_owned()));
        let [primary, replica] = names;
        let Some(vm) = self.vms.get_mut(at.vm) else { return Ok(()) };
        vm.objects.reverse();
        for (object, mode) in vm.objects.iter_mut().zip([mode::PRIMARY, mode::REPLICA]) {
            object.mode = mode;
        }
        let Some(leg) = self.leg_mut(at) else { return Ok(()) };
        std::mem::swap(&mut leg.sender, &mut leg.receiver);
        for end in [&mut leg.sender, &mut leg.receiver] {
            end.state = state::REPLICATING;
            (end.primary_host, end.primary_point) = (primary.clone(), primary.clone());
            end.recovery_host.clone_from(&replica);
        }
        (leg.logged, leg.counted_at, leg.transfer) = (0, now, None);
        (leg.retries, leg.heals, leg.points_from) = (0, false, Some(now));
        let frequency = leg.frequency;
        self.plan_cycle(at, frequency);
        self.watch_log(at);
        Ok(())
    }
}
