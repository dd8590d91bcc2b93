//! Carries out the engine's effects and feeds it what came of them. One task owns the engine; procedures run beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::{Ambiguous, Effect, Engine, Event, Report};
use reprise_model::{
    Act, ActId, Evidence, HostId, MonoTime, Now, Observation, Outcome, Problem, ProblemKind, Remedy, Timestamp,
};
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tracing::Instrument;

use crate::event_log;
use crate::links::Links;

/// What watches a pass from outside.
pub(crate) trait Watcher {
    /// An event is to be written.
    fn record(&mut self, now: Timestamp, event: &reprise_model::Event);
    /// Something changed; called after every step.
    fn progress(&mut self, engine: &Engine);
}

/// The real clock, as the engine takes it.
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

/// A pass that ended without a report.
pub(crate) enum Broken {
    /// What it was asked to leave alone stands for several VMs.
    Ambiguous(Ambiguous),
    /// The engine ended without saying anything: a bug.
    NoReport,
}

/// Runs one pass to its end. `stop` ends it early; what is under way is dropped, which every procedure allows.
pub(crate) async fn run(
    mut engine: Engine,
    clock: Clock,
    links: &mut Links,
    watcher: &mut impl Watcher,
    stop: impl Future<Output = ()>,
) -> Result<Report, Broken> {
    let mut tasks = Tasks { running: JoinSet::new(), what: BTreeMap::new(), links };
    let mut stop = std::pin::pin!(stop);
    let mut stopping = false;
    let mut event = Event::Begin;
    loop {
        let now = clock.now();
        for effect in engine.handle(now, event) {
            match effect {
                Effect::Observe(host) => tasks.observe(host, now.mono),
                Effect::Ask { host, name, like } => tasks.links.ask(host, &name, like),
                Effect::ReadEvents { host, back } => tasks.read_events(host, back),
                Effect::Perform(act) => tasks.perform(act),
                Effect::Record(event) => watcher.record(now.wall, &event),
                Effect::Finish(report) => return Ok(*report),
                Effect::Refuse(ambiguous) => return Err(Broken::Ambiguous(ambiguous)),
            }
        }
        watcher.progress(&engine);
        // No deadline means that the engine has finished, which has returned above.
        let deadline = clock.began + engine.next_deadline().ok_or(Broken::NoReport)?.0;
        event = tokio::select! {
            Some(event) = tasks.next() => event,
            () = tokio::time::sleep_until(deadline) => Event::Tick,
            () = &mut stop, if !stopping => {
                stopping = true;
                Event::Stop
            }
        };
    }
}

/// What one task does, to tell the engine if the task dies.
enum What {
    Look { host: HostId, started: MonoTime },
    Reading(HostId),
    Act(ActId),
}

/// The procedures under way.
struct Tasks<'l> {
    running: JoinSet<Event>,
    what: BTreeMap<Id, What>,
    links: &'l mut Links,
}

impl Tasks<'_> {
    fn observe(&mut self, host: HostId, started: MonoTime) {
        let Some(link) = self.links.get(host) else { return };
        let port = link.port();
        let look = async move {
            let observation = Box::new(reprise_hyperv::observe(&port).await);
            Event::Looked { host, started, observation }
        };
        let task = self.running.spawn(look.instrument(tracing::debug_span!("look", host = host.0)));
        self.what.insert(task.id(), What::Look { host, started });
    }

    fn perform(&mut self, act: Act) {
        let Some(link) = self.links.get(act.host) else { return };
        let port = link.port();
        let span = tracing::info_span!("act", action = act.id.0, vm = %act.leg.vm, host = act.host.0);
        let id = act.id;
        let procedure =
            async move { Event::Acted { act: act.id, outcome: reprise_hyperv::perform(&port, &act).await } };
        let task = self.running.spawn(procedure.instrument(span));
        self.what.insert(task.id(), What::Act(id));
    }

    fn read_events(&mut self, host: HostId, back: Option<Duration>) {
        let listeners = event_log::listeners(self.links, host, back);
        let reading = async move { Event::EventsRead { host, evidence: event_log::evidence(listeners).await } };
        let task = self.running.spawn(reading.instrument(tracing::debug_span!("events", host = host.0)));
        self.what.insert(task.id(), What::Reading(host));
    }

    /// The next event. A procedure that panics is a bug of ours, which must not stop the others: it is told as a lost
    /// answer.
    async fn next(&mut self) -> Option<Event> {
        match self.running.join_next_with_id().await? {
            Ok((id, event)) => {
                self.what.remove(&id);
                Some(event)
            }
            Err(error) => {
                tracing::error!(%error, "a procedure broke; this is a bug in Reprise");
                let problem = |what| {
                    Problem::new(ProblemKind::Malformed, what, "the procedure broke (a bug in Reprise)")
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
