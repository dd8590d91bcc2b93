//! People's commands, and changes of the policy and of the hosts.

use std::collections::BTreeSet;

use reprise_model::{HostId, Now, Policy};

use super::Controller;
use super::looking::legs_of;
use crate::command::Command;
use crate::exchange::Effect;
use crate::host::HostWatch;
use crate::setup::AskedHost;

impl Controller {
    /// Applies a person's command to all judgements from now on. An act that is only intended is withdrawn if the command
    /// forbids it; one in progress runs to its end, and its result is reported.
    pub(super) fn command(&mut self, now: Now, command: Command) {
        let policy = &mut self.setup.policy;
        match command {
            Command::Hold(hold) => policy.holds.push(hold),
            Command::Release(scope) => policy.holds.retain(|hold| hold.scope != scope),
            Command::Freeze => policy.frozen = true,
            Command::Thaw => policy.frozen = false,
            Command::Order(leg, kind) => return self.order(now, leg, kind),
            Command::Recall(leg) => return self.recall(leg),
        }
        self.judge_all_anew();
    }

    /// Something else is wanted. What people said by command stands: only they take it back.
    pub(super) fn change_policy(&mut self, policy: Policy) {
        let frozen = self.setup.policy.frozen;
        self.setup.policy = Policy { frozen, ..policy };
        self.judge_all_anew();
    }

    pub(super) fn judge_all_anew(&mut self) {
        self.excepted.clear();
        self.unmatched = Self::unmatched(&self.setup.policy, &self.matched);
        self.dirty.extend(self.legs.keys().copied());
    }

    /// Other hosts are asked: known ones stay what they are, new ones begin, and nothing more is known of those that are
    /// not among them. Hosts that only others speak of stay.
    pub(super) fn change_hosts(&mut self, now: Now, hosts: Vec<AskedHost>, effects: &mut Vec<Effect>) {
        let wanted: BTreeSet<HostId> = hosts.iter().map(|asked| asked.id).collect();
        let gone = self.hosts.keys().filter(|id| !wanted.contains(id) && !self.discovered.contains(id));
        for id in gone.copied().collect::<Vec<_>>() {
            self.forget_host(id, effects);
        }
        for asked in hosts {
            let id = asked.id;
            if let Some(known) = self.hosts.get_mut(&id) {
                self.names.remove(known);
                known.asked = asked;
                self.names.add(known);
            } else {
                let watch = HostWatch::new(asked, now.mono);
                self.names.add(&watch);
                self.hosts.insert(id, watch);
            }
            self.note_phase(id);
        }
        self.judge_all_anew();
    }

    fn forget_host(&mut self, id: HostId, effects: &mut Vec<Effect>) {
        self.dirty.extend(self.inventory.forget(id).into_iter().flat_map(legs_of));
        if let Some(host) = self.hosts.remove(&id) {
            self.names.remove(&host);
        }
        self.waiting.remove(&id);
        self.looking.remove(&id);
        self.touched.insert(id);
        effects.push(Effect::Forget(id));
    }
}
