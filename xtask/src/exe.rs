//! `exe`: the program for Windows Server 2012 and later, built on Linux.

use anyhow::{Context, Result};

use crate::{Outcome, command};

/// Builds it; the last line of standard output is its path.
pub(crate) fn run() -> Result<Outcome> {
    let path = build()?;
    println!("{path}");
    Ok(Outcome::Green)
}

/// Builds `reprise.exe` in the dev profile and gives its path. `ci/win-env.sh` sets compiler, std and linker.
pub(crate) fn build() -> Result<String> {
    let lines = command::read(&mut command::script(
        ". ci/win-env.sh; \
         \"$CARGO\" build --locked --target \"$WT\" --package reprise >&2; \
         echo \"$CARGO_TARGET_DIR/$WT/debug/reprise.exe\"",
    ))
    .context("cannot build reprise.exe")?;
    let path = lines.lines().last().context("the build of reprise.exe did not say where it is")?.to_owned();
    std::fs::metadata(&path).with_context(|| format!("the build went well, but there is no {path}"))?;
    Ok(path)
}

/// Lints what is compiled for Windows alone: clippy on Linux never sees it. With the feature `legacy-tls`, so that it compiles
/// there; what is built is without.
pub(crate) fn lint() -> Result<Outcome> {
    // Called by its own name: cargo would look for the subcommand among rustup's first.
    command::run(&mut command::script(
        ". ci/win-env.sh; \
         /usr/bin/cargo-clippy clippy --locked --target \"$WT\" --package reprise --package reprise-platform --package reprise-wmi --package reprise-wmi-standin --package wsman-http --features reprise/legacy-tls -- -D warnings",
    ))
    .context("cannot lint for Windows")?;
    Ok(Outcome::Green)
}

/// Runs the tests of what calls Windows, under Wine.
pub(crate) fn test() -> Result<Outcome> {
    command::run(&mut command::script("bash ci/win-test.sh")).context("a test for Windows failed")?;
    Ok(Outcome::Green)
}
