//! Carries out the controller's effects in order and feeds the results back to it. One task owns the controller;
//! procedures run concurrently. Every effect gets a result.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::time::Duration;

use reprise_engine::goal::Goal;
use reprise_engine::{Controller, Effect, Event, Notice, Setup, Snapshot};
use reprise_model::{
    Act, ActId, Evidence, HostId, MonoTime, Now, Observation, Outcome, Policy, Problem, ProblemKind, Remedy, Timestamp,
};
use tokio::sync::oneshot;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tracing::Instrument;

use crate::event_log;
use crate::journal::Journal;
use crate::links::Links;
use crate::pauses;

/// How often a watcher is called if nothing happens: ages grow.
const BEAT: Duration = Duration::from_secs(1);

/// Hears what people should know.
pub(crate) trait Hearer {
    /// Reports a notice to people.
    fn tell(&mut self, now: Timestamp, notice: &Notice);
}

/// Observes from outside what is done.
pub(crate) trait Observer: Hearer {
    /// Shows progress. Called after every step.
    fn progress(&mut self, controller: &Controller);
}

/// The real clock, in the engine's form.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now() }
    }

    pub(crate) fn now(self) -> Now {
        Now { mono: MonoTime(self.began.elapsed()), wall: Timestamp(jiff::Timestamp::now().as_millisecond()) }
    }
}

/// A controller with what carries out its effects. It lives on from one goal to the next, and so do its running procedures.
pub(crate) struct Driver {
    pub(crate) controller: Controller,
    pub(crate) clock: Clock,
    tasks: Tasks,
}

impl Driver {
    /// A controller that begins now.
    pub(crate) fn new(setup: Setup, clock: Clock, links: Links) -> Self {
        Self::with(Controller::new(setup, clock.now()), clock, links, None)
    }

    /// A controller that lives on from what an earlier one knew, and whose memory is written down.
    pub(crate) fn restored(setup: Setup, snapshot: Snapshot, clock: Clock, links: Links, journal: Journal) -> Self {
        Self::with(Controller::restore(setup, snapshot, clock.now()), clock, links, Some(journal))
    }

    fn with(controller: Controller, clock: Clock, links: Links, journal: Option<Journal>) -> Self {
        let tasks = Tasks { running: JoinSet::new(), what: BTreeMap::new(), links, journal, written: BTreeMap::new() };
        Self { controller, clock, tasks }
    }

    pub(crate) fn links(&self) -> &Links {
        &self.tasks.links
    }

    /// Goes on until the goal is reached, beginning with this event. `stop` ends it early; procedures that run then may be
    /// dropped, which all of them allow.
    pub(crate) async fn run<G: Goal>(
        &mut self,
        mut goal: G,
        first: Event,
        observer: &mut impl Observer,
        stop: impl Future<Output = ()>,
    ) -> G::End {
        let Self { controller, clock, tasks } = self;
        let mut stop = std::pin::pin!(stop);
        let mut stopping = false;
        let mut events = VecDeque::from([first]);
        loop {
            tasks.handle(controller, clock, &mut events, observer);
            observer.progress(controller);
            let now = clock.now();
            if let Some(end) = goal.end(now, controller) {
                for notice in G::notices(&end) {
                    observer.tell(now.wall, notice);
                }
                return end;
            }
            let deadline = controller.next_deadline().map_or(goal.ends_at(), |next| next.min(goal.ends_at()));
            let event = tokio::select! {
                Some(event) = tasks.next() => event,
                () = tokio::time::sleep_until(clock.began + deadline.0) => Event::Tick,
                () = &mut stop, if !stopping => {
                    stopping = true;
                    goal.stop();
                    Event::Tick
                }
            };
            events.push_back(event);
        }
    }

    /// Goes on without a goal, until `stop` or until the watcher has seen enough.
    pub(crate) async fn watch(&mut self, watcher: &mut impl Watcher, stop: impl Future<Output = ()>) {
        let Self { controller, clock, tasks } = self;
        let mut stop = std::pin::pin!(stop);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = VecDeque::from([Event::Tick]);
        loop {
            tasks.handle(controller, clock, &mut events, watcher);
            match watcher.step(clock.now(), controller, &tasks.links) {
                ControlFlow::Break(()) => return,
                ControlFlow::Continue(next) if next.is_empty() => {}
                ControlFlow::Continue(next) => {
                    events.extend(next);
                    continue;
                }
            }
            let due = controller.next_deadline().map(|at| clock.began + at.0);
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                Some(event) = tasks.next() => event,
                () = wait => Event::Tick,
                _ = beat.tick() => new_marks(controller).unwrap_or(Event::Tick),
                event = watcher.next() => event,
                () = &mut stop => return,
            };
            events.push_back(event);
        }
    }
}

/// The policy with the marks of pauses as they are noted now, if they are others than the controller knows. Those that cannot be
/// read stay what they were.
fn new_marks(controller: &Controller) -> Option<Event> {
    let marks = pauses::marks_now()?;
    let policy = controller.policy();
    (policy.marks != marks).then(|| Event::PolicyChanged(Box::new(Policy { marks, ..policy.clone() })))
}

/// Sees what a controller without a goal knows.
pub(crate) trait Watcher: Hearer {
    /// Called after every step, and once a second. Whether to go on, and what the controller learns first.
    fn step(&mut self, now: Now, controller: &Controller, links: &Links) -> ControlFlow<(), Vec<Event>>;

    /// The next event from elsewhere. May be dropped while it waits.
    fn next(&mut self) -> impl Future<Output = Event> {
        std::future::pending()
    }
}

/// What one task does, so that the engine can be informed if the task panics.
enum What {
    Look { host: HostId, started: MonoTime },
    Reading(HostId),
    Act(ActId),
}

/// The running procedures.
struct Tasks {
    running: JoinSet<Event>,
    what: BTreeMap<Id, What>,
    links: Links,
    /// Where what must survive is written down; a pass has none.
    journal: Option<Journal>,
    /// What tells that an intent has been written down.
    written: BTreeMap<ActId, oneshot::Receiver<()>>,
}

impl Tasks {
    /// Gives the controller these events, and those that are known at once as their result.
    fn handle(
        &mut self,
        controller: &mut Controller,
        clock: &Clock,
        events: &mut VecDeque<Event>,
        hearer: &mut impl Hearer,
    ) {
        while let Some(event) = events.pop_front() {
            let now = clock.now();
            if let Some(journal) = &mut self.journal {
                journal.hears(&event);
            }
            let effects = controller.handle(now, event);
            if let Some(journal) = &mut self.journal {
                self.written.extend(journal.write(now, controller, &effects));
            }
            // Somebody may have used `reprise pause` since the last act.
            if effects.iter().any(|effect| matches!(effect, Effect::Intend(_))) {
                events.extend(new_marks(controller));
            }
            for effect in effects {
                events.extend(self.carry_out(now, effect, hearer));
            }
        }
    }

    /// An act that is about to be carried out: at once, or when it has been written down. A pass has no journal: if it is killed, its
    /// intentions are lost, and the next pass looks before it acts.
    fn intend(&mut self, act: ActId) -> Option<Event> {
        let Some(written) = self.written.remove(&act) else { return Some(Event::Intended(act)) };
        self.spawn(async move {
            // What cannot be written down is done anyway, and that is reported.
            let _written_or_not = written.await;
            Event::Intended(act)
        });
        None
    }

    /// Carries out one effect. Returns its result if that is known immediately.
    fn carry_out(&mut self, now: Now, effect: Effect, hearer: &mut impl Hearer) -> Option<Event> {
        match effect {
            Effect::Observe(host) => return self.observe(host, now.mono),
            Effect::Intend(act) => return self.intend(act.id),
            Effect::Perform(act) => return self.perform(act),
            Effect::Ask { host, name, like } => self.links.ask(host, &name, like),
            Effect::Forget(host) => self.links.forget(host),
            Effect::ReadEvents { host, back } => self.read_events(host, back),
            Effect::Tell(notice) => hearer.tell(now.wall, &notice),
            Effect::Settle(_) => {}
        }
        None
    }

    fn observe(&mut self, host: HostId, started: MonoTime) -> Option<Event> {
        let Some(link) = self.links.get(host) else {
            let observation = Box::new(Observation::failed(&no_way("reach the host")));
            return Some(Event::Looked { host, started, observation });
        };
        let port = link.port();
        let look = async move {
            let observation = Box::new(reprise_hyperv::observe(&port).await);
            Event::Looked { host, started, observation }
        };
        let task = self.spawn(look.instrument(tracing::debug_span!("look", host = host.0)));
        self.what.insert(task, What::Look { host, started });
        None
    }

    fn perform(&mut self, act: Act) -> Option<Event> {
        let id = act.id;
        let Some(link) = self.links.get(act.host) else {
            return Some(Event::Acted { act: id, outcome: Outcome::NotDone(no_way("resume replication")) });
        };
        let port = link.port();
        let span = tracing::info_span!("act", action = %id, vm = %act.leg.vm, host = act.host.0);
        let procedure = async move { Event::Acted { act: id, outcome: reprise_hyperv::perform(&port, &act).await } };
        let task = self.spawn(procedure.instrument(span));
        self.what.insert(task, What::Act(id));
        None
    }

    fn read_events(&mut self, host: HostId, back: Option<Duration>) {
        let logs = event_log::logs(&self.links, host, back);
        let reading = async move { Event::EventsRead { host, evidence: event_log::evidence(logs).await } };
        let task = self.spawn(reading.instrument(tracing::debug_span!("events", host = host.0)));
        self.what.insert(task, What::Reading(host));
    }

    /// Starts a procedure.
    fn spawn(&mut self, procedure: impl Future<Output = Event> + Send + 'static) -> Id {
        self.running.spawn_on(procedure, &self.links.workers()).id()
    }

    /// The next event. A procedure that panics is a bug of ours, which must not stop the others: it is reported as a lost
    /// answer.
    async fn next(&mut self) -> Option<Event> {
        match self.running.join_next_with_id().await? {
            Ok((id, event)) => {
                self.what.remove(&id);
                Some(event)
            }
            Err(error) => {
                tracing::error!(%error, "a procedure panicked; this is a bug in Reprise");
                let problem = |what| {
                    Problem::new(ProblemKind::Malformed, what, "the procedure panicked (a bug in Reprise)")
                        .with_remedy(Remedy::ReportBug)
                };
                Some(match self.what.remove(&error.id())? {
                    What::Look { host, started } => {
                        let observation = Box::new(Observation::failed(&problem("look at the host")));
                        Event::Looked { host, started, observation }
                    }
                    What::Reading(host) => Event::EventsRead { host, evidence: Evidence::NotReadable },
                    What::Act(act) => Event::Acted { act, outcome: Outcome::Unknown(problem("resume replication")) },
                })
            }
        }
    }
}

/// The problem with a host that has no link.
fn no_way(what: &str) -> Problem {
    Problem::new(ProblemKind::Unsupported, what, "its address is unknown (a bug in Reprise)")
}

#[cfg(test)]
mod tests {
    use reprise_engine::goal::{Ending, Pass, PassOutcome};
    use reprise_engine::{AskedHost, HostTrouble, LOOKS_AT_ONCE, Patience, UnmatchedHolds};
    use reprise_model::Policy;
    use wsman_http::{Endpoint, Limits, Login, Scheme};

    use super::*;
    use crate::access::HostAccess;

    /// Hears nothing.
    struct Deaf;

    impl Hearer for Deaf {
        fn tell(&mut self, _: Timestamp, _: &Notice) {}
    }

    impl Observer for Deaf {
        fn progress(&mut self, _: &Controller) {}
    }

    /// One host, and this limit on every wait.
    fn setup(limit: Duration) -> Setup {
        let label = "hv01".to_owned();
        let asked = AskedHost {
            id: HostId(0),
            key: None,
            label,
            claim: None,
            credential: None,
            vmms_timeout: limit,
            tier: None,
        };
        Setup {
            hosts: vec![asked],
            policy: Policy::default(),
            patience: Patience { timeout: limit, silence: limit, retry_until: None },
            discover: false,
            reads_events: true,
            dry_run: false,
            confirm_within: None,
            unmatched_holds: UnmatchedHolds::Stop,
            reread_every: None,
            looks_at_once: LOOKS_AT_ONCE,
            seed: 1,
        }
    }

    /// The only thread of the workers is taken, so that no procedure ever runs.
    #[test]
    fn a_pass_ends_at_its_limit_and_when_it_is_asked_to_even_if_no_procedure_runs() {
        let workers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (release, released) = std::sync::mpsc::channel::<()>();
        workers.spawn(async move { released.recv_timeout(Duration::from_mins(10)) });
        let control = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (limit, stopped) in [(Duration::from_millis(50), false), (Duration::from_hours(1), true)] {
            let ending = control.block_on(async {
                let clock = Clock::start();
                let setup = setup(limit);
                let pass = Pass::new(&setup, clock.now());
                let mut links = Links::default();
                links.work_on(workers.handle().clone());
                let endpoint = Endpoint::parse("http://127.0.0.1:1/wsman").unwrap();
                let login = Login::new(Scheme::Basic, "admin", "secret");
                links.add(HostId(0), HostAccess { endpoint, login, trust: None, limits: Limits::default(), tap: None });
                let stop = async {
                    if !stopped {
                        std::future::pending::<()>().await;
                    }
                };
                Driver::new(setup, clock, links).run(pass, Event::Tick, &mut Deaf, stop).await
            });
            assert!(matches!(ending, Ending::Done(..)), "{stopped}");
        }
        drop(release);
        workers.shutdown_background();
    }

    #[tokio::test]
    async fn a_host_that_nobody_knows_the_way_to_is_answered_for_and_ends_no_pass_late() {
        let setup = setup(Duration::from_hours(1));
        let clock = Clock::start();
        let pass = Pass::new(&setup, clock.now());
        let mut driver = Driver::new(setup, clock, Links::default());
        let ending = driver.run(pass, Event::Tick, &mut Deaf, std::future::pending()).await;
        let Ending::Done(report, _) = ending else { panic!("it has a report") };
        assert_eq!(report.outcome, PassOutcome::NotReady);
        let Some(HostTrouble::NotReady(why)) = &report.hosts[0].trouble else { panic!("it is not ready") };
        assert!(why.problem.why.contains("a bug in Reprise"), "{why:?}");
    }
}
