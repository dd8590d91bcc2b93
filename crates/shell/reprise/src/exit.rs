//! Exit codes, all of them.

use std::process::ExitCode;

use reprise_engine::goal::PassOutcome;

/// Done; after `run`: every wanted leg replicates.
pub(crate) const OK: u8 = 0;
/// Failed; after `run`: no host became ready in time (the article's code), or the run itself failed.
pub(crate) const FAILED: u8 = 1;
/// Usage or configuration error: nothing was done, nothing is on standard output.
pub(crate) const USAGE: u8 = 2;
/// Done in part; after `run`: a host did not become ready, or a wanted leg does not replicate.
pub(crate) const PARTIAL: u8 = 3;

/// The exit code of a pass.
pub(crate) fn of(outcome: PassOutcome) -> ExitCode {
    ExitCode::from(match outcome {
        PassOutcome::Ok => OK,
        PassOutcome::Partial => PARTIAL,
        PassOutcome::NotReady | PassOutcome::Failed => FAILED,
    })
}
