//! The controller's inputs (events) and outputs (effects).

use std::time::Duration;

use reprise_model::{Act, ActId, Evidence, HostId, HostName, MonoTime, Observation, Outcome, Policy, Problem};

use crate::command::Command;
use crate::notice::Notice;
use crate::setup::AskedHost;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A look that the controller asked for came back.
    Looked {
        /// At which host.
        host: HostId,
        /// When the look began.
        started: MonoTime,
        /// What was seen, or why nothing was.
        observation: Box<Observation>,
    },
    /// An intent is written down as durably as it will be: the act may be carried out.
    Intended(ActId),
    /// An intent could not be written down: its act is not carried out.
    NotIntended {
        /// Which.
        act: ActId,
        /// Why.
        problem: Problem,
    },
    /// An act that the controller asked for ended.
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
    /// A person wants something.
    Command(Command),
    /// Something else is wanted from now on. Holds that people set are kept.
    PolicyChanged(Box<Policy>),
    /// Other hosts are asked from now on. Those with a handle that is known stay what they are.
    HostsChanged(Vec<AskedHost>),
    /// A deadline came, or the controller begins.
    Tick,
}

/// What is to be done about it. Effects are carried out in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Look at a host.
    Observe(HostId),
    /// Ask one host more, under this handle from now on: a relationship speaks of it.
    Ask {
        /// Its handle.
        host: HostId,
        /// The name by which the relationship speaks of it.
        name: HostName,
        /// The host that showed the relationship: the new one is asked in the same way, with the same login.
        like: HostId,
    },
    /// A host is not asked any more.
    Forget(HostId),
    /// Read what a host's event log says of replication.
    ReadEvents {
        /// Which host.
        host: HostId,
        /// How far back by the host's clock, at least; not known if absent.
        back: Option<Duration>,
    },
    /// Write down that an act is about to be carried out, then answer [`Event::Intended`]. What is restored from a journal
    /// that holds it reads the leg before it does anything else.
    Intend(Act),
    /// Carry out an act.
    Perform(Act),
    /// Write down that it is known what came of an intent. If that is lost, the leg is read once more than needed.
    Settle(ActId),
    /// Tell people.
    Tell(Notice),
}
