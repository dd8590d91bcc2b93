//! The article beside us: the script of Microsoft's support article "Hyper-V replication is suspended at system
//! shutdown", written anew as a client of the lab, against `reprise run` on equal labs.
//!
//! It is a baseline and nothing else: no part of the program uses it, and it shares no code with the program but the
//! transport. Where the article leaves open what a cmdlet does, the baseline is given what costs it least. [`script`] is the
//! run, [`decision`] what it decides, [`growth`] the first table, [`behaviours`] and [`faults`] the rows of the second.
//! Everything that is printed of a contender is worked out from its run, in [`outcome`].

mod behaviours;
mod contest;
mod decision;
mod faults;
mod growth;
mod listing;
mod outcome;
mod relay;
mod resume;
mod scenario;
mod script;
mod session;
mod state;
mod steps;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

/// The script alone against so many broken legs, on the host that restarted: how long it took, and what is left.
pub(crate) fn alone(program: &Path, legs: u32, speed: u32) -> Result<String> {
    growth::alone(&runtime()?, program, legs, speed)
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")
}

/// Both tables.
pub(crate) fn measure(program: &Path) -> Result<String> {
    let runtime = runtime()?;
    let mut text = growth::measure(&runtime, program)?;
    text.push_str(
        "\nThe script's behaviours (S) and faults (D), each row on two equal labs. Stopped: Suspended or Error.\n\
         The script's seconds are by its own count: in D2, D13 and S5 its lab's clock is faster and its waits are slept shorter.\n\
         The program's seconds are real.\n",
    );
    for scenario in behaviours::all().iter().chain(&faults::all()) {
        text.push_str(&scenario.text(&runtime, program)?);
    }
    for (rows, why) in behaviours::NOT_SHOWN.iter().chain(faults::NOT_SHOWN) {
        let _infallible = writeln!(text, "{rows:<8} not shown here: {why}");
    }
    Ok(text)
}
