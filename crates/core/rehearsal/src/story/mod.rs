//! One story: messages with delays between engines, procedures and lab, trouble, and a check after every step.

#[cfg(test)]
mod attacked;
mod feeding;
mod interference;
mod reading;
mod truth;

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use cim::{Reply, Request};
use reprise_engine::Event;
use reprise_engine::goal::Report;
use reprise_lab::{Action, World, view};
use reprise_model::{Hold, HostId, MonoTime, Now, Observation, Outcome, Timestamp, VmId};

use crate::lies::Liar;
use crate::logs::Reading;
use crate::procedure::{Ended, Procedure, Purpose, Waits};
use crate::run::{Beginning, LastLook, Run};
use crate::scene::{self, Scene, once_in};
use crate::shadow::{Answered, Broken};
use crate::trouble::people::Person;
use crate::trouble::{self, Script, Trouble};
use crate::{calm, wire};
use truth::Truth;

/// Most steps of one story: far above any that ends.
const STEPS_MAX: usize = 400_000;
/// After everything was fixed: jobs end, VMMS tries again, what flips back has done so.
const SETTLES: Duration = Duration::from_mins(2);

/// What may be changed about a story.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoryOptions {
    /// A fault that is built in on purpose, to show that a story finds it.
    pub sabotage: Option<Sabotage>,
}

/// A fault in Reprise or its transport, built in on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The transport sends an Invoke again whose answer was lost.
    RepeatInvoke,
    /// The engine does not know of the holds.
    ForgetHolds,
    /// The engine receives the same old look forever.
    OldLooks,
    /// Every event log counts as read completely.
    WholeLogs,
    /// The engine receives records of a shutdown that no log holds.
    InventedShutdown,
}

/// A story that ended well.
#[derive(Clone, Debug)]
pub struct StorySummary {
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

/// Plays one story: runs of Reprise while things go wrong, each possibly killed at any instant; then everything is
/// switched on, and one more run must leave nothing wanted behind.
///
/// # Errors
/// The first rule that did not hold, with the story until then.
pub fn rehearse(seed: u64, options: &StoryOptions) -> Result<StorySummary, Box<Find>> {
    let find = |step, what, transcript| Box::new(Find { seed, step, what, transcript });
    let mut chance = fastrand::Rng::with_seed(seed);
    let scene = scene::draw(&mut chance, seed);
    let world = World::new(&scene.spec).map_err(|error| find(0, error.to_string(), String::new()))?;
    let mut story = Story::new(scene, chance, world, options.sabotage);
    match story.play() {
        Ok(()) => Ok(StorySummary { steps: story.steps, invokes: story.invokes, transcript: story.transcript }),
        Err(what) => Err(find(story.steps, what, story.transcript)),
    }
}

struct Story {
    scene: Scene,
    sabotage: Option<Sabotage>,
    chance: fastrand::Rng,
    world: World,
    names: Vec<String>,
    people: Vec<Person>,
    now: Duration,
    script: Script,
    holds: Vec<Hold>,
    /// How often each host has booted.
    boots: BTreeMap<usize, u32>,
    /// Since when each host's clock is ahead by how many seconds, oldest first.
    clocks: BTreeMap<usize, Vec<(Duration, i64)>>,
    /// What each host's logs have ever held.
    truths: BTreeMap<usize, Truth>,
    runs: BTreeMap<usize, Run>,
    reports: BTreeMap<usize, Box<Report>>,
    old_looks: BTreeMap<HostId, Box<Observation>>,
    /// Hosts that lie.
    liars: Vec<Liar>,
    calm: bool,
    steps: usize,
    invokes: usize,
    transcript: String,
}

fn person(vm: &view::VmView) -> Option<Person> {
    let leg = vm.legs.first()?;
    let extended = vm.legs.iter().any(|leg| leg.leg == "extended");
    Some(Person { id: VmId::new(vm.vm_id), name: vm.vm.clone(), extended, host: leg.sender.clone() })
}

impl Story {
    fn new(scene: Scene, mut chance: fastrand::Rng, world: World, sabotage: Option<Sabotage>) -> Self {
        let names: Vec<String> =
            (0..world.host_count()).filter_map(|host| world.host_name(host)).map(str::to_owned).collect();
        let people: Vec<Person> = world.view().vms.iter().filter_map(person).collect();
        let script = trouble::script(&mut chance, &scene, &names, &people);
        let mut story = Self {
            scene,
            sabotage,
            chance,
            world,
            names,
            people,
            now: Duration::ZERO,
            script,
            holds: Vec::new(),
            boots: BTreeMap::new(),
            clocks: BTreeMap::new(),
            truths: BTreeMap::new(),
            runs: BTreeMap::new(),
            reports: BTreeMap::new(),
            old_looks: BTreeMap::new(),
            liars: Vec::new(),
            calm: false,
            steps: 0,
            invokes: 0,
            transcript: String::new(),
        };
        let scene = format!("{:?}", story.scene);
        story.line(&scene);
        story
    }

    fn play(&mut self) -> Result<(), Broken> {
        self.go_on()?;
        self.line("calm");
        self.calm = true;
        self.liars.clear();
        calm::restore(&mut self.world, &self.names);
        self.now += SETTLES;
        self.world.advance(self.now);
        self.reports.clear();
        self.scene.give_time_for_all();
        let up_for =
            (0..self.names.len()).map(|host| (host, self.now.saturating_sub(self.world.booted(host)))).collect();
        for number in 0..self.scene.asked.len() {
            self.begin(number)?;
        }
        self.go_on()?;
        let truth = calm::truth(&mut self.world);
        let names = self.names.iter().map(|name| std::iter::once(name.to_lowercase()).collect()).enumerate().collect();
        for (number, report) in &self.reports {
            let asked = self.scene.asked.get(*number).map(Vec::as_slice).unwrap_or_default();
            let (scene, holds, wall) = (&self.scene, self.holds.as_slice(), self.clock().wall);
            calm::FinalCheck { scene, asked, truth: &truth, holds, names: &names, wall, up_for: &up_for }
                .check(report)?;
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

    /// Goes on until every run is over and nothing more is to happen.
    fn go_on(&mut self) -> Result<(), Broken> {
        loop {
            let next = self.runs.iter().filter_map(|(number, run)| Some((run.due()?, *number))).min();
            let trouble = self.script.next_at();
            let Some(at) = next.map(|(at, _)| at).into_iter().chain(trouble).min() else { return Ok(()) };
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err("the story does not end".to_owned());
            }
            self.now = self.now.max(at);
            self.world.advance(self.now);
            match next {
                Some((due, number)) if trouble.is_none_or(|trouble| due < trouble) => {
                    self.step(number)?;
                    if once_in(&mut self.chance, 50) {
                        self.judge_again(number)?;
                    }
                }
                Some(_) | None => self.happen()?,
            }
        }
    }

    /// The next trouble of the script. Not every action is possible at its time; that is part of chance.
    fn happen(&mut self) -> Result<(), Broken> {
        let Some(scheduled) = self.script.next() else { return Ok(()) };
        match scheduled.trouble {
            Trouble::Happens(action) => self.happens(&action),
            Trouble::Fault { fault, scope, count } => {
                self.line(&format!("fault {fault:?} {scope:?} {count}"));
                // A fault that cannot be put there is one fault less.
                let _done = self.world.add_fault(fault, &scope, Some(count));
            }
            Trouble::Hold(hold) => {
                self.line(&format!("hold {:?} until {:?}", hold.scope, hold.until));
                self.holds.push(hold);
            }
            Trouble::Lies(liar) => {
                self.line(&format!("{} lies: {:?}", self.names.get(liar.place).map_or("", String::as_str), liar.lie));
                self.liars.push(liar);
            }
            Trouble::Begin(number) => return self.begin(number),
            Trouble::Kill(number) => {
                if self.runs.remove(&number).is_some() {
                    self.line(&format!("run {number} is killed"));
                }
            }
        }
        Ok(())
    }

    fn happens(&mut self, action: &Action) {
        if let Action::ClearLog { host, .. } = action {
            let place = self.world.host_named(host);
            self.keep_truth(place);
            for run in self.runs.values_mut() {
                let places = run.places.clone();
                let of_it = |reading: &&mut Reading| places.get(&reading.host).copied().flatten() == place;
                run.readings.iter_mut().filter(of_it).for_each(|reading| reading.crossed.is_cleared());
            }
        }
        let done = self.world.carry_out(action).is_ok();
        self.line(&format!("{} {action:?}", if done { "done" } else { "not possible:" }));
        if let Action::Boot { host, .. } = action
            && let Some(host) = self.world.host_named(host).filter(|_| done)
        {
            *self.boots.entry(host).or_default() += 1;
        }
        if let Action::Clock { host, offset_s } = action
            && let Some(host) = self.world.host_named(host).filter(|_| done)
        {
            self.clocks.entry(host).or_default().push((self.now, *offset_s));
        }
    }

    fn begin(&mut self, number: usize) -> Result<(), Broken> {
        if self.runs.contains_key(&number) {
            return Ok(());
        }
        let Some(asked) = self.scene.asked.get(number).cloned() else { return Ok(()) };
        self.line(&format!("run {number} begins over {asked:?}"));
        let beginning = Beginning {
            asked: &asked,
            names: &self.names,
            holds: &self.holds,
            tells_holds: self.sabotage != Some(Sabotage::ForgetHolds),
            dry_run: self.scene.dry_run && !self.calm,
            seed: self.chance.u64(..),
            now: self.clock(),
        };
        let mut run = Run::new(&self.scene, &beginning);
        run.shadow.sees_notice(&reprise_engine::Notice::Started, self.now)?;
        self.feed(&mut run, Event::Tick)?;
        self.runs.insert(number, run);
        Ok(())
    }

    /// One thing of a run that is due now: a procedure's, an event log's, or the engine's deadline.
    fn step(&mut self, number: usize) -> Result<(), Broken> {
        let Some(mut run) = self.runs.remove(&number) else { return Ok(()) };
        let now = self.now;
        let procedure = run.procedures.iter().position(|p| p.due().is_some_and(|due| due <= now));
        let reading = run.readings.iter().position(|r| r.due().is_some_and(|due| due <= now));
        match (procedure, reading) {
            (Some(index), _) => {
                let procedure = run.procedures.swap_remove(index);
                self.go_on_with(&mut run, procedure)?;
            }
            (None, Some(index)) => {
                let reading = run.readings.swap_remove(index);
                self.read_on(&mut run, reading)?;
            }
            (None, None) => self.feed(&mut run, Event::Tick)?,
        }
        self.put_back(number, run)
    }

    fn go_on_with(&mut self, run: &mut Run, mut procedure: Procedure) -> Result<(), Broken> {
        if let Waits::Sent { request, .. } = &procedure.waits {
            let request = request.clone();
            self.arrives(run, &mut procedure, request)?;
            run.procedures.push(procedure);
            return Ok(());
        }
        if let Waits::Answered { request, answer, .. } = &procedure.waits {
            match (&procedure.purpose, request, answer) {
                (Purpose::Act(act), _, answer) => {
                    run.shadow.answered(act.id, answer, self.now, procedure.boots);
                }
                (Purpose::Look, Request::Query { select, .. }, Ok(Reply::Rows(rows))) => {
                    procedure.shown.take(select.class.as_str(), rows, procedure.boots);
                }
                (Purpose::Look, _, _) => {}
            }
        }
        let way = self.way();
        procedure.go_on(self.now, way);
        let Waits::Done(ended) = procedure.waits else {
            run.procedures.push(procedure);
            return Ok(());
        };
        match (ended, procedure.purpose) {
            (Ended::Look(observation), _) => {
                let answered = Answered {
                    at_all: observation.answered(),
                    vmms: observation.vmms_runs(),
                    works: observation.replication.seen().map(|shown| shown.service && shown.host_row),
                };
                run.shadow.looked(procedure.host, &procedure.shown, answered, procedure.began, self.clock());
                let observation = self.as_delivered(procedure.host, observation);
                let started = MonoTime(procedure.began);
                let last = LastLook { at: self.clock().wall, started, observation: observation.clone() };
                run.last_looks.insert(procedure.host, last);
                self.feed(run, Event::Looked { host: procedure.host, started, observation })
            }
            (Ended::Act(outcome), Purpose::Act(act)) => {
                self.line(&format!("act {} on {} {outcome:?}", act.id, act.leg));
                run.shadow.ended(act.id, !matches!(outcome, Outcome::Unknown(_)), self.now)?;
                self.feed(run, Event::Acted { act: act.id, outcome })
            }
            (Ended::Act(_), Purpose::Look) => Err("a look ended as an act".to_owned()),
        }
    }

    fn as_delivered(&mut self, host: HostId, seen: Box<Observation>) -> Box<Observation> {
        if self.sabotage == Some(Sabotage::OldLooks) && seen.replication.seen().is_some_and(|r| r.host_row) {
            return self.old_looks.entry(host).or_insert(seen).clone();
        }
        seen
    }

    fn way(&mut self) -> Duration {
        Duration::from_millis(self.chance.u64(1..=self.scene.way_ms))
    }

    /// A request reaches its host, or what there is of it.
    fn arrives(&mut self, run: &mut Run, procedure: &mut Procedure, request: Request) -> Result<(), Broken> {
        let place = run.place(procedure.host);
        let invoke = matches!(request, Request::Invoke { .. });
        let again = self.sabotage == Some(Sabotage::RepeatInvoke) && invoke;
        let mut met = wire::exchange(&mut self.world, place, &request, again);
        for liar in self.liars.iter().filter(|liar| Some(liar.place) == place) {
            liar.changes_answer(&request, &mut met.answer);
        }
        if let Purpose::Act(act) = &procedure.purpose
            && met.times > 0
        {
            for _ in 0..met.times {
                run.shadow.reached(act.id, &request)?;
            }
            if invoke {
                self.invokes += 1;
                self.line(&format!("act {} reaches {}: {:?}", act.id, act.leg, met.answer));
            }
        }
        let arrives = self.now + met.late + self.way();
        procedure.boots = place.and_then(|place| self.boots.get(&place)).copied().unwrap_or(0);
        procedure.waits = Waits::Answered { request, answer: met.answer, arrives };
        Ok(())
    }
}
