//! From what is known of a leg or host to what a person reads.

use std::fmt::Write as _;

use reprise_model::{Event, FailedOverType, LegInfo, Problem, Reason, ReplicationState, Retry};

use crate::host::{HostWatch, Phase};
use crate::judge::Verdict;
use crate::leg::{End, SeenEnd, Whereabouts};
use crate::report::{Action, HostReport, LegReport, LegResult, PassOutcome, Report, Trouble, code};
use crate::watch::{Failure, LegWatch};

pub(crate) fn host(watch: &HostWatch) -> HostReport {
    let name = watch.display_name();
    let (ready, ready_after, error) = match &watch.phase {
        Phase::Ready { after } => {
            let unreadable = watch.unreadable.first().map(|problem| {
                let mut error = Trouble::of(problem, &name);
                error.what = format!("{} ({} rows of this host could not be read)", error.what, watch.unreadable.len());
                error
            });
            (true, Some(*after), unreadable)
        }
        Phase::GivenUp(problem) => (false, None, Some(Trouble::of(problem, &name))),
        Phase::Waiting => (false, None, None),
    };
    let twin = watch.duplicate_of.as_ref().filter(|duplicate| duplicate.is_another);
    let error = twin.map(|twin| same_name(&name, &twin.of)).or(error);
    let hidden = watch.hidden.as_ref().filter(|_| ready).map(|problem| Trouble::of(problem, &name));
    HostReport { id: watch.asked.id, name, ready, ready_after, error, hidden }
}

/// What is wrong with two addresses that say that they are one host and show different VMs.
pub(crate) fn unlike_twin(name: &str, other: &str) -> Trouble {
    Trouble {
        why: format!(
            "the host asked as {other} bears the same name and has booted at the same time, and shows other replicated VMs"
        ),
        next: "see which machine answers at each address; until they show the same, ask one of them".to_owned(),
        ..same_name(name, other)
    }
}

fn same_name(name: &str, other: &str) -> Trouble {
    Trouble {
        what: "cannot tell two hosts apart".to_owned(),
        place: name.to_owned(),
        why: format!(
            "the host asked as {other} bears the same name, and nothing shows that they are one: they have booted at different times, or one of them does not say when"
        ),
        next: "give one of them another name; until then ask them in two passes".to_owned(),
        code: None,
        retry: Retry::Never,
    }
}

/// One leg as the report has it. `second` is the other host that holds its VM as primary, if one does.
pub(crate) fn leg(watch: &LegWatch, second: Option<&str>, dry_run: bool) -> LegReport {
    let (result, reason) = result(watch, dry_run);
    let error = (result == LegResult::Failed || result == LegResult::Stale).then(|| leg_trouble(watch, reason));
    let action = match watch.verdict {
        _ if watch.planned.is_some() => Action::Resume,
        Verdict::Wait(_) => Action::Wait,
        Verdict::Healthy { .. }
        | Verdict::Leave(_)
        | Verdict::NeedsPerson(_)
        | Verdict::NotOurs
        | Verdict::Resume { .. }
        | Verdict::Fail(_)
        | Verdict::Stale(_) => Action::None,
    };
    let held = matches!(watch.verdict, Verdict::Healthy { held: Some(_), .. });
    let elapsed = watch.began.and_then(|began| watch.ended.map(|ended| ended.since(began)));
    LegReport {
        id: watch.leg.id,
        vm: watch.leg.vm_name.clone(),
        primary: watch.leg.sender.host_name().map(ToOwned::to_owned),
        replica: watch.leg.receiver.host_name().map(ToOwned::to_owned),
        before: watch.before,
        after: if watch.gone { None } else { watch.leg.sender.state() },
        wanted: !held && !matches!(watch.verdict, Verdict::Leave(_) | Verdict::NotOurs) || result == LegResult::Resumed,
        action,
        reason,
        detail: detail(watch, second, reason),
        result,
        confirmed: watch.confirmed,
        without_evidence: watch.without_evidence,
        attempts: watch.attempts,
        elapsed,
        error,
    }
}

fn result(watch: &LegWatch, dry_run: bool) -> (LegResult, Reason) {
    match watch.verdict {
        Verdict::Healthy { .. } if watch.unproved => (LegResult::Failed, Reason::ResumeFailed),
        Verdict::Healthy { held, .. } if watch.resumed => (LegResult::Resumed, held.unwrap_or(planned_reason(watch))),
        Verdict::Healthy { held, moves } => {
            let stopped_before = watch.before.is_some_and(|before| before != ReplicationState::Replicating);
            let own = match (stopped_before, moves) {
                (true, _) => Reason::ResumedElsewhere,
                (false, true) => Reason::Replicating,
                (false, false) => Reason::NotMoving,
            };
            (LegResult::Healthy, held.unwrap_or(own))
        }
        Verdict::Leave(Reason::InitialReplication) if watch.resumed => (LegResult::Resumed, planned_reason(watch)),
        Verdict::Leave(reason) => (LegResult::Left, reason),
        Verdict::NeedsPerson(reason) => (LegResult::NeedsPerson, reason),
        Verdict::NotOurs => (LegResult::Skipped, Reason::SenderNotAsked),
        Verdict::Wait(Reason::VmmsRetries) => (LegResult::Waiting, Reason::VmmsRetries),
        Verdict::Wait(Reason::WaitingForPeer) => (LegResult::Failed, Reason::PeerNotSeen),
        Verdict::Wait(reason) | Verdict::Fail(reason) => (LegResult::Failed, reason),
        Verdict::Resume { reason, .. } if dry_run => (LegResult::Skipped, reason),
        Verdict::Resume { .. } => match &watch.trouble {
            Some(Failure::Changed(_)) => (LegResult::Stale, Reason::Changed),
            Some(failure) => (LegResult::Failed, failure.reason()),
            None => (LegResult::Failed, Reason::OutOfTime),
        },
        Verdict::Stale(reason) => (LegResult::Stale, reason),
    }
}

/// Why a leg that runs now was resumed.
fn planned_reason(watch: &LegWatch) -> Reason {
    watch.planned.unwrap_or(Reason::Error)
}

fn detail(watch: &LegWatch, second: Option<&str>, reason: Reason) -> String {
    let mut text = reason.meaning().to_owned();
    if let Some(second) = second {
        let first = watch.leg.sender.host_name().unwrap_or("an unknown host");
        let _infallible = write!(text, " The hosts are {first} and {second}.");
    }
    if watch.planned.is_some() && watch.unread_log {
        text.push_str(" (evidence: not readable)");
    }
    let ends = [&watch.leg.sender, &watch.leg.receiver];
    let failed_over_once = |end: &SeenEnd| {
        end.object.failed_over != FailedOverType::None && !matches!(end.object.state.number(), 4..=6 | 12..=14)
    };
    if ends.into_iter().filter_map(End::seen).any(failed_over_once) {
        text.push_str(" It still bears the mark of an earlier failover (FailedOverReplicationType).");
    }
    for host in &watch.leg.leftovers {
        let _infallible = write!(text, " {host} holds another replica of this VM, which its primary does not name.");
    }
    if watch.answer_lost {
        text.push_str(" The answer to our own resume was lost, so it may have been ours.");
    }
    if let Some(Failure::Refused(refusal)) = &watch.trouble {
        let number = refusal.code.map_or_else(String::new, |number| format!(" ({})", code(number)));
        let _infallible = write!(text, " The host said: {}{number}.", refusal.why);
    }
    text
}

fn leg_trouble(watch: &LegWatch, reason: Reason) -> Trouble {
    let primary = watch.leg.sender.host_name().unwrap_or("an unknown host");
    // A host that never said who it is keeps the name that the report lists it by.
    let asked = watch.leg.sender.given_up().map(|(host, _)| host).filter(|host| *host != primary);
    let (why, next, number, retry) = match (&watch.trouble, unseen(watch)) {
        (Some(Failure::Refused(r)), _) => {
            let retry = if r.transient { Retry::Later } else { Retry::Never };
            (r.why.clone(), r.advice.to_owned(), r.code.map(code), retry)
        }
        (Some(Failure::Problem(p)), _) => {
            (format!("cannot {}: {}", p.what, p.why), p.advice().to_owned(), p.code.map(code), p.retry())
        }
        (Some(Failure::Unclear(p)), _) => {
            (format!("cannot {}: {}", p.what, p.why), p.advice().to_owned(), p.code.map(code), Retry::Later)
        }
        (Some(Failure::Guarded(rule)), _) => {
            (format!("a safety rule refused it: {rule}"), "report this as a bug".to_owned(), None, Retry::Never)
        }
        (Some(Failure::Changed(found)), _) => {
            (format!("it was found {found}"), reason.advice().to_owned(), None, Retry::Now)
        }
        (_, Some(p)) if reason == Reason::NotReadable => {
            (p.to_string(), reason.advice().to_owned(), p.code.map(code), p.retry())
        }
        (_, Some(p)) => (p.why.clone(), reason.advice().to_owned(), p.code.map(code), p.retry()),
        (Some(Failure::WithoutEffect) | None, None) => (
            reason.meaning().to_lowercase().trim_end_matches('.').to_owned(),
            reason.advice().to_owned(),
            None,
            Retry::Later,
        ),
    };
    Trouble {
        what: format!("cannot resume replication of VM {}", watch.leg.vm_name),
        place: asked.unwrap_or(primary).to_owned(),
        why: if asked.is_some() { format!("{primary} was not seen, and may be this host: {why}") } else { why },
        next,
        code: number,
        retry,
    }
}

/// Why an end or how it is set up is not seen, if it is not for lack of asking.
fn unseen(watch: &LegWatch) -> Option<&Problem> {
    [&watch.leg.sender, &watch.leg.receiver].into_iter().find_map(|end| match end {
        End::NotSeen(end) => match &end.whereabouts {
            Whereabouts::GaveUp { problem, .. } | Whereabouts::Unreadable { problem, .. } => Some(problem),
            Whereabouts::NotAsked | Whereabouts::NotYet { .. } | Whereabouts::WithoutIt { .. } => None,
        },
        End::Seen(end) => end.object.settings.problem(),
    })
}

/// The events that a finished pass records: one per leg that ended in a way worth a record, then the sums.
pub(crate) fn events(report: &Report) -> Vec<Event> {
    let mut events: Vec<Event> =
        if report.dry_run { Vec::new() } else { report.legs.iter().filter_map(leg_event).collect() };
    let not_ours = report.legs.iter().filter(|leg| leg.reason == Reason::SenderNotAsked).count();
    if not_ours > 0 {
        events.push(Event::NotOurs { count: not_ours });
    }
    events.push(Event::Finished { summary: summary(report) });
    events
}

fn leg_event(leg: &LegReport) -> Option<Event> {
    let info = || LegInfo {
        id: leg.id,
        vm: leg.vm.clone(),
        primary: leg.primary.clone().unwrap_or_else(|| "an unknown host".to_owned()),
    };
    match leg.result {
        LegResult::Failed => {
            let cause = leg.error.as_ref().map_or_else(String::new, |e| match &e.code {
                Some(code) => format!("{} ({code})", e.why),
                None => e.why.clone(),
            });
            Some(Event::ResumeFailed { leg: info(), cause, primary_read: leg.before.is_some() })
        }
        LegResult::Resumed => Some(Event::Resumed { leg: info(), without_evidence: leg.without_evidence }),
        LegResult::NeedsPerson => Some(Event::NeedsPerson { leg: info(), why: leg.detail.clone() }),
        LegResult::Healthy | LegResult::Left | LegResult::Waiting | LegResult::Stale | LegResult::Skipped => None,
    }
}

/// The pass in one sentence: what is unprotected, or that nothing is.
pub(crate) fn summary(report: &Report) -> String {
    let count = |wanted: LegResult| report.legs.iter().filter(|leg| leg.result == wanted).count();
    let not_ready = report.hosts.iter().filter(|host| !host.ready).count();
    let unprotected = report.unprotected().count();
    let hosts = match not_ready {
        0 => String::new(),
        n => format!(" {n} of {} hosts did not become ready.", report.hosts.len()),
    };
    let legs = match (report.legs.len(), unprotected) {
        (0, _) => "No replicated VM was seen.".to_owned(),
        (n, 0) if report.dry_run => {
            let planned = report.legs.iter().filter(|leg| leg.action == Action::Resume).count();
            format!("Dry run, nothing was done: of {n} replication relationships {planned} would be resumed.")
        }
        (n, 0) => format!("All {n} replication relationships are as they should be."),
        (n, u) => format!("{u} of {n} replication relationships should run and do not."),
    };
    format!(
        "{legs}{hosts} Resumed {}, healthy {}, left alone {}.",
        count(LegResult::Resumed),
        count(LegResult::Healthy),
        count(LegResult::Left)
    )
}

pub(crate) fn outcome(hosts: &[HostReport], legs: &[LegReport], dry_run: bool, all_denied: bool) -> PassOutcome {
    if all_denied {
        return PassOutcome::Failed;
    }
    if !hosts.iter().any(|host| host.ready) {
        return PassOutcome::NotReady;
    }
    let host_missing = hosts.iter().any(|host| !host.ready || host.error.is_some());
    let leg_missing = legs.iter().any(|leg| leg.wanted && !leg.runs(dry_run));
    if host_missing || leg_missing { PassOutcome::Partial } else { PassOutcome::Ok }
}
