//! What the engine is told, and what it answers.

use reprise_model::{Act, ActId, Evidence, HostId, LegId, MonoTime, Observation, Outcome};

use crate::report::Report;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The pass begins.
    Begin,
    /// A look that the engine asked for came back.
    Looked {
        /// At which host.
        host: HostId,
        /// When the look began.
        started: MonoTime,
        /// What was seen, or why nothing was.
        observation: Box<Observation>,
    },
    /// An act that the engine asked for ended.
    Acted {
        /// Which.
        act: ActId,
        /// How.
        outcome: Outcome,
    },
    /// The event log of one end's host was read.
    EvidenceRead {
        /// Of which leg.
        leg: LegId,
        /// Which end's host.
        side: Side,
        /// What it says.
        evidence: Evidence,
    },
    /// A deadline came.
    Tick,
    /// The pass is to end now.
    Stop,
}

/// One end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The one that sends.
    Sender,
    /// The one that receives.
    Receiver,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Look at a host.
    Observe(HostId),
    /// Carry out an act.
    Perform(Act),
    /// Write an event.
    Record(reprise_model::Event),
    /// The pass is over.
    Finish(Box<Report>),
}
