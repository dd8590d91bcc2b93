//! Virtual time: due events happen in order.

use std::time::Duration;

use crate::host::Host;
use crate::world::{Due, World};

/// Maximum number of things that may become due within one call of [`World::advance`]: bounds a runaway, far above a year of the
/// largest lab in one step.
const STEPS_MAX: usize = 50_000_000;

impl World {
    /// When the next due event happens.
    pub fn next_change(&self) -> Option<Duration> {
        let loading = self.hosts.iter().filter_map(Host::ready_at).filter(|at| *at > self.now);
        loading.chain(self.next_due()).min()
    }

    /// Lets time pass. It does not run backwards.
    pub fn advance(&mut self, to: Duration) {
        for _ in 0..STEPS_MAX {
            let Some((at, due)) = self.take_due(to) else { break };
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(to);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::VmmsUp(host) => {
                let now = self.now;
                if let Some(host) = self.hosts.get_mut(host) {
                    host.vmms_is_up(now);
                }
            }
            Due::Cycle(at) => self.cycle(at),
            Due::Arrival(at, number) => self.arrive(at, number),
            Due::JobEnd(host, id) => self.end_job(host, id),
            Due::JobGone(host, id) => {
                if let Some(host) = self.hosts.get_mut(host) {
                    host.jobs.remove(&id);
                }
            }
            Due::LogCheck(at) => self.check_log(at),
            Due::FlipBack { at, sender, from, to, why } => self.flip_back(at, sender, (from, to), why),
            Due::Resync(at) => self.resync_is_due(at),
            Due::ResyncHours(at) => self.resync_by_itself(at),
        }
    }
}
