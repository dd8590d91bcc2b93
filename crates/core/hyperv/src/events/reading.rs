//! Reads event logs, and determines how much of them was read.
//!
//! A service can report that no event has arrived, but not that there are no more: a service that has not started to search
//! reports the same. So the log's oldest record is requested first, and then again together with the relevant records. Once it
//! has arrived, the log is being read and reaches back to that record; the next silence counts as the end of the log.

use std::collections::VecDeque;
use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventQuery, EventSource, Listen, Record};
use cim::{CallError, ErrorKind, Reached};
use reprise_model::{Coverage, Gap, HostTime, Log, Records, SystemEvent, VmmsEvent};

use super::{LogEvent, VMMS_LOGS, hear, is_unclear, of_everything, of_vmms_and_system, with_record};

/// Maximum duration of a reading. Only the run waits for it, and few decisions depend on it.
pub const READING_MAX: Duration = Duration::from_secs(5);
/// Maximum number of records of each log that are kept. The newest are kept.
pub const RECORDS_MAX: usize = 10_000;
/// After this time without another record, a log counts as read to its end. It is the minimum wait of WinRM.
const QUIET: Duration = Duration::from_millis(500);
/// Wait before a retry after a transient failure.
const AGAIN: Duration = Duration::from_millis(500);
/// Maximum number of empty replies before a log's oldest record. An empty log has none.
const QUIETS_MAX: u32 = 4;
/// Maximum number of calls per reading: far more than fit into its time limit.
const CALLS_MAX: u32 = 10_000;

/// Reads a host's logs: the records of VMMS that matter for a decision, and those of Windows about shutdowns and starts, at least
/// that far back by the host's clock ([`reprise_model::LOG_BACK`] if `back` is unknown), and how much of each log that is. What
/// was read before a failure is kept.
///
/// # Errors
/// Nothing could be read.
pub async fn read(logs: &impl EventSource, back: Option<Duration>) -> Result<Records, CallError> {
    let mut last = CallError::new(ErrorKind::NotThere, Reached::No, "no connection to the host is configured");
    for log in VMMS_LOGS {
        let query = of_vmms_and_system(log, back);
        let read = match first(logs, log).await {
            Ok(First { oldest: Some(oldest), event }) => {
                match read_from(logs, query.clone(), Some(oldest), event).await {
                    // The host may not support queries for a record number.
                    Err(error) if is_about_the_query(error.kind) => read_from(logs, query, None, event).await,
                    read => read,
                }
            }
            Ok(First { oldest: None, event }) => read_from(logs, query, None, event).await,
            Err(error) => Err(error),
        };
        match read {
            // No log has this name; try the next name.
            Err(error) if error.kind == ErrorKind::NotThere => last = error,
            Err(error) => return Err(error),
            Ok(reading) => return Ok(reading.records()),
        }
    }
    Err(last)
}

fn is_about_the_query(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unsupported | ErrorKind::Refused | ErrorKind::NotThere)
}

/// A log's oldest record. It shows how far back the log reaches, and that the log is being read.
#[derive(Clone, Debug)]
struct Oldest {
    channel: String,
    number: u64,
    at: HostTime,
}

/// The first record that arrives of a log, if one does.
#[derive(Debug, Default)]
struct First {
    /// The same as the log's oldest; `None` if it cannot be parsed, or others may have been lost before it.
    oldest: Option<Oldest>,
    /// What it says, if it matters for a decision.
    event: Option<LogEvent>,
}

/// Requests a log's oldest record.
async fn first(logs: &impl EventSource, log: &str) -> Result<First, CallError> {
    let mut port = listen(logs, of_everything(log), Some(1))?;
    let (mut found, mut bookmark) = (First::default(), None);
    for _ in 0..QUIETS_MAX {
        let batch = next(logs, &mut port, bookmark.as_ref()).await?;
        bookmark.clone_from(&batch.bookmark);
        let Some(first) = batch.events.first() else { continue };
        let Ok(record) = Record::parse(first) else { break };
        found.event = hear(&record);
        let oldest = Oldest { at: at(&record), channel: record.channel, number: record.number };
        found.oldest = Some(oldest).filter(|_| batch.dropped == 0);
        break;
    }
    logs.leave(port);
    Ok(found)
}

/// Reads what a query selects, together with the oldest record, until that has arrived and no more records follow.
/// `event` is what the first record of the log has said, which counts even if it does not arrive again.
async fn read_from(
    logs: &impl EventSource,
    query: EventQuery,
    oldest: Option<Oldest>,
    event: Option<LogEvent>,
) -> Result<Reading, CallError> {
    let query = match &oldest {
        Some(oldest) => with_record(query, &oldest.channel, oldest.number),
        None => query,
    };
    let mut port = listen(logs, query, None)?;
    let mut reading = Reading::new(oldest);
    let (mut bookmark, mut quiets, mut answered): (Option<Bookmark>, _, _) = (None, 0, false);
    for _ in 0..CALLS_MAX {
        match next(logs, &mut port, bookmark.as_ref()).await {
            Ok(batch) if batch.events.is_empty() && batch.dropped == 0 => {
                quiets += 1;
                answered = true;
                if reading.begun || quiets >= QUIETS_MAX {
                    reading.ended = reading.begun;
                    break;
                }
            }
            Ok(batch) => {
                answered = true;
                bookmark.clone_from(&batch.bookmark);
                reading.take(&batch);
            }
            Err(_) if answered => break,
            Err(error) => return Err(error),
        }
    }
    logs.leave(port);
    if let Some(event) = event {
        reading.push_front(event);
    }
    Ok(reading)
}

fn listen<L: EventSource>(logs: &L, query: EventQuery, at_most: Option<u32>) -> Result<L::Port, CallError> {
    let no_way = || CallError::new(ErrorKind::NotThere, Reached::No, "no connection to the host is configured");
    logs.listen(Listen { query, at_most, patience: QUIET, until: READING_MAX }).ok_or_else(no_way)
}

/// Returns the next batch. Retries after a transient failure while there is time.
async fn next(
    logs: &impl EventSource,
    port: &mut impl EventPort,
    after: Option<&Bookmark>,
) -> Result<EventBatch, CallError> {
    use ErrorKind as K;
    for _ in 0..CALLS_MAX {
        match port.next(after).await {
            Err(error)
                if matches!(error.kind, K::Busy | K::TimedOut | K::Unreachable | K::Malformed)
                    && logs.elapsed() + AGAIN < READING_MAX =>
            {
                logs.pause(AGAIN).await;
            }
            result => return result,
        }
    }
    Err(CallError::new(K::TimedOut, Reached::Yes, "the event log could not be read in time"))
}

fn at(record: &Record) -> HostTime {
    HostTime(record.time.unix_us().div_euclid(1_000))
}

/// The newest records of one log, and from which time on they are complete.
#[derive(Debug)]
struct Kept<E> {
    events: VecDeque<(HostTime, E)>,
    all_since: HostTime,
}

impl<E> Kept<E> {
    fn new() -> Self {
        Self { events: VecDeque::new(), all_since: HostTime(i64::MIN) }
    }

    /// Adds one that may have arrived already, and is older than all others.
    fn push_front(&mut self, at: HostTime, event: E)
    where
        E: PartialEq,
    {
        let entry = (at, event);
        if !self.events.contains(&entry) {
            self.events.push_front(entry);
        }
    }

    fn push(&mut self, at: HostTime, event: E) {
        self.events.push_back((at, event));
        if self.events.len() > RECORDS_MAX
            && let Some((gone, _)) = self.events.pop_front()
        {
            self.all_since = self.all_since.max(HostTime(gone.0.saturating_add(1)));
        }
    }

    /// Returns the log, which has every record since `first`.
    fn log(self, first: Option<HostTime>, gap: Option<Gap>) -> Log<E> {
        let coverage = match (gap, first) {
            (Some(gap), _) => Coverage::Partial(gap),
            (None, None) => Coverage::Partial(Gap::NoBeginning),
            (None, Some(first)) => Coverage::Since(first.max(self.all_since)),
        };
        Log::new(self.events.into_iter().map(|(_, event)| event).collect(), coverage)
    }
}

/// What has been read so far.
#[derive(Debug)]
struct Reading {
    oldest: Option<Oldest>,
    /// Whether the log is being read: its oldest record has arrived, or any record if the oldest is unknown.
    begun: bool,
    /// Whether the end was reached.
    ended: bool,
    gap: Option<Gap>,
    vmms: Kept<VmmsEvent>,
    system: Kept<SystemEvent>,
}

impl Reading {
    fn new(oldest: Option<Oldest>) -> Self {
        Self { oldest, begun: false, ended: false, gap: None, vmms: Kept::new(), system: Kept::new() }
    }

    fn take(&mut self, batch: &EventBatch) {
        if batch.dropped > 0 {
            self.gap = self.gap.or(Some(Gap::Dropped));
        }
        for xml in &batch.events {
            let Ok(record) = Record::parse(xml) else {
                self.gap = self.gap.or(Some(Gap::Unreadable));
                continue;
            };
            let is_oldest = |oldest: &Oldest| oldest.number == record.number && oldest.channel == record.channel;
            self.begun |= self.oldest.as_ref().is_none_or(is_oldest);
            match hear(&record) {
                Some(LogEvent::Vmms(event)) => self.vmms.push(event.at, event),
                Some(LogEvent::System(event)) => self.system.push(event.at, event),
                None if is_unclear(&record) => self.gap = self.gap.or(Some(Gap::Unreadable)),
                None => {}
            }
        }
    }

    fn push_front(&mut self, event: LogEvent) {
        match event {
            LogEvent::Vmms(event) => self.vmms.push_front(event.at, event),
            LogEvent::System(event) => self.system.push_front(event.at, event),
        }
    }

    fn records(self) -> Records {
        let gap = self.gap.or((!self.ended).then_some(Gap::NoEnd));
        let oldest = self.oldest.map(|oldest| oldest.at);
        // The oldest record of Windows' log is not requested: the log reaches back at least to the first record that arrived.
        let first = self.system.events.iter().map(|(at, _)| *at).min();
        Records { vmms: self.vmms.log(oldest, gap), system: self.system.log(first, gap) }
    }
}
