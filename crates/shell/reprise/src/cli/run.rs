//! `run`: one pass. Waits until hosts are ready, resumes what policy allows, verifies and reports.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use reprise_engine::goal::{Ending, Pass, Report};
use reprise_engine::{Ambiguous, Event, Notice, UnmatchedHolds};
use reprise_model::{PausedRule, VmSelector};
use reprise_platform::sink::Sink;
use tokio::runtime::Handle;

use crate::console::{self, asked_to_stop, notice, print_by};
use crate::driver::{Clock, Driver, Hearer as _};
use crate::exit;
use crate::links::Links;
use crate::pauses;
use crate::record::Recorder;
use crate::render::error::Error;
use crate::render::{self, hold, progress::Progress};
use crate::usage::{Reader, Usage};
use crate::wiring::{self, Wired};

/// Resume replication that a shutdown has stopped: one pass, then a report.
#[derive(Args)]
#[command(after_help = "Example:
  reprise run --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password

In a pipe or a file, each relationship is one line of any width, so that it can be searched for.
Exit codes: 0 everything that should replicate does, 1 no host became ready or every host refused the login,
2 usage or configuration error, 3 something that should replicate does not, or a host did not become ready.")]
pub(super) struct Arguments {
    #[command(flatten)]
    hosts: wiring::HostArguments,
    /// Maximum wait for a host to become ready, from the start or, if later, from VMMS running [default: 60s]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    timeout: Option<Duration>,
    /// Maximum wait for VMMS, from a host's first response [default: as --timeout]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    vmms_timeout: Option<Duration>,
    /// How long to retry hosts that do not respond yet, and transient errors [default: as --timeout]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    retry_for: Option<Duration>,
    /// After each resume wait up to this long for newer data, and act again if replication stops meanwhile [default: no wait]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    wait_confirmed: Option<Duration>,
    /// What to do with replication that is already paused
    #[arg(long, value_name = "RULE")]
    paused: Option<Paused>,
    /// Leave this VM alone in this pass (GUID or name; repeatable)
    #[arg(long, value_name = "VM", value_parser = vm)]
    except: Vec<VmSelector>,
    /// Resume other VMs even if --except or a [[hold]] of the configuration matches nothing that was seen
    #[arg(long)]
    ignore_unmatched_holds: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
    /// Where to write events: `file:PATH`, journald, system or none
    #[arg(long, value_name = "SINK")]
    event_log: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Paused {
    Resume,
    Leave,
    Evidence,
}

pub(super) fn length(text: &str) -> Result<Duration, String> {
    reprise_config::parse_duration(text)
}

/// A VM, by GUID or name. What cannot be the name of one is refused.
pub(super) fn vm(text: &str) -> Result<VmSelector, String> {
    match reprise_config::vm(text.trim()) {
        Ok(selector) => Ok(selector),
        Err(why) => Err(why.to_owned()),
    }
}

/// The same for a verb that shows VMs, where nothing is held.
pub(super) fn shown_vm(text: &str) -> Result<VmSelector, String> {
    match text.trim() {
        "*" => Err("`*` stands for no name; name a VM, or use `reprise status` alone for all of them".to_owned()),
        name => vm(name),
    }
}

/// The pass's own time and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn run(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    let settings = wiring::PassSettings {
        timeout: arguments.timeout,
        vmms_timeout: arguments.vmms_timeout,
        retry_for: arguments.retry_for,
        wait_confirmed: arguments.wait_confirmed,
        paused: arguments.paused.map(|rule| match rule {
            Paused::Resume => PausedRule::Resume,
            Paused::Leave => PausedRule::Leave,
            Paused::Evidence => PausedRule::Evidence,
        }),
        except: arguments.except,
        unmatched_holds: if arguments.ignore_unmatched_holds { UnmatchedHolds::Ignore } else { UnmatchedHolds::Stop },
        dry_run: arguments.dry_run,
    };
    let hosts = wiring::HostArguments { reader: Reader::Named("run"), ..arguments.hosts };
    let mut wired = wiring::wire(&hosts, &settings)?;
    wired.links.work_on(workers);
    warn_of_unverified(&wired.links);
    let sink = sink(arguments.event_log.as_deref())?;
    let Passed { report, driver, unwritten } = pass(wired, &mut Recorder::new(sink, Progress::new()), asked_to_stop())
        .await
        .map_err(|ambiguous| several(&ambiguous))?;
    if !arguments.dry_run {
        pauses::forget_those_over(&report);
    }
    let printed = if arguments.json {
        let errors: Vec<_> = hold::errors(&report, hold::Of::Run).into_iter().map(|(_, error)| error).collect();
        for error in &errors {
            notice(&format!("{} in {}: {}; {}", error.what, error.place, error.why, error.next));
        }
        let errors: Vec<_> = errors.into_iter().chain(unwritten).collect();
        print_by(|out| render::json::write(out, &render::json::document(&report, &driver.links().asked(), &errors)))
    } else {
        let terminal = render::Terminal::here();
        console::print_painted(&render::table::text(&report, &terminal))
    };
    if !printed.is_no_failure() {
        return Ok(ExitCode::from(exit::FAILED));
    }
    Ok(exit::of(report.outcome))
}

/// Says so if the certificate of any host is not verified.
pub(super) fn warn_of_unverified(links: &Links) {
    if links.asked().values().any(|asked| asked.tls_verified == Some(false)) {
        notice("certificates are not verified: an on-path attacker can impersonate a host and read all traffic");
    }
}

/// A pass that has ended with a report.
pub(super) struct Passed {
    pub(super) report: Report,
    driver: Driver,
    /// The error of the sink, if events were lost.
    pub(super) unwritten: Option<Error>,
}

/// Runs one pass and writes its events. `stop` ends it early.
pub(super) async fn pass(
    wired: Wired,
    recorder: &mut Recorder,
    stop: impl Future<Output = ()>,
) -> Result<Passed, Ambiguous> {
    let Wired { setup, links } = wired;
    let clock = Clock::start();
    let goal = Pass::new(&setup, clock.now());
    let mut driver = Driver::new(setup, clock, links);
    recorder.tell(clock.now().wall, &Notice::Started);
    let end = driver.run(goal, Event::Tick, recorder, stop).await;
    let unwritten = recorder.end();
    match end {
        Ending::Done(report, _) => Ok(Passed { report: *report, driver, unwritten }),
        Ending::Refused(ambiguous, _) => Err(ambiguous),
    }
}

/// The error for a name in `--except` that several VMs have, found before anything was done.
fn several(ambiguous: &Ambiguous) -> Usage {
    let lines = hold::candidates(ambiguous).join("\n        ");
    let why = format!("--except needs a name that only one VM has; these share it:\n        {lines}");
    Usage::new(hold::which(ambiguous), why, "give the GUID of each VM to leave alone")
}

pub(super) fn sink(text: Option<&str>) -> Result<Sink, Usage> {
    let chosen = match text {
        None => Sink::default_here(),
        Some(text) => {
            Sink::parse(text).map_err(|error| Usage::new("cannot write events", error.to_string(), error.advice()))?
        }
    };
    if let Some(text) = chosen.notice {
        notice(text);
    }
    Ok(chosen.sink)
}
