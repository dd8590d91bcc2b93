//! Simulated Hyper-V hosts: one state machine per host and a fabric of links, on virtual time, from a seed.
//!
//! The lab answers [`cim::Request`] as a host would. It is written from Hyper-V's reference alone and never from the
//! code that talks with hosts, so that two readings of the same pages meet on the wire. It does no I/O and reads no
//! clock; the same spec, actions and times give the same bytes.
//!
//! Start with [`World`]; [`Action`] is what people and power failures do to it; `wmi` answers requests; `replication`
//! is the state machine of a leg.

mod action;
mod certificate;
mod change_log;
mod clock;
mod event;
mod event_log;
mod fault;
mod health;
mod host;
mod installed;
mod job;
mod layout;
mod leg;
mod replication;
mod resync;
pub mod schema;
mod spec;
mod state;
#[cfg(test)]
mod tests;
pub mod view;
mod vm_power;
mod wmi;
mod world;

pub use action::{Action, ActionError, EventLog, InFlight, LegEnd, Setting};
pub use event_log::Recorded;
pub use fault::{
    Attack, Break, Fault, FaultScope, FaultShape, JobFault, LogFault, Message, MessageKind, RightsOn, RowOf, Strike,
};
pub use host::{Management, Start};
pub use installed::ReplicaServerSettings;
pub use leg::{Busy, Kind};
pub use spec::{Language, Os, RaceState, Spec, SpecError, Topology};
pub use wmi::Definition;
pub use world::{Face, World};
