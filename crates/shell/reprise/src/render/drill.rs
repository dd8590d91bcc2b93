//! What `drill` reports: each step with what was seen, as lines or as one JSON document.

use reprise_engine::LegReport;
use reprise_model::ActKind;
use serde::Serialize;

use super::error::Error;
use super::label::{printable, printable_name};
use super::order;
use super::paragraph;
use super::terminal::{Terminal, Tone};

/// Width of the words before a step's text.
const INDENT: usize = 19;

/// A drill so far.
#[derive(Serialize)]
pub(crate) struct Drill {
    version: u32,
    vm: Option<String>,
    vm_id: Option<String>,
    /// Whether every step went well.
    pub(crate) passed: bool,
    steps: Vec<Step>,
}

/// One step of a drill.
#[derive(Serialize)]
pub(crate) struct Step {
    /// `pause`, `see_paused`, `run`, `see_enabled`, `events` or `clean_up`.
    #[serde(rename = "step")]
    pub(crate) name: &'static str,
    /// Whether it went well.
    pub(crate) ok: bool,
    /// What was seen.
    pub(crate) detail: String,
    /// How long it took.
    pub(crate) elapsed_ms: u64,
}

/// The detail of a VM that the drill could not resume at its end.
pub(crate) fn not_resumed(leg: &LegReport, error: Option<&Error>) -> String {
    let why = error.map_or_else(String::new, |error| format!(": {}", error.why));
    format!("The VM could not be resumed{why}. Use `{}`", order::command(ActKind::Resume, leg))
}

impl Drill {
    /// One that has not begun.
    pub(crate) fn of(leg: &LegReport) -> Self {
        let (vm, vm_id) = (Some(leg.vm.clone()), Some(leg.id.vm.to_string()));
        Self { version: 1, vm, vm_id, passed: true, steps: Vec::new() }
    }

    /// One whose VM could not be looked for.
    pub(crate) fn blind() -> Self {
        Self { version: 1, vm: None, vm_id: None, passed: false, steps: Vec::new() }
    }

    /// Notes a step. Returns whether it went well.
    pub(crate) fn add(&mut self, step: Step) -> bool {
        let ok = step.ok;
        self.passed &= ok;
        self.steps.push(step);
        ok
    }

    /// The text for people.
    pub(crate) fn text(&self, terminal: &Terminal) -> String {
        let vm = self.vm.as_deref().map(printable_name).unwrap_or_default();
        let mut text = String::new();
        for Step { name, ok, detail, elapsed_ms } in &self.steps {
            let (word, tone) = if *ok { ("ok", Tone::Good) } else { ("FAILED", Tone::Bad) };
            let seconds = elapsed_ms / 1_000;
            let words = format!("{} ({seconds} s)", printable(detail).trim_end_matches('.'));
            let line = paragraph(&format!("{word:7}{:12}", name.replace('_', " ")), &words, INDENT, terminal.width);
            text.push_str(&line.replacen(word, &terminal.paint(tone, word).to_string(), 1));
        }
        let end = if self.passed {
            format!("The drill passed: replication of {vm} was paused, and the job resumed it.")
        } else {
            let of = if vm.is_empty() { String::new() } else { format!(" of {vm}") };
            format!("The drill{of} did not pass.")
        };
        text.push_str(&paragraph("", &end, 2, terminal.width));
        text
    }
}
