//! The daemon: the controller without a goal. It hears and looks, repairs what has stopped, reports what it does, and answers
//! questions.

mod api;
mod desk;
mod ears;
mod listening;
mod ready;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use reprise_engine::{Controller, Event, Notice};
use reprise_model::{MonoTime, Now, Timestamp};
use reprise_platform::sink::Sink;
use tokio::runtime::Handle;

use crate::console::{asked_to_stop, complain};
use crate::driver::{Clock, Driver, Hearer, Watcher};
use crate::links::Links;
use crate::record::Recorder;
use crate::render::progress::Progress;
use crate::wiring::Wired;
use crate::{exit, pauses};
pub(crate) use api::{COLOURS, EXIT, WIDTH};
use desk::{Desk, Questions, Waiting, door};
use ears::Ears;
use listening::Listening;
use ready::{Ready, Says};

/// What is done only now and then is done this often.
const NOW_AND_THEN: Duration = Duration::from_secs(1);

/// What the daemon is to do.
pub(crate) struct Settings {
    /// The hosts, and what is wanted.
    pub(crate) wired: Wired,
    /// Where events are written.
    pub(crate) sink: Sink,
    /// The file that says that it serves.
    pub(crate) ready_file: Option<PathBuf>,
}

/// Serves until it is asked to stop.
pub(crate) async fn serve(settings: Settings, workers: Handle) -> ExitCode {
    let Settings { wired: Wired { setup, mut links }, sink, ready_file } = settings;
    links.work_on(workers.clone());
    let stop = asked_to_stop();
    let clock = Clock::start();
    let (door, questions) = door();
    let mut listening = match Listening::open() {
        Ok(listening) => listening,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(exit::FAILED);
        }
    };
    let mut daemon = Daemon {
        started: clock.now(),
        recorder: Recorder::new(sink, Progress::none()),
        ears: Ears::new(),
        questions,
        asked: Vec::new(),
        waiting: Vec::new(),
        looked_after: MonoTime::default(),
    };
    daemon.recorder.tell(clock.now().wall, &Notice::Started);
    let mut driver = Driver::new(setup, clock, links);
    let says = Says { api: listening.address(), http: None, metrics: None, pid: std::process::id() };
    let ready = match ready_file.map(|file| Ready::write(file, &says)).transpose() {
        Ok(ready) => ready,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(exit::FAILED);
        }
    };
    let answering = workers.spawn(async move { listening.serve(api::router(door)).await });
    driver.watch(&mut daemon, stop).await;
    answering.abort();
    drop(ready);
    let _told_already = daemon.recorder.end();
    ExitCode::from(exit::OK)
}

/// What the daemon has besides the controller.
struct Daemon {
    started: Now,
    recorder: Recorder,
    ears: Ears,
    questions: Questions,
    /// Questions that are to be answered at the next step.
    asked: Vec<desk::Question>,
    /// Orders that somebody waits for.
    waiting: Vec<Waiting>,
    /// When the rest was last looked after.
    looked_after: MonoTime,
}

impl Hearer for Daemon {
    fn tell(&mut self, now: Timestamp, notice: &Notice) {
        self.recorder.tell(now, notice);
    }
}

impl Watcher for Daemon {
    fn step(&mut self, now: Now, controller: &Controller, links: &Links) -> ControlFlow<(), Vec<Event>> {
        let mut events = VecDeque::new();
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting.check(now, controller) {
                desk::Check::Waits(waiting) => self.waiting.push(waiting),
                desk::Check::Told => {}
                desk::Check::TooLate(event) => events.push_back(event),
            }
        }
        for question in self.asked.drain(..) {
            question(&mut Desk {
                now,
                controller,
                links,
                started: self.started,
                recorder: &mut self.recorder,
                events: &mut events,
                waiting: &mut self.waiting,
            });
        }
        if now.mono.since(self.looked_after) >= NOW_AND_THEN {
            self.looked_after = now.mono;
            self.ears.follow(controller, links);
            pauses::forget_those_seen_over(now, controller);
        }
        ControlFlow::Continue(events.into())
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            question = self.questions.next() => {
                self.asked.push(question);
                Event::Tick
            }
            host = self.ears.next() => Event::Heard(host),
        }
    }
}
