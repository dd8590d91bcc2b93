//! Who the hosts are that a run asks, and who receives.

use std::collections::{BTreeMap, BTreeSet};

use reprise_engine::Side;
use reprise_model::{HostId, LegId};

use super::names::{Names, bearer, bearers, receiver};
use super::shown::End;
use super::state::Shadow;

/// What a host says it is called, where another one is asked by that name: it shares its first label, and is not it.
fn only_said(name: &str) -> String {
    format!("{name} (as it says)")
}

impl Shadow {
    /// A host says what it is called. By `SECURITY.md` a name by which another host is asked is that one's; of two that say
    /// one name, the one that is asked by it counts, else the first that said it; and two that have booted at one time are
    /// two addresses of one machine, and stay that when it boots again, until one says another name.
    pub(super) fn says(&mut self, host: HostId, name: &str, booted: Option<i64>) {
        let known = self.said.iter_mut().find(|(on, said, _)| *on == host && said == name);
        if let Some((_, _, at)) = known {
            *at = booted.or(*at);
        } else {
            self.renamed |= self.said.iter().any(|(on, said, _)| *on == host || said == name);
            self.said.retain(|(on, _, _)| *on != host);
            self.said.push((host, name.to_owned(), booted));
            self.one_machine.retain(|pair| !pair.contains(&host));
        }
        let same = |(_, said, at): &&(HostId, String, Option<i64>)| said == name && at.is_some() && *at == booted;
        self.one_machine.extend(self.said.iter().filter(same).map(|(on, _, _)| BTreeSet::from([*on, host])));
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
        for (host, name, _) in self.said.clone() {
            let first = self.first_of(&name).filter(|first| *first != host);
            let claimed = self.claims.iter().any(|(on, claim)| *on != host && *claim == name);
            if first.is_none() && self.is_of_another(host, &name) {
                self.seconds.insert(host);
            }
            match first {
                Some(first) => {
                    self.seconds.insert(host);
                    names.entry(host).or_default().insert(format!("second of {name}"));
                    let same = self.one_machine.contains(&BTreeSet::from([first, host]));
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

    /// Whether a person has given the name that a host says to another one, which has not said it. By `SECURITY.md` it is not
    /// trusted.
    fn is_of_another(&self, host: HostId, name: &str) -> bool {
        let mut given = self.claims.iter().filter(|(on, claim)| **on != host && *claim == name);
        self.claims.get(&host).is_none_or(|own| own != name) && given.any(|(on, _)| !self.discovered.contains(on))
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
