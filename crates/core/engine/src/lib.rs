//! Decides: events in, effects out.
//!
//! The controller is a value that is fed. It does no I/O, reads no clock and runs nothing: the driver (or a rehearsal) tells
//! it what happened and when, and carries out the effects it returns. It cannot reach a host even by mistake, and it never
//! ends by itself: a goal beside it says when enough is done.
//!
//! Start with [`Controller`]; then [`goal`], which makes a pass of it; [`judge`], which says for one leg what is to be done
//! and why; [`guard`] holds the rules that no act may break, whoever planned it.

mod attempt;
mod bounds;
mod command;
mod controller;
pub mod evidence;
mod exchange;
pub mod goal;
pub mod guard;
mod hearing;
mod host;
mod incident;
mod index;
mod inventory;
pub mod judge;
mod leg;
mod names;
mod notice;
mod pace;
mod past;
pub mod pause;
mod report;
mod retry;
#[cfg(test)]
mod sample;
mod schedule;
mod setup;
mod snapshot;
mod status;
#[cfg(test)]
mod tests;
mod watch;

pub use attempt::Failure;
pub use command::Command;
pub use controller::Controller;
pub use exchange::{Effect, Event};
pub use judge::{Finding, Judgement};
pub use leg::{End, Leg, NotSeenEnd, SeenEnd, Side, Whereabouts};
pub use notice::Notice;
pub use past::Beginning;
pub use setup::{AskedHost, LOOKS_AT_ONCE, Patience, Setup};
pub use snapshot::{IncidentMemory, LegMemory, Snapshot};
pub use status::{
    Action, Ambiguous, Candidate, Cause, HostReport, HostTrouble, LegReport, LegResult, LegTrouble, NotReady, Service,
    Summary,
};
