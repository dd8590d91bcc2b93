//! What is watched: a class, the key of its instances, and the properties that matter.

use cim::wql::{Columns, Select};
use cim::{CallError, ErrorKind, Name, Namespace, Reached, Request, Row, Value};

/// Which instances are watched, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub(super) namespace: Namespace,
    pub(super) class: Name,
    key: Vec<Name>,
    columns: Vec<Name>,
}

/// By which values of its key an instance is known, without case, as Windows compares keys.
pub(super) type KeyText = Vec<String>;

impl Watch {
    /// All instances of a class and of what is derived from it, with all their properties. `key` names the properties that
    /// tell them apart: events and queries say the properties of an instance, and not which of them are its key.
    pub fn new(namespace: impl Into<Namespace>, class: impl Into<Name>, key: impl IntoIterator<Item = Name>) -> Self {
        Self { namespace: namespace.into(), class: class.into(), key: key.into_iter().collect(), columns: Vec::new() }
    }

    /// Only these properties, and the key: what else changes is no change, and is not asked for.
    #[must_use]
    pub fn only(mut self, columns: impl IntoIterator<Item = Name>) -> Self {
        self.columns = columns.into_iter().filter(|name| !self.key.contains(name)).collect();
        self
    }

    /// The question for all instances as they are now.
    pub(super) fn request(&self) -> Request {
        let columns = if self.columns.is_empty() {
            Columns::All
        } else {
            Columns::Named(self.key.iter().chain(&self.columns).cloned().collect())
        };
        let select = Select { columns, class: self.class.clone(), condition: None };
        Request::Query { namespace: self.namespace.clone(), select }
    }

    /// What of an instance is watched, and its key.
    pub(super) fn part(&self, row: Row) -> Result<(KeyText, Row), CallError> {
        let key = self.key.iter().map(|name| self.text(&row, name)).collect::<Result<KeyText, CallError>>()?;
        let watched = |name: &Name| self.columns.is_empty() || self.columns.contains(name) || self.key.contains(name);
        // A row with columns does not say its class.
        let class = if row.class.as_str().is_empty() { self.class.clone() } else { row.class };
        let properties = row.properties.into_iter().filter(|(name, _)| watched(name)).collect();
        Ok((key, Row { class, path: row.path, properties }))
    }

    fn text(&self, row: &Row, name: &Name) -> Result<String, CallError> {
        let value = row.properties.value(name.clone());
        let text = if let Value::Reference(path) = value { Some(path.to_string()) } else { value.lexical() };
        text.map(|text| text.to_lowercase()).ok_or_else(|| {
            let message = format!("an instance of {} has no {name}, which is to tell it from others", self.class);
            CallError::new(ErrorKind::Malformed, Reached::Yes, message)
        })
    }
}
