//! What a class and a property are, and an instance made of them.

use cim::{CimType, Key, Name, ObjectPath, Properties, Row, Value};

use super::derivation;
use crate::spec::Os;

/// The namespace of Windows itself.
pub const CIMV2: &str = "root/cimv2";
/// The namespace of the registry's provider.
pub const DEFAULT: &str = "root/default";
/// The namespace of Task Scheduler.
pub const TASK_SCHEDULER: &str = "root/Microsoft/Windows/TaskScheduler";
/// The namespace of Hyper-V.
pub const VIRTUALIZATION: &str = "root/virtualization/v2";

/// One class.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub namespace: &'static str,
    /// Its key properties.
    pub keys: &'static [&'static str],
    /// Its properties.
    pub properties: &'static [Property],
}

/// One property.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: CimType,
    /// Whether it is an array.
    pub array: bool,
    /// The first Windows that has it, as far as its page says one. Where a page names a version of Windows 10, this is the
    /// first server of that version or later: 1607 is Server 2016, 1703 to 1809 are Server 2019.
    first: Os,
    /// The last Windows that has it.
    last: Os,
}

/// What [`Property::since`] is given.
pub(super) const R2: Os = Os::Server2012R2;
pub(super) const W16: Os = Os::Server2016;
pub(super) const W19: Os = Os::Server2019;

pub(super) const fn scalar(name: &'static str, kind: CimType) -> Property {
    Property { name, kind, array: false, first: Os::Server2012, last: Os::Server2022 }
}

pub(super) const fn array(name: &'static str, kind: CimType) -> Property {
    Property { array: true, ..scalar(name, kind) }
}

impl Property {
    pub(super) const fn since(self, first: Os) -> Self {
        Self { first, ..self }
    }

    pub(super) const fn only_in(self, os: Os) -> Self {
        Self { first: os, last: os, ..self }
    }

    /// Whether that Windows has it.
    pub fn is_in(&self, os: Os) -> bool {
        (self.first..=self.last).contains(&os)
    }
}

/// Classes that Server 2012 does not have.
const NEWER_THAN_2012: [&str; 3] =
    ["Msvm_ReplicationProvider", "Msvm_ReplicationRelationship", "Msvm_SystemReplicationRelationship"];

impl Class {
    /// Whether that Windows has it.
    pub fn is_in(&self, os: Os) -> bool {
        os != Os::Server2012 || !NEWER_THAN_2012.contains(&self.name)
    }

    /// The classes that it is derived from, nearest first.
    pub fn derivation(&self) -> &'static [&'static str] {
        derivation::of(self.name)
    }

    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|p| p.name.eq_ignore_ascii_case(name))
    }

    /// Whether its instances relate others to each other: whether its keys are references.
    pub fn is_association(&self) -> bool {
        self.keys.iter().filter_map(|key| self.property(key)).any(|property| property.kind == CimType::Reference)
    }

    /// An instance: every property present, NULL where no value is given, with its path. Of a NULL array Windows sends no
    /// element, which is what it sends of an empty one.
    pub(crate) fn instance(&self, values: Vec<(&'static str, Value)>) -> Row {
        let null = |property: &Property| if property.array { Value::List(Vec::new()) } else { Value::Nil };
        let mut properties: Properties = self.properties.iter().map(|p| (Name::new(p.name), null(p))).collect();
        for (name, value) in values {
            properties.set(name, value);
        }
        let mut path = ObjectPath::new(self.namespace, self.name);
        for key in self.keys {
            let value = properties.value(*key);
            let key_value = if let Value::Reference(path) = value {
                Key::Path(path.clone())
            } else {
                Key::Text(value.lexical().unwrap_or_default())
            };
            path.keys.insert(Name::new(*key), key_value);
        }
        Row { class: Name::new(self.name), path: Some(path), properties }
    }
}
