//! One host: power, VMMS, what it shows, what it has recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::event::{Happening, Record};
use crate::job::Job;

/// Most records that are kept per host; the oldest go first, as in a log of fixed size.
const RECORDS_MAX: usize = 20_000;
/// Rows of VMs appear at most this far apart while VMMS loads them.
const ROW_GAP_MAX: Duration = Duration::from_millis(500);
/// Without a wish for slowness VMMS has loaded everything after this long.
const READY_AFTER: Duration = Duration::from_millis(600);

/// One host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) on: bool,
    pub(crate) booted: Duration,
    pub(crate) vmms: Vmms,
    pub(crate) management: Management,
    pub(crate) clock_offset_s: i64,
    pub(crate) records: Vec<Record>,
    pub(crate) next_record: u64,
    pub(crate) jobs: BTreeMap<Uuid, Job>,
    /// Whether the last end was a power cut.
    pub(crate) crashed: bool,
}

/// The service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vmms {
    Stopped,
    /// Since when, and how long it takes to show everything.
    Running {
        since: Duration,
        loads_for: Duration,
    },
}

/// How the path behaves by which a host is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Management {
    /// Works.
    Up,
    /// Refuses connections.
    Refuse,
    /// Swallows them.
    Blackhole,
}

impl Host {
    pub(crate) fn new(index: usize) -> Self {
        Self {
            name: format!("hv{:02}.lab.test", index + 1),
            on: true,
            booted: Duration::ZERO,
            vmms: Vmms::Running { since: Duration::ZERO, loads_for: Duration::ZERO },
            management: Management::Up,
            clock_offset_s: 0,
            records: Vec::new(),
            next_record: 1,
            jobs: BTreeMap::new(),
            crashed: false,
        }
    }

    /// The first label in upper case, as `NetBIOS` names are.
    pub(crate) fn netbios(&self) -> String {
        self.name.split('.').next().unwrap_or(&self.name).to_uppercase()
    }

    pub(crate) fn runs_vmms(&self) -> bool {
        self.on && matches!(self.vmms, Vmms::Running { .. })
    }

    /// Whether the host row and the replication service are shown.
    pub(crate) fn shows_itself(&self) -> bool {
        self.runs_vmms()
    }

    /// When the row of the `k`-th of `n` VMs is shown: evenly up to the end of loading, at most half a second apart.
    pub(crate) fn shows_row(&self, now: Duration, k: usize, n: usize) -> bool {
        let Vmms::Running { since, loads_for } = self.vmms else { return false };
        if !self.on {
            return false;
        }
        let count = u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        let behind = u32::try_from(n.saturating_sub(k + 1)).unwrap_or(u32::MAX);
        let gap = (loads_for / count).min(ROW_GAP_MAX);
        now >= (since + loads_for).saturating_sub(gap.saturating_mul(behind))
    }

    pub(crate) fn is_ready(&self, now: Duration) -> bool {
        match self.vmms {
            Vmms::Running { since, loads_for } => self.on && now >= since + loads_for,
            Vmms::Stopped => false,
        }
    }

    /// When something about what it shows changes next.
    pub(crate) fn ready_at(&self) -> Option<Duration> {
        match self.vmms {
            Vmms::Running { since, loads_for } if self.on => Some(since + loads_for),
            Vmms::Running { .. } | Vmms::Stopped => None,
        }
    }

    pub(crate) fn start_vmms(&mut self, now: Duration, ready_after: Option<Duration>) {
        self.vmms = Vmms::Running { since: now, loads_for: ready_after.unwrap_or(READY_AFTER) };
    }

    pub(crate) fn record(&mut self, now: Duration, happening: &Happening<'_>) {
        if self.records.len() >= RECORDS_MAX {
            self.records.remove(0);
        }
        self.records.push(happening.record(self.next_record, now));
        self.next_record += 1;
    }
}
