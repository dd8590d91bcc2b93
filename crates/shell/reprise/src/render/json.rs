//! The document that `run --json` prints. Version 1: keys may be added, but not changed or removed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use reprise_engine::goal::{PassOutcome, Report};
use reprise_engine::{LegReport, LegResult, PlannedAct};
use reprise_hyperv::failure_code::known;
use reprise_model::HostId;
use reprise_platform::event::escaped;
use serde::{Serialize, Serializer};

use super::advice;
use super::error::{self, Error};
use super::number::hexadecimal;
use super::sentence;
use crate::links::ConnectionInfo;

/// The whole document. The order of fields is the order of keys.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u32,
    outcome: &'static str,
    dry_run: bool,
    interrupted: bool,
    started: String,
    elapsed_ms: u64,
    hosts: Vec<Host<'a>>,
    /// Each is built while it is written, since a fleet has tens of thousands.
    #[serde(serialize_with = "relationships")]
    relationships: &'a [LegReport],
    /// What is wrong with the pass as a whole, and belongs to no host and no leg.
    errors: &'a [Error],
}

#[derive(Serialize)]
struct Host<'a> {
    name: &'a str,
    url: Option<&'a str>,
    tls_verified: Option<bool>,
    ready: bool,
    ready_after_s: Option<u64>,
    error: Option<Error>,
}

#[derive(Serialize)]
struct Relationship<'a> {
    vm: &'a str,
    vm_id: String,
    leg: String,
    primary: Option<&'a str>,
    replica: Option<&'a str>,
    second_primary: Option<&'a str>,
    before: Option<String>,
    wanted: bool,
    action: &'static str,
    reason: &'static str,
    detail: String,
    result: &'static str,
    after: Option<String>,
    confirmed: bool,
    attempts: u32,
    elapsed_ms: Option<u64>,
    error: Option<Error>,
    /// What to do next, where it does not replicate as it should.
    next: Option<String>,
    /// The sender's last event 32022, where it does not replicate as it should.
    last_failure: Option<LastFailure>,
}

#[derive(Serialize)]
struct LastFailure {
    event: u32,
    code: String,
    /// The code in words, if it is a known one.
    meaning: Option<&'static str>,
}

/// The document of a pass. `asked` holds how each host was connected to; a local host has no entry.
/// `errors` are those of the pass as a whole.
pub(crate) fn document<'a>(
    report: &'a Report,
    asked: &'a BTreeMap<HostId, ConnectionInfo>,
    errors: &'a [Error],
) -> Document<'a> {
    let hosts = report.hosts.iter().map(|host| Host {
        name: &host.name,
        url: asked.get(&host.id).map(|asked| asked.url.as_str()),
        tls_verified: asked.get(&host.id).and_then(|asked| asked.tls_verified),
        ready: host.ready,
        ready_after_s: host.ready_after.map(|after| after.as_secs()),
        error: error::of_host(host).or_else(|| error::hidden_by(host)),
    });
    Document {
        version: 1,
        outcome: outcome(report.outcome),
        dry_run: report.dry_run,
        interrupted: report.interrupted,
        started: super::time(report.started),
        elapsed_ms: millis(report.elapsed),
        hosts: hosts.collect(),
        relationships: &report.legs,
        errors,
    }
}

/// In the order of the keys `vm_id` and `leg`, as texts: "extended" comes before "simple".
fn relationships<S: Serializer>(legs: &&[LegReport], serializer: S) -> Result<S::Ok, S::Error> {
    let mut legs: Vec<&LegReport> = legs.iter().collect();
    legs.sort_by_key(|leg| (leg.id.vm, leg.id.kind.to_string()));
    serializer.collect_seq(legs.into_iter().map(relationship))
}

fn relationship(leg: &LegReport) -> Relationship<'_> {
    Relationship {
        vm: &leg.vm,
        vm_id: leg.id.vm.to_string(),
        leg: leg.id.kind.to_string(),
        primary: leg.primary.as_deref(),
        replica: leg.replica.as_deref(),
        second_primary: leg.second_primary.as_deref(),
        before: leg.before.map(|state| state.to_string()),
        wanted: leg.wanted,
        action: match leg.action {
            PlannedAct::None => "none",
            PlannedAct::Resume => "resume",
            PlannedAct::Wait => "wait",
        },
        reason: leg.reason.code(),
        detail: sentence::detail(leg),
        result: result(leg.result),
        after: leg.after.map(|state| state.to_string()),
        confirmed: leg.confirmed,
        attempts: leg.attempts,
        elapsed_ms: leg.elapsed.map(millis),
        error: error::of_leg(leg),
        next: advice::of_leg(leg),
        last_failure: advice::last_failure(leg).map(|code| LastFailure {
            event: 32_022,
            code: hexadecimal(code),
            meaning: known(code).map(|known| known.words),
        }),
    }
}

/// The word for an outcome.
pub(crate) fn outcome(outcome: PassOutcome) -> &'static str {
    match outcome {
        PassOutcome::Ok => "ok",
        PassOutcome::Partial => "partial",
        PassOutcome::NotReady => "not_ready",
        PassOutcome::Failed => "failed",
    }
}

/// The word for a result.
pub(crate) fn result(result: LegResult) -> &'static str {
    match result {
        LegResult::Healthy => "healthy",
        LegResult::Resumed => "resumed",
        LegResult::Left => "left",
        LegResult::Waiting => "waiting",
        LegResult::NeedsPerson => "needs_person",
        LegResult::Failed => "failed",
        LegResult::Interrupted => "interrupted",
        LegResult::Stale => "stale",
        LegResult::Skipped => "skipped",
    }
}

/// Writes a document. Characters that are invisible or act on a terminal are written as escapes, which programs read as the
/// characters.
pub(crate) fn write(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping(&mut *out), document)?;
    writeln!(out)
}

/// A document on one line, with the same escapes.
pub(crate) fn line(document: &impl Serialize) -> String {
    escaped(&serde_json::to_string(document).unwrap_or_default()).into_owned()
}

/// Escapes what `serde_json` leaves as it is. It writes each text in pieces that are whole.
struct Escaping<'w>(&'w mut dyn Write);

impl Write for Escaping<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match str::from_utf8(piece) {
            Ok(text) => self.0.write_all(escaped(text).as_bytes())?,
            Err(_) => self.0.write_all(piece)?,
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
