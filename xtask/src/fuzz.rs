//! `fuzz`: arbitrary bytes against every decoder.

use crate::Outcome;

/// Says what will come; the fuzz targets get a workspace of their own.
pub(crate) fn run() -> Outcome {
    eprintln!("not yet: `fuzz` will feed every decoder for N minutes and keep what it finds as a test's input;");
    eprintln!("         until then each codec's properties run within `cargo test --workspace`");
    Outcome::NotYet
}
