//! `sweep`: rehearsals for some minutes, each from another seed, in search of one in which something breaks.

use anyhow::Result;

use crate::{Outcome, command};

/// Builds the rehearsals and runs them. The last line is `N seeds, N steps, N finds`; a find is reported with its seed.
pub(crate) fn run(minutes: &str) -> Result<Outcome> {
    let mut sweep = command::cargo();
    sweep.args([
        "run",
        "--locked",
        "--quiet",
        "--profile",
        "dist",
        "--package",
        "reprise-rehearsal",
        "--example",
        "sweep",
        "--",
    ]);
    sweep.arg(minutes);
    command::run(&mut sweep)?;
    Ok(Outcome::Green)
}
