//! Goals beside the controller: settle once, or carry out one order. `run` is the controller with the first; without a goal it
//! runs forever.

mod by_hand;
mod outcome;

use std::time::Duration;

use reprise_model::{MonoTime, Now, Timestamp};

use crate::controller::Controller;
use crate::notice::Notice;
use crate::setup::Setup;
use crate::status::{Ambiguous, HoldState, HoldTrouble, HostReport, LegReport, Summary};

pub use by_hand::ByHand;
pub use outcome::PassOutcome;

/// Watches a controller, and says when enough is done.
pub trait Goal {
    /// What it comes to.
    type End;

    /// When it ends at the latest.
    fn ends_at(&self) -> MonoTime;

    /// It is to end now.
    fn stop(&mut self);

    /// Whether it is over, and how. Ask after every event.
    fn end(&self, now: Now, controller: &Controller) -> Option<Self::End>;

    /// The notices that have not been given yet when it is over.
    fn notices(end: &Self::End) -> &[Notice];
}

/// One pass: watches a controller, and decides when everything is settled or the time is up.
#[derive(Clone, Debug)]
pub struct Pass {
    start: Now,
    ends_at: MonoTime,
    dry_run: bool,
    stopped: bool,
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// With a report, and the notices that have not been given yet.
    Done(Box<Report>, Vec<Notice>),
    /// Before anything was done: several VMs have a name that it was asked to leave alone. With the notices that have not been
    /// given yet.
    Refused(Ambiguous, Vec<Notice>),
}

/// The whole pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What came of it.
    pub outcome: PassOutcome,
    /// Whether nothing was done on purpose.
    pub dry_run: bool,
    /// Whether somebody ended it before everything was settled.
    pub interrupted: bool,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub elapsed: Duration,
    /// The asked hosts, in the order they were given.
    pub hosts: Vec<HostReport>,
    /// The legs that were seen from either end, by VM and kind.
    pub legs: Vec<LegReport>,
    /// Holds and exceptions that match nothing, or have ended.
    pub holds: Vec<HoldTrouble>,
    /// A name that it was told to leave alone and that turned out to stand for several VMs, after others had been acted
    /// on. All of them were left alone.
    pub ambiguous: Option<Ambiguous>,
}

impl Pass {
    /// A pass that begins now: it ends at the latest when the limits on silence, on VMMS and on readiness are over, one
    /// after the other, and if newer data is awaited, that wait too.
    pub fn new(setup: &Setup, start: Now) -> Self {
        let vmms = setup.hosts.iter().map(|host| host.vmms_timeout).max().unwrap_or_default();
        let confirmed = setup.confirm_within.unwrap_or_default();
        let longest = setup.patience.timeout + vmms + setup.patience.silence + confirmed;
        Self { start, ends_at: start.mono + longest, dry_run: setup.dry_run, stopped: false }
    }

    fn refuse(&self, now: Now, controller: &Controller, ambiguous: Ambiguous) -> Ending {
        let (hosts, legs): (Vec<_>, Vec<_>) = (controller.hosts().collect(), controller.legs().collect());
        let summary = Summary::of(&hosts, &legs, (self.dry_run, false));
        let holds = controller.hold_troubles(now);
        let summary = Summary { holds, ambiguous: Some(ambiguous.clone()), refused: true, ..summary };
        Ending::Refused(ambiguous, vec![Notice::Finished(summary)])
    }

    fn finish(&self, now: Now, controller: &Controller) -> Ending {
        let interrupted = self.stopped && now.mono < self.ends_at && !controller.is_settled();
        let report = Report::of(controller, (self.start, now), (self.dry_run, interrupted));
        let summary = Summary::of(&report.hosts, &report.legs, (self.dry_run, interrupted));
        let summary = Summary { holds: report.holds.clone(), ambiguous: report.ambiguous.clone(), ..summary };
        // The time of a host that is not ready yet was not up.
        let mut notices = if interrupted { Vec::new() } else { controller.untold_hosts() };
        notices.extend(controller.untold(interrupted));
        if !interrupted {
            notices.extend(controller.doubts(now));
        }
        if interrupted && !self.dry_run {
            let Summary { not_seen, not_reached, .. } = summary;
            notices.push(Notice::Interrupted { not_seen, not_reached });
        }
        let is_not_ours = |leg: &&LegReport| leg.reason == reprise_model::Reason::SenderNotAsked;
        let not_ours = report.legs.iter().filter(is_not_ours).count();
        if not_ours > 0 {
            notices.push(Notice::NotOurs { count: not_ours });
        }
        notices.push(Notice::Finished(summary));
        Ending::Done(Box::new(report), notices)
    }
}

impl Goal for Pass {
    type End = Ending;

    fn ends_at(&self) -> MonoTime {
        self.ends_at
    }

    /// What is not settled by then is reported as interrupted, and not as out of time.
    fn stop(&mut self) {
        self.stopped = true;
    }

    fn end(&self, now: Now, controller: &Controller) -> Option<Ending> {
        let ambiguous = controller.ambiguous();
        if let Some(ambiguous) = ambiguous.filter(|_| !controller.has_acted()) {
            return Some(self.refuse(now, controller, ambiguous));
        }
        let is_over = self.stopped || now.mono >= self.ends_at || controller.is_settled();
        is_over.then(|| self.finish(now, controller))
    }

    fn notices(end: &Ending) -> &[Notice] {
        let (Ending::Done(_, notices) | Ending::Refused(_, notices)) = end;
        notices
    }
}

impl Report {
    /// How everything stands, from `start` until `now`. `dry_run` says that nothing is done, `interrupted` that somebody ended it.
    pub fn of(controller: &Controller, (start, now): (Now, Now), (dry_run, interrupted): (bool, bool)) -> Self {
        let hosts = controller.hosts_at_the_end(interrupted).collect();
        let legs = controller.legs_at_the_end(interrupted).collect();
        Self::with(controller, (start, now), (dry_run, interrupted), (hosts, legs))
    }

    /// How everything stands, from `start` until `now`, while it all goes on.
    pub fn meanwhile(controller: &Controller, (start, now): (Now, Now)) -> Self {
        let (hosts, legs) = (controller.hosts().collect(), controller.legs_meanwhile().collect());
        Self::with(controller, (start, now), (false, false), (hosts, legs))
    }

    fn with(
        controller: &Controller,
        (start, now): (Now, Now),
        (dry_run, interrupted): (bool, bool),
        (hosts, legs): (Vec<HostReport>, Vec<LegReport>),
    ) -> Self {
        let (holds, ambiguous) = (controller.hold_troubles(now), controller.ambiguous());
        let stops = |trouble: &HoldTrouble| trouble.state == HoldState::Unmatched { stops: true };
        let is_unclear = ambiguous.is_some() || holds.iter().any(stops);
        Self {
            outcome: outcome::of(&hosts, &legs, dry_run, is_unclear),
            dry_run,
            interrupted,
            started: start.wall,
            elapsed: now.mono.since(start.mono),
            hosts,
            legs,
            holds,
            ambiguous,
        }
    }

    /// Legs that policy wants running and that do not run at the end.
    pub fn unprotected(&self) -> impl Iterator<Item = &LegReport> {
        self.legs.iter().filter(|leg| leg.wanted && !leg.runs(self.dry_run))
    }
}
