//! A person's orders: each is carried out once, past the queue, and the leg's own repair rests meanwhile.
//!
//! They are not kept across a restart, and not among the news: a restart loses that an order was given, which of its acts were made,
//! and that one may be under way. Nobody takes it up again, and that is right: an order is carried out once, its act stands in the
//! journal as an intent whose result is not known, and who gave it looks and decides. What it came to, the next life sees. A leg that
//! was resumed runs. If its job fails later, the pause is left to a person if a look saw the leg run meanwhile, and is otherwise the
//! one before the order. Of a pause that was under way nobody remembers the beginning, and the repair would resume it: a shell that gives an
//! order to pause first writes down that it is meant ([`reprise_model::Policy::marks`]), and that outlives the program. An order that
//! goes on by itself after a restart needs an entry in the snapshot (ADR 0029).

use reprise_model::{ActId, ActKind, HostId, LegId, MonoTime, Now, Outcome, Problem, Reason};

use super::Controller;
use super::acting::{act_for, grounds};
use crate::attempt::Failure;
use crate::exchange::Effect;
use crate::guard::{self, Grounds};
use crate::judge::{Ordered, Verdict, ordered};
use crate::leg::{End, Side};
use crate::order::{Order, OrderEnd, Step};
use crate::status::OrderReport;

impl Controller {
    /// Begins an order. It takes the place of an earlier one for the leg.
    pub(super) fn order(&mut self, now: Now, leg: LegId, kind: ActKind) {
        self.orders.insert(leg, Order::new(kind, now.mono));
        self.dirty.insert(leg);
    }

    /// Ends an order as it stands, unless its act is under way.
    pub(super) fn recall(&mut self, leg: LegId) {
        if let Some(order) = self.orders.get_mut(&leg) {
            order.recall();
            self.dirty.insert(leg);
        }
    }

    /// How the order for a leg stands: at its end, or how it would end now.
    pub fn order_report(&self, now: Now, leg: LegId, interrupted: bool) -> Option<OrderReport> {
        let order = self.orders.get(&leg)?;
        let end = order.end_by_now(interrupted);
        Some(OrderReport { kind: order.kind, end, leg: self.leg(leg)?, elapsed: now.mono.since(order.began) })
    }

    /// Whether nothing more is done for the order for a leg.
    pub fn is_order_over(&self, leg: LegId) -> bool {
        self.orders.get(&leg).is_none_or(|order| order.end().is_some())
    }

    /// Takes an order a step further by what is seen now.
    pub(super) fn carry_on(&mut self, now: Now, id: LegId, effects: &mut Vec<Effect>) {
        let (Some(watch), Some(order)) = (self.legs.get(&id), self.orders.get_mut(&id)) else { return };
        let acted_on = order.look_after().and_then(|(side, _)| watch.own_end(side));
        effects.extend(order.weigh(now.mono, acted_on).map(Effect::Settle));
        // What is under way for the leg's repair comes to its end first.
        if order.step == Step::Waiting && !watch.attempt().is_open() {
            let began = order.began;
            if self.looks_again(id, began) {
                return;
            }
            let (Some(watch), Some(order)) = (self.legs.get(&id), self.orders.get_mut(&id)) else { return };
            match ordered(order.kind, &watch.leg, &watch.memory, &self.setup.policy, now.wall) {
                Ordered::Act(side) => self.act_on_order(now, id, side, effects),
                Ordered::AlreadySo(reason) => order.is_so(reason),
                Ordered::Wait(_) => {}
                Ordered::Refuse(reason) => order.ends(OrderEnd::Refused(reason)),
                Ordered::Fail(reason) => order.ends(OrderEnd::NotPossible(reason)),
            }
        }
        self.want_look_for_order(now, id);
    }

    /// Wants looks at the ends that were last seen before an order began, which may be from before an act of an earlier order.
    /// Returns whether there are any; those of hosts that do not answer are not waited for.
    fn looks_again(&mut self, id: LegId, began: MonoTime) -> bool {
        let Some(watch) = self.legs.get(&id) else { return false };
        let ends = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter_map(End::seen);
        let answers = |host: &HostId| self.host(*host).is_some_and(|host| !host.is_silent() && host.is_ready());
        let looks: Vec<HostId> = ends.filter(|end| end.looked < began).map(|end| end.host).filter(answers).collect();
        for host in &looks {
            self.want_look_before_act(id, *host);
        }
        !looks.is_empty()
    }

    /// No host shows its leg any more, or none does for now.
    pub(super) fn carry_on_unseen(&mut self, id: LegId) {
        let is_gone = self.legs.get(&id).is_none_or(|watch| matches!(watch.verdict, Verdict::Stale(_)));
        if let Some(order) = self.orders.get_mut(&id).filter(|order| is_gone && order.act().is_none()) {
            order.ends(order.end().cloned().unwrap_or(OrderEnd::NotPossible(Reason::NotShown)));
        }
    }

    fn act_on_order(&mut self, now: Now, id: LegId, side: Side, effects: &mut Vec<Effect>) {
        let Some(host) = self.legs.get(&id).and_then(|watch| watch.end(side)).map(|end| end.host) else { return };
        let is_old = self.is_seen_long_ago(now, id, host);
        let (Some(watch), Some(order)) = (self.legs.get(&id), self.orders.get_mut(&id)) else { return };
        if is_old != Some(false) {
            if let Some(silent) = watch.late_host {
                let is_senders = watch.end(Side::Sender).is_some_and(|sender| sender.host == silent);
                let reason = if is_senders { Reason::SenderNotReady } else { Reason::PeerNotSeen };
                order.ends(OrderEnd::NotPossible(reason));
            }
            return;
        }
        let act_id = ActId { epoch: self.epoch, number: self.next_act };
        let Some(act) = act_for(watch, side, order.kind, act_id) else { return };
        let grounds = Grounds { ordered: Some(order.kind), ..grounds(watch, &self.setup.policy) };
        if let Err(breach) = guard::check(&act, grounds, now) {
            order.ends(OrderEnd::Failed(side, Failure::Guarded(breach.0)));
            return;
        }
        if order.intends(act.clone(), side) {
            self.next_act += 1;
            effects.push(Effect::Intend(act));
        }
    }

    /// The order whose act this is.
    fn order_of(&self, act: ActId) -> Option<LegId> {
        self.orders.iter().find(|(_, order)| order.act() == Some(act)).map(|(leg, _)| *leg)
    }

    /// An order's act is written down: it is carried out, if nothing forbids it meanwhile. `false` if it is no order's.
    pub(super) fn order_intended(&mut self, now: Now, id: ActId, effects: &mut Vec<Effect>) -> bool {
        let Some(leg) = self.order_of(id) else { return false };
        let (Some(watch), Some(order)) = (self.legs.get(&leg), self.orders.get_mut(&leg)) else { return true };
        let Step::Intended { act, side } = order.step.clone() else { return true };
        let asked = ordered(order.kind, &watch.leg, &watch.memory, &self.setup.policy, now.wall);
        let grounds = Grounds { ordered: Some(order.kind), ..grounds(watch, &self.setup.policy) };
        if asked == Ordered::Act(side) && guard::check(&act, grounds, now).is_ok() {
            order.step = Step::Acting { act: act.id, side, from: act.expected_state };
            effects.push(Effect::Perform(act));
        } else {
            order.step = Step::Waiting;
            self.dirty.insert(leg);
            effects.push(Effect::Settle(id));
        }
        true
    }

    /// An order's act could not be written down. `false` if it is no order's.
    pub(super) fn order_not_intended(&mut self, id: ActId, problem: &Problem, effects: &mut Vec<Effect>) -> bool {
        let Some(leg) = self.order_of(id) else { return false };
        if let Some(order) = self.orders.get_mut(&leg) {
            order.not_intended(problem.clone());
        }
        self.dirty.insert(leg);
        effects.push(Effect::Settle(id));
        true
    }

    /// An order's act has ended. `false` if it is no order's.
    pub(super) fn order_acted(&mut self, now: Now, id: ActId, outcome: &Outcome) -> bool {
        let Some(leg) = self.order_of(id) else { return false };
        if let Some(order) = self.orders.get_mut(&leg) {
            order.acted(now.mono, outcome.clone());
        }
        self.dirty.insert(leg);
        true
    }

    fn want_look_for_order(&mut self, now: Now, id: LegId) {
        let (Some(watch), Some(order)) = (self.legs.get(&id), self.orders.get(&id)) else { return };
        let Some((side, after)) = order.look_after() else { return };
        if after > now.mono {
            self.wake_at(now, id, Some(after));
        } else if let Some(host) = watch.own_end(side).map(|end| end.host) {
            self.want_look(id, host);
        }
    }
}
