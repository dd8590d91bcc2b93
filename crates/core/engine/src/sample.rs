//! Small worlds for tests: hosts, VMs and looks, built in one line each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use reprise_model::{
    EnabledState, FailedOverType, HostId, HostName, HostSystem, HostTime, Kept, LastReplication, LegId, LegKind,
    MonoTime, Now, Observation, Policy, Provider, RelationshipId, Replication, ReplicationMode, ReplicationObject,
    ReplicationSettings, ReplicationState, Seen, ServiceState, Slot, Timestamp, Vm, VmId,
};

use crate::leg::{End, Leg, NotSeenEnd, SeenEnd, Whereabouts};
use crate::setup::{AskedHost, LOOKS_AT_ONCE, Patience, Setup, UnmatchedHolds};

pub(crate) fn vm_id(n: u32) -> VmId {
    format!("00000000-0000-0000-0000-{n:012x}").parse().unwrap()
}

pub(crate) fn leg_id(n: u32) -> LegId {
    LegId { vm: vm_id(n), kind: LegKind::Simple }
}

pub(crate) fn now(seconds: f64) -> Now {
    let mono = MonoTime(Duration::from_secs_f64(seconds));
    Now { mono, wall: Timestamp(1_000_000 + i64::try_from(mono.0.as_millis()).unwrap()) }
}

pub(crate) fn name(host: u32) -> HostName {
    HostName::new(&format!("hv{:02}.lab.test", host + 1)).unwrap()
}

pub(crate) fn settings(primary: u32, recovery: u32) -> ReplicationSettings {
    ReplicationSettings {
        primary_host: Some(name(primary)),
        primary_point: Some(name(primary)),
        recovery_host: Some(name(recovery)),
        recovery_point: Some(name(recovery)),
        provider: Provider::HyperV,
        frequency: Some(Duration::from_mins(5)),
        auto_resync: None,
    }
}

/// One end of VM `n`: the primary on host 0 or the replica on host 1.
pub(crate) fn vm(n: u32, mode: ReplicationMode) -> Vm {
    let enabled = if mode == ReplicationMode::Primary { EnabledState::Running } else { EnabledState::Off };
    Vm { id: vm_id(n), name: format!("vm-{n:03}"), key: vm_id(n).to_string().to_uppercase(), enabled, mode }
}

pub(crate) fn object(n: u32, state: ReplicationState) -> ReplicationObject {
    ReplicationObject {
        id: RelationshipId { vm: vm_id(n), slot: Slot::Zero },
        kept: Kept::AsRelationship {
            instance_id: format!("Microsoft:{}\\HVR\\0", vm_id(n).to_string().to_uppercase()),
        },
        state,
        health: None,
        failed_over: FailedOverType::None,
        last_replication: LastReplication::At(HostTime(900_000)),
        settings: Seen::Seen(settings(0, 1)),
    }
}

pub(crate) fn seen_end(host: u32, n: u32, mode: ReplicationMode, state: ReplicationState) -> End {
    End::Seen(Arc::new(SeenEnd {
        host: HostId(host),
        host_name: name(host).to_string(),
        looked: MonoTime::default(),
        told: MonoTime::default(),
        booted: Some(HostTime(0)),
        up_for: None,
        vm: vm(n, mode),
        object: object(n, state),
    }))
}

pub(crate) fn missing_end(host: u32, whereabouts: Whereabouts) -> End {
    End::NotSeen(NotSeenEnd { host_name: Some(name(host).to_string()), whereabouts })
}

/// VM 1 from host 0 to host 1.
pub(crate) fn leg(sender: ReplicationState, receiver: ReplicationState) -> Leg {
    Leg {
        id: leg_id(1),
        vm_name: "vm-001".to_owned(),
        sender: seen_end(0, 1, ReplicationMode::Primary, sender),
        receiver: seen_end(1, 1, ReplicationMode::Replica, receiver),
        second_primary: None,
        sender_receives: None,
        leftovers: Vec::new(),
        held_hosts: BTreeSet::new(),
        vm_names: BTreeSet::new(),
    }
}

pub(crate) fn end_mut(end: &mut End) -> &mut SeenEnd {
    match end {
        End::Seen(end) => Arc::make_mut(end),
        End::NotSeen(_) => panic!("the end is not seen"),
    }
}

/// A good look at one host of a pair: it shows VMs `1..=states.len()`, as primary on host 0 and as replica on host 1.
pub(crate) fn look(host: u32, states: &[ReplicationState]) -> Observation {
    let mode = if host == 0 { ReplicationMode::Primary } else { ReplicationMode::Replica };
    let numbered = || (1_u32..).zip(states);
    Observation {
        name: Seen::Seen(name(host)),
        system: Seen::Seen(HostSystem {
            version: "6.3.9600".to_owned(),
            clock: HostTime(1_000_000),
            booted: HostTime(0),
        }),
        vmms: Seen::Seen(ServiceState::Running),
        replication: Seen::Seen(Replication {
            service: true,
            host_row: true,
            vms: numbered().map(|(n, _)| (vm_id(n), vm(n, mode))).collect(),
            objects: numbered().map(|(n, s)| (object(n, *s).id, object(n, *s))).collect(),
            unreadable: BTreeMap::new(),
            stray: Vec::new(),
        }),
    }
}

/// What sets up a pass over hosts asked by their names, with the contract's default limits.
pub(crate) fn setup(hosts: u32) -> Setup {
    let timeout = Duration::from_mins(1);
    let asked = |n| AskedHost {
        id: HostId(n),
        key: None,
        label: format!("hv{:02}.lab.test:5985", n + 1),
        claim: Some(name(n)),
        credential: None,
        vmms_timeout: timeout,
        tier: None,
    };
    Setup {
        hosts: (0..hosts).map(asked).collect(),
        policy: Policy::default(),
        patience: Patience { timeout, silence: timeout, retry_until: Some(MonoTime(timeout)) },
        discover: false,
        reads_events: false,
        dry_run: false,
        confirm_within: None,
        unmatched_holds: UnmatchedHolds::Stop,
        reread_every: None,
        looks_at_once: LOOKS_AT_ONCE,
        seed: 1,
    }
}
