//! What a controller knows, as the verbs that look show it.

mod choose;

use std::collections::{BTreeMap, BTreeSet};

use reprise_engine::goal::Report;
use reprise_engine::{Controller, HostReport, HostTrouble, LegReport};
use reprise_model::{HostId, LegId, Now};

use crate::exit;
use crate::figures::Questions;
use crate::links::Links;
use crate::pauses;
use crate::render::status::{self, Seen, Source};

pub(crate) use choose::{of_vms, on_host};

/// The exit code for what was seen: of these VMs, or of all.
pub(crate) fn exit_code(report: &Report, some_vms: bool) -> u8 {
    let is_partial = status::is_partial(report, some_vms);
    let unprotected = report.legs.iter().filter(|leg| status::is_unprotected(leg)).count();
    exit::of_status(report.outcome, is_partial, unprotected)
}

/// What was seen besides a report, but for what verdicts rest on and for figures.
pub(crate) fn unjudged(report: &Report, controller: &Controller, links: &Links, now: Now) -> Seen {
    let ages = report.hosts.iter().filter_map(|host| Some((host.id, controller.age_of(host.id, now)?))).collect();
    let (judged, pending) = (BTreeMap::new(), BTreeMap::new());
    Seen { source: Source::Look, taken: now.wall, ages, asked: links.asked(), judged, pending, notes: pauses::notes() }
}

/// The same with what the verdict of each leg rests on.
pub(crate) fn seen(report: &Report, controller: &Controller, links: &Links, now: Now) -> Seen {
    let mut seen = unjudged(report, controller, links, now);
    let judge = |leg: &LegReport| Some((leg.id, controller.judgement(leg.id, now)?));
    seen.judged = report.legs.iter().filter_map(judge).collect();
    seen
}

/// Whether nothing can be said of any VM, since no host was seen.
pub(crate) fn is_blind(report: &Report) -> bool {
    !report.hosts.iter().any(|host| host.ready)
}

/// What to ask about the legs of a report on hosts that answer, what is not protected first.
pub(crate) fn figures(controller: &Controller, report: &Report) -> Questions {
    let answers = |host: &&HostReport| host.ready && !matches!(host.trouble, Some(HostTrouble::Lost(_)));
    let hosts: BTreeSet<HostId> = report.hosts.iter().filter(answers).map(|host| host.id).collect();
    let is_asked = |id: LegId| controller.sender(id).is_some_and(|sender| hosts.contains(&sender.host));
    let mut legs: Vec<&LegReport> = report.legs.iter().filter(|leg| is_asked(leg.id)).collect();
    legs.sort_by_key(|leg| (!status::is_unprotected(leg), leg.id));
    Questions::of(controller, legs.into_iter().map(|leg| leg.id))
}
