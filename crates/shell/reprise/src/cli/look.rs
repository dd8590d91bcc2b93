//! One look at hosts with the engine of `run --dry-run`, for verbs that only show. Nothing is done, and no event is written.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reprise_engine::goal::{ByHand, Ending, Pass, Report};
use reprise_engine::{
    Candidate, Command, Controller, Event, Judgement, LegReport, Notice, OrderReport, UnmatchedHolds,
};
use reprise_model::{ActKind, LegId, LegKind, Now, Timestamp, VmId, VmSelector};
use tokio::runtime::Handle;

use super::run::{length, warn_of_unverified};
use crate::console::asked_to_stop;
use crate::driver::{Clock, Driver, Observer};
use crate::exit;
use crate::render::progress::Progress;
use crate::render::status::Seen;
use crate::render::{hold, list, status};
use crate::usage::Usage;
use crate::wiring::{self, Wired};

/// How long a host is waited for: long enough for a busy one, and short enough for a person who waits.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Which hosts are looked at, and how long each is waited for.
#[derive(Args)]
pub(super) struct LookArguments {
    #[command(flatten)]
    pub(super) hosts: wiring::HostArguments,
    /// Maximum wait for each host [default: 20s]; of `pause` and `resume` for the act too [default: 2m]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub(super) timeout: Option<Duration>,
    /// Only relationships to or from this host
    #[arg(long, value_name = "HOST")]
    on: Option<String>,
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

/// Looks at the hosts.
pub(super) async fn look(arguments: &LookArguments, workers: Handle) -> Result<Look, Usage> {
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
    let Wired { setup, mut links } = wiring::wire(&arguments.hosts, &settings)?;
    links.work_on(workers);
    warn_of_unverified(&links);
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
        let all = std::mem::take(&mut report.legs);
        let names: BTreeSet<String> =
            all.iter().flat_map(|leg| [&leg.primary, &leg.replica]).flatten().cloned().collect();
        report.legs = all.into_iter().filter(|leg| is_on(leg, host)).collect();
        if report.legs.is_empty() && !names.is_empty() {
            let names: Vec<String> = names.into_iter().collect();
            let why = format!("relationships of these hosts were seen: {}", list(&names));
            return Err(Usage::new(format!("no relationship of host {host} was seen"), why, "check --on"));
        }
    }
    let ages =
        report.hosts.iter().filter_map(|host| Some((host.id, driver.controller.age_of(host.id, now)?))).collect();
    let seen = Seen { taken: now.wall, ages, asked: driver.links().asked(), judged: std::collections::BTreeMap::new() };
    Ok(Look { report, driver, seen, now })
}

/// Whether a leg is sent from or to a host, by its name or its first label.
fn is_on(leg: &LegReport, host: &str) -> bool {
    let is_it = |name: &str| {
        let label = name.split('.').next().unwrap_or(name);
        name.eq_ignore_ascii_case(host) || label.eq_ignore_ascii_case(host)
    };
    [&leg.primary, &leg.replica, &leg.second_primary].into_iter().flatten().any(|name| is_it(name))
}

impl Look {
    /// Keeps only the legs of these VMs. With none all are kept.
    pub(super) fn narrow(&mut self, vms: &[VmSelector]) -> Result<(), Usage> {
        if vms.is_empty() {
            return Ok(());
        }
        let mut wanted: BTreeSet<LegId> = BTreeSet::new();
        for vm in vms {
            let legs: Vec<&LegReport> =
                self.report.legs.iter().filter(|leg| self.driver.controller.is_of(leg.id, vm)).collect();
            let ids: BTreeSet<VmId> = legs.iter().map(|leg| leg.id.vm).collect();
            match ids.len() {
                0 => return Err(self.unknown(vm)),
                1 => wanted.extend(legs.iter().map(|leg| leg.id)),
                _ => return Err(several(vm, &legs)),
            }
        }
        self.report.legs.retain(|leg| wanted.contains(&leg.id));
        Ok(())
    }

    /// The one relationship of a VM, of that kind.
    pub(super) fn only(&mut self, vm: &VmSelector, kind: LegKind, what: &str) -> Result<LegReport, Usage> {
        self.narrow(std::slice::from_ref(vm))?;
        let of_kind = self.report.legs.iter().find(|leg| leg.id.kind == kind).cloned();
        of_kind.ok_or_else(|| {
            let (has, next) = match kind {
                LegKind::Extended => ("no extended relationship", "leave out --extended"),
                LegKind::Simple => ("only an extended relationship", "add --extended"),
            };
            Usage::new(format!("cannot {what}"), format!("the VM has {has}"), next)
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

    /// Lets the latest order for a leg come to its end.
    pub(super) async fn finish(&mut self, leg: LegId, within: Duration, stop: impl Future<Output = ()>) {
        let _known_already = self.go_on(leg, Event::Tick, within, stop).await;
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
        !self.report.hosts.iter().any(|host| host.ready)
    }

    /// What was seen, judged.
    pub(super) fn judged(self) -> (Report, Seen) {
        let Self { report, driver, mut seen, now } = self;
        let judge = |leg: &LegReport| Some((leg.id, driver.controller.judgement(leg.id, now)?));
        seen.judged = report.legs.iter().filter_map(judge).collect();
        (report, seen)
    }

    fn unknown(&self, vm: &VmSelector) -> Usage {
        let names: BTreeSet<String> = self.report.legs.iter().map(|leg| leg.vm.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let shown = match names.as_slice() {
            [] => "no replicated VM was seen".to_owned(),
            some => format!("these VMs were seen: {}", list(some)),
        };
        let missing: Vec<String> =
            self.report.hosts.iter().filter(|host| !host.ready).map(|host| host.name.clone()).collect();
        let missing = if missing.is_empty() { String::new() } else { format!("; not ready: {}", list(&missing)) };
        let next = "check the spelling, and ask the hosts that have the VM";
        Usage::new(format!("no replicated VM {} was seen", called(vm)), format!("{shown}{missing}"), next)
    }
}

/// A VM as it was asked for.
fn called(vm: &VmSelector) -> String {
    match vm {
        VmSelector::Id(id) => id.to_string(),
        VmSelector::Name(name) => name.clone(),
    }
}

/// The error for a name that several VMs have.
fn several(vm: &VmSelector, legs: &[&LegReport]) -> Usage {
    let mut candidates: Vec<Candidate> = Vec::new();
    for leg in legs {
        let route = (leg.primary.clone(), leg.replica.clone());
        match candidates.iter_mut().find(|candidate| candidate.vm == leg.id.vm) {
            Some(candidate) => candidate.routes.push(route),
            None => candidates.push(Candidate { vm: leg.id.vm, name: leg.vm.clone(), routes: vec![route] }),
        }
    }
    let lines: Vec<String> = candidates.iter().map(hold::candidate).collect();
    let what = format!("cannot tell which VM is meant: {} have the name {}", candidates.len(), called(vm));
    Usage::new(what, lines.join("\n        "), "give the GUID of the VM, or narrow by --on HOST")
}
