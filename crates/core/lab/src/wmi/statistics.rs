//! Embedded instances that describe replication: statistics and errors.

use std::time::Duration;

use cim::{Row, Value};

use super::value::{never, text};
use crate::health::CRITICAL;
use crate::leg::{Leg, Vm};
use crate::world::World;

impl World {
    /// `Msvm_ReplicationStatistics` of the present monitoring window. It has no key; what is pending is known to the
    /// sender alone.
    pub(super) fn statistics(&self, host: usize, vm: &Vm, leg: &Leg, sender: bool) -> Row {
        let window = self.window(leg);
        let seconds = |length: Duration| Value::Uint32(u32::try_from(length.as_secs()).unwrap_or(u32::MAX));
        let pending = if sender { self.log_bytes(vm, leg) + leg.transfer.map_or(0, |t| t.bytes) } else { 0 };
        Row::new("Msvm_ReplicationStatistics")
            .with("ApplicationConsistentSnapshotFailureCount", Value::Uint32(0))
            .with("Caption", text("Replication Statistics"))
            .with("EndStatisticTime", self.clock(host, self.now))
            .with("LastTestFailoverTime", leg.tested.map_or_else(never, |at| self.clock(host, at)))
            .with("MaxReplicationLatency", seconds(window.latency_max))
            .with("MaxReplicationSize", Value::Uint64(window.bytes_max))
            .with("NetworkFailureCount", Value::Uint32(window.network_failures))
            .with("PendingReplicationSize", Value::Uint64(pending))
            .with("ReplicationFailureCount", Value::Uint32(window.failures))
            .with("ReplicationHealth", Value::Uint32(u32::from(self.health(leg, sender))))
            .with("ReplicationLatency", seconds(window.latency))
            .with("ReplicationMissCount", Value::Uint32(window.missed))
            .with("ReplicationSize", Value::Uint64(window.bytes))
            .with("ReplicationSuccessCount", Value::Uint32(window.ok))
            .with("StartStatisticTime", self.clock(host, self.window_began()))
    }

    /// `Msvm_Error`, one for each thing that is wrong. Clients read its Message.
    pub(super) fn issues(&self, leg: &Leg, sender: bool) -> Vec<Row> {
        let error = |(severity, message): (u16, &str)| {
            Row::new("Msvm_Error")
                .with("CIMStatusCode", Value::Uint32(1))
                .with("ErrorType", Value::Uint16(4))
                .with("Message", text(message))
                .with("OwningEntity", text("Hyper-V"))
                .with("PerceivedSeverity", Value::Uint16(if severity == CRITICAL { 6 } else { 3 }))
        };
        self.health_issues(leg, sender).into_iter().map(error).collect()
    }
}
