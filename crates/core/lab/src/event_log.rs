//! The event logs as a reader sees them: their names, who may read them, and each record as XML (Windows Event Log
//! reference, "Event schema"; the shape of VMMS's records as published exports show it).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use cim::event::EventQuery;
use cim::{CallError, CimTimestamp, DateTime, ErrorKind, Reached};

use crate::event::{Record, SYSTEM, VMMS};
use crate::fault::{Fault, LogFault};
use crate::host::Host;
use crate::world::World;

/// `ERROR_EVT_CHANNEL_NOT_FOUND`
const NO_SUCH_LOG: u32 = 15_007;
/// `ERROR_ACCESS_DENIED`
const ACCESS_DENIED: u32 = 5;

/// One record as a reader gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its log.
    pub channel: &'static str,
    /// Its number.
    pub number: u64,
    /// The `Event` element.
    pub xml: String,
}

impl World {
    /// A log's name as the host spells it, and the number of its newest record.
    ///
    /// # Errors
    /// `NotThere` for no such log, `Denied` for an account that may not read it.
    pub fn newest_record(&mut self, host: usize, channel: &str) -> Result<(&'static str, u64), CallError> {
        let name = [VMMS, SYSTEM].into_iter().find(|name| name.eq_ignore_ascii_case(channel)).ok_or_else(|| {
            let text = format!("the specified channel {channel} could not be found");
            CallError::new(ErrorKind::NotThere, Reached::Yes, text).with_status(NO_SUCH_LOG)
        })?;
        // An account that is not an administrator can read event logs only as a member of Event Log Readers.
        let denies = |fault: &Fault| matches!(fault, Fault::Deny | Fault::DenyEvents).then_some(());
        if self.faults.strike(host, None, denies).is_some() {
            return Err(CallError::new(ErrorKind::Denied, Reached::Yes, "access is denied").with_status(ACCESS_DENIED));
        }
        let slow = |fault: &Fault| if let Fault::Log(LogFault::Slow { delay }) = fault { Some(*delay) } else { None };
        let delay = if name == VMMS { self.faults.strike(host, None, slow) } else { None };
        let now = self.now;
        if let (Some(delay), Some(host)) = (delay, self.hosts.get_mut(host)) {
            host.logs_silent_until = now + delay;
        }
        let records = self.hosts.get(host).map(|host| host.records.as_slice()).unwrap_or_default();
        let newest = records.iter().rev().find(|record| record.channel == name).map_or(0, |record| record.number);
        Ok((name, newest))
    }

    /// The next records behind places in the logs that a query selects, at most so many, and how many were overwritten
    /// unread. Only logs that have a place are read; the places move past what was looked at.
    pub fn scan_records(
        &mut self,
        host: usize,
        query: &EventQuery,
        rendered: bool,
        after: &mut BTreeMap<String, u64>,
        most: usize,
    ) -> (Vec<Recorded>, u64) {
        let (mut found, mut dropped) = (Vec::new(), 0);
        let place = host;
        let Some(host) = self.hosts.get(place).filter(|host| self.now >= host.logs_silent_until) else {
            return (found, dropped);
        };
        let now = self.wall(self.now, host.clock_offset_s());
        let first = after.values().copied().min().unwrap_or_default();
        if let Some(oldest) = host.records.first().filter(|_| first > 0) {
            dropped = oldest.number.saturating_sub(first + 1);
        }
        let begin = host.records.partition_point(|record| record.number <= first);
        for record in host.records.get(begin..).unwrap_or_default() {
            if found.len() >= most {
                return (found, dropped);
            }
            if after.get(record.channel).is_some_and(|place| *place < record.number) {
                let mut xml = self.event_xml(host, record, rendered);
                let selected = query.selects(record.channel, &xml, now);
                let mut strikes = |which: LogFault| {
                    selected
                        && self.faults.strike(place, None, |own| (*own == Fault::Log(which)).then_some(())).is_some()
                };
                if strikes(LogFault::Loses) {
                    dropped += 1;
                } else if selected {
                    if strikes(LogFault::Garbled) {
                        xml = xml.replace("SystemTime=", "Time=");
                    }
                    found.push(Recorded { channel: record.channel, number: record.number, xml });
                }
            }
            for place in after.values_mut() {
                *place = record.number.max(*place);
            }
        }
        (found, dropped)
    }

    /// Whether a host gives no records now, whatever its logs hold: they are slow, and a reader cannot tell.
    pub fn are_logs_silent(&self, host: usize) -> bool {
        self.hosts.get(host).is_some_and(|host| self.now < host.logs_silent_until)
    }

    /// How many records all hosts together have written.
    pub fn records_written(&self) -> u64 {
        self.hosts.iter().map(|host| host.next_record).sum()
    }

    /// When a host was started last.
    pub fn booted(&self, host: usize) -> Duration {
        self.hosts.get(host).map(|host| host.booted).unwrap_or_default()
    }

    fn wall(&self, at: Duration, offset_s: i64) -> CimTimestamp {
        let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        let offset = offset_s.saturating_mul(1_000_000);
        CimTimestamp::from_unix_us(self.spec.started_us.saturating_add(micros).saturating_add(offset))
    }

    fn event_xml(&self, host: &Host, record: &Record, rendered: bool) -> String {
        let source = source(record.id);
        let level = match record.level {
            "Critical" => 1,
            "Error" => 2,
            "Warning" => 3,
            _ => 4,
        };
        let at = self.wall(record.at, host.clock_offset_s_at(record.at)).unix_us();
        let earlier = i64::try_from(record.earlier.as_micros()).unwrap_or(i64::MAX);
        let time = DateTime::Timestamp(CimTimestamp::from_unix_us(at.saturating_sub(earlier))).to_xs();
        let mut text = format!(
            concat!(
                r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider {}/>"#,
                "<EventID{}>{}</EventID><Version>{}</Version><Level>{}</Level><Task>{}</Task><Opcode>0</Opcode>",
                r#"<Keywords>{}</Keywords><TimeCreated SystemTime="{}"/><EventRecordID>{}</EventRecordID><Correlation/>"#,
                r#"<Execution ProcessID="{}" ThreadID="8"/><Channel>{}</Channel><Computer>{}</Computer>{}</System>"#
            ),
            source.provider,
            source.qualifiers,
            record.id,
            source.version,
            level,
            source.task,
            source.keywords,
            time,
            record.number,
            if record.channel == VMMS { 2_404 } else { 0 },
            record.channel,
            escaped(&host.name),
            source.user
        );
        if record.channel == VMMS {
            let space = "http://www.microsoft.com/Windows/Virtualization/Events";
            let _infallible = write!(text, r#"<UserData><VmlEventLog xmlns="{space}">"#);
            for (name, value) in &record.values {
                let _infallible = write!(text, "<{name}>{}</{name}>", escaped(value));
            }
            text.push_str("</VmlEventLog></UserData>");
        } else {
            text.push_str("<EventData>");
            for (name, value) in &record.values {
                let _infallible = write!(text, r#"<Data Name="{name}">{}</Data>"#, escaped(value));
            }
            text.push_str("</EventData>");
        }
        if rendered {
            let message = escaped(&record.message);
            let _infallible =
                write!(text, r#"<RenderingInfo Culture="en-US"><Message>{message}</Message></RenderingInfo>"#);
        }
        text.push_str("</Event>");
        text
    }
}

/// What a provider writes into the System part of its records.
struct Source {
    provider: &'static str,
    qualifiers: &'static str,
    version: u8,
    task: u32,
    keywords: &'static str,
    user: &'static str,
}

fn source(id: u32) -> Source {
    const USER: &str = r#"<Security UserID="S-1-5-18"/>"#;
    const CLASSIC: &str = "0x80000000000000";
    match id {
        1074 => Source {
            provider: r#"Name="User32" Guid="{b0aa8734-56f7-41cc-b2f4-de228e98b946}" EventSourceName="User32""#,
            qualifiers: r#" Qualifiers="32768""#,
            version: 0,
            task: 0,
            keywords: "0x8080000000000000",
            user: USER,
        },
        6005 | 6006 | 6008 => Source {
            provider: r#"Name="EventLog""#,
            qualifiers: r#" Qualifiers="32768""#,
            version: 0,
            task: 0,
            keywords: CLASSIC,
            user: "<Security/>",
        },
        41 => Source {
            provider: r#"Name="Microsoft-Windows-Kernel-Power" Guid="{331c3b3a-2005-44c2-ac5e-77220c37d6b4}""#,
            qualifiers: "",
            version: 3,
            task: 63,
            keywords: "0x8000400000000002",
            user: USER,
        },
        _ => Source {
            provider: r#"Name="Microsoft-Windows-Hyper-V-VMMS" Guid="{6066f867-7ca1-4418-85fd-36e3f9c0600c}""#,
            qualifiers: "",
            version: 0,
            task: 0,
            keywords: "0x8000000000000000",
            user: USER,
        },
    }
}

/// What XML cannot carry becomes `?`, as Windows writes it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}
