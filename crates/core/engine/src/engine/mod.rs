//! The engine: one owner of what is known, fed with events, answering with effects.

mod acting;
mod discovery;
mod evidence;
mod exceptions;
mod looking;

use std::collections::{BTreeMap, BTreeSet};

use reprise_model::{ActId, HostId, HostName, LegId, MonoTime, Now, Problem, ProblemKind, Reason, VmId};

use crate::agenda::Agenda;
use crate::exchange::{Effect, Event};
use crate::explain;
use crate::host::{HostWatch, Phase};
use crate::inventory::Inventory;
use crate::judge::{Verdict, judge};
use crate::leg::{End, NotSeenEnd, Whereabouts};
use crate::links::Links;
use crate::names::{Match, Names};
use crate::pace::Queue;
use crate::pass::Pass;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::watch::LegWatch;

/// The label under which legs are kept whose receiver nobody names: any host may matter to them.
const NOBODY: &str = "";

/// One pass over the asked hosts.
#[derive(Debug)]
pub struct Engine {
    pass: Pass,
    start: Now,
    hosts: BTreeMap<HostId, HostWatch>,
    names: Names,
    inventory: Inventory,
    /// Boxed: a map whose leaves hold whole watches moves kilobytes for each leg that it takes in.
    legs: BTreeMap<LegId, Box<LegWatch>>,
    /// Legs whose inputs changed since they were judged.
    dirty: BTreeSet<LegId>,
    /// Legs with an end that is not seen, by the first label of the host that should show it: what becomes of such a
    /// host matters to them.
    open_ended: Links<String>,
    /// Legs that are not settled.
    unsettled: BTreeSet<LegId>,
    /// Legs that want a fresh look at a host.
    look_wanted: Links<HostId>,
    /// When each host is given up, and when each is looked at next.
    deadlines: Agenda,
    looks: Agenda,
    /// Hosts of which one of those times may have changed.
    touched: BTreeSet<HostId>,
    /// Legs that wait for what a host's event log says.
    events_wanted: Links<HostId>,
    /// Hosts that legs speak of and that are to be asked too, with the host that showed the leg.
    heard_of: BTreeMap<HostName, HostId>,
    /// VMs that each exception of this pass covers, by the exception's place among the holds.
    excepted: BTreeMap<usize, BTreeSet<VmId>>,
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
        let hosts: BTreeMap<_, _> =
            pass.hosts.iter().map(|asked| (asked.id, HostWatch::new(asked.clone(), now.mono))).collect();
        Self {
            names: Names::new(hosts.values()),
            touched: hosts.keys().copied().collect(),
            hosts,
            start: now,
            inventory: Inventory::default(),
            legs: BTreeMap::new(),
            dirty: BTreeSet::new(),
            open_ended: Links::default(),
            unsettled: BTreeSet::new(),
            look_wanted: Links::default(),
            deadlines: Agenda::default(),
            looks: Agenda::default(),
            events_wanted: Links::default(),
            heard_of: BTreeMap::new(),
            excepted: BTreeMap::new(),
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
            Event::EventsRead { host, evidence } => self.events_read(host, evidence),
            Event::Tick => {}
            Event::Stop => stop = true,
        }
        self.give_up_hosts(now, stop, &mut effects);
        self.dirty.extend(self.schedule.due(now.mono));
        self.rejudge(now);
        self.ask_peers(now, &mut effects);
        if let Some(ambiguous) = self.ambiguous() {
            self.finished = true;
            effects.push(Effect::Refuse(ambiguous));
            return effects;
        }
        if stop {
            self.cut_off();
        } else {
            self.plan_events(now, &mut effects);
            self.plan_acts(now, &mut effects);
            self.plan_looks(now, &mut effects);
        }
        self.refresh_agendas();
        self.finish_if_done(now, &mut effects);
        effects
    }

    /// When [`Event::Tick`] is wanted at the latest.
    pub fn next_deadline(&self) -> Option<MonoTime> {
        if self.finished {
            return None;
        }
        debug_assert!(self.agendas_are_right(), "a host's time changed and nobody noted it");
        let hosts = self.deadlines.next().into_iter().chain(self.looks.next());
        hosts.chain(self.schedule.next()).chain([self.ends_at()]).min()
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

    fn give_up_hosts(&mut self, now: Now, stop: bool, effects: &mut Vec<Effect>) {
        self.refresh_agendas();
        let late = if stop { self.hosts.keys().copied().collect() } else { self.deadlines.due(now.mono) };
        for id in late {
            let Some(host) = self.hosts.get_mut(&id).filter(|host| !host.is_final()) else { continue };
            host.give_up(stop);
            if let Phase::GivenUp(problem) = &host.phase {
                effects.push(not_ready(&host.display_name(), problem));
            }
            self.touched.insert(id);
            self.reconsider_open_ended(id);
        }
    }

    /// Judges every leg whose inputs changed.
    fn rejudge(&mut self, now: Now) {
        for id in std::mem::take(&mut self.dirty) {
            self.rejudge_one(now, id);
        }
    }

    fn rejudge_one(&mut self, now: Now, id: LegId) {
        let leg = self.inventory.leg(id, &self.names, &|name| self.elsewhere(now.mono, name));
        self.touched.extend(self.queue.remove(id));
        self.touched.extend(self.look_wanted.forget(id));
        self.open_ended.forget(id);
        let Some(mut leg) = leg else {
            self.vanished(now, id);
            return;
        };
        if leg.is_sent_to_nobody_named() {
            self.open_ended.add(id, NOBODY.to_owned());
            if leg.receiver.seen().is_some() && !self.hosts.values().all(|host| host.is_ready() || host.is_second()) {
                // A host that is not seen may be the true receiver, whatever another one says.
                leg.receiver =
                    End::NotSeen(NotSeenEnd { host_name: None, whereabouts: Whereabouts::NotYet { host: None } });
            }
        }
        leg.held_hosts = self.held_hosts(&leg);
        let retry_until = self.start.mono + self.pass.times.retry_for;
        let clock = leg.sender.seen().and_then(|sender| self.inventory.clock(sender.host));
        let watch = self.legs.entry(id).or_insert_with(|| Box::new(LegWatch::new(leg.clone())));
        watch.gone = false;
        watch.memory.sender_clock = clock;
        watch.saw(leg, now.mono);
        watch.weigh(now.mono, retry_until, &mut self.chance);
        self.note_exceptions(id);
        self.weigh_events(id);
        let resync_under_way = self.resync_under_way(id);
        let Some(watch) = self.legs.get_mut(&id) else { return };
        watch.memory.resync_under_way = resync_under_way;
        watch.verdict = judge(&watch.leg, &watch.memory, &self.pass.policy, now.wall);
        let settled = watch.is_settled(self.pass.dry_run);
        set(&mut self.unsettled, id, !settled);
        let missing = [&watch.leg.sender, &watch.leg.receiver].into_iter().filter(|end| end.seen().is_none());
        for label in missing.filter_map(End::host_name).filter_map(HostName::new).map(|name| name.label().to_owned()) {
            self.open_ended.add(id, label);
        }
        self.hear_of(id);
        self.enqueue(now, id);
        self.want_looks(now, id);
    }

    /// No host shows any part of it any more. A host that boots shows its VMs one after the other, so it is looked for as
    /// long as what only another host shows; after that, it is told as gone.
    fn vanished(&mut self, now: Now, id: LegId) {
        let retry_until = self.start.mono + self.pass.times.retry_for;
        if self.legs.get(&id).is_some_and(|watch| !watch.was_seen()) {
            // It was a guess at the part of something that could not be read, and now can be.
            self.legs.remove(&id);
            self.unsettled.remove(&id);
            return;
        }
        let Some(watch) = self.legs.get_mut(&id) else { return };
        watch.gone = true;
        watch.weigh(now.mono, retry_until, &mut self.chance);
        let hosts: Vec<HostId> =
            [&watch.leg.sender, &watch.leg.receiver].into_iter().filter_map(End::seen).map(|end| end.host).collect();
        let times = &self.pass.times;
        let until = hosts.iter().filter_map(|host| self.hosts.get(host)).map(|host| host.timeout_at(times)).max();
        let until = until.filter(|until| *until > now.mono);
        watch.verdict =
            if until.is_some() { Verdict::Wait(Reason::NotShown) } else { Verdict::Stale(Reason::NotShown) };
        let settled = watch.is_settled(self.pass.dry_run);
        let wake = until.or((!settled).then(|| watch.look_by(retry_until)));
        set(&mut self.unsettled, id, !settled);
        for host in hosts.into_iter().filter(|_| !settled) {
            self.want_look(id, host);
        }
        if let Some(wake) = wake.filter(|wake| *wake > now.mono) {
            self.schedule.wake(wake, id);
        }
    }

    /// What is known of the host that a relationship speaks of and that does not show its end.
    fn elsewhere(&self, now: MonoTime, name: Option<&HostName>) -> NotSeenEnd {
        let found = name.map_or(Match::NotAsked, |name| self.names.find(name));
        let text = name.map(ToString::to_string);
        let (host, is_certain) = match found {
            Match::NotAsked => return NotSeenEnd { host_name: text, whereabouts: Whereabouts::NotAsked },
            Match::Unclear => {
                let host = text.clone().unwrap_or_default();
                let why = "several of the hosts that are asked bear its first label";
                let problem = Problem::new(ProblemKind::NotThere, format!("tell which host {host} is"), why);
                let whereabouts = Whereabouts::GaveUp { host, problem };
                return NotSeenEnd { host_name: text, whereabouts };
            }
            Match::Host(host) => (self.host(host), true),
            Match::PerhapsSilent(host) => (self.host(host), false),
        };
        let Some(host) = host else { return NotSeenEnd { host_name: text, whereabouts: Whereabouts::NotAsked } };
        let time_left = now < host.timeout_at(&self.pass.times);
        let whereabouts = match &host.phase {
            Phase::GivenUp(problem) => Whereabouts::GaveUp { host: host.display_name(), problem: problem.clone() },
            Phase::Ready { .. } if !time_left => Whereabouts::WithoutIt { host: host.asked.id },
            Phase::Ready { .. } | Phase::Waiting => Whereabouts::NotYet { host: Some(host.asked.id) },
        };
        NotSeenEnd { host_name: if is_certain { Some(host.display_name()) } else { text }, whereabouts }
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
        let legs_done = self.unsettled.is_empty() && !self.queue.is_acting();
        if !legs_done || !self.hosts.values().all(HostWatch::is_final) {
            return;
        }
        let report = self.report(now);
        effects.extend(explain::events(&report).into_iter().map(Effect::Record));
        effects.push(Effect::Finish(Box::new(report)));
        self.finished = true;
    }

    /// Each host that counts as a second address of another and shows other VMs, with that other; and the other way round.
    fn unlike_twins(&self) -> Vec<(&HostWatch, &HostWatch)> {
        let twin = |host: &HostWatch| host.duplicate_of.as_ref().filter(|twin| !twin.is_another).map(|twin| twin.host);
        let twins = self.hosts.values().filter_map(|host| Some((host, self.host(twin(host)?)?)));
        let unlike = twins.filter(|(one, other)| !one.shows_the_same_as(other));
        unlike.flat_map(|(one, other)| [(one, other), (other, one)]).collect()
    }

    fn report(&self, now: Now) -> Report {
        let mut hosts: Vec<_> = self.hosts.values().map(explain::host).collect();
        for (one, other) in self.unlike_twins() {
            if let Some(host) = hosts.iter_mut().find(|host| host.id == one.asked.id) {
                host.error = Some(explain::unlike_twin(&host.name, &other.asked.label));
            }
        }
        let legs = self.legs.values().map(|watch| {
            let second = watch.leg.second_primary.and_then(|second| self.host(second)).map(HostWatch::display_name);
            explain::leg(watch, second.as_deref(), self.pass.dry_run)
        });
        let legs: Vec<_> = legs.collect();
        let denied = |host: &HostWatch| matches!(&host.phase, Phase::GivenUp(problem) if problem.kind == reprise_model::ProblemKind::Denied);
        let all_denied = !self.hosts.is_empty() && self.hosts.values().all(denied);
        Report {
            outcome: explain::outcome(&hosts, &legs, self.pass.dry_run, all_denied),
            dry_run: self.pass.dry_run,
            started: self.start.wall,
            elapsed: now.mono.since(self.start.mono),
            hosts,
            legs,
            unmatched: self.unmatched(),
        }
    }
}

fn not_ready(host: &str, problem: &reprise_model::Problem) -> Effect {
    Effect::Record(reprise_model::Event::HostNotReady { host: host.to_owned(), problem: problem.clone() })
}

fn set(legs: &mut BTreeSet<LegId>, id: LegId, present: bool) {
    if present {
        legs.insert(id);
    } else {
        legs.remove(&id);
    }
}
