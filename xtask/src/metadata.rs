//! What `cargo metadata --format-version 1` says, as far as the tasks need it.
//!
//! Read from plain JSON, dependencies only from `packages[].dependencies`, so that a shortened or hand-made file will do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// When a dependency is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In the product, or while it is built.
    Product,
    /// By tests, examples and benches only.
    Tests,
}

/// One line under `[dependencies]` or its sisters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// It is a package of this workspace, since it is named by its path.
    pub(crate) by_path: bool,
}

/// A package of this workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// Where its manifest is; absent in metadata that does not say.
    pub(crate) folder: Option<PathBuf>,
}

/// Asks cargo about this workspace.
pub(crate) fn ask() -> Result<Value> {
    let text = crate::command::read(crate::command::cargo().args([
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
    ]))?;
    parse(&text).context("cannot read the answer of `cargo metadata`")
}

/// Reads the JSON text.
pub(crate) fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("this is not JSON; write it with `cargo metadata --format-version 1`")
}

/// The packages of this workspace, sorted by name: those without a source, since a registry or git gives each one.
pub(crate) fn ours(metadata: &Value) -> Result<Vec<Package>> {
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .context("no `packages` in the metadata; write it with `cargo metadata --format-version 1`")?;
    let mut ours = Vec::new();
    for package in packages {
        if package.get("source").is_some_and(|source| !source.is_null()) {
            continue;
        }
        let name = text_of(package, "name").context("a package without a name in the metadata")?;
        let dependencies = package.get("dependencies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let manifest = text_of(package, "manifest_path").map(PathBuf::from);
        let folder = manifest.and_then(|manifest| manifest.parent().map(Path::to_path_buf));
        ours.push(Package { dependencies: dependencies.iter().filter_map(dependency).collect(), name, folder });
    }
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ours)
}

/// The names of our packages that have `dependency` for their tests or otherwise.
pub(crate) fn with_dependency(packages: &[Package], dependency: &str) -> BTreeSet<String> {
    let has = |package: &&Package| package.dependencies.iter().any(|d| d.name == dependency);
    packages.iter().filter(has).map(|package| package.name.clone()).collect()
}

fn dependency(value: &Value) -> Option<Dependency> {
    let kind = match value.get("kind").and_then(Value::as_str) {
        Some("dev") => Kind::Tests,
        _ => Kind::Product,
    };
    let by_path = value.get("path").is_some_and(|path| !path.is_null());
    Some(Dependency { name: text_of(value, "name")?, kind, by_path })
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
