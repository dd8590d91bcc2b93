//! What `pause` and `resume` share: find the one relationship that is meant, give the order, and say what came of it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reprise_engine::{LegReport, OrderEnd, OrderReport};
use reprise_model::{ActKind, LegKind, VmSelector};
use reprise_platform::sink::Sink;
use reprise_platform::this_account;
use tokio::runtime::Handle;

use super::look::{Look, LookArguments, look};
use super::run::{sink, vm};
use crate::client::{self, Question};
use crate::console::{complain, print, print_by};
use crate::exit;
use crate::record::Recorder;
use crate::render::error::{self, Error};
use crate::render::progress::Progress;
use crate::render::{self, order};
use crate::usage::Usage;

/// How long an order may take if `--timeout` does not say it: a job of Hyper-V takes seconds, and one that takes longer than
/// this hangs.
const ORDER_MAX: Duration = Duration::from_mins(2);

/// Which relationship.
#[derive(Args)]
pub(super) struct TargetArguments {
    /// The VM (GUID or name)
    #[arg(value_name = "VM", value_parser = vm)]
    vm: VmSelector,
    #[command(flatten)]
    pub(super) look: LookArguments,
    /// The extended relationship: from the replica server onwards
    #[arg(long)]
    extended: bool,
}

/// What was found of it.
pub(super) enum Search {
    /// The relationship.
    Found(Box<Found>),
    /// No host was seen; why, and after how long.
    Blind(Vec<Error>, Duration),
}

/// A relationship that was found.
pub(super) struct Found {
    pub(super) look: Look,
    pub(super) leg: LegReport,
    within: Duration,
}

impl TargetArguments {
    /// Looks at the hosts, and finds the relationship for an order of that kind.
    pub(super) async fn find(&self, kind: ActKind, workers: Handle) -> Result<Search, Usage> {
        let verb = match kind {
            ActKind::Resume => "resume VM",
            ActKind::Pause => "pause VM",
        };
        let mut look = look(self.look.clone(), verb, workers).await?;
        if look.is_blind() {
            let errors: Vec<Error> = look.report.hosts.iter().filter_map(error::of_host).collect();
            errors.iter().for_each(tell);
            return Ok(Search::Blind(errors, look.report.elapsed));
        }
        let leg = if self.extended { LegKind::Extended } else { LegKind::Simple };
        let leg = look.only(&self.vm, leg, self.look.on.as_deref(), kind.row().what)?;
        Ok(Search::Found(Box::new(Found { look, leg, within: self.look.timeout.unwrap_or(ORDER_MAX) })))
    }
}

/// Which relationship, and how to answer.
#[derive(Args)]
pub(super) struct ByHandArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Why, for those who see it later
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Where to write the event: `file:PATH`, journald, system or none
    #[arg(long, value_name = "SINK")]
    event_log: Option<String>,
    /// Print one JSON document instead of a sentence
    #[arg(long)]
    json: bool,
}

impl ByHandArguments {
    /// The sink for the event, and the relationship. The exit code if no host was seen.
    pub(super) async fn find(&self, kind: ActKind, workers: Handle) -> Result<Result<(Sink, Found), ExitCode>, Usage> {
        let sink = sink(self.event_log.as_deref())?;
        Ok(match self.target.find(kind, workers).await? {
            Search::Found(found) => Ok((sink, *found)),
            Search::Blind(errors, elapsed) => {
                if self.json {
                    let document = order::blind(errors.into_iter().next(), elapsed);
                    let _it_failed_anyway = print_by(|out| render::json::write(out, &document));
                }
                Err(ExitCode::from(exit::FAILED))
            }
        })
    }

    /// Lets a daemon of this computer carry it out, if one runs and nobody named hosts.
    pub(super) async fn by_daemon(&self, kind: ActKind) -> Option<Result<ExitCode, Usage>> {
        let TargetArguments { vm, look, extended } = &self.target;
        if !look.hosts.name_none() {
            return None;
        }
        let act = match kind {
            ActKind::Pause => "/pause",
            ActKind::Resume => "/resume",
        };
        let question = Question {
            method: hyper::Method::POST,
            path: client::relationship(vm, *extended, look.on.as_deref(), act),
            body: Some(serde_json::json!({ "reason": self.reason }).to_string()),
            page: (!self.json).then(render::Terminal::here),
        };
        client::ask(&question).await
    }

    /// Prints what came of an order, and writes the event of one that was carried out.
    pub(super) fn tell(&self, report: &OrderReport, sink: Sink) -> ExitCode {
        if report.end == OrderEnd::Done {
            let mut recorder = Recorder::new(sink, Progress::new());
            recorder.tell_order(report, &this_account(), self.reason.as_deref());
            let _told_already = recorder.end();
        }
        if let Some(error) = order::error(report) {
            tell(&error);
        }
        let printed = match order::text(report, &render::Terminal::here()) {
            _ if self.json => print_by(|out| render::json::write(out, &order::document(report))),
            Some(text) => print(&text),
            None => return exit_code(&report.end),
        };
        if printed.is_no_failure() { exit_code(&report.end) } else { ExitCode::from(exit::FAILED) }
    }
}

impl Found {
    /// Carries out an order for it. `stop` ends it early.
    pub(super) async fn order(&mut self, kind: ActKind, stop: impl Future<Output = ()>) -> OrderReport {
        let report = self.look.order(self.leg.id, kind, self.within, stop).await;
        // A leg that was seen is known for as long as the program runs.
        report.unwrap_or_else(|| OrderReport {
            kind,
            end: OrderEnd::NotPossible(reprise_model::Reason::NotShown),
            leg: self.leg.clone(),
            elapsed: Duration::ZERO,
        })
    }
}

/// The exit code for how an order ended.
pub(super) fn exit_code(end: &OrderEnd) -> ExitCode {
    ExitCode::from(exit::of_order(end))
}

fn tell(error: &Error) {
    complain(&error.block());
}
