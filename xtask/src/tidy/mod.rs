//! `tidy`: what a compiler does not mind and a reader does. All findings are collected, one line each.
//!
//! What is allowed is written beside each rule: `tree` holds those about names and places, `source` those about the text
//! of one file, `settings` one about what the configuration holds and nobody reads, `english` those about words, `names` one
//! about public types. Clippy counts the lines of functions too (`clippy.toml`, `too-many-lines-threshold`), in everything
//! that it compiles here; `source` also sees what is compiled elsewhere only.

mod english;
mod file;
mod names;
mod settings;
mod source;
mod tree;

use anyhow::{Context, Result};

use crate::{Outcome, command, walk};
use file::File;

/// Checks every text file of the checkout.
pub(crate) fn run() -> Result<Outcome> {
    let root = command::root()?;
    let mut files = Vec::new();
    for path in walk::files(&root)? {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // What is not UTF-8 is not text: no rule here is about it.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: walk::below(&root, &path), text });
        }
    }
    Ok(Outcome::of_findings(&findings(&files)))
}

fn findings(files: &[File]) -> Vec<String> {
    let mut findings: Vec<String> =
        files.iter().flat_map(|file| [tree::check(file), source::check(file)].concat()).collect();
    findings.extend(settings::check(files));
    findings.extend(names::check(files));
    findings.extend(english::check(files));
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
