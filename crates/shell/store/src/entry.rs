//! What is written, and what is read back after a restart.

use reprise_model::{ActId, LegId, Timestamp};

use crate::record::{HoldId, IncidentId, StoredAct, StoredDecision, StoredEvent, StoredHold, StoredIncident};

/// One thing to write.
///
/// Writing an entry again changes nothing, so a write that nobody confirmed can be repeated. An entry that ends something that
/// the store does not have (a release, a settlement, a leaving, a closing) has no effect and is no error: it may have begun
/// while there was no store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// How often the controller has been restored.
    Epoch(u64),
    /// Whether it only watches.
    Frozen(bool),
    /// What is remembered of a leg; `None` forgets it.
    Leg(LegId, Option<String>),
    /// A hold was set.
    Hold(StoredHold),
    /// A hold was released, or its time is over.
    Released {
        /// The hold.
        id: HoldId,
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// An act is about to be carried out.
    Intent(StoredAct),
    /// It is known how an act ended.
    Settled {
        /// The act.
        act: ActId,
        /// When.
        at: Timestamp,
        /// The outcome, as a code.
        outcome: String,
        /// More about it, such as a host's message.
        detail: Option<String>,
    },
    /// An event was written into the event log.
    Happened(StoredEvent),
    /// Something else than before was decided about a leg.
    Decided(StoredDecision),
    /// An incident began, with the members that it has already.
    Opened(StoredIncident),
    /// A leg joined an incident.
    Joined {
        /// The incident.
        incident: IncidentId,
        /// The leg.
        leg: LegId,
        /// When it stopped being protected.
        at: Timestamp,
    },
    /// A leg left an incident.
    Left {
        /// The incident.
        incident: IncidentId,
        /// The leg.
        leg: LegId,
        /// When it was protected again.
        at: Timestamp,
    },
    /// An incident ended. Members that are still in it leave it then.
    Closed {
        /// The incident.
        incident: IncidentId,
        /// When.
        at: Timestamp,
    },
}

/// What a store remembers of an earlier life of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// How often the controller had been restored.
    pub epoch: u64,
    /// Whether it only watched.
    pub frozen: bool,
    /// What was remembered of each leg, in the order of legs.
    pub legs: Vec<(LegId, String)>,
    /// The holds that nobody has released, in the order of their ids. One whose time is over is among them.
    pub holds: Vec<StoredHold>,
    /// The greatest number of a hold that was ever written; 0 if there was none. Give a new hold a greater one.
    pub last_hold: u32,
    /// The greatest number of an incident that was ever written, in the same way.
    pub last_incident: u32,
}
