//! Hosts' event logs: which are read, and which legs that concerns.

use reprise_model::{Evidence, HostId, HostTime, LastReplication, LegId, MonoTime, Now, ReplicationState};

use super::Controller;
use super::looking::legs_of;
use crate::exchange::Effect;
use crate::host::Phase;
use crate::leg::SeenEnd;
use crate::leg::Side;
use crate::pause::Span;
use crate::watch::LegWatch;

/// Whether events can explain why an end is in this state.
fn is_explained_by_events(side: Side, state: ReplicationState) -> bool {
    let stopped = state == ReplicationState::Error;
    let paused = matches!(state, ReplicationState::Suspended | ReplicationState::ResynchronizeSuspended);
    stopped || (paused && side == Side::Sender)
}

/// A leg's end, if it stands still in a way that events can explain.
fn stopped_end(watch: &LegWatch, side: Side) -> Option<&SeenEnd> {
    watch.end(side).filter(|end| is_explained_by_events(side, end.object.state))
}

impl Controller {
    /// A host's event log was read, or could not be.
    pub(super) fn events_read(&mut self, now: Now, host: HostId, evidence: Evidence) {
        let clock = self.inventory.clock_by(host, now.mono);
        if let Some(host) = self.hosts.get_mut(&host) {
            host.heard.read(evidence, clock);
        }
        // Whichever leg needed it, the log holds evidence about every VM of the host, also about legs left alone without it.
        self.dirty.extend(self.inventory.shown_by(host).flat_map(legs_of));
    }

    /// What the event logs say of a leg's ends, as far as they were read after it was first seen to be stopped; notes
    /// what is to be read.
    pub(super) fn hear_logs(&mut self, id: LegId) {
        let Some(watch) = self.legs.get(&id) else { return };
        let (sender, receiver) = (self.evidence_of(watch, Side::Sender), self.evidence_of(watch, Side::Receiver));
        for host in [sender.1, receiver.1].into_iter().flatten() {
            self.log_wanted.add(id, host);
        }
        let sends = watch.end(Side::Sender).and_then(|end| self.hosts.get(&end.host));
        let clock_was_set = sends.is_some_and(|host| host.heard.clock_was_set());
        if let Some(watch) = self.legs.get_mut(&id) {
            if clock_was_set {
                // Nobody can tell by their times what was recorded before the pause and what after.
                watch.memory.pause = Span::default();
            }
            watch.memory.sender_events = sender.0;
            watch.memory.receiver_events = receiver.0;
        }
    }

    /// The evidence for one end, and the host whose log must be read for it.
    fn evidence_of(&self, watch: &LegWatch, side: Side) -> (Evidence, Option<HostId>) {
        if watch.lacks_look_at(side) {
            // What it is now must be seen first; until then what was known stays.
            let known = match side {
                Side::Sender => &watch.memory.sender_events,
                Side::Receiver => &watch.memory.receiver_events,
            };
            // A reading that waits for a look is not awaited where no look is.
            let is_over = watch.attempt().is_given_up() && *known == Evidence::Awaited;
            return (if is_over { Evidence::NotReadable } else { known.clone() }, None);
        }
        let Some(end) = stopped_end(watch, side) else { return (Evidence::NotReadable, None) };
        // The log of a host that is late is not waited for.
        let host = self.hosts.get(&end.host).filter(|host| !matches!(host.phase, Phase::Late(_)));
        let Some(host) = host.filter(|_| self.setup.reads_events) else {
            return (Evidence::NotReadable, None);
        };
        let last = end.object.last_replication;
        // Silence says who paused it, so the log must reach to the end of the look that showed the pause.
        let paused = side == Side::Sender && end.object.state != ReplicationState::Error;
        let told = if paused { watch.past.pause_told() } else { MonoTime::default() };
        if host.heard.is_older_than(watch.since(side).max(told)) || !host.heard.reaches(last) {
            return (Evidence::Awaited, Some(end.host));
        }
        (host.heard.of(watch.leg.id.vm, last), None)
    }

    /// Reads the event logs that legs wait for: as soon as something was seen to be stopped, beside the looks by which its
    /// host becomes ready.
    pub(super) fn plan_readings(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let wanted: Vec<HostId> = self.log_wanted.iter().map(|(host, _)| *host).collect();
        for id in wanted {
            if self.hosts.get(&id).is_none_or(|host| host.heard.is_under_way()) {
                continue;
            }
            let (from, clock) = (self.stopped_since(id), self.inventory.clock(id));
            if let Some(host) = self.hosts.get_mut(&id) {
                let back = host.heard.begins(now.mono, from, clock);
                effects.push(Effect::ReadEvents { host: id, back });
            }
        }
    }

    /// When data last arrived at the end that has waited longest, of all that stand still on a host: what explains a stop
    /// is recorded after that. `None` if one of them never had any.
    fn stopped_since(&self, host: HostId) -> Option<HostTime> {
        let sides = [Side::Sender, Side::Receiver];
        // A host shows a small part of a fleet's legs.
        let legs = self.inventory.shown_by(host).flat_map(legs_of).filter_map(|leg| self.legs.get(&leg));
        let ends = legs.flat_map(|watch| sides.into_iter().filter_map(|side| stopped_end(watch, side)));
        let last = ends.filter(|end| end.host == host).map(|end| match end.object.last_replication {
            LastReplication::Never => None,
            LastReplication::At(last) => Some(last),
        });
        // Of `None` and a time `None` is the less.
        last.min().flatten()
    }
}
