//! `tidy`: what a compiler does not mind and a reader does. All findings are collected, one line each.
//!
//! What is allowed is written beside each rule: `tree` holds those about names and places, `source` those about the text
//! of one file. Clippy counts the lines of functions too (`clippy.toml`, `too-many-lines-threshold`), in everything that
//! it compiles here; `source` also sees what is compiled elsewhere only.

mod source;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{Outcome, command};

/// Folders that hold nothing of ours: what cargo builds and what git keeps.
const NOT_OURS: &[&str] = &["target", ".git"];

/// A bound for the walk; a tree that is deeper is a loop of links.
const DEPTH_MAX: usize = 32;

/// One file: its path below the checkout's top, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

/// Checks every text file of the checkout.
pub(crate) fn run() -> Result<Outcome> {
    let root = command::root()?;
    let mut paths = Vec::new();
    walk(&root, DEPTH_MAX, &mut paths)?;
    let mut files = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // What is not UTF-8 is not text: no rule here is about it.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: below(&root, &path), text });
        }
    }
    Ok(Outcome::of_findings(&findings(&files)))
}

fn findings(files: &[File]) -> Vec<String> {
    let mut findings: Vec<String> =
        files.iter().flat_map(|file| [tree::check(file), source::check(file)].concat()).collect();
    findings.sort();
    findings.dedup();
    findings
}

fn walk(folder: &Path, depth_left: usize, paths: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot list the folder {}", folder.display());
    let depth_left =
        depth_left.checked_sub(1).with_context(|| format!("{} is too deep; is it a loop?", folder.display()))?;
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let kind = entry.file_type().with_context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), depth_left, paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
