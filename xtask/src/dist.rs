//! `dist`: what is shipped, and its size.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{Outcome, command};

/// The promise to those who install it: under 20 MB, stripped.
const SIZE_MAX_BYTES: u64 = 20_000_000;

/// Builds the program with profile `dist` and compares its size with the promise. The last line is its path.
pub(crate) fn run() -> Result<Outcome> {
    command::run(command::cargo().args(["build", "--locked", "--profile", "dist", "--package", "reprise"]))?;
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => command::root()?.join("target"),
    };
    let program = target.join("dist").join(format!("reprise{}", std::env::consts::EXE_SUFFIX));
    let size = std::fs::metadata(&program)
        .with_context(|| format!("cannot see the program that was just built, {}", program.display()))?
        .len();
    println!("{size} bytes of {SIZE_MAX_BYTES}");
    println!("{}", program.display());
    if size >= SIZE_MAX_BYTES {
        bail!(
            "the program is too large: {size} bytes, and {SIZE_MAX_BYTES} are promised; see what `cargo tree -p reprise -e normal` brings in"
        );
    }
    Ok(Outcome::Green)
}
