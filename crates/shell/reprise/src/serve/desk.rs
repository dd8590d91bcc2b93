//! Where others ask the daemon: each question is carried out by the loop that owns the controller, between two of its steps, so
//! that an answer never shows half of a change.

use std::collections::VecDeque;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::{Command, Controller, Event, OrderReport};
use reprise_model::{ActKind, LegId, MonoTime, Now, VmSelector};
use tokio::sync::{mpsc, oneshot};

use crate::links::Links;
use crate::looked;
use crate::record::Recorder;
use crate::render::status::{Seen, Source};
use crate::usage::Usage;

/// Maximum number of questions that wait.
const QUESTIONS_MAX: usize = 256;

/// A question of anybody.
pub(super) type Question = Box<dyn FnOnce(&mut Desk<'_>) + Send>;

/// Asks the daemon.
#[derive(Clone)]
pub(super) struct Door(mpsc::Sender<Question>);

/// The daemon is ending.
#[derive(Debug)]
pub(super) struct Ending;

/// The questions that were asked.
pub(super) struct Questions(mpsc::Receiver<Question>);

pub(super) fn door() -> (Door, Questions) {
    let (ask, asked) = mpsc::channel(QUESTIONS_MAX);
    (Door(ask), Questions(asked))
}

impl Door {
    /// Asks one question.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Desk<'_>) -> T + Send + 'static,
    ) -> Result<T, Ending> {
        let (say, said) = oneshot::channel();
        let asked: Question = Box::new(move |desk| {
            let _gone = say.send(question(desk));
        });
        self.0.send(asked).await.map_err(|_| Ending)?;
        said.await.map_err(|_| Ending)
    }
}

impl Questions {
    /// The next one. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Question {
        match self.0.recv().await {
            Some(question) => question,
            None => std::future::pending().await,
        }
    }
}

/// An order that somebody waits for.
pub(super) struct Waiting {
    leg: LegId,
    until: MonoTime,
    say: oneshot::Sender<OrderReport>,
}

/// What has become of an order that somebody waits for.
pub(super) enum Check {
    /// It is under way.
    Waits(Waiting),
    /// It has ended, and they were told.
    Told,
    /// Its time is up, and they were told: what was not begun is not to begin any more.
    TooLate(Event),
}

impl Waiting {
    pub(super) fn check(self, now: Now, controller: &Controller) -> Check {
        let is_over = controller.is_order_over(self.leg);
        if !is_over && now.mono < self.until {
            return Check::Waits(self);
        }
        if let Some(report) = controller.order_report(now, self.leg, false) {
            let _gone = self.say.send(report);
        }
        if is_over { Check::Told } else { Check::TooLate(Event::Command(Command::Recall(self.leg))) }
    }
}

/// What the daemon knows, for one question.
pub(super) struct Desk<'a> {
    pub(super) now: Now,
    pub(super) controller: &'a Controller,
    pub(super) links: &'a Links,
    pub(super) started: Now,
    pub(super) recorder: &'a mut Recorder,
    /// What becomes of the question: the controller gets it next.
    pub(super) events: &'a mut VecDeque<Event>,
    pub(super) waiting: &'a mut Vec<Waiting>,
}

/// Why what was asked for cannot be shown.
pub(super) enum NotFound {
    /// It names nothing that was seen, or several things.
    Named(Usage),
    /// No host is ready, so that nothing can be said of any VM.
    Blind,
}

impl From<Usage> for NotFound {
    fn from(usage: Usage) -> Self {
        Self::Named(usage)
    }
}

impl Desk<'_> {
    /// How everything stands, or these VMs.
    pub(super) fn report(&self, vms: &[VmSelector], on: Option<&str>) -> Result<(Report, Seen), NotFound> {
        let mut report = Report::meanwhile(self.controller, (self.started, self.now));
        let is_narrowed = !vms.is_empty() || on.is_some();
        if is_narrowed && looked::is_blind(&report) {
            return Err(NotFound::Blind);
        }
        if let Some(host) = on {
            looked::on_host(&mut report, host)?;
        }
        looked::of_vms(&mut report, self.controller, vms)?;
        let seen = looked::seen(&report, self.controller, self.links, self.now);
        Ok((report, Seen { source: Source::Daemon, ..seen }))
    }

    /// Orders something of a leg; the answer comes within that time.
    pub(super) fn order(&mut self, leg: LegId, kind: ActKind, within: Duration) -> oneshot::Receiver<OrderReport> {
        let (say, said) = oneshot::channel();
        self.events.push_back(Event::Command(Command::Order(leg, kind)));
        self.waiting.push(Waiting { leg, until: self.now.mono + within, say });
        said
    }
}
