//! Hosts that refuse a login that another host accepts: they may still be starting, so they are tried again, a few times and far
//! apart. A login that every host refuses is wrong, and further tries could lock the account.

use reprise_model::{HostId, Now};

use super::Controller;
use crate::exchange::Effect;
use crate::host::Turn;

/// Whether another host accepts the credential that one host refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    /// One does.
    Accepted,
    /// None has so far, and one has not answered yet.
    Unknown,
    /// None does.
    Refused,
}

impl Controller {
    /// Weighs a look that has shown that waiting for a host cannot help. If it may help after all, nothing has turned.
    pub(super) fn weigh_refusal(&mut self, now: Now, id: HostId, turn: Turn) -> Turn {
        let elsewhere = self.accepted_beside(id);
        let silence = self.setup.patience.silence;
        let Some(host) = self.hosts.get_mut(&id).filter(|host| turn == Turn::Late && host.is_denied()) else {
            return turn;
        };
        match elsewhere {
            Elsewhere::Refused => return turn,
            Elsewhere::Accepted => host.may_be_starting(),
            Elsewhere::Unknown => {}
        }
        if !host.tries_login_again(now.mono, silence) {
            return turn;
        }
        self.refused.insert(id);
        Turn::None
    }

    /// A host has answered: that may show of others whether their refusals count.
    pub(super) fn reconsider_refused(&mut self, effects: &mut Vec<Effect>) {
        for id in self.refused.clone() {
            let elsewhere = self.accepted_beside(id);
            let Some(host) = self.hosts.get_mut(&id).filter(|host| host.is_tried_again()) else {
                self.refused.remove(&id);
                continue;
            };
            match elsewhere {
                Elsewhere::Unknown => {}
                Elsewhere::Accepted => host.may_be_starting(),
                Elsewhere::Refused => {
                    host.is_refused_for_good();
                    self.refused.remove(&id);
                    self.note_phase(id);
                    self.tell_host(id, effects);
                    self.dirty.extend(self.inventory.shown_by(id).flat_map(super::looking::legs_of));
                    self.reconsider_open_ended(id);
                }
            }
        }
    }

    fn accepted_beside(&self, id: HostId) -> Elsewhere {
        let Some(credential) = self.host(id).and_then(|host| host.asked.credential) else { return Elsewhere::Refused };
        let others =
            || self.hosts.values().filter(|host| host.asked.id != id && host.asked.credential == Some(credential));
        if others().any(|host| host.refusals.let_in) {
            Elsewhere::Accepted
        } else if others().any(|host| !host.looked_once) {
            Elsewhere::Unknown
        } else {
            Elsewhere::Refused
        }
    }
}
