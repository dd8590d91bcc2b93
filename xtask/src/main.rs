//! Checks and builds of this workspace, run as `cargo xtask TASK`.
//!
//! Each task is one file, named after it. It uses nothing of ours, so that it works while the rest does not compile.
//! Start with [`ci`], which runs the checks one after another.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool speaks on its two streams")]

mod ci;
mod command;
mod dist;
mod edges;
mod exe;
mod fuzz;
mod golden;
mod metadata;
mod sweep;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

  ci                      everything below that is a check, each step timed (all but `cargo test`)
  edges [--metadata FILE] who may depend on whom; FILE as `cargo metadata --format-version 1` prints it
  tidy                    sizes, names and first lines of source files
  golden [--update]       snapshots and the tables in docs that are made from code
  exe                     builds reprise.exe for Windows; the last line is its path
  dist                    builds what is shipped and checks its size
  sweep --minutes N       many rehearsals, each from its own seed
  fuzz [--minutes N]      arbitrary bytes against every decoder, N minutes divided among them, or a short round;
                          what breaks one is kept";

/// How a task ended; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing to object to: 0.
    Green,
    /// The check found something, and has said what: 1.
    Red,
}

impl Outcome {
    /// Prints the findings, one line each; none is green.
    fn of_findings(findings: &[String]) -> Self {
        for finding in findings {
            println!("{finding}");
        }
        if findings.is_empty() { Self::Green } else { Self::Red }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["ci"] => ci::run(),
        ["edges"] => edges::run(None),
        ["edges", "--metadata", file] => edges::run(Some(file)),
        ["tidy"] => tidy::run(),
        ["golden"] => golden::run(golden::Mode::Compare),
        ["golden", "--update"] => golden::run(golden::Mode::Update),
        ["exe"] => exe::run(),
        ["dist"] => dist::run(),
        ["sweep", "--minutes", minutes] if minutes.parse::<u32>().is_ok() => sweep::run(minutes),
        ["fuzz"] => fuzz::check(),
        ["fuzz", "--minutes", minutes] if minutes.parse::<u32>().is_ok() => fuzz::run(minutes),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(Outcome::Green) => ExitCode::SUCCESS,
        Ok(Outcome::Red) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
