//! One replication object, from whichever class it was read.

use reprise_model::{
    FailedOverType, Kept, LastReplication, RelationshipId, ReplicationObject, ReplicationSettings, ReplicationState,
    Seen,
};

/// One replication object as its class shows it, without its settings.
#[derive(Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) kept: Kept,
    pub(crate) state: ReplicationState,
    pub(crate) failed_over: FailedOverType,
    pub(crate) last_replication: LastReplication,
}

impl Object {
    /// Adds the identity and the settings.
    pub(crate) fn with(self, id: RelationshipId, settings: Seen<ReplicationSettings>) -> ReplicationObject {
        let Self { kept, state, failed_over, last_replication } = self;
        ReplicationObject { id, kept, state, failed_over, last_replication, settings }
    }
}
