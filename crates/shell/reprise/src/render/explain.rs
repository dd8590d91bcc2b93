//! What `explain` prints for people: what each end shows, what the event log says, which rule decided, and what next.

use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::judge::{FactValue, Judgement, Source};
use reprise_engine::{LegReport, Side, Whereabouts};
use reprise_model::{FailedOverType, LastReplication, ReplicationState, Timestamp, VmmsEventKind};

use super::case;
use super::fact::EndFacts;
use super::hold::Of;
use super::label::{printable, printable_name};
use super::number::bytes;
use super::rows::{self, Names};
use super::screen::Screened;
use super::status::{self, Seen, short};
use super::terminal::Terminal;
use super::{advice, cause, fact, paragraph, sentence, time};

/// Width of the words before a paragraph's text.
const INDENT: usize = 9;
/// Maximum number of records that are listed.
const RECORDS_MAX: usize = 6;

/// The whole text.
pub(crate) fn text(report: &Report, seen: &Seen, terminal: &Terminal) -> String {
    let screened = Screened::of(report);
    let names = Names::of(screened.report());
    let legs = screened.report().legs.iter();
    let explained: Vec<String> = legs.filter_map(|leg| of_leg(leg, seen, &names, terminal)).collect();
    cause::stopping_holds(screened.report(), Of::Look, terminal) + &explained.join("\n")
}

fn of_leg(leg: &LegReport, seen: &Seen, names: &Names, terminal: &Terminal) -> Option<String> {
    let judgement = seen.judged.get(&leg.id)?;
    let mut text = paragraph("", &head(leg, names), 2, terminal.width);
    text.push('\n');
    let mut line = |head: &str, words: &str| {
        let head = format!("{head:INDENT$}");
        text.push_str(&paragraph(&head, words, INDENT, terminal.width));
    };
    line("primary:", &end(Side::Sender, leg.primary.as_deref(), judgement));
    line("replica:", &end(Side::Receiver, leg.replica.as_deref(), judgement));
    if let Some(pending) = seen.pending.get(&leg.id) {
        line("pending:", &pending_words(*pending));
    }
    line("events:", &events(leg, judgement));
    line("why:", &sentence::detail(leg));
    if let Some(rule) = judgement.rules.iter().find(|rule| rule.decided) {
        line("rule:", &format!("Decided by {}.", fact::subject(rule.name)));
    }
    if let Some(held) = &judgement.held_by {
        let until = held.hold.until.map_or_else(String::new, |until| format!(", until {}", time(until)));
        line("hold:", &format!("{}{until}.", printable(&held.hold.reason).trim_end_matches('.')));
    }
    line("changes:", &changes(leg));
    let next = status::next(leg).unwrap_or_else(|| "Nothing to do.".to_owned());
    line("next:", &case::sentence(&next));
    Some(text)
}

/// How much data waits on the primary server.
fn pending_words(amount: u64) -> String {
    match amount {
        0 => "Nothing waits to be sent to the replica server.".to_owned(),
        amount => format!("{} wait to be sent to the replica server.", bytes(amount)),
    }
}

/// What the decision rests on, and what else would change it.
fn changes(leg: &LegReport) -> String {
    let more = if status::verdict(leg) == "resume" {
        " A hold on the VM, a failover at either end or a running replica VM would stop it."
    } else {
        ""
    };
    format!("This decision holds as long as this is true: {}{more}", leg.reason.evidence())
}

/// How it stands, and what `run` would do.
fn head(leg: &LegReport, names: &Names) -> String {
    let stands = if status::is_protected(leg) {
        "protected"
    } else if leg.wanted {
        "not protected"
    } else {
        "not protected, and not meant to be now"
    };
    let would = match status::verdict(leg) {
        "none" => "`reprise run` has nothing to do.",
        "resume" => "`reprise run` would resume it.",
        "wait" => "`reprise run` would wait.",
        "leave" => "`reprise run` would leave it alone.",
        "not_ours" => "`reprise run` would skip it.",
        _ => "`reprise run` would leave it alone and report that a person must look.",
    };
    let state = rows::state(leg.after);
    format!("{} ({}): {state}, {stands}. {would}", names.leg(leg), rows::route(leg, names))
}

/// What one end shows, and how old that is.
fn end(side: Side, host: Option<&str>, judgement: &Judgement) -> String {
    let host = host.unwrap_or("an unknown host");
    let end = EndFacts::of(judgement, side);
    if let Some(whereabouts) = end.not_seen {
        return format!("{host} does not show it: {}.", not_seen(whereabouts));
    }
    let data = match (end.data_age(), end.last_data) {
        (Some(age), _) => Some(format!("data last arrived {} before that", short(age))),
        (None, Some(LastReplication::At(at))) => Some(format!("data last arrived at {}", time(Timestamp(at.0)))),
        (None, Some(LastReplication::Never)) => Some("the initial replication has not finished".to_owned()),
        (None, None) => None,
    };
    let failed_over = end.failed_over.filter(|kind| *kind != FailedOverType::None);
    let parts = [
        end.state.map(|state| format!("replication is {state}")),
        status::end_health(&end).map(|health| format!("its health is {}", health.word())),
        end.power.map(|power| format!("the VM is {}", fact::power_word(power))),
        data,
        failed_over.map(|kind| format!("it has the mark of a failover ({kind})")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let seen = end.age.map_or_else(String::new, |age| {
        if age < Duration::from_secs(1) { ", seen just now".to_owned() } else { format!(", seen {} ago", short(age)) }
    });
    format!("{host}{seen}: {}.", parts.join(", "))
}

fn not_seen(whereabouts: &Whereabouts) -> String {
    match whereabouts {
        Whereabouts::NotAsked => "it is not one of the hosts that were asked".to_owned(),
        Whereabouts::NotYet { .. } => "it has not shown it yet".to_owned(),
        Whereabouts::Late { host, problem } => {
            format!("{} is not ready: {}", printable_name(host), printable(&problem.to_string()))
        }
        Whereabouts::Unreadable { problem, .. } => printable(&problem.to_string()),
        Whereabouts::NotLoaded { .. } => "it may still be loading its VMs".to_owned(),
        Whereabouts::WithoutIt { .. } => "it is ready and has no such relationship".to_owned(),
    }
}

/// What the event logs say, newest record first.
fn events(leg: &LegReport, judgement: &Judgement) -> String {
    let mut records: Vec<(Option<Duration>, String)> = Vec::new();
    for fact in &judgement.facts {
        let FactValue::Recorded(kind, at) = fact.value else { continue };
        let host = match fact.source {
            Source::EventLog(Side::Receiver) => leg.replica.as_deref(),
            Source::EventLog(Side::Sender) | Source::Look(_) | Source::Policy | Source::Memory => {
                leg.primary.as_deref()
            }
        };
        let when = match fact.age {
            Some(age) => format!("{} before the look", short(age)),
            None => time(Timestamp(at.0)),
        };
        let what = match kind {
            VmmsEventKind::NonRecoverable => "32086, VMMS gave up".to_owned(),
            VmmsEventKind::SendFailed { code } => format!("32022, {}", advice::in_words(code)),
            VmmsEventKind::WillRetry { .. } => "32315, VMMS will retry".to_owned(),
        };
        records.push((fact.age, format!("{what}, on {}, {when}", host.unwrap_or("an unknown host"))));
    }
    records.sort_by_key(|(age, _)| *age);
    let more = records.len().saturating_sub(RECORDS_MAX);
    let listed: Vec<&str> = records.iter().take(RECORDS_MAX).map(|(_, text)| text.as_str()).collect();
    if !listed.is_empty() {
        let more = if more > 0 { format!("; and {more} older") } else { String::new() };
        return format!("{}{more}.", listed.join("; "));
    }
    let was_read = judgement.facts.iter().any(|fact| fact.value == FactValue::LogRead(Side::Sender, true));
    if was_read {
        "The event log of the primary server has no record of this VM's replication.".to_owned()
    } else if leg.after == Some(ReplicationState::Replicating) {
        "Not read: nothing depends on the event logs.".to_owned()
    } else {
        "The event log of the primary server was not read, or could not be.".to_owned()
    }
}
