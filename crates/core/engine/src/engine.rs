//! The engine: one owner of what is known, fed with events, answering with effects.

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{
    Act, ActId, ActKind, Evidence, HostId, HostName, LegId, LegKind, MonoTime, Now, Observation, Outcome, VmId,
};

use crate::exchange::{Effect, Event, Side};
use crate::explain;
use crate::guard;
use crate::host::{HostWatch, Phase, visible};
use crate::inventory::{HostLook, Inventory};
use crate::judge::{Verdict, judge};
use crate::leg::{End, NotSeenEnd, Whereabouts};
use crate::links::Links;
use crate::names::{Match, Names};
use crate::pace::Queue;
use crate::pass::Pass;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::watch::{Failure, LegWatch, Unweighed};

/// One pass over the asked hosts.
#[derive(Debug)]
pub struct Engine {
    pass: Pass,
    start: Now,
    hosts: BTreeMap<HostId, HostWatch>,
    names: Names,
    inventory: Inventory,
    legs: BTreeMap<LegId, LegWatch>,
    /// Legs that no host shows any more: a host that boots shows its VMs one after the other, and they may come back.
    vanished: BTreeMap<LegId, LegWatch>,
    /// Legs whose inputs changed since they were judged.
    dirty: BTreeSet<LegId>,
    /// Legs with an end that is not seen, by the first label of the host that should show it: what becomes of such a
    /// host matters to them.
    open_ended: Links<String>,
    /// Legs that are not settled.
    unsettled: BTreeSet<LegId>,
    /// Legs that want a fresh look at a host.
    look_wanted: Links<HostId>,
    acts: BTreeMap<ActId, (LegId, HostId)>,
    queue: Queue,
    schedule: Schedule,
    next_act: u64,
    chance: fastrand::Rng,
    finished: bool,
}

impl Engine {
    /// A pass that begins now. Feed it [`Event::Begin`] first.
    pub fn new(pass: Pass, now: Now) -> Self {
        let hosts: BTreeMap<_, _> = pass.hosts.iter().map(|asked| (asked.id, HostWatch::new(asked.clone()))).collect();
        Self {
            names: Names::new(hosts.values()),
            hosts,
            start: now,
            inventory: Inventory::default(),
            legs: BTreeMap::new(),
            vanished: BTreeMap::new(),
            dirty: BTreeSet::new(),
            open_ended: Links::default(),
            unsettled: BTreeSet::new(),
            look_wanted: Links::default(),
            acts: BTreeMap::new(),
            queue: Queue::default(),
            schedule: Schedule::default(),
            next_act: 0,
            chance: fastrand::Rng::with_seed(pass.seed),
            finished: false,
            pass,
        }
    }

    /// Takes in one event; what is to be done now. After [`Effect::Finish`] every further event is ignored.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.finished {
            return effects;
        }
        let mut stop = now.mono >= self.ends_at();
        match event {
            Event::Begin => effects.push(Effect::Record(reprise_model::Event::Started)),
            Event::Looked { host, started, observation } => self.looked(now, host, started, *observation, &mut effects),
            Event::Acted { act, outcome } => self.acted(now, act, outcome),
            Event::EvidenceRead { leg, side, evidence } => self.evidence_read(leg, side, evidence),
            Event::Tick => {}
            Event::Stop => stop = true,
        }
        self.give_up_hosts(now, stop, &mut effects);
        self.dirty.extend(self.schedule.due(now.mono));
        self.rejudge(now);
        if stop {
            self.cut_off();
        } else {
            self.plan_acts(now, &mut effects);
            self.plan_looks(now, &mut effects);
        }
        self.finish_if_done(now, &mut effects);
        effects
    }

    /// When [`Event::Tick`] is wanted at the latest.
    pub fn next_deadline(&self) -> Option<MonoTime> {
        if self.finished {
            return None;
        }
        let start = self.start.mono;
        let hosts = self.hosts.values().filter_map(|host| host.deadline(start, &self.pass.times));
        let looks = self.hosts.values().filter(|host| self.wants_look(host)).filter_map(|host| self.next_look(host));
        hosts.chain(looks).chain(self.schedule.next()).chain([self.ends_at()]).min()
    }

    /// When the pass ends at the latest.
    pub fn ends_at(&self) -> MonoTime {
        self.start.mono + self.pass.longest()
    }

    /// How many legs are settled, and how many were seen: for a progress bar.
    pub fn progress(&self) -> (usize, usize) {
        (self.legs.len() - self.unsettled.len(), self.legs.len())
    }

    /// What the hosts are called and whether they are ready, for a progress line.
    pub fn host_progress(&self) -> impl Iterator<Item = (String, bool)> {
        self.hosts.values().map(|host| (host.display_name(), host.is_ready()))
    }

    fn host(&self, id: HostId) -> Option<&HostWatch> {
        self.hosts.get(&id)
    }

    fn looked(&mut self, now: Now, id: HostId, started: MonoTime, seen: Observation, effects: &mut Vec<Effect>) {
        let Some(host) = self.hosts.get_mut(&id) else { return };
        let known_before = host.name.clone();
        let was_final = host.is_final();
        let became_ready = host.looked(now.mono, started, &seen);
        let name = host.display_name();
        if became_ready && let Phase::Ready { after } = host.phase {
            effects
                .push(Effect::Record(reprise_model::Event::HostReady { host: name.clone(), seconds: after.as_secs() }));
        }
        let renamed = host.name != known_before;
        let concerned = renamed || host.is_final() != was_final;
        if let (false, Phase::GivenUp(problem)) = (was_final, &host.phase) {
            effects.push(not_ready(&name, problem));
        }
        if renamed {
            self.mark_duplicate(id);
            self.names = Names::new(self.hosts.values());
        }
        if concerned {
            self.reconsider_open_ended(id);
        }
        let is_second = self.host(id).is_none_or(|host| host.duplicate_of.is_some());
        if is_second || visible(&seen).is_err() {
            return;
        }
        let clock = seen.system.seen().map(|system| system.clock);
        let booted = seen.system.seen().map(|system| system.booted);
        let reprise_model::Seen::Seen(replication) = seen.replication else { return };
        for vm in self.inventory.update(id, HostLook { looked: started, name, clock, booted, replication }) {
            self.dirty.extend(legs_of(vm));
        }
    }

    /// What became of a host matters to the legs that should have an end there. While a host has no name of its own, it
    /// may be any of them.
    fn reconsider_open_ended(&mut self, id: HostId) {
        let Some(host) = self.hosts.get(&id) else { return };
        let labels: BTreeSet<&str> = host.known_names().map(HostName::label).collect();
        let anyone = labels.is_empty() || !self.names.has_silent();
        let concerned = self.open_ended.iter().filter(|(label, _)| anyone || labels.contains(label.as_str()));
        self.dirty.extend(concerned.flat_map(|(_, legs)| legs.iter().copied()));
    }

    /// Two addresses of one host must not look like two hosts that hold the same VMs.
    fn mark_duplicate(&mut self, id: HostId) {
        let Some(name) = self.host(id).and_then(|host| host.name.clone()) else { return };
        let first = self
            .hosts
            .values()
            .find(|h| h.asked.id != id && h.duplicate_of.is_none() && h.name.as_ref() == Some(&name));
        let first = first.map(|host| host.asked.label.clone());
        if let Some(host) = self.hosts.get_mut(&id) {
            host.duplicate_of = first;
        }
    }

    fn acted(&mut self, now: Now, act: ActId, outcome: Outcome) {
        let Some((leg, host)) = self.acts.remove(&act) else { return };
        self.queue.ended(host);
        let Some(watch) = self.legs.get_mut(&leg) else { return };
        watch.acting = None;
        watch.ended = Some(now.mono);
        watch.fresh_after = Some(now.mono);
        if matches!(outcome, Outcome::Ended(_)) {
            watch.memory.resumes += 1;
        }
        let from = watch.end(watch.side).map_or(reprise_model::ReplicationState::Unknown, |end| end.object.state);
        watch.unweighed = Some(Unweighed { from, outcome });
        self.dirty.insert(leg);
    }

    fn evidence_read(&mut self, leg: LegId, side: Side, evidence: Evidence) {
        if let Some(watch) = self.legs.get_mut(&leg) {
            match side {
                Side::Sender => watch.memory.sender_events = evidence,
                Side::Receiver => watch.memory.receiver_events = evidence,
            }
            self.dirty.insert(leg);
        }
    }

    fn give_up_hosts(&mut self, now: Now, stop: bool, effects: &mut Vec<Effect>) {
        let (start, times) = (self.start.mono, self.pass.times);
        let mut given_up = Vec::new();
        for host in self.hosts.values_mut() {
            let late = host.deadline(start, &times).is_some_and(|deadline| now.mono >= deadline);
            if late || (stop && !host.is_final()) {
                host.give_up();
                given_up.push(host.asked.id);
                if let Phase::GivenUp(problem) = &host.phase {
                    effects.push(not_ready(&host.display_name(), problem));
                }
            }
        }
        for host in given_up {
            self.reconsider_open_ended(host);
        }
    }

    /// Judges every leg whose inputs changed.
    fn rejudge(&mut self, now: Now) {
        for id in std::mem::take(&mut self.dirty) {
            self.rejudge_one(now, id);
        }
    }

    fn rejudge_one(&mut self, now: Now, id: LegId) {
        let leg = self.inventory.leg(id, &|name| self.elsewhere(now.mono, name));
        self.queue.remove(id);
        self.look_wanted.forget(id);
        self.open_ended.forget(id);
        let Some(leg) = leg else {
            self.vanished(id);
            return;
        };
        let retry_until = self.start.mono + self.pass.times.retry_for;
        let clock = leg.sender.seen().and_then(|sender| self.inventory.clock(sender.host));
        let known = self.vanished.remove(&id);
        let watch = self.legs.entry(id).or_insert_with(|| known.unwrap_or_else(|| LegWatch::new(leg.clone())));
        watch.memory.sender_clock = clock;
        watch.saw(leg);
        watch.weigh(now.mono, retry_until, &mut self.chance);
        watch.verdict = judge(&watch.leg, &watch.memory, &self.pass.policy, now.wall);
        let settled = watch.is_settled(self.pass.dry_run);
        set(&mut self.unsettled, id, !settled);
        let missing = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter(|end| end.seen().is_none());
        for label in missing.filter_map(End::host_name).filter_map(HostName::new).map(|name| name.label().to_owned()) {
            self.open_ended.add(id, label);
        }
        self.enqueue(now, id);
        self.want_looks(now, id);
    }

    /// No host shows any part of it any more.
    fn vanished(&mut self, id: LegId) {
        let acting = self.legs.get(&id).is_some_and(|watch| watch.acting.is_some());
        if !acting && let Some(watch) = self.legs.remove(&id) {
            self.vanished.insert(id, watch);
            self.unsettled.remove(&id);
        }
    }

    /// What is known of the host that a relationship speaks of and that does not show its end.
    fn elsewhere(&self, now: MonoTime, name: Option<&HostName>) -> NotSeenEnd {
        let found = name.map_or(Match::NotAsked, |name| self.names.find(name));
        let text = name.map(ToString::to_string);
        let (host, is_certain) = match found {
            Match::NotAsked => return NotSeenEnd { host_name: text, whereabouts: Whereabouts::NotAsked },
            Match::Host(host) => (self.host(host), true),
            Match::PerhapsSilent(host) => (self.host(host), false),
        };
        let Some(host) = host else { return NotSeenEnd { host_name: text, whereabouts: Whereabouts::NotAsked } };
        let time_left = now < host.timeout_at(self.start.mono, &self.pass.times);
        let whereabouts = match &host.phase {
            Phase::GivenUp(problem) => Whereabouts::GaveUp { problem: problem.clone() },
            Phase::Ready { .. } if !time_left => Whereabouts::WithoutIt { host: host.asked.id },
            Phase::Ready { .. } | Phase::Waiting => Whereabouts::NotYet { host: Some(host.asked.id) },
        };
        NotSeenEnd { host_name: if is_certain { Some(host.display_name()) } else { text }, whereabouts }
    }

    /// Puts a leg that may be acted on into its host's queue, or wakes for it later.
    fn enqueue(&mut self, now: Now, id: LegId) {
        let Some(watch) = self.legs.get_mut(&id) else { return };
        let Verdict::Resume { side, without_evidence, .. } = watch.verdict else { return };
        watch.planned = true;
        if watch.attempts == 0 {
            watch.without_evidence = without_evidence;
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
            self.queue.add(host, last, id);
        }
    }

    /// Notes which hosts must be looked at again for this leg.
    fn want_looks(&mut self, now: Now, id: LegId) {
        let Some(watch) = self.legs.get(&id) else { return };
        let mut wanted = Vec::new();
        if watch.awaits_look() {
            self.schedule.wake(watch.look_by(self.start.mono + self.pass.times.retry_for), id);
            match watch.fresh_after {
                Some(after) if after > now.mono => self.schedule.wake(after, id),
                Some(_) | None => wanted.extend(watch.acted_on()),
            }
        }
        for end in [&watch.leg.sender, &watch.leg.receiver] {
            if let End::NotSeen(NotSeenEnd { whereabouts: Whereabouts::NotYet { host: Some(host) }, .. }) = end
                && self.unsettled.contains(&id)
                && let Some(host) = self.host(*host)
            {
                wanted.push(host.asked.id);
                let until = host.timeout_at(self.start.mono, &self.pass.times);
                if until > now.mono {
                    self.schedule.wake(until, id);
                }
            }
        }
        for host in wanted {
            self.look_wanted.add(id, host);
        }
    }

    fn plan_acts(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while let Some((host, id)) = self.queue.next(self.pass.policy.pace) {
            if let Some(act) = self.plan(now, id) {
                self.acts.insert(act.id, (id, host));
                effects.push(Effect::Perform(act));
            } else {
                self.queue.ended(host);
            }
        }
    }

    /// The act for a leg whose turn has come; `None` if it must be looked at again first, or if a rule forbids it.
    fn plan(&mut self, now: Now, id: LegId) -> Option<Act> {
        let watch = self.legs.get_mut(&id)?;
        let ends = [watch.leg.sender.seen(), watch.leg.receiver.seen()].into_iter().flatten();
        let old: Vec<HostId> =
            ends.filter(|end| now.mono.since(end.looked) > guard::AGE_MAX).map(|end| end.host).collect();
        if !old.is_empty() {
            for host in old {
                self.look_wanted.add(id, host);
            }
            return None;
        }
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

    fn wants_look(&self, host: &HostWatch) -> bool {
        match host.phase {
            Phase::Waiting => true,
            Phase::GivenUp(_) => false,
            Phase::Ready { .. } => self.queue.is_busy(host.asked.id) || self.look_wanted.has(&host.asked.id),
        }
    }

    fn next_look(&self, host: &HostWatch) -> Option<MonoTime> {
        host.next_look(host.is_ready() && self.queue.is_busy(host.asked.id))
    }

    fn plan_looks(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let due = |host: &&HostWatch| self.wants_look(host) && self.next_look(host).is_some_and(|at| now.mono >= at);
        let due: Vec<HostId> = self.hosts.values().filter(due).map(|host| host.asked.id).collect();
        for id in due {
            if let Some(host) = self.hosts.get_mut(&id) {
                host.look_begins(now.mono);
                effects.push(Effect::Observe(id));
            }
        }
    }

    fn cut_off(&mut self) {
        for id in std::mem::take(&mut self.unsettled) {
            if let Some(watch) = self.legs.get_mut(&id) {
                watch.cut_off("the pass ended before it was known what came of it");
            }
        }
        self.acts.clear();
        self.queue = Queue::default();
    }

    fn finish_if_done(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let hosts_done = self.hosts.values().all(HostWatch::is_final);
        if !hosts_done || !self.unsettled.is_empty() || self.queue.is_acting() {
            return;
        }
        let report = self.report(now);
        effects.extend(explain::events(&report).into_iter().map(Effect::Record));
        effects.push(Effect::Finish(Box::new(report)));
        self.finished = true;
    }

    fn report(&self, now: Now) -> Report {
        let hosts: Vec<_> = self.hosts.values().map(explain::host).collect();
        let legs: Vec<_> = self.legs.values().map(|watch| explain::leg(watch, self.pass.dry_run)).collect();
        let denied = |host: &HostWatch| matches!(&host.phase, Phase::GivenUp(problem) if problem.kind == reprise_model::ProblemKind::Denied);
        let all_denied = !self.hosts.is_empty() && self.hosts.values().all(denied);
        Report {
            outcome: explain::outcome(&hosts, &legs, self.pass.dry_run, all_denied),
            dry_run: self.pass.dry_run,
            started: self.start.wall,
            elapsed: now.mono.since(self.start.mono),
            hosts,
            legs,
        }
    }
}

fn not_ready(host: &str, problem: &reprise_model::Problem) -> Effect {
    Effect::Record(reprise_model::Event::HostNotReady { host: host.to_owned(), problem: problem.clone() })
}

fn legs_of(vm: VmId) -> [LegId; 2] {
    [LegKind::Simple, LegKind::Extended].map(|kind| LegId { vm, kind })
}

fn set(legs: &mut BTreeSet<LegId>, id: LegId, present: bool) {
    if present {
        legs.insert(id);
    } else {
        legs.remove(&id);
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
