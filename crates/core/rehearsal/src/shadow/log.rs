//! What event logs prove of one leg: what they truly hold, and what of it crossed the wire to a reading.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cim::DateTime;
use cim::event::EventBatch;
use cim::event::stepped::Answer;
use reprise_model::{HostTime, SystemEvent, SystemEventKind, VmId, VmmsEvent, VmmsEventKind};

use super::pause::Pause;

/// Records of one cause stand this near each other, and a stop is explained by what stands no longer than this before
/// data last arrived. Unit: milliseconds.
const NEAR: i64 = 120_000;
/// The mark of a shutdown in event 32022.
const ABORTED: u32 = 0x8000_4004;
/// VMMS's interval where its record names none.
const INTERVAL: Duration = Duration::from_mins(5);
/// A pause that is first seen so long after a boot may be a person's. Unit: milliseconds.
const BOOT: i64 = 600_000;

/// Records of one host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs {
    pub(crate) vmms: Vec<VmmsEvent>,
    pub(crate) system: Vec<SystemEvent>,
}

/// What crossed the wire to one reading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crossed {
    logs: Logs,
    /// The oldest record of VMMS's log that came on each port: its number.
    oldest: BTreeMap<usize, u64>,
    /// When the oldest of all was written. Unit: milliseconds.
    reaches: Option<(u64, i64)>,
    /// The ports on which something was lost, or could not be read.
    flawed: BTreeSet<usize>,
    /// The last answer was that nothing came.
    ended_on: Option<usize>,
    /// A log was cleared meanwhile, which no answer shows (`docs/fidelity.md`).
    cleared: bool,
    /// The last answer was that nothing came, and the host gave nothing then, whatever its logs held: a silence of half a second
    /// is taken for the end (`docs/fidelity.md`).
    ended_in_silence: bool,
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(found, _)| found)
}

impl Crossed {
    /// An answer came back on a port. `silent` says whether the host's logs gave nothing then, full or not.
    pub(crate) fn take(&mut self, port: usize, answer: &Answer, silent: bool) {
        self.ended_on = answer.as_ref().is_ok_and(|batch| *batch == EventBatch::default()).then_some(port);
        self.ended_in_silence = silent && self.ended_on.is_some();
        let Ok(batch) = answer else { return };
        let unread = batch.events.iter().filter(|xml| self.record(port, xml).is_none()).count();
        if batch.dropped > 0 || unread > 0 {
            self.flawed.insert(port);
        }
    }

    /// A log is cleared, or loses its oldest records, while it is read.
    pub(crate) fn is_cleared(&mut self) {
        self.cleared = true;
    }

    /// Takes in a record; `None` if it cannot be read.
    fn record(&mut self, port: usize, xml: &str) -> Option<()> {
        let id: u32 = between(xml, "<EventID", "</EventID>")?.rsplit('>').next()?.parse().ok()?;
        let number: u64 = between(xml, "<EventRecordID>", "<")?.parse().ok()?;
        let DateTime::Timestamp(at) = DateTime::parse(between(xml, " SystemTime=\"", "\"")?).ok()? else { return None };
        let at = HostTime(at.unix_us().div_euclid(1_000));
        if xml.contains("<Channel>System<") {
            let kind = match id {
                1_074 => SystemEventKind::ShutdownAsked,
                6_005 => SystemEventKind::LogStarted,
                6_006 => SystemEventKind::LogStopped,
                6_008 => SystemEventKind::UnexpectedShutdown,
                41 => SystemEventKind::NoCleanShutdown,
                _ => return Some(()),
            };
            self.logs.system.push(SystemEvent { at, kind });
            return Some(());
        }
        let oldest = self.oldest.entry(port).or_insert(number);
        *oldest = number.min(*oldest);
        self.reaches = Some(self.reaches.map_or((number, at.0), |known| known.min((number, at.0))));
        let kind = match id {
            32_086 => VmmsEventKind::NonRecoverable,
            32_022 => {
                let code = between(xml, "<ErrorCode>0x", "<").and_then(|code| u32::from_str_radix(code, 16).ok())?;
                VmmsEventKind::SendFailed { code }
            }
            32_315 => {
                let minutes = between(xml, "<Parameter2>", "<").and_then(|minutes| minutes.parse().ok());
                VmmsEventKind::WillRetry { after: minutes.map(Duration::from_mins) }
            }
            _ => return Some(()),
        };
        let vm = between(xml, "<VmId>", "<").or_else(|| between(xml, "<Parameter1>", "<"))?.parse().ok()?;
        self.logs.vmms.push(VmmsEvent { vm, at, kind });
        Some(())
    }

    /// Whether VMMS's log was read whole from that time on: its oldest record stands at or before it and came on the port on
    /// which at last nothing more came, and nothing was lost or unreadable.
    fn is_whole_since(&self, since: i64) -> bool {
        let Some((number, at)) = self.reaches else { return false };
        let Some(port) = self.ended_on.filter(|port| !self.flawed.contains(port)) else { return false };
        self.oldest.get(&port) == Some(&number) && at <= since
    }
}

/// A reading of a host's logs that has come to its end.
#[derive(Clone, Debug)]
pub(crate) struct ReadLog {
    /// When it began.
    pub(super) asked: Duration,
    /// Whether anything could be read.
    pub(super) readable: bool,
    crossed: Crossed,
    truth: Logs,
}

/// The records of one VM that stand near or after the last data.
fn of(logs: &Logs, vm: VmId, last: Option<i64>) -> Vec<VmmsEvent> {
    let recent = |event: &&VmmsEvent| event.vm == vm && last.is_none_or(|last| event.at.0 >= last - NEAR);
    logs.vmms.iter().filter(recent).copied().collect()
}

pub(super) fn gave_up(records: &[VmmsEvent]) -> bool {
    records.iter().any(|event| event.kind == VmmsEventKind::NonRecoverable)
}

impl ReadLog {
    pub(super) fn new(asked: Duration, readable: bool, crossed: Crossed, truth: Logs) -> Self {
        let crossed = if readable { crossed } else { Crossed::default() };
        Self { asked, readable, crossed, truth }
    }

    /// The records of one VM, near or after the last data, that the reading got.
    pub(super) fn of(&self, vm: VmId, last: Option<i64>) -> Vec<VmmsEvent> {
        of(&self.crossed.logs, vm, last)
    }

    /// Whether a shutdown paused a VM's leg, and the reading got the records that say so.
    pub(super) fn shutdown_did_it(&self, vm: VmId, pause: &Pause, last: Option<i64>) -> bool {
        [&self.crossed.logs, &self.truth].into_iter().all(|logs| shutdown_did_it(logs, vm, pause, last))
    }

    /// Why nobody may say that a person paused a VM's leg, if so: the log was not read whole since data last came or it was
    /// seen otherwise; or what a shutdown leaves was truly written since.
    pub(super) fn no_person_because(&self, vm: VmId, pause: &Pause, last: Option<i64>) -> Option<&'static str> {
        let Some((by, since)) = pause.by.zip(pause.after.max(pause.surely_after).max(last)) else {
            return Some("nobody knows between when it began");
        };
        if !self.readable || !self.crossed.is_whole_since(since) {
            return Some("its host's log was not read whole over that time");
        }
        // What was written and did not come, nobody can know of, if no answer shows that anything is missing.
        let is_hidden = self.crossed.cleared || self.crossed.ended_in_silence;
        let logs = if is_hidden { &self.crossed.logs } else { &self.truth };
        let written = pairs(logs, vm, since).into_iter().any(|pair| pair <= by);
        written.then_some("the records of a shutdown stand in its host's log")
    }
}

/// When, of all records of one VM from some time on, 32086 and 32022 with its mark stand near each other.
fn pairs(logs: &Logs, vm: VmId, since: i64) -> Vec<i64> {
    let at = |kind: VmmsEventKind| {
        let own = logs.vmms.iter().filter(move |event| event.vm == vm && event.kind == kind);
        own.map(|event| event.at.0).filter(move |at| *at >= since)
    };
    let marked = VmmsEventKind::SendFailed { code: ABORTED };
    let pair = |end: i64| at(marked).filter(move |sent| (sent - end).abs() <= NEAR).map(move |sent| sent.max(end));
    at(VmmsEventKind::NonRecoverable).flat_map(pair).collect()
}

/// Whether a shutdown paused it: 32086 and 32022 with its mark stand near each other, after the last data and after all that
/// showed it otherwise; and from them to the first sight of the pause there was no time for a person to resume and pause it,
/// since its host was up for two minutes at most, or went down right after them, came up once, and was looked at right
/// after that.
fn shutdown_did_it(logs: &Logs, vm: VmId, pause: &Pause, last: Option<i64>) -> bool {
    let Some(by) = pause.by else { return false };
    let since = pause.after.max(last).unwrap_or(i64::MIN);
    let at = |kind: SystemEventKind| logs.system.iter().filter(move |event| event.kind == kind).map(|e| e.at.0);
    let explains = |pair: i64| match pause.booted.filter(|booted| *booted > pair) {
        None => by - pair <= NEAR,
        Some(booted) => {
            let down = at(SystemEventKind::LogStopped).filter(|down| *down <= booted).max();
            let once = |down: i64| !at(SystemEventKind::LogStarted).any(|up| up > down && up < booted - NEAR);
            down.is_some_and(|down| (0..=NEAR).contains(&(down - pair)) && once(down)) && by - booted <= BOOT
        }
    };
    pairs(logs, vm, since).into_iter().any(|pair| pair <= by && explains(pair))
}

/// Whether VMMS is still left to retry by itself at that time of its host's clock.
pub(super) fn vmms_retries(records: &[VmmsEvent], clock: Option<i64>) -> bool {
    if gave_up(records) {
        return false;
    }
    let until = records.iter().filter_map(|event| match event.kind {
        VmmsEventKind::WillRetry { after } => {
            let two = i64::try_from(after.unwrap_or(INTERVAL).as_millis()).unwrap_or(i64::MAX).saturating_mul(2);
            Some((event.at.0, two))
        }
        VmmsEventKind::NonRecoverable | VmmsEventKind::SendFailed { .. } => None,
    });
    until.max().is_some_and(|(at, two)| clock.is_none_or(|clock| clock < at.saturating_add(two)))
}
