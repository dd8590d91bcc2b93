//! What a host is called.

use std::collections::BTreeSet;

use reprise_model::{HostKey, HostName, RelationshipId};

use super::HostWatch;
use super::duplicate::Kind;

impl HostWatch {
    /// Its name in every output. A name that is not trusted is not one.
    pub(crate) fn display_name(&self) -> String {
        let name = self.name.as_ref().filter(|_| self.kind() != Some(Kind::NotTrusted));
        name.map_or_else(|| self.asked.label.clone(), ToString::to_string)
    }

    /// What it is known by over restarts.
    pub(crate) fn key(&self) -> HostKey {
        let named = self.asked.key.clone();
        named.unwrap_or_else(|| HostKey(self.display_name()))
    }

    /// A host whose name may not be read says its short one: the full one that is known for it stays.
    pub(crate) fn in_full<'a>(&'a self, said: &'a HostName) -> &'a HostName {
        self.known_names().find(|known| said.abbreviates(known)).unwrap_or(said)
    }

    /// The names by which relationships may speak of it.
    pub(crate) fn known_names(&self) -> impl Iterator<Item = &HostName> {
        self.name.iter().chain(self.asked.claim.iter())
    }

    /// Whether both showed the same replicated objects at their last looks, as two addresses of one host do.
    pub(crate) fn shows_the_same_as(&self, other: &Self) -> bool {
        let shown = |host: &Self| -> BTreeSet<RelationshipId> {
            host.last_set.iter().flat_map(|(_, set)| set.iter().map(|(id, _)| *id)).collect()
        };
        !self.is_ready() || !other.is_ready() || shown(self) == shown(other)
    }

    /// What it is if it says the name of another host.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.duplicate_of.as_ref().map(|twin| twin.kind)
    }

    /// Whether a person's word makes it the host of a name: it is asked by that name, or by a short form of it.
    pub(crate) fn is_given(&self, name: &HostName) -> bool {
        self.asked
            .claim
            .as_ref()
            .is_some_and(|claim| claim == name || claim.abbreviates(name) || name.abbreviates(claim))
    }
}
