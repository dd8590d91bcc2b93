//! Sentences about legs and about a pass as a whole.

use std::fmt::Write as _;

use reprise_engine::{Finding, HoldState, LegReport, Summary};

use super::error::number;
use super::hold;

/// Why something was or was not done with a leg.
pub(crate) fn detail(leg: &LegReport) -> String {
    let mut text = leg.reason.meaning().to_owned();
    for finding in &leg.findings {
        let _infallible = match finding {
            Finding::BothPrimary { first, second } => {
                let first = first.as_deref().unwrap_or("an unknown host");
                write!(text, " The hosts are {first} and {second}.")
            }
            Finding::OtherPrimaryNamed { host } => {
                write!(text, " Its replica names {host} as its primary: the VM has moved, or one of the two is wrong.")
            }
            Finding::LogUnread => write!(text, " (evidence: not readable)"),
            Finding::FailedOverBefore => {
                write!(text, " It still has the mark of an earlier failover (FailedOverReplicationType).")
            }
            Finding::Leftover { host } => {
                write!(text, " {host} holds another replica of this VM, which its primary does not name.")
            }
            Finding::AnswerLost => {
                write!(text, " The response to our own resume was lost, so our resume may have taken effect.")
            }
            Finding::Refused(refusal) => {
                let code = refusal.code.map_or_else(String::new, |code| format!(" ({})", number(code)));
                write!(text, " The host reported: {}{code}.", refusal.why)
            }
        };
    }
    text
}

/// The pass: what is unprotected, or that nothing is.
pub(crate) fn summary(sums: &Summary) -> String {
    let hosts = match sums.hosts_not_ready {
        0 => String::new(),
        n => format!(" {n} of {} hosts did not become ready.", sums.hosts),
    };
    let legs = match (sums.legs, sums.unprotected) {
        (0, _) => "No replicated VM was seen.".to_owned(),
        (n, 0) if sums.dry_run => {
            let planned = sums.planned;
            format!("Dry run, nothing was changed: {planned} of {n} replication relationships would be resumed.")
        }
        (n, 0) => format!("All {n} replication relationships are as they should be."),
        (n, unprotected) => format!("{unprotected} of {n} replication relationships should replicate but do not."),
    };
    let mut unclear = String::new();
    if let Some(ambiguous) = &sums.ambiguous {
        let _infallible = write!(unclear, " {}: {}.", hold::which(ambiguous), hold::candidates(ambiguous).join("; "));
    }
    for trouble in &sums.holds {
        let called = hold::called(&trouble.hold);
        let _infallible = match trouble.state {
            HoldState::Unmatched { stops: true } => {
                write!(unclear, " Nothing matches {called}, so nothing was resumed.")
            }
            HoldState::Unmatched { stops: false } => write!(unclear, " Nothing that was seen matches {called}."),
            HoldState::Ended => write!(unclear, " The time of {called} is over."),
        };
    }
    format!("{legs}{hosts}{unclear} Resumed {}, healthy {}, left alone {}.", sums.resumed, sums.healthy, sums.left)
}
