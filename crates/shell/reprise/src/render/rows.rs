//! The rows of the table and how they fit into the terminal's width. A reason is never wrapped, so that it can be searched for;
//! other cells are wrapped between words, and a VM's name anywhere if a word of it does not fit.

use std::collections::BTreeMap;

use reprise_engine::goal::Report;
use reprise_engine::{LegReport, LegResult, PlannedAct};
use reprise_model::{LegKind, Reason, ReplicationState};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::advice;
use super::json;
use super::label::NO_NAME;
use super::terminal::{Terminal, Tone};

/// Maximum width of a state that is wrapped. The usual states fit on one line.
const STATE_WIDTH: usize = 20;
/// Minimum width of the VMs' names, however narrow the terminal is.
const NAME_WIDTH_MIN: usize = 8;
/// Blanks between two columns.
const GAP: usize = 2;
const HEAD: [&str; COLUMNS] = ["VM", "FROM → TO", "STATE", "RESULT", "WHY"];
const COLUMNS: usize = 5;
const VM: usize = 0;
const ROUTE: usize = 1;
const STATE: usize = 2;
const RESULT: usize = 3;
const WHY: usize = 4;

/// What a report's legs and hosts are called in the table.
pub(crate) struct Names {
    /// How many VMs have a name.
    vms: BTreeMap<String, usize>,
    /// How many hosts have a first label.
    labels: BTreeMap<String, usize>,
}

impl Names {
    pub(crate) fn of(report: &Report) -> Self {
        let mut ids: BTreeMap<String, std::collections::BTreeSet<_>> = BTreeMap::new();
        let mut hosts: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
        for leg in &report.legs {
            ids.entry(leg.vm.trim().to_lowercase()).or_default().insert(leg.id.vm);
            for host in [&leg.primary, &leg.replica].into_iter().flatten() {
                hosts.entry(first_label(host).to_lowercase()).or_default().insert(host.to_lowercase());
            }
        }
        let vms = ids.into_iter().map(|(name, ids)| (name, ids.len())).collect();
        let labels = hosts.into_iter().map(|(label, names)| (label, names.len())).collect();
        Self { vms, labels }
    }

    /// A leg's name: its VM, with the start of its GUID if other VMs have the same name, and "(extended)" for the extended leg.
    pub(crate) fn leg(&self, leg: &LegReport) -> String {
        let mut name = leg.vm.clone();
        if self.vms.get(&leg.vm.trim().to_lowercase()).is_some_and(|count| *count > 1) || leg.vm == NO_NAME {
            let id = leg.id.vm.to_string();
            name = format!("{name} ({})", id.split('-').next().unwrap_or(&id));
        }
        match leg.id.kind {
            LegKind::Simple => name,
            LegKind::Extended => format!("{name} (extended)"),
        }
    }

    /// A host's first label, unless another host has the same: JSON has the whole name. An address is never cut.
    fn host(&self, name: Option<&str>) -> String {
        let Some(name) = name else { return "?".to_owned() };
        let label = first_label(name);
        let is_shared = self.labels.get(&label.to_lowercase()).is_some_and(|count| *count > 1);
        if is_shared { name } else { label }.to_owned()
    }
}

/// The first label of a host's name. An address, with or without a port, has none.
fn first_label(name: &str) -> &str {
    let is_address = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok() || name.contains(':');
    if is_address { name } else { name.split('.').next().unwrap_or(name) }
}

/// One row.
pub(crate) struct Row {
    cells: [String; COLUMNS],
    /// The code of the last failed transfer in words, and whether it deserves a line of its own where there is no room beside the
    /// reason. A shutdown's does not: most rows have it.
    failure: Option<(String, bool)>,
    tone: Tone,
}

impl Row {
    pub(crate) fn of(leg: &LegReport, names: &Names, dry_run: bool) -> Self {
        let route = route(leg, names);
        Self {
            cells: [
                names.leg(leg),
                route,
                states(leg),
                result(leg, dry_run).to_owned(),
                leg.reason.phrase().to_owned(),
            ],
            failure: advice::last_failure(leg).map(|code| (advice::in_words(code), code != advice::ABORTED)),
            tone: tone(leg, dry_run),
        }
    }

    /// How many lines of a terminal it takes, unless its cells are wrapped.
    pub(crate) fn lines(&self, terminal: &Terminal) -> usize {
        let has_own_line = terminal.width.is_some() && self.failure.as_ref().is_some_and(|(_, own_line)| *own_line);
        if has_own_line { 2 } else { 1 }
    }
}

/// From where to where. Of two primaries both are named.
fn route(leg: &LegReport, names: &Names) -> String {
    let [primary, replica] = [&leg.primary, &leg.replica].map(|name| names.host(name.as_deref()));
    match leg.second_primary.as_deref().map(|second| names.host(Some(second))) {
        None => format!("{primary} → {replica}"),
        Some(second) if leg.replica.is_none() => format!("{primary} + {second}"),
        Some(second) => format!("{primary} + {second} → {replica}"),
    }
}

/// The result in a word. A resume counts as confirmed once a later cycle has arrived.
pub(crate) fn result(leg: &LegReport, dry_run: bool) -> &'static str {
    if dry_run && leg.result == LegResult::Skipped && leg.action == PlannedAct::Resume {
        "would be resumed"
    } else if leg.result == LegResult::Resumed && leg.confirmed {
        "confirmed"
    } else {
        json::result(leg.result)
    }
}

fn tone(leg: &LegReport, dry_run: bool) -> Tone {
    if leg.result == LegResult::Failed {
        Tone::Bad
    } else if leg.reason == Reason::NotMoving {
        Tone::Doubtful
    } else if leg.runs(dry_run) {
        Tone::Good
    } else if leg.wanted {
        Tone::Doubtful
    } else {
        Tone::Plain
    }
}

/// The sender's state, with the one before it if that was different.
fn states(leg: &LegReport) -> String {
    let text = |state: Option<ReplicationState>| state.map_or("not seen".to_owned(), |state| state.to_string());
    if leg.before == leg.after { text(leg.after) } else { format!("{} → {}", text(leg.before), text(leg.after)) }
}

/// The table with its head: a line a row, or a few where the width demands it.
pub(crate) fn table(rows: &[Row], terminal: &Terminal) -> String {
    let mut lines: Vec<([Vec<String>; COLUMNS], Tone)> = Vec::new();
    let whole = |cells: &[String; COLUMNS]| cells.clone().map(|cell| vec![cell]);
    lines.push((whole(&HEAD.map(ToOwned::to_owned)), Tone::Plain));
    lines.extend(rows.iter().map(|row| (whole(&row.cells), row.tone)));
    let fits = |lines: &[([Vec<String>; COLUMNS], Tone)]| {
        let used: usize = (ROUTE..COLUMNS).map(|column| width(lines, column) + GAP).sum();
        let left = terminal.width.map_or(usize::MAX, |width| width.saturating_sub(used));
        (left >= width(lines, VM), left)
    };
    for (column, width) in [(STATE, STATE_WIDTH), (ROUTE, 1)] {
        if !fits(&lines).0 {
            // The head of a wrapped column is no wider than its rows.
            for (cells, _) in &mut lines {
                fold_cell(cells, column, width);
            }
        }
    }
    let (_, left) = fits(&lines);
    for (cells, _) in &mut lines {
        if let Some(name) = cells.get_mut(VM) {
            *name = name.iter().flat_map(|name| fold_name(name, left.max(NAME_WIDTH_MIN))).collect();
        }
    }
    let widths: Vec<usize> = (0..COLUMNS).map(|column| width(&lines, column)).collect();
    let mut text = String::new();
    for (index, (cells, tone)) in lines.iter().enumerate() {
        let failure = index.checked_sub(1).and_then(|index| rows.get(index)).and_then(|row| row.failure.as_ref());
        text.push_str(&row(cells, *tone, &widths, failure, terminal));
    }
    text
}

fn width(lines: &[([Vec<String>; COLUMNS], Tone)], column: usize) -> usize {
    let of_cell = |cells: &[Vec<String>; COLUMNS]| {
        cells.get(column).into_iter().flatten().map(|line| line.width()).max().unwrap_or_default()
    };
    lines.iter().map(|(cells, _)| of_cell(cells)).max().unwrap_or_default()
}

/// A row's lines. The last failure stands after the reason if there is room, else on a line of its own.
fn row(
    cells: &[Vec<String>; COLUMNS],
    tone: Tone,
    widths: &[usize],
    failure: Option<&(String, bool)>,
    terminal: &Terminal,
) -> String {
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    let mut own_line = failure.filter(|(_, own_line)| *own_line);
    for at in 0..height {
        let mut line = String::new();
        let mut blanks = 0;
        let mut used = 0;
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let part = cell.get(at).map_or("", String::as_str);
            if !part.is_empty() {
                line.push_str(&" ".repeat(blanks));
                used += blanks + part.width();
                blanks = 0;
                let tone = if column == RESULT { tone } else { Tone::Plain };
                line.push_str(&terminal.paint(tone, part).to_string());
            }
            blanks += width.saturating_sub(part.width()) + GAP;
            if column == WHY
                && at == 0
                && let Some((failure, _)) = failure
                && terminal.width.is_none_or(|width| used + 2 + failure.width() <= width)
            {
                line.push_str(": ");
                line.push_str(failure);
                own_line = None;
            }
        }
        text.push_str(&line);
        text.push('\n');
    }
    if let Some((failure, _)) = own_line {
        text.push_str("  last failure: ");
        text.push_str(failure);
        text.push('\n');
    }
    text
}

/// Wraps a cell between words: before a capital and after a blank.
fn fold_cell(cells: &mut [Vec<String>; COLUMNS], column: usize, width: usize) {
    if let Some(cell) = cells.get_mut(column) {
        *cell = cell.iter().flat_map(|text| fold(text, width, column == STATE)).collect();
    }
}

/// Wraps a text between words: after an arrow, and in a state's name also before a capital.
fn fold(text: &str, width: usize, at_capitals: bool) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before = None;
    for c in text.chars() {
        let begins = match before {
            None => true,
            Some(' ') => c != '→',
            Some(last) => at_capitals && last.is_lowercase() && c.is_uppercase(),
        };
        match pieces.last_mut().filter(|_| !begins) {
            Some(piece) => piece.push(c),
            None => pieces.push(c.to_string()),
        }
        before = Some(c);
    }
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut().filter(|line| line.width() + piece.trim_end().width() <= width) {
            Some(line) => line.push_str(&piece),
            None => lines.push(piece),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Wraps a name after blanks; what is too wide without one is cut.
fn fold_name(name: &str, width: usize) -> Vec<String> {
    if name.width() <= width {
        return vec![name.to_owned()];
    }
    fold(name, width, false).iter().flat_map(|part| chunks(part, width)).collect()
}

/// Pieces of at most that width.
fn chunks(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let own = c.width().unwrap_or_default();
        if used + own > width {
            lines.push(String::new());
            used = 0;
        }
        used += own;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    lines
}
