//! Acts: the queue of waiting legs, intents, carrying out, and results.

use reprise_model::{
    Act, ActId, ActKind, Evidence, HostId, LegId, MonoTime, Now, Outcome, Policy, Problem, ReplicationState,
};

use super::Controller;
use super::looking::legs_of;
use crate::attempt::{Attempt, Failure, Intent};
use crate::exchange::Effect;
use crate::guard::{self, Grounds};
use crate::host::HostWatch;
use crate::incident::{Plan, RetryLimits};
use crate::judge::{Verdict, judge};
use crate::leg::End;
use crate::leg::Side;
use crate::pace::{Load, QueueEntry};
use crate::watch::LegWatch;

impl Controller {
    /// Puts a leg that may be acted on into its host's queue, or wakes for it later.
    pub(super) fn enqueue(&mut self, now: Now, id: LegId) {
        let Some(watch) = self.legs.get_mut(&id) else { return };
        let Some(plan) = plan_of(watch) else { return };
        if self.orders.get(&id).is_some_and(|order| order.end().is_none()) {
            return;
        }
        let limits =
            RetryLimits { retry_until: self.setup.patience.retry_until, receiver_asked: watch.receiver_asked() };
        watch.plans(plan).stopped_again(now.mono, plan.side, limits, &mut self.chance);
        if self.setup.dry_run {
            return;
        }
        if let Some(until) = watch.rest(now.mono, plan.side, limits) {
            self.wake_at(now, id, Some(until));
            return;
        }
        if let Err(later) = watch.attempt().may_act(now.mono) {
            self.wake_at(now, id, later);
            return;
        }
        let Some(end) = watch.end(plan.side) else { return };
        let (host, last) = (end.host, end.object.last_replication);
        // A host becomes ready by a look, after which its legs are judged again.
        if self.host(host).is_some_and(HostWatch::is_ready) {
            let tier = self.host(host).and_then(|host| host.asked.tier);
            self.touched.insert(host);
            self.queue.add(QueueEntry { host, tier: tier.unwrap_or(QueueEntry::LAST_TIER), last }, id);
        }
    }

    /// Intends the acts that have their turn.
    pub(super) fn plan_acts(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while let Some((host, id)) = self.queue.next(self.setup.policy.pace, now.mono) {
            self.touched.insert(host);
            self.kept.may_differ(id);
            if let Some(act) = self.intend(now, id, effects) {
                self.acts.insert(act.id, (id, host));
                effects.push(Effect::Intend(act));
            } else {
                self.queue.ended(id, now.mono, Load::Unknown);
            }
            self.note_settled(id);
        }
    }

    /// The act for a leg whose turn has come; `None` if it must be looked at again first, or if a rule forbids it.
    fn intend(&mut self, now: Now, id: LegId, effects: &mut Vec<Effect>) -> Option<Act> {
        let acted_on = self.legs.get(&id).and_then(|watch| watch.end(plan_of(watch)?.side))?.host;
        if self.is_seen_long_ago(now, id, acted_on)? {
            return None;
        }
        if self.resync_under_way(id) {
            // Another one of its host began since this leg was judged, perhaps in the same look.
            let watch = self.legs.get_mut(&id)?;
            watch.memory.resync_under_way = true;
            watch.verdict = judge(&watch.leg, &watch.memory, &self.setup.policy, now.wall);
        }
        let act_id = ActId { epoch: self.epoch, number: self.next_act };
        let watch = self.legs.get_mut(&id)?;
        let plan = plan_of(watch)?;
        let act = act_for(watch, plan.side, ActKind::Resume, act_id)?;
        let checked = guard::check(&act, grounds(watch, &self.setup.policy), now);
        let data = watch.leg.sender.seen().map(|end| end.object.last_replication);
        let booted = watch.end(plan.side).and_then(|end| end.booted);
        let incident = watch.plans(plan);
        if let Err(breach) = checked {
            incident.attempt = Attempt::GivenUp { failure: Failure::Guarded(breach.0), unread: None };
            self.note_settled(id);
            self.tell_leg(id, effects);
            return None;
        }
        incident.begins(now.mono, plan, data, booted);
        let before = std::mem::take(&mut incident.attempt);
        incident.attempt = Attempt::Intended(Box::new(Intent { act: act.clone(), side: plan.side, before }));
        self.next_act += 1;
        Some(act)
    }

    /// Whether an end of a leg must be looked at again before it is acted on. Another look is asked for in good time, so that
    /// the acts on other legs to the same host need not wait for it.
    pub(super) fn is_seen_long_ago(&mut self, now: Now, id: LegId, acted_on: HostId) -> Option<bool> {
        let watch = self.legs.get(&id)?;
        let ends = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter_map(End::seen);
        let ages = ends.map(|end| (end.host, end.told, guard::age_max(end, acted_on)));
        let aging: Vec<_> = ages.filter(|(_, told, most)| now.mono.since(*told) > *most / 2).collect();
        let old: Vec<_> = aging.iter().filter(|(_, told, most)| now.mono.since(*told) > *most).collect();
        // The other end is looked at once the one that does not answer has come.
        let silent = old.iter().find(|(host, ..)| self.host(*host).is_some_and(HostWatch::is_silent));
        let late_host = silent.and_then(|(host, told, most)| self.host_not_waited_for(now, id, *host, *told + *most));
        let looks: Vec<HostId> = match silent {
            Some((host, ..)) => vec![*host],
            None if old.is_empty() => aging.iter().map(|(host, ..)| *host).collect(),
            None => old.iter().map(|(host, ..)| *host).collect(),
        };
        let is_old = !old.is_empty();
        for host in looks {
            self.want_look_before_act(id, host);
        }
        self.legs.get_mut(&id)?.late_host = late_host;
        Some(is_old)
    }

    /// A host that does not answer, if nobody waits for it any more: it is late, or has not answered for as long as it is given
    /// to become ready. It is looked at now and then, and if it comes its legs are judged again.
    fn host_not_waited_for(&mut self, now: Now, leg: LegId, id: HostId, old_since: MonoTime) -> Option<HostId> {
        let is_late = self.host(id)?.is_late();
        let until = old_since + self.setup.patience.timeout;
        self.wake_at(now, leg, Some(until));
        (is_late || until <= now.mono).then_some(id)
    }

    /// An intent is written down: its act is carried out, if nothing forbids it meanwhile.
    pub(super) fn intended(&mut self, now: Now, id: ActId, effects: &mut Vec<Effect>) {
        if self.order_intended(now, id, effects) {
            return;
        }
        let Some((leg, _)) = self.acts.get(&id).copied() else { return };
        let Some(watch) = self.legs.get_mut(&leg) else { return };
        let Attempt::Intended(intent) = watch.attempt() else { return };
        let Intent { act, side, .. } = (**intent).clone();
        let still_wanted = matches!(watch.verdict, Verdict::Resume { side: wanted, .. } if wanted == side);
        let allowed = guard::check(&act, grounds(watch, &self.setup.policy), now).is_ok();
        if !still_wanted || !allowed {
            self.withdraw(now, id, None, effects);
            return;
        }
        if let Some(incident) = &mut watch.incident {
            incident.attempt = Attempt::Acting { act: id, side, from: act.expected_state };
        }
        self.kept.may_differ(leg);
        effects.push(Effect::Perform(act));
    }

    /// An intent could not be written down. Nothing is done that nobody would remember.
    pub(super) fn not_intended(&mut self, now: Now, id: ActId, problem: Problem, effects: &mut Vec<Effect>) {
        if !self.order_not_intended(id, &problem, effects) {
            self.withdraw(now, id, Some(problem), effects);
        }
    }

    /// Takes an intent back before its act was carried out.
    fn withdraw(&mut self, now: Now, id: ActId, problem: Option<Problem>, effects: &mut Vec<Effect>) {
        let Some((leg, host)) = self.acts.remove(&id) else { return };
        self.queue.ended(leg, now.mono, Load::Unknown);
        self.touched.insert(host);
        if let Some(incident) = self.legs.get_mut(&leg).and_then(|watch| watch.incident.as_mut()) {
            incident.tries = incident.tries.saturating_sub(1);
            let before = match std::mem::take(&mut incident.attempt) {
                Attempt::Intended(intent) => intent.before,
                other @ (Attempt::Idle
                | Attempt::Acting { .. }
                | Attempt::AwaitingLook(_)
                | Attempt::Doubted(_)
                | Attempt::BackingOff { .. }
                | Attempt::GivenUp { .. }
                | Attempt::Proved) => other,
            };
            incident.attempt = match problem {
                None => before,
                Some(problem) => {
                    let until = now.mono + crate::retry::wait(1, true, &mut self.chance);
                    Attempt::BackingOff { until, failure: Failure::NotDone(problem) }
                }
            };
        }
        // Another leg of its host may have waited for it.
        self.dirty.extend(self.inventory.shown_by(host).flat_map(legs_of));
        self.dirty.insert(leg);
        effects.push(Effect::Settle(id));
    }

    pub(super) fn acted(&mut self, now: Now, id: ActId, outcome: Outcome) {
        if self.order_acted(now, id, &outcome) {
            return;
        }
        let Some((leg, host)) = self.acts.remove(&id) else { return };
        self.queue.ended(leg, now.mono, Load::of(&outcome));
        self.touched.insert(host);
        self.dirty.insert(leg);
        let Some(watch) = self.legs.get_mut(&leg) else { return };
        let Some(incident) = &mut watch.incident else { return };
        let Attempt::Acting { side, from, .. } = incident.attempt else { return };
        let found_otherwise = from == ReplicationState::Suspended && found_in_another_state(&outcome);
        incident.ended(now.mono, (id, side), from, outcome);
        if found_otherwise {
            watch.past.found_otherwise();
            watch.memory.paused_from_start = false;
        }
    }
}

/// What an act on a leg rests on.
pub(super) fn grounds<'a>(watch: &'a LegWatch, policy: &'a Policy) -> Grounds<'a> {
    let memory = &watch.memory;
    let (sender_events, receiver_events) = (&memory.sender_events, &memory.receiver_events);
    Grounds { leg: &watch.leg, sender_events, receiver_events, policy, ordered: None }
}

/// Whether an act found its object in another state. One that is not there, as while a host boots, was not found otherwise.
fn found_in_another_state(outcome: &Outcome) -> bool {
    let Outcome::Stale { found } = outcome else { return false };
    (0..=21).map(ReplicationState::from_number).any(|state| state.to_string() == *found)
}

/// What is planned for a leg by its verdict.
fn plan_of(watch: &LegWatch) -> Option<Plan> {
    let Verdict::Resume { reason, side, without_evidence } = watch.verdict else { return None };
    let log = match side {
        Side::Sender => &watch.memory.sender_events,
        Side::Receiver => &watch.memory.receiver_events,
    };
    Some(Plan { reason, side, without_evidence, log_unread: *log == Evidence::NotReadable })
}

/// The act of a kind on an end of a leg.
pub(super) fn act_for(watch: &LegWatch, side: Side, kind: ActKind, id: ActId) -> Option<Act> {
    let end = watch.end(side)?;
    Some(Act {
        id,
        leg: watch.leg.id,
        host: end.host,
        kind,
        vm_key: end.vm.key.clone(),
        kept: end.object.kept.clone(),
        expected_state: end.object.state,
        expected_mode: end.vm.mode,
    })
}
