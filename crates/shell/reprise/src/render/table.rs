//! What `run` prints for people: one block for each cause, the table with the worst rows first, and at the end what is
//! unprotected and what to do first. The table stands last, so that no number of causes moves it off the screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reprise_engine::goal::Report;
use reprise_engine::{HostReport, HostTrouble, LegReport, LegResult, Summary};
use reprise_model::Reason;

use super::advice;
use super::case::clause;
use super::cause::{self, Block};
use super::hold;
use super::paragraph::{count, list, paragraph, part};
use super::rows::{self, Head, Names, Row};
use super::screen::Screened;
use super::sentence::interruption;
use super::terminal::Terminal;

/// Maximum number of rows that need no attention; the rest are only counted.
const QUIET_ROWS_MAX: usize = 40;
/// Minimum number of rows on a terminal, however low it is.
const ROWS_MIN: usize = 12;
/// Height of a terminal whose height is unknown.
const HEIGHT: usize = 40;
/// Lines of a terminal that are not rows: the table's head, what is left out, the last lines and the prompt.
const OTHER_LINES: usize = 10;

/// The whole text.
pub(crate) fn text(report: &Report, terminal: &Terminal) -> String {
    screened_text(&Screened::of(report), terminal)
}

fn screened_text(screened: &Screened, terminal: &Terminal) -> String {
    let report = screened.report();
    let names = Names::of(report);
    let blocks = cause::blocks(report, &names, hold::Of::Run);
    let mut text: String = blocks.iter().map(|block| block.text(terminal, &|leg| names.leg(leg))).collect();
    if !report.legs.is_empty() {
        text.push_str(&table(report, rows::RUN, terminal, &|_| 0, &|leg| Row::of(leg, &names, report.dry_run)));
        text.push('\n');
    }
    text.push_str(&last_lines(report, &names, &blocks, terminal));
    text
}

/// The rows, worst first: of those with one result and reason the ones of the lowest rank. On a terminal each cause gets its
/// share of the lines, and what is left out is counted.
pub(super) fn table(
    report: &Report,
    head: Head,
    terminal: &Terminal,
    rank: &dyn Fn(&LegReport) -> u8,
    row: &dyn Fn(&LegReport) -> Row,
) -> String {
    let is_quiet = |leg: &LegReport| advice::runs_well(leg);
    let mut groups: BTreeMap<(bool, LegResult, Option<Reason>), Vec<&LegReport>> = BTreeMap::new();
    for leg in &report.legs {
        // What runs is one group, whatever stopped it before.
        let reason = (!is_quiet(leg)).then_some(leg.reason);
        groups.entry((is_quiet(leg), leg.result, reason)).or_default().push(leg);
    }
    let mut room = if terminal.is_screen {
        terminal.height.unwrap_or(HEIGHT).saturating_sub(OTHER_LINES + groups.len()).max(ROWS_MIN)
    } else {
        usize::MAX
    };
    let mut rows = Vec::new();
    let mut left_out = String::new();
    let count_of = groups.len();
    for (index, ((quiet, result, reason), mut legs)) in groups.into_iter().enumerate() {
        legs.sort_by(|a, b| (rank(a), &a.vm, a.id).cmp(&(rank(b), &b.vm, b.id)));
        let most = if quiet && terminal.is_screen { QUIET_ROWS_MAX } else { usize::MAX };
        let lines = (room / (count_of - index)).max(1).min(most);
        let (mut used, mut share) = (0, 0);
        for leg in &legs {
            let row = row(leg);
            used += row.lines(terminal);
            if used > lines && share > 0 {
                break;
            }
            share += 1;
            rows.push(row);
        }
        room = room.saturating_sub(used.min(lines));
        let more = legs.len() - share;
        if more > 0 {
            let of = match (reason, legs.first()) {
                (Some(reason), Some(first)) => {
                    format!(": {}, {}", rows::result(first, report.dry_run), reason.phrase())
                }
                _ if result == LegResult::Resumed => ": resumed".to_owned(),
                _ => " that replicate".to_owned(),
            };
            let _infallible = writeln!(left_out, "… and {more} more{of}");
        }
    }
    if !left_out.is_empty() {
        left_out.push_str("Every row: pipe the output, for example into `less`.\n");
    }
    format!("{}{left_out}", rows::table(head, &rows, terminal))
}

/// What is unprotected, and what to do first.
fn last_lines(report: &Report, names: &Names, blocks: &[Block<'_>], terminal: &Terminal) -> String {
    let summary = Summary::of(&report.hosts, &report.legs, (report.dry_run, report.interrupted));
    let interrupted = interruption(&summary).map(|text| paragraph("", &text, 2, terminal.width));
    let mut text = interrupted.unwrap_or_default();
    text.push_str(&paragraph("", &sentence(report, names), 2, terminal.width));
    let vms = |block: &Block<'_>| block.unprotected(report.dry_run);
    // Of several equal ones the first.
    let worst = blocks.iter().rev().max_by_key(|block| vms(block)).filter(|block| vms(block) > 0);
    // A hold that stops everything stands first.
    let stopping = blocks.iter().find(|block| block.is_error()).filter(|_| report.holds.iter().any(hold::stops));
    if let Some(block) = stopping {
        text.push_str(&paragraph("First: ", &clause(&block.next), 2, terminal.width));
    } else if let Some(block) = worst {
        let head = format!("First, for {}: ", count(vms(block), "VM"));
        text.push_str(&paragraph(&head, &clause(&block.next), 2, terminal.width));
    } else if let Some(block) = blocks.first().filter(|block| block.is_error() && blocks.len() > 1) {
        text.push_str(&paragraph("First: ", &clause(&block.next), 2, terminal.width));
    }
    text
}

/// Which hosts are not ready, and which are not clear.
pub(super) fn hosts(report: &Report) -> String {
    let is_unclear = |host: &HostReport| host.trouble.as_ref().is_some_and(HostTrouble::is_about_who);
    let named = |head: &str, is_one: &dyn Fn(&HostReport) -> bool| {
        let names: Vec<String> = report
            .hosts
            .iter()
            .filter(|host| is_one(host))
            .map(|host| cause::called(&report.legs, &host.name))
            .collect();
        if names.is_empty() { String::new() } else { format!("; {head}: {}", list(&names)) }
    };
    let not_ready = named("not ready", &|host| !host.ready && !is_unclear(host));
    let may_load = named("may still be loading its VMs", &|host| host.empty.is_some() && !is_unclear(host));
    not_ready + &named("unclear which host it is", &is_unclear) + &may_load
}

/// What is unprotected, in a sentence or two.
fn sentence(report: &Report, names: &Names) -> String {
    let mut unprotected: Vec<String> = report.unprotected().map(|leg| names.leg(leg)).collect();
    unprotected.sort();
    let of = |result: LegResult| report.legs.iter().filter(move |leg| leg.result == result);
    let wanted = report.legs.iter().filter(|leg| leg.wanted).count();
    let planned = report.legs.iter().filter(|leg| leg.result == LegResult::Skipped && leg.runs(report.dry_run)).count();
    let legs = match (report.legs.len(), unprotected.as_slice()) {
        (0, _) => "No replicated VM was seen".to_owned(),
        (_, []) if wanted == 0 => "No replication relationship is meant to replicate now".to_owned(),
        (_, []) if report.dry_run && planned > 0 => {
            "Then everything that should replicate would be protected".to_owned()
        }
        (_, []) if wanted == 1 => "The replication relationship that should replicate is protected".to_owned(),
        (_, []) => format!("All {wanted} replication relationships that should replicate are protected"),
        (_, some) => {
            let would = if report.dry_run { "Would stay unprotected" } else { "Unprotected" };
            let which = part(some.len(), wanted, "replication relationship");
            format!("{would}: {which} that should replicate ({})", list(some))
        }
    };
    let hosts = hosts(report);
    let resumed = of(LegResult::Resumed).count();
    let confirmed = of(LegResult::Resumed).filter(|leg| leg.confirmed).count();
    let done = match (resumed, report.dry_run) {
        (_, true) => format!("Dry run, nothing was changed: {} would be resumed. ", count(planned, "VM")),
        (0, false) => String::new(),
        (1, false) if confirmed == 1 => "Resumed 1 VM, confirmed by a later cycle. ".to_owned(),
        (1, false) => "Resumed 1 VM, not yet confirmed by a later cycle. ".to_owned(),
        (many, false) if confirmed == 0 => format!("Resumed {many} VMs, none yet confirmed by a later cycle. "),
        (many, false) => format!("Resumed {many} VMs, {confirmed} of them confirmed by a later cycle. "),
    };
    let left = match of(LegResult::Left).count() {
        0 => String::new(),
        left => format!(" Left alone: {left}."),
    };
    let stopping: Vec<String> =
        report.holds.iter().filter(|trouble| hold::stops(trouble)).map(|trouble| hold::called(&trouble.hold)).collect();
    let stopped = match stopping.as_slice() {
        [] => String::new(),
        some => format!(" Nothing is resumed, since nothing matches {}.", list(some)),
    };
    let passed_over: Vec<String> = report
        .holds
        .iter()
        .filter(|trouble| hold::is_passed_over(trouble))
        .map(|trouble| hold::called(&trouble.hold))
        .collect();
    let passed_over = match passed_over.as_slice() {
        [] => String::new(),
        some => format!(" Nothing that was seen matches {}: check the spelling.", list(some)),
    };
    format!("{done}{legs}{hosts}.{left}{stopped}{passed_over}")
}
