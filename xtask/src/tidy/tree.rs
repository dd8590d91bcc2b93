//! Rules about names and places.

use super::File;

/// A reader guesses the file from the question; nobody's question is one of these.
const REFUSED_NAMES: &[&str] = &["common", "util", "utils", "base", "helper", "helpers", "misc", "imp"];

/// Folders in which one person's or one machine's paths begin.
const PRIVATE_TOPS: &[&str] = &["home", "Users", "work"];

pub(super) fn check(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    if has_extension(&file.path, "rs") {
        findings.extend(module_names(file));
    }
    if file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml") {
        findings.extend(crate_name(file));
    }
    findings.extend(private_paths(file));
    findings
}

pub(super) fn has_extension(path: &str, wanted: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == wanted)
}

pub(super) fn is_refused(name: &str) -> bool {
    REFUSED_NAMES.contains(&name)
}

/// A file or a folder of source: each part of its path is a name that somebody looks for.
fn module_names(file: &File) -> Option<String> {
    let path = file.path.strip_suffix(".rs").unwrap_or(&file.path);
    let part = path.split('/').find(|part| is_refused(part))?;
    Some(format!("{}: a module called `{part}` says nothing; name it for its one concern", file.path))
}

/// The first `name = "…"` of a manifest is the package's.
fn crate_name(file: &File) -> Option<String> {
    let line = file.text.lines().find_map(|line| line.strip_prefix("name = "))?;
    let name = line.trim().trim_matches('"');
    let part = name.split(['-', '_']).find(|part| is_refused(part))?;
    Some(format!("{}: a crate called `{part}` (in `{name}`) says nothing; name it for its one concern", file.path))
}

fn private_paths(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        if PRIVATE_TOPS.iter().any(|top| begins_in(line, &format!("/{top}/")))
            || begins_in(line, concat!("/ro", "ot/."))
        {
            findings.push(format!(
                "{}:{}: a path of one machine; say it relative to the checkout or by a variable",
                file.path,
                number + 1
            ));
        }
    }
    findings
}

/// Whether an absolute path starts with `prefix` somewhere: not in the middle of a longer path or of a URL.
fn begins_in(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| c.is_whitespace() || "\"'`=(:<[,".contains(c))
    })
}
