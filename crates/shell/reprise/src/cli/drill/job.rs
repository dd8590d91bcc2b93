//! The job of a drill: the installed task on Windows, or one pass in this program.

use std::time::Instant;

use reprise_engine::{LegReport, LegResult};
use reprise_platform::sink::Sink;
use tokio::runtime::Handle;

use super::steps::{of_events, step};
use crate::cli::look::LookArguments;
use crate::cli::run::{pass, sink};
use crate::console::Stop;
use crate::record::Recorder;
use crate::render::drill::Drill;
use crate::render::progress::Progress;
use crate::render::sentence;
use crate::usage::Usage;
use crate::wiring::{self, PassSettings};

/// What a pass wrote of the VM, or of none.
#[derive(Default)]
pub(super) struct Written {
    ids: Vec<u16>,
    /// Why some of it did not arrive.
    lost: Option<String>,
    /// Events are kept nowhere.
    nowhere: bool,
}

/// How the job is run.
pub(super) enum Job<'a> {
    /// By this program, with the hosts and the configuration of the command line.
    Direct { look: &'a LookArguments, workers: Handle, sink: Option<Sink>, written: Option<Written> },
    /// By the task that `install task` registered.
    #[cfg(windows)]
    Task(super::task::Task<'a>),
}

impl<'a> Job<'a> {
    /// The job that the command line asks for, if it can be run.
    #[cfg_attr(not(windows), expect(unused_variables, reason = "only Windows has a task"))]
    pub(super) fn of(
        look: &'a LookArguments,
        is_direct: bool,
        event_log: Option<&str>,
        workers: Handle,
    ) -> Result<Self, Usage> {
        #[cfg(windows)]
        if !is_direct {
            return super::task::Task::of(look, workers).map(Self::Task);
        }
        Ok(Self::Direct { look, workers, sink: Some(sink(event_log)?), written: None })
    }

    /// Runs it.
    pub(super) async fn run(&mut self, leg: &LegReport, drill: &mut Drill, stop: Stop) {
        match self {
            Self::Direct { look, workers, sink, written } => {
                let began = Instant::now();
                let Some(sink) = sink.take() else { return };
                let (ok, detail, events) = direct(look, workers.clone(), sink, leg, stop).await;
                *written = events;
                drill.add(step("run", ok, detail, began));
            }
            #[cfg(windows)]
            Self::Task(task) => {
                drill.add(task.run(leg, stop).await);
            }
        }
    }

    /// Reads its events.
    #[cfg_attr(not(windows), expect(clippy::unused_async, reason = "the events of a task are awaited"))]
    pub(super) async fn events(&mut self, drill: &mut Drill) {
        match self {
            Self::Direct { written, .. } => {
                let Written { ids, lost, nowhere } = written.take().unwrap_or_default();
                let mut events = of_events(&ids, lost);
                if nowhere {
                    events.detail.push_str(", which are kept nowhere: --event-log names a place");
                }
                drill.add(events);
            }
            #[cfg(windows)]
            Self::Task(task) => {
                drill.add(task.events().await);
            }
        }
    }
}

/// One pass, as `run` makes it. Whether it resumed the VM, what it says of it, and its events.
async fn direct(
    look: &LookArguments,
    workers: Handle,
    sink: Sink,
    leg: &LegReport,
    stop: Stop,
) -> (bool, String, Option<Written>) {
    let mut wired = match wiring::wire(&look.hosts, &PassSettings::default()) {
        Ok(wired) => wired,
        Err(usage) => return (false, usage.to_string().replace('\n', " "), None),
    };
    wired.links.work_on(workers);
    let nowhere = sink.is_nowhere();
    let mut recorder = Recorder::new(sink, Progress::new()).counting(leg.id.vm);
    let passed = pass(wired, &mut recorder, stop.asked()).await;
    let ids = recorder.counted().to_vec();
    let Ok(passed) = passed else {
        return (false, "A name to be left alone stands for several VMs; nothing was done".to_owned(), None);
    };
    let lost = passed.unwritten.map(|error| format!("{}: {}", error.what, error.why));
    let own = passed.report.legs.iter().find(|other| other.id == leg.id);
    let detail = own.map_or_else(|| "It did not see the VM".to_owned(), sentence::detail);
    (own.is_some_and(|own| own.result == LegResult::Resumed), detail, Some(Written { ids, lost, nowhere }))
}
