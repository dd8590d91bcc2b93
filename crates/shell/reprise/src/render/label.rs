//! Makes texts from hosts safe to print on a terminal: nothing in them moves the cursor, reverses the line or hides.

use reprise_model::{END_BLANK, HIDDEN, is_invisible, is_joiner};

/// Stands for a name without a visible character.
pub(crate) const NO_NAME: &str = "(invisible name)";

/// A text from a host for one line on a terminal. U+FFFD replaces each character that is invisible or changes how others are
/// displayed; a joiner stays where it belongs to the character before it.
pub(crate) fn printable(text: &str) -> String {
    let mut before = None;
    let shown = text.chars().map(|c| {
        let belongs = is_joiner(c) && before.is_some_and(|before: char| !before.is_ascii() && !before.is_whitespace());
        before = Some(c);
        if is_invisible(c) && !belongs { HIDDEN } else { c }
    });
    shown.collect()
}

/// The same for a name, of which blanks at its ends and invisibility are shown too. Copied from the terminal, it is the same
/// name to `--except` and a hold.
pub(crate) fn printable_name(name: &str) -> String {
    let shown = printable(name);
    let middle = shown.trim();
    if middle.chars().all(|c| c == HIDDEN || c.is_whitespace()) {
        return NO_NAME.to_owned();
    }
    if middle.len() == shown.len() {
        return shown;
    }
    let blanks = |text: &str| END_BLANK.to_string().repeat(text.chars().count());
    let (front, rest) = (shown.len() - shown.trim_start().len(), shown.trim_end().len());
    let part = |range: &str| blanks(range);
    let front = shown.get(..front).map(part).unwrap_or_default();
    let back = shown.get(rest..).map(part).unwrap_or_default();
    format!("{front}{middle}{back}")
}

/// A text of several lines, which stay lines.
pub(crate) fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use reprise_model::folded_name;

    use super::*;

    #[test]
    fn names_are_kept_but_for_what_would_act_on_the_terminal() {
        let plain = "שרת קבצים 🗄️ a<b&c>d O'Brien * 👩‍💻 می‌خواهم";
        assert_eq!(printable_name(plain), plain);
        assert_eq!(printable("a\x1b[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(printable_lines("a\x1b[2J\r\n  why: \u{9b}d\n"), "a\u{fffd}[2J\u{fffd}\n  why: \u{fffd}d\n");
    }

    #[test]
    fn what_cannot_be_seen_of_a_name_is_shown_and_a_copied_name_is_the_same_name() {
        for (name, shown) in [
            ("sql-01 ", "sql-01␣"),
            (" \u{a0}sql-01", "␣␣sql-01"),
            ("sql\u{200b}-01", "sql\u{fffd}-01"),
            ("sql-01\u{200d}", "sql-01\u{fffd}"),
            ("\u{202e}10-lqs", "\u{fffd}10-lqs"),
        ] {
            assert_eq!(printable_name(name), shown);
            assert_eq!(folded_name(shown), folded_name(name), "{name:?}");
        }
        for name in ["", "  ", "\u{200b}", "\u{3164}\u{2800} "] {
            assert_eq!(printable_name(name), "(invisible name)", "{name:?}");
        }
    }
}
