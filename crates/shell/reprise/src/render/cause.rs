//! Causes: what keeps legs from replicating, one block for each with its VMs counted, worst first.

use std::collections::{BTreeMap, BTreeSet};

use reprise_engine::goal::Report;
use reprise_engine::{Cause, HostReport, HostTrouble, LegReport, LegResult};
use reprise_model::Reason;

use super::advice;
use super::case::clause;
use super::error::{self, Error};
use super::hold;
use super::json;
use super::paragraph::{count, list, paragraph};
use super::rows::Names;
use super::sentence;
use super::terminal::{Terminal, Tone};

/// Width of the words before a block's text: "  next: ".
const INDENT: usize = 8;

/// One cause.
pub(crate) struct Block<'r> {
    /// "error", "warning", or the result of its legs.
    level: &'static str,
    tone: Tone,
    /// What is wrong, without the level.
    head: String,
    why: Option<String>,
    pub(crate) next: String,
    /// Whether it is about hosts, whose legs only wait for them.
    is_of_hosts: bool,
    /// The hosts, if there are several.
    hosts: Vec<String>,
    /// The legs that it is about.
    legs: Vec<&'r LegReport>,
}

impl Block<'_> {
    /// Whether something is wrong, rather than left on purpose.
    pub(crate) fn is_error(&self) -> bool {
        self.level == "error"
    }

    /// How many legs it leaves unprotected.
    pub(crate) fn unprotected(&self, dry_run: bool) -> usize {
        self.legs.iter().filter(|leg| leg.wanted && !leg.runs(dry_run)).count()
    }

    /// Its text, with an empty line after it. `name` writes a leg's name.
    pub(crate) fn text(&self, terminal: &Terminal, name: &dyn Fn(&LegReport) -> String) -> String {
        let level = format!("{}:", self.level);
        let mut text = paragraph(&format!("{level} "), &self.head, INDENT, terminal.width);
        if let Some(rest) = text.strip_prefix(&level) {
            text = format!("{}{rest}", terminal.paint(self.tone, &level));
        }
        let mut line = |head: &str, words: &str| text.push_str(&paragraph(head, words, INDENT, terminal.width));
        if let Some(why) = &self.why {
            line("  why:  ", why);
        }
        line("  next: ", &self.next);
        if !self.hosts.is_empty() {
            line("  hosts: ", &list(&self.hosts));
        }
        if self.legs.len() > 1 || self.is_of_hosts && !self.legs.is_empty() {
            let mut names: Vec<String> = self.legs.iter().map(|leg| name(leg)).collect();
            names.sort();
            line("  VMs:  ", &format!("{} ({})", self.legs.len(), list(&names)));
        }
        text.push('\n');
        text
    }
}

/// All causes of a report, worst first.
pub(crate) fn blocks<'r>(report: &'r Report, names: &Names, of: hold::Of) -> Vec<Block<'r>> {
    let mut waiting: BTreeMap<usize, Vec<&'r LegReport>> = BTreeMap::new();
    let mut own: Vec<&LegReport> = Vec::new();
    for leg in report.legs.iter().filter(|leg| !advice::runs_well(leg)) {
        match host_of(leg, &report.hosts) {
            Some(host) => waiting.entry(host).or_default().push(leg),
            None => own.push(leg),
        }
    }
    let mut blocks: Vec<Block<'_>> = hold::errors(report, of).into_iter().map(of_hold).collect();
    blocks.extend(of_hosts(report, &mut waiting));
    blocks.extend(of_legs(&own, report.dry_run, names));
    blocks
}

/// A hold or an exception that does not do what it may be meant to do.
fn of_hold<'r>((stops, error): (bool, Error)) -> Block<'r> {
    let (level, tone) = if stops { ("error", Tone::Bad) } else { ("warning", Tone::Doubtful) };
    let head = format!("{} in {}", error.what, error.place);
    let (is_of_hosts, hosts, legs) = (false, Vec::new(), Vec::new());
    Block { level, tone, head, why: Some(with_code(&error)), next: error.next, is_of_hosts, hosts, legs }
}

/// The blocks of the holds that keep `run` from resuming anything, as text.
pub(crate) fn stopping_holds(report: &Report, of: hold::Of, terminal: &Terminal) -> String {
    let stopping = hold::errors(report, of).into_iter().filter(|(stops, _)| *stops);
    stopping.map(|error| of_hold(error).text(terminal, &|leg| leg.vm.clone())).collect()
}

/// The host that is not ready and for which alone a leg waits: the leg has the same problem.
fn host_of(leg: &LegReport, hosts: &[HostReport]) -> Option<usize> {
    let problem = leg.cause().and_then(Cause::problem)?;
    let has_it =
        |host: &HostReport| matches!(&host.trouble, Some(HostTrouble::NotReady(why)) if why.problem == *problem);
    let found: Vec<usize> = hosts.iter().enumerate().filter(|(_, host)| has_it(host)).map(|(index, _)| index).collect();
    let named = [
        leg.trouble.as_ref().and_then(|trouble| trouble.host.as_deref()),
        leg.primary.as_deref(),
        leg.replica.as_deref(),
    ];
    let is_named = |index: &&usize| hosts.get(**index).is_some_and(|host| named.contains(&Some(host.name.as_str())));
    match found.as_slice() {
        [only] => Some(*only),
        several => several.iter().find(is_named).copied(),
    }
}

/// A host's name, with the names that the table has for it: one that was asked by an address and never said who it is may be
/// the host that relationships name.
pub(crate) fn called(legs: &[LegReport], host: &str) -> String {
    let troubles = legs.iter().filter_map(|leg| leg.trouble.as_ref());
    let of_host = troubles.filter(|trouble| trouble.host.as_deref() == Some(host));
    let names: BTreeSet<&str> = of_host.filter_map(|trouble| trouble.may_be.as_deref()).collect();
    let names: Vec<String> = names.into_iter().map(ToOwned::to_owned).collect();
    if names.is_empty() { host.to_owned() } else { format!("{host} (perhaps {})", list(&names)) }
}

/// One block for each kind of trouble with hosts.
fn of_hosts<'r>(report: &'r Report, waiting: &mut BTreeMap<usize, Vec<&'r LegReport>>) -> Vec<Block<'r>> {
    let mut blocks: Vec<(Error, Block<'_>)> = Vec::new();
    for (index, host) in report.hosts.iter().enumerate() {
        let (level, tone, error) = match (error::of_host(host), error::hidden_by(host)) {
            (Some(error), _) => ("error", Tone::Bad, error),
            (None, Some(hidden)) => ("warning", Tone::Doubtful, hidden),
            (None, None) => continue,
        };
        let legs = waiting.remove(&index).unwrap_or_default();
        let same = |(known, block): &&mut (Error, Block<'_>)| {
            block.level == level && (&known.what, &known.next, &known.code) == (&error.what, &error.next, &error.code)
        };
        if let Some((known, block)) = blocks.iter_mut().find(|block| same(block)) {
            if block.hosts.is_empty() {
                block.hosts.push(called(&report.legs, &known.place));
                block.why = Some(format!("of the first: {}", with_code(known)));
            }
            block.hosts.push(called(&report.legs, &error.place));
            block.head = format!("{} on {}", error.what, count(block.hosts.len(), "host"));
            block.legs.extend(legs);
            continue;
        }
        let head = format!("{} on {}", error.what, called(&report.legs, &error.place));
        let (why, next) = (Some(with_code(&error)), error.next.clone());
        blocks.push((error, Block { level, tone, head, why, next, is_of_hosts: true, hosts: Vec::new(), legs }));
    }
    let mut blocks: Vec<Block<'_>> = blocks.into_iter().map(|(_, block)| block).collect();
    blocks.sort_by_key(|block| (block.level != "error", std::cmp::Reverse(block.unprotected(report.dry_run))));
    blocks
}

/// One block for each reason and remedy of legs.
fn of_legs<'r>(legs: &[&'r LegReport], dry_run: bool, names: &Names) -> Vec<Block<'r>> {
    let mut groups: BTreeMap<(LegResult, Reason, String, Option<String>), Vec<&LegReport>> = BTreeMap::new();
    for leg in legs.iter().filter(|leg| !(dry_run && leg.runs(dry_run))) {
        let next = advice::of_leg(leg).unwrap_or_default();
        let code = error::of_leg(leg).and_then(|error| error.code);
        groups.entry((leg.result, leg.reason, next, code)).or_default().push(leg);
    }
    groups.into_iter().filter_map(|((result, _, next, _), legs)| block(result, next, legs, names)).collect()
}

fn block<'r>(result: LegResult, next: String, legs: Vec<&'r LegReport>, names: &Names) -> Option<Block<'r>> {
    let first = *legs.first()?;
    let (is_of_hosts, hosts) = (false, Vec::new());
    let errors: Vec<Error> = legs.iter().filter_map(|leg| error::of_leg(leg)).collect();
    let Some(error) = errors.first() else {
        let (level, tone) = level(result);
        let head = format!("{}: {}", first.reason.phrase(), vms(&legs, names));
        let detail = sentence::detail(first);
        let is_alike = legs.iter().all(|leg| sentence::detail(leg) == detail);
        let why = if is_alike { detail } else { first.reason.meaning().to_owned() };
        return Some(Block { level, tone, head, why: Some(why), next, is_of_hosts, hosts, legs });
    };
    let places: BTreeSet<&str> = errors.iter().map(|error| error.place.as_str()).collect();
    let place = if places.len() == 1 { error.place.clone() } else { count(places.len(), "host") };
    let of = if errors.iter().all(|other| other.why == error.why) { "" } else { "of the first: " };
    let head = format!("{} on {place}", error.what.replace(&format!("VM {}", first.vm), &vms(&legs, names)));
    let (why, next) = (Some(format!("{of}{}", with_code(error))), clause(&next));
    Some(Block { level: "error", tone: Tone::Bad, head, why, next, is_of_hosts, hosts, legs })
}

/// The word at the head of a block about legs that have no error.
fn level(result: LegResult) -> (&'static str, Tone) {
    if result == LegResult::NeedsPerson {
        ("needs a person", Tone::Doubtful)
    } else if result == LegResult::Healthy {
        ("not moving", Tone::Doubtful)
    } else if matches!(result, LegResult::Left | LegResult::Skipped) {
        (json::result(result), Tone::Plain)
    } else {
        (json::result(result), Tone::Doubtful)
    }
}

fn vms(legs: &[&LegReport], names: &Names) -> String {
    match legs {
        [only] => format!("VM {}", names.leg(only)),
        several => count(several.len(), "VM"),
    }
}

fn with_code(error: &Error) -> String {
    match &error.code {
        Some(code) => format!("{} ({code})", error.why),
        None => error.why.clone(),
    }
}
