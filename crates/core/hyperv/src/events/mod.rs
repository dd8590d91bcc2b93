//! What a host's event logs say of replication: which records are asked for, and what each means; how they are read is in
//! `reading`. Ids and codes alone are read; the words of a record are in the host's language.
//!
//! Sources: Microsoft's support articles on suspended replication and on events 32022 and 32315 (ids, codes, texts);
//! published exports of VMMS's records (the shape: named values, or Parameter0 and so on where a record has no names).

mod reading;

use std::time::Duration;

use cim::event::{Condition, Query, Record, Select};
use reprise_model::{HostTime, LOG_BACK, SystemEvent, SystemEventKind, VmId, VmmsEvent, VmmsEventKind};

pub use reading::{READING_MAX, RECORDS_MAX, read};

/// VMMS's own log, by the name under which it is opened, and by the one that Microsoft's articles print: some tool may
/// have registered it so. The first that is there is read.
pub const VMMS_LOGS: [&str; 2] = ["Microsoft-Windows-Hyper-V-VMMS-Admin", "Microsoft-Windows-Hyper-V-VMMS/Admin"];
/// Windows' own log.
pub const SYSTEM_LOG: &str = "System";

/// The time bound of a query is a whole number of these, and at least one more than is needed: the host's clock may be set
/// between the look that showed it and the reading.
const AGE_STEP: Duration = Duration::from_hours(1);

/// Changes could not be sent.
const SEND_FAILED: u32 = 32_022;
/// Replication was suspended after a failure that VMMS holds for final.
const NON_RECOVERABLE: u32 = 32_086;
/// VMMS will try again.
const WILL_RETRY: u32 = 32_315;
/// Longest interval that is believed of event 32315: VMMS's own longest is half an hour.
const RETRY_MINUTES_MAX: u64 = 24 * 60;

const VMMS: &str = "Microsoft-Windows-Hyper-V-VMMS";
const VMMS_IDS: [u32; 3] = [SEND_FAILED, NON_RECOVERABLE, WILL_RETRY];
const SYSTEM_IDS: [u32; 5] = [1074, 6005, 6006, 6008, 41];

/// An event that Reprise knows, read from a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// VMMS, of one VM.
    Vmms(VmmsEvent),
    /// Windows, of the host.
    System(SystemEvent),
}

/// The records of VMMS that decide something, at least as far back as that by the host's clock; of the last week if nobody
/// knows how far.
pub fn of_vmms(log: &str, back: Option<Duration>) -> Query {
    Query::new(Select::recent(log, &VMMS_IDS, age(back)))
}

/// The same records of VMMS, and as far back those of Windows that report shutdowns and starts.
pub fn of_vmms_and_system(log: &str, back: Option<Duration>) -> Query {
    let mut query = of_vmms(log, back);
    query.selects.extend(Select::recent(SYSTEM_LOG, &SYSTEM_IDS, age(back)));
    query
}

/// Every record of a log, which begins with its oldest.
fn of_everything(log: &str) -> Query {
    Query::new(vec![Select { channel: log.to_owned(), condition: Condition::any() }])
}

/// The same query, and one more record of a log, by its number.
fn with_record(mut query: Query, log: &str, number: u64) -> Query {
    query.selects.push(Select { channel: log.to_owned(), condition: Condition::number(number) });
    query
}

/// How old a record may be that is asked for.
fn age(back: Option<Duration>) -> Duration {
    let back = back.unwrap_or(LOG_BACK);
    let steps = back.as_secs() / AGE_STEP.as_secs() + 2;
    AGE_STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
}

/// Whether a record is one that decides something, and cannot be understood: nobody may say then that there is none.
fn is_unclear(record: &Record) -> bool {
    record.provider.eq_ignore_ascii_case(VMMS) && VMMS_IDS.contains(&record.id) && hear(record).is_none()
}

/// What a record says, if it says anything that concerns us.
pub fn hear(record: &Record) -> Option<LogEvent> {
    let at = HostTime(record.time.unix_us().div_euclid(1_000));
    if record.provider.eq_ignore_ascii_case(VMMS) {
        let kind = of_id(record)?;
        return Some(LogEvent::Vmms(VmmsEvent { vm: vm(record)?, at, kind }));
    }
    let kind = match (record.id, record.provider.to_ascii_lowercase().as_str()) {
        // Old hosts name the first of them otherwise.
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

/// The VM: by name, else the first numbered value that is a GUID.
fn vm(record: &Record) -> Option<VmId> {
    if let Some(named) = record.value("VmId") {
        return named.parse().ok();
    }
    numbered(record).find_map(|value| value.parse().ok())
}

/// The HRESULT: by name as a number, else as the number of its message, else the last numbered value in either form.
fn code(record: &Record) -> Option<u32> {
    let named = ["ErrorCode", "ErrorMessage"].into_iter().find_map(|name| error(record.value(name)?));
    named.or_else(|| numbered(record).filter_map(error).last())
}

/// `0x80004004`, or `%%2147500036`.
fn error(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    text.strip_prefix("%%")?.parse().ok()
}

/// The minutes until the next try: the value whose name says so, else the last numbered value that is a plain number: a
/// VM may be called `5`, and its name comes first.
fn minutes(record: &Record) -> Option<u64> {
    let plain = |text: &str| text.trim().parse().ok().filter(|minutes| (1..=RETRY_MINUTES_MAX).contains(minutes));
    let says_so = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("minute") || name.contains("retry") || name.contains("interval") || name.contains("delay")
    };
    let named = record.data.iter().filter(|(name, _)| says_so(name)).find_map(|(_, value)| plain(value));
    named.or_else(|| numbered(record).filter_map(plain).last())
}

/// The values that bear numbers instead of names, in their order.
fn numbered(record: &Record) -> impl Iterator<Item = &str> {
    let number = |name: &str| name.strip_prefix("Parameter").is_some_and(|rest| rest.parse::<u8>().is_ok());
    record.data.iter().filter(move |(name, _)| number(name)).map(|(_, value)| value.as_str())
}
