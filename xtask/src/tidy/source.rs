//! Rules about the text of one source file.

use super::File;
use super::tree::{has_extension, is_refused};

/// Over 300 ask why, over 500 ask twice; over this it is more than one thing.
const FILE_LINES_MAX: usize = 800;

/// The same figure as `too-many-lines-threshold` in `clippy.toml`, which is the stricter reader of the two.
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer, each with its reason. None so far.
const LONG_FILES: &[(&str, &str)] = &[];

/// Words that put work off.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

pub(super) fn check(file: &File) -> Vec<String> {
    let rust = has_extension(&file.path, "rs");
    let mut findings = Vec::new();
    if rust {
        findings.extend(length(file));
        findings.extend(first_line(file));
        findings.extend(inner_modules(file));
        findings.extend(long_functions(file));
    }
    if rust || has_extension(&file.path, "sh") || has_extension(&file.path, "toml") || file.path == ".ci/run" {
        findings.extend(marks(file));
    }
    findings
}

fn length(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    let excepted = LONG_FILES.iter().any(|(path, _)| *path == file.path);
    (lines > FILE_LINES_MAX && !excepted)
        .then(|| format!("{}: {lines} lines, and {FILE_LINES_MAX} are the most; part it by concern", file.path))
}

fn first_line(file: &File) -> Option<String> {
    let told = file.text.lines().next().is_some_and(|line| line.starts_with("//! "));
    (!told).then(|| format!("{}:1: the first line is not a `//!` sentence that says what the module is for", file.path))
}

fn inner_modules(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
        if words.next() != Some("mod") {
            continue;
        }
        let name = words.next().unwrap_or_default().trim_end_matches([';', '{']);
        if is_refused(name) {
            findings.push(format!(
                "{}:{}: a module called `{name}` says nothing; name it for its one concern",
                file.path,
                number + 1
            ));
        }
    }
    findings
}

/// Work that is put off must say where it was decided; anything else is forgotten.
fn marks(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let mark = MARKS.iter().find(|mark| has_word(line, mark));
        if let Some(mark) = mark.filter(|_| !line.contains("ADR ")) {
            findings.push(format!(
                "{}:{}: a {mark} that names no decision; do it now, or write `{mark}(ADR NNNN): why`",
                file.path,
                number + 1
            ));
        }
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|part| part == word)
}

/// Functions over the limit, blank lines and lines of comment not counted.
///
/// It relies on rustfmt, which the format check holds: a function ends at the first closing brace that stands as deep as
/// the line it begins on.
fn long_functions(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut findings = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let depth = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(depth));
        let rest = lines.get(number..).unwrap_or_default();
        // One without a body, in a trait, ends at its semicolon; an empty one on its own line.
        let has_body = rest.iter().find(|l| l.ends_with(['{', '}', ';'])).is_some_and(|l| l.ends_with('{'));
        let Some(end) = rest.iter().position(|l| *l == closing).filter(|_| has_body) else { continue };
        let body = rest.get(1..end).unwrap_or_default();
        let counted = body.iter().map(|l| l.trim()).filter(|l| !l.is_empty() && !l.starts_with("//")).count();
        if counted > FUNCTION_LINES_MAX && !is_excepted(&lines, number) {
            let at = number + 1;
            findings.push(format!(
                "{}:{at}: function `{name}` has {counted} lines, and {FUNCTION_LINES_MAX} are the most",
                file.path
            ));
        }
    }
    findings
}

/// The name, if a function begins on this line.
fn function_name(line: &str) -> Option<&str> {
    const BEFORE_FN: &[&str] = &["const", "async", "unsafe", "extern", "default"];
    let mut words = line.split_whitespace();
    let name = loop {
        let word = words.next()?;
        if word == "fn" {
            break words.next()?;
        }
        if !(BEFORE_FN.contains(&word) || word.starts_with("pub") || word.starts_with('"')) {
            return None;
        }
    };
    name.split(['(', '<']).next()
}

/// An exception is written above the function, where clippy reads it too.
fn is_excepted(lines: &[&str], number: usize) -> bool {
    let above = lines.get(..number).unwrap_or_default().iter().rev();
    above.take_while(|line| !line.trim().is_empty() && line.trim() != "}").any(|line| line.contains("too_many_lines"))
}
