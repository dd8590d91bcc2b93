//! The strings of a record of Windows' event log: the whole message, the values that its text takes, then all other data.

use crate::event::message_table::placeholders;
use crate::event::{LogEntry, UNKNOWN, plain, printable};

/// A record holds about 60 KB, which is 30,000 units of UTF-16 (Windows Event Log reference, `ReportEvent`): the message, and a
/// dozen other strings.
const MESSAGE_UNITS_MAX: usize = 10_000;
const UNITS_MAX: usize = 1_000;
/// Maximum number of strings; no event has as many data.
const STRINGS_MAX: usize = 16;

/// The strings of a record, in their order.
pub(super) fn of(event: &LogEntry) -> Vec<String> {
    let message = cut(&safe(&event.message()), MESSAGE_UNITS_MAX);
    let placed: Vec<&str> = placeholders(event.code().text).collect();
    let values = placed.iter().map(|key| event.data().get(*key).map_or_else(|| UNKNOWN.to_owned(), plain));
    let others = event.data().iter().filter(|(key, _)| !placed.contains(&key.as_str()));
    let others = others.map(|(key, value)| format!("{key}={}", plain(value)));
    let rest = values.chain(others).map(|text| cut(&safe(&text), UNITS_MAX));
    [message].into_iter().chain(rest).take(STRINGS_MAX).collect()
}

/// Event Viewer reads `%1` within a string as another string, and `%%1` as a message of the system (Windows Event Log
/// reference, `ReportEvent`). A control character would make the record's XML unreadable.
fn safe(text: &str) -> String {
    let mut made = String::new();
    let mut characters = printable(text).chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(c) = characters.next() {
        let is_insert = c == '%' && characters.peek().is_some_and(|next| *next == '%' || next.is_ascii_digit());
        made.push(if is_insert { '％' } else { c });
    }
    made
}

/// As much of a text as fits into so many units of UTF-16.
fn cut(text: &str, units_max: usize) -> String {
    let mut units = 0;
    text.chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= units_max
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::codes;
    use crate::event::message_table::texts;

    fn event(code: &'static codes::Code) -> LogEntry {
        let event = LogEntry::new(jiff::Timestamp::UNIX_EPOCH, code).with("host", "hv02.lab.test").with("vm", "sql-01");
        event
            .with("vm_id", "6f0c")
            .with("primary", "hv01.lab.test")
            .with("error", " Its job failed.")
            .with("seconds", 7)
    }

    /// What Windows makes of a text and its strings.
    fn filled(text: &str, strings: &[String]) -> String {
        // From the last, so that `%12` is not read as `%1`.
        let numbered = strings.iter().enumerate().rev();
        let filled =
            numbered.fold(text.replace("%%", "\0"), |text, (n, string)| text.replace(&format!("%{}", n + 1), string));
        filled.replace('\0', "%")
    }

    #[test]
    fn windows_shows_the_message_of_every_event_by_our_table_and_by_one_that_shows_the_first_string() {
        for code in codes::CODES {
            let mut event = event(code);
            for key in placeholders(code.text) {
                event = event.with(key, format!("<{key}>"));
            }
            let strings = of(&event);
            assert_eq!(filled(&texts()[&u32::from(code.id)], &strings), event.message(), "{}", code.id);
            assert_eq!(strings[0], event.message(), "{}", code.id);
        }
    }

    #[test]
    fn what_the_text_does_not_take_is_kept_with_its_name() {
        let strings = of(&event(&codes::RESUMED));
        assert_eq!(strings[1..3], ["sql-01", "hv01.lab.test"]);
        assert_eq!(strings[3..], ["host=hv02.lab.test", "vm_id=6f0c", "error= Its job failed.", "seconds=7"]);
        let lacking = of(&LogEntry::new(jiff::Timestamp::UNIX_EPOCH, &codes::RESUMED));
        assert_eq!(lacking[1..], ["(unknown)", "(unknown)"]);
    }

    #[test]
    fn no_name_is_read_as_an_insert_or_breaks_the_record() {
        let strings = of(&event(&codes::RESUMED).with("vm", "%1 %%5 50% a\u{0}b\u{1b}[2J\u{202e}c"));
        assert_eq!(strings[1], "％1 ％％5 50% a\u{fffd}b\u{fffd}[2J\u{fffd}c");
        let long = of(&event(&codes::RESUMED).with("vm", "🗄".repeat(20_000)));
        assert_eq!(long[1].encode_utf16().count(), UNITS_MAX);
        let units: usize = long.iter().map(|string| string.encode_utf16().count()).sum();
        assert!(units <= MESSAGE_UNITS_MAX + 15 * UNITS_MAX && long[0].encode_utf16().count() <= MESSAGE_UNITS_MAX);
    }
}
