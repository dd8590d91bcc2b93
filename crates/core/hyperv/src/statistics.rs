//! How much data waits to be sent (`Msvm_ReplicationStatistics`). Only what shows figures to people asks for it: nothing is
//! decided by it, and it takes a call for each VM.

use std::collections::BTreeMap;

use cim::{Argument, ObjectPath, Port, Row, Value};
use reprise_model::Kept;

use crate::class::{VIRTUALIZATION, relationship, select, service, virtual_machine};
use crate::codes;

/// What a host is asked with, for all of its VMs.
#[derive(Debug)]
pub struct Statistics {
    service: ObjectPath,
    /// The replication objects as the host showed them, by their keys in lower case.
    objects: BTreeMap<String, Row>,
}

impl Statistics {
    /// Prepares to ask a host for the figures of these objects: one query for the service, and one for the objects if the host
    /// keeps them as instances of their own. `None` if the host does not answer, or shows no service.
    pub async fn prepare(port: &impl Port, objects: &[Kept]) -> Option<Self> {
        port.note("reading the replication service");
        let services = select(service::SERVICE, service::KEYS);
        let services = cim::query(port, VIRTUALIZATION, services).await.ok()?;
        let service = service::path(services.first()?)?;
        if !objects.iter().any(|kept| matches!(kept, Kept::AsRelationship { .. })) {
            return Some(Self { service, objects: BTreeMap::new() });
        }
        let wanted = select(relationship::CLASS, relationship::PROPERTIES);
        let rows = cim::query(port, VIRTUALIZATION, wanted).await.ok()?;
        let keyed = |row: Row| Some((row.get::<String>("InstanceID").ok()?.to_lowercase(), row));
        Some(Self { service, objects: rows.into_iter().filter_map(keyed).collect() })
    }

    /// Asks how many bytes an object has still to send. `vm_key` is its VM's name as the host wrote it. `None` if the host does
    /// not say.
    pub async fn pending_bytes(&self, port: &impl Port, vm_key: &str, kept: &Kept) -> Option<u64> {
        port.note("reading statistics");
        let vm = Value::Reference(Box::new(virtual_machine::path(vm_key)));
        let mut arguments = vec![Argument::new("ComputerSystem", vm)];
        let method = match kept {
            Kept::AsRelationship { instance_id } => {
                let object = self.objects.get(&instance_id.to_lowercase())?;
                let embedded = Value::String(relationship::embedded(object).ok()?);
                arguments.push(Argument::new("ReplicationRelationship", embedded));
                "GetReplicationStatisticsEx"
            }
            Kept::InVm => "GetReplicationStatistics",
        };
        let output = cim::invoke(port, self.service.clone(), method, arguments).await.ok()?;
        if output.return_value().ok()?? != codes::DONE {
            return None;
        }
        let statistics: Vec<String> = output.get_opt("ReplicationStatistics").ok()??;
        let row = cim::cimxml::read(statistics.first()?).ok()?;
        row.get("PendingReplicationSize").ok()
    }
}
