//! What a run may still wait for (contract, section 2: the limits on waiting; design, sections 3 and 9). When nothing of it
//! is left, the run must end: a host that never comes, a log of a host that went away or a leg that needs a person holds up
//! nobody.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_model::{HostId, LegId};

use super::broken::Broken;
use super::journal::ATTEMPTS_MAX;
use super::readiness::{Answered, Readiness};
use super::rules::{AGE_MAX, peer_age_max};
use super::shown::Ends;
use super::state::Shadow;
use super::watched::DOUBT;

/// How much later than it must a run may end.
const GRACE: Duration = Duration::from_millis(100);
/// A host has this long to show what came of an act.
const LOOK_AFTER_ACT: Duration = Duration::from_secs(30);
/// What a host refuses a look at the receiver may explain, for so long.
const LOOK_AFTER_REFUSAL: Duration = Duration::from_secs(10);
/// The longest look: seven queries of nine seconds.
const LONGEST_LOOK: Duration = Duration::from_secs(63);

impl Shadow {
    /// A host is awaited from now on.
    pub(super) fn awaits(&mut self, host: HostId, now: Duration) {
        self.readiness.insert(host, Readiness::new(now));
    }

    /// A look at a host came back.
    pub(super) fn is_ready(
        &mut self,
        host: HostId,
        times: (Duration, Duration),
        answered: Answered,
        (booted, shown): (Option<i64>, &Ends),
    ) {
        let limits = self.orders.limits;
        if let Some(readiness) = self.readiness.get_mut(&host) {
            readiness.notes_late(times.1, limits);
            readiness.takes(times, answered, booted, shown);
        }
    }

    /// Something happens to a run that is not over, and there was still something to wait for.
    pub(crate) fn still_waits(&self, now: Duration) -> Result<(), Broken> {
        match &self.awaited {
            Some((until, what)) if now > until.saturating_add(GRACE) => Err(format!(
                "the run goes on although nothing is left to wait for since {until:?}: the last was {what}"
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes until when there is something to wait for, after all that was received until now.
    pub(crate) fn notes_waits(&mut self, now: Duration) {
        self.awaited =
            self.waits(now).into_iter().max_by_key(|(until, _)| *until).or(Some((now, "nothing".to_owned())));
    }

    /// All that may be waited for, each with its limit.
    fn waits(&self, now: Duration) -> Vec<(Duration, String)> {
        let limits = self.orders.limits;
        let retry_until = self.begun + limits.retry_for;
        let mut waits = Vec::new();
        for (host, readiness) in self.readiness.iter().filter(|(_, readiness)| !readiness.ready && !readiness.late) {
            waits.push((readiness.limit(limits), format!("{host:?} to become ready")));
        }
        let under_way = |what: String| (Duration::MAX, what);
        for watched in self.acts.values() {
            let (id, leg) = (watched.act.id, watched.act.leg);
            if let Some(ended) = watched.ended.filter(|_| watched.refused && !watched.on_receiver) {
                waits.push((ended + LOOK_AFTER_REFUSAL, format!("a look at the receiver of {leg} after act {id}")));
            }
            match watched.ended {
                None => waits.push(under_way(format!("act {id}"))),
                Some(ended) if !watched.shown => {
                    waits.push((retry_until.max(ended + LOOK_AFTER_ACT), format!("a look at {leg} after act {id}")));
                }
                Some(_) => {
                    let doubted = watched.shown_at.filter(|_| watched.done_at.is_none());
                    waits.extend(doubted.map(|at| (at + DOUBT + LONGEST_LOOK, format!("a second look at {leg}"))));
                }
            }
        }
        let loaded = self.readiness.values().filter(|readiness| readiness.ready).map(|host| host.limit(limits)).max();
        if self.hosts.values().any(|ends| !ends.unread.is_empty()) {
            // It may say where its other end is.
            waits.extend(loaded.map(|until| (until, "the other end of what cannot be read".to_owned())));
        }
        for leg in self.ever.iter().chain(self.unread_legs().iter()) {
            if self.open_intents(*leg).next().is_some() {
                waits.push((retry_until.max(self.begun + LOOK_AFTER_ACT), format!("what came of an act on {leg}")));
            }
            let (sender, receiver) = (self.sender(*leg), self.receiver(*leg));
            if sender.is_none() || receiver.is_none() {
                waits.extend(loaded.map(|until| (until, format!("an end of {leg}"))));
            }
            let stopped = [
                sender.is_some_and(|(_, end)| matches!(end.state, 7 | 8 | 11)),
                receiver.is_some_and(|(_, end)| end.state == 8),
            ];
            if !stopped.contains(&true) {
                continue;
            }
            if self.tries(*leg).is_some_and(|tries| (1..ATTEMPTS_MAX).contains(tries.start())) {
                waits.push((retry_until, format!("another try on {leg}")));
            }
            let [sender_stopped, receiver_stopped] = stopped;
            let ends = [(sender, sender_stopped, receiver_stopped), (receiver, receiver_stopped, sender_stopped)];
            for ((host, end), own, peer) in ends.into_iter().filter_map(|(end, own, peer)| Some((end?, own, peer))) {
                let told = self.received_at.get(&host).map(|look| look.mono.0).unwrap_or_default();
                // An end that is acted on may have been seen longer ago than its peer, since it is read again
                // (`docs/fidelity.md`). If both have stopped, either may be the one that is acted on.
                let as_peer = peer.then(|| peer_age_max(told.saturating_sub(end.looked)));
                for old in own.then_some(AGE_MAX).into_iter().chain(as_peer).map(|most| told + most) {
                    if now >= old {
                        waits.push((old + limits.timeout, format!("{host:?} to answer again for {leg}")));
                    }
                }
            }
            let hosts = [sender, receiver].into_iter().flatten().map(|(host, _)| host);
            let is_needed = |host: &HostId| self.readiness.get(host).is_some_and(|host| !host.is_given_up());
            for host in hosts.filter(is_needed) {
                if self.reading.contains_key(&host) {
                    waits.push(under_way(format!("the log of {host:?}")));
                }
                if self.looking.contains_key(&host) {
                    waits.push(under_way(format!("a look at {host:?} for {leg}")));
                }
            }
        }
        // A host that is ready may have been given an act's place by another.
        waits.retain(|(until, _)| *until >= now);
        waits
    }

    /// Legs of which something could not be read.
    fn unread_legs(&self) -> BTreeSet<LegId> {
        let known = self.journal.intents.values().map(|intent| intent.leg);
        known.filter(|leg| !self.ever.contains(leg)).collect()
    }
}
