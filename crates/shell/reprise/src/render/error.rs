//! Renders errors for people: what failed, where, why, and what to do next.

use reprise_engine::{Cause, Failure, HostReport, HostTrouble, LegReport, Lost, NotReady, Service};
use reprise_model::{Problem, Reason, Remedy, Retry, ServiceState};
use serde::Serialize;

use super::advice;
use super::case::clause;
use super::number::number;

/// An error. Its fields are those of every JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Error {
    /// What failed.
    pub(crate) what: String,
    /// Where.
    #[serde(rename = "where")]
    pub(crate) place: String,
    /// Why.
    pub(crate) why: String,
    /// What next.
    pub(crate) next: String,
    /// The host's own number, as people look it up.
    pub(crate) code: Option<String>,
    /// When it may be tried again.
    #[serde(serialize_with = "retry_word")]
    pub(crate) retry: Retry,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn retry_word<S: serde::Serializer>(retry: &Retry, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match retry {
        Retry::Now => "now",
        Retry::Later => "later",
        Retry::Never => "never",
    })
}

impl Error {
    /// The error in lines, for a terminal.
    pub(crate) fn block(&self) -> String {
        let Self { what, place, why, next, code, retry: _ } = self;
        let code = code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
        format!("{what} on {place}\n  why:  {why}{code}\n  next: {next}")
    }

    /// The error for a problem at `place`.
    pub(crate) fn of(problem: &Problem, place: &str) -> Self {
        Self {
            what: format!("cannot {}", problem.what),
            place: place.to_owned(),
            why: problem.why.clone(),
            next: problem.advice().to_owned(),
            code: problem.code.map(number),
            retry: problem.retry(),
        }
    }
}

/// What is wrong with a host.
pub(crate) fn of_host(host: &HostReport) -> Option<Error> {
    Some(match host.trouble.as_ref()? {
        HostTrouble::NotReady(why) => not_ready(why, &host.name),
        HostTrouble::Lost(lost) => Error { why: since(lost), ..not_ready(&lost.why, &host.name) },
        HostTrouble::Unreadable { rows, first } => {
            let error = Error::of(first, &host.name);
            Error { what: format!("{} ({rows} rows of this host could not be read)", error.what), ..error }
        }
        HostTrouble::SameName { other } => Error {
            what: "cannot tell two hosts apart".to_owned(),
            place: host.name.clone(),
            why: format!(
                "the host at {other} has the same name, and nothing shows that both are one host: they booted at different times, or one of them does not report its boot time"
            ),
            next: "rename one of them; until then, run `reprise run` for each of them separately".to_owned(),
            code: None,
            retry: Retry::Never,
        },
        HostTrouble::NameGiven { said, other } => Error {
            what: "cannot tell which host responds".to_owned(),
            place: host.name.clone(),
            why: format!(
                "it calls itself {said}, but a URL or the configuration gives that name to another host ({other}); nothing was done for the VMs that it shows"
            ),
            next: Remedy::NameHosts.text().to_owned(),
            code: None,
            retry: Retry::Never,
        },
        HostTrouble::UnlikeTwin { other } => Error {
            what: "cannot tell two hosts apart".to_owned(),
            place: host.name.clone(),
            why: format!("the host at {other} has the same name and boot time, but shows other replicated VMs"),
            next: "check which machine responds at each address; until both show the same VMs, name only one of them"
                .to_owned(),
            code: None,
            retry: Retry::Never,
        },
    })
}

/// The error for what cannot be seen on a host that is ready: what this account may not see there, or VMs that it may still be
/// loading.
pub(crate) fn hidden_by(host: &HostReport) -> Option<Error> {
    host.hidden.as_ref().or(host.empty.as_ref()).map(|problem| Error::of(problem, &host.name))
}

/// Since when a host has not answered, and why.
fn since(lost: &Lost) -> String {
    format!("it was ready, and has not answered since {}: {}", super::time(lost.since), lost.why.problem.why)
}

fn not_ready(why: &NotReady, host: &str) -> Error {
    let error = Error::of(&why.problem, host);
    match why.service.as_ref().map(service) {
        Some(service) => Error { why: format!("{} ({service})", error.why), ..error },
        None => error,
    }
}

fn service(service: &Service) -> &'static str {
    match service {
        Service::Known(ServiceState::Running) => "the service vmms is running",
        Service::Known(ServiceState::Starting) => "the service vmms is starting",
        Service::Known(ServiceState::Stopping) => "the service vmms is stopping",
        Service::Known(ServiceState::Stopped) => "the service vmms is stopped",
        Service::Known(ServiceState::Other(_)) => "the service vmms is in another state",
        Service::Unseen => "cannot see services",
    }
}

/// Why a leg that should replicate does not.
pub(crate) fn of_leg(leg: &LegReport) -> Option<Error> {
    let trouble = leg.trouble.as_ref()?;
    let place = trouble.host.as_deref().or(leg.primary.as_deref()).unwrap_or("an unknown host");
    let why = if trouble.cause == Cause::Unfinished && leg.reason == Reason::ResumeNotEnded {
        not_ended(leg)
    } else {
        why(&trouble.cause, leg.reason)
    };
    let why = if trouble.stopped_again && leg.reason != Reason::StoppedAgain {
        format!("it was resumed and stopped again before newer data arrived; after that: {why}")
    } else {
        why
    };
    // A host that has never reported its name is identified by its address.
    let why = match &trouble.may_be {
        Some(name) => format!("{name} was not seen, and may be this host: {why}"),
        None => why,
    };
    Some(Error {
        what: match trouble.cause {
            Cause::Interrupted => format!("did not finish with replication of VM {}", leg.vm),
            Cause::Unfinished if leg.reason == Reason::ResumeNotEnded => {
                format!("did not see the end of the resume of VM {}", leg.vm)
            }
            Cause::Failed(_) | Cause::Unfinished | Cause::Lost(_) | Cause::Unseen(_) | Cause::Reason => {
                format!("cannot resume replication of VM {}", leg.vm)
            }
        },
        place: place.to_owned(),
        why,
        next: clause(&advice::of_leg(leg).unwrap_or_default()),
        code: trouble.cause.code().map(number),
        retry: trouble.cause.retry(),
    })
}

/// What is known of a resume whose end was not seen.
fn not_ended(leg: &LegReport) -> String {
    let asked = "the resume was requested, and its end was not seen before the run's time was up";
    match leg.after {
        Some(state) => format!("{asked}; the state reads {state}, as it may while the resume is under way"),
        None => format!("{asked}; the state was not read again since"),
    }
}

fn why(cause: &Cause, reason: Reason) -> String {
    match cause {
        Cause::Failed(Failure::Refused(refusal)) => refusal.why.clone(),
        Cause::Failed(Failure::NotDone(problem) | Failure::Unclear(problem)) => problem.to_string(),
        Cause::Failed(Failure::Guarded(rule)) => format!("a safety rule refused it: {rule}"),
        Cause::Failed(Failure::Changed { found }) => format!("it was found {found}"),
        Cause::Failed(Failure::NotRead) => {
            "cannot resume replication: its host could not be read afterwards".to_owned()
        }
        Cause::Unfinished => "cannot resume replication: the run ended before the result was known".to_owned(),
        Cause::Lost(lost) => since(lost),
        Cause::Unseen(problem) if reason == Reason::NotReadable => problem.to_string(),
        Cause::Unseen(problem) => problem.why.clone(),
        Cause::Failed(Failure::WithoutEffect | Failure::StoppedAgain) | Cause::Interrupted | Cause::Reason => {
            clause(reason.meaning())
        }
    }
}
