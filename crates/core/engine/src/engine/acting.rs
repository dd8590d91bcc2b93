//! Acts: which legs wait for their turn, what is sent, what came of it.

use reprise_model::{Act, ActId, ActKind, Evidence, HostId, LegId, Now, Outcome, ReplicationState};

use super::Engine;
use crate::exchange::{Effect, Side};
use crate::guard;
use crate::host::HostWatch;
use crate::judge::Verdict;
use crate::pace::{Load, Place};
use crate::watch::{Failure, LegWatch, Unweighed};

impl Engine {
    pub(super) fn acted(&mut self, now: Now, act: ActId, outcome: Outcome) {
        let Some((leg, host)) = self.acts.remove(&act) else { return };
        self.queue.ended(leg, now.mono, Load::of(&outcome));
        self.touched.insert(host);
        let Some(watch) = self.legs.get_mut(&leg) else { return };
        watch.acting = None;
        watch.ended = Some(now.mono);
        watch.fresh_after = Some(now.mono);
        if matches!(outcome, Outcome::Ended(_)) {
            watch.memory.resumes += 1;
        }
        let from = watch.end(watch.side).map_or(ReplicationState::Unknown, |end| end.object.state);
        if matches!(outcome, Outcome::Stale { .. }) {
            // The read before the act showed it otherwise: if it is paused afterwards, that began while we watched. Said now,
            // so that a look after a boot, which says otherwise, has the last word.
            watch.memory.paused_from_start &= from != ReplicationState::Suspended;
        }
        watch.unweighed = Some(Unweighed { from, outcome });
        self.dirty.insert(leg);
    }

    /// Puts a leg that may be acted on into its host's queue, or wakes for it later.
    pub(super) fn enqueue(&mut self, now: Now, id: LegId) {
        let Some(watch) = self.legs.get_mut(&id) else { return };
        let Verdict::Resume { reason, side, without_evidence } = watch.verdict else { return };
        watch.planned.get_or_insert(reason);
        if watch.attempts == 0 {
            watch.without_evidence = without_evidence;
            // What the log said when it was decided; of a leg that runs again nothing is asked.
            watch.unread_log = match side {
                Side::Sender => watch.memory.sender_events == Evidence::NotReadable,
                Side::Receiver => watch.memory.receiver_events == Evidence::NotReadable,
            };
        }
        if self.pass.dry_run {
            return;
        }
        let wait_until = watch.not_before;
        let may_act = watch.may_act(now.mono);
        if !may_act {
            if wait_until > now.mono {
                self.schedule.wake(wait_until, id);
            }
            return;
        }
        let Some(end) = watch.end(side) else { return };
        let (host, last) = (end.host, end.object.last_replication);
        // A host becomes ready by a look, after which its legs are judged again.
        if self.host(host).is_some_and(HostWatch::is_ready) {
            let tier = self.host(host).and_then(|host| host.asked.tier);
            self.touched.insert(host);
            self.queue.add(Place { host, tier: tier.unwrap_or(Place::LAST_TIER), last }, id);
        }
    }

    pub(super) fn plan_acts(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while let Some((host, id)) = self.queue.next(self.pass.policy.pace, now.mono) {
            self.touched.insert(host);
            if let Some(act) = self.plan(now, id) {
                self.acts.insert(act.id, (id, host));
                effects.push(Effect::Perform(act));
            } else {
                self.queue.ended(id, now.mono, Load::Unknown);
            }
        }
    }

    /// The act for a leg whose turn has come; `None` if it must be looked at again first, or if a rule forbids it.
    /// Whether a leg's resynchronization is paused and must wait, since another leg of its sender's host resynchronizes:
    /// comparing whole disks is heavy, so a host does it for one VM at a time.
    pub(super) fn resync_under_way(&self, id: LegId) -> bool {
        let paused = ReplicationState::ResynchronizeSuspended;
        let sender = |watch: &LegWatch| watch.leg.sender.seen().map(|end| (end.host, end.object.state));
        let Some((host, _)) = self.legs.get(&id).and_then(|watch| sender(watch)).filter(|(_, state)| *state == paused)
        else {
            return false;
        };
        let resyncs = |watch: &LegWatch| match sender(watch) {
            Some((own, state)) if own == host => {
                state == ReplicationState::Resynchronizing || (state == paused && watch.acting.is_some())
            }
            Some(_) | None => false,
        };
        self.legs.iter().any(|(other, watch)| *other != id && resyncs(watch))
    }

    fn plan(&mut self, now: Now, id: LegId) -> Option<Act> {
        let watch = self.legs.get_mut(&id)?;
        let ends = [watch.leg.sender.seen(), watch.leg.receiver.seen()].into_iter().flatten();
        let old: Vec<HostId> =
            ends.filter(|end| now.mono.since(end.looked) > guard::AGE_MAX).map(|end| end.host).collect();
        if !old.is_empty() {
            for host in old {
                self.want_look(id, host);
            }
            return None;
        }
        if self.resync_under_way(id) {
            return None;
        }
        let watch = self.legs.get_mut(&id)?;
        let (side, act) = act_for(watch, ActId(self.next_act))?;
        if let Err(breach) = guard::check(&act, &watch.leg, &self.pass.policy, now.mono, now.wall) {
            watch.trouble = Some(Failure::Guarded(breach.0));
            watch.exhausted = true;
            self.unsettled.remove(&id);
            return None;
        }
        self.next_act += 1;
        watch.acting = Some(act.id);
        watch.side = side;
        watch.attempts += 1;
        watch.began.get_or_insert(now.mono);
        if watch.data_before.is_none() {
            watch.data_before = watch.leg.sender.seen().map(|end| end.object.last_replication);
        }
        Some(act)
    }
}

/// What is to be done for a leg that is to be resumed, and on which end.
fn act_for(watch: &LegWatch, id: ActId) -> Option<(Side, Act)> {
    let Verdict::Resume { side, .. } = watch.verdict else { return None };
    let end = watch.end(side)?;
    let act = Act {
        id,
        leg: watch.leg.id,
        host: end.host,
        kind: ActKind::Resume,
        vm_key: end.vm.key.clone(),
        kept: end.object.kept.clone(),
        expected_state: end.object.state,
        expected_mode: end.vm.mode,
    };
    Some((side, act))
}
