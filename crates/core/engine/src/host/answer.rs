//! What the answer of a host says of its readiness: whether it can be trusted, and whether waiting can help.

use reprise_model::{Observation, Problem, ProblemKind, Remedy, Replication};

use crate::status::{NotReady, Service};

pub(super) const WHAT_READY: &str = "see replication become ready";

/// A host's replication, if the observation can be trusted. Without the replication service and the host's own row an
/// empty list means "cannot see".
pub(crate) fn visible(seen: &Observation) -> Result<&Replication, NotReady> {
    let replication = match (seen.replication.seen(), seen.replication.problem()) {
        (Some(replication), _) => replication,
        (None, Some(problem)) => return Err(explained(problem.clone(), seen)),
        (None, None) => {
            let empty = Problem::new(ProblemKind::Malformed, WHAT_READY, "the look came back empty");
            return Err(NotReady::alone(empty.with_remedy(Remedy::ReportBug)));
        }
    };
    if !replication.service {
        return Err(not_there("Msvm_ReplicationService has no instance", seen));
    }
    if !replication.host_row {
        return Err(not_there("Msvm_ComputerSystem does not show the host's own row", seen));
    }
    Ok(replication)
}

fn not_there(why: &str, seen: &Observation) -> NotReady {
    explained(Problem::new(ProblemKind::NotThere, WHAT_READY, why).with_remedy(Remedy::StartVmms), seen)
}

/// Adds what the service says, which explains and never decides.
fn explained(problem: Problem, seen: &Observation) -> NotReady {
    let nobody_asked = matches!(problem.kind, ProblemKind::Unreachable | ProblemKind::Untrusted)
        || problem.remedy == Remedy::CorrectAddress;
    let service = match seen.vmms.seen() {
        Some(state) => Some(Service::Known(state.clone())),
        None if nobody_asked => None,
        None => Some(Service::Unseen),
    };
    NotReady { problem, service }
}

/// Whether a host that fails so is not expected to do better before a person has done something. Asking it again and again
/// may lock an account.
pub(super) fn is_hopeless(kind: ProblemKind) -> bool {
    match kind {
        ProblemKind::Denied | ProblemKind::Untrusted | ProblemKind::Unsupported => true,
        ProblemKind::Unreachable
        | ProblemKind::NotThere
        | ProblemKind::Busy
        | ProblemKind::TimedOut
        | ProblemKind::Refused
        | ProblemKind::Malformed
        | ProblemKind::TooLarge => false,
    }
}

/// Whether waiting cannot help: the login is refused everywhere, the host's certificate is not trusted, Reprise cannot read this
/// kind of host, or it has no Hyper-V.
pub(super) fn never_passes(problem: &Problem, seen: &Observation) -> bool {
    if lacks_hyper_v(problem, seen) {
        return true;
    }
    let denied_everywhere = || seen.problems().all(|p| p.kind == ProblemKind::Denied) && seen.problems().count() == 4;
    is_hopeless(problem.kind) && (problem.kind != ProblemKind::Denied || denied_everywhere())
}

/// Whether neither Hyper-V's namespace nor its service is there. The service alone may be hidden from the account, and a host
/// that has the service may be loading the namespace.
fn lacks_hyper_v(problem: &Problem, seen: &Observation) -> bool {
    let no_service = || seen.vmms.problem().is_some_and(|problem| problem.kind == ProblemKind::NotThere);
    problem.remedy == Remedy::InstallHyperV && no_service()
}
