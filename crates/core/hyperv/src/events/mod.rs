//! What a host's event logs say about replication: which records are requested, and what each means. `reading` has how they are
//! read. Only ids and codes are used, since the text of a record is in the host's language.
//!
//! Sources: Microsoft's support articles on suspended replication and on events 32022 and 32315 (ids, codes, texts);
//! published exports of VMMS's records (the shape: named values, or Parameter0 and so on where a record has no names).

mod reading;

use std::time::Duration;

use cim::event::{EventCondition, EventQuery, EventSelect, Record};
use reprise_model::{HostTime, LOG_BACK, SystemEvent, SystemEventKind, VmId, VmmsEvent, VmmsEventKind};

pub use reading::{READING_MAX, RECORDS_MAX, read};

/// VMMS's own log: the name under which it is opened, and the one that Microsoft's articles use, in case a tool registered it
/// like that. The first one that exists is read.
pub const VMMS_LOGS: [&str; 2] = ["Microsoft-Windows-Hyper-V-VMMS-Admin", "Microsoft-Windows-Hyper-V-VMMS/Admin"];
/// Windows' own log.
pub const SYSTEM_LOG: &str = "System";

/// The age limit of a query is a multiple of this, and at least one step more than is needed: the host's clock may be adjusted
/// between the look and the reading.
const AGE_STEP: Duration = Duration::from_hours(1);

/// Changes could not be sent.
const SEND_FAILED: u32 = 32_022;
/// Replication was suspended after a failure that VMMS treats as final.
const NON_RECOVERABLE: u32 = 32_086;
/// VMMS will retry.
const WILL_RETRY: u32 = 32_315;
/// Maximum interval that is accepted from event 32315. VMMS's own maximum is half an hour.
const RETRY_MINUTES_MAX: u64 = 24 * 60;

const VMMS: &str = "Microsoft-Windows-Hyper-V-VMMS";
const VMMS_IDS: [u32; 3] = [SEND_FAILED, NON_RECOVERABLE, WILL_RETRY];
const SYSTEM_IDS: [u32; 5] = [1074, 6005, 6006, 6008, 41];

/// The meaning of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// A record of VMMS about one VM.
    Vmms(VmmsEvent),
    /// A record of Windows about the host.
    System(SystemEvent),
}

/// Returns the query for the records of VMMS that matter for a decision, at least that far back by the host's clock, or for one
/// week if `back` is unknown.
pub fn of_vmms(log: &str, back: Option<Duration>) -> EventQuery {
    EventQuery::new(EventSelect::recent(log, &VMMS_IDS, age(back)))
}

/// Returns the query for the same records of VMMS, and for those of Windows about shutdowns and starts.
pub fn of_vmms_and_system(log: &str, back: Option<Duration>) -> EventQuery {
    let mut query = of_vmms(log, back);
    query.selects.extend(EventSelect::recent(SYSTEM_LOG, &SYSTEM_IDS, age(back)));
    query
}

/// Returns the query for the records of Windows about shutdowns and starts alone.
pub fn of_system(back: Option<Duration>) -> EventQuery {
    EventQuery::new(EventSelect::recent(SYSTEM_LOG, &SYSTEM_IDS, age(back)))
}

/// Returns the query for every record of a log, oldest first.
fn of_everything(log: &str) -> EventQuery {
    EventQuery::new(vec![EventSelect { channel: log.to_owned(), condition: EventCondition::any() }])
}

/// Adds one more record of a log to the query, by its number.
fn with_record(mut query: EventQuery, log: &str, number: u64) -> EventQuery {
    query.selects.push(EventSelect { channel: log.to_owned(), condition: EventCondition::number(number) });
    query
}

/// Returns the maximum age of the requested records.
fn age(back: Option<Duration>) -> Duration {
    let back = back.unwrap_or(LOG_BACK);
    let steps = back.as_secs() / AGE_STEP.as_secs() + 2;
    AGE_STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
}

/// Returns whether a record would matter for a decision but cannot be understood. Then the absence of such records is not proved.
fn is_unclear(record: &Record) -> bool {
    record.provider.eq_ignore_ascii_case(VMMS) && VMMS_IDS.contains(&record.id) && hear(record).is_none()
}

/// Returns the meaning of a record, if it is relevant.
pub fn hear(record: &Record) -> Option<LogEvent> {
    let at = HostTime(record.time.unix_us().div_euclid(1_000));
    if record.provider.eq_ignore_ascii_case(VMMS) {
        let kind = of_id(record)?;
        return Some(LogEvent::Vmms(VmmsEvent { vm: vm(record)?, at, kind }));
    }
    let kind = match (record.id, record.provider.to_ascii_lowercase().as_str()) {
        // Old hosts have another provider name for the first one.
        (1074, "user32" | "microsoft-windows-user32") => SystemEventKind::ShutdownAsked,
        (6005, "eventlog") => SystemEventKind::LogStarted,
        (6006, "eventlog") => SystemEventKind::LogStopped,
        (6008, "eventlog") => SystemEventKind::UnexpectedShutdown,
        (41, "microsoft-windows-kernel-power") => SystemEventKind::NoCleanShutdown,
        _ => return None,
    };
    Some(LogEvent::System(SystemEvent { at, kind }))
}

fn of_id(record: &Record) -> Option<VmmsEventKind> {
    match record.id {
        NON_RECOVERABLE => Some(VmmsEventKind::NonRecoverable),
        SEND_FAILED => Some(VmmsEventKind::SendFailed { code: code(record)? }),
        WILL_RETRY => Some(VmmsEventKind::WillRetry { after: minutes(record).map(Duration::from_mins) }),
        _ => None,
    }
}

/// Returns the VM: the value with that name, else the first numbered value that is a GUID.
fn vm(record: &Record) -> Option<VmId> {
    if let Some(named) = record.value("VmId") {
        return named.parse().ok();
    }
    numbered(record).find_map(|value| value.parse().ok())
}

/// Returns the HRESULT: the named value, as a number or as a message id, else the last numbered value in either form.
fn code(record: &Record) -> Option<u32> {
    let named = ["ErrorCode", "ErrorMessage"].into_iter().find_map(|name| error(record.value(name)?));
    named.or_else(|| numbered(record).filter_map(error).last())
}

/// Parses `0x80004004` or `%%2147500036`.
fn error(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    text.strip_prefix("%%")?.parse().ok()
}

/// Returns the minutes until the retry: the value whose name says so, else the last numbered value that is a plain number, since
/// a VM may be named `5`, and its name comes first.
fn minutes(record: &Record) -> Option<u64> {
    let plain = |text: &str| text.trim().parse().ok().filter(|minutes| (1..=RETRY_MINUTES_MAX).contains(minutes));
    let says_so = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("minute") || name.contains("retry") || name.contains("interval") || name.contains("delay")
    };
    let named = record.data.iter().filter(|(name, _)| says_so(name)).find_map(|(_, value)| plain(value));
    named.or_else(|| numbered(record).filter_map(plain).last())
}

/// Returns the values that have numbers instead of names, in their order.
fn numbered(record: &Record) -> impl Iterator<Item = &str> {
    let number = |name: &str| name.strip_prefix("Parameter").is_some_and(|rest| rest.parse::<u8>().is_ok());
    record.data.iter().filter(move |(name, _)| number(name)).map(|(_, value)| value.as_str())
}
