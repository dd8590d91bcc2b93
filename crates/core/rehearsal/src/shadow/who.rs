//! Which host a name means and which end receives, by the contract's rule for names (section 1) and the design's for
//! receivers (section 9): full name first, then the first label if one host alone bears it.

use std::collections::{BTreeMap, BTreeSet};

use reprise_engine::Side;
use reprise_model::{HostId, LegId};

use super::{End, Shadow};

/// All names of one host.
pub(crate) type Names = BTreeSet<String>;

fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The only one, or none.
fn single<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

/// Which of the hosts bears a name.
pub(crate) fn bearer<'a, K: Copy>(hosts: impl Iterator<Item = (K, &'a Names)> + Clone, name: &str) -> Option<K> {
    let name = name.to_lowercase();
    let full = hosts.clone().find(|(_, names)| names.contains(&name));
    let by_label = || single(hosts.filter(|(_, names)| names.iter().any(|own| label(own) == label(&name))));
    full.or_else(by_label).map(|(host, _)| host)
}

/// How many hosts bear the first label of a name.
fn bearers<'a, K: Copy>(hosts: impl Iterator<Item = (K, &'a Names)>, name: &str) -> usize {
    let name = name.to_lowercase();
    hosts.filter(|(_, names)| names.iter().any(|own| label(own) == label(&name))).count()
}

/// Whether a person's word for a host means the one that an end calls so. Where it is not certain, it does: what it means is
/// left alone.
pub(super) fn means<'a>(word: &str, called: &str, hosts: impl Iterator<Item = &'a Names> + Clone) -> bool {
    let (word, called) = (word.to_lowercase(), called.to_lowercase());
    let numbered = hosts.clone().enumerate();
    let host = bearer(numbered.clone(), &called);
    let bare = |name: &str| label(name) == name;
    let alike = label(&word) == label(&called);
    let alone = hosts.filter(|names| names.iter().any(|own| label(own) == label(&word))).count() <= 1;
    word == called
        || host.is_some() && host == bearer(numbered, &word)
        || alike && (bare(&word) || bare(&called) || alone)
}

/// Which of the receivers of a leg is the one that its sender means. `sends` is the sender's host.
pub(crate) fn receiver<'a, K: Copy + PartialEq + 'a>(
    sender: Option<(K, &End)>,
    receivers: &[(K, &'a End)],
    hosts: &(impl Iterator<Item = (K, &'a Names)> + Clone),
) -> Option<(K, &'a End)> {
    let Some((sends, sender)) = sender else { return receivers.first().copied() };
    let named = |end: &End| end.settings.as_ref().and_then(|settings| settings.recovery.clone());
    let Some(wanted) = named(sender) else {
        let primary = |end: &End| end.settings.as_ref().and_then(|settings| settings.primary.clone());
        let ours = |end: &End| primary(end).and_then(|name| bearer(hosts.clone(), &name)) == Some(sends);
        return single(receivers.iter().copied().filter(|(_, end)| ours(end)));
    };
    if let Some(host) = bearer(hosts.clone(), &wanted) {
        return receivers.iter().copied().find(|(on, _)| *on == host);
    }
    if bearers(hosts.clone(), &wanted) > 1 {
        return None;
    }
    let like = |name: &str| label(&name.to_lowercase()) == label(&wanted.to_lowercase());
    let may_be = |(on, end): &(K, &End)| {
        let known = hosts.clone().find(|(host, _)| host == on).map(|(_, known)| known);
        known.is_some_and(|known| {
            known.iter().any(|own| like(own)) || known.is_empty() && named(end).is_some_and(|own| like(&own))
        })
    };
    single(receivers.iter().copied().filter(may_be))
}

/// What a host says it is called, where another one is asked by that name: it shares its first label, and is not it.
fn only_said(name: &str) -> String {
    format!("{name} (as it says)")
}

impl Shadow {
    /// A host says what it is called. By `SECURITY.md` a name by which another host is asked is that one's; of two that say
    /// one name, the one that is asked by it counts, else the first that said it; and two that have booted at one time are
    /// two addresses of one machine.
    pub(super) fn says(&mut self, host: HostId, name: &str, booted: Option<i64>) {
        let known = self.said.iter_mut().find(|(on, said, _)| *on == host && said == name);
        if let Some((_, _, at)) = known {
            *at = booted.or(*at);
        } else {
            self.renamed |= self.said.iter().any(|(on, said, _)| *on == host || said == name);
            self.said.retain(|(on, _, _)| *on != host);
            self.said.push((host, name.to_owned(), booted));
        }
        self.names_anew();
        for second in &self.seconds {
            self.hosts.remove(second);
        }
    }

    /// Which of those that say a name is the one of it.
    fn first_of(&self, name: &str) -> Option<HostId> {
        let mut say_it = self.said.iter().filter(|(_, said, _)| said == name).map(|(host, _, _)| *host);
        let asked = say_it.clone().find(|host| self.claims.get(host).is_some_and(|claim| claim == name));
        asked.or(say_it.next())
    }

    /// All names of all hosts, from how they are asked and what they say.
    pub(super) fn names_anew(&mut self) {
        let mut names: BTreeMap<HostId, Names> = self.names.keys().map(|host| (*host, Names::new())).collect();
        for (host, claim) in &self.claims {
            names.entry(*host).or_default().insert(claim.clone());
        }
        self.seconds.clear();
        for (host, name, booted) in self.said.clone() {
            let first = self.first_of(&name).filter(|first| *first != host);
            let claimed = self.claims.iter().any(|(on, claim)| *on != host && *claim == name);
            match first {
                Some(first) => {
                    self.seconds.insert(host);
                    names.entry(host).or_default().insert(format!("second of {name}"));
                    let same = self.said.iter().any(|(on, _, at)| *on == first && at.is_some() && *at == booted);
                    if let Some(claim) = self.claims.get(&host).filter(|_| same).cloned() {
                        names.entry(host).or_default().remove(&claim);
                        names.entry(first).or_default().insert(claim);
                    }
                }
                None if claimed => {
                    names.entry(host).or_default().insert(only_said(&name));
                }
                None => {
                    names.entry(host).or_default().insert(name);
                }
            }
        }
        self.names = names;
    }

    /// The receiver that counts: the one that the sender names.
    pub(super) fn receiver(&self, leg: LegId) -> Option<(HostId, &End)> {
        let receivers: Vec<_> = self.ends(leg, Side::Receiver).collect();
        receiver(self.sender(leg), &receivers, &self.names.iter().map(|(host, names)| (*host, names)))
    }

    /// Whether an asked host is the one that a relationship calls so, or may be: one that has not said who it is.
    pub(super) fn is_asked(&self, name: &str) -> bool {
        let hosts = self.names.iter().map(|(host, names)| (*host, names));
        // A name that several hosts may bear is unclear, and not one that nobody asked.
        bearer(hosts.clone(), name).is_some() || bearers(hosts, name) > 1 || self.names.values().any(BTreeSet::is_empty)
    }
}
