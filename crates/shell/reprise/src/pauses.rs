//! The pauses that Reprise made itself: from the notes on disk to the marks that the engine reads, and back.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::judge::FactValue;
use reprise_engine::{Judgement, LegReport, Side};
use reprise_model::{HostTime, LegId, LegKind, MarkKind, PauseMark};
use reprise_platform::paths;
use reprise_platform::pauses::{Found, PauseNote, PauseNotes, PauseOf};
use reprise_platform::this_account;

use crate::console::notice;
use crate::usage::Usage;

/// What to do where notes cannot be read or written.
const NEXT: &str =
    "use an account that may read and write there, or name another folder in STATE_DIRECTORY, for `reprise run` too";

/// What is sent while a pause is under way arrives at most this long after the look before it.
pub(crate) const UNDER_WAY_MAX: Duration = Duration::from_mins(10);

/// The notes of this computer.
pub(crate) fn here() -> PauseNotes {
    PauseNotes::in_state(&paths::state_dir(paths::of_this_process))
}

/// The marks that the notes make. One that cannot be read counts as a person's: in doubt their word stands.
pub(crate) fn marks() -> Result<BTreeMap<LegId, PauseMark>, Usage> {
    let notes = here();
    let found = notes.read().map_err(|error| {
        let what = format!("cannot read which pauses were made on purpose, in {}", notes.folder().display());
        Usage::new(what, error.to_string(), NEXT)
    })?;
    for (PauseOf { vm_id, leg }, found) in &found {
        if let Found::Damaged(error) = found {
            notice(&format!(
                "the note of a pause of VM {vm_id} ({leg}) in {} cannot be read: {error}. A pause of this VM is left alone; \
                 `reprise resume {vm_id}` ends that",
                notes.folder().display()
            ));
        }
    }
    Ok(found.into_iter().filter_map(mark).collect())
}

/// The same, in silence; `None` if they cannot be read.
pub(crate) fn marks_now() -> Option<BTreeMap<LegId, PauseMark>> {
    Some(here().read().ok()?.into_iter().filter_map(mark).collect())
}

fn mark((of, found): (PauseOf, Found)) -> Option<(LegId, PauseMark)> {
    let mark = match found {
        Found::Whole(PauseNote { drill, until_ms, .. }) => {
            let kind = if drill { MarkKind::Drill } else { MarkKind::Meant };
            PauseMark { kind, until: until_ms.map(HostTime) }
        }
        Found::Damaged(_) => PauseMark { kind: MarkKind::Meant, until: None },
    };
    Some((leg_of(&of)?, mark))
}

/// Writes the note of a pause.
pub(crate) fn keep(leg: LegId, note: &PauseNote) -> Result<(), Usage> {
    here().write(&of(leg), note).map_err(|error| not_kept(&error))
}

fn not_kept(error: &io::Error) -> Usage {
    let what = format!("cannot write a note of the pause in {}", here().folder().display());
    Usage::new(what, format!("{error}; without it nobody would know later why the VM is paused"), NEXT)
}

/// Removes the note of a pause that is over.
pub(crate) fn forget(leg: LegId) {
    let notes = here();
    if let Err(error) = notes.remove(&of(leg)) {
        let folder = notes.folder().display();
        notice(&format!("the note of a pause that is over could not be removed from {folder}: {error}"));
    }
}

/// The notes that can be read.
pub(crate) fn notes() -> BTreeMap<LegId, PauseNote> {
    let whole = |(of, found): (PauseOf, Found)| match found {
        Found::Whole(note) => Some((leg_of(&of)?, note)),
        Found::Damaged(_) => None,
    };
    here().read().unwrap_or_default().into_iter().filter_map(whole).collect()
}

/// The file of a note as it is, damaged or not.
pub(crate) fn kept(leg: LegId) -> Option<Vec<u8>> {
    here().read_file(&of(leg)).ok().flatten()
}

/// Puts the file back that was there before, or removes the present one if none was.
pub(crate) fn restore(leg: LegId, earlier: Option<Vec<u8>>) -> Result<(), Usage> {
    let Some(file) = earlier else {
        forget(leg);
        return Ok(());
    };
    here().write_file(&of(leg), &file).map_err(|error| not_kept(&error))
}

/// The note that a pause of this leg has, if it can be read.
pub(crate) fn noted(leg: LegId) -> Option<PauseNote> {
    notes().remove(&leg)
}

/// Removes the notes of pauses that are over, by what a run has seen at its end. What was noted since it began stands.
pub(crate) fn forget_those_over(report: &Report) {
    let began = jiff::Timestamp::from_millisecond(report.started.0).unwrap_or_default();
    let notes = notes();
    let is_old = |leg: &LegReport| notes.get(&leg.id).is_some_and(|note| note.at < began);
    for leg in report.legs.iter().filter(|leg| runs(leg) && is_old(leg)) {
        forget(leg.id);
    }
}

fn runs(leg: &LegReport) -> bool {
    use reprise_model::ReplicationState as S;
    matches!(leg.after, Some(S::Replicating | S::InitialReplicationInProgress | S::Resynchronizing))
}

/// The note of a person's pause, after which nothing arrives but for this long after the latest look.
pub(crate) fn note(
    leg: &LegReport,
    judgement: Option<&Judgement>,
    reason: Option<String>,
    after: Duration,
) -> PauseNote {
    let clock = judgement.and_then(sender_clock);
    let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    PauseNote {
        drill: false,
        vm: leg.vm.clone(),
        primary: leg.primary.clone().unwrap_or_default(),
        by: this_account(),
        reason,
        at: jiff::Timestamp::now(),
        until_ms: clock.map(|HostTime(clock)| clock.saturating_add(after)),
    }
}

/// The clock of the host that sends, as a judgement's look showed it.
fn sender_clock(judgement: &Judgement) -> Option<HostTime> {
    let clock = |value: &FactValue| if let FactValue::Clock(Side::Sender, clock) = value { Some(*clock) } else { None };
    judgement.facts.iter().find_map(|fact| clock(&fact.value))
}

fn of(leg: LegId) -> PauseOf {
    PauseOf { vm_id: leg.vm.to_string(), leg: leg.kind.to_string() }
}

fn leg_of(of: &PauseOf) -> Option<LegId> {
    let kind = [LegKind::Simple, LegKind::Extended].into_iter().find(|kind| kind.to_string() == of.leg)?;
    Some(LegId { vm: of.vm_id.parse().ok()?, kind })
}
