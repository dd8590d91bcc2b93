//! The meaning of event records.

use std::time::Duration;

use cim::CimTimestamp;
use cim::event::Record;
use reprise_model::{HostTime, SystemEventKind, VmmsEvent, VmmsEventKind};

use crate::events::{LogEvent, VMMS_LOGS, hear, of_vmms, of_vmms_and_system};

pub(super) const VM: &str = "4708A0F4-C902-429B-A1E0-D4AB0893E452";

pub(super) fn xml(provider: &str, id: u32, values: &[(&str, &str)]) -> String {
    let values: Vec<String> = values.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    format!(
        concat!(
            r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="{}"/>"#,
            r#"<EventID>{}</EventID><Level>2</Level><TimeCreated SystemTime="1970-01-01T00:00:01.5Z"/>"#,
            "<EventRecordID>1</EventRecordID><Channel>{}</Channel></System><UserData>",
            r#"<VmlEventLog xmlns="http://www.microsoft.com/Windows/Virtualization/Events">{}</VmlEventLog></UserData></Event>"#
        ),
        provider,
        id,
        VMMS_LOGS[0],
        values.concat()
    )
}

fn vmms(id: u32, values: &[(&str, &str)]) -> Option<VmmsEventKind> {
    let record = Record::parse(&xml("Microsoft-Windows-Hyper-V-VMMS", id, values)).unwrap();
    match hear(&record)? {
        LogEvent::Vmms(VmmsEvent { vm, at, kind }) => {
            assert_eq!((vm, at), (VM.parse().unwrap(), HostTime(1_500)));
            Some(kind)
        }
        LogEvent::System(event) => panic!("{event:?}"),
    }
}

#[test]
fn relevant_values_are_read_by_name_and_by_number() {
    let aborted = Some(VmmsEventKind::SendFailed { code: 0x8000_4004 });
    let of = |more: &[(&str, &str)]| vmms(32022, &[&[("VmName", "5"), ("VmId", VM)], more].concat());
    assert_eq!(of(&[("ErrorMessage", "%%2147500036"), ("ErrorCode", "0x80004004")]), aborted);
    assert_eq!(of(&[("ErrorMessage", "%%2147500036")]), aborted);
    assert_eq!(of(&[("ErrorMessage", "Vorgang abgebrochen"), ("ErrorCode", " 0X80004004 ")]), aborted);
    let numbered = [("Parameter0", "0x1"), ("Parameter1", VM), ("Parameter2", "%%2147500036")];
    assert_eq!(vmms(32022, &numbered), aborted);
    assert_eq!(vmms(32086, &[("VmId", VM)]), Some(VmmsEventKind::NonRecoverable));
    assert_eq!(vmms(32086, &[("Parameter0", "x"), ("Parameter1", VM)]), Some(VmmsEventKind::NonRecoverable));
}

#[test]
fn the_time_until_vmms_retries_is_never_read_from_a_vms_name() {
    let after = |values: &[(&str, &str)]| match vmms(32315, values) {
        Some(VmmsEventKind::WillRetry { after }) => after,
        other => panic!("{other:?}"),
    };
    let five = Some(Duration::from_mins(5));
    assert_eq!(after(&[("Parameter0", "12"), ("Parameter1", VM), ("Parameter2", "5")]), five);
    assert_eq!(after(&[("VmName", "12"), ("VmId", VM), ("RetryIntervalInMinutes", "5")]), five);
    assert_eq!(after(&[("VmName", "12"), ("VmId", VM)]), None);
    assert_eq!(after(&[("VmName", "x"), ("VmId", VM), ("Retry", "99999999")]), None, "too long to be true");
}

#[test]
fn a_record_without_certain_meaning_is_ignored() {
    assert_eq!(vmms(32022, &[("VmId", VM), ("ErrorCode", "many")]), None);
    assert_eq!(vmms(32022, &[("ErrorCode", "0x80004004")]), None);
    assert_eq!(vmms(32086, &[("VmId", "the first")]), None);
    assert_eq!(vmms(29174, &[("VmId", VM)]), None);
    let other = xml("Somebody", 32086, &[("VmId", VM)]);
    assert_eq!(hear(&Record::parse(&other).unwrap()), None);
}

#[test]
fn shutdowns_are_read_only_from_the_providers_that_write_them() {
    for (provider, id, expected) in [
        ("User32", 1074, Some(SystemEventKind::ShutdownAsked)),
        ("EventLog", 6005, Some(SystemEventKind::LogStarted)),
        ("EventLog", 6006, Some(SystemEventKind::LogStopped)),
        ("eventlog", 6008, Some(SystemEventKind::UnexpectedShutdown)),
        ("Microsoft-Windows-Kernel-Power", 41, Some(SystemEventKind::NoCleanShutdown)),
        ("Somebody", 41, None),
        ("User32", 1075, None),
    ] {
        let heard = hear(&Record::parse(&xml(provider, id, &[])).unwrap());
        let kind = heard.map(|heard| match heard {
            LogEvent::System(event) => event.kind,
            LogEvent::Vmms(event) => panic!("{event:?}"),
        });
        assert_eq!(kind, expected, "{provider} {id}");
    }
}

#[test]
fn the_query_selects_exactly_the_records_that_are_understood() {
    let now = CimTimestamp::from_unix_us(0);
    let query = of_vmms_and_system(VMMS_LOGS[0], None);
    assert_eq!(query.channels(), [VMMS_LOGS[0], "System"]);
    for id in [32022, 32086, 32315] {
        assert!(of_vmms(VMMS_LOGS[0], None).selects(VMMS_LOGS[0], &xml("P", id, &[]), now));
    }
    for id in [1074, 6005, 6006, 6008, 41] {
        assert!(
            query.selects("System", &xml("P", id, &[]), now) && !query.selects(VMMS_LOGS[0], &xml("P", id, &[]), now)
        );
    }
    let week = CimTimestamp::from_unix_us(7 * 86_400_000_000 + 2 * 3_600_000_000 + 1_600_000);
    assert!(!query.selects(VMMS_LOGS[0], &xml("P", 32086, &[]), week), "that is more than a week and two hours ago");
}

#[test]
fn a_log_is_requested_as_far_back_as_needed_and_never_less() {
    let minutes = |minutes| Duration::from_mins(minutes);
    let text = |back| of_vmms(VMMS_LOGS[0], back).selects[0].condition.to_string();
    for (back, hours) in [(None, 170), (Some(0), 2), (Some(59), 2), (Some(60), 3), (Some(10 * 24 * 60), 242)] {
        let back = back.map(minutes);
        let expected = format!(
            "*[System[(EventID=32022 or EventID=32086 or EventID=32315) and TimeCreated[timediff(@SystemTime) <= {}]]]",
            hours * 3_600_000_u64
        );
        assert_eq!(text(back), expected, "{back:?}");
    }
    let (day, record) = (Duration::from_hours(24), xml("P", 32086, &[]));
    // The record is from second 1.5; the query comes ten days later.
    let now = CimTimestamp::from_unix_us(10 * 86_400_000_000 + 1_500_000);
    for (back, found) in [(Some(day * 10), true), (Some(day * 9), false), (None, false), (Some(Duration::MAX), true)] {
        assert_eq!(of_vmms(VMMS_LOGS[0], back).selects(VMMS_LOGS[0], &record, now), found, "{back:?}");
    }
}
