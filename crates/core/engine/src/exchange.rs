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
    /// An intent has been recorded as durably as possible: the act may be carried out.
    Intended(ActId),
    /// An intent could not be recorded: its act is not carried out.
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
    /// Something was heard of a host: a record of its event log, or that it answers again or no longer. It is looked at soon. One
    /// that is lost costs time and nothing else, since hosts are looked at without it too.
    Heard(HostId),
    /// A person gave a command.
    Command(Command),
    /// The policy has changed. Holds that people set are kept.
    PolicyChanged(Box<Policy>),
    /// The hosts to query have changed. Those with a known handle stay what they are.
    HostsChanged(Vec<AskedHost>),
    /// A deadline has passed, or the controller starts.
    Tick,
}

/// What the driver must do. Effects are carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Look at a host.
    Observe(HostId),
    /// Query one more host, under this handle, because a relationship names it.
    Ask {
        /// Its handle.
        host: HostId,
        /// The name that the relationship gives it.
        name: HostName,
        /// The host that showed the relationship: the new one is queried in the same way, with the same login.
        like: HostId,
    },
    /// Stop querying a host.
    Forget(HostId),
    /// Read what a host's event log says of replication.
    ReadEvents {
        /// Which host.
        host: HostId,
        /// How far back by the host's clock, at least; not known if absent.
        back: Option<Duration>,
    },
    /// Record that an act is about to be carried out, then answer [`Event::Intended`]. A controller that is restored from a
    /// journal with this entry reads the leg before it does anything else.
    Intend(Act),
    /// Carry out an act.
    Perform(Act),
    /// Record that the result of an intent is known. If that is lost, the leg is read once more than needed.
    Settle(ActId),
    /// Report a notice to people.
    Tell(Notice),
}
