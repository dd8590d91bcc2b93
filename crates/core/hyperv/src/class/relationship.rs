//! `Msvm_ReplicationRelationship`: one replication object.

use cim::{CimType as T, DateTime, ObjectPath, PropertyError, Row, Value};
use reprise_model::{FailedOverType, Kept, RelationshipId, ReplicationState};

use super::{Object, VIRTUALIZATION, health, last_replication, relationship_id};

pub(crate) const CLASS: &str = "Msvm_ReplicationRelationship";

/// The columns that every look reads.
pub(crate) const COLUMNS: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("ReplicationState", T::Uint16),
    ("ReplicationHealth", T::Uint16),
    ("FailedOverReplicationType", T::Uint16),
    ("LastReplicationTime", T::DateTime),
];

/// Every property with its type: the whole instance is sent back when replication is resumed.
pub(crate) const PROPERTIES: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("Caption", T::String),
    ("Description", T::String),
    ("ElementName", T::String),
    ("InstallDate", T::DateTime),
    ("Name", T::String),
    ("OperationalStatus", T::Uint16),
    ("StatusDescriptions", T::String),
    ("Status", T::String),
    ("HealthState", T::Uint16),
    ("CommunicationStatus", T::Uint16),
    ("DetailedStatus", T::Uint16),
    ("OperatingStatus", T::Uint16),
    ("PrimaryStatus", T::Uint16),
    ("ReplicationState", T::Uint16),
    ("ReplicationHealth", T::Uint16),
    ("FailedOverReplicationType", T::Uint16),
    ("LastReplicationType", T::Uint16),
    ("LastReplicationTime", T::DateTime),
    ("LastApplicationConsistentReplicationTime", T::DateTime),
    ("LastApplyTime", T::DateTime),
];

/// Properties that are arrays.
const ARRAYS: [&str; 2] = ["OperationalStatus", "StatusDescriptions"];

/// Why the key of a row could not be read.
#[derive(Debug)]
pub(crate) enum NoKey {
    /// The key is missing or of another type.
    Property(PropertyError),
    /// The key does not have the documented form.
    Form(String),
}

/// Reads a row: the object's identity and its values.
pub(crate) fn read(row: &Row) -> Result<(RelationshipId, Result<Object, PropertyError>), NoKey> {
    let instance_id: String = row.get("InstanceID").map_err(NoKey::Property)?;
    let id = relationship_id(&instance_id).ok_or_else(|| NoKey::Form(instance_id.clone()))?;
    let object = || {
        Ok(Object {
            state: ReplicationState::from_number(row.get("ReplicationState")?),
            health: health(row),
            failed_over: FailedOverType::from_number(row.get_opt("FailedOverReplicationType")?.unwrap_or(0)),
            last_replication: last_replication(row.get_opt::<DateTime>("LastReplicationTime")?),
            kept: Kept::AsRelationship { instance_id },
        })
    };
    Ok((id, object()))
}

/// Returns the path of an object. In selectors the backslashes are not doubled.
pub(crate) fn path(instance_id: &str) -> ObjectPath {
    ObjectPath::new(VIRTUALIZATION, CLASS).with("InstanceID", instance_id)
}

/// Returns the whole instance as CIM-XML for the method call: the values that were read, with their types, without NULL. A
/// value that does not have its documented type is omitted too.
pub(crate) fn embedded(row: &Row) -> Result<String, cim::cimxml::WriteError> {
    let mut typed = Row::new(CLASS);
    for (name, kind) in PROPERTIES {
        let value = row.properties.value(*name);
        if let Some(value) = retyped(value, *kind, ARRAYS.contains(name)) {
            typed.properties.set(*name, value);
        }
    }
    cim::cimxml::write(&typed)
}

fn retyped(value: &Value, kind: T, array: bool) -> Option<Value> {
    if let (Value::List(items), true) = (value, array) {
        return items.iter().map(|item| scalar(item, kind)).collect::<Option<Vec<_>>>().map(Value::List);
    }
    let one = scalar(value, kind)?;
    Some(if array { Value::List(vec![one]) } else { one })
}

fn scalar(value: &Value, kind: T) -> Option<Value> {
    if let Value::Lexical(text) = value {
        return kind.read(text).ok();
    }
    let is_scalar = !matches!(value, Value::List(_)) && value.cim_type() == Some(kind);
    is_scalar.then(|| value.clone())
}
