//! Exit codes, all of them.

use std::process::ExitCode;

use reprise_engine::OrderEnd;
use reprise_engine::goal::PassOutcome;

/// Done; after `run`: every wanted leg replicates.
pub(crate) const OK: u8 = 0;
/// Failed; after `run`: no host became ready in time (the article's code), or the run itself failed.
pub(crate) const FAILED: u8 = 1;
/// Usage or configuration error: nothing was done, nothing is on standard output.
pub(crate) const USAGE: u8 = 2;
/// Done in part; after `status`: something wanted is not protected, or a host could not be seen; after `run`: a host did not become ready, or a wanted leg does not replicate.
pub(crate) const PARTIAL: u8 = 3;

/// No daemon answers.
pub(crate) const NO_DAEMON: u8 = 4;

/// The exit code of a pass.
pub(crate) fn of(outcome: PassOutcome) -> ExitCode {
    ExitCode::from(match outcome {
        PassOutcome::Ok => OK,
        PassOutcome::Partial => PARTIAL,
        PassOutcome::NotReady | PassOutcome::Failed => FAILED,
    })
}

/// The exit code of `status` and `explain`. `is_partial` says that a host was not seen that may have something wanted.
pub(crate) fn of_status(outcome: PassOutcome, is_partial: bool, unprotected: usize) -> u8 {
    match outcome {
        PassOutcome::NotReady | PassOutcome::Failed => FAILED,
        PassOutcome::Ok | PassOutcome::Partial if is_partial || unprotected > 0 => PARTIAL,
        PassOutcome::Ok | PassOutcome::Partial => OK,
    }
}

/// The exit code of a person's order.
pub(crate) fn of_order(end: &OrderEnd) -> u8 {
    match end {
        OrderEnd::Done | OrderEnd::AlreadySo(_) => OK,
        OrderEnd::Refused(_) => PARTIAL,
        OrderEnd::NotPossible(_) | OrderEnd::Failed(..) => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_succeeds_if_everything_was_seen_and_everything_wanted_is_protected() {
        // A hold that matches nothing makes a pass partial, and leaves nothing unprotected by itself.
        assert_eq!([PassOutcome::Ok, PassOutcome::Partial].map(|outcome| of_status(outcome, false, 0)), [OK, OK]);
        assert_eq!(of_status(PassOutcome::Ok, false, 1), PARTIAL, "a dry run counts what would be resumed as done");
        assert_eq!(of_status(PassOutcome::Partial, true, 0), PARTIAL);
        for outcome in [PassOutcome::NotReady, PassOutcome::Failed] {
            assert_eq!(of_status(outcome, true, 0), FAILED);
        }
    }

    #[test]
    fn a_pass_has_the_exit_code_of_its_outcome() {
        let outcomes = [PassOutcome::Ok, PassOutcome::Partial, PassOutcome::NotReady, PassOutcome::Failed];
        assert_eq!(outcomes.map(of), [OK, PARTIAL, FAILED, FAILED].map(ExitCode::from));
    }
}
