//! systemd's journal, by its native protocol: one datagram of fields per entry ("Native Journal Protocol", systemd.io).
//!
//! Sixty lines of our own: the crates for it bring a dozen others, or speak for a logging framework only.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::event::{Level, LogEntry, SOURCE, plain, printable};

/// Where the journal listens on every system that has one.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// A datagram has to fit the socket's buffer (some 200 KiB by default), and an entry has a dozen fields at most.
const FIELD_BYTES_MAX: usize = 8 * 1024;

/// The journal that listens at a socket.
#[derive(Debug)]
pub(super) struct Journal {
    socket: PathBuf,
}

impl Journal {
    pub(super) fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.socket
    }

    pub(super) fn send(&self, event: &LogEntry) -> io::Result<()> {
        // Never blocks: a journal that does not read must not hold up a repair.
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.send_to(&entry(event), &self.socket)?;
        Ok(())
    }
}

fn entry(event: &LogEntry) -> Vec<u8> {
    let mut bytes = Vec::new();
    let code = event.code();
    // journalctl shows nothing of a message with control characters. The fields keep what was said.
    field(&mut bytes, "MESSAGE", &printable(&event.message()));
    field(&mut bytes, "PRIORITY", priority(code.level));
    field(&mut bytes, "SYSLOG_IDENTIFIER", "reprise");
    field(&mut bytes, "EVENT_SOURCE", SOURCE);
    field(&mut bytes, "EVENT_ID", &code.id.to_string());
    for (key, value) in event.data() {
        field(&mut bytes, &field_name(key), &plain(value));
    }
    bytes
}

/// syslog's numbers.
fn priority(level: Level) -> &'static str {
    match level {
        Level::Information => "6",
        Level::Warning => "4",
        Level::Error => "3",
    }
}

/// The journal drops fields whose names are not upper case, and keeps a leading underscore to itself.
fn field_name(key: &str) -> String {
    let upper = key.to_ascii_uppercase();
    upper
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect::<String>()
        .trim_start_matches('_')
        .to_owned()
}

/// Always the form with a length, since a value may hold line ends: name, line feed, 64 bits little-endian, value, line feed.
fn field(bytes: &mut Vec<u8>, name: &str, value: &str) {
    let value = value.get(..value.floor_char_boundary(FIELD_BYTES_MAX)).unwrap_or(value);
    let length = u64::try_from(value.len()).unwrap_or_default();
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::codes;

    #[test]
    fn a_message_can_be_printed_whatever_a_name_holds_and_its_field_keeps_the_name() {
        let name = "a\u{1b}[2J\u{202e}b";
        let event = LogEntry::new(jiff::Timestamp::UNIX_EPOCH, &codes::RESUMED).with("vm", name);
        let bytes = String::from_utf8_lossy(&entry(&event)).into_owned();
        assert!(bytes.contains("Replication for a\u{fffd}[2J\u{fffd}b on "), "{bytes:?}");
        assert!(bytes.contains(name), "{bytes:?}");
    }
}
