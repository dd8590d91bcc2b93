//! What the engine is told, and what it answers.

use std::time::Duration;

use reprise_model::{Act, ActId, Evidence, HostId, HostName, MonoTime, Observation, Outcome, VmId};

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
    /// A host's event log was read, or could not be.
    EventsRead {
        /// Whose.
        host: HostId,
        /// What it says of replication.
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
    /// Ask one host more, under this id from now on: a relationship speaks of it.
    Ask {
        /// What it is called from now on.
        host: HostId,
        /// The name by which the relationship speaks of it.
        name: HostName,
        /// The host that showed the relationship: the new one is asked in the same way, with the same login.
        like: HostId,
    },
    /// Read what a host's event log says of replication.
    ReadEvents {
        /// Which host.
        host: HostId,
        /// How far back by the host's clock, at least; not known if absent.
        back: Option<Duration>,
    },
    /// Carry out an act.
    Perform(Act),
    /// Write an event.
    Record(reprise_model::Event),
    /// The pass is over.
    Finish(Box<Report>),
    /// The pass is over before anything else is done: what it was asked stands for several VMs.
    Refuse(Ambiguous),
}

/// A name that stands for several VMs where one was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// The name as it was given.
    pub name: String,
    /// The VMs of that name.
    pub candidates: Vec<Candidate>,
}

/// One of several VMs of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its identity.
    pub vm: VmId,
    /// Its display name, as its host writes it.
    pub name: String,
    /// Its primary server, if anybody says it.
    pub primary: Option<String>,
}
