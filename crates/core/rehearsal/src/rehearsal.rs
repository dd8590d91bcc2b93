//! One story: messages with delays between engine, procedures and lab, faults, and a check after every step.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached, Reply, Request};
use reprise_engine::{AskedHost, Effect, Engine, Event, Pass, Report, Times};
use reprise_lab::{Command, Face, Os, Side, Spec, SpecError, Start, Topology, World, view};
use reprise_model::{
    Act, Hold, HoldScope, HostId, HostName, MonoTime, Now, Policy, ReplicationState, Timestamp, VmId, VmSelector,
};

use crate::fault::{self, Fate, Scheduled};
use crate::procedure::{Ended, Procedure, Purpose, Waits};
use crate::shadow::{Broken, Shadow};

/// Most steps of one story: far above any that ends.
const STEPS_MAX: usize = 2_000_000;
/// How long a connection that nobody answers is waited for.
const SWALLOWED: Duration = Duration::from_secs(5);
/// Limits of the pass.
const LIMIT: Duration = Duration::from_mins(1);

/// What a story is made of.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many hosts.
    pub hosts: usize,
    /// How many VMs.
    pub vms: usize,
    /// What the hosts run.
    pub os: Os,
    /// A fault that is built in on purpose, to show that a story finds it.
    pub sabotage: Option<Sabotage>,
}

impl Default for Options {
    fn default() -> Self {
        Self { hosts: 2, vms: 9, os: Spec::default().os, sabotage: None }
    }
}

/// Faults of ours, built in on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The transport sends an Invoke again whose answer was lost.
    RepeatInvoke,
    /// The engine is not told of the holds.
    ForgetHolds,
    /// The engine is told the same old look for ever.
    OldLooks,
}

/// A story that ended well.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How many steps it had.
    pub steps: usize,
    /// How many resumes reached a host.
    pub invokes: usize,
    /// What happened, line by line.
    pub transcript: String,
}

/// A story in which something was broken.
#[derive(Clone, Debug)]
pub struct Find {
    /// Its seed.
    pub seed: u64,
    /// The step.
    pub step: usize,
    /// What was broken.
    pub what: String,
    /// What happened until then, line by line.
    pub transcript: String,
}

impl fmt::Display for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "REPRISE_SIM_SEED={} step {}: {}", self.seed, self.step, self.what)
    }
}

/// Plays one story: a pass while things go wrong, possibly killed at any instant; then everything is switched on, and one
/// more pass must leave nothing wanted behind.
///
/// # Errors
/// What was broken, and how it came to that.
pub fn rehearse(seed: u64, options: &Options) -> Result<Summary, Box<Find>> {
    let find = |step, what, transcript| Box::new(Find { seed, step, what, transcript });
    let mut story = Story::new(seed, options).map_err(|error| find(0, error.to_string(), String::new()))?;
    match story.play() {
        Ok(()) => Ok(Summary { steps: story.steps, invokes: story.invokes, transcript: story.transcript }),
        Err(what) => Err(find(story.steps, what, story.transcript)),
    }
}

struct Story {
    options: Options,
    chance: fastrand::Rng,
    world: World,
    now: Duration,
    script: VecDeque<Scheduled>,
    held: Vec<VmId>,
    first_looks: BTreeMap<HostId, Box<reprise_model::Observation>>,
    steps: usize,
    invokes: usize,
    transcript: String,
}

/// One pass under way.
struct Under {
    engine: Engine,
    shadow: Shadow,
    procedures: Vec<Procedure>,
    report: Option<Box<Report>>,
}

impl Story {
    fn new(seed: u64, options: &Options) -> Result<Self, SpecError> {
        let mut chance = fastrand::Rng::with_seed(seed);
        let topology = if chance.bool() { Topology::Ring } else { Topology::Hub };
        let job = Duration::from_millis(chance.u64(0..3_000));
        let spec =
            Spec { hosts: options.hosts, vms: options.vms, os: options.os, topology, job, seed, ..Spec::default() };
        let world = World::new(&spec)?;
        let script = fault::script(&mut chance, options.hosts, options.vms);
        let vms = world.view().vms;
        let held = vms.iter().filter(|_| chance.u8(0..8) == 0).map(|vm| VmId::new(vm.vm_id)).collect();
        Ok(Self {
            options: *options,
            chance,
            world,
            now: Duration::ZERO,
            script: script.into(),
            held,
            first_looks: BTreeMap::new(),
            steps: 0,
            invokes: 0,
            transcript: String::new(),
        })
    }

    fn play(&mut self) -> Result<(), Broken> {
        let killed_at = (self.chance.u8(0..3) == 0).then(|| Duration::from_millis(self.chance.u64(0..40_000)));
        let begins = Duration::from_millis(self.chance.u64(0..12_000));
        self.pass_time(begins);
        self.pass(killed_at)?;
        self.pass_time(fault::TROUBLED.max(self.now));
        for index in 0..self.options.hosts {
            let host = self.world.host_name(index).unwrap_or_default().to_owned();
            // A host that is on already needs no boot.
            let _was_on = self.world.command(&Command::Boot { host, vmms: Start::default() });
        }
        self.line("calm");
        self.pass(None)?;
        self.nothing_is_left_behind()
    }

    /// What is wanted runs, once nothing goes wrong any more.
    fn nothing_is_left_behind(&self) -> Result<(), Broken> {
        for vm in self.world.view().vms {
            for leg in vm.legs {
                let by_a_person = self.held.contains(&VmId::new(vm.vm_id)) || !matches!(leg.receiver_state, 3 | 8);
                if leg.sender_state != 3 && !by_a_person {
                    return Err(format!("{} is left behind at {}", vm.vm, leg.sender_state));
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, text: &str) {
        let _infallible = writeln!(self.transcript, "{:>9.3} {text}", self.now.as_secs_f64());
    }

    fn clock(&self) -> Now {
        let millis = i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX);
        Now { mono: MonoTime(self.now), wall: Timestamp(millis) }
    }

    /// Lets faults happen up to a time, without anybody looking.
    fn pass_time(&mut self, to: Duration) {
        while let Some(at) = self.script.front().map(|s| s.at).filter(|at| *at <= to) {
            self.now = self.now.max(at);
            // Nobody watches, so nobody needs to know who has booted.
            let _booted = self.interfere();
        }
        self.now = self.now.max(to);
        self.world.advance(self.now);
    }

    /// The next fault of the script. Not every command is possible at its time; that is part of chance.
    /// The host that it booted, if it did.
    fn interfere(&mut self) -> Option<HostId> {
        let scheduled = self.script.pop_front()?;
        self.world.advance(self.now);
        let done = self.world.command(&scheduled.command).is_ok();
        self.line(&format!("{} {:?}", if done { "fault" } else { "in vain" }, scheduled.command));
        if let Command::Boot { host, .. } = scheduled.command
            && done
        {
            let index = self.world.host_named(&host)?;
            return u32::try_from(index).ok().map(HostId);
        }
        None
    }

    fn pass(&mut self, killed_at: Option<Duration>) -> Result<(), Broken> {
        let mut under = self.begin();
        self.feed(&mut under, Event::Begin)?;
        while under.report.is_none() {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err("the story does not end".to_owned());
            }
            let wakes = under.procedures.iter().filter_map(Procedure::due);
            let next = wakes.chain(under.engine.next_deadline().map(|at| at.0)).min();
            let next = next.ok_or("nobody waits for anything, and the pass is not over")?.max(self.now);
            if let Some(at) = self.script.front().map(|s| s.at).filter(|at| *at <= next) {
                self.now = self.now.max(at);
                if let Some(booted) = self.interfere() {
                    under.shadow.booted(booted);
                }
                continue;
            }
            if killed_at.is_some_and(|at| next >= at) {
                self.line("killed");
                return Ok(());
            }
            self.now = next;
            self.world.advance(self.now);
            self.step(&mut under)?;
        }
        under.report.map_or(Ok(()), |report| under.shadow.reported(&report))
    }

    fn begin(&mut self) -> Under {
        let hosts = (0..self.options.hosts).map(|index| {
            let name = self.world.host_name(index).unwrap_or_default();
            let id = HostId(u32::try_from(index).unwrap_or(u32::MAX));
            AskedHost { id, label: name.to_owned(), claim: HostName::new(name), vmms_timeout: LIMIT, tier: None }
        });
        let mut policy = Policy::default();
        if self.options.sabotage != Some(Sabotage::ForgetHolds) {
            policy.holds = self.held.iter().map(|vm| hold(*vm)).collect();
        }
        let pass = Pass {
            hosts: hosts.collect(),
            policy,
            times: Times { timeout: LIMIT, retry_for: LIMIT },
            discover: false,
            reads_events: false,
            dry_run: false,
            seed: self.chance.u64(..),
        };
        let shadow = Shadow::new(self.held.iter().copied());
        Under { engine: Engine::new(pass, self.clock()), shadow, procedures: Vec::new(), report: None }
    }

    /// While there is trouble, a person now and then pauses a VM between the look that an act rests on and the act
    /// itself. The script hardly ever hits that moment. A pause that was there before reads the same, so it is no such case.
    fn a_person_comes_between(&mut self, act: &Act) {
        let comes = self.chance.u8(0..10) == 0;
        if !comes || self.now >= fault::TROUBLED || act.expected_state != ReplicationState::Error {
            return;
        }
        let vm = act.leg.vm.to_string();
        for command in [
            Command::Resume { vm: vm.clone(), leg: reprise_lab::Kind::Simple, side: Side::Sender },
            Command::Pause { vm, leg: reprise_lab::Kind::Simple, side: Side::Sender },
        ] {
            let done = self.world.command(&command).is_ok();
            self.line(&format!("{} {command:?}", if done { "between" } else { "in vain" }));
        }
    }

    /// One thing that is due now: a procedure's, or the engine's deadline.
    fn step(&mut self, under: &mut Under) -> Result<(), Broken> {
        let now = self.now;
        let Some(index) = under.procedures.iter().position(|p| p.due().is_some_and(|due| due <= now)) else {
            return self.feed(under, Event::Tick);
        };
        let mut procedure = under.procedures.swap_remove(index);
        if let Waits::Sent { .. } = procedure.waits {
            self.arrives(under, &mut procedure)?;
            under.procedures.push(procedure);
            return Ok(());
        }
        let way = self.way();
        procedure.go_on(now, way);
        let Waits::Done(ended) = procedure.waits else {
            under.procedures.push(procedure);
            return Ok(());
        };
        let name = self.name_of(procedure.host);
        match (ended, procedure.purpose) {
            (Ended::Look(observation), _) => {
                let seen = observation.replication.seen().is_some_and(|r| r.service && r.host_row);
                let observation = self.told_of(procedure.host, observation);
                under.shadow.told(procedure.host, seen, &self.world.view(), &name);
                let started = MonoTime(procedure.began);
                self.feed(under, Event::Looked { host: procedure.host, started, observation })
            }
            (Ended::Act(outcome), Purpose::Act(act)) => {
                self.line(&format!("act {} on {} {outcome:?}", act.id.0, act.leg.vm));
                under.shadow.ended(&act);
                self.feed(under, Event::Acted { act: act.id, outcome })
            }
            (Ended::Act(_), Purpose::Look) => Err("a look ended as an act".to_owned()),
        }
    }

    fn told_of(&mut self, host: HostId, seen: Box<reprise_model::Observation>) -> Box<reprise_model::Observation> {
        if self.options.sabotage == Some(Sabotage::OldLooks) && seen.replication.seen().is_some_and(|r| r.host_row) {
            return self.first_looks.entry(host).or_insert(seen).clone();
        }
        seen
    }

    fn way(&mut self) -> Duration {
        Duration::from_millis(self.chance.u64(1..60))
    }

    fn name_of(&self, host: HostId) -> String {
        let index = usize::try_from(host.0).unwrap_or(usize::MAX);
        self.world.host_name(index).unwrap_or_default().to_owned()
    }

    /// A request reaches its host, or what there is of it.
    fn arrives(&mut self, under: &mut Under, procedure: &mut Procedure) -> Result<(), Broken> {
        let Waits::Sent { request, .. } = &procedure.waits else { return Ok(()) };
        let request = request.clone();
        let host = usize::try_from(procedure.host.0).unwrap_or(usize::MAX);
        let fate =
            if matches!(request, Request::Invoke { .. }) { fault::fate(&mut self.chance) } else { Fate::Arrives };
        let lost = || CallError::new(ErrorKind::Unreachable, Reached::Perhaps, "the connection was lost");
        let (answer, takes) = match self.world.face(host) {
            Face::Refuse => (Err(CallError::new(ErrorKind::Unreachable, Reached::No, "refused")), self.way()),
            Face::Swallow => (Err(CallError::new(ErrorKind::TimedOut, Reached::No, "no answer")), SWALLOWED),
            Face::Open if fate == Fate::LostBefore => (Err(lost()), self.way()),
            Face::Open => {
                let answer = self.deliver(under, procedure, host, &request)?;
                let back = self.way();
                match (fate, self.options.sabotage) {
                    (Fate::LostAfter, Some(Sabotage::RepeatInvoke)) => {
                        (self.deliver(under, procedure, host, &request)?, back)
                    }
                    (Fate::LostAfter, _) => (Err(lost()), back),
                    (Fate::Arrives | Fate::LostBefore, _) => (answer, back),
                }
            }
        };
        procedure.waits = Waits::Answered { answer, arrives: self.now + takes };
        Ok(())
    }

    fn deliver(
        &mut self,
        under: &mut Under,
        procedure: &Procedure,
        host: usize,
        request: &Request,
    ) -> Result<Result<Reply, CallError>, Broken> {
        if let Purpose::Act(act) = &procedure.purpose {
            let state = true_state(&self.world.view(), act.leg.vm);
            under.shadow.reached(act, request, state)?;
            if matches!(request, Request::Invoke { .. }) {
                self.invokes += 1;
                self.line(&format!("act {} reaches {} at {state}", act.id.0, act.leg.vm));
            }
        }
        let answer = self.world.answer(host, request);
        if let (Purpose::Look, Request::Query { select, .. }, Ok(Reply::Rows(rows))) =
            (&procedure.purpose, request, &answer)
        {
            under.shadow.look_shown(procedure.host, select.class.as_str(), rows);
        }
        Ok(answer)
    }

    fn feed(&mut self, under: &mut Under, event: Event) -> Result<(), Broken> {
        for effect in under.engine.handle(self.clock(), event) {
            match effect {
                Effect::Observe(host) => under.procedures.push(Procedure::look(host, self.now)),
                Effect::Perform(act) => {
                    self.line(&format!("act {} planned on {} in {}", act.id.0, act.leg.vm, act.expected_state));
                    under.shadow.planned(&act)?;
                    self.a_person_comes_between(&act);
                    under.procedures.push(Procedure::act(act, self.now));
                }
                Effect::Ask { .. } | Effect::ReadEvents(_) => return Err("the engine asks for what is off".to_owned()),
                Effect::Record(event) => self.line(&format!("record {event:?}")),
                Effect::Finish(report) => {
                    for leg in &report.legs {
                        self.line(&format!("{} {:?} {}", leg.vm, leg.result, leg.reason));
                    }
                    under.report = Some(report);
                }
            }
        }
        Ok(())
    }
}

fn hold(vm: VmId) -> Hold {
    Hold {
        scope: HoldScope::Vm(VmSelector::Id(vm)),
        reason: "rehearsal".to_owned(),
        until: None,
        only_this_pass: false,
    }
}

fn true_state(world: &view::World, id: VmId) -> u16 {
    let vm = world.vms.iter().find(|vm| VmId::new(vm.vm_id) == id);
    vm.and_then(|vm| vm.legs.first()).map_or(0, |leg| leg.sender_state)
}
