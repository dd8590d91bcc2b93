//! Makes all decisions: events in, effects out.
//!
//! The controller is a plain value. It does no I/O, reads no clock and runs nothing: the driver (or a rehearsal) passes in what
//! happened and when, and carries out the effects that it returns. So it cannot reach a host even by mistake. It never ends by
//! itself either: a goal beside it decides when a run is complete.
//!
//! Start with [`Controller`]; then [`goal`], which turns it into a pass; [`judge`], which decides for one leg what to do
//! and why; and [`guard`], the rules that no act may break, however it was planned.

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
mod kept;
mod leg;
mod loading;
mod names;
mod notice;
mod order;
mod pace;
mod past;
pub mod pause;
mod refusal;
mod remembering;
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
pub use bounds::{FirstSight, Stands};
pub use command::Command;
pub use controller::Controller;
pub use exchange::{Effect, Event};
pub use incident::Plan;
pub use judge::{Finding, Judgement};
pub use leg::{End, Leg, NotSeenEnd, SeenEnd, Side, Whereabouts};
pub use notice::Notice;
pub use order::OrderEnd;
pub use past::Beginning;
pub use setup::{AskedHost, CredentialId, LOOKS_AT_ONCE, Patience, Setup, UnmatchedHolds};
pub use snapshot::{AttemptMemory, DoneMemory, IncidentMemory, LegMemory, SenderMemory, Snapshot};
pub use status::{
    Ambiguous, Candidate, Cause, HoldState, HoldTrouble, HostReport, HostTrouble, LegReport, LegResult, LegTrouble,
    Lost, NotReady, OrderReport, PlannedAct, Service, Summary,
};
