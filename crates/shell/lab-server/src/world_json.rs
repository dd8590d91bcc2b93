//! `GET /world`: the whole site as JSON. Keys may be added, but not changed or removed.

use std::time::Duration;

use reprise_lab::view;
use serde::Serialize;

use crate::count::Counters;

#[derive(Serialize)]
pub(crate) struct World {
    time: String,
    seed: u64,
    speed: f64,
    hosts: Vec<Host>,
    vms: Vec<Vm>,
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Host {
    name: String,
    os: &'static str,
    power: &'static str,
    vmms: &'static str,
    requests: Counters,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Event {
    record: u64,
    time: String,
    channel: &'static str,
    id: u32,
    level: &'static str,
    vm_id: Option<String>,
    code: Option<String>,
    message: String,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the keys of the contract")]
struct Vm {
    vm: String,
    vm_id: String,
    legs: Vec<Leg>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the keys of the contract")]
struct Leg {
    leg: &'static str,
    sender: String,
    receiver: String,
    sender_state: u16,
    receiver_state: u16,
    frequency_s: u64,
    pending_bytes: u64,
    log_bytes: u64,
    disk_bytes: u64,
    cycles_ok: u64,
    cycles_missed: u64,
    last_replication_time: Option<String>,
    in_flight: bool,
    changing: bool,
    failed_over_type: u16,
    recovery_points: u64,
}

#[derive(Serialize)]
struct Link {
    a: String,
    b: String,
    cut: bool,
    delay_ms: u64,
}

/// A point in virtual time as RFC 3339 in UTC with milliseconds.
pub(crate) fn time(started_us: i64, at: Duration) -> String {
    let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_microsecond(started_us.saturating_add(micros)).unwrap_or_default();
    format!("{at:.3}")
}

pub(crate) fn world(view: view::WorldView, counters: &[Counters], speed: f64) -> World {
    let at = |when: Duration| time(view.started_us, when);
    let counters = counters.iter().copied().chain(std::iter::repeat(Counters::default()));
    World {
        time: at(view.time),
        seed: view.seed,
        speed,
        hosts: view.hosts.iter().zip(counters).map(|(host, requests)| self::host(host, requests, &at)).collect(),
        vms: view.vms.iter().map(|vm| self::vm(vm, &at)).collect(),
        links: view
            .links
            .into_iter()
            .map(|link| Link {
                a: link.a,
                b: link.b,
                cut: link.cut,
                delay_ms: u64::try_from(link.delay.as_millis()).unwrap_or(u64::MAX),
            })
            .collect(),
    }
}

fn host(host: &view::HostView, requests: Counters, at: &dyn Fn(Duration) -> String) -> Host {
    let events = host.events.iter().map(|event| Event {
        record: event.record,
        time: at(event.time),
        channel: event.channel,
        id: event.id,
        level: event.level,
        vm_id: event.vm_id.map(|id| id.to_string()),
        code: event.code.map(|code| format!("0x{code:08X}")),
        message: event.message.clone(),
    });
    Host {
        name: host.name.clone(),
        os: host.os,
        power: if host.on { "on" } else { "off" },
        vmms: host.vmms,
        requests,
        events: events.collect(),
    }
}

fn vm(vm: &view::VmView, at: &dyn Fn(Duration) -> String) -> Vm {
    let legs = vm.legs.iter().map(|leg| Leg {
        leg: leg.leg,
        sender: leg.sender.clone(),
        receiver: leg.receiver.clone(),
        sender_state: leg.sender_state,
        receiver_state: leg.receiver_state,
        frequency_s: leg.frequency_s,
        pending_bytes: leg.pending_bytes,
        log_bytes: leg.log_bytes,
        disk_bytes: leg.disk_bytes,
        cycles_ok: leg.cycles_ok,
        cycles_missed: leg.cycles_missed,
        last_replication_time: leg.last_replication_time.map(at),
        in_flight: leg.in_flight,
        changing: leg.changing,
        failed_over_type: leg.failed_over_type,
        recovery_points: leg.recovery_points,
    });
    Vm { vm: vm.vm.clone(), vm_id: vm.vm_id.to_string(), legs: legs.collect() }
}
