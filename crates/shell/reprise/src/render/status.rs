//! What `status` shows of relationships: the document for programs, and the table for people.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::judge::{HeldBy, Judgement};
use reprise_engine::{HostReport, LegReport, LegResult, PlannedAct, Side};
use reprise_model::{HostId, HostTime, LastReplication, LegId, Timestamp};
use serde::Serialize;

use super::error::{self, Error};
use super::fact::{self, EndFacts, FactEntry, RuleEntry};
use super::rows::{self, Head, Names, Row};
use super::screen::Screened;
use super::terminal::{Terminal, Tone};
use super::{advice, cause, count, paragraph, sentence, table, time};
use crate::links::ConnectionInfo;

/// The columns of `status`.
const HEAD: Head = &["VM", "FROM → TO", "STATE", "DATA AGE", "RUN WOULD", "WHY"];
/// What stands for a value that is not known.
const UNKNOWN: &str = "—";

/// What one look showed besides its report.
pub(crate) struct Seen {
    /// When it was taken.
    pub(crate) taken: Timestamp,
    /// How old the latest good look at each host is.
    pub(crate) ages: BTreeMap<HostId, Duration>,
    /// How each host was connected to; a local host has no entry.
    pub(crate) asked: BTreeMap<HostId, ConnectionInfo>,
    /// What each leg's verdict rests on.
    pub(crate) judged: BTreeMap<LegId, Judgement>,
}

/// The whole document. The order of fields is the order of keys.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u32,
    taken: String,
    source: &'static str,
    hosts: Vec<Host<'a>>,
    relationships: Vec<Relationship<'a>>,
}

#[derive(Serialize)]
struct Host<'a> {
    name: &'a str,
    url: Option<&'a str>,
    ready: bool,
    age_s: Option<u64>,
    error: Option<Error>,
}

#[derive(Serialize)]
struct Relationship<'a> {
    vm: &'a str,
    vm_id: String,
    leg: String,
    primary: Option<&'a str>,
    replica: Option<&'a str>,
    state: Option<String>,
    replica_state: Option<String>,
    /// No look reads it yet, nor how much data is pending.
    health: Option<&'static str>,
    protected: bool,
    wanted: bool,
    last_replication: Option<String>,
    lag_s: Option<u64>,
    pending_bytes: Option<u64>,
    verdict: &'static str,
    reason: &'static str,
    detail: String,
    next: Option<String>,
    held: Option<Held<'a>>,
    /// Only a daemon keeps incidents and forecasts.
    incident: Option<&'static str>,
    forecast_resync: Option<&'static str>,
    /// Only `explain` gives facts and rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Vec<FactEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<RuleEntry>>,
}

#[derive(Serialize)]
struct Held<'a> {
    id: String,
    by: &'static str,
    reason: &'a str,
    until: Option<String>,
}

/// The document of `status`.
pub(crate) fn document<'a>(report: &'a Report, seen: &'a Seen) -> Document<'a> {
    let host = |host: &'a HostReport| Host {
        name: &host.name,
        url: seen.asked.get(&host.id).map(|asked| asked.url.as_str()),
        ready: host.ready,
        age_s: seen.ages.get(&host.id).map(Duration::as_secs),
        error: error::of_host(host).or_else(|| error::hidden_by(host)),
    };
    let mut legs: Vec<&LegReport> = report.legs.iter().collect();
    legs.sort_by_key(|leg| (leg.id.vm, leg.id.kind.to_string()));
    Document {
        version: 1,
        taken: time(seen.taken),
        source: "look",
        hosts: report.hosts.iter().map(host).collect(),
        relationships: legs.into_iter().map(|leg| relationship(leg, seen.judged.get(&leg.id))).collect(),
    }
}

/// The document of `explain`: that of `status` with facts and rules.
pub(crate) fn explanation<'a>(report: &'a Report, seen: &'a Seen) -> Document<'a> {
    let mut document = document(report, seen);
    for (own, judgement) in document.relationships.iter_mut().zip(seen.judged.values()) {
        own.facts = Some(judgement.facts.iter().map(fact::entry).collect());
        own.rules = Some(judgement.rules.iter().copied().map(fact::rule).collect());
    }
    document
}

fn relationship<'a>(leg: &'a LegReport, judgement: Option<&'a Judgement>) -> Relationship<'a> {
    let (data, receiver) = judgement.map(|own| (data(own), EndFacts::of(own, Side::Receiver))).unwrap_or_default();
    let last = match data.last_data {
        Some(LastReplication::At(HostTime(at))) => Some(time(Timestamp(at))),
        Some(LastReplication::Never) | None => None,
    };
    Relationship {
        vm: &leg.vm,
        vm_id: leg.id.vm.to_string(),
        leg: leg.id.kind.to_string(),
        primary: leg.primary.as_deref(),
        replica: leg.replica.as_deref(),
        state: leg.after.map(|state| state.to_string()),
        replica_state: receiver.state.map(|state| state.to_string()),
        health: None,
        protected: is_protected(leg),
        wanted: leg.wanted,
        last_replication: last,
        lag_s: data.data_age().map(|age| age.as_secs()),
        pending_bytes: None,
        verdict: verdict(leg),
        reason: leg.reason.code(),
        detail: sentence::detail(leg),
        next: next(leg),
        held: judgement.and_then(|judgement| judgement.held_by.as_ref()).map(held),
        incident: None,
        forecast_resync: None,
        facts: None,
        rules: None,
    }
}

/// A hold of the configuration is called by its place there.
fn held(HeldBy { place, hold }: &HeldBy) -> Held<'_> {
    Held { id: format!("config-{}", place + 1), by: "configuration", reason: &hold.reason, until: hold.until.map(time) }
}

/// The end that says when data last arrived: the sender, or if that is not seen, the receiver.
fn data(judgement: &Judgement) -> EndFacts<'_> {
    let sender = EndFacts::of(judgement, Side::Sender);
    if sender.last_data.is_some() { sender } else { EndFacts::of(judgement, Side::Receiver) }
}

/// How old the last data is, for the table.
fn data_age(end: &EndFacts<'_>) -> String {
    match (end.data_age(), end.last_data) {
        (Some(age), _) => short(age),
        (None, Some(LastReplication::Never)) => "never".to_owned(),
        (None, _) => UNKNOWN.to_owned(),
    }
}

/// A length in one unit, rounded down.
pub(crate) fn short(length: Duration) -> String {
    let seconds = length.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3_600 {
        format!("{} min", seconds / 60)
    } else if seconds < 48 * 3_600 {
        format!("{} h", seconds / 3_600)
    } else {
        format!("{} d", seconds / 86_400)
    }
}

/// Whether it replicates now.
pub(crate) fn is_protected(leg: &LegReport) -> bool {
    leg.runs(false)
}

/// Whether it should replicate and does not.
pub(crate) fn is_unprotected(leg: &LegReport) -> bool {
    leg.wanted && !is_protected(leg)
}

/// Whether a host was not seen completely that may have something wanted; for some VMs alone, only if it is one of theirs.
pub(crate) fn is_partial(report: &Report, some_vms: bool) -> bool {
    let is_theirs = |host: &HostReport| {
        let name = Some(host.name.as_str());
        let troubles = report.legs.iter().filter_map(|leg| leg.trouble.as_ref());
        report.legs.iter().any(|leg| leg.primary.as_deref() == name || leg.replica.as_deref() == name)
            || troubles.into_iter().any(|trouble| trouble.host.as_deref() == name)
    };
    report.hosts.iter().any(|host| (!host.ready || host.trouble.is_some()) && (!some_vms || is_theirs(host)))
        || report.interrupted
}

/// What `run` would do, in the contract's word.
pub(crate) fn verdict(leg: &LegReport) -> &'static str {
    match leg.result {
        LegResult::Healthy | LegResult::Resumed => "none",
        LegResult::Left => "leave",
        LegResult::Waiting | LegResult::Stale | LegResult::Interrupted => "wait",
        LegResult::Skipped if leg.action == PlannedAct::Resume => "resume",
        LegResult::Skipped => "not_ours",
        LegResult::Failed if leg.reason.is_for_lack_of_a_host() || leg.action == PlannedAct::Wait => "wait",
        LegResult::NeedsPerson | LegResult::Failed => "needs_person",
    }
}

/// What `run` would do, in a word for a table.
fn would(leg: &LegReport) -> &'static str {
    match verdict(leg) {
        "none" => "nothing",
        "needs_person" => "alert",
        "not_ours" => "skip",
        other => other,
    }
}

/// What to do next.
pub(crate) fn next(leg: &LegReport) -> Option<String> {
    if verdict(leg) == "resume" {
        return Some("Use `reprise run` with the same hosts: it resumes this replication.".to_owned());
    }
    advice::of_leg(leg)
}

/// The page for people.
pub(crate) fn text(report: &Report, seen: &Seen, terminal: &Terminal) -> String {
    let screened = Screened::of(report);
    let report = screened.report();
    let names = Names::of(report);
    let blocks = cause::blocks(report, &names);
    let mut text: String = blocks.iter().map(|block| block.text(terminal, &|leg| names.leg(leg))).collect();
    if !report.legs.is_empty() {
        text.push_str(&table::table(report, HEAD, terminal, &|leg| row(leg, seen.judged.get(&leg.id), &names)));
        text.push('\n');
    }
    text.push_str(&paragraph("", &last_line(report), 2, terminal.width));
    text
}

fn row(leg: &LegReport, judgement: Option<&Judgement>, names: &Names) -> Row {
    let age = data_age(&judgement.map(data).unwrap_or_default());
    Row::with(leg, names, rows::state(leg.after), vec![age, would(leg).to_owned()], tone(leg))
}

fn tone(leg: &LegReport) -> Tone {
    if is_unprotected(leg) {
        Tone::Bad
    } else if is_protected(leg) {
        Tone::Good
    } else {
        Tone::Plain
    }
}

/// How much is protected, and which hosts were not seen.
fn last_line(report: &Report) -> String {
    let wanted = report.legs.iter().filter(|leg| leg.wanted).count();
    let unprotected = report.legs.iter().filter(|leg| is_unprotected(leg)).count();
    let resumed = report.legs.iter().filter(|leg| verdict(leg) == "resume").count();
    let legs = match (report.legs.len(), wanted) {
        (0, _) => "No replicated VM was seen".to_owned(),
        (_, 0) => "No replication relationship is meant to replicate now".to_owned(),
        (_, wanted) => {
            let of = count(wanted, "replication relationship");
            format!("Protected: {} of {of} that should replicate", wanted - unprotected)
        }
    };
    let other = report.legs.len() - wanted;
    let other = if other > 0 && wanted > 0 { format!("; {other} not meant to") } else { String::new() };
    let would = if resumed > 0 { format!(" `reprise run` would resume {resumed}.") } else { String::new() };
    let interrupted = if report.interrupted { " Interrupted before everything was seen." } else { "" };
    format!("{legs}{other}{}.{would}{interrupted}", table::hosts(report))
}
