//! `edges`: who may depend on whom, compared with what cargo knows; and no circle of modules inside a crate ([`circles`]).
//!
//! The rules are data, in [`table`]. Two decisions of reading:
//! - Edges between our own packages count in every kind, also those for tests: a test that needs a forbidden neighbour
//!   stands in the wrong crate. The few that are for tests only are listed one by one.
//! - Packages from outside count as soon as the product or a build script has them as a *direct* dependency; tests may
//!   use what they like.

mod circles;
mod table;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Outcome;
use crate::metadata::{self, Dependency, Kind, Package};
use table::{IN_TESTS, May, Row, TABLE};

/// Checks the workspace, or the metadata in `file`, which says nothing of modules.
pub(crate) fn run(file: Option<&str>) -> Result<Outcome> {
    let Some(path) = file else {
        let metadata = metadata::ask()?;
        let mut found = findings(&metadata)?;
        found.extend(circles::findings(&metadata::ours(&metadata)?)?);
        return Ok(Outcome::of_findings(&found));
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the metadata file {path}"))?;
    let metadata = metadata::parse(&text).with_context(|| format!("cannot use the metadata file {path}"))?;
    Ok(Outcome::of_findings(&findings(&metadata)?))
}

fn findings(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata::ours(metadata)?;
    let mut findings = Vec::new();
    for package in &packages {
        let Some(row) = row(&package.name) else {
            findings.push(format!(
                "{name} -> (any): the table does not know {name}; a new crate is a decision: write an ADR and add its row to xtask/src/edges/table.rs",
                name = package.name
            ));
            continue;
        };
        let known = |name: &str| packages.iter().any(|other| other.name == name);
        for dependency in &package.dependencies {
            let why = objection(row, package, dependency, known(&dependency.name));
            if let Some(why) = why {
                findings.push(format!("{} -> {}: {why}", package.name, dependency.name));
            }
        }
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}

/// Why this edge may not be; `in_workspace` says that the metadata holds the other end as a package of ours.
fn objection(row: &Row, package: &Package, dependency: &Dependency, in_workspace: bool) -> Option<String> {
    let other = dependency.name.as_str();
    if other == package.name {
        return None; // a crate's own tests may name it
    }
    let ours = in_workspace || dependency.by_path || row_exists(other);
    if !ours {
        let banned = dependency.kind == Kind::Product && row.never.iter().any(|family| in_family(other, family));
        return banned.then(|| format!("{} must never have {other}: {}", package.name, row.why));
    }
    if !row_exists(other) {
        return Some(format!("the table does not know {other}, so nobody may use it yet; add its row with an ADR"));
    }
    let allowed = match row.may_use {
        May::Only(names) => names.contains(&other),
        May::AllBut(names) => !names.contains(&other),
    };
    let in_tests = dependency.kind == Kind::Tests && IN_TESTS.contains(&(row.package, other));
    (!allowed && !in_tests).then(|| format!("{} may use {}; {}", package.name, row.may_use, row.why))
}

fn row(package: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.package == package)
}

fn row_exists(package: &str) -> bool {
    row(package).is_some()
}

/// `tokio` stands for tokio-util and tokio-rustls too, `serde` for `serde_json`: else a ban is one sister away from nothing.
fn in_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests;
