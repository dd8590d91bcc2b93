//! Judges legs again whose inputs have changed, and derives the looks, log reads and acts that follow.

use std::collections::BTreeSet;
use std::sync::Arc;

use reprise_model::{
    HostId, HostName, LegId, MonoTime, Now, Problem, ProblemKind, Reason, Remedy, ReplicationSettings, ReplicationState,
};

use super::{Controller, NOBODY};
use crate::exchange::Effect;
use crate::host::{HostWatch, Kind, Phase};
use crate::incident::Weighed;
use crate::judge::{Readiness, Verdict, judge};
use crate::leg::{End, Leg, NotSeenEnd, Side, Whereabouts};
use crate::names::Match;
use crate::watch::{LegWatch, Presence};

impl Controller {
    /// Judges every leg whose inputs changed.
    pub(super) fn rejudge(&mut self, now: Now, effects: &mut Vec<Effect>) {
        for id in std::mem::take(&mut self.dirty) {
            self.rejudge_one(now, id, effects);
        }
    }

    fn rejudge_one(&mut self, now: Now, id: LegId, effects: &mut Vec<Effect>) {
        self.kept.may_differ(id);
        self.forget_wishes(id);
        let leg = self.inventory.leg(id, &self.names, &|name| self.elsewhere(now.mono, name));
        match leg {
            Some(leg) => self.judge_shown(now, id, leg, effects),
            None => self.judge_vanished(now, id),
        }
        self.note_settled(id);
        self.tell_leg(id, effects);
    }

    /// Takes back what a leg wanted when it was judged last.
    fn forget_wishes(&mut self, id: LegId) {
        self.touched.extend(self.queue.remove(id));
        self.touched.extend(self.look_wanted.forget(id));
        self.look_before_act.forget(id);
        self.open_ended.forget(id);
        self.log_wanted.forget(id);
        self.wakes.set(id, None);
    }

    fn judge_shown(&mut self, now: Now, id: LegId, mut leg: Leg, effects: &mut Vec<Effect>) {
        // In doubt what a hold may cover is left alone.
        leg.held_hosts = self.held_hosts(&leg);
        self.doubt_receiver(id, &mut leg);
        doubt_own_host(&mut leg);
        leg.vm_names = self.vm_names(id.vm);
        self.watch_leg(now, &leg);
        let clock = leg.sender.seen().and_then(|sender| self.inventory.clock(sender.host));
        let (sender_host, receiver_host) = (self.readiness(&leg.sender), self.readiness(&leg.receiver));
        let Some(watch) = self.legs.get_mut(&id) else { return };
        watch.memory.sender_clock = clock;
        watch.memory.sender_host = sender_host;
        watch.memory.receiver_host = receiver_host;
        watch.memory.holds = self.holds_check;
        let past_host = watch.past.host().filter(|_| leg.second_primary.is_some());
        let own_sender = past_host.and_then(|host| self.inventory.sender_on(host, id, &self.names));
        watch.saw(leg, own_sender.cloned());
        if watch.leg.second_primary.is_some() {
            watch.saw_primaries(self.inventory.senders(id, &self.names).map(Arc::as_ref));
        }
        if watch.presence == Presence::Shown {
            self.remembered.remove(&id);
        }
        let weighed = self.weigh(now, id);
        self.note_exceptions(id);
        self.match_holds(id);
        self.hear_logs(id);
        let resync_under_way = self.resync_under_way(id);
        let Some(watch) = self.legs.get_mut(&id) else { return };
        watch.memory.resync_under_way = resync_under_way;
        let verdict = judge(&watch.leg, &watch.memory, &self.setup.policy, now.wall);
        if std::mem::replace(&mut watch.verdict, verdict) != verdict {
            self.decided.insert(id);
        }
        let missing = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter(|end| end.seen().is_none());
        for label in missing.filter_map(End::host_name).filter_map(HostName::new).map(|name| name.label().to_owned()) {
            self.open_ended.add(id, label);
        }
        self.hear_of(id);
        self.enqueue(now, id);
        self.carry_on(now, id, effects);
        self.note_settled(id);
        self.want_looks(now, id);
        match weighed {
            Weighed::Nothing => {}
            Weighed::Settled(act) => effects.push(Effect::Settle(act)),
            Weighed::RunsLate(side) => self.tell_proved(id, side, effects),
            Weighed::Proved(act, side) => {
                effects.push(Effect::Settle(act));
                self.tell_proved(id, side, effects);
            }
        }
    }

    /// Where nobody names the receiver, a host that is not seen may be the true one, whatever another one says.
    fn doubt_receiver(&mut self, id: LegId, leg: &mut Leg) {
        if !leg.is_sent_to_nobody_named() {
            return;
        }
        self.open_ended.add(id, NOBODY.to_owned());
        if leg.receiver.seen().is_some() && !self.hosts.values().all(is_heard) {
            leg.receiver =
                End::NotSeen(NotSeenEnd { host_name: None, whereabouts: Whereabouts::NotYet { host: None } });
        }
    }

    /// Begins to watch a leg that is seen for the first time, with what is remembered of it. What may be a guess does not use that
    /// up: the leg itself may come later.
    fn watch_leg(&mut self, now: Now, leg: &Leg) {
        if self.legs.contains_key(&leg.id) {
            return;
        }
        let mut watch = Box::new(LegWatch::new(leg.clone()));
        if let Some(memory) = self.remembered.get(&leg.id).cloned() {
            memory.restore(&mut watch, now, self.begun);
        }
        self.legs.insert(leg.id, watch);
    }

    /// Weighs a leg's last act, and ends its incident if it is over.
    fn weigh(&mut self, now: Now, id: LegId) -> Weighed {
        let retry_until = self.setup.patience.retry_until;
        let Some(watch) = self.legs.get_mut(&id) else { return Weighed::Nothing };
        let weighed = watch.weigh(now.mono, retry_until, &mut self.chance);
        if matches!(weighed, Weighed::Proved(_, Side::Sender) | Weighed::RunsLate(Side::Sender)) {
            watch.confirm_by = self.setup.confirm_within.map(|within| now.mono + within);
        }
        let stands = watch.own_end(Side::Sender).is_none_or(|end| end.object.state != ReplicationState::Replicating);
        if stands || watch.confirm_by.is_some_and(|by| by <= now.mono) {
            watch.confirm_by = None;
        }
        watch.close_incident();
        weighed
    }

    /// Judges a leg that no host shows any more. A booting host shows its VMs one after the other, so the leg is looked for as
    /// long as one that only its other host shows; after that it is reported as gone.
    fn judge_vanished(&mut self, now: Now, id: LegId) {
        if self.legs.get(&id).is_some_and(|watch| watch.presence == Presence::Guessed) {
            // It was a guess at the part of something that could not be read, and now can be.
            let guess = self.legs.remove(&id);
            if let (Some(guess), Some(memory)) = (guess, self.remembered.get_mut(&id)) {
                memory.told = guess.told.into_iter().collect();
            }
            return;
        }
        if let Some(watch) = self.legs.get_mut(&id) {
            watch.presence = Presence::Gone;
        }
        self.weigh(now, id);
        let Some(watch) = self.legs.get(&id) else { return };
        let ends = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter_map(End::seen);
        let hosts: BTreeSet<HostId> = ends.map(|end| end.host).collect();
        let patience = &self.setup.patience;
        let until = hosts.iter().filter_map(|host| self.host(*host)).map(|host| host.timeout_at(patience)).max();
        let until = until.filter(|until| *until > now.mono);
        let look_by = watch.incident.as_ref().and_then(|incident| incident.look_by(patience.retry_until));
        let Some(watch) = self.legs.get_mut(&id) else { return };
        let verdict = if until.is_some() { Verdict::Wait(Reason::NotShown) } else { Verdict::Stale(Reason::NotShown) };
        if std::mem::replace(&mut watch.verdict, verdict) != verdict {
            self.decided.insert(id);
        }
        let settled = watch.is_settled(self.setup.dry_run);
        for host in hosts.into_iter().filter(|_| !settled) {
            self.want_look(id, host);
        }
        self.wake_at(now, id, until.or(look_by.filter(|_| !settled)));
        self.carry_on_unseen(id);
    }

    /// Judges a leg again then, if that is still to come and no earlier time is noted.
    pub(super) fn wake_at(&mut self, now: Now, id: LegId, at: Option<MonoTime>) {
        let Some(at) = at.filter(|at| *at > now.mono) else { return };
        let earliest = self.wakes.of(id).map_or(at, |noted| noted.min(at));
        self.wakes.set(id, Some(earliest));
    }

    pub(super) fn note_settled(&mut self, id: LegId) {
        if self.legs.get(&id).is_some_and(|watch| !self.is_settled_leg(id, watch)) {
            self.unsettled.insert(id);
        } else {
            self.unsettled.remove(&id);
        }
    }

    /// Whether nothing more is done for a leg until something new is seen, by itself or by an order.
    pub(super) fn is_settled_leg(&self, id: LegId, watch: &LegWatch) -> bool {
        watch.is_settled(self.setup.dry_run) && self.is_order_over(id)
    }

    fn readiness(&self, end: &End) -> Readiness {
        let host = end.shown_by().and_then(|host| self.host(host));
        match host.map(|host| &host.phase) {
            None | Some(Phase::Ready { .. }) => Readiness::Ready,
            Some(Phase::Waiting) => Readiness::Waiting,
            Some(Phase::Late(_)) => Readiness::Late,
        }
    }

    /// Whether a leg's resynchronization is paused and must wait, since another leg of its sender's host resynchronizes:
    /// comparing whole disks is heavy, so a host does it for one VM at a time.
    pub(super) fn resync_under_way(&self, id: LegId) -> bool {
        let paused = ReplicationState::ResynchronizeSuspended;
        let own = self.legs.get(&id).and_then(|watch| watch.leg.sender.seen());
        let Some(host) = own.filter(|own| own.object.state == paused).map(|own| own.host) else { return false };
        // What the latest look shows of the others, whichever of them is judged first.
        let resyncs = |other: LegId| match self.inventory.sender_on(host, other, &self.names) {
            Some(sender) if sender.object.state == ReplicationState::Resynchronizing => true,
            Some(sender) => {
                let is_open = |watch: &LegWatch| watch.attempt().is_open();
                sender.object.state == paused && self.legs.get(&other).is_some_and(|watch| is_open(watch))
            }
            None => false,
        };
        // A host shows a small part of a fleet's legs.
        let others = self.inventory.shown_by(host).flat_map(super::looking::legs_of);
        others.filter(|other| *other != id).any(resyncs)
    }

    /// What is known of the host that a relationship speaks of and that does not show its end.
    pub(super) fn elsewhere(&self, now: MonoTime, name: Option<&HostName>) -> NotSeenEnd {
        let found = name.map_or(Match::NotAsked, |name| self.names.find(name));
        let text = name.map(ToString::to_string);
        let (host, is_certain) = match found {
            Match::NotAsked => return NotSeenEnd { host_name: text, whereabouts: Whereabouts::NotAsked },
            Match::Unclear => {
                let host = text.clone().unwrap_or_default();
                let why = "several of the hosts that are asked bear its first label";
                let problem = Problem::new(ProblemKind::NotThere, format!("tell which host {host} is"), why)
                    .with_remedy(Remedy::NameHosts);
                return NotSeenEnd { host_name: text, whereabouts: Whereabouts::Late { host, problem } };
            }
            Match::Host(host) => (self.host(host), true),
            Match::PerhapsSilent(host) => (self.host(host), false),
        };
        let Some(host) = host else { return NotSeenEnd { host_name: text, whereabouts: Whereabouts::NotAsked } };
        if matches!(host.kind(), Some(Kind::Another | Kind::NotTrusted))
            || name.is_some_and(|name| self.names.is_disputed(name))
        {
            return NotSeenEnd { whereabouts: not_trusted(host, text.as_deref()), host_name: text };
        }
        let time_left = now < host.timeout_at(&self.setup.patience);
        let whereabouts = match &host.phase {
            Phase::Late(why) => Whereabouts::Late { host: host.display_name(), problem: why.problem.clone() },
            Phase::Ready { .. } if !time_left && host.loading.is_possible(now) => {
                Whereabouts::NotLoaded { host: host.asked.id }
            }
            Phase::Ready { .. } if !time_left => Whereabouts::WithoutIt { host: host.asked.id },
            Phase::Ready { .. } | Phase::Waiting => Whereabouts::NotYet { host: Some(host.asked.id) },
        };
        // What another host is called is not what a host is called that says that name.
        let bears = |own: &HostName| self.names.find(own) == Match::Host(host.asked.id);
        let is_itself = is_certain && host.duplicate_of.is_none() && host.name.as_ref().is_none_or(bears);
        NotSeenEnd { host_name: if is_itself { Some(host.display_name()) } else { text }, whereabouts }
    }
}

/// A host does not replicate to itself: where the name of a leg's other end leads to the host that shows this one, its address
/// is wrong, and nobody has seen the other end. Until the time is up another host may say that name.
fn doubt_own_host(leg: &mut Leg) {
    let other_of = |own: &End, named: Option<&HostName>, other: &End| {
        let (End::Seen(own), End::NotSeen(end)) = (own, other) else { return None };
        let leads_back = match &end.whereabouts {
            Whereabouts::NotLoaded { host } | Whereabouts::WithoutIt { host } => *host == own.host,
            Whereabouts::NotAsked
            | Whereabouts::NotYet { .. }
            | Whereabouts::Late { .. }
            | Whereabouts::Unreadable { .. } => false,
        };
        let name = named.filter(|_| leads_back)?.to_string();
        let why = format!("the address at which it is asked leads to {}", own.host_name);
        let what = format!("see the other end on {name}");
        let problem = Problem::new(ProblemKind::NotThere, what, why).with_remedy(Remedy::NameHosts);
        Some(NotSeenEnd { host_name: Some(name.clone()), whereabouts: Whereabouts::Late { host: name, problem } })
    };
    let receiver = other_of(&leg.sender, leg.sender.settings().and_then(ReplicationSettings::recovery), &leg.receiver);
    let sender = other_of(&leg.receiver, leg.receiver.settings().and_then(ReplicationSettings::primary), &leg.sender);
    if let Some(end) = receiver {
        leg.receiver = End::NotSeen(end);
    }
    if let Some(end) = sender {
        leg.sender = End::NotSeen(end);
    }
}

/// Whether all that a host shows is known, or is that of another host.
fn is_heard(host: &HostWatch) -> bool {
    match host.kind() {
        Some(Kind::SecondAddress) => true,
        Some(Kind::NotTrusted) => false,
        Some(Kind::Another) | None => host.is_ready(),
    }
}

/// A host that a name stands for calls itself otherwise, and another one says its name.
fn not_trusted(host: &HostWatch, name: Option<&str>) -> Whereabouts {
    let said = host.name.as_ref().map_or("nothing", HostName::as_str);
    let why =
        format!("the host that is asked by this name calls itself {said}, and the names of these hosts are mixed up");
    let what = format!("tell which host {} is", name.unwrap_or_default());
    let problem = Problem::new(ProblemKind::NotThere, what, why).with_remedy(Remedy::NameHosts);
    Whereabouts::Late { host: host.asked.label.clone(), problem }
}
