//! Sinks against real files and a real socket in a temporary folder.

use std::error::Error as _;

use super::{Kind, Sink, SinkError};
use crate::event::{LogEntry, codes};

fn event(vm: &str) -> LogEntry {
    LogEntry::new("2026-03-01T00:00:00Z".parse().unwrap(), &codes::RESUMED).with("vm", vm).with("primary", "hv01")
}

#[test]
fn a_file_gets_one_json_object_a_line_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    std::fs::write(&path, "{\"before\":true}\n").unwrap();
    let sink = Sink::parse(&format!("file:{}", path.display())).unwrap().sink;
    sink.write(&event("a\nb")).unwrap();
    sink.write(&event("c")).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[1]["data"]["vm"], "a\nb");
    assert_eq!(lines[2]["id"], 4);
}

// Not under Windows: there the tests run on Wine, which seeks to the end and then writes, and so loses lines of writers
// that meet. Windows itself is said to append in one step; that has not been seen.
#[cfg(unix)]
#[test]
fn lines_of_many_writers_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let long = "x".repeat(9_000);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    Sink::file(&path).write(&event(&long)).unwrap();
                }
            });
        }
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 200);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_why_and_what_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("events.jsonl");
    let error = Sink::file(&path).write(&event("a")).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert!(error.to_string().contains("event 4"), "{error}");
    assert!(error.source().is_some());
    assert!(error.advice().contains("folder"));
}

#[test]
fn none_takes_everything_and_says_nothing() {
    let chosen = Sink::parse("none").unwrap();
    assert_eq!(chosen.notice, None);
    chosen.sink.write(&event("a")).unwrap();
}

#[test]
fn a_name_that_is_no_sink_is_refused_with_those_that_are() {
    for text in ["", "file:", "syslog", "File:/x", "none "] {
        let error = Sink::parse(text).unwrap_err();
        assert!(matches!(error, SinkError::UnknownName { .. }), "{text}");
        assert!(error.advice().contains("file:PATH"));
    }
}

#[test]
fn going_nowhere_by_default_is_said() {
    let chosen = Sink::default_here();
    assert_eq!(chosen.notice.is_some(), matches!(chosen.sink.0, Kind::Nowhere));
}

#[cfg(windows)]
#[test]
fn the_system_log_is_the_default_and_has_no_journal_beside_it() {
    assert!(matches!(Sink::default_here().sink.0, Kind::System(_)));
    assert!(matches!(Sink::parse("system").unwrap().sink.0, Kind::System(_)));
    assert!(matches!(Sink::parse("journald").unwrap_err(), SinkError::NotHere { name: "journald" }));
}

#[cfg(not(windows))]
#[test]
fn the_event_log_of_windows_is_refused_elsewhere() {
    assert!(matches!(Sink::parse("system").unwrap_err(), SinkError::NotHere { name: "system" }));
}

#[cfg(unix)]
mod journal {
    use std::collections::BTreeMap;
    use std::os::unix::net::UnixDatagram;

    use super::super::journald::Journal;
    use super::super::{Kind, Sink};
    use super::event;

    /// Reads an entry as the journal does.
    fn fields(mut bytes: &[u8]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
            let name = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = usize::try_from(u64::from_le_bytes(bytes[end + 1..end + 9].try_into().unwrap())).unwrap();
            let value = String::from_utf8(bytes[end + 9..end + 9 + length].to_vec()).unwrap();
            assert_eq!(bytes[end + 9 + length], b'\n');
            bytes = &bytes[end + 10 + length..];
            fields.insert(name, value);
        }
        fields
    }

    #[test]
    fn an_entry_carries_message_priority_identifier_and_the_data_in_upper_case() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        let sink = Sink(Kind::Journal(Journal::at(&path)));
        sink.write(&event("two\nlines").with("vm_id", "6f0c").with("_seconds-left", 3)).unwrap();
        let mut buffer = vec![0; 65_536];
        let length = socket.recv(&mut buffer).unwrap();
        let fields = fields(&buffer[..length]);
        assert_eq!(
            fields["MESSAGE"],
            "Replication for two\u{fffd}lines on hv01 was in suspended and resumed successfully."
        );
        assert_eq!(fields["PRIORITY"], "6");
        assert_eq!(fields["SYSLOG_IDENTIFIER"], "reprise");
        assert_eq!(fields["EVENT_ID"], "4");
        assert_eq!(fields["VM"], "two\nlines");
        assert_eq!(fields["VM_ID"], "6f0c");
        assert_eq!(fields["SECONDS_LEFT"], "3");
    }

    #[test]
    fn a_value_without_end_is_cut_between_two_characters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        Sink(Kind::Journal(Journal::at(&path))).write(&event(&"é€".repeat(100_000))).unwrap();
        let mut buffer = vec![0; 65_536];
        let length = socket.recv(&mut buffer).unwrap();
        let vm = fields(&buffer[..length])["VM"].clone();
        assert!(vm.len() <= 8 * 1024 && vm.len() > 8 * 1000, "{}", vm.len());
    }

    #[test]
    fn a_journal_that_is_not_there_is_an_error_that_names_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let error = Sink(Kind::Journal(Journal::at(folder.path().join("gone")))).write(&event("a")).unwrap_err();
        assert!(error.to_string().contains("gone"), "{error}");
    }
}
