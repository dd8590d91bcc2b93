//! Renders records of hosts' event logs: one line per record for people; one object per record, or one document, for programs.

use std::time::Duration;

use cim::event::Record;
use reprise_hyperv::events::{LogEvent, hear};
use reprise_model::{SystemEventKind, VmmsEventKind};
use serde::Serialize;

use super::error::Error;
use super::label::printable_name;
use super::paragraph::paragraph;

/// Blanks before the further lines of a record on a terminal.
const INDENT: usize = 4;
/// The HRESULT that a shutdown leaves in event 32022.
const ABORTED: u32 = 0x8000_4004;

/// The JSON document of logs that were read to the end. Keys may be added, but not changed or removed.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u8,
    hosts: Vec<Host<'a>>,
    events: &'a [Line],
}

#[derive(Serialize)]
struct Host<'a> {
    name: &'a str,
    read: bool,
    error: Option<&'a Error>,
}

/// The result of reading one host's log: the host's name, and the error if the log could not be read.
pub(crate) struct Log {
    pub(crate) host: String,
    pub(crate) error: Option<Error>,
}

/// The document of these logs and their records, oldest first.
pub(crate) fn document<'a>(logs: &'a [Log], lines: &'a mut [Line]) -> Document<'a> {
    lines.sort_by(|a, b| (a.unix_us, &a.host, &a.log, a.record).cmp(&(b.unix_us, &b.host, &b.log, b.record)));
    let hosts = logs.iter().map(|log| Host { name: &log.host, read: log.error.is_none(), error: log.error.as_ref() });
    Document { version: 1, hosts: hosts.collect(), events: lines }
}

/// A record. Keys may be added, but not changed or removed.
#[derive(Serialize)]
pub(crate) struct Line {
    /// Orders records; people read `time`.
    #[serde(skip)]
    unix_us: i64,
    time: String,
    host: String,
    log: String,
    record: u64,
    id: u32,
    level: &'static str,
    vm: Option<String>,
    vm_id: Option<String>,
    heard: Option<&'static str>,
    code: Option<String>,
    retry_after_s: Option<u64>,
}

/// A record that is a document of its own.
#[derive(Serialize)]
pub(crate) struct Alone<'a> {
    version: u8,
    #[serde(flatten)]
    line: &'a Line,
}

/// Parses a record. Returns `None` if the XML is not a record. `label` is the host's name if the record does not hold it.
pub(crate) fn line(xml: &str, label: &str) -> Option<Line> {
    let record = Record::parse(xml).ok()?;
    let mut line = Line {
        unix_us: record.time.unix_us(),
        time: time(record.time.unix_us()),
        host: Some(record.computer.to_lowercase()).filter(|host| !host.is_empty()).unwrap_or_else(|| label.to_owned()),
        log: record.channel.clone(),
        record: record.number,
        id: record.id,
        level: level(record.level),
        vm: None,
        vm_id: None,
        heard: None,
        code: None,
        retry_after_s: None,
    };
    match hear(&record) {
        Some(LogEvent::Vmms(event)) => {
            line.vm = record.value("VmName").or_else(|| record.value("Parameter0")).map(ToOwned::to_owned);
            line.vm_id = Some(event.vm.to_string());
            line.heard = Some(match event.kind {
                VmmsEventKind::NonRecoverable => "non_recoverable",
                VmmsEventKind::SendFailed { code } => {
                    line.code = Some(format!("0x{code:08X}"));
                    "send_failed"
                }
                VmmsEventKind::WillRetry { after } => {
                    line.retry_after_s = after.as_ref().map(Duration::as_secs);
                    "will_retry"
                }
            });
        }
        Some(LogEvent::System(event)) => {
            line.heard = Some(match event.kind {
                SystemEventKind::ShutdownAsked => "shutdown_asked",
                SystemEventKind::LogStopped => "log_stopped",
                SystemEventKind::LogStarted => "log_started",
                SystemEventKind::UnexpectedShutdown => "unexpected_shutdown",
                SystemEventKind::NoCleanShutdown => "no_clean_shutdown",
            });
        }
        None => {}
    }
    Some(line)
}

impl Line {
    /// The object for programs that read records one by one.
    pub(crate) fn alone(&self) -> Alone<'_> {
        Alone { version: 1, line: self }
    }

    /// The host that the record names.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The line for people; of a narrow terminal a few lines. Hosts and VMs can have any name, so each is made printable.
    pub(crate) fn text(&self, width: Option<usize>) -> String {
        let vm = self.vm.as_deref().map_or_else(String::new, |vm| format!("{}: ", printable_name(vm)));
        let what = match self.heard {
            Some("non_recoverable") => "replication suspended after a failure that VMMS does not retry".to_owned(),
            Some("send_failed") => {
                let code = self.code.as_deref().unwrap_or_default();
                let mark = if *code == format!("0x{ABORTED:08X}") { ", aborted as by a shutdown" } else { "" };
                format!("changes could not be sent ({code}{mark})")
            }
            Some("will_retry") => match self.retry_after_s {
                Some(seconds) => format!("VMMS will try again in {} min", seconds.div_ceil(60)),
                None => "VMMS will try again".to_owned(),
            },
            Some("shutdown_asked") => "a restart or shutdown was requested".to_owned(),
            Some("log_stopped") => "the event log stopped: the host is shutting down cleanly".to_owned(),
            Some("log_started") => "the event log started: the host booted".to_owned(),
            Some("unexpected_shutdown") => "the previous shutdown was unexpected".to_owned(),
            Some("no_clean_shutdown") => "the host booted without a clean shutdown before".to_owned(),
            Some(_) | None => "not understood".to_owned(),
        };
        let head = format!("{} {} {:<11} {:>5} ", self.time, printable_name(&self.host), self.level, self.id);
        paragraph(&head, &format!("{vm}{what}"), INDENT, width)
    }
}

fn level(level: u8) -> &'static str {
    match level {
        1 => "Critical",
        2 => "Error",
        3 => "Warning",
        _ => "Information",
    }
}

fn time(unix_us: i64) -> String {
    format!("{:.3}", jiff::Timestamp::from_microsecond(unix_us).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_in_a_pipe_and_wrapped_between_words_on_a_terminal() {
        let line = Line {
            unix_us: 0,
            time: "2026-11-30T01:49:26.157Z".to_owned(),
            host: "hv02.lab.test".to_owned(),
            log: String::new(),
            record: 7,
            id: 32_086,
            level: "Error",
            vm: Some("sql\u{1b}01".to_owned()),
            vm_id: None,
            heard: Some("non_recoverable"),
            code: None,
            retry_after_s: None,
        };
        let head = "2026-11-30T01:49:26.157Z hv02.lab.test Error       32086 sql\u{fffd}01: replication";
        let rest = "suspended after a failure that VMMS does not retry\n";
        assert_eq!(line.text(None), format!("{head} {rest}"));
        assert_eq!(line.text(Some(80)), format!("{head}\n    {rest}"));
    }
}
