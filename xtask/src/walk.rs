//! The files of the checkout, less what is not ours.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold nothing of ours: what cargo builds and what git keeps.
const NOT_OURS: &[&str] = &["target", ".git"];

/// A bound for the walk; a tree that is deeper is a loop of links.
const DEPTH_MAX: usize = 32;

/// All files in `folder` and below, links left out.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    walk(folder, DEPTH_MAX, &mut paths)?;
    Ok(paths)
}

/// `path` as it is seen from `root`, with `/` on every system.
pub(crate) fn below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
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
