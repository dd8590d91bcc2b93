//! The engine, the procedures and the lab on one virtual clock, from a seed: stories in which several things go wrong at once.
//!
//! Nothing here is a mock. The engine decides, the real procedures talk, the lab answers; this crate passes messages
//! between them with delays, loses some, lets people and hosts interfere, and checks after every step that the rules of a
//! shadow hold. It does no I/O and reads no clock: the same seed gives the same bytes.
//!
//! Start with [`rehearse`]; `scene` says what a story is played on, `trouble` what goes wrong, `shadow` which rules must hold
//! anyway, and `calm` what state must be reached at the end.
//!
//! # Sweeps
//! `cargo xtask sweep --minutes N` plays stories from seed 0 on, in a release build, and ends with one line: how many seeds,
//! steps and finds there were. Each find is a line `REPRISE_SIM_SEED=SEED step N: SENTENCE`, followed by its transcript: the
//! scene, then a line per event with its virtual time in seconds. The sentence is the rule of the shadow that did not hold.
//! Either the engine broke it or the shadow has it wrong; the design decides. To play one story again, set
//! `REPRISE_SIM_SEED` for the tests of this crate, or run the example `sweep` with the seed as its second argument. If the
//! engine is at fault, first write a small test for the engine that shows it.

#[cfg(test)]
mod acts;
mod calm;
mod lies;
#[cfg(test)]
mod loaded;
mod logs;
mod procedure;
mod run;
mod scene;
mod shadow;
mod story;
#[cfg(test)]
mod tests;
mod trouble;
mod wire;

pub use story::{Find, Sabotage, StoryOptions, StorySummary, rehearse};
