//! What came of a pass as a whole.

use reprise_model::ProblemKind;

use crate::status::{HostReport, HostTrouble, LegReport};

/// What came of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassOutcome {
    /// Every wanted leg replicates, every host became ready.
    Ok,
    /// A host did not become ready, a wanted leg does not replicate, or a person's word was not clear: the name of an exception
    /// stood for several VMs, or a hold matched nothing although every host was ready.
    Partial,
    /// No host became ready in time.
    NotReady,
    /// The login was refused everywhere.
    Failed,
}

pub(super) fn of(hosts: &[HostReport], legs: &[LegReport], dry_run: bool, is_unclear: bool) -> PassOutcome {
    if !hosts.is_empty() && hosts.iter().all(is_denied) {
        return PassOutcome::Failed;
    }
    // One that was lost after it had become ready was ready in time.
    if !hosts.iter().any(|host| host.ready || host.ready_after.is_some()) {
        return PassOutcome::NotReady;
    }
    let host_missing = hosts.iter().any(|host| !host.ready || host.trouble.is_some());
    let leg_missing = legs.iter().any(|leg| leg.wanted && !leg.runs(dry_run));
    if host_missing || leg_missing || is_unclear { PassOutcome::Partial } else { PassOutcome::Ok }
}

/// Whether the login was refused. An account that is let in and has no rights on Hyper-V is another matter: that host did
/// not become ready.
fn is_denied(host: &HostReport) -> bool {
    match &host.trouble {
        Some(HostTrouble::NotReady(why)) => {
            why.problem.kind == ProblemKind::Denied && !why.problem.remedy.is_about_rights()
        }
        Some(
            HostTrouble::Lost(_)
            | HostTrouble::Unreadable { .. }
            | HostTrouble::SameName { .. }
            | HostTrouble::NameGiven { .. }
            | HostTrouble::UnlikeTwin { .. },
        )
        | None => false,
    }
}
