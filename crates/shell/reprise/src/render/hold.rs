//! Errors about what a person wrote: holds and exceptions that do not do what they may be meant to do.

use reprise_engine::goal::Report;
use reprise_engine::{Ambiguous, Candidate, HoldState, HoldTrouble};
use reprise_model::{Hold, HoldScope, Retry, VmSelector};
use reprise_platform::shell::Shell;

use super::error::Error;
use super::label::{printable, printable_name};

/// Whose errors they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// `run`, which acts, or says what it would do.
    Run,
    /// `status` and `explain`, which only look.
    Look,
}

/// All of a pass, with whether each is why something was not done.
pub(crate) fn errors(report: &Report, of: Of) -> Vec<(bool, Error)> {
    let ambiguous = report.ambiguous.iter().map(|ambiguous| (true, of_ambiguous(ambiguous)));
    ambiguous.chain(report.holds.iter().map(|trouble| (stops(trouble), of_hold(trouble, of)))).collect()
}

/// Whether a hold is the reason why nothing was resumed.
pub(crate) fn stops(trouble: &HoldTrouble) -> bool {
    trouble.state == HoldState::Unmatched { stops: true }
}

/// Whether a hold had no effect, and others were resumed without it.
pub(crate) fn is_passed_over(trouble: &HoldTrouble) -> bool {
    trouble.state == HoldState::Unmatched { stops: false }
}

/// Where it was written.
fn place(hold: &Hold) -> String {
    if hold.only_this_pass { "the command line" } else { "the configuration" }.to_owned()
}

/// A hold in words: `the hold on VM sql-01`.
pub(crate) fn called(hold: &Hold) -> String {
    match (&hold.scope, hold.only_this_pass) {
        (HoldScope::Vm(VmSelector::Name(name)), true) => format!("`--except {}`", Shell::HERE.word(&printable(name))),
        (HoldScope::Vm(VmSelector::Id(id)), true) => format!("`--except {id}`"),
        (HoldScope::Vm(VmSelector::Name(name)), false) => format!("the hold on VM {}", printable_name(name)),
        (HoldScope::Vm(VmSelector::Id(id)), false) => format!("the hold on VM {id}"),
        (HoldScope::Host(name), _) => format!("the hold on host {}", printable_name(name.as_str())),
        (HoldScope::All, _) => "the hold on everything".to_owned(),
    }
}

/// What is wrong with a hold.
pub(crate) fn of_hold(trouble: &HoldTrouble, of: Of) -> Error {
    let HoldTrouble { hold, state } = trouble;
    let unmatched = if matches!(hold.scope, HoldScope::Host(_)) {
        "no asked host and no relationship has that name"
    } else {
        "no asked host has that VM"
    };
    let (why, next) = match (state, of) {
        (HoldState::Unmatched { stops: true }, Of::Run) => (
            format!("{unmatched}, so nothing was resumed: it may be misspelt, and mean a VM that would be resumed"),
            "correct or remove it, then run again; to resume without it, add `--ignore-unmatched-holds`",
        ),
        (HoldState::Unmatched { stops: true }, Of::Look) => (
            format!("{unmatched}, so `reprise run` would resume nothing: it may be misspelt, and mean any of these VMs"),
            "correct or remove it; `reprise run --ignore-unmatched-holds` resumes without it",
        ),
        (HoldState::Unmatched { stops: false }, Of::Run) => (
            "it matches nothing that was seen, so it had no effect: a host that was not seen may have what it names, or it is misspelt, and a VM that it was meant for may have been resumed".to_owned(),
            "check its spelling and the VMs that were resumed; correct or remove it if it is misspelt",
        ),
        (HoldState::Unmatched { stops: false }, Of::Look) => (
            "it matches nothing that was seen, so it has no effect: a host that was not seen may have what it names, or it is misspelt".to_owned(),
            "check its spelling; correct or remove it if it is misspelt",
        ),
        (HoldState::Ended, _) => {
            let at = hold.until.map_or_else(String::new, |until| format!(": it ended at {}", super::time(until)));
            (format!("its time is over, so it has no effect{at}"), "remove it, or give it a later `until`")
        }
    };
    let (place, next) = (place(hold), next.to_owned());
    Error { what: format!("cannot apply {}", called(hold)), place, why, next, code: None, retry: Retry::Never }
}

/// The error for a name in `--except` that several VMs have.
pub(crate) fn of_ambiguous(ambiguous: &Ambiguous) -> Error {
    Error {
        what: which(ambiguous),
        place: "the command line".to_owned(),
        why: format!(
            "`--except` needs a name that only one VM has; this was found after other VMs had been acted on, so all of these were left alone: {}",
            candidates(ambiguous).join("; ")
        ),
        next: "give the GUID of each VM to leave alone".to_owned(),
        code: None,
        retry: Retry::Never,
    }
}

/// What is not known of an ambiguous name.
pub(crate) fn which(ambiguous: &Ambiguous) -> String {
    format!(
        "cannot tell which VM to leave alone: {} have the name {}",
        ambiguous.candidates.len(),
        printable_name(&ambiguous.name)
    )
}

/// Each VM that has an ambiguous name, for people.
pub(crate) fn candidates(ambiguous: &Ambiguous) -> Vec<String> {
    ambiguous.candidates.iter().map(candidate).collect()
}

/// A VM with its relationships, for people.
pub(crate) fn candidate(candidate: &Candidate) -> String {
    let host = |name: &Option<String>| name.as_deref().map_or_else(|| "?".to_owned(), printable_name);
    let route =
        |(primary, replica): &(Option<String>, Option<String>)| format!("{} → {}", host(primary), host(replica));
    let routes: Vec<String> = candidate.routes.iter().map(route).collect();
    format!("{} {} ({})", candidate.vm, printable_name(&candidate.name), routes.join(", "))
}
