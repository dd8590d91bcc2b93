//! Where the VMs of a new lab are, and what replicates to where.

use std::time::Duration;

use crate::leg::{End, HYPERV_PROVIDER, Kind, Leg, Object, Vm, mode};
use crate::spec::{Spec, SpecError};
use crate::state;
use crate::vm_power::Power;
use crate::world::{World, ordered};

/// From cycle to cycle: the default of Server 2012 R2 and later, all that Server 2012 has, and the shortest that an
/// extended leg may have.
const FREQUENCY: Duration = Duration::from_mins(5);

impl World {
    /// Builds a lab: VMMS ready everywhere, every leg Replicating with a finished cycle.
    ///
    /// # Errors
    /// [`SpecError`] if the spec cannot be met.
    pub fn new(spec: &Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let mut world = Self::empty(spec);
        for index in 0..spec.vms {
            let vm = world.new_vm(index);
            world.add(vm);
        }
        for at in world.all_legs() {
            world.begin_cycles(at);
        }
        Ok(world)
    }

    /// A VM as the spec wants it: every leg Replicating with a finished cycle.
    pub(crate) fn new_vm(&self, index: usize) -> Vm {
        let number = u64::try_from(index).unwrap_or(u64::MAX);
        // A generator of its own, so that one more VM does not change another's identity.
        let mut own = fastrand::Rng::with_seed(self.spec.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let id = uuid::Builder::from_random_bytes(own.u128(..).to_be_bytes()).into_uuid();
        let places = self.spec.places(index);
        let modes = [mode::PRIMARY, mode::REPLICA, mode::EXTENDED_REPLICA];
        let objects = places.iter().zip(modes).map(|(host, mode)| Object {
            host: *host,
            name: self.spec.name(index),
            power: if mode == mode::PRIMARY { Power::Running } else { Power::Off },
            on_since: Duration::ZERO,
            mode: if places.len() > 1 { mode } else { mode::NONE },
            locked_until: None,
            busy: None,
        });
        let hops = places.iter().zip(places.iter().skip(1)).zip([Kind::Simple, Kind::Extended]);
        Vm {
            id,
            disk_bytes: own.u64(20..=80) << 30,
            churn: own.u64(20..=400) << 10,
            objects: objects.collect(),
            legs: hops.map(|((from, to), kind)| self.new_leg(kind, *from, *to)).collect(),
            test_of: None,
        }
    }

    fn new_leg(&self, kind: Kind, from: usize, to: usize) -> Leg {
        let name_of = |host: usize| self.host_name(host).unwrap_or_default().to_owned();
        let end = |host| End {
            host,
            state: state::REPLICATING,
            failed_over: 0,
            last_replication: Some(Duration::ZERO),
            provider: HYPERV_PROVIDER.to_owned(),
            primary_host: name_of(from),
            primary_point: name_of(from),
            recovery_host: name_of(to),
            changing: None,
        };
        Leg {
            kind,
            sender: end(from),
            receiver: end(to),
            frequency: FREQUENCY,
            next_cycle: Duration::ZERO,
            logged: 0,
            counted_at: Duration::ZERO,
            log_check: None,
            cycles_ok: 1,
            cycles_missed: 0,
            transfer: None,
            transfers: 0,
            retries: 0,
            heals: false,
            applied: Some(Duration::ZERO),
            points_from: Some(Duration::ZERO),
            tested: None,
            resync: None,
            auto_resync: false,
            window: self.first_window(),
        }
    }

    /// Takes a VM into the site; its hosts show it from now on.
    pub(crate) fn add(&mut self, vm: Vm) {
        let index = self.vms.len();
        for object in &vm.objects {
            if let Some(shown) = self.on_host.get_mut(object.host) {
                shown.insert(index);
            }
        }
        for leg in &vm.legs {
            self.links.entry(ordered(leg.sender.host, leg.receiver.host)).or_default();
        }
        self.vms.push(vm);
    }
}
