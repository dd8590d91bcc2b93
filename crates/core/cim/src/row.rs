//! One instance, or one row of a query: its class, its path if known, and its properties.

use std::collections::BTreeMap;

use crate::{FromValue, Name, ObjectPath, Value, ValueError};

/// Named values in Windows' order: alphabetical without case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(BTreeMap<Name, Value>);

/// An instance or a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The class of the instance, which may be derived from the one that was asked for. Empty where the transport does
    /// not say it (a query with a column list).
    pub class: Name,
    /// Where the instance is; `None` where the transport did not say it.
    pub path: Option<ObjectPath>,
    /// The values.
    pub properties: Properties,
}

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
        self.0.insert(name.into(), value);
    }

    /// The same with one more value, for building.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// The value; NULL if there is none of that name.
    pub fn value(&self, name: impl Into<Name>) -> &Value {
        self.0.get(&name.into()).unwrap_or(&NIL)
    }

    /// Whether there is a value, be it NULL.
    pub fn contains(&self, name: impl Into<Name>) -> bool {
        self.0.contains_key(&name.into())
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.0.iter()
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
    pub fn get<T: FromValue>(&self, name: impl Into<Name>) -> Result<T, PropertyError> {
        let property = name.into();
        self.get_opt(property.clone())?.ok_or(PropertyError::Missing { property })
    }

    /// Reads a value that may be absent or NULL.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the property.
    pub fn get_opt<T: FromValue>(&self, name: impl Into<Name>) -> Result<Option<T>, PropertyError> {
        let property = name.into();
        match self.0.get(&property) {
            None | Some(Value::Nil) => Ok(None),
            Some(value) => {
                T::from_value(value).map(Some).map_err(|source| PropertyError::Unreadable { property, source })
            }
        }
    }
}

impl FromIterator<(Name, Value)> for Properties {
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl IntoIterator for Properties {
    type Item = (Name, Value);
    type IntoIter = std::collections::btree_map::IntoIter<Name, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Row {
    /// A row of a class, without a path and without properties.
    pub fn new(class: impl Into<Name>) -> Self {
        Self { class: class.into(), path: None, properties: Properties::new() }
    }

    /// The same with one more value, for building.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: Value) -> Self {
        self.properties.set(name, value);
        self
    }

    /// Reads a property that must be there.
    ///
    /// # Errors
    /// [`PropertyError`] names the property.
    pub fn get<T: FromValue>(&self, name: impl Into<Name>) -> Result<T, PropertyError> {
        self.properties.get(name)
    }

    /// Reads a property that may be absent or NULL.
    ///
    /// # Errors
    /// [`PropertyError::Unreadable`] names the property.
    pub fn get_opt<T: FromValue>(&self, name: impl Into<Name>) -> Result<Option<T>, PropertyError> {
        self.properties.get_opt(name)
    }
}
