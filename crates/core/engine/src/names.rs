//! Which asked host bears a name that a relationship speaks of.

use std::collections::BTreeMap;

use reprise_model::{HostId, HostName};

use crate::host::HostWatch;

/// The names of the asked hosts, for look-up.
#[derive(Debug, Default)]
pub(crate) struct Names {
    full: BTreeMap<HostName, HostId>,
    /// First labels; `None` where two hosts share one.
    labels: BTreeMap<String, Option<HostId>>,
    /// A host of which nobody knows yet who it is: asked by an address, and it has not answered.
    silent: Option<HostId>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// That host.
    Host(HostId),
    /// Perhaps this host, which has not said who it is.
    PerhapsSilent(HostId),
    /// No asked host.
    NotAsked,
}

impl Names {
    pub(crate) fn new<'a>(hosts: impl Iterator<Item = &'a HostWatch>) -> Self {
        let mut names = Self::default();
        for host in hosts.filter(|h| h.duplicate_of.is_none()) {
            for name in host.known_names() {
                names.full.entry(name.clone()).or_insert(host.asked.id);
                let label = names.labels.entry(name.label().to_owned()).or_insert(Some(host.asked.id));
                if *label != Some(host.asked.id) {
                    *label = None;
                }
            }
            if host.known_names().next().is_none() {
                names.silent = Some(host.asked.id);
            }
        }
        names
    }

    /// The host that counts for those that have not said who they are, if there is one.
    pub(crate) fn silent(&self) -> Option<HostId> {
        self.silent
    }

    /// Full name first, then the first label if it is unique; else perhaps the silent one.
    pub(crate) fn find(&self, name: &HostName) -> Match {
        let by_label = || self.labels.get(name.label()).copied().flatten();
        match (self.full.get(name).copied().or_else(by_label), self.silent) {
            (Some(host), _) => Match::Host(host),
            (None, Some(silent)) => Match::PerhapsSilent(silent),
            (None, None) => Match::NotAsked,
        }
    }
}
