//! The engine, the procedures and the lab on one virtual clock, from a seed: stories in which things go wrong at once.
//!
//! Nothing here is a mock. The engine decides, the real procedures talk, the lab answers; this crate passes messages
//! between them with delays, loses some, lets people and hosts interfere, and holds everything against a shadow of what
//! must be true. It does no I/O and reads no clock: the same seed gives the same bytes.
//!
//! Start with [`rehearse`]; `scene` says what a story is played on, `trouble` what goes wrong, `shadow` what must hold
//! all the same, and `calm` what must be left of it at the end.

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

pub use story::{Find, Options, Sabotage, Summary, rehearse};
