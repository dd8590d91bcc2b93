//! Replication paths between hosts.

use std::time::Duration;

use super::{ActionError, Done};
use crate::event::CANNOT_CONNECT;
use crate::leg::At;
use crate::replication::SOON;
use crate::world::{World, ordered};

impl World {
    pub(super) fn set_link(&mut self, a: &str, b: &str, cut: bool, delay: Option<Duration>) -> Done {
        let (a, b) = (self.find_host(a)?, self.find_host(b)?);
        if a == b {
            return Err(ActionError::Unknown("link from a host to itself".to_owned()));
        }
        let link = self.links.entry(ordered(a, b)).or_default();
        link.cut = cut;
        link.delay = delay.unwrap_or(link.delay);
        let crosses = |at: &At| {
            self.leg(*at).is_some_and(|(_, leg)| ordered(leg.sender.host, leg.receiver.host) == ordered(a, b))
        };
        let crossing: Vec<At> = self.legs_of(a).into_iter().filter(crosses).collect();
        for at in crossing {
            if cut && self.leg(at).is_some_and(|(_, leg)| leg.transfer.is_some()) {
                self.miss(at, CANNOT_CONNECT);
            }
            if !cut {
                self.plan_cycle(at, SOON);
            }
        }
        Ok(())
    }
}
