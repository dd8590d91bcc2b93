//! Stories for some minutes, from a first seed on: `sweep MINUTES [SEED]`. Run by `cargo xtask sweep`.
#![expect(clippy::print_stdout, reason = "its output is its result")]
#![expect(clippy::disallowed_methods, reason = "how long to go on is a matter of real time")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use reprise_rehearsal::{StoryOptions, rehearse};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(minutes) =
        arguments.next().and_then(|text| text.parse::<f64>().ok()).filter(|m| (0.0..=10_000.0).contains(m))
    else {
        println!("usage: sweep MINUTES [SEED]");
        return ExitCode::from(2);
    };
    let first: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let (until, length) = (Instant::now(), Duration::from_secs_f64(minutes * 60.0));
    let (mut seeds, mut steps, mut finds) = (0_u64, 0_usize, 0_u64);
    while until.elapsed() < length {
        // Everything follows from the seed, so that a find comes back when the sweep begins with it.
        let seed = first + seeds;
        match rehearse(seed, &StoryOptions::default()) {
            Ok(summary) => steps += summary.steps,
            Err(find) => {
                finds += 1;
                steps += find.step;
                println!("{find}\n{}", find.transcript);
            }
        }
        seeds += 1;
    }
    println!("{seeds} seeds, {steps} steps, {finds} finds");
    if finds == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
