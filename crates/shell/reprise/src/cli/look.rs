//! One look at hosts with the engine of `run --dry-run`, for verbs that only show. Nothing is done, and no event is written.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reprise_engine::goal::{ByHand, Ending, Pass, Report};
use reprise_engine::{
    Command, Controller, Event, HostReport, HostTrouble, Judgement, LegReport, Notice, OrderReport, UnmatchedHolds,
};
use reprise_model::{ActKind, HostId, LegId, LegKind, Now, Timestamp, VmSelector};
use tokio::runtime::Handle;

use super::choose;
use super::run::{length, warn_of_unverified};
use crate::console::{asked_to_stop, notice};
use crate::driver::{Clock, Driver, Observer};
use crate::exit;
use crate::figures::Questions;
use crate::links::Links;
use crate::pauses;
use crate::render::progress::Progress;
use crate::render::status::Seen;
use crate::render::{hold, status};
use crate::usage::{Reader, Usage};
use crate::wiring::{self, Wired};

/// How long a host is waited for: long enough for a busy one, and short enough for a person who waits.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Which hosts are looked at, and how long each is waited for.
#[derive(Clone, Args)]
pub(super) struct LookArguments {
    #[command(flatten)]
    pub(super) hosts: wiring::HostArguments,
    /// Maximum wait for each host [default: 20s]; of `pause` and `resume` for the act too [default: 2m]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub(super) timeout: Option<Duration>,
    /// Only relationships to or from this host
    #[arg(long, value_name = "HOST")]
    pub(super) on: Option<String>,
}

/// What was seen, with the engine that can judge it.
pub(super) struct Look {
    pub(super) report: Report,
    driver: Driver,
    seen: Seen,
    now: Now,
}

/// Shows progress, and hears no notices.
struct Quiet(Progress);

impl Observer for Quiet {
    fn tell(&mut self, _: Timestamp, _: &Notice) {}
    fn progress(&mut self, controller: &Controller) {
        self.0.show(controller);
    }
}

/// The exit code for what was seen: of these VMs, or of all.
pub(super) fn exit_code(report: &Report, some_vms: bool) -> ExitCode {
    let is_partial = status::is_partial(report, some_vms);
    let unprotected = report.legs.iter().filter(|leg| status::is_unprotected(leg)).count();
    ExitCode::from(exit::of_status(report.outcome, is_partial, unprotected))
}

/// Says on standard error what is wrong with the configuration, beside a document.
pub(super) fn tell_errors(report: &Report) {
    for error in status::errors(report) {
        notice(&format!("{} in {}: {}; {}", error.what, error.place, error.why, error.next));
    }
}

/// The hosts to look at, and the links to them. `verb` is what was typed, for advice.
pub(super) fn wired(arguments: &mut LookArguments, verb: &'static str, workers: Handle) -> Result<Wired, Usage> {
    arguments.hosts.reader = Reader::Named(verb);
    let timeout = Some(arguments.timeout.unwrap_or(TIMEOUT));
    let settings = wiring::PassSettings {
        timeout,
        vmms_timeout: timeout,
        retry_for: timeout,
        wait_confirmed: None,
        paused: None,
        except: Vec::new(),
        unmatched_holds: UnmatchedHolds::Stop,
        dry_run: true,
    };
    let mut wired = wiring::wire(&arguments.hosts, &settings)?;
    wired.links.work_on(workers);
    warn_of_unverified(&wired.links);
    Ok(wired)
}

/// Looks at the hosts.
pub(super) async fn look(mut arguments: LookArguments, verb: &'static str, workers: Handle) -> Result<Look, Usage> {
    let Wired { setup, links } = wired(&mut arguments, verb, workers)?;
    let clock = Clock::start();
    let goal = Pass::new(&setup, clock.now());
    let mut driver = Driver::new(setup, clock, links);
    let mut quiet = Quiet(Progress::new());
    let end = driver.run(goal, Event::Tick, &mut quiet, asked_to_stop()).await;
    quiet.0.clear();
    let now = clock.now();
    let mut report = match end {
        Ending::Done(report, _) => *report,
        Ending::Refused(ambiguous, _) => {
            let why = hold::candidates(&ambiguous).join("\n        ");
            return Err(Usage::new(hold::which(&ambiguous), why, "give the GUID of each VM to leave alone"));
        }
    };
    if let Some(host) = &arguments.on {
        choose::on_host(&mut report, host)?;
    }
    let seen = unjudged(&report, &driver.controller, driver.links(), now);
    Ok(Look { report, driver, seen, now })
}

/// What was seen besides a report, but for what verdicts rest on and for figures.
fn unjudged(report: &Report, controller: &Controller, links: &Links, now: Now) -> Seen {
    let ages = report.hosts.iter().filter_map(|host| Some((host.id, controller.age_of(host.id, now)?))).collect();
    let (judged, pending) = (BTreeMap::new(), BTreeMap::new());
    Seen { taken: now.wall, ages, asked: links.asked(), judged, pending, notes: pauses::notes() }
}

/// The same with what the verdict of each leg rests on.
pub(super) fn seen(report: &Report, controller: &Controller, links: &Links, now: Now) -> Seen {
    let mut seen = unjudged(report, controller, links, now);
    let judge = |leg: &LegReport| Some((leg.id, controller.judgement(leg.id, now)?));
    seen.judged = report.legs.iter().filter_map(judge).collect();
    seen
}

/// Whether nothing can be said of any VM, since no host was seen.
pub(super) fn is_blind(report: &Report) -> bool {
    !report.hosts.iter().any(|host| host.ready)
}

/// What to ask about the legs of a report on hosts that answer, what is not protected first.
pub(super) fn figures(controller: &Controller, report: &Report) -> Questions {
    let answers = |host: &&HostReport| host.ready && !matches!(host.trouble, Some(HostTrouble::Lost(_)));
    let hosts: BTreeSet<HostId> = report.hosts.iter().filter(answers).map(|host| host.id).collect();
    let is_asked = |id: LegId| controller.sender(id).is_some_and(|sender| hosts.contains(&sender.host));
    let mut legs: Vec<&LegReport> = report.legs.iter().filter(|leg| is_asked(leg.id)).collect();
    legs.sort_by_key(|leg| (!status::is_unprotected(leg), leg.id));
    Questions::of(controller, legs.into_iter().map(|leg| leg.id))
}

impl Look {
    /// Keeps only the legs of these VMs. With none all are kept.
    pub(super) fn narrow(&mut self, vms: &[VmSelector]) -> Result<(), Usage> {
        choose::of_vms(&mut self.report, &self.driver.controller, vms)
    }

    /// Asks how much data is pending, of the legs that are kept. Somebody who does not wait for it gets the rest.
    pub(super) async fn ask_figures(&mut self) {
        if self.report.interrupted {
            return;
        }
        let answers = figures(&self.driver.controller, &self.report).ask(self.driver.links()).all();
        tokio::select! {
            pending = answers => self.seen.pending = pending,
            () = asked_to_stop() => {}
        }
    }

    /// The one relationship of a VM, of that kind.
    pub(super) fn only(
        &mut self,
        vm: &VmSelector,
        kind: LegKind,
        on: Option<&str>,
        what: &str,
    ) -> Result<LegReport, Usage> {
        self.narrow(std::slice::from_ref(vm))?;
        let of_kind = self.report.legs.iter().find(|leg| leg.id.kind == kind).cloned();
        of_kind.ok_or_else(|| {
            let (has, next) = match kind {
                LegKind::Extended => ("no extended relationship", "leave out --extended"),
                LegKind::Simple => ("only an extended relationship", "add --extended"),
            };
            let (place, or) = match on {
                Some(host) => (format!(" from or to {host}"), ", or leave out --on"),
                None => (String::new(), ""),
            };
            let why = format!("the VM has {has}{place} on the hosts that were seen");
            Usage::new(format!("cannot {what}"), why, format!("{next}{or}"))
        })
    }

    /// How a leg is judged by what was seen.
    pub(super) fn judgement(&self, leg: LegId) -> Option<Judgement> {
        self.driver.controller.judgement(leg, self.driver.clock.now())
    }

    /// Carries out an order for a leg, within a time. `stop` ends it early.
    pub(super) async fn order(
        &mut self,
        leg: LegId,
        kind: ActKind,
        within: Duration,
        stop: impl Future<Output = ()>,
    ) -> Option<OrderReport> {
        self.go_on(leg, Event::Command(Command::Order(leg, kind)), within, stop).await
    }

    /// Lets the latest order for a leg come to its end. Returns whether it has.
    pub(super) async fn finish(&mut self, leg: LegId, within: Duration, stop: impl Future<Output = ()>) -> bool {
        let _known_already = self.go_on(leg, Event::Tick, within, stop).await;
        self.driver.controller.is_order_over(leg)
    }

    async fn go_on(
        &mut self,
        leg: LegId,
        first: Event,
        within: Duration,
        stop: impl Future<Output = ()>,
    ) -> Option<OrderReport> {
        let goal = ByHand::new(leg, self.driver.clock.now(), within);
        let mut quiet = Quiet(Progress::new());
        let end = self.driver.run(goal, first, &mut quiet, stop).await;
        quiet.0.clear();
        end
    }

    /// Whether nothing can be said of any VM, since no host was seen.
    pub(super) fn is_blind(&self) -> bool {
        is_blind(&self.report)
    }

    /// What was seen, judged.
    pub(super) fn judged(self) -> (Report, Seen) {
        let Self { report, driver, seen: Seen { pending, .. }, now } = self;
        let seen = Seen { pending, ..seen(&report, &driver.controller, driver.links(), now) };
        (report, seen)
    }
}
