//! One type per word: no two crates have a public type of one name. Who reads `Settings` should not have to ask whose.

use std::collections::{BTreeMap, BTreeSet};

use super::file::File;
use super::tree::has_extension;
use crate::token::{Placed, tokens};

/// What begins a type.
const TYPES: &[&str] = &["struct", "enum", "union", "trait", "type"];

pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut crates: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        let Some(home) = home(&file.path) else { continue };
        for name in public_types(&tokens(&file.text)) {
            crates.entry(name).or_default().insert(home);
        }
    }
    let shared = crates.iter().filter(|(_, homes)| homes.len() > 1);
    shared
        .map(|(name, homes)| {
            let homes: Vec<&str> = homes.iter().copied().collect();
            format!(
                "{}: the public type `{name}` has the name of another one; give each a name of its own",
                homes.join(", ")
            )
        })
        .collect()
}

/// The folder of the crate to whose source a file belongs. Tests are no part of what a crate offers.
fn home(path: &str) -> Option<&str> {
    let (before, inside) = path.split_once("/src/")?;
    let is_source = has_extension(path, "rs") && !inside.split('/').any(|part| matches!(part, "tests" | "tests.rs"));
    (before.starts_with("crates/") && is_source).then_some(before)
}

/// The names behind `pub struct` and its like. A type that is public within its crate alone (`pub(crate)`) is not among them.
fn public_types(tokens: &[Placed]) -> Vec<String> {
    let three = tokens.windows(3).filter_map(|window| match window {
        [visibility, kind, name] if visibility.is_word("pub") => Some((kind.word()?, name.word()?)),
        _ => None,
    });
    three.filter(|(kind, _)| TYPES.contains(kind)).map(|(_, name)| name.to_owned()).collect()
}
