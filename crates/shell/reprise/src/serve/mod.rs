//! The daemon: the controller without a goal. It hears and looks, repairs what has stopped, reports what it does, and answers
//! questions.

mod api;
mod desk;
mod ears;
mod listening;
pub(crate) mod memory;
mod ready;

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use reprise_engine::{Controller, Event, Notice, Snapshot};
use reprise_model::{LegId, MonoTime, Now, Timestamp};
use reprise_platform::paths;
use reprise_platform::sink::Sink;
use reprise_store::Remembered;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::console::{asked_to_stop, complain};
use crate::driver::{Clock, Driver, Hearer, Watcher};
use crate::journal::{News, Opened, keep};
use crate::links::Links;
use crate::record::Recorder;
use crate::render::progress::Progress;
use crate::usage::Usage;
use crate::wiring::Wired;
use crate::{exit, pauses};
pub(crate) use api::{COLOURS, EXIT, WIDTH};
use desk::{Desk, Questions, Waiting, door};
use ears::Ears;
use listening::Listening;
use ready::{Ready, Says};

/// The file of the store, in the folder of the state.
const STORE: &str = "reprise.sqlite3";
/// Maximum wait at the end for what is still to be written.
const WRITING_MAX: Duration = Duration::from_secs(5);
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
pub(crate) async fn serve(settings: Settings, workers: Handle) -> Result<ExitCode, Usage> {
    let Settings { wired: Wired { setup, mut links }, sink, ready_file } = settings;
    links.work_on(workers.clone());
    let stop = asked_to_stop();
    let clock = Clock::start();
    let mut listening = Listening::open()?;
    let opened = open_store(clock.now().wall).await?;
    let (say, news) = mpsc::unbounded_channel();
    if let Some(error) = &opened.trouble {
        let _heard_below = say.send(News::Lost(error.clone()));
    }
    let store = opened.store.clone();
    let (snapshot, unreadable) = restored(&opened.remembered);
    let (mut journal, keeping) = keep(opened, say);
    let keeping = workers.spawn(keeping);
    journal.begins(snapshot.epoch + 1, &unreadable);
    let (door, questions) = door();
    let mut daemon = Daemon {
        started: clock.now(),
        recorder: Recorder::new(sink, Progress::none()).writing_to(journal.clone()),
        ears: Ears::new(),
        questions,
        news,
        heard: Vec::new(),
        asked: Vec::new(),
        waiting: Vec::new(),
        looked_after: MonoTime::default(),
    };
    daemon.recorder.tell(clock.now().wall, &Notice::Started);
    let mut driver = Driver::restored(setup, snapshot, clock, links, journal);
    let says = Says { api: listening.address(), http: None, metrics: None, pid: std::process::id() };
    let ready = ready_file.map(|file| Ready::write(file, &says)).transpose()?;
    let answering = workers.spawn(async move { listening.serve(api::router(door, store)).await });
    driver.watch(&mut daemon, stop).await;
    answering.abort();
    drop(ready);
    let _told_already = daemon.recorder.end();
    // The keeper ends once nobody can give it anything more.
    drop((daemon, driver));
    let _too_slow = tokio::time::timeout(WRITING_MAX, keeping).await;
    Ok(ExitCode::from(exit::OK))
}

/// Opens the store in the folder of the state, which is made if it can be.
async fn open_store(now: Timestamp) -> Result<Opened, Usage> {
    let folder = paths::state_dir(paths::of_this_process);
    let _there_already = std::fs::create_dir_all(&folder);
    Opened::open(folder.join(STORE), now)
        .await
        .map_err(|error| Usage::new("cannot serve", error.to_string(), error.next()))
}

/// What an earlier life knew, and the legs of which that cannot be read: it is as if they had never been seen, and that is reported.
fn restored(remembered: &Remembered) -> (Snapshot, Vec<LegId>) {
    let (mut legs, mut unreadable) = (BTreeMap::new(), Vec::new());
    for (leg, text) in &remembered.legs {
        match memory::read(text) {
            Ok(memory) => {
                legs.insert(*leg, memory);
            }
            Err(error) => {
                complain(&format!("{error} of VM {}: it is as if it had not been seen before", leg.vm));
                unreadable.push(*leg);
            }
        }
    }
    (Snapshot { epoch: remembered.epoch, frozen: remembered.frozen, legs }, unreadable)
}

/// What the daemon has besides the controller.
struct Daemon {
    started: Now,
    recorder: Recorder,
    ears: Ears,
    questions: Questions,
    /// What is to be known of the store.
    news: mpsc::UnboundedReceiver<News>,
    /// The same, to be reported at the next step.
    heard: Vec<News>,
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
        for news in self.heard.drain(..) {
            self.recorder.tell_store(&news);
        }
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
            Some(news) = self.news.recv() => {
                self.heard.push(news);
                Event::Tick
            }
        }
    }
}
