//! Hyper-V's WMI classes and the two procedures over them: look at a host, carry out one act.
//!
//! The procedures are `async fn`s over [`cim::Port`]: no clock, no spawn, no select, no transport. They choose nothing,
//! repeat nothing and judge nothing; what an answer means for a leg is the engine's to say.
//!
//! Start with [`observe`] and [`perform`]; `class` has a file per WMI class; `shape` tells Server 2012 from
//! what came after; `codes` says what return values mean; [`events`] hears what hosts' event logs say.

pub mod class;
mod codes;
pub mod events;
mod join;
mod observe;
mod perform;
mod problem;
mod shape;
#[cfg(test)]
mod tests;

pub use observe::observe;
pub use perform::perform;
pub use problem::{Subject, of as problem};
