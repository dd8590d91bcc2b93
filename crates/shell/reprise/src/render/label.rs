//! Makes names safe to print on a terminal: nothing in a VM's name moves the cursor or reverses the line.

/// Characters that are invisible and change how the rest is displayed.
fn is_unruly(c: char) -> bool {
    let turns_around =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    c.is_control() || turns_around || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A text from a host for one line on a terminal: control and direction characters are replaced by U+FFFD.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unruly(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same for a text of several lines, which stay lines.
pub(crate) fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_but_for_what_would_act_on_the_terminal() {
        let plain = "שרת קבצים 🗄️ a<b&c>d O'Brien *";
        assert_eq!(printable(plain), plain);
        assert_eq!(printable("a\x1b[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(printable_lines("a\x1b[2J\r\n  why: \u{9b}d\n"), "a\u{fffd}[2J\u{fffd}\n  why: \u{fffd}d\n");
    }
}
