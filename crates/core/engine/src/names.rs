//! Resolves a name in a relationship to one of the queried hosts.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{HostId, HostName};

use crate::host::{HostWatch, Kind};
use crate::leg::End;

/// The names of the asked hosts, for look-up. A host that bears the name of another is among them only as it is asked.
#[derive(Debug, Default)]
pub(crate) struct Names {
    full: BTreeMap<HostName, BTreeSet<HostId>>,
    /// The names by which hosts are asked: a person's word, which no host can take from another. Each leads to the host that
    /// is asked by it, or to the one of which that is a second address.
    claimed: BTreeMap<HostName, BTreeMap<HostId, HostId>>,
    asked_as: BTreeMap<HostId, HostName>,
    /// Names that hosts say and that are given to others, which do not say them.
    disputed: BTreeMap<HostName, BTreeSet<HostId>>,
    /// The first labels of those, which no host can take either.
    claimed_labels: BTreeMap<String, BTreeMap<HostId, HostId>>,
    labels: BTreeMap<String, BTreeSet<HostId>>,
    /// Hosts of which nobody knows yet who they are: asked by an address, and they have not answered.
    silent: BTreeSet<HostId>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// That host.
    Host(HostId),
    /// Perhaps this host, which has not said who it is.
    PerhapsSilent(HostId),
    /// Several asked hosts bear its first label: one of them, and nobody can tell which.
    Unclear,
    /// No asked host.
    NotAsked,
}

impl Names {
    pub(crate) fn new<'a>(hosts: impl Iterator<Item = &'a HostWatch>) -> Self {
        let mut names = Self::default();
        names.extend(hosts);
        names
    }

    /// Takes in these hosts.
    pub(crate) fn extend<'a>(&mut self, hosts: impl IntoIterator<Item = &'a HostWatch>) {
        for host in hosts {
            self.add(host);
        }
    }

    /// Takes in a host under the names that it has now.
    pub(crate) fn add(&mut self, host: &HostWatch) {
        let id = host.asked.id;
        if let Some(claim) = &host.asked.claim {
            let second = host.duplicate_of.as_ref().filter(|twin| twin.kind == Kind::SecondAddress);
            let host = second.map_or(id, |twin| twin.host);
            self.claimed.entry(claim.clone()).or_default().insert(id, host);
            self.claimed_labels.entry(claim.label().to_owned()).or_default().insert(id, host);
            self.asked_as.insert(id, claim.clone());
        }
        for said in host.name.iter().filter(|_| host.kind() == Some(Kind::NotTrusted)) {
            self.disputed.entry(said.clone()).or_default().insert(id);
        }
        if host.duplicate_of.is_some() {
            return;
        }
        for name in host.known_names() {
            self.full.entry(name.clone()).or_default().insert(id);
            self.labels.entry(name.label().to_owned()).or_default().insert(id);
        }
        if host.known_names().next().is_none() {
            self.silent.insert(id);
        }
    }

    /// Removes a host, which must still have the names under which it was added.
    pub(crate) fn remove(&mut self, host: &HostWatch) {
        let id = host.asked.id;
        for name in host.known_names() {
            remove_from(&mut self.full, name, id);
            remove_from(&mut self.labels, name.label(), id);
            remove_from(&mut self.disputed, name, id);
        }
        if let Some(claim) = &host.asked.claim
            && let Some(hosts) = self.claimed.get_mut(claim)
        {
            hosts.remove(&id);
            self.asked_as.remove(&id);
            if let Some(hosts) = self.claimed_labels.get_mut(claim.label()) {
                hosts.remove(&id);
            }
        }
        self.silent.remove(&id);
    }

    /// The host that counts for those that have not said who they are, if there is one.
    pub(crate) fn silent(&self) -> Option<HostId> {
        self.silent.last().copied()
    }

    /// Whether nobody knows yet who this host is.
    pub(crate) fn is_silent(&self, host: HostId) -> bool {
        self.silent.contains(&host)
    }

    /// The hosts that share a first label with this name.
    pub(crate) fn with_label(&self, name: &HostName) -> impl Iterator<Item = HostId> {
        let bearers = self.labels.get(name.label()).into_iter().flatten();
        let asked = self.claimed_labels.get(name.label()).into_iter().flat_map(BTreeMap::values);
        bearers.chain(asked).copied().collect::<BTreeSet<_>>().into_iter()
    }

    /// The hosts that are asked by a name of this first label, each under its own handle, be it a second address of another.
    pub(crate) fn asked_by_label(&self, name: &HostName) -> impl Iterator<Item = HostId> {
        self.claimed_labels.get(name.label()).into_iter().flat_map(BTreeMap::keys).copied()
    }

    /// Whether a name that a person wrote stands for the host of an end: it leads to the same host, or it is the name by
    /// which the end's host is spoken of, in full or by its first label. In doubt it does, since what it stands for is
    /// left alone.
    pub(crate) fn stand_for(&self, written: &HostName, end: &End) -> bool {
        let written = &without_port(written.as_str()).unwrap_or_else(|| written.clone());
        let own = end.host_name().and_then(without_port);
        let asked = |name: &HostName| match self.find(name) {
            Match::Host(host) => Some(host),
            Match::PerhapsSilent(_) | Match::Unclear | Match::NotAsked => None,
        };
        let host = end.shown_by().or_else(|| own.as_ref().and_then(asked));
        if host.is_some() && asked(written) == host {
            return true;
        }
        let unique = self.with_label(written).nth(1).is_none();
        let by_label = |own: &HostName| own.is_perhaps(written) && (own.is_label() || written.is_label() || unique);
        own.is_some_and(|own| own == *written || by_label(&own))
    }

    /// The hosts with this full name.
    pub(crate) fn with_name(&self, name: &HostName) -> impl Iterator<Item = HostId> {
        self.full.get(name).into_iter().flatten().copied()
    }

    /// Whether a host that is not trusted says this name.
    pub(crate) fn is_disputed(&self, name: &HostName) -> bool {
        self.disputed.keys().any(|said| said == name || said.abbreviates(name) || name.abbreviates(said))
    }

    /// The host that is asked by this name, if there is one.
    pub(crate) fn claimant(&self, name: &HostName) -> Option<HostId> {
        self.claimed.get(name)?.values().next().copied()
    }

    /// Full name first, as a host is asked before as it calls itself; then the first label if it is unique; else perhaps
    /// the silent one.
    pub(crate) fn find(&self, name: &HostName) -> Match {
        if let Some(host) = self.claimant(name).or_else(|| self.with_name(name).next()) {
            return Match::Host(host);
        }
        let mut bearers = self.with_label(name);
        match (bearers.next(), bearers.next(), self.silent()) {
            (Some(_), Some(_), _) => Match::Unclear,
            (Some(host), None, Some(silent)) if !self.is_asked_as(host, name) => Match::PerhapsSilent(silent),
            (Some(host), None, _) => Match::Host(host),
            (None, _, Some(silent)) => Match::PerhapsSilent(silent),
            (None, _, None) => Match::NotAsked,
        }
    }

    /// Whether a person's word makes a host the one of a name with the same first label: of the two names one is short.
    fn is_asked_as(&self, host: HostId, name: &HostName) -> bool {
        let asked = self.asked_as.get(&host).filter(|asked| asked.label() == name.label());
        asked.is_some_and(|asked| asked.is_label() || name.is_label())
    }
}

/// A host's name; a host that never answered is called as it was asked, with its port.
fn without_port(text: &str) -> Option<HostName> {
    let port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    HostName::new(text.rsplit_once(':').filter(|(_, digits)| port(digits)).map_or(text, |(name, _)| name))
}

fn remove_from<K, Q>(hosts: &mut BTreeMap<K, BTreeSet<HostId>>, key: &Q, id: HostId)
where
    K: Ord + Borrow<Q>,
    Q: Ord + ?Sized,
{
    if let Some(ids) = hosts.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            hosts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reprise_model::MonoTime;

    use super::*;
    use crate::setup::AskedHost;

    fn host(id: u32, name: Option<&str>) -> HostWatch {
        let asked = AskedHost {
            id: HostId(id),
            key: None,
            label: id.to_string(),
            claim: None,
            credential: None,
            vmms_timeout: Duration::ZERO,
            tier: None,
        };
        let mut host = HostWatch::new(asked, MonoTime::default());
        host.name = name.and_then(HostName::new);
        host
    }

    fn name(text: &str) -> HostName {
        HostName::new(text).unwrap()
    }

    #[test]
    fn a_name_is_looked_up_in_full_then_by_a_label_that_one_host_alone_has() {
        let mut names = Names::new([host(1, Some("hv01.a.test")), host(2, Some("hv02.a.test"))].iter());
        assert_eq!(names.find(&name("hv02.a.test")), Match::Host(HostId(2)));
        assert_eq!(names.find(&name("hv02")), Match::Host(HostId(2)));
        names.add(&host(3, Some("hv02.b.test")));
        assert_eq!(names.find(&name("hv02")), Match::Unclear, "two hosts share the label");
        assert_eq!(names.find(&name("hv02.c.test")), Match::Unclear, "it may be the old name of either");
        assert_eq!(names.find(&name("hv02.b.test")), Match::Host(HostId(3)));
        names.remove(&host(3, Some("hv02.b.test")));
        assert_eq!(names.find(&name("hv02")), Match::Host(HostId(2)));
    }

    #[test]
    fn a_host_without_a_name_may_be_any_until_it_has_one() {
        let mut names = Names::new([host(1, None), host(2, None)].iter());
        assert_eq!(names.find(&name("hv01")), Match::PerhapsSilent(HostId(2)));
        names.remove(&host(2, None));
        names.add(&host(2, Some("hv02")));
        assert_eq!(names.find(&name("hv01")), Match::PerhapsSilent(HostId(1)));
        names.remove(&host(1, None));
        names.add(&host(1, Some("hv01")));
        assert_eq!((names.find(&name("hv01")), names.silent()), (Match::Host(HostId(1)), None));
    }
}
