//! `Msvm_ConcreteJob`: the progress of a state change.

use std::collections::BTreeSet;

use cim::{CimType as T, PropertyError, Row, wql};

use super::select;

pub(crate) const CLASS: &str = "Msvm_ConcreteJob";
pub(crate) const COLUMNS: &[(&str, T)] = &[
    ("InstanceID", T::String),
    ("JobState", T::Uint16),
    ("JobType", T::Uint16),
    ("ErrorCode", T::Uint16),
    ("ErrorDescription", T::String),
    ("ErrorSummaryDescription", T::String),
];

/// The kind of a replication state change.
const STATE_CHANGE: i64 = 96;

/// Returns the query for all state changes of a host. It is the same for every act, so that one reply serves all running acts.
pub(crate) fn state_changes() -> wql::Select {
    select(CLASS, COLUMNS).filter(wql::Condition::equals("JobType", STATE_CHANGE))
}

/// The progress of a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// 2 to 6.
    Running,
    /// 7, 32768.
    Good,
    /// 8, 9: the job was cancelled.
    Cancelled(Complaint),
    /// 10, 11: the job failed.
    Failed(Complaint),
    /// Any other number.
    Unknown(u16),
}

/// What a job that did not succeed says about the cause.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// `ErrorCode`, if there is one: 0 means none.
    pub(crate) code: Option<u32>,
    /// The host's own message.
    pub(crate) words: Option<String>,
}

/// Returns the ids of the running jobs. A job that cannot be read counts as ended, since it gives no information.
pub(crate) fn running(rows: &[Row]) -> BTreeSet<String> {
    let runs = |row: &&Row| row.get::<u16>("JobState").is_ok_and(|state| (2..=6).contains(&state));
    rows.iter().filter(runs).filter_map(|row| row.get("InstanceID").ok()).collect()
}

/// Returns the ids of all jobs, whatever their progress.
pub(crate) fn listed(rows: &[Row]) -> BTreeSet<String> {
    rows.iter().filter_map(|row| row.get("InstanceID").ok()).collect()
}

/// Finds a job by its id; `None` if it is not listed.
pub(crate) fn find(rows: &[Row], id: &str) -> Result<Option<Progress>, PropertyError> {
    let named = |row: &&Row| row.get::<String>("InstanceID").is_ok_and(|own| own.eq_ignore_ascii_case(id));
    let Some(row) = rows.iter().find(named) else { return Ok(None) };
    Ok(Some(match row.get::<u16>("JobState")? {
        2..=6 => Progress::Running,
        7 | 32_768 => Progress::Good,
        8 | 9 => Progress::Cancelled(complaint(row)),
        10 | 11 => Progress::Failed(complaint(row)),
        other => Progress::Unknown(other),
    }))
}

/// Reads the cause. The job has failed even if the cause cannot be read.
fn complaint(row: &Row) -> Complaint {
    let words = |name: &str| row.get_opt::<String>(name).ok().flatten().filter(|words| !words.trim().is_empty());
    Complaint {
        code: row.get_opt::<u32>("ErrorCode").ok().flatten().filter(|code| *code != 0),
        words: words("ErrorDescription").or_else(|| words("ErrorSummaryDescription")),
    }
}
