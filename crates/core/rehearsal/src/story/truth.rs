//! What a host's event logs truly held of replication: all that was ever written, from the lab's own state and not from what
//! a reader gets.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_lab::view;
use reprise_model::{HostTime, SystemEvent, SystemEventKind, VmId, VmmsEvent, VmmsEventKind};

use crate::shadow::Logs;

/// Where VMMS writes.
const CHANNEL: &str = "Microsoft-Windows-Hyper-V-VMMS-Admin";
/// Where Windows writes.
const SYSTEM: &str = "System";

/// All records of one host by their numbers, those that its logs have lost among them.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth(BTreeMap<u64, view::LoggedEvent>);

impl Truth {
    /// Takes in what a host's logs hold now.
    pub(super) fn take(&mut self, host: &view::HostView) {
        self.0.extend(host.events.iter().map(|record| (record.record, record.clone())));
    }

    /// What they say, by their host's clock.
    pub(super) fn logs(&self, clock: &Clock) -> Logs {
        let of = |channel: &'static str| self.0.values().filter(move |record| record.channel == channel);
        Logs {
            vmms: of(CHANNEL).filter_map(|record| event(record, clock)).collect(),
            system: of(SYSTEM).filter_map(|record| system(record, clock)).collect(),
        }
    }
}

fn system(record: &view::LoggedEvent, clock: &Clock) -> Option<SystemEvent> {
    let kind = match record.id {
        1_074 => SystemEventKind::ShutdownAsked,
        6_005 => SystemEventKind::LogStarted,
        6_006 => SystemEventKind::LogStopped,
        6_008 => SystemEventKind::UnexpectedShutdown,
        41 => SystemEventKind::NoCleanShutdown,
        _ => return None,
    };
    Some(SystemEvent { at: clock.at(record.time), kind })
}

fn event(record: &view::LoggedEvent, clock: &Clock) -> Option<VmmsEvent> {
    let kind = match record.id {
        32_086 => VmmsEventKind::NonRecoverable,
        32_022 => VmmsEventKind::SendFailed { code: record.code? },
        32_315 => VmmsEventKind::WillRetry { after: minutes(&record.message) },
        _ => return None,
    };
    Some(VmmsEvent { vm: VmId::new(record.vm_id?), at: clock.at(record.time), kind })
}

/// A host's clock.
pub(super) struct Clock {
    /// What it shows at the lab's beginning. Unit: microseconds since 1970.
    pub(super) started_us: i64,
    /// Since when it is ahead by how many seconds, oldest first.
    pub(super) settings: Vec<(Duration, i64)>,
}

impl Clock {
    /// What it showed at a time of the lab.
    pub(super) fn at(&self, at: Duration) -> HostTime {
        let since = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        let ahead_s = self.settings.iter().rev().find(|(set, _)| *set <= at).map_or(0, |(_, ahead_s)| *ahead_s);
        HostTime((self.started_us / 1_000).saturating_add(since).saturating_add(ahead_s.saturating_mul(1_000)))
    }
}

/// "… and will retry after 5 minute(s)."
fn minutes(message: &str) -> Option<Duration> {
    let (_, rest) = message.rsplit_once("retry after ")?;
    rest.split(' ').next()?.parse().ok().map(Duration::from_mins)
}
