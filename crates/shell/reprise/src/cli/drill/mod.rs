//! `drill`: the support article's test, run and judged by the program: pause a VM, let the job resume it, and read its events.

mod job;
mod steps;
#[cfg(windows)]
mod task;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use reprise_engine::{LegReport, OrderEnd, OrderReport};
use reprise_model::{ActKind, LegId, ReplicationState};
use reprise_platform::pauses::PauseNote;
use tokio::runtime::Handle;

use super::by_hand::{Found, Search, TargetArguments};
use super::look::{LookArguments, look};
use crate::console::{Stop, notice, print_by, print_painted};
use crate::render::drill::{Drill, Step};
use crate::render::{self, order};
use crate::usage::Usage;
use crate::{exit, pauses};
use steps::step;

/// How often the resume is tried at the end, if the job did not do it, and the wait between two tries: a pause that is still
/// under way keeps its VM busy for seconds.
const CLEAN_UP_TRIES: u32 = 6;
const CLEAN_UP_WAIT: Duration = Duration::from_secs(5);
/// How long a pause that was broken off is waited for.
const UNDER_WAY_MAX: Duration = Duration::from_mins(2);

/// Test that a VM's replication comes back: pause it, let `run` resume it, and read the events. Needs a VM that replicates.
#[derive(Args)]
#[command(after_help = "Example:
  reprise drill sql-01 --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password

On Windows the installed task is started; with --direct, and on other systems, this program does what the task does: it resumes
every VM that `run` would resume. If the drill ends early, it resumes the VM before it ends; if it is killed, the next `run` on this
computer does.

Exit codes: 0 passed, 1 not passed or no host became ready, 2 usage or configuration error, or no VM or several VMs of that name,
3 refused by a rule before anything was done.")]
pub(super) struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Run the job in this program instead of starting the installed task
    #[arg(long)]
    direct: bool,
    /// Where the job writes events: `file:PATH`, journald, system or none
    #[arg(long, value_name = "SINK")]
    event_log: Option<String>,
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
}

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn drill(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    let mut job =
        job::Job::of(&arguments.target.look, arguments.direct, arguments.event_log.as_deref(), workers.clone())?;
    let mut found = match arguments.target.find(ActKind::Pause, workers.clone()).await? {
        Search::Found(found) => *found,
        Search::Blind(..) => return Ok(print(&arguments, &Drill::blind(), exit::FAILED)),
    };
    if found.leg.after != Some(ReplicationState::Replicating) {
        return Err(not_running(&found.leg));
    }
    if is_meant(found.leg.id) {
        return Err(meant(&found.leg));
    }
    let stop = Stop::listen();
    let mut drill = Drill::of(&found.leg);
    // First the note: if the program is killed, the next run resumes what the drill has paused.
    pauses::keep(found.leg.id, &note(&found, false))?;
    let paused = found.order(ActKind::Pause, stop.clone().asked()).await;
    if paused.end == OrderEnd::Done && !is_meant(found.leg.id) {
        // The first note says the same less exactly.
        let _first_stands = pauses::keep(found.leg.id, &note(&found, true));
    }
    if let OrderEnd::Refused(_) = paused.end {
        pauses::forget(found.leg.id);
        drill.add(of_order("pause", &paused, false));
        return Ok(print(&arguments, &drill, exit::PARTIAL));
    }
    let is_paused =
        drill.add(of_order("pause", &paused, paused.end == OrderEnd::Done)) && drill.add(seen_paused(&paused));
    if is_paused && !stop.is_asked() {
        job.run(&found.leg, &mut drill, stop.clone()).await;
        drill.add(see_enabled(&arguments.target.look, found.leg.id, workers).await);
        job.events(&mut drill).await;
    }
    drill.add(clean_up(&mut found, stop.is_asked()).await);
    let code = if drill.passed { exit::OK } else { exit::FAILED };
    Ok(print(&arguments, &drill, code))
}

fn print(arguments: &Arguments, drill: &Drill, code: u8) -> ExitCode {
    let printed = if arguments.json {
        print_by(|out| render::json::write(out, drill))
    } else {
        print_painted(&drill.text(&render::Terminal::here()))
    };
    ExitCode::from(if printed.is_no_failure() { code } else { exit::FAILED })
}

fn not_running(leg: &LegReport) -> Usage {
    let state = leg.after.map_or_else(|| "not known".to_owned(), |state| state.to_string());
    let why = format!("its state is {state}: a drill begins and ends with replication that is running");
    let next = "choose a VM that replicates, or let `reprise run` repair this one first";
    Usage::new(format!("cannot drill with VM {}", leg.vm), why, next)
}

/// Whether a note says that a person paused a leg with Reprise.
fn is_meant(leg: LegId) -> bool {
    pauses::noted(leg).is_some_and(|note| !note.drill)
}

fn meant(leg: &LegReport) -> Usage {
    let what = format!("cannot drill with VM {}", leg.vm);
    let why = "somebody used `reprise pause` for it, and no run has seen it replicate since";
    Usage::new(what, why, "use `reprise resume` for it first, or wait for the next `reprise run`")
}

/// The note of the drill's pause: of one that the latest look has shown, or of one that is still to be made.
fn note(found: &Found, done: bool) -> PauseNote {
    let note = pauses::note(&found.leg, found.look.judgement(found.leg.id).as_ref(), None, done);
    PauseNote { drill: true, ..note }
}

fn of_order(name: &'static str, report: &OrderReport, ok: bool) -> Step {
    let detail = match order::error(report) {
        Some(error) => format!("{} on {}: {}", error.what, error.place, error.why),
        None => "A look after the end of the job shows the new state".to_owned(),
    };
    let elapsed_ms = u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX);
    Step { name, ok, detail, elapsed_ms }
}

/// What the look after the pause has shown.
fn seen_paused(report: &OrderReport) -> Step {
    let state = report.leg.after;
    let detail = format!("The primary's state is {}", state.map_or_else(|| "not known".to_owned(), |s| s.to_string()));
    Step { name: "see_paused", ok: state == Some(ReplicationState::Suspended), detail, elapsed_ms: 0 }
}

/// A look of its own, apart from the job's.
async fn see_enabled(arguments: &LookArguments, id: LegId, workers: Handle) -> Step {
    let began = Instant::now();
    let state = match look(arguments.clone(), "drill VM", workers).await {
        Ok(look) => look.report.legs.iter().find(|leg| leg.id == id).and_then(|leg| leg.after),
        Err(usage) => return step("see_enabled", false, usage.to_string().replace('\n', " "), began),
    };
    let shown = state.map_or_else(|| "not known".to_owned(), |state| state.to_string());
    step("see_enabled", state == Some(ReplicationState::Replicating), format!("The primary's state is {shown}"), began)
}

/// Resumes what is still paused, and removes the note. Another Ctrl-C ends it.
async fn clean_up(found: &mut Found, broken_off: bool) -> Step {
    let began = Instant::now();
    let id = found.leg.id;
    let end = Stop::listen();
    if broken_off {
        notice("the drill was broken off: the VM is resumed before it ends");
    }
    // A pause that is under way would come after the resume.
    if !found.look.finish(id, UNDER_WAY_MAX, end.clone().asked()).await {
        let what = "The pause was requested, and its end was not seen. If the VM is paused later, the next `reprise run` on this \
                    computer resumes it";
        return step("clean_up", false, what, began);
    }
    if is_meant(id) {
        let what = "Somebody used `reprise pause` for this VM meanwhile, so it is left as it is";
        return step("clean_up", true, what, began);
    }
    let mut last = None;
    for try_number in 1..=CLEAN_UP_TRIES {
        let Some(report) = found.look.order(id, ActKind::Resume, UNDER_WAY_MAX, end.clone().asked()).await else {
            break;
        };
        match report.end {
            OrderEnd::Done => {
                pauses::forget(id);
                return step("clean_up", true, "The VM was still paused, and was resumed", began);
            }
            OrderEnd::AlreadySo(_) => {
                pauses::forget(id);
                return step("clean_up", true, "Nothing was left to resume", began);
            }
            OrderEnd::Refused(_) | OrderEnd::NotPossible(_) | OrderEnd::Failed(..) => last = order::error(&report),
        }
        if end.is_asked() || try_number == CLEAN_UP_TRIES {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(CLEAN_UP_WAIT) => {}
            () = end.clone().asked() => {}
        }
    }
    step("clean_up", false, render::drill::not_resumed(&found.leg, last.as_ref()), began)
}
