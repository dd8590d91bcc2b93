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
/// Maximum width of the words in a table's own columns on a narrow terminal.
const OWN_WIDTH: usize = 7;
/// Minimum width of the VMs' names, however narrow the terminal is.
const NAME_WIDTH_MIN: usize = 8;
/// Blanks between two columns.
const GAP: usize = 2;
/// The columns of `run`.
pub(crate) const RUN: Head = &["VM", "FROM → TO", "STATE", "RESULT", "WHY"];
const VM: usize = 0;
const ROUTE: usize = 1;
const STATE: usize = 2;

/// The names of the columns. The first three and the last are the same in every table; the last but one has the row's tone.
pub(crate) type Head = &'static [&'static str];

/// The cells of a row, each as its lines.
type Cells = Vec<Vec<String>>;

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
    cells: Vec<String>,
    /// The code of the last failed transfer in words, and whether it deserves a line of its own where there is no room beside the
    /// reason. A shutdown's does not: most rows have it.
    failure: Option<(String, bool)>,
    tone: Tone,
}

impl Row {
    /// A row of `run`.
    pub(crate) fn of(leg: &LegReport, names: &Names, dry_run: bool) -> Self {
        Self::with(leg, names, states(leg), vec![result(leg, dry_run).to_owned()], tone(leg, dry_run))
    }

    /// A row with its own cells between the state and the reason.
    pub(crate) fn with(leg: &LegReport, names: &Names, state: String, own: Vec<String>, tone: Tone) -> Self {
        let mut cells = vec![names.leg(leg), route(leg, names), state];
        cells.extend(own);
        cells.push(leg.reason.phrase().to_owned());
        Self {
            cells,
            failure: advice::last_failure(leg).map(|code| (advice::in_words(code), code != advice::ABORTED)),
            tone,
        }
    }

    /// How many lines of a terminal it takes, unless its cells are wrapped.
    pub(crate) fn lines(&self, terminal: &Terminal) -> usize {
        let has_own_line = terminal.width.is_some() && self.failure.as_ref().is_some_and(|(_, own_line)| *own_line);
        if has_own_line { 2 } else { 1 }
    }
}

/// From where to where. Of two primaries both are named.
pub(crate) fn route(leg: &LegReport, names: &Names) -> String {
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
    if leg.before == leg.after { state(leg.after) } else { format!("{} → {}", state(leg.before), state(leg.after)) }
}

/// A state in a word.
pub(crate) fn state(state: Option<ReplicationState>) -> String {
    state.map_or("not seen".to_owned(), |state| state.to_string())
}

/// The table with its head: a line a row, or a few where the width demands it.
pub(crate) fn table(head: Head, rows: &[Row], terminal: &Terminal) -> String {
    let mut lines: Vec<(Cells, Tone)> = Vec::new();
    lines.push((head.iter().map(|cell| vec![(*cell).to_owned()]).collect(), Tone::Plain));
    lines.extend(rows.iter().map(|row| (row.cells.iter().map(|cell| vec![cell.clone()]).collect(), row.tone)));
    let used =
        |lines: &[(Cells, Tone)]| -> usize { (ROUTE..head.len()).map(|column| width(lines, column) + GAP).sum() };
    let left = |lines: &[(Cells, Tone)]| terminal.width.map_or(usize::MAX, |width| width.saturating_sub(used(lines)));
    // The head of a wrapped column is no wider than its rows.
    let wrap = |lines: &mut Vec<(Cells, Tone)>, column, width| {
        for (cells, _) in lines.iter_mut() {
            fold_cell(cells, column, width);
        }
    };
    // A health beside a state goes below it first: only some rows have one.
    if left(&lines) < width(&lines, VM) {
        for cell in lines.iter_mut().filter_map(|(cells, _)| cells.get_mut(STATE)) {
            *cell = cell
                .iter()
                .flat_map(|text| text.split_inclusive(", "))
                .map(|part| part.trim_end().to_owned())
                .collect();
        }
    }
    for (column, most) in [(STATE, STATE_WIDTH), (ROUTE, 1)] {
        if left(&lines) < width(&lines, VM) {
            wrap(&mut lines, column, most);
        }
    }
    let name = width(&lines, VM).min(NAME_WIDTH_MIN);
    let own = (STATE + 1..head.len() - 1).map(|column| (column, OWN_WIDTH));
    for (column, most) in std::iter::once((STATE, 1)).chain(own) {
        if left(&lines) < name {
            wrap(&mut lines, column, most);
        }
    }
    let lacking = terminal.width.map_or(0, |width| (used(&lines) + name).saturating_sub(width));
    if lacking > 0 {
        let room = width(&lines, ROUTE).saturating_sub(lacking).max(NAME_WIDTH_MIN);
        for cell in lines.iter_mut().filter_map(|(cells, _)| cells.get_mut(ROUTE)) {
            *cell = cell.iter().flat_map(|line| chunks(line, room)).collect();
        }
    }
    let room = left(&lines).max(NAME_WIDTH_MIN);
    for cell in lines.iter_mut().filter_map(|(cells, _)| cells.get_mut(VM)) {
        *cell = cell.iter().flat_map(|name| fold_name(name, room)).collect();
    }
    let widths: Vec<usize> = (0..head.len()).map(|column| width(&lines, column)).collect();
    let mut text = String::new();
    for (index, (cells, tone)) in lines.iter().enumerate() {
        let failure = index.checked_sub(1).and_then(|index| rows.get(index)).and_then(|row| row.failure.as_ref());
        text.push_str(&row(cells, *tone, &widths, failure, terminal));
    }
    text
}

fn width(lines: &[(Cells, Tone)], column: usize) -> usize {
    let of_cell =
        |cells: &Cells| cells.get(column).into_iter().flatten().map(|line| line.width()).max().unwrap_or_default();
    lines.iter().map(|(cells, _)| of_cell(cells)).max().unwrap_or_default()
}

/// A row's lines. The last failure stands after the reason if there is room, else on a line of its own.
fn row(cells: &Cells, tone: Tone, widths: &[usize], failure: Option<&(String, bool)>, terminal: &Terminal) -> String {
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    let why = cells.len().saturating_sub(1);
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
                let tone = if column + 1 == why { tone } else { Tone::Plain };
                line.push_str(&terminal.paint(tone, part).to_string());
            }
            blanks += width.saturating_sub(part.width()) + GAP;
            if column == why
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
fn fold_cell(cells: &mut Cells, column: usize, width: usize) {
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
