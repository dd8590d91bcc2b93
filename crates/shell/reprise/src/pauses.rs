//! The pauses that Reprise made itself: from the notes on disk to the marks that the engine reads, and back.

use std::collections::BTreeMap;
use std::time::Duration;

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
    let mark = |(of, found): (PauseOf, Found)| {
        let leg = leg_of(&of)?;
        let mark = match found {
            Found::Whole(PauseNote { drill, until_ms, .. }) => {
                let kind = if drill { MarkKind::Drill } else { MarkKind::Meant };
                PauseMark { kind, until: until_ms.map(HostTime) }
            }
            Found::Damaged(error) => {
                let PauseOf { vm_id, leg } = &of;
                notice(&format!(
                    "the note of a pause of VM {vm_id} ({leg}) in {} cannot be read: {error}. A pause of this VM is left \
                     alone; `reprise resume {vm_id}` ends that",
                    notes.folder().display()
                ));
                PauseMark { kind: MarkKind::Meant, until: None }
            }
        };
        Some((leg, mark))
    };
    Ok(found.into_iter().filter_map(mark).collect())
}

/// Writes the note of a pause.
pub(crate) fn keep(leg: LegId, note: &PauseNote) -> Result<(), Usage> {
    let notes = here();
    notes.write(&of(leg), note).map_err(|error| {
        let what = format!("cannot note in {} that the pause is meant", notes.folder().display());
        Usage::new(what, format!("{error}; without the note `reprise run` could resume it"), NEXT)
    })
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

/// Puts the note back that was there before, or removes the present one if none was.
pub(crate) fn restore(leg: LegId, earlier: Option<PauseNote>) -> Result<(), Usage> {
    if let Some(note) = earlier {
        return keep(leg, &note);
    }
    forget(leg);
    Ok(())
}

/// The note that a pause of this leg has already, if it can be read.
pub(crate) fn noted(leg: LegId) -> Option<PauseNote> {
    notes().remove(&leg)
}

/// Removes the notes of these pauses that are over, by what a run has seen at its end.
pub(crate) fn forget_those_over(marks: &BTreeMap<LegId, PauseMark>, legs: &[LegReport]) {
    for leg in legs.iter().filter(|leg| marks.contains_key(&leg.id) && runs(leg)) {
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
