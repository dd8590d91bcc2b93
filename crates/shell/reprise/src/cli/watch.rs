//! `status --watch`: what is protected, again and again, by one controller that lives on.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::{Controller, Event, Notice};
use reprise_model::{LegId, MonoTime, Now, Timestamp, VmSelector};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::look::{LookArguments, wired};
use crate::console::{Printed, asked_to_stop, print, print_painted, redraw};
use crate::driver::{Clock, Driver, Hearer, Watcher};
use crate::exit;
use crate::links::Links;
use crate::looked::{exit_code, figures, is_blind, of_vms, on_host, seen};
use crate::render::progress::Progress;
use crate::render::redraw::{make_room, page};
use crate::render::status::{self, Seen};
use crate::render::{Terminal, json, time};
use crate::usage::Usage;
use crate::wiring::Wired;

/// How often hosts are looked at, unless somebody says otherwise.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);
/// Hosts are not looked at more often than this, as in a run.
const INTERVAL_LEAST: Duration = Duration::from_secs(1);
/// The page is drawn at most this often: many hosts answer at once.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// While something is read that a verdict depends on, the page waits for it, but no longer than this.
const UNSETTLED_MAX: Duration = Duration::from_secs(2);
/// How often hosts are asked how much data is pending: a call for each VM.
const FIGURES_EVERY: Duration = Duration::from_secs(30);

/// What is shown, and how.
pub(super) struct Settings {
    pub(super) vms: Vec<VmSelector>,
    pub(super) interval: Option<Duration>,
    pub(super) json: bool,
}

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn watch(
    mut arguments: LookArguments,
    settings: Settings,
    workers: Handle,
) -> Result<ExitCode, Usage> {
    let interval = settings.interval.unwrap_or(INTERVAL).max(INTERVAL_LEAST);
    let Wired { mut setup, links } = wired(&mut arguments, "status --watch", workers)?;
    setup.reread_every = Some(interval);
    let clock = Clock::start();
    let start = clock.now();
    let mut driver = Driver::new(setup, clock, links);
    let mut page = Page {
        settings,
        interval,
        on: arguments.on,
        start,
        progress: Some(Progress::new()),
        figures: Figures::default(),
        waits_since: None,
        drawn: None,
        said: None,
        code: None,
        refused: None,
        printed: Printed::Whole,
    };
    driver.watch(&mut page, asked_to_stop()).await;
    page.end(clock.now(), &driver.controller, driver.links())
}

/// What is shown, and what was shown last.
struct Page {
    settings: Settings,
    interval: Duration,
    on: Option<String>,
    start: Now,
    /// Shown until the first page.
    progress: Option<Progress>,
    figures: Figures,
    /// Since when the page waits for something that is read.
    waits_since: Option<MonoTime>,
    drawn: Option<MonoTime>,
    /// What was printed last: the news, or on a terminal the page.
    said: Option<String>,
    /// The exit code by the latest page.
    code: Option<ExitCode>,
    /// Why nothing can be shown.
    refused: Option<Usage>,
    printed: Printed,
}

/// What is reported stands in the controller too.
impl Hearer for Page {
    fn tell(&mut self, _: Timestamp, _: &Notice) {}
}

impl Watcher for Page {
    fn step(&mut self, now: Now, controller: &Controller, links: &Links) -> ControlFlow<(), Vec<Event>> {
        self.figures.take();
        if !self.is_due(now.mono, controller) {
            if let Some(progress) = &self.progress {
                progress.show(controller);
            }
            return ControlFlow::Continue(Vec::new());
        }
        let mut report = Report::of(controller, (self.start, now), (true, false));
        if let Err(usage) = self.choose(&mut report, controller) {
            self.refused = Some(usage);
            return ControlFlow::Break(());
        }
        self.figures.ask(now.mono, self.interval, controller, &report, links);
        // The first page has figures, as `status` has.
        if self.said.is_none() && self.figures.are_awaited() {
            return ControlFlow::Continue(Vec::new());
        }
        self.drawn = Some(now.mono);
        self.show(&report, controller, links, now);
        if self.printed == Printed::Whole { ControlFlow::Continue(Vec::new()) } else { ControlFlow::Break(()) }
    }
}

impl Page {
    /// Whether it is time for a page, and nothing is missing in it.
    fn is_due(&mut self, now: MonoTime, controller: &Controller) -> bool {
        if controller.is_settled() {
            self.waits_since = None;
        } else {
            let since = *self.waits_since.get_or_insert(now);
            // Before the first page every host has the time that it is given.
            if self.said.is_none() || now.since(since) < UNSETTLED_MAX {
                return false;
            }
        }
        self.drawn.is_none_or(|drawn| now.since(drawn) >= DRAW_EVERY)
    }

    /// Keeps what is to be shown. What has been shown before and is gone leaves an empty page.
    fn choose(&self, report: &mut Report, controller: &Controller) -> Result<(), Usage> {
        if is_blind(report) {
            report.legs.clear();
            return Ok(());
        }
        let on = self.on.as_ref().map_or(Ok(()), |host| on_host(report, host));
        let chosen = on.and_then(|()| of_vms(report, controller, &self.settings.vms));
        if chosen.is_err() && self.said.is_some() {
            report.legs.clear();
            return Ok(());
        }
        chosen
    }

    fn show(&mut self, report: &Report, controller: &Controller, links: &Links, now: Now) {
        if let Some(progress) = self.progress.take() {
            progress.clear();
        }
        self.code = Some(ExitCode::from(exit_code(report, !self.settings.vms.is_empty())));
        let seen = Seen { pending: self.figures.known(report), ..seen(report, controller, links, now) };
        let terminal = Terminal::here_or_columns();
        match terminal.height.filter(|_| !self.settings.json && terminal.can_redraw()) {
            Some(height) => self.draw(report, &seen, &terminal, height),
            None => self.print_news(report, &seen, &terminal),
        }
    }

    /// Draws the page in place of the one before, unless it is the same.
    fn draw(&mut self, report: &Report, seen: &Seen, terminal: &Terminal, height: usize) {
        let every = status::short(self.interval);
        let head = format!("{}, every {every}; Ctrl-C ends it", time(seen.taken));
        let drawn = page(&head, &status::pieces(report, seen, terminal), height);
        let room = if self.said.is_none() { make_room(height) } else { String::new() };
        if self.said.as_ref() != Some(&drawn) {
            self.printed = redraw(&(room + &drawn));
            self.said = Some(drawn);
        }
    }

    /// Prints a document or a table, if there is any news.
    fn print_news(&mut self, report: &Report, seen: &Seen, terminal: &Terminal) {
        let news = status::document(report, seen).news();
        if self.said.as_ref() == Some(&news) {
            return;
        }
        self.printed = if self.settings.json {
            print(&(json::line(&status::document(report, seen)) + "\n"))
        } else {
            let gap = if self.said.is_none() { "" } else { "\n" };
            print_painted(&format!("{gap}{}\n{}", time(seen.taken), status::text(report, seen, terminal)))
        };
        self.said = Some(news);
    }

    /// Ends it: with what is known if nothing was shown yet.
    fn end(mut self, now: Now, controller: &Controller, links: &Links) -> Result<ExitCode, Usage> {
        if let Some(usage) = self.refused.take() {
            if let Some(progress) = self.progress.take() {
                progress.clear();
            }
            return Err(usage);
        }
        if self.said.is_none() {
            let mut report = Report::of(controller, (self.start, now), (true, true));
            // What is not seen yet is no error of the command line.
            if self.choose(&mut report, controller).is_err() {
                report.legs.clear();
            }
            self.show(&report, controller, links, now);
        }
        if !self.printed.is_no_failure() {
            return Ok(ExitCode::from(exit::FAILED));
        }
        Ok(self.code.unwrap_or(ExitCode::from(exit::FAILED)))
    }
}

/// How much data is pending, as last said.
#[derive(Default)]
struct Figures {
    known: BTreeMap<LegId, u64>,
    asked: Option<MonoTime>,
    asking: JoinSet<BTreeMap<LegId, u64>>,
}

impl Figures {
    /// Takes what was said.
    fn take(&mut self) {
        while let Some(said) = self.asking.try_join_next() {
            self.known = said.unwrap_or_default();
        }
    }

    /// Asks now and then, about what is shown.
    fn ask(&mut self, now: MonoTime, interval: Duration, controller: &Controller, report: &Report, links: &Links) {
        let is_recent = |asked: MonoTime| now.since(asked) < FIGURES_EVERY.max(interval);
        if self.are_awaited() || self.asked.is_some_and(is_recent) {
            return;
        }
        self.asked = Some(now);
        self.asking.spawn_on(figures(controller, report).ask(links).all(), &links.workers());
    }

    fn are_awaited(&self) -> bool {
        !self.asking.is_empty()
    }

    /// What is known of the legs of a report.
    fn known(&self, report: &Report) -> BTreeMap<LegId, u64> {
        report.legs.iter().filter_map(|leg| Some((leg.id, *self.known.get(&leg.id)?))).collect()
    }
}
