//! Sentences about legs and about a pass as a whole.

use std::fmt::Write as _;

use reprise_engine::{Finding, HoldState, LegReport, Summary};

use reprise_model::Reason;

use super::advice;
use super::hold;
use super::number::number;
use super::part;

const RELATIONSHIP: &str = "replication relationship";

/// Why something was or was not done with a leg.
pub(crate) fn detail(leg: &LegReport) -> String {
    let mut text = leg.reason.meaning().to_owned();
    for finding in &leg.findings {
        let _infallible = match finding {
            Finding::BothPrimary { first, second, running } => {
                let first = first.as_deref().unwrap_or("an unknown host");
                let runs = match running.as_slice() {
                    [] => "on neither of them".to_owned(),
                    [one] => format!("on {one}"),
                    _ => "on both".to_owned(),
                };
                write!(text, " The hosts are {first} and {second}; the VM runs {runs}.")
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
            Finding::AnswerLost if leg.reason == Reason::ResumeAnswerLost => Ok(()),
            Finding::AnswerLost => {
                write!(text, " The response to our own resume was lost, so our resume may have taken effect.")
            }
            Finding::Refused(refusal) => {
                let code = refusal.code.map_or_else(String::new, |code| format!(" ({})", number(code)));
                write!(text, " The host reported: {}{code}.", refusal.why)
            }
        };
    }
    if let Some(code) = advice::last_failure(leg) {
        let _infallible = write!(text, " The last event 32022 says: {}.", advice::in_words(code));
    }
    text
}

/// That the run was interrupted, and what it leaves open.
pub(crate) fn interruption(sums: &Summary) -> Option<String> {
    let legs = |count: usize| if count == 1 { "1 relationship".to_owned() } else { format!("{count} relationships") };
    let text = match (sums.not_seen, sums.not_reached) {
        (0, 0) if sums.hosts_not_ready > 0 => "Interrupted before the hosts were ready.".to_owned(),
        (0, 0) => "Interrupted while only newer data was awaited.".to_owned(),
        (0, more) => format!("Interrupted with {} still to do.", legs(more)),
        (seen, 0) => format!("Interrupted before the result was seen for {}.", legs(seen)),
        (seen, more) => format!("Interrupted before the result was seen for {}, with {more} still to do.", legs(seen)),
    };
    sums.interrupted.then_some(text)
}

/// The pass: what is unprotected, or that nothing is.
pub(crate) fn summary(sums: &Summary) -> String {
    if sums.refused {
        return format!("Nothing was done.{}", unclear(sums));
    }
    let hosts = match sums.hosts_not_ready {
        0 => String::new(),
        n => format!(" {n} of {} hosts did not become ready.", sums.hosts),
    };
    let unclear_hosts = match sums.hosts_unclear {
        0 => String::new(),
        1 => " Of 1 host it is not clear which it is.".to_owned(),
        n => format!(" Of {n} hosts it is not clear which they are."),
    };
    let may_load = match sums.hosts_may_load {
        0 => String::new(),
        1 => " 1 host shows no replicated VM and may still be loading them.".to_owned(),
        n => format!(" {n} hosts show no replicated VM and may still be loading them."),
    };
    let legs = match (sums.legs, sums.unprotected) {
        (0, _) => "No replicated VM was seen.".to_owned(),
        (1, 0) if sums.dry_run && sums.planned == 0 => {
            "Dry run, nothing was changed: nothing would be resumed.".to_owned()
        }
        (n, 0) if sums.dry_run => {
            let which = part(sums.planned, n, RELATIONSHIP);
            format!("Dry run, nothing was changed: {which} would be resumed.")
        }
        (1, 0) if sums.wanted == 0 => {
            "1 replication relationship was seen, and Reprise is not to protect it.".to_owned()
        }
        (n, 0) if sums.wanted == 0 => {
            format!("{n} replication relationships were seen, and Reprise is to protect none of them.")
        }
        (_, 0) if sums.wanted == 1 => "The only replication relationship that should replicate does.".to_owned(),
        (_, 0) => format!("All {} replication relationships that should replicate do.", sums.wanted),
        (_, 1) if sums.wanted == 1 => "The only replication relationship that should replicate does not.".to_owned(),
        (_, unprotected) => {
            format!("{unprotected} of {} replication relationships that should replicate do not.", sums.wanted)
        }
    };
    let interrupted = interruption(sums).map_or_else(String::new, |text| format!("{text} "));
    let unclear = unclear(sums);
    let Summary { resumed, confirmed, healthy, left, .. } = sums;
    format!(
        "{interrupted}{legs}{hosts}{unclear_hosts}{may_load}{unclear} Resumed {resumed} (confirmed by newer data: {confirmed}), healthy {healthy}, left alone {left}."
    )
}

/// What a name or a hold left unclear.
fn unclear(sums: &Summary) -> String {
    let mut unclear = String::new();
    if let Some(ambiguous) = &sums.ambiguous {
        let which = hold::which(ambiguous).replacen("cannot", "Cannot", 1);
        let _infallible = write!(unclear, " {which}: {}.", hold::candidates(ambiguous).join("; "));
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
    unclear
}
