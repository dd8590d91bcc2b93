//! Timings with a bar: time to protection and requests, the program against the lab, both in this run.
//!
//! `cargo build --release && cargo run --release -p reprise-bench`. Each figure stands beside what it is measured against;
//! nothing here fails a build.

mod control;
mod fleet;
mod protection;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

fn main() -> Result<()> {
    let program = program()?;
    let table = protection::measure(&program)?;
    let fleet = fleet::measure(&program)?;
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, format!("{table}\n{fleet}").as_bytes()).context("cannot write the result")
}

/// The program beside this one.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let program = own.with_file_name(format!("reprise{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.exists(), "{} is not there: run `cargo build --release` first", program.display());
    Ok(program)
}
