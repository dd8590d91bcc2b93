//! Hyper-V's WMI classes, and the procedures that use them: look at a host, carry out one act, read figures.
//!
//! The procedures are `async fn`s over [`cim::Port`]: no clock, no spawn, no select, no transport. They make no
//! choices, repeat no calls and judge no results; the engine decides what a result means for a leg.
//!
//! Start with [`observe`] and [`perform`]; `class` has a file per WMI class; `shape` distinguishes Server 2012
//! from later versions; `codes` has the meaning of return values, and [`failure_code`] that
//! of the codes in event 32022 and in jobs' texts; [`events`] reads hosts' event logs; [`Statistics`] asks how much data waits to
//! be sent; [`examine`] reads what `doctor` judges.

pub mod class;
mod codes;
pub mod events;
pub mod examine;
pub mod failure_code;
mod join;
mod observe;
mod perform;
mod problem;
mod shape;
mod statistics;
#[cfg(test)]
mod tests;

pub use codes::refusal_advice;
pub use observe::observe;
pub use perform::perform;
pub use problem::{Subject, of as problem};
pub use statistics::Statistics;
