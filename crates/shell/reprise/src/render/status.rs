//! What `status` shows of relationships: the document for programs, and the table for people.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::judge::{HeldBy, Judgement};
use reprise_engine::{HostReport, LegReport, LegResult, PlannedAct, Side};
use reprise_model::{HostId, HostTime, LastReplication, LegId, Reason, Timestamp};
use reprise_platform::pauses::PauseNote;
use serde::Serialize;

use super::error::{self, Error};
use super::fact::{self, EndFacts, FactEntry, RuleEntry};
use super::health::{Health, health, poor_health};
use super::hold::{self, Of};
use super::number::bytes;
use super::rows::{self, Head, Names, Row};
use super::screen::Screened;
use super::terminal::{Terminal, Tone};
use super::{advice, cause, json, paragraph, part, sentence, table, time};
use crate::links::ConnectionInfo;

/// The columns of `status`.
const HEAD: Head = &["VM", "FROM → TO", "STATE", "DATA AGE", "RUN WOULD", "WHY"];
/// The same where there is room for what is still to be sent.
const WIDE: Head = &["VM", "FROM → TO", "STATE", "DATA AGE", "PENDING", "RUN WOULD", "WHY"];
/// Minimum width for that.
const WIDE_FROM: usize = 100;
/// What stands for a value that is not known.
const UNKNOWN: &str = "—";

/// A look at a host that is older says when it was: the host does not answer any more.
const OLD: Duration = Duration::from_mins(1);

/// Who looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The verb itself.
    Look,
    /// A daemon.
    Daemon,
}

/// What one look showed besides its report.
pub(crate) struct Seen {
    /// Who looked.
    pub(crate) source: Source,
    /// When it was taken.
    pub(crate) taken: Timestamp,
    /// How old the latest good look at each host is.
    pub(crate) ages: BTreeMap<HostId, Duration>,
    /// How each host was connected to; a local host has no entry.
    pub(crate) asked: BTreeMap<HostId, ConnectionInfo>,
    /// What each leg's verdict rests on.
    pub(crate) judged: BTreeMap<LegId, Judgement>,
    /// How many bytes each leg has still to send, as far as its host says.
    pub(crate) pending: BTreeMap<LegId, u64>,
    /// The notes of pauses that were made with Reprise on this computer.
    pub(crate) notes: BTreeMap<LegId, PauseNote>,
}

/// The whole document. The order of fields is the order of keys.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u32,
    taken: String,
    source: &'static str,
    hosts: Vec<Host<'a>>,
    relationships: Vec<Relationship<'a>>,
    /// What is wrong with the configuration, and belongs to no host and no relationship.
    errors: Vec<Error>,
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
    by: &'a str,
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
        source: match seen.source {
            Source::Look => "look",
            Source::Daemon => "daemon",
        },
        hosts: report.hosts.iter().map(host).collect(),
        relationships: legs.into_iter().map(|leg| relationship(leg, seen)).collect(),
        errors: errors(report),
    }
}

/// What is wrong with what a person wrote.
pub(crate) fn errors(report: &Report) -> Vec<Error> {
    hold::errors(report, Of::Look).into_iter().map(|(_, error)| error).collect()
}

impl Document<'_> {
    /// The document on one line, apart from times and amounts: what changes there while nothing else does is no news.
    pub(crate) fn news(mut self) -> String {
        self.taken.clear();
        for host in &mut self.hosts {
            host.age_s = None;
        }
        for own in &mut self.relationships {
            (own.last_replication, own.lag_s, own.pending_bytes) = (None, None, None);
        }
        json::line(&self)
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

fn relationship<'a>(leg: &'a LegReport, seen: &'a Seen) -> Relationship<'a> {
    let judgement = seen.judged.get(&leg.id);
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
        health: judgement.and_then(health).map(Health::word),
        protected: is_protected(leg),
        wanted: leg.wanted,
        last_replication: last,
        lag_s: lag(&data).map(|age| age.as_secs()),
        pending_bytes: seen.pending.get(&leg.id).copied(),
        verdict: verdict(leg),
        reason: leg.reason.code(),
        detail: sentence::detail(leg),
        next: next(leg),
        held: judgement.and_then(|judgement| judgement.held_by.as_ref()).map(held).or_else(|| paused(leg, seen)),
        incident: None,
        forecast_resync: None,
        facts: None,
        rules: None,
    }
}

/// The note of a pause that was made with Reprise.
pub(crate) fn note<'a>(leg: &LegReport, seen: &'a Seen) -> Option<&'a PauseNote> {
    seen.notes.get(&leg.id).filter(|_| leg.reason == Reason::PausedOnPurpose)
}

fn paused<'a>(leg: &LegReport, seen: &'a Seen) -> Option<Held<'a>> {
    let note = note(leg, seen)?;
    let id = format!("pause-{}-{}", leg.id.vm, leg.id.kind);
    Some(Held { id, by: &note.by, reason: note.reason.as_deref().unwrap_or_default(), until: None })
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

/// How old the last data is now, as far as anybody knows.
fn lag(end: &EndFacts<'_>) -> Option<Duration> {
    end.data_age().map(|age| age + end.age.unwrap_or_default())
}

/// How old the last data is, for the table.
fn data_age(end: &EndFacts<'_>) -> String {
    match (lag(end), end.last_data) {
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
        "needs_person" => "report",
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

/// The page for people, in pieces.
pub(crate) struct Pieces {
    /// What is wrong, each with why and what next.
    pub(crate) causes: String,
    /// The table, worst first.
    pub(crate) table: String,
    /// How much is protected.
    pub(crate) last: String,
}

/// The page for people.
pub(crate) fn text(report: &Report, seen: &Seen, terminal: &Terminal) -> String {
    let Pieces { causes, table, last } = pieces(report, seen, terminal);
    format!("{causes}{table}{last}")
}

/// The same in pieces.
pub(crate) fn pieces(report: &Report, seen: &Seen, terminal: &Terminal) -> Pieces {
    let screened = Screened::of(report);
    let report = screened.report();
    let names = Names::of(report);
    let blocks = cause::blocks(report, &names, Of::Look);
    let causes = blocks.iter().map(|block| block.text(terminal, &|leg| names.leg(leg))).collect();
    let table =
        if report.legs.is_empty() { String::new() } else { format!("{}\n", rows_of(report, seen, &names, terminal)) };
    let last = paragraph("", &last_line(report, seen), 2, terminal.width);
    Pieces { causes, table, last }
}

/// The table.
fn rows_of(report: &Report, seen: &Seen, names: &Names, terminal: &Terminal) -> String {
    let is_wide = terminal.width.is_none_or(|width| width >= WIDE_FROM) && !seen.pending.is_empty();
    let poor = |leg: &LegReport| poor_health(seen.judged.get(&leg.id));
    let rank = |leg: &LegReport| match poor(leg) {
        Some(Health::Critical) => 0,
        Some(Health::Warning) => 1,
        Some(Health::Normal) | None => 2,
    };
    let row = |leg: &LegReport| {
        let age = data_age(&seen.judged.get(&leg.id).map(data).unwrap_or_default());
        let pending = seen.pending.get(&leg.id).map_or_else(|| UNKNOWN.to_owned(), |amount| bytes(*amount));
        let own = std::iter::once(age).chain(is_wide.then_some(pending)).chain([would(leg).to_owned()]);
        let old = seen.judged.get(&leg.id).and_then(old_look);
        let state = match (old, poor(leg)) {
            (Some(age), _) => format!("{}, {} ago", rows::state(leg.after), short(age)),
            (None, Some(health)) => format!("{}, {}", rows::state(leg.after), health.word()),
            (None, None) => rows::state(leg.after),
        };
        Row::with(leg, names, state, own.collect(), tone(leg, old.is_some() || poor(leg).is_some()))
    };
    table::table(report, if is_wide { WIDE } else { HEAD }, terminal, &rank, &row)
}

/// How old the look at the sender is, if what it showed may not be so any more.
fn old_look(judgement: &Judgement) -> Option<Duration> {
    EndFacts::of(judgement, Side::Sender).age.filter(|age| *age >= OLD)
}

fn tone(leg: &LegReport, is_doubtful: bool) -> Tone {
    if is_unprotected(leg) {
        Tone::Bad
    } else if is_protected(leg) && is_doubtful {
        Tone::Doubtful
    } else if is_protected(leg) {
        Tone::Good
    } else {
        Tone::Plain
    }
}

/// How much is protected, and which hosts were not seen.
fn last_line(report: &Report, seen: &Seen) -> String {
    let wanted = report.legs.iter().filter(|leg| leg.wanted).count();
    let unprotected = report.legs.iter().filter(|leg| is_unprotected(leg)).count();
    let resumed = report.legs.iter().filter(|leg| verdict(leg) == "resume").count();
    let legs = match (report.legs.len(), wanted) {
        (0, _) => "No replicated VM was seen".to_owned(),
        (_, 0) => "No replication relationship is meant to replicate now".to_owned(),
        (_, 1) => {
            let is = if unprotected == 0 { "Protected" } else { "Not protected" };
            format!("{is}: the only replication relationship that should replicate")
        }
        (_, wanted) => {
            let of = part(wanted - unprotected, wanted, "replication relationship");
            format!("Protected: {of} that should replicate")
        }
    };
    let other = report.legs.len() - wanted;
    let other = if other > 0 && wanted > 0 { format!("; {other} not meant to") } else { String::new() };
    // Of what is not protected, nobody expects another health.
    let is_poor = |leg: &&LegReport| is_protected(leg) && poor_health(seen.judged.get(&leg.id)).is_some();
    let other = match report.legs.iter().filter(is_poor).count() {
        0 => other,
        poor => format!("{other}; protected in poor health: {poor}"),
    };
    let would = if resumed > 0 { format!(" `reprise run` would resume {resumed}.") } else { String::new() };
    let interrupted = if report.interrupted { " Interrupted before everything was seen." } else { "" };
    format!("{legs}{other}{}.{would}{interrupted}", table::hosts(report))
}
