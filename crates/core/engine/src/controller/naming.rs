//! Which of the names that hosts say of themselves are trusted. A name by which a person has a host asked is that host's.

use reprise_model::{HostId, HostName, Now};

use super::Controller;
use super::looking::legs_of;
use crate::host::{Duplicate, HostWatch, Kind};

impl Controller {
    /// Two addresses of one host must not look like two hosts that hold the same VMs. Of two that say one name, the one that
    /// is asked by it is the host; else the one that said it first.
    pub(super) fn mark_duplicate(&mut self, now: Now, id: HostId) {
        let Some((name, claim)) = self.host(id).and_then(|host| Some((host.name.clone()?, host.asked.claim.clone())))
        else {
            return;
        };
        // Those that bear the name only by how they are asked have not said who they are.
        let bearers = self.names.with_name(&name).filter_map(|other| self.host(other));
        let say_it: Vec<HostId> = bearers.filter(|o| o.name.as_ref() == Some(&name)).map(|o| o.asked.id).collect();
        if claim.as_ref() != Some(&name) {
            let claimant = self.names.claimant(&name).filter(|claimant| say_it.contains(claimant));
            let first = claimant.or_else(|| say_it.first().copied()).and_then(|first| self.duplicate_of(first, id));
            let first = first.or_else(|| self.given_to_another(id, &name));
            self.is_duplicate_of(now, id, first);
            return;
        }
        self.is_duplicate_of(now, id, None);
        for other in say_it {
            let own = self.duplicate_of(id, other);
            if let Some(host) = self.hosts.get(&other).filter(|host| host.asked.claim.as_ref() != Some(&name)) {
                self.names.remove(host);
                self.is_duplicate_of(now, other, own);
                self.names.extend(self.hosts.get(&other));
            }
        }
    }

    /// Notes whose name a host says. What one showed that counts as another's counts no more, and one that is its own again has
    /// to become ready.
    fn is_duplicate_of(&mut self, now: Now, id: HostId, first: Option<Duplicate>) {
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let is_own_again = host.duplicate_of.is_some() && first.is_none();
        host.duplicate_of = first;
        if is_own_again {
            host.begins_anew(now.mono);
        } else if host.duplicate_of.is_some() {
            self.dirty.extend(self.inventory.forget(id).into_iter().flat_map(legs_of));
        }
        self.note_phase(id);
    }

    fn duplicate_of(&self, first: HostId, second: HostId) -> Option<Duplicate> {
        let (first, second) = (self.host(first)?, self.host(second)?);
        Some(Duplicate {
            host: first.asked.id,
            of: first.asked.label.clone(),
            // One machine has booted once. Two that bear one name must not be taken for one, and what does not say when it
            // has booted is not known to be the same.
            kind: if first.booted.is_some() && first.booted == second.booted {
                Kind::SecondAddress
            } else {
                Kind::Another
            },
        })
    }

    /// The host to which a person has given the name that this one says, if that one has not said it. One that says the full
    /// form of its short name has said which it is. While it is silent, nobody else is trusted that says its name, not even a
    /// host that is asked by an address and may be the same machine.
    fn given_to_another(&self, id: HostId, said: &HostName) -> Option<Duplicate> {
        let host = self.host(id)?;
        if host.is_given(said) {
            return None;
        }
        let is_known_otherwise = |other: &HostWatch| other.name.as_ref().is_some_and(|own| other.is_given(own));
        let asked = self.names.asked_by_label(said).filter(|other| *other != id && !self.discovered.contains(other));
        let mut asked = asked.filter_map(|other| self.host(other));
        let owner = asked.find(|other| other.is_given(said) && !is_known_otherwise(other))?;
        Some(Duplicate { host: owner.asked.id, of: owner.asked.label.clone(), kind: Kind::NotTrusted })
    }

    /// A host has said its name: who counts as another of its name may be itself now, who says the name by which it is asked
    /// may be trusted now, and then has to become ready, or may not be trusted any more.
    pub(super) fn reconsider_names(&mut self, now: Now, id: HostId) {
        let Some(first) = self.host(id) else { return };
        let counts_as_it = |host: &&HostWatch| host.duplicate_of.as_ref().is_some_and(|twin| twin.host == id);
        let says_its = |host: &&HostWatch| {
            host.duplicate_of.is_none() && host.name.as_ref().is_some_and(|name| first.is_given(name))
        };
        let label = first.asked.claim.iter().flat_map(|claim| self.names.with_label(claim));
        let trusted = label.filter_map(|other| self.host(other)).filter(says_its);
        let doubted = self.hosts.values().filter(counts_as_it).chain(trusted).map(|host| host.asked.id);
        for other in doubted.filter(|other| *other != id).collect::<Vec<_>>() {
            if let Some(host) = self.hosts.get(&other) {
                self.names.remove(host);
            }
            self.mark_duplicate(now, other);
            self.names.extend(self.hosts.get(&other));
            self.reconsider_open_ended(other);
        }
    }
}
