//! Paragraphs for a terminal: wrapped between words, with the lines after the first indented. A command in backticks is one
//! word, so that it can be copied as one line.

use unicode_width::UnicodeWidthStr as _;

/// Writes `head` and then the text; further lines begin with blanks as wide as `indent`. Without a width nothing is wrapped.
pub(crate) fn paragraph(head: &str, text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(width) = width else { return format!("{head}{text}\n") };
    let mut lines = String::new();
    let mut line = head.to_owned();
    let mut is_empty = true;
    for word in words(text) {
        if !is_empty && line.width() + 1 + word.width() > width {
            lines.push_str(&line);
            lines.push('\n');
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    lines.push_str(&line);
    lines.push('\n');
    lines
}

/// The words of a text. What stands in backticks stays in one piece.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        if c == '`' {
            quoted = !quoted;
        }
        if c == ' ' && !quoted {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(c);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A number of things: "1 VM", "2 VMs".
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Some of a number of things, or the only one: "2 of 3 VMs", "the only VM".
pub(crate) fn part(some: usize, all: usize, thing: &str) -> String {
    if (some, all) == (1, 1) { format!("the only {thing}") } else { format!("{some} of {}", count(all, thing)) }
}

/// The first few names, and how many more.
pub(crate) fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_wraps_between_words_and_never_within_a_command() {
        let text = "run it (`Set-Item -Path 'WSMan:\\localhost' -Value 500` on the host), and wait";
        let wrapped = paragraph("  next: ", text, 8, Some(40));
        assert_eq!(
            wrapped,
            "  next: run it\n        (`Set-Item -Path 'WSMan:\\localhost' -Value 500`\n        on the host), and wait\n"
        );
        assert_eq!(paragraph("  next: ", text, 8, None), format!("  next: {text}\n"));
    }

    #[test]
    fn one_thing_is_singular() {
        assert_eq!((count(1, "VM"), count(0, "VM"), count(2, "VM")), ("1 VM".into(), "0 VMs".into(), "2 VMs".into()));
        assert_eq!([part(1, 1, "VM"), part(1, 2, "VM")], ["the only VM", "1 of 2 VMs"]);
    }
}
