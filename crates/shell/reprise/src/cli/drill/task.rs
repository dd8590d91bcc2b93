//! The installed task as the job of a drill. What it did is seen from outside: by looks at the VM, and in the System log.

use std::time::{Duration, Instant};

use cim::event::{EventQuery, EventSelect, Record};
use reprise_engine::LegReport;
use reprise_model::{HostId, LegId, ReplicationState};
use reprise_platform::event::SOURCE;
use reprise_platform::windows::{start_task, task_exists};
use tokio::runtime::Handle;

use super::steps::{EXPECTED, of_events, step};
use crate::cli::look::{LookArguments, look};
use crate::console::Stop;
use crate::event_log;
use crate::render::drill::Step;
use crate::usage::Usage;

/// How long the task may take: it waits for VMMS and for hosts, and retries.
const TASK_MAX: Duration = Duration::from_mins(10);
/// The wait between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long its last event may take to arrive.
const EVENTS_MAX: Duration = Duration::from_secs(30);

/// The task, about to be started.
pub(super) struct Task<'a> {
    look: &'a LookArguments,
    workers: Handle,
    began: Instant,
    vm: String,
}

impl<'a> Task<'a> {
    /// The task, if it is installed.
    pub(super) fn of(look: &'a LookArguments, workers: Handle) -> Result<Self, Usage> {
        let next = "install it with `reprise install task`, or use --direct";
        match task_exists() {
            Ok(true) => Ok(Self { look, workers, began: Instant::now(), vm: String::new() }),
            Ok(false) => Err(Usage::new("cannot run the drill", "the task is not installed", next)),
            Err(error) => Err(Usage::new("cannot ask Task Scheduler for the task", error.to_string(), next)),
        }
    }

    /// Starts it, and looks until the VM is no longer paused.
    pub(super) async fn run(&mut self, leg: &LegReport, stop: Stop) -> Step {
        (self.began, self.vm) = (Instant::now(), leg.vm.clone());
        let started = tokio::task::spawn_blocking(start_task).await;
        let error = match started {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => Some("The task is not installed any more".to_owned()),
            Ok(Err(error)) => Some(format!("The task could not be started: {error}")),
            Err(error) => Some(format!("The task could not be started: {error}")),
        };
        if let Some(error) = error {
            return step("run", false, error, self.began);
        }
        while self.began.elapsed() < TASK_MAX && !stop.is_asked() {
            if self.state(leg.id).await.is_some_and(|state| state != ReplicationState::Suspended) {
                return step("run", true, "The task was started, and the VM is no longer paused", self.began);
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.clone().asked() => {}
            }
        }
        step("run", false, "The task was started, and the VM is still paused", self.began)
    }

    async fn state(&self, leg: LegId) -> Option<ReplicationState> {
        let look = look(self.look.clone(), "drill VM", self.workers.clone()).await.ok()?;
        look.report.legs.iter().find(|other| other.id == leg)?.after
    }

    /// Reads what it wrote to the System log of this computer. Its summary comes last.
    pub(super) async fn events(&self) -> Step {
        let began = Instant::now();
        loop {
            let age = self.began.elapsed() + Duration::from_secs(1);
            let ids: Vec<u32> = EXPECTED.iter().map(|id| u32::from(*id)).collect();
            let query = EventQuery::new(EventSelect::recent("System", &ids, age));
            let read = match event_log::of_this_computer(HostId(0), query).await {
                Ok(records) => records,
                Err(error) => {
                    return step("events", false, format!("The System log could not be read: {error}"), began);
                }
            };
            let ours: Vec<u16> = read.iter().filter(|record| is_of(record, &self.vm)).filter_map(id).collect();
            let of = of_events(&ours, None);
            if of.ok || began.elapsed() >= EVENTS_MAX {
                return of;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Whether a record is ours, and about the VM or about none: the strings of event 4 name it.
fn is_of(record: &Record, vm: &str) -> bool {
    let names_vm = record.data.iter().any(|(_, value)| value.contains(vm));
    record.provider == SOURCE && (record.id != 4 || names_vm)
}

fn id(record: &Record) -> Option<u16> {
    u16::try_from(record.id).ok()
}
