//! What one look was shown: read from the rows on the wire, by the reference and not by the client's code.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cim::{DateTime, Row};
use reprise_engine::Side;
use reprise_model::{LegId, LegKind, VmId};

/// Hyper-V's own provider (Hyper-V WMI reference, `Msvm_ReplicationSettingData.ReplicationProvider`).
const OWN_PROVIDER: &str = "22391CDC-272C-4DDF-BA88-9BEFB1A0975C";
/// Server 2012, whose VMs carry their replication themselves.
const SERVER_2012: &str = "6.2.";

/// One end of a leg on one host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    /// The host's own name.
    pub(crate) host_name: String,
    /// What the host says that it is called in a later look that does not show the end.
    pub(crate) says_now: Option<String>,
    pub(crate) vm_name: String,
    pub(crate) state: u16,
    pub(crate) mode: u16,
    /// Whether the VM is known to be off: 3 is off, 6 and 32769 are saved (the reference's table of `EnabledState`).
    pub(crate) off: bool,
    /// `EnabledState`
    pub(crate) power: u16,
    /// When data last arrived, by the host's clock; `None` is never. Unit: milliseconds since 1970.
    pub(crate) last: Option<i64>,
    pub(crate) settings: Option<SetUp>,
    /// When the look began.
    pub(crate) looked: Duration,
    /// The host's clock at the look.
    pub(crate) clock: Option<i64>,
    /// When the host had booted, by its clock.
    pub(crate) booted: Option<i64>,
}

/// How a relationship is set up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetUp {
    pub(crate) foreign: bool,
    /// The primary side is a cluster: its connection point is not the host.
    pub(crate) clustered: bool,
    pub(crate) primary: Option<String>,
    pub(crate) recovery: Option<String>,
}

/// What is to be seen at one host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) seen: BTreeMap<(LegId, Side), End>,
    /// VMs of which something could not be read.
    pub(crate) unread: BTreeSet<VmId>,
    /// What those are called, as far as that can be read.
    pub(super) unread_names: BTreeSet<(VmId, String)>,
    /// Primary VMs whose own relationship is at 0. They send only where another host replicates them.
    pub(super) idle: BTreeMap<LegId, End>,
}

impl Ends {
    /// The host says its name.
    pub(super) fn says(&mut self, name: &str) {
        for end in self.seen.values_mut().chain(self.idle.values_mut()) {
            end.says_now = Some(name.to_owned());
        }
    }

    /// What the host calls the VM of a leg.
    pub(crate) fn called(&self, leg: LegId) -> impl Iterator<Item = &str> {
        self.all_called().filter(move |(vm, _)| *vm == leg.vm).map(|(_, name)| name)
    }

    /// What the host calls the VMs that it replicates.
    pub(super) fn all_called(&self) -> impl Iterator<Item = (VmId, &str)> {
        let seen = self.seen.iter().map(|((leg, _), end)| (leg.vm, end.vm_name.as_str()));
        seen.chain(self.unread_names.iter().map(|(vm, name)| (*vm, name.as_str())))
    }

    /// Whether the host shows that it sends a leg.
    pub(super) fn shows_sender(&self, leg: LegId) -> bool {
        self.seen.contains_key(&(leg, Side::Sender)) || self.idle.contains_key(&leg) || self.unread.contains(&leg.vm)
    }

    /// Whether the host shows that a VM is replicated.
    pub(super) fn replicates(&self, vm: VmId) -> bool {
        self.seen.keys().any(|(leg, _)| leg.vm == vm)
    }
}

/// The rows that came back to one look so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) name: Option<String>,
    /// How often the host had booted when it answered when that was.
    pub(crate) boots: Option<u32>,
    version: String,
    clock: Option<i64>,
    booted: Option<i64>,
    vms: Vec<Row>,
    objects: Vec<Row>,
    settings: Vec<Row>,
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.get::<String>(name).ok().filter(|text| !text.is_empty())
}

fn millis(row: &Row, name: &str) -> Option<i64> {
    match row.get::<DateTime>(name).ok()? {
        DateTime::Timestamp(at) => Some(at.unix_us() / 1_000),
        DateTime::Interval(_) => None,
    }
}

/// `Microsoft:GUID\HVR\N`; without the last part on Server 2012.
fn key(instance_id: &str) -> Option<(VmId, u8)> {
    let mut parts = instance_id.strip_prefix("Microsoft:")?.split('\\');
    let vm = parts.next()?.parse().ok()?;
    if parts.next()? != "HVR" {
        return None;
    }
    Some((vm, parts.next().map_or(Some(0), |slot| slot.parse().ok())?))
}

/// Who is who: an object's number and its VM's mode.
fn part(slot: u8, mode: u16) -> (LegKind, Side) {
    match (slot, mode) {
        (0, 1) => (LegKind::Simple, Side::Sender),
        (0, 4) => (LegKind::Extended, Side::Receiver),
        (0, _) => (LegKind::Simple, Side::Receiver),
        (_, _) => (LegKind::Extended, Side::Sender),
    }
}

impl Shown {
    /// Takes in the rows of a class that came back. `boots` says how often the host had booted then.
    pub(crate) fn take(&mut self, class: &str, rows: &[Row], boots: u32) {
        match class {
            "Win32_ComputerSystem" => {
                let of = |row: &Row| Some(format!("{}.{}", text(row, "DNSHostName")?, text(row, "Domain")?));
                self.name = rows.first().and_then(of).map(|name| name.to_lowercase());
            }
            "Win32_OperatingSystem" => {
                self.boots = Some(boots);
                self.version = rows.first().and_then(|row| text(row, "Version")).unwrap_or_default();
                self.clock = rows.first().and_then(|row| millis(row, "LocalDateTime"));
                self.booted = rows.first().and_then(|row| millis(row, "LastBootUpTime"));
            }
            "Msvm_ComputerSystem" => self.vms = rows.to_vec(),
            "Msvm_ReplicationRelationship" => self.objects = rows.to_vec(),
            "Msvm_ReplicationSettingData" => self.settings = rows.to_vec(),
            _ => {}
        }
    }

    /// When the host had booted, as it says.
    pub(crate) fn booted(&self) -> Option<i64> {
        self.booted
    }

    /// The ends that these rows show.
    pub(crate) fn ends(&self, looked: Duration) -> Ends {
        let mut ends = Ends::default();
        let old = self.version.starts_with(SERVER_2012);
        let vm_of = |row: &Row| text(row, "Name")?.parse::<VmId>().ok();
        let vms: BTreeMap<VmId, &Row> = self.vms.iter().filter_map(|row| Some((vm_of(row)?, row))).collect();
        let keyed = |row: &Row| if old { Some((vm_of(row)?, 0)) } else { key(&text(row, "InstanceID")?) };
        let objects = if old { &self.vms } else { &self.objects };
        let settings: BTreeMap<(VmId, u8), &Row> =
            self.settings.iter().filter_map(|row| Some((key(&text(row, "InstanceID")?)?, row))).collect();
        for (row, (vm, slot)) in objects.iter().filter_map(|row| Some((row, keyed(row)?))) {
            let is_idle = row.get::<u16>("ReplicationState").is_ok_and(|state| state == 0);
            let of = vms.get(&vm).and_then(|own| self.end(row, own, settings.get(&(vm, slot)).copied(), looked));
            match of {
                Some(end) if is_idle && slot == 0 && end.mode == 1 => {
                    ends.idle.insert(LegId { vm, kind: LegKind::Simple }, end);
                }
                Some(_) | None if is_idle => {}
                Some(end) => {
                    let (kind, side) = part(slot, end.mode);
                    ends.seen.insert((LegId { vm, kind }, side), end);
                }
                None => {
                    ends.unread.insert(vm);
                    ends.unread_names
                        .extend(vms.get(&vm).and_then(|own| text(own, "ElementName")).map(|name| (vm, name)));
                }
            }
        }
        ends
    }

    fn end(&self, row: &Row, own: &Row, settings: Option<&Row>, looked: Duration) -> Option<End> {
        Some(End {
            host_name: self.name.clone().unwrap_or_default(),
            says_now: None,
            vm_name: text(own, "ElementName").unwrap_or_default(),
            state: row.get("ReplicationState").ok()?,
            mode: own.get("ReplicationMode").ok()?,
            off: matches!(own.get::<u16>("EnabledState").ok()?, 3 | 6 | 32_769),
            power: own.get("EnabledState").ok()?,
            // "Never" is written as the year 1601.
            last: millis(row, "LastReplicationTime").filter(|at| *at > 0),
            settings: settings.and_then(set_up),
            looked,
            clock: self.clock,
            booted: self.booted,
        })
    }
}

fn set_up(row: &Row) -> Option<SetUp> {
    // If one value of a row has the wrong type, its other values do not count either.
    row.get_opt::<u16>("ReplicationInterval").ok()?;
    let provider = text(row, "ReplicationProvider");
    let first_label = |name: String| name.to_lowercase().split('.').next().map(str::to_owned);
    let primary = ["PrimaryHostSystem", "PrimaryConnectionPoint"].map(|name| text(row, name).and_then(first_label));
    Some(SetUp {
        foreign: provider.is_some_and(|path| !path.to_uppercase().contains(OWN_PROVIDER)),
        clustered: matches!(primary, [Some(host), Some(point)] if host != point),
        primary: text(row, "PrimaryHostSystem").or(text(row, "PrimaryConnectionPoint")),
        recovery: text(row, "RecoveryHostSystem").or(text(row, "RecoveryConnectionPoint")),
    })
}
