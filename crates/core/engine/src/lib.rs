//! Decides: events in, effects out.
//!
//! The engine is a value that is fed. It does no I/O, reads no clock and runs nothing: the driver (or a rehearsal) tells
//! it what happened and when, and carries out the effects it returns. It cannot reach a host even by mistake.
//!
//! Start with [`Engine`]; then [`judge`], which says for one leg what is to be done and why; [`guard`] holds the rules
//! that no act may break, whoever planned it.

mod agenda;
mod bounds;
mod engine;
pub mod evidence;
mod exchange;
mod explain;
pub mod guard;
mod hearing;
mod host;
mod inventory;
pub mod judge;
mod leg;
mod links;
mod names;
mod pace;
mod pass;
pub mod pause;
mod report;
mod retry;
#[cfg(test)]
mod sample;
mod schedule;
#[cfg(test)]
mod tests;
mod watch;

pub use engine::Engine;
pub use exchange::{Ambiguous, Candidate, Effect, Event, Side};
pub use leg::{End, Leg, NotSeenEnd, SeenEnd, Whereabouts};
pub use pass::{AskedHost, Pass, Times};
pub use report::{Action, HostReport, LegReport, LegResult, PassOutcome, Report, Trouble};
