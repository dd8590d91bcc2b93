//! `sweep`: many rehearsals, each from its own seed.

use crate::Outcome;

/// Says what will come; the rehearsal crate is wired in here once its scripts can be run by the minute.
pub(crate) fn run() -> Outcome {
    eprintln!("not yet: `sweep` will run rehearsals from fresh seeds for N minutes, print the seed of every find");
    eprintln!(
        "         and end with `N seeds, N steps, N finds`; until then `cargo test -p reprise-rehearsal` runs a few"
    );
    Outcome::NotYet
}
