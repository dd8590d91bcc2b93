//! Relations between instances: association classes, and walks along them.

use std::collections::BTreeMap;

use cim::wql::{Related, Sought};
use cim::{CallError, Reply, Row, Value};
use uuid::Uuid;

use super::code::{NO_CLASS_IN_QUERY, invalid_query, not_there};
use super::virtualization::guid;
use crate::schema::{self, Class, VIRTUALIZATION};
use crate::world::World;

/// One kind of pair within an association class: instances of two classes that belong to the same owner.
struct Pairing {
    association: &'static str,
    near: (&'static str, &'static str),
    far: (&'static str, &'static str),
}

const fn pairing(
    association: &'static str,
    near: (&'static str, &'static str),
    far: (&'static str, &'static str),
) -> Pairing {
    Pairing { association, near, far }
}

/// What its settings belong to one to one: both have the same key.
const REPLICATION: &str = "Msvm_ReplicationRelationship";

/// Hyper-V WMI reference, the associations' pages. From a VM, replication settings hang on `Msvm_ElementSettingData`, and the
/// settings of the VM itself on `Msvm_SettingsDefineState`.
const PAIRINGS: [Pairing; 9] = [
    pairing(
        "Msvm_SystemReplicationRelationship",
        ("Antecedent", "Msvm_ComputerSystem"),
        ("Dependent", "Msvm_ReplicationRelationship"),
    ),
    pairing(
        "Msvm_ElementSettingData",
        ("ManagedElement", "Msvm_ComputerSystem"),
        ("SettingData", "Msvm_ReplicationSettingData"),
    ),
    pairing(
        "Msvm_ElementSettingData",
        ("ManagedElement", "Msvm_ReplicationService"),
        ("SettingData", "Msvm_ReplicationServiceSettingData"),
    ),
    pairing(
        "Msvm_ElementSettingData",
        ("ManagedElement", "Msvm_ReplicationService"),
        ("SettingData", "Msvm_ReplicationAuthorizationSettingData"),
    ),
    pairing(
        "Msvm_SettingsDefineState",
        ("ManagedElement", "Msvm_ComputerSystem"),
        ("SettingData", "Msvm_VirtualSystemSettingData"),
    ),
    pairing(
        "Msvm_SettingsDefineState",
        ("ManagedElement", REPLICATION),
        ("SettingData", "Msvm_ReplicationSettingData"),
    ),
    pairing(
        "Msvm_VirtualSystemSettingDataComponent",
        ("GroupComponent", "Msvm_VirtualSystemSettingData"),
        ("PartComponent", "Msvm_ProcessorSettingData"),
    ),
    pairing(
        "Msvm_VirtualSystemSettingDataComponent",
        ("GroupComponent", "Msvm_VirtualSystemSettingData"),
        ("PartComponent", "Msvm_MemorySettingData"),
    ),
    pairing(
        "Msvm_AffectedJobElement",
        ("AffectedElement", "Msvm_ComputerSystem"),
        ("AffectingElement", "Msvm_ConcreteJob"),
    ),
];

impl World {
    /// Answers a walk. The object, and every class that is named, must be there.
    pub(super) fn related(&mut self, host: usize, related: &Related) -> Result<Reply, CallError> {
        let namespace = related.object.namespace.as_str();
        let class_named = |name: &cim::Name| self.find(namespace, name.as_str(), NO_CLASS_IN_QUERY);
        let class = class_named(&related.object.class)?;
        let is_key = |key: &&str| related.object.keys.contains_key(&cim::Name::new(*key));
        if related.object.keys.len() != class.keys.len() || !class.keys.iter().all(is_key) {
            return Err(invalid_query(&format!("the path is none of {}, whose keys are others", class.name)));
        }
        let associations = match &related.association {
            Some(name) => vec![class_named(name).and_then(|class| {
                let text = format!("{} is no association", class.name);
                if class.is_association() { Ok(class) } else { Err(not_there(NO_CLASS_IN_QUERY, &text)) }
            })?],
            None => schema::classes()
                .filter(|class| {
                    class.namespace.eq_ignore_ascii_case(namespace)
                        && class.is_association()
                        && class.is_in(self.spec.os)
                })
                .collect(),
        };
        let wanted = match &related.sought {
            Sought::Instances { class: Some(name), .. } => Some(class_named(name)?),
            Sought::Instances { class: None, .. } | Sought::Associations => None,
        };
        self.instance(host, &related.object)?;
        let mut touching = Vec::new();
        for class in associations {
            touching.extend(self.seen_instances(host, class).into_iter().filter(|row| related.touches(row)));
        }
        let mut rows = match related.sought {
            Sought::Associations => touching,
            Sought::Instances { .. } => self.far_ends(host, related, &touching, wanted),
        };
        self.spoil(host, &mut rows);
        Ok(Reply::Rows(rows))
    }

    /// The instances at the other ends, each once.
    fn far_ends(&mut self, host: usize, related: &Related, touching: &[Row], wanted: Option<&Class>) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for path in touching.iter().flat_map(|row| related.far_ends(row)) {
            let fits = wanted.is_none_or(|class| path.class == *class.name);
            if !fits || rows.iter().any(|row| row.path.as_ref() == Some(path)) {
                continue;
            }
            // What is gone by now is not returned.
            rows.extend(self.instance(host, path).ok());
        }
        rows
    }

    /// Every instance of an association class: pairs of what has the same owner.
    pub(super) fn associations(&self, host: usize, class: &Class) -> Vec<Row> {
        let pairings = PAIRINGS.iter().filter(|pairing| pairing.association == class.name);
        pairings.flat_map(|pairing| self.pairs(host, pairing, class)).collect()
    }

    fn pairs(&self, host: usize, pairing: &Pairing, class: &Class) -> Vec<Row> {
        let rows = |name: &str| {
            let class = schema::class(VIRTUALIZATION, name).filter(|class| class.is_in(self.spec.os));
            class.map(|class| self.instances(host, class)).unwrap_or_default()
        };
        let whose = |row: &Row| {
            if pairing.near.1 == REPLICATION {
                return row.get_opt::<String>("InstanceID").ok()?;
            }
            self.owner(host, row)
        };
        let mut far: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows(pairing.far.1) {
            if let Some(owner) = whose(&row) {
                far.entry(owner).or_default().push(row);
            }
        }
        let mut pairs = Vec::new();
        for near in rows(pairing.near.1) {
            let owned = whose(&near).and_then(|owner| far.get(&owner));
            for far in owned.into_iter().flatten() {
                let (Some(near), Some(far)) = (&near.path, &far.path) else { continue };
                let mut values = vec![
                    (pairing.near.0, Value::Reference(Box::new(near.clone()))),
                    (pairing.far.0, Value::Reference(Box::new(far.clone()))),
                ];
                values.extend(defaults(class.name));
                pairs.push(class.instance(values));
            }
        }
        pairs
    }

    /// To whom an instance belongs: a VM by its GUID, or the replication service, of which there is one.
    fn owner(&self, host: usize, row: &Row) -> Option<String> {
        let text = |name: &str| row.get_opt::<String>(name).ok().flatten().unwrap_or_default();
        match row.class.as_str() {
            "Msvm_ComputerSystem" => Some(text("Name").to_uppercase()),
            "Msvm_ReplicationService"
            | "Msvm_ReplicationServiceSettingData"
            | "Msvm_ReplicationAuthorizationSettingData" => Some(String::new()),
            "Msvm_ConcreteJob" => {
                let id: Uuid = text("InstanceID").parse().ok()?;
                let job = self.hosts.get(host)?.jobs.get(&id)?;
                Some(guid(self.vms.get(job.at.vm)?.id))
            }
            // `Microsoft:` and the GUID, then what tells the VM's settings from each other.
            _ => Some(text("InstanceID").split(':').nth(1)?.split('\\').next()?.to_uppercase()),
        }
    }
}

/// What an association says besides its two references.
fn defaults(association: &str) -> Vec<(&'static str, Value)> {
    match association {
        "Msvm_ElementSettingData" => {
            vec![("IsCurrent", Value::Uint16(0)), ("IsDefault", Value::Uint16(0)), ("IsNext", Value::Uint16(0))]
        }
        // 0 is "unknown".
        "Msvm_AffectedJobElement" => vec![("ElementEffects", Value::List(vec![Value::Uint16(0)]))],
        _ => Vec::new(),
    }
}
