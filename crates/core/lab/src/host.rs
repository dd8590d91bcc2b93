//! One host: power, VMMS, what it shows, what it has recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::event::{Happening, Record};
use crate::installed::Installed;
use crate::job::Job;
use crate::spec::Os;

/// Maximum number of records that are kept per host; the oldest go first, as in a log of fixed size.
const RECORDS_MAX: usize = 20_000;
/// So long before the lab began its hosts booted, and stand their oldest records: they are not new.
const UP_BEFORE: Duration = Duration::from_hours(30 * 24);
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
    /// So long before `booted` it booted in truth, if that was before the lab began.
    pub(crate) up_before: Duration,
    pub(crate) vmms: Vmms,
    pub(crate) management: Management,
    /// How its clock was set: since when it has been off by so many seconds, oldest first.
    clock_settings: Vec<(Duration, i64)>,
    pub(crate) records: Vec<Record>,
    pub(crate) next_record: u64,
    /// Until when its logs give no record, however long one waits.
    pub(crate) logs_silent_until: Duration,
    pub(crate) jobs: BTreeMap<Uuid, Job>,
    /// Until when it refuses every login.
    pub(crate) logins_from: Duration,
    pub(crate) installed: Installed,
    /// Whether the last end was a power cut.
    pub(crate) crashed: bool,
}

/// The service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vmms {
    Stopped,
    /// Until when, and how long it takes from then on to show everything.
    Starting {
        until: Duration,
        loads_for: Duration,
    },
    /// Since when, and how long it takes to show everything.
    Running {
        since: Duration,
        loads_for: Duration,
    },
}

/// How long a host and its VMMS take to come up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// How long its service is starting, from the boot or the order to start; it runs at once if absent.
    pub starts_after: Option<Duration>,
    /// When it shows everything, from the boot or the order to start; soon if absent.
    pub ready_after: Option<Duration>,
    /// How long from the boot the host refuses every login: Netlogon is not running yet, or no domain controller is.
    pub logins_after: Option<Duration>,
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
    /// The host of that index. One of a workgroup has no domain in its name.
    pub(crate) fn new(index: usize, workgroup: bool, os: Os) -> Self {
        let domain = if workgroup { "" } else { ".lab.test" };
        let mut host = Self {
            name: format!("hv{:02}{domain}", index + 1),
            on: true,
            booted: Duration::ZERO,
            up_before: UP_BEFORE,
            vmms: Vmms::Running { since: Duration::ZERO, loads_for: Duration::ZERO },
            management: Management::Up,
            clock_settings: Vec::new(),
            records: Vec::new(),
            next_record: 1,
            logs_silent_until: Duration::ZERO,
            jobs: BTreeMap::new(),
            logins_from: Duration::ZERO,
            installed: Installed::new(os),
            crashed: false,
        };
        for old in [Happening::Statistics, Happening::LogStarted] {
            host.record(Duration::ZERO, &old);
        }
        host.records.iter_mut().for_each(|record| record.earlier = UP_BEFORE);
        host
    }

    /// Sets its clock. What it stamped before keeps its time.
    pub(crate) fn set_clock(&mut self, now: Duration, offset_s: i64) {
        self.clock_settings.push((now, offset_s));
    }

    /// By how many seconds its clock is off now.
    pub(crate) fn clock_offset_s(&self) -> i64 {
        self.clock_settings.last().map_or(0, |(_, offset_s)| *offset_s)
    }

    /// By how many seconds its clock was off at a point in time.
    pub(crate) fn clock_offset_s_at(&self, at: Duration) -> i64 {
        let settings = self.clock_settings.iter().rev();
        settings.into_iter().find(|(since, _)| *since <= at).map_or(0, |(_, offset_s)| *offset_s)
    }

    /// The first label in upper case, as `NetBIOS` names are.
    pub(crate) fn netbios(&self) -> String {
        self.name.split('.').next().unwrap_or(&self.name).to_uppercase()
    }

    /// Whether VMMS works, and so shows at least the host row and the replication service.
    pub(crate) fn runs_vmms(&self) -> bool {
        self.on && matches!(self.vmms, Vmms::Running { .. })
    }

    /// When the row of the `k`-th of `n` VMs is shown: evenly up to the end of loading, at most half a second apart.
    pub(crate) fn shows_row(&self, now: Duration, k: usize, n: usize) -> bool {
        let Some((since, loads_for)) = self.loading() else { return false };
        let count = u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        let behind = u32::try_from(n.saturating_sub(k + 1)).unwrap_or(u32::MAX);
        let gap = (loads_for / count).min(ROW_GAP_MAX);
        now >= (since + loads_for).saturating_sub(gap.saturating_mul(behind))
    }

    pub(crate) fn is_ready(&self, now: Duration) -> bool {
        self.ready_at().is_some_and(|ready| now >= ready)
    }

    /// When something about what it shows changes next.
    pub(crate) fn ready_at(&self) -> Option<Duration> {
        self.loading().map(|(since, loads_for)| since + loads_for)
    }

    fn loading(&self) -> Option<(Duration, Duration)> {
        match self.vmms {
            Vmms::Running { since, loads_for } if self.on => Some((since, loads_for)),
            Vmms::Running { .. } | Vmms::Starting { .. } | Vmms::Stopped => None,
        }
    }

    /// VMMS is asked to start. When it runs, if that is not at once.
    pub(crate) fn start_vmms(&mut self, now: Duration, start: Start) -> Option<Duration> {
        let starts_after = start.starts_after.unwrap_or_default();
        // The rows are there so long after the order to start, however long the start took of it.
        let loads_for = start.ready_after.map_or(READY_AFTER, |ready| ready.saturating_sub(starts_after));
        let until = now + starts_after;
        if starts_after.is_zero() {
            self.vmms = Vmms::Running { since: now, loads_for };
            return None;
        }
        self.vmms = Vmms::Starting { until, loads_for };
        Some(until)
    }

    /// VMMS has started, if it still is to.
    pub(crate) fn vmms_is_up(&mut self, now: Duration) {
        if let Vmms::Starting { until, loads_for } = self.vmms
            && now >= until
        {
            self.vmms = Vmms::Running { since: now, loads_for };
        }
    }

    pub(crate) fn record(&mut self, now: Duration, happening: &Happening<'_>) {
        if self.records.len() >= RECORDS_MAX {
            self.records.remove(0);
        }
        self.records.push(happening.record(self.next_record, now));
        self.next_record += 1;
    }

    /// A log is cleared, or has overwritten its oldest records: the newest so many are left.
    pub(crate) fn forget(&mut self, channel: &str, keep: usize) {
        let mut over = self.records.iter().filter(|record| record.channel == channel).count().saturating_sub(keep);
        self.records.retain(|record| {
            let goes = record.channel == channel && over > 0;
            over -= usize::from(goes);
            !goes
        });
    }
}
