//! What `pause` and `resume` say: one JSON document, or a sentence, or an error.

use std::time::Duration;

use reprise_engine::{Cause, Failure, LegReport, OrderEnd, OrderReport, Side};
use reprise_model::{ActKind, LegId, LegKind, Reason};
use reprise_platform::shell::is_plain;
use serde::Serialize;

use super::case::clause;
use super::error::{self, Error};
use super::label::{printable, printable_name};
use super::number::number;
use super::paragraph;
use super::terminal::Terminal;

/// The document of `pause --json` and `resume --json`. The names are null if the VM was not seen.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    version: u32,
    vm: Option<&'a str>,
    vm_id: Option<String>,
    leg: Option<String>,
    primary: Option<&'a str>,
    replica: Option<&'a str>,
    before: Option<String>,
    after: Option<String>,
    result: &'static str,
    reason: Option<&'static str>,
    detail: Option<String>,
    error: Option<Error>,
    elapsed_ms: u64,
}

/// The document for an order.
pub(crate) fn document(order: &OrderReport) -> Document<'_> {
    let OrderReport { leg, elapsed, .. } = order;
    Document {
        version: 1,
        vm: Some(&leg.vm),
        vm_id: Some(leg.id.vm.to_string()),
        leg: Some(leg.id.kind.to_string()),
        primary: leg.primary.as_deref(),
        replica: leg.replica.as_deref(),
        before: leg.before.map(|state| state.to_string()),
        after: leg.after.map(|state| state.to_string()),
        result: result(&order.end),
        reason: Some(reason(order).code()),
        detail: Some(detail(order)),
        error: error(order),
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The document for an order whose VM could not be looked for, since no host was seen.
pub(crate) fn blind(error: Option<Error>, elapsed: Duration) -> Document<'static> {
    Document {
        version: 1,
        vm: None,
        vm_id: None,
        leg: None,
        primary: None,
        replica: None,
        before: None,
        after: None,
        result: "failed",
        reason: None,
        detail: None,
        error,
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The word for how an order ended.
fn result(end: &OrderEnd) -> &'static str {
    match end {
        OrderEnd::Done => "done",
        OrderEnd::AlreadySo(_) => "nothing_to_do",
        OrderEnd::Refused(_) => "refused",
        OrderEnd::NotPossible(_) | OrderEnd::Failed(..) => "failed",
    }
}

fn reason(order: &OrderReport) -> Reason {
    order.end.reason(order.kind)
}

/// What came of it, as a sentence.
pub(crate) fn detail(order: &OrderReport) -> String {
    match (&order.end, order.kind) {
        (OrderEnd::Done, ActKind::Pause) => format!("Replication was paused. {}", stays(order)),
        (OrderEnd::AlreadySo(_), ActKind::Pause) => format!("Replication was paused already. {}", stays(order)),
        (OrderEnd::Done, ActKind::Resume) => format!("Replication was resumed; its state is {}.", state(&order.leg)),
        (OrderEnd::AlreadySo(_), ActKind::Resume) => {
            format!("There is nothing to resume; the state is {}.", state(&order.leg))
        }
        (OrderEnd::Refused(_) | OrderEnd::NotPossible(_) | OrderEnd::Failed(..), _) => {
            meaning(reason(order)).to_owned()
        }
    }
}

/// The command that gives an order for a leg. A name that a shell would take apart is no argument: the VM's GUID stands for it.
pub(crate) fn command(kind: ActKind, LegReport { vm, id, .. }: &LegReport) -> String {
    let vm = if is_plain(vm) { vm.clone() } else { id.vm.to_string() };
    command_for(kind, &vm, id.kind)
}

/// The same for a VM by its GUID.
pub(crate) fn command_by_id(kind: ActKind, id: LegId) -> String {
    command_for(kind, &id.vm.to_string(), id.kind)
}

fn command_for(kind: ActKind, vm: &str, leg: LegKind) -> String {
    let verb = match kind {
        ActKind::Resume => "resume",
        ActKind::Pause => "pause",
    };
    let extended = match leg {
        LegKind::Simple => "",
        LegKind::Extended => " --extended",
    };
    format!("reprise {verb} {vm}{extended}")
}

/// What to do about a pause of an order that failed.
pub(crate) fn may_be_paused(leg: &LegReport) -> String {
    let resume = command(ActKind::Resume, leg);
    format!("the VM may be paused anyway: `reprise run` on this computer leaves that alone until `{resume}`")
}

/// For how long a pause lasts.
fn stays(order: &OrderReport) -> String {
    let resume = command(ActKind::Resume, &order.leg);
    format!("`reprise run` on this computer leaves it alone until `{resume}`.")
}

fn state(leg: &LegReport) -> String {
    leg.after.map_or_else(|| "not known".to_owned(), |state| state.to_string())
}

/// The sentence for people; `None` if there is an error instead.
pub(crate) fn text(order: &OrderReport, terminal: &Terminal) -> Option<String> {
    if error(order).is_some() {
        return None;
    }
    let LegReport { vm, primary, replica, .. } = &order.leg;
    let name = |host: &Option<String>| host.as_deref().map_or_else(|| "?".to_owned(), printable_name);
    let route = format!("{} → {}", name(primary), name(replica));
    Some(paragraph("", &format!("{} ({route}): {}", printable_name(vm), printable(&detail(order))), 2, terminal.width))
}

/// Why it was not done.
pub(crate) fn error(order: &OrderReport) -> Option<Error> {
    let OrderReport { kind, end, leg, .. } = order;
    let cause = match end {
        OrderEnd::Done | OrderEnd::AlreadySo(_) => return None,
        OrderEnd::Failed(_, failure) => Cause::Failed(failure.clone()),
        OrderEnd::Refused(_) | OrderEnd::NotPossible(_) => Cause::Reason,
    };
    let what = format!("cannot {} of VM {}", kind.row().what, leg.vm);
    // What keeps a host from being seen has the same words as in a run.
    if let (OrderEnd::NotPossible(reason), Some(error)) = (end, error::of_leg(leg))
        && *reason == leg.reason
    {
        return Some(Error { what, ..error });
    }
    let host = match end {
        OrderEnd::Failed(Side::Receiver, _) => &leg.replica,
        OrderEnd::Done
        | OrderEnd::AlreadySo(_)
        | OrderEnd::Failed(Side::Sender, _)
        | OrderEnd::Refused(_)
        | OrderEnd::NotPossible(_) => &leg.primary,
    };
    Some(Error {
        what,
        place: host.as_deref().unwrap_or("an unknown host").to_owned(),
        why: why(&cause, reason(order)),
        next: next(order, &cause),
        code: cause.code().map(number),
        retry: cause.retry(),
    })
}

fn why(cause: &Cause, reason: Reason) -> String {
    match cause {
        Cause::Failed(Failure::Refused(refusal)) => refusal.why.clone(),
        Cause::Failed(Failure::NotDone(problem) | Failure::Unclear(problem)) => problem.to_string(),
        Cause::Failed(Failure::Guarded(rule)) => format!("a safety rule refused it: {rule}"),
        Cause::Failed(Failure::Changed { found }) => format!("it changed meanwhile, and is now {found}"),
        Cause::Failed(Failure::NotRead) => "its host could not be read afterwards".to_owned(),
        Cause::Failed(Failure::WithoutEffect | Failure::StoppedAgain)
        | Cause::Unfinished
        | Cause::Lost(_)
        | Cause::Unseen(_)
        | Cause::Interrupted
        | Cause::Reason => clause(meaning(reason)),
    }
}

/// What a person does next. An order is carried out once, so transient errors are for them to retry.
fn next(order: &OrderReport, cause: &Cause) -> String {
    match cause {
        Cause::Failed(Failure::Refused(refusal)) if refusal.transient => {
            format!("{}; then use `{}` again", refusal.advice, command(order.kind, &order.leg))
        }
        Cause::Failed(Failure::Refused(refusal)) => refusal.advice.to_owned(),
        Cause::Failed(Failure::Guarded(_)) => "report this as a bug".to_owned(),
        Cause::Failed(_)
        | Cause::Unfinished
        | Cause::Lost(_)
        | Cause::Unseen(_)
        | Cause::Interrupted
        | Cause::Reason => cause.problem().map_or_else(|| advice(reason(order)), |problem| problem.advice()).to_owned(),
    }
}

/// What a reason means for an order. The table's words are for the repair too, but time and signals end a run there.
fn meaning(reason: Reason) -> &'static str {
    if reason == Reason::OutOfTime {
        "The time was up before this was done."
    } else if reason == Reason::Interrupted {
        "The program was ended before this was done."
    } else {
        reason.meaning()
    }
}

/// The same for what to do next.
fn advice(reason: Reason) -> &'static str {
    if reason == Reason::OutOfTime {
        "Try again, with a longer `--timeout`."
    } else if reason == Reason::Interrupted {
        "Try again."
    } else {
        reason.advice()
    }
}
