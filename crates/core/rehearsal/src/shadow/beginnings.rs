//! Whether the pause of a sender was seen to begin (design, section 3), on each host that shows it: what another host says of the
//! same VM is another object's state, unless the VM has moved.

use reprise_model::{HostId, LegId, PausedRule};

use super::beginning::Beginning;
use super::shown::Ends;
use super::state::Shadow;

impl Shadow {
    /// A look shows a sender.
    pub(super) fn sees_sender(&mut self, leg: LegId, state: u16, host: HostId, boots: Option<u32>) {
        self.first.entry(leg).or_insert(state);
        let known = self.beginnings.get(&(leg, host)).copied();
        let mut own = known.unwrap_or_default();
        if state != 7 {
            let ran = boots.or(own.ran).unwrap_or(0);
            own = Beginning { ran: Some(ran), found_running: boots.is_none(), ..Beginning::default() };
            self.beginnings.insert((leg, host), own);
            return;
        }
        // A VM that was moved meanwhile was seen to run, and its new host has not booted for that.
        let has_moved = known.is_none_or(|known| known.gone) && self.ran_elsewhere(leg, host);
        if has_moved {
            own = Beginning { ran: boots, ..Beginning::default() };
        }
        // Until a look says how often its new host has booted, it is as if it came only now.
        own.gone = has_moved && boots.is_none();
        let booted = !has_moved && own.ran.is_some_and(|ran| boots.is_some_and(|boots| boots != ran));
        let ran = has_moved || own.ran.is_some();
        if !ran || booted && !own.seen {
            own.unseen = true;
        }
        if ran && !booted {
            own.seen |= boots.is_some();
            own.perhaps_seen = true;
        }
        self.beginnings.insert((leg, host), own);
    }

    /// Whether another host showed a sender not paused.
    fn ran_elsewhere(&self, leg: LegId, host: HostId) -> bool {
        self.beginnings.iter().any(|((own, on), known)| *own == leg && *on != host && known.ran.is_some())
    }

    /// A look at a host does not show what it showed before.
    pub(super) fn misses_senders(&mut self, host: HostId, shown: &Ends) {
        let is_gone = |leg: LegId| !shown.shows_sender(leg);
        for ((leg, _), own) in self.beginnings.iter_mut().filter(|((_, on), _)| *on == host) {
            own.gone |= is_gone(*leg);
        }
    }

    /// The read before an act showed that a sender is not paused any more.
    pub(super) fn found_otherwise(&mut self, leg: LegId, host: HostId, boots: u32) {
        let own = Beginning { ran: Some(boots), found_running: true, ..Beginning::default() };
        self.beginnings.insert((leg, host), own);
    }

    /// A look shows it not paused, and perhaps only since an act of ours runs.
    pub(super) fn may_have_run(&mut self, leg: LegId, host: HostId) {
        self.beginnings.entry((leg, host)).or_default().found_running = true;
    }

    /// The run has died. What was not paused when it was seen last may have been paused by anybody since: nobody watched. And what
    /// a look showed right before the end was not written down.
    pub(super) fn forgets_beginnings(&mut self) {
        for (key, own) in &mut self.beginnings {
            let written = self.beginnings_written.get(key).copied().unwrap_or_default();
            own.seen = written.seen;
            own.ran = own.ran.filter(|_| written.seen);
            // Whether the host has booted since it ran, nobody can tell any more.
            own.found_running |= written.perhaps_seen;
            own.perhaps_seen = written.perhaps_seen;
        }
    }

    /// Whether a sender was ever seen not paused, in this life of the run or in one that remembers it.
    pub(super) fn ever_ran(&self, leg: LegId) -> bool {
        self.beginnings.iter().any(|((own, _), known)| *own == leg && known.ran.is_some())
    }

    /// Whether it may be that its pause began while the run watched.
    pub(super) fn may_be_watched(&self, leg: LegId) -> bool {
        self.beginnings.iter().any(|((own, _), known)| *own == leg && known.found_running)
    }

    /// Whether the pause of a sender was there at the first look at it.
    pub(super) fn is_unseen(&self, leg: LegId, host: HostId) -> bool {
        self.beginnings.get(&(leg, host)).is_some_and(|own| own.unseen)
    }

    /// Which of policy's rules may hold for a pause. Whether its host had booted when the read before an act found it running is
    /// not known, nor so whether it has booted since.
    pub(super) fn rules_for_pause(&self, leg: LegId, host: HostId) -> Vec<PausedRule> {
        let policy = &self.orders.policy.paused;
        let own = self.beginnings.get(&(leg, host)).copied().unwrap_or_default();
        match (own.unseen, own.found_running) {
            (true, true) => vec![policy.at_boot, policy.while_running],
            (true, false) => vec![policy.at_boot],
            (false, _) => vec![policy.while_running],
        }
    }
}
