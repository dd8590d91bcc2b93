//! Phrases that readers stumble over, with what to write instead.
//!
//! Only phrases that are wrong wherever they stand; the rest of good English is the reviewer's.

use super::file::File;
use super::tree::has_extension;

/// A phrase in lower case, and its replacement.
const PHRASES: &[(&str, &str)] = &[
    ("is told", "is reported"),
    ("are told", "are reported"),
    ("be told", "be reported"),
    ("told as", "reported as"),
    ("is heard", "is received"),
    ("are heard", "are received"),
    ("in vain", "without success"),
    ("all the same", "anyway"),
    ("be it so that", "even if"),
    ("goes in order", "shuts down cleanly"),
    ("for final", "as final"),
    ("what may pass", "transient errors"),
    ("passes by itself", "is transient"),
    ("pass by itself", "be transient"),
    ("the pass broke", "the run failed"),
    ("stands on the way", "is an on-path attacker"),
    ("somebody on the way", "an on-path attacker"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("farewell", "close"),
    ("believe", "trust"),
    ("believes", "trusts"),
    ("believed", "trusted"),
    ("whoever", "the user, a client, an attacker: name who it is"),
    ("as ever", "as usual"),
    ("has not got", "does not have"),
    ("in its turn", "in order"),
    ("he", "the user, they"),
    ("him", "the user, them"),
    ("his", "the user's, their"),
];

/// This file itself names every phrase.
const OWN: &str = "xtask/src/tidy/";

pub(super) fn check(files: &[File]) -> Vec<String> {
    files.iter().filter(|file| is_read(&file.path)).flat_map(phrases).collect()
}

fn is_read(path: &str) -> bool {
    let prose = ["rs", "md", "toml", "sh"].iter().any(|extension| has_extension(path, extension));
    prose && !path.starts_with(OWN) && !path.contains("/corpus/")
}

fn phrases(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let line = line.to_lowercase();
        for (phrase, instead) in PHRASES.iter().filter(|(phrase, _)| has_phrase(&line, phrase)) {
            findings.push(format!("{}:{}: not \"{phrase}\" but: {instead}", file.path, number + 1));
        }
    }
    findings
}

/// Whether the phrase stands in the line as whole words.
fn has_phrase(line: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(phrase).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default().chars().next_back();
        let after = line.get(at + phrase.len()..).unwrap_or_default().chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
