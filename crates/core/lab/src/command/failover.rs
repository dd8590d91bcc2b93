//! Failovers, at the receiver of a leg.

use super::{Done, not_now};
use crate::leg::At;
use crate::replication::state;
use crate::world::World;

impl World {
    pub(super) fn fail_over(&mut self, at: At) -> Done {
        let Some((_, leg)) = self.leg(at) else { return not_now("the VM is not replicated") };
        if !self.is_on(leg.receiver.host) || !matches!(leg.receiver.state, state::REPLICATING | state::SUSPENDED) {
            return not_now("the replica is not in a state to be failed over");
        }
        if let Some(leg) = self.leg_mut(at) {
            leg.receiver.state = state::FAILED_OVER;
            leg.receiver.failed_over = 1;
        }
        Ok(())
    }

    pub(super) fn settle(&mut self, at: At, to: u16) -> Done {
        match self.leg_mut(at) {
            Some(leg) if leg.receiver.state == state::FAILED_OVER => {
                leg.receiver.state = to;
                if to == state::REPLICATING {
                    leg.receiver.failed_over = 0;
                }
                Ok(())
            }
            Some(_) | None => not_now("no failover waits for completion"),
        }
    }
}
