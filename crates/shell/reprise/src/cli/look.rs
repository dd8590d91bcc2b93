//! One look at hosts with the engine of `run --dry-run`, for verbs that only show. Nothing is done, and no event is written.

use std::time::Duration;

use clap::Args;
use reprise_engine::goal::{ByHand, Ending, Pass, Report};
use reprise_engine::{Command, Controller, Event, Judgement, LegReport, Notice, OrderReport, UnmatchedHolds};
use reprise_model::{ActKind, LegId, LegKind, Now, Timestamp, VmSelector};
use tokio::runtime::Handle;

use super::run::{length, warn_of_unverified};
use crate::console::{asked_to_stop, notice};
use crate::driver::{Clock, Driver, Hearer, Observer};
use crate::looked::{figures, is_blind, of_vms, on_host, seen, unjudged};
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

impl Hearer for Quiet {
    fn tell(&mut self, _: Timestamp, _: &Notice) {}
}

impl Observer for Quiet {
    fn progress(&mut self, controller: &Controller) {
        self.0.show(controller);
    }
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
        on_host(&mut report, host)?;
    }
    let seen = unjudged(&report, &driver.controller, driver.links(), now);
    Ok(Look { report, driver, seen, now })
}

impl Look {
    /// Keeps only the legs of these VMs. With none all are kept.
    pub(super) fn narrow(&mut self, vms: &[VmSelector]) -> Result<(), Usage> {
        of_vms(&mut self.report, &self.driver.controller, vms)
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
