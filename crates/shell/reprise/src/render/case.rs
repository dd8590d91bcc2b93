//! A text as a sentence of its own, or as a clause after a colon. Tables hold both; a line of the output is always of one kind.

/// Names that begin with a capital wherever they stand. An abbreviation shows by its second letter.
const NAMES: [&str; 4] = ["Reprise", "Hyper-V", "Windows", "Negotiate"];

/// Turns a sentence into a clause for use after a colon: no full stop at its end, and lower case but for a first word that is a name.
pub(crate) fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let first = sentence.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
    let is_name = NAMES.contains(&first) || first.chars().skip(1).any(char::is_uppercase);
    if is_name { sentence.to_owned() } else { with_first(sentence, |c| c.to_lowercase().collect()) }
}

/// Turns a clause into a sentence: a capital at its begin and a full stop at its end.
pub(crate) fn sentence(clause: &str) -> String {
    let mut sentence = with_first(clause.trim_end(), |c| c.to_uppercase().collect());
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?', ':']) {
        sentence.push('.');
    }
    sentence
}

fn with_first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| change(first) + rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_sentence_or_a_clause_and_a_name_keeps_its_capital() {
        for (written, as_clause, as_sentence) in [
            ("Run again.", "run again", "Run again."),
            ("check the VM; then wait", "check the VM; then wait", "Check the VM; then wait."),
            ("VMMS retries. Wait.", "VMMS retries. Wait", "VMMS retries. Wait."),
            ("Hyper-V Manager shows it", "Hyper-V Manager shows it", "Hyper-V Manager shows it."),
            ("WinRM is off", "WinRM is off", "WinRM is off."),
            ("`winrm qc` on the host", "`winrm qc` on the host", "`winrm qc` on the host."),
            ("", "", ""),
        ] {
            assert_eq!((clause(written).as_str(), sentence(written).as_str()), (as_clause, as_sentence));
        }
    }
}
