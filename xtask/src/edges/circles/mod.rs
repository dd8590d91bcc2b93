//! Circles of modules inside a crate: none may use another that, directly or through others, uses it.
//!
//! The rule, as it is read here:
//! - A module *uses* another when it names something that the other defines, by `use` or by a path in its text. Names that
//!   a module only passes on (`pub use`, an import) count for the module that defines them.
//! - Showing (`pub use`) what one's own children define is no use of them, and neither is declaring them. Using the name that
//!   one shows is.
//! - A parent and its children are modules like others: children that use what their parent defines, while the parent uses
//!   them, are a circle.
//! - What is compiled for tests or fuzzing alone does not count. Methods are not seen, since calling one names no module.

mod circle;
mod condition;
mod file;
mod tree;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::metadata::Package;
use crate::walk;
use tree::{Sources, Tree};

/// The circles of all packages, a line each.
pub(super) fn findings(packages: &[Package]) -> Result<Vec<String>> {
    let root = crate::command::root()?;
    let mut findings = Vec::new();
    for package in packages {
        let Some(folder) = &package.folder else { continue };
        let source = folder.join("src");
        let shown = walk::below(&root, &source);
        findings.extend(circles(&package.name, &shown, &sources(&source)?));
    }
    Ok(findings)
}

/// For each knot of modules that use each other its shortest circle.
fn circles(package: &str, folder: &str, sources: &Sources) -> Vec<String> {
    let is_top = |path: &&String| {
        matches!(path.as_str(), "lib.rs" | "main.rs") || path.strip_prefix("bin/").is_some_and(|bin| !bin.contains('/'))
    };
    let mut lines = Vec::new();
    for top in sources.keys().filter(is_top) {
        let tree = Tree::read(top, sources);
        let edges = tree.edges();
        for circle in circle::shortest(&edges) {
            let name = |number: &usize| tree.modules.get(*number).map_or("?", |module| module.name.as_str());
            let way: Vec<&str> = circle.iter().chain(circle.first()).map(name).collect();
            let followers = circle.iter().zip(circle.iter().cycle().skip(1));
            let places = followers.filter_map(|(from, to)| edges.get(*from)?.get(to));
            let places: Vec<String> = places.map(|edge| format!("{folder}/{}:{}", edge.file, edge.line)).collect();
            lines.push(format!("{package}: {} ({})", way.join(" -> "), places.join(", ")));
        }
    }
    lines
}

fn sources(folder: &Path) -> Result<Sources> {
    let mut sources = Sources::new();
    for path in walk::files(folder)? {
        let name = walk::below(folder, &path);
        if name.strip_suffix(".rs").is_some() {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sources.insert(name, text);
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests;
