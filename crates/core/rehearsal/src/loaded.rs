//! Many broken legs on a pair of hosts, with no trouble but the load that acts themselves are.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use reprise_engine::goal::Goal as _;
use reprise_engine::{Effect, Event};
use reprise_lab::{Action, InFlight, Spec, Start, World};
use reprise_model::{HostId, MonoTime, Now, Pace, Policy, Timestamp};

use crate::procedure::{Ended, Procedure, Purpose, Waits};
use crate::run::{Beginning, Run};
use crate::scene::{self, Scene, Times};
use crate::wire;

/// Legs of the pair; each host sends half of them.
const LEGS: usize = 80;
/// Acts at once on a host: to begin with, and at most.
const FIRST: NonZeroU32 = NonZeroU32::new(2).unwrap();
const MOST: NonZeroU32 = NonZeroU32::new(16).unwrap();
/// A message's way.
const WAY: Duration = Duration::from_millis(10);
/// The host that is watched.
const HOST: HostId = HostId(0);

/// A pass over a pair of hosts that were just restarted.
struct Pass {
    world: World,
    run: Run,
    now: Duration,
    /// How many acts were under way on the watched host whenever one began there.
    at_once: Vec<usize>,
    over: bool,
}

fn stage(jobs_at_once: Option<u32>, most: NonZeroU32) -> Scene {
    let spec = Spec {
        vms: LEGS,
        job: Duration::from_millis(500),
        jobs_at_once: jobs_at_once.and_then(NonZeroU32::new),
        ..Spec::default()
    };
    let limit = Duration::from_mins(10);
    let calm = scene::draw(&mut fastrand::Rng::with_seed(0), 0);
    Scene {
        spec,
        policy: Policy { pace: Pace { per_host: FIRST, per_host_max: most, ..Pace::default() }, ..Policy::default() },
        asked: vec![vec![0, 1]],
        named: true,
        times: Times { timeout: limit, retry_for: limit },
        vmms_timeout: limit,
        discover: false,
        reads_events: false,
        dry_run: false,
        dies: false,
        ..calm
    }
}

impl Pass {
    fn new(scene: &Scene) -> Self {
        let mut world = World::new(&scene.spec).unwrap();
        let names: Vec<String> = (0..2).map(|host| world.host_name(host).unwrap().to_owned()).collect();
        world.carry_out(&Action::Shutdown { host: names[1].clone(), in_flight: InFlight::All }).unwrap();
        world.carry_out(&Action::Boot { host: names[1].clone(), vmms: Start::default() }).unwrap();
        let now = Now { mono: MonoTime::default(), wall: Timestamp(0) };
        let beginning = Beginning {
            asked: &scene.asked[0],
            names: &names,
            holds: &[],
            tells_holds: true,
            dry_run: false,
            seed: 0,
            now,
        };
        let run = Run::new(scene, &beginning);
        Self { world, run, now: Duration::ZERO, at_once: Vec::new(), over: false }
    }

    fn feed(&mut self, event: Event) {
        let millis = i64::try_from(self.now.as_millis()).unwrap();
        let now = Now { mono: MonoTime(self.now), wall: Timestamp(millis) };
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.run.controller.handle(now, event) {
                match effect {
                    Effect::Observe(host) => self.run.procedures.push(Procedure::look(host, self.now)),
                    Effect::Intend(act) => events.push_back(Event::Intended(act.id)),
                    Effect::Perform(act) => {
                        let is_watched = act.host == HOST;
                        self.run.procedures.push(Procedure::act(act, self.now));
                        let here = |p: &&Procedure| p.host == HOST && matches!(p.purpose, Purpose::Act(_));
                        if is_watched {
                            self.at_once.push(self.run.procedures.iter().filter(here).count());
                        }
                    }
                    Effect::Settle(_)
                    | Effect::Tell(_)
                    | Effect::Forget(_)
                    | Effect::Ask { .. }
                    | Effect::ReadEvents { .. } => {}
                }
            }
        }
        self.over = self.run.pass.end(now, &self.run.controller).is_some();
    }

    /// Plays it to its end; how long it took.
    fn play(&mut self) -> Duration {
        self.feed(Event::Tick);
        for _ in 0..200_000 {
            if self.over {
                return self.now;
            }
            self.now = self.run.due().unwrap().max(self.now);
            self.world.advance(self.now);
            match self.run.procedures.iter().position(|p| p.due().is_some_and(|due| due <= self.now)) {
                Some(index) => self.go_on(index),
                None => self.feed(Event::Tick),
            }
        }
        panic!("the pass does not end");
    }

    fn go_on(&mut self, index: usize) {
        let mut procedure = self.run.procedures.swap_remove(index);
        if let Waits::Sent { request, .. } = procedure.waits {
            let place = self.run.place(procedure.host);
            let answer = wire::exchange(&mut self.world, place, &request, false).answer;
            procedure.waits = Waits::Answered { request, answer, arrives: self.now + WAY };
            self.run.procedures.push(procedure);
            return;
        }
        procedure.go_on(self.now, WAY);
        let Waits::Done(ended) = procedure.waits else {
            self.run.procedures.push(procedure);
            return;
        };
        match (ended, procedure.purpose) {
            (Ended::Look(observation), _) => {
                let started = MonoTime(procedure.began);
                self.feed(Event::Looked { host: procedure.host, started, observation });
            }
            (Ended::Act(outcome), Purpose::Act(act)) => self.feed(Event::Acted { act: act.id, outcome }),
            (Ended::Act(_), Purpose::Look) => panic!("a look ended as an act"),
        }
    }
}

/// How long the pass took, and how many acts ran at once on the watched host each time that one began.
fn passed(scene: &Scene) -> (Duration, Vec<usize>) {
    let mut pass = Pass::new(scene);
    let took = pass.play();
    let states = pass.world.view().vms.iter().flat_map(|vm| &vm.legs).map(|leg| leg.sender_state).collect::<Vec<_>>();
    assert!(states.iter().all(|state| *state == 3), "every leg replicates again");
    (took, pass.at_once)
}

#[test]
fn a_host_that_stays_quick_is_given_the_most_acts_at_once() {
    let (took, at_once) = passed(&stage(None, MOST));
    assert_eq!(at_once.iter().max(), Some(&16));
    let (fixed, _) = passed(&stage(None, FIRST));
    assert!(took * 2 < fixed, "it takes {took:?}, and {fixed:?} at two at once");
}

/// It works on three jobs at full speed, so more at once make each slower and nothing quicker.
#[test]
fn a_host_that_gets_slow_under_many_jobs_is_given_about_as_many_as_it_does_quickly() {
    let (took, at_once) = passed(&stage(Some(3), MOST));
    assert!(at_once.iter().all(|acts| *acts <= 12), "it is never given the most: {at_once:?}");
    let later = &at_once[at_once.len() * 2 / 3..];
    assert!(later.iter().all(|acts| (2..=6).contains(acts)), "{at_once:?}");
    let (fixed, _) = passed(&stage(Some(3), FIRST));
    assert!(took < fixed, "it takes {took:?}, and {fixed:?} at two at once");
}
