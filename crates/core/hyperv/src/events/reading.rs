//! How event logs are read, and how much of them that was.
//!
//! A service says that nothing has come, and never that there is nothing more: one that has not begun to look says the same.
//! So a log's oldest record is asked for first, and then asked for again beside those that decide something. Once it has
//! come, the log is being read, and reaches back to it; what comes after silence is believed to be the end.

use std::collections::VecDeque;
use std::time::Duration;

use cim::event::{Bookmark, EventBatch, EventPort, EventSource, Listen, Query, Record};
use cim::{CallError, ErrorKind, Reached};
use reprise_model::{Coverage, Gap, HostTime, Log, Records, SystemEvent, VmmsEvent};

use super::{LogEvent, VMMS_LOGS, hear, is_unclear, of_everything, of_vmms_and_system, with_record};

/// Longest reading. Evidence decides little, and nothing but the pass waits for it.
pub const READING_MAX: Duration = Duration::from_secs(5);
/// Most records of each log that are kept; the newest.
pub const RECORDS_MAX: usize = 10_000;
/// After this long without another record a log that is being read has been read to its end. The least that WinRM waits.
const QUIET: Duration = Duration::from_millis(500);
/// Before a transient failure is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// So often a log may say that nothing has come before its oldest record; one that is empty has none.
const QUIETS_MAX: u32 = 4;
/// Most calls of one reading: far above what fits into its time.
const CALLS_MAX: u32 = 10_000;

/// What stands in a host's logs: the records of VMMS that decide something, and those of Windows that report shutdowns and
/// starts, at least as far back as that by the host's clock ([`reprise_model::LOG_BACK`] if nobody knows how far), and how
/// much of each log that is. What came before something went wrong is kept.
///
/// # Errors
/// Nothing could be read.
pub async fn read(logs: &impl EventSource, back: Option<Duration>) -> Result<Records, CallError> {
    let mut last = CallError::new(ErrorKind::NotThere, Reached::No, "there is no way to the host");
    for log in VMMS_LOGS {
        let query = of_vmms_and_system(log, back);
        let read = match oldest(logs, log).await {
            Ok(Some(oldest)) => match read_from(logs, query.clone(), Some(oldest)).await {
                // It may not know how to look for a number.
                Err(error) if is_about_the_query(error.kind) => read_from(logs, query, None).await,
                read => read,
            },
            Ok(None) => read_from(logs, query, None).await,
            Err(error) => Err(error),
        };
        match read {
            // By that name the log is not there; it may be by the next.
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

/// A log's oldest record: by it one knows how far the log reaches back, and that it is being read.
#[derive(Clone, Debug)]
struct Oldest {
    channel: String,
    number: u64,
    at: HostTime,
}

/// The oldest record of a log; `None` if none has come, or none that can be read.
async fn oldest(logs: &impl EventSource, log: &str) -> Result<Option<Oldest>, CallError> {
    let mut port = listen(logs, of_everything(log), Some(1))?;
    let (mut found, mut bookmark) = (None, None);
    for _ in 0..QUIETS_MAX {
        let batch = next(logs, &mut port, bookmark.as_ref()).await?;
        bookmark.clone_from(&batch.bookmark);
        let Some(first) = batch.events.first() else { continue };
        let of = |record: Record| Oldest { at: at(&record), channel: record.channel, number: record.number };
        found = Record::parse(first).ok().filter(|_| batch.dropped == 0).map(of);
        break;
    }
    logs.leave(port);
    Ok(found)
}

/// Reads what a query selects, and again the oldest record, until that has come and then nothing more.
async fn read_from(logs: &impl EventSource, query: Query, oldest: Option<Oldest>) -> Result<Reading, CallError> {
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
    Ok(reading)
}

fn listen<L: EventSource>(logs: &L, query: Query, at_most: Option<u32>) -> Result<L::Port, CallError> {
    let no_way = || CallError::new(ErrorKind::NotThere, Reached::No, "there is no way to the host");
    logs.listen(Listen { query, at_most, patience: QUIET, until: READING_MAX }).ok_or_else(no_way)
}

/// The next batch. After a transient failure it is asked for again while there is time.
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
    Err(CallError::new(K::TimedOut, Reached::Yes, "the event log is not read in time"))
}

fn at(record: &Record) -> HostTime {
    HostTime(record.time.unix_us().div_euclid(1_000))
}

/// The newest records of one log, and since when they are all that came.
#[derive(Debug)]
struct Kept<E> {
    events: VecDeque<(HostTime, E)>,
    all_since: HostTime,
}

impl<E> Kept<E> {
    fn new() -> Self {
        Self { events: VecDeque::new(), all_since: HostTime(i64::MIN) }
    }

    fn push(&mut self, at: HostTime, event: E) {
        self.events.push_back((at, event));
        if self.events.len() > RECORDS_MAX
            && let Some((gone, _)) = self.events.pop_front()
        {
            self.all_since = self.all_since.max(HostTime(gone.0.saturating_add(1)));
        }
    }

    /// The log, which holds whatever came after its `first` record.
    fn log(self, first: Option<HostTime>, gap: Option<Gap>) -> Log<E> {
        let coverage = match (gap, first) {
            (Some(gap), _) => Coverage::Partial(gap),
            (None, None) => Coverage::Partial(Gap::NoBeginning),
            (None, Some(first)) => Coverage::Since(first.max(self.all_since)),
        };
        Log::new(self.events.into_iter().map(|(_, event)| event).collect(), coverage)
    }
}

/// What has come so far.
#[derive(Debug)]
struct Reading {
    oldest: Option<Oldest>,
    /// Whether the log is being read: its oldest record has come, or any if that is not known.
    begun: bool,
    /// Whether nothing came any more.
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

    fn records(self) -> Records {
        let gap = self.gap.or((!self.ended).then_some(Gap::NoEnd));
        let oldest = self.oldest.map(|oldest| oldest.at);
        // No older record of Windows' log is asked for: it reaches back to the first that came, and nobody knows how much
        // further.
        let first = self.system.events.iter().map(|(at, _)| *at).min();
        Records { vmms: self.vmms.log(oldest, gap), system: self.system.log(first, gap) }
    }
}
