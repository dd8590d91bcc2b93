//! Building rows and reading their properties.

use crate::{FromValue, Key, Name, ObjectPath, Properties, Row, Value, ValueError};

/// A property was missing, NULL or unreadable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// The property is absent or NULL, and the reader needs it.
    #[error("property {property} is missing or NULL")]
    Missing {
        /// Its name.
        property: Name,
    },
    /// The property has a value of another type.
    #[error("property {property} cannot be read")]
    Unreadable {
        /// Its name.
        property: Name,
        /// What was expected and found.
        #[source]
        source: ValueError,
    },
}

static NIL: Value = Value::Nil;

impl Properties {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value, in place of an earlier one of the same name.
    pub fn set(&mut self, name: impl Into<Name>, value: Value) {
        let name = name.into();
        match self.0.binary_search_by(|(own, _)| own.cmp(&name)) {
            Ok(at) => {
                if let Some((_, old)) = self.0.get_mut(at) {
                    *old = value;
                }
            }
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Adds a value, for building.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// Most names of a row differ in length already, so going through all of them is faster than halving.
    fn lookup(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The value; NULL if there is none of that name.
    pub fn value(&self, name: impl AsRef<str>) -> &Value {
        self.lookup(name.as_ref()).unwrap_or(&NIL)
    }

    /// Whether there is a value, be it NULL.
    pub fn contains(&self, name: impl AsRef<str>) -> bool {
        self.lookup(name.as_ref()).is_some()
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a value that must be there.
    ///
    /// # Errors
    /// [`PropertyError`] names the property.
    pub fn get<T: FromValue>(&self, name: impl AsRef<str>) -> Result<T, PropertyError> {
        let name = name.as_ref();
        self.get_opt(name)?.ok_or_else(|| PropertyError::Missing { property: name.into() })
    }

    /// Reads a value that may be absent or NULL.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the property.
    pub fn get_opt<T: FromValue>(&self, name: impl AsRef<str>) -> Result<Option<T>, PropertyError> {
        self.read(name.as_ref(), T::from_value)
    }

    /// Reads a string that may be absent or NULL, where it is.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the property.
    pub fn text(&self, name: impl AsRef<str>) -> Result<Option<&str>, PropertyError> {
        self.read(name.as_ref(), Value::text)
    }

    fn read<'v, T>(
        &'v self,
        name: &str,
        read: impl FnOnce(&'v Value) -> Result<T, ValueError>,
    ) -> Result<Option<T>, PropertyError> {
        match self.lookup(name) {
            None | Some(Value::Nil) => Ok(None),
            Some(value) => {
                let unreadable = |source| PropertyError::Unreadable { property: name.into(), source };
                read(value).map(Some).map_err(unreadable)
            }
        }
    }
}

impl Row {
    /// Approximate memory that the row takes, in bytes. Names are left out: the rows of an answer share them.
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + self.path.as_ref().map_or(0, of_keys) + of_properties(&self.properties)
    }
}

impl Properties {
    /// Approximate memory that they take, in bytes; see [`Row::footprint`].
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + of_properties(self)
    }
}

fn of_properties(properties: &Properties) -> usize {
    properties.0.iter().map(|(_, value)| size_of::<(Name, Value)>() + of_value(value)).sum()
}

/// What a value takes besides its own place.
fn of_value(value: &Value) -> usize {
    match value {
        Value::Lexical(text) | Value::String(text) => text.len(),
        Value::Reference(path) => size_of::<ObjectPath>() + of_keys(path),
        Value::Object(row) => row.footprint(),
        Value::List(items) => items.iter().map(|item| size_of::<Value>() + of_value(item)).sum(),
        Value::Nil
        | Value::Boolean(_)
        | Value::Uint8(_)
        | Value::Uint16(_)
        | Value::Uint32(_)
        | Value::Uint64(_)
        | Value::Sint8(_)
        | Value::Sint16(_)
        | Value::Sint32(_)
        | Value::Sint64(_)
        | Value::Real64(_)
        | Value::Char16(_)
        | Value::DateTime(_) => 0,
    }
}

/// What a path takes besides its own place.
fn of_keys(path: &ObjectPath) -> usize {
    let of_key = |key: &Key| match key {
        Key::Text(text) => text.len(),
        Key::Path(path) => size_of::<ObjectPath>() + of_keys(path),
    };
    path.keys.values().map(|key| size_of::<(Name, Key)>() + of_key(key)).sum()
}

impl FromIterator<(Name, Value)> for Properties {
    /// Of several values of one name the last stays.
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(items: I) -> Self {
        let mut all: Vec<(Name, Value)> = items.into_iter().collect();
        let ascends = |pair: &[(Name, Value)]| matches!(pair, [(a, _), (b, _)] if a < b);
        if all.windows(2).all(ascends) {
            return Self(all);
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|(later, value), (earlier, kept)| {
            let same = later == earlier;
            if same {
                std::mem::swap(value, kept);
            }
            same
        });
        Self(all)
    }
}

impl IntoIterator for Properties {
    type Item = (Name, Value);
    type IntoIter = std::vec::IntoIter<(Name, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Row {
    /// A row of a class, without a path and without properties.
    pub fn new(class: impl Into<Name>) -> Self {
        Self { class: class.into(), path: None, properties: Properties::new() }
    }

    /// Adds a value, for building.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: Value) -> Self {
        self.properties.set(name, value);
        self
    }

    /// Reads a property that must be there.
    ///
    /// # Errors
    /// [`PropertyError`] names the property.
    pub fn get<T: FromValue>(&self, name: impl AsRef<str>) -> Result<T, PropertyError> {
        self.properties.get(name)
    }

    /// Reads a property that may be absent or NULL.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the property.
    pub fn get_opt<T: FromValue>(&self, name: impl AsRef<str>) -> Result<Option<T>, PropertyError> {
        self.properties.get_opt(name)
    }

    /// Reads a string that may be absent or NULL, where it is.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the property.
    pub fn text(&self, name: impl AsRef<str>) -> Result<Option<&str>, PropertyError> {
        self.properties.text(name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn items() -> impl Strategy<Value = Vec<(Name, Value)>> {
        let item = ("[aAbBcC]{1,2}", any::<u8>()).prop_map(|(name, n)| (Name::from(name), Value::Uint8(n)));
        prop::collection::vec(item, 0..12)
    }

    proptest! {
        #[test]
        fn properties_are_a_map_from_names_without_case(first in items(), more in items(), asked in "[aAbBcC]{1,2}") {
            let mut properties: Properties = first.iter().cloned().collect();
            let mut map: BTreeMap<Name, Value> = first.into_iter().collect();
            for (name, value) in more {
                properties.set(name.clone(), value.clone());
                map.insert(name, value);
            }
            prop_assert!(properties.iter().eq(map.iter()));
            prop_assert_eq!(properties.len(), map.len());
            let expected = map.get(&Name::from(asked.as_str()));
            prop_assert_eq!(properties.contains(&asked), expected.is_some());
            prop_assert_eq!(properties.value(&asked), expected.unwrap_or(&NIL));
        }
    }
}
