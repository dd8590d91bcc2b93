//! A snapshot of the whole world, for people and tests: plain values.

use std::time::Duration;

use uuid::Uuid;

use crate::host::Vmms;
use crate::leg::Kind;
use crate::{host, leg, world};

/// The whole site.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldView {
    /// Virtual time since the start.
    pub time: Duration,
    /// Wall time at virtual zero, in microseconds since 1970-01-01T00:00:00Z.
    pub started_us: i64,
    /// The seed.
    pub seed: u64,
    /// The hosts, in order.
    pub hosts: Vec<HostView>,
    /// The VMs, in order.
    pub vms: Vec<VmView>,
    /// The links that any leg uses.
    pub links: Vec<LinkView>,
}

/// One host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostView {
    /// Its name.
    pub name: String,
    /// The short name of its Windows.
    pub os: &'static str,
    /// Whether it has power.
    pub on: bool,
    /// `stopped`, `starting`, `not_ready` or `ready`.
    pub vmms: &'static str,
    /// The records in its event logs, except those from before the lab began.
    pub events: Vec<LoggedEvent>,
}

/// One record in an event log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    /// Its number on this host.
    pub record: u64,
    /// When, in virtual time.
    pub time: Duration,
    /// Which log.
    pub channel: &'static str,
    /// Its id.
    pub id: u32,
    /// Its level.
    pub level: &'static str,
    /// The VM it is about.
    pub vm_id: Option<Uuid>,
    /// The error code it carries.
    pub code: Option<u32>,
    /// Its text.
    pub message: String,
}

/// One VM.
#[derive(Clone, Debug, PartialEq)]
pub struct VmView {
    /// Its display name.
    pub vm: String,
    /// Its identity.
    pub vm_id: Uuid,
    /// Its legs.
    pub legs: Vec<LegView>,
}

/// One leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LegView {
    /// `simple` or `extended`.
    pub leg: &'static str,
    /// The sender's host.
    pub sender: String,
    /// The receiver's host.
    pub receiver: String,
    /// The sender's true state: not what a running job shows.
    pub sender_state: u16,
    /// The receiver's true state.
    pub receiver_state: u16,
    /// Seconds from cycle to cycle.
    pub frequency_s: u64,
    /// Bytes that wait to be sent.
    pub pending_bytes: u64,
    /// Bytes in the change log.
    pub log_bytes: u64,
    /// Size of the disks.
    pub disk_bytes: u64,
    /// Cycles that went well.
    pub cycles_ok: u64,
    /// Cycles that did not.
    pub cycles_missed: u64,
    /// When data last arrived.
    pub last_replication_time: Option<Duration>,
    /// Whether data is on its way.
    pub in_flight: bool,
    /// Whether a job changes the sender's state now.
    pub changing: bool,
    /// The receiver's kind of failover.
    pub failed_over_type: u16,
    /// How many recovery points the receiver keeps.
    pub recovery_points: u64,
}

/// One replication path.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkView {
    /// One end.
    pub a: String,
    /// The other.
    pub b: String,
    /// Whether it is cut.
    pub cut: bool,
    /// How much it delays.
    pub delay: Duration,
}

impl world::World {
    /// Takes a snapshot.
    pub fn view(&self) -> WorldView {
        let links = self.links.iter().map(|((a, b), link)| LinkView {
            a: self.name_of(*a),
            b: self.name_of(*b),
            cut: link.cut,
            delay: link.delay,
        });
        WorldView {
            time: self.now,
            started_us: self.spec.started_us,
            seed: self.spec.seed,
            hosts: self.hosts.iter().map(|host| self.view_host(host)).collect(),
            vms: self.vms.iter().filter(|vm| !vm.objects.is_empty()).map(|vm| self.view_vm(vm)).collect(),
            links: links.collect(),
        }
    }

    fn name_of(&self, host: usize) -> String {
        self.host_name(host).unwrap_or_default().to_owned()
    }

    fn view_host(&self, host: &host::Host) -> HostView {
        let vmms = match host.vmms {
            Vmms::Stopped => "stopped",
            Vmms::Starting { .. } => "starting",
            Vmms::Running { .. } if host.is_ready(self.now) => "ready",
            Vmms::Running { .. } => "not_ready",
        };
        let own = host.records.iter().filter(|record| record.earlier.is_zero());
        let events = own.map(|record| LoggedEvent {
            record: record.number,
            time: record.at,
            channel: record.channel,
            id: record.id,
            level: record.level,
            vm_id: record.vm,
            code: record.code,
            message: record.message.clone(),
        });
        HostView { name: host.name.clone(), os: self.spec.os.name(), on: host.on, vmms, events: events.collect() }
    }

    fn view_vm(&self, vm: &leg::Vm) -> VmView {
        let legs = vm.legs.iter().map(|leg| {
            let pending = self.log_bytes(vm, leg);
            LegView {
                leg: match leg.kind {
                    Kind::Simple => "simple",
                    Kind::Extended => "extended",
                },
                sender: self.name_of(leg.sender.host),
                receiver: self.name_of(leg.receiver.host),
                sender_state: leg.sender.state,
                receiver_state: leg.receiver.state,
                frequency_s: leg.frequency.as_secs(),
                pending_bytes: pending + leg.transfer.map_or(0, |t| t.bytes),
                log_bytes: pending,
                disk_bytes: vm.disk_bytes,
                cycles_ok: leg.cycles_ok,
                cycles_missed: leg.cycles_missed,
                last_replication_time: leg.receiver.last_replication,
                in_flight: leg.transfer.is_some(),
                changing: leg.sender.changing.is_some(),
                failed_over_type: leg.receiver.failed_over,
                recovery_points: self.recovery_points(leg),
            }
        });
        VmView { vm: vm.name().to_owned(), vm_id: vm.id, legs: legs.collect() }
    }
}
