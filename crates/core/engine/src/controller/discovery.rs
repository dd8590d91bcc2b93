//! Discovers hosts: those that no configuration lists but a relationship names are queried too, if enabled.

use reprise_model::{HostId, HostName, LegId, Now};

use super::Controller;
use crate::exchange::Effect;
use crate::host::HostWatch;
use crate::leg::{End, Whereabouts};
use crate::names::Match;
use crate::setup::AskedHost;

/// Maximum number of discovered hosts: a host that names unknown hosts without end must not make us connect to all of them.
const DISCOVERED_MAX: usize = 1_000;

impl Controller {
    /// Notes the hosts that a leg speaks of and that are not asked.
    pub(super) fn hear_of(&mut self, id: LegId) {
        if !self.setup.discover {
            return;
        }
        let Some(watch) = self.legs.get(&id) else { return };
        let leg = &watch.leg;
        for (end, other) in [(&leg.sender, &leg.receiver), (&leg.receiver, &leg.sender)] {
            let (End::NotSeen(end), Some(other)) = (end, other.seen()) else { continue };
            let name = end.host_name.as_deref().and_then(HostName::new).filter(HostName::is_address_part);
            if let (Some(name), Whereabouts::NotAsked) = (name, &end.whereabouts) {
                self.heard_of.entry(name).or_insert(other.host);
            }
        }
    }

    /// Begins to ask the hosts that legs spoke of, and judges those legs again.
    pub(super) fn ask_peers(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let mut heard_of: Vec<_> = std::mem::take(&mut self.heard_of).into_iter().collect();
        // Full names first: a first label that somebody else uses then leads to the same host.
        heard_of.sort_by_key(|(name, _)| name.is_label());
        for (name, like) in heard_of {
            if matches!(self.names.find(&name), Match::Host(_)) {
                continue;
            }
            let Some(model) = self.hosts.get(&like) else { continue };
            if self.discovered.len() >= DISCOVERED_MAX {
                return;
            }
            let last = self.hosts.last_key_value().map_or(0, |(id, _)| id.0);
            let host = HostId(last.saturating_add(1));
            let asked = AskedHost {
                id: host,
                key: None,
                label: name.to_string(),
                claim: Some(name.clone()),
                credential: model.asked.credential,
                vmms_timeout: model.asked.vmms_timeout,
                tier: model.asked.tier,
            };
            let watch = HostWatch::new(asked, now.mono);
            self.names.add(&watch);
            self.hosts.insert(host, watch);
            self.discovered.insert(host);
            self.note_phase(host);
            self.reconsider_open_ended(host);
            effects.push(Effect::Ask { host, name, like });
        }
        self.rejudge(now, effects);
    }
}
