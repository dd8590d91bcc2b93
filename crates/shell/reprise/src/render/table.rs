//! The table that `run` prints for people: worst first, 80 columns, and one sentence at the end.

use std::fmt::Write as _;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use reprise_engine::goal::Report;
use reprise_engine::{LegReport, LegResult};
use reprise_model::{LegKind, ReplicationState};

use super::error::{self, Error};
use super::hold;
use super::json;
use super::label::printable;
use super::screen::Screened;

/// Width of the table if the terminal's is unknown.
const WIDTH: u16 = 80;
/// Maximum width of a state before it is wrapped. The usual states fit on one line.
const STATE_WIDTH: usize = 20;
/// Maximum number of legs listed that need no attention; the rest are only counted.
const QUIET_ROWS_MAX: usize = 40;

/// The whole text: holds that are not clear, hosts that are not ready, legs worst first, errors, the sentence.
pub(crate) fn text(report: &Report, width: Option<u16>) -> String {
    screened_text(&Screened::of(report), width)
}

fn screened_text(screened: &Screened, width: Option<u16>) -> String {
    let report = screened.report();
    let mut text = String::new();
    for (stops, error) in hold::errors(report) {
        text.push_str(&told(if stops { "error" } else { "warning" }, "in", &error));
    }
    for host in &report.hosts {
        if let Some(error) = error::of_host(host) {
            text.push_str(&four_parts(&error));
        } else if let Some(hidden) = error::hidden_by(host) {
            text.push_str(&told("warning", "on", &hidden));
        }
    }
    let mut legs: Vec<&LegReport> = report.legs.iter().collect();
    legs.sort_by_key(|leg| (leg.result, leg.vm.clone(), leg.id));
    let quiet = |leg: &&LegReport| matches!(leg.result, LegResult::Healthy | LegResult::Resumed);
    let hidden = legs.iter().filter(|leg| quiet(leg)).count().saturating_sub(QUIET_ROWS_MAX);
    let shown = legs.len().saturating_sub(hidden);
    if !legs.is_empty() {
        text.push_str(&table(legs.iter().take(shown).copied(), width.unwrap_or(WIDTH)));
    }
    if hidden > 0 {
        let _infallible = writeln!(text, "… and {hidden} more that replicate\n");
    }
    for error in legs.iter().filter_map(|leg| error::of_leg(leg)) {
        text.push_str(&four_parts(&error));
    }
    let _infallible = writeln!(text, "{}", sentence(screened));
    text
}

fn table<'a>(legs: impl Iterator<Item = &'a LegReport>, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["VM", "FROM → TO", "STATE", "RESULT", "WHY"]);
    for leg in legs {
        table.add_row([
            name(leg),
            format!("{} → {}", short(leg.primary.as_deref()), short(leg.replica.as_deref())),
            fold(&states(leg), STATE_WIDTH),
            json::result(leg.result).to_owned(),
            leg.reason.phrase().to_owned(),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // VM names wrap anywhere, everything else between words.
    for column in 1..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(last) = table.column_mut(4) {
        last.set_padding((0, 0));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

/// Wraps a state's name: before a capital and after a space.
fn fold(text: &str, width: usize) -> String {
    let mut pieces: Vec<String> = Vec::new();
    let mut before = None;
    for c in text.chars() {
        let begins = match before {
            None | Some(' ') => true,
            Some(last) => last.is_lowercase() && c.is_uppercase(),
        };
        match pieces.last_mut().filter(|_| !begins) {
            Some(piece) => piece.push(c),
            None => pieces.push(c.to_string()),
        }
        before = Some(c);
    }
    let mut lines = vec![String::new()];
    for piece in pieces {
        match lines.last_mut().filter(|line| line.chars().count() + piece.trim_end().chars().count() <= width) {
            Some(line) => line.push_str(&piece),
            None => lines.push(piece),
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// The sender's state, with the one before it if that was different.
fn states(leg: &LegReport) -> String {
    let text = |state: Option<ReplicationState>| state.map_or("not seen".to_owned(), |state| state.to_string());
    if leg.before == leg.after { text(leg.after) } else { format!("{} → {}", text(leg.before), text(leg.after)) }
}

/// A leg's name: its VM, and "(extended)" for the extended leg.
fn name(leg: &LegReport) -> String {
    let vm = printable(&leg.vm);
    match leg.id.kind {
        LegKind::Simple => vm,
        LegKind::Extended => format!("{vm} (extended)"),
    }
}

/// The first label: enough for a table; JSON has the whole name.
fn short(name: Option<&str>) -> &str {
    name.map_or("?", |name| name.split('.').next().unwrap_or(name))
}

/// An error in four parts.
pub(crate) fn four_parts(error: &Error) -> String {
    told("error", "on", error)
}

fn told(level: &str, preposition: &str, error: &Error) -> String {
    let code = error.code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
    let [what, place, why, next] = [&error.what, &error.place, &error.why, &error.next].map(|part| printable(part));
    format!("{level}: {what} {preposition} {place}\n  why:  {why}{code}\n  next: {next}\n\n")
}

/// What is unprotected, in one sentence.
fn sentence(screened: &Screened) -> String {
    let report = screened.report();
    let unprotected: Vec<String> = report.unprotected().map(name).collect();
    let wanted = report.legs.iter().filter(|leg| leg.wanted).count();
    let not_ready: Vec<String> =
        report.hosts.iter().filter(|host| !host.ready).map(|host| printable(&host.name)).collect();
    let legs = match (report.legs.len(), unprotected.as_slice()) {
        (0, _) => "No replicated VM was seen".to_owned(),
        (_, []) if report.dry_run => {
            format!("None of {wanted} relationships would stay unprotected (dry run: nothing was changed)")
        }
        (_, []) => format!("All {wanted} relationships that should replicate are protected"),
        (_, some) => format!("Unprotected: {} of {wanted} ({})", some.len(), list(some)),
    };
    let legs = match not_ready.as_slice() {
        [] => format!("{legs}."),
        some => format!("{legs}; not ready: {}.", list(some)),
    };
    let stopping: Vec<String> =
        report.holds.iter().filter(|trouble| hold::stops(trouble)).map(|trouble| hold::called(&trouble.hold)).collect();
    match stopping.as_slice() {
        [] => legs,
        some => format!("{legs} Nothing was resumed, since nothing matches {}.", list(some)),
    }
}

/// The first few names, and how many more.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
