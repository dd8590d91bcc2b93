//! A report as it may be printed on a terminal. The table is made from this alone, so no text of a host can act on the
//! terminal, pretend to be a row, or hide.

use reprise_engine::goal::Report;
use reprise_engine::{
    Ambiguous, Candidate, Cause, Failure, Finding, HoldTrouble, HostReport, HostTrouble, LegReport, LegTrouble, Lost,
    NotReady, Service,
};
use reprise_model::{Problem, Refusal, ServiceState};

use super::label::{printable, printable_name};

/// A report in which every text that a host, a configuration or the command line gave is printable.
///
/// INVARIANT: made by [`Self::of`] alone, which names every field, so that a new one cannot be forgotten.
pub(crate) struct Screened(Report);

impl Screened {
    /// Makes every text of a report printable.
    pub(crate) fn of(report: &Report) -> Self {
        let Report { outcome, dry_run, interrupted, started, elapsed, hosts, legs, holds, ambiguous } = report;
        Self(Report {
            outcome: *outcome,
            dry_run: *dry_run,
            interrupted: *interrupted,
            started: *started,
            elapsed: *elapsed,
            hosts: hosts.iter().map(host).collect(),
            legs: legs.iter().map(leg).collect(),
            holds: holds.iter().map(hold).collect(),
            ambiguous: ambiguous.as_ref().map(several),
        })
    }

    /// The report.
    pub(crate) fn report(&self) -> &Report {
        &self.0
    }
}

fn name(name: Option<&String>) -> Option<String> {
    name.map(|name| printable_name(name))
}

fn host(host: &HostReport) -> HostReport {
    let HostReport { id, key, name, ready, ready_after, trouble, hidden, empty } = host;
    HostReport {
        id: *id,
        key: key.clone(),
        name: printable_name(name),
        ready: *ready,
        ready_after: *ready_after,
        trouble: trouble.as_ref().map(host_trouble),
        hidden: hidden.as_ref().map(problem),
        empty: empty.as_ref().map(problem),
    }
}

fn host_trouble(trouble: &HostTrouble) -> HostTrouble {
    match trouble {
        HostTrouble::NotReady(why) => HostTrouble::NotReady(not_ready(why)),
        HostTrouble::Lost(why) => HostTrouble::Lost(lost(why)),
        HostTrouble::Unreadable { rows, first } => HostTrouble::Unreadable { rows: *rows, first: problem(first) },
        HostTrouble::SameName { other } => HostTrouble::SameName { other: printable_name(other) },
        HostTrouble::NameGiven { said, other } => {
            HostTrouble::NameGiven { said: printable_name(said), other: printable_name(other) }
        }
        HostTrouble::UnlikeTwin { other } => HostTrouble::UnlikeTwin { other: printable_name(other) },
    }
}

fn not_ready(why: &NotReady) -> NotReady {
    let NotReady { problem: why, service } = why;
    NotReady { problem: problem(why), service: service.as_ref().map(said_of_vmms) }
}

fn lost(lost: &Lost) -> Lost {
    let Lost { since, why } = lost;
    Lost { since: *since, why: not_ready(why) }
}

fn said_of_vmms(service: &Service) -> Service {
    match service {
        Service::Known(ServiceState::Other(word)) => Service::Known(ServiceState::Other(printable(word))),
        Service::Known(state) => Service::Known(state.clone()),
        Service::Unseen => Service::Unseen,
    }
}

fn problem(problem: &Problem) -> Problem {
    let Problem { what, why, kind, code, remedy } = problem;
    Problem { what: printable(what), why: printable(why), kind: *kind, code: *code, remedy: *remedy }
}

fn refusal(refusal: &Refusal) -> Refusal {
    let Refusal { code, why, advice, transient } = refusal;
    Refusal { code: *code, why: printable(why), advice, transient: *transient }
}

fn leg(leg: &LegReport) -> LegReport {
    let LegReport {
        id,
        vm,
        primary,
        replica,
        second_primary,
        before,
        after,
        wanted,
        action,
        reason,
        findings,
        last_failure,
        auto_resync,
        result,
        confirmed,
        without_evidence,
        attempts,
        elapsed,
        trouble,
    } = leg;
    LegReport {
        id: *id,
        vm: printable_name(vm),
        primary: name(primary.as_ref()),
        replica: name(replica.as_ref()),
        second_primary: name(second_primary.as_ref()),
        before: *before,
        after: *after,
        wanted: *wanted,
        action: *action,
        reason: *reason,
        findings: findings.iter().map(finding).collect(),
        last_failure: *last_failure,
        auto_resync: *auto_resync,
        result: *result,
        confirmed: *confirmed,
        without_evidence: *without_evidence,
        attempts: *attempts,
        elapsed: *elapsed,
        trouble: trouble.as_ref().map(leg_trouble),
    }
}

fn leg_trouble(trouble: &LegTrouble) -> LegTrouble {
    let LegTrouble { host, may_be, stopped_again, cause } = trouble;
    let cause = match cause {
        Cause::Failed(failure) => Cause::Failed(failed(failure)),
        Cause::Unfinished => Cause::Unfinished,
        Cause::Interrupted => Cause::Interrupted,
        Cause::Lost(why) => Cause::Lost(lost(why)),
        Cause::Unseen(why) => Cause::Unseen(problem(why)),
        Cause::Reason => Cause::Reason,
    };
    LegTrouble { host: name(host.as_ref()), may_be: name(may_be.as_ref()), stopped_again: *stopped_again, cause }
}

fn failed(failure: &Failure) -> Failure {
    match failure {
        Failure::Refused(why) => Failure::Refused(refusal(why)),
        Failure::NotDone(why) => Failure::NotDone(problem(why)),
        Failure::Unclear(why) => Failure::Unclear(problem(why)),
        Failure::WithoutEffect => Failure::WithoutEffect,
        Failure::StoppedAgain => Failure::StoppedAgain,
        Failure::Changed { found } => Failure::Changed { found: printable(found) },
        Failure::Guarded(rule) => Failure::Guarded(rule),
        Failure::NotRead => Failure::NotRead,
    }
}

fn finding(finding: &Finding) -> Finding {
    match finding {
        Finding::BothPrimary { first, second, running } => Finding::BothPrimary {
            first: name(first.as_ref()),
            second: printable_name(second),
            running: running.iter().map(|host| printable_name(host)).collect(),
        },
        Finding::OtherPrimaryNamed { host } => Finding::OtherPrimaryNamed { host: printable_name(host) },
        Finding::LogUnread => Finding::LogUnread,
        Finding::FailedOverBefore => Finding::FailedOverBefore,
        Finding::Leftover { host } => Finding::Leftover { host: printable_name(host) },
        Finding::AnswerLost => Finding::AnswerLost,
        Finding::Refused(why) => Finding::Refused(refusal(why)),
    }
}

fn hold(trouble: &HoldTrouble) -> HoldTrouble {
    // What a person wrote is printed by `error::of_hold`, which makes it printable.
    trouble.clone()
}

fn several(ambiguous: &Ambiguous) -> Ambiguous {
    let Ambiguous { name: given, candidates } = ambiguous;
    let candidate = |candidate: &Candidate| {
        let Candidate { vm, name: own, routes } = candidate;
        let route =
            |(primary, replica): &(Option<String>, Option<String>)| (name(primary.as_ref()), name(replica.as_ref()));
        Candidate { vm: *vm, name: printable_name(own), routes: routes.iter().map(route).collect() }
    };
    Ambiguous { name: printable_name(given), candidates: candidates.iter().map(candidate).collect() }
}
