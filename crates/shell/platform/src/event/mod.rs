//! One event: when, which, and the data that its text is made from.

pub mod codes;
pub mod message_table;

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use codes::{Code, Level};

/// The name under which all events stand, as administrators' rules already know it.
pub const SOURCE: &str = "Hyper-V Replica script";

/// Stands in a message for data that the event does not carry.
pub(crate) const UNKNOWN: &str = "(unknown)";

/// Something worth an entry in an event log.
///
/// The message is made from the code's text and the data, so the two cannot tell different stories.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    time: Timestamp,
    code: &'static Code,
    data: Map<String, Value>,
}

impl LogEntry {
    /// An event of `code` that happened at `time`, without data.
    pub fn new(time: Timestamp, code: &'static Code) -> Self {
        Self { time, code, data: Map::new() }
    }

    /// Adds one datum: `host`, `vm`, `vm_id`, `leg`, `primary`, `seconds`, `error`, … Keys are snake case.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// When it happened.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Which event it is.
    pub fn code(&self) -> &'static Code {
        self.code
    }

    /// What it carries, in the order in which it was added.
    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// The code's text with each `{placeholder}` replaced by the datum of that name.
    pub fn message(&self) -> String {
        let mut message = String::new();
        let mut rest = self.code.text;
        while let Some((before, after)) = rest.split_once('{') {
            message.push_str(before);
            let Some((key, after)) = after.split_once('}') else { break };
            message.push_str(&self.data.get(key).map_or_else(|| UNKNOWN.to_owned(), plain));
            rest = after;
        }
        message.push_str(rest);
        message
    }

    /// The event as one line of JSON, without a line end. Its shape is part of the contract.
    pub fn json_line(&self) -> String {
        let line = json!({
            // Milliseconds always stand there, so that lines sort as text.
            "time": format!("{:.3}", self.time),
            "source": SOURCE,
            "id": self.code.id,
            "level": self.code.level.name(),
            "message": self.message(),
            "data": self.data,
        });
        escaped(&line.to_string()).into_owned()
    }
}

/// JSON in which characters that are invisible, change the direction of a line or act on a terminal are written as escapes.
/// Programs read them as the characters. It may escape visible characters too; letters and digits of any script stay.
pub fn escaped(json: &str) -> Cow<'_, str> {
    let stays = |c: char| match c {
        // What ends a line of JSON and what indents it; serde_json escapes the other controls but for U+007F.
        '\n' | ' '..='~' => true,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => false,
        c => {
            c.is_alphanumeric()
                || matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{2190}'..='\u{21ff}')
        }
    };
    if json.chars().all(stays) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if stays(c) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(text, "\\u{unit:04x}");
        }
    }
    Cow::Owned(text)
}

/// A text that may be printed or stored with others: control characters and those that change the direction of a line are
/// replaced.
pub(crate) fn printable(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
    };
    text.chars().map(|c| if acts(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A datum as it reads within a sentence: a text without its quotes, anything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{LogEntry, codes};

    fn at(text: &str) -> jiff::Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_has_the_keys_of_the_contract_in_their_order_and_milliseconds() {
        let event = LogEntry::new(at("2026-03-01T04:05:06.7Z"), &codes::RESUMED)
            .with("host", "hv02.lab.test")
            .with("vm", "sql-01")
            .with("primary", "hv01.lab.test");
        assert_eq!(
            event.json_line(),
            r#"{"time":"2026-03-01T04:05:06.700Z","source":"Hyper-V Replica script","id":4,"level":"Information","message":"Replication for sql-01 on hv01.lab.test was in suspended and resumed successfully.","data":{"host":"hv02.lab.test","vm":"sql-01","primary":"hv01.lab.test"}}"#
        );
    }

    #[test]
    fn a_line_stays_one_line_whatever_a_name_holds() {
        let event = LogEntry::new(at("2026-03-01T00:00:00Z"), &codes::RESUMED).with("vm", "a\r\nb \"c\" {primary}");
        let line = event.json_line();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(event.message().contains("a\r\nb \"c\" {primary}"), "a name is not read as a text with placeholders");
    }

    #[test]
    fn nothing_in_a_line_acts_on_a_terminal_or_hides_and_programs_read_what_was_there() {
        let name = "a\u{9b}2Jb\u{202e}c\u{200b}d\u{7f} שרת 🗄 é → \u{2028}";
        let line = LogEntry::new(at("2026-03-01T00:00:00Z"), &codes::RESUMED).with("vm", name).json_line();
        assert!(!line.chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{200b}' | '\u{2028}')), "{line:?}");
        assert!(line.contains("שרת") && line.contains('→'), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["data"]["vm"], name);
    }

    #[test]
    fn the_articles_texts_are_filled_to_the_letter() {
        let event = |code| {
            LogEntry::new(at("2026-03-01T00:00:00Z"), code)
                .with("vm", "VM")
                .with("primary", "PRIMARY")
                .with("error", "CAUSE")
                .with("seconds", 12)
                .message()
        };
        assert_eq!(event(&codes::STARTING), "Starting script to restart replication.");
        assert_eq!(
            event(&codes::NOT_READY),
            "VMMS did not complete initialization after VMMS service started up. Exiting..."
        );
        assert_eq!(
            event(&codes::READY),
            "Replication service in VMMS was started successfully. It took 12 seconds after VMMS started."
        );
        assert_eq!(
            event(&codes::RESUME_FAILED),
            "Failed to resume replication for VM on PRIMARY. Please check replication status manually.CAUSE"
        );
        assert_eq!(event(&codes::READ_FAILED), "Get-VMReplication has failed.CAUSE(VM: VM Server: PRIMARY)");
        assert_eq!(event(&codes::RESUMED), "Replication for VM on PRIMARY was in suspended and resumed successfully.");
    }

    #[test]
    fn a_datum_that_is_missing_leaves_a_sentence_that_can_be_read() {
        let event = LogEntry::new(at("2026-03-01T00:00:00Z"), &codes::RESUMED);
        assert_eq!(
            event.message(),
            "Replication for (unknown) on (unknown) was in suspended and resumed successfully."
        );
    }
}
