//! A progress line on a terminal's standard error; nothing anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reprise_engine::Controller;

use super::label::printable_name;

/// How often the line is drawn: calm to the eye.
const TICK: Duration = Duration::from_millis(200);

/// The line.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new() -> Self {
        let target =
            if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows nothing anywhere.
    pub(crate) fn none() -> Self {
        Self(ProgressBar::hidden())
    }

    pub(crate) fn show(&self, controller: &Controller) {
        if self.0.is_hidden() {
            return;
        }
        let (settled, seen) = controller.progress();
        let waiting: Vec<String> = controller.hosts_waited_for().map(|name| printable_name(&name)).collect();
        self.0.set_message(match waiting.first() {
            Some(host) if waiting.len() == 1 => format!("{settled} of {seen} VMs settled; waiting for {host}"),
            Some(host) => format!("{settled} of {seen} VMs settled; waiting for {host} and {} more", waiting.len() - 1),
            None => format!("{settled} of {seen} VMs settled"),
        });
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
