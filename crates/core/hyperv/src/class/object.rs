//! One replication object, from whichever class it was read.

use cim::Row;
use reprise_model::{
    FailedOverType, Kept, LastReplication, RelationshipId, ReplicationHealth, ReplicationObject, ReplicationSettings,
    ReplicationState, Seen,
};

/// One replication object as its class shows it, without its settings.
#[derive(Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) kept: Kept,
    pub(crate) state: ReplicationState,
    pub(crate) health: Option<ReplicationHealth>,
    pub(crate) failed_over: FailedOverType,
    pub(crate) last_replication: LastReplication,
}

impl Object {
    /// Adds the identity and the settings.
    pub(crate) fn with(self, id: RelationshipId, settings: Seen<ReplicationSettings>) -> ReplicationObject {
        let Self { kept, state, health, failed_over, last_replication } = self;
        ReplicationObject { id, kept, state, health, failed_over, last_replication, settings }
    }
}

/// Reads `ReplicationHealth`. Nothing is decided by it, so a value that cannot be read spoils nothing else.
pub(crate) fn health(row: &Row) -> Option<ReplicationHealth> {
    row.get_opt("ReplicationHealth").ok().flatten().map(ReplicationHealth::from_number)
}
