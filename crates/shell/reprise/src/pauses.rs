//! The pauses that Reprise made itself: from the notes on disk to the marks that the engine reads, and back.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::judge::{Fact, FactValue};
use reprise_engine::{Controller, Judgement, LegReport, Side};
use reprise_model::{ActKind, HostTime, LastReplication, LegId, LegKind, MarkKind, Now, PauseMark, ReplicationState};
use reprise_platform::paths;
use reprise_platform::pauses::{Found, PauseNote, PauseNotes, PauseOf};
use reprise_platform::this_account;

use crate::console::notice;
use crate::render::order;
use crate::usage::Usage;

/// What to do where notes cannot be read or written.
const NEXT: &str =
    "use an account that may read and write there, or name another folder in STATE_DIRECTORY, for `reprise run` too";

/// What is sent while a pause is under way arrives at most this long after the look before it.
const UNDER_WAY_MAX: Duration = Duration::from_mins(10);

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
    for (of, found) in &found {
        if let (Some(leg), Found::Damaged(error)) = (leg_of(of), found) {
            notice(&format!(
                "the note of a pause of VM {} ({}) in {} cannot be read: {error}. A pause of this VM is left alone; `{}` ends that",
                leg.vm,
                leg.kind,
                notes.folder().display(),
                order::command_by_id(ActKind::Resume, leg)
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
        Found::Whole(PauseNote { drill, done, until_ms, .. }) => {
            let kind = match (drill, done) {
                (true, _) => MarkKind::Drill,
                (false, true) => MarkKind::Meant,
                (false, false) => MarkKind::Intended,
            };
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
    let is_over = |leg: &LegReport| notes.get(&leg.id).is_some_and(|note| is_over(note, began, leg.after));
    for leg in report.legs.iter().filter(|leg| is_over(leg)) {
        forget(leg.id);
    }
}

/// Removes the notes of pauses that are over, by what a daemon sees now. A pause that was noted a short while ago may be about to
/// be made.
pub(crate) fn forget_those_seen_over(now: Now, controller: &Controller) {
    for leg in controller.policy().marks.keys() {
        let Some(sender) = controller.sender(*leg) else { continue };
        let age = now.mono.since(sender.looked).saturating_add(UNDER_WAY_MAX);
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let looked = jiff::Timestamp::from_millisecond(now.wall.0.saturating_sub(age)).unwrap_or_default();
        if noted(*leg).is_some_and(|note| is_over(&note, looked, Some(sender.object.state))) {
            forget(*leg);
        }
    }
}

/// Whether the pause of a note is over, for a run that began then and saw this of the sender last.
fn is_over(note: &PauseNote, began: jiff::Timestamp, after: Option<ReplicationState>) -> bool {
    use ReplicationState as S;
    let runs = matches!(after, Some(S::Replicating | S::InitialReplicationInProgress | S::Resynchronizing));
    runs && note.at < began
}

/// The note of a person's pause: of one that the latest look has shown, or of one that is still to be made.
pub(crate) fn note(leg: &LegReport, judgement: Option<&Judgement>, reason: Option<String>, done: bool) -> PauseNote {
    let after = if done { Duration::ZERO } else { UNDER_WAY_MAX };
    PauseNote {
        drill: false,
        done,
        vm: leg.vm.clone(),
        primary: leg.primary.clone().unwrap_or_default(),
        by: this_account(),
        reason,
        at: jiff::Timestamp::now(),
        until_ms: until_ms(judgement.map_or(&[], |judgement| &judgement.facts), after),
    }
}

/// No data of the time before this long after the look bears a later time. The time of data may be by the replica server's clock,
/// which may be ahead.
fn until_ms(facts: &[Fact], after: Duration) -> Option<i64> {
    let clock =
        |value: &FactValue| if let FactValue::Clock(Side::Sender, clock) = value { Some(clock.0) } else { None };
    let last = |value: &FactValue| {
        if let FactValue::LastData(Side::Sender, LastReplication::At(at)) = value { Some(at.0) } else { None }
    };
    let clock = facts.iter().find_map(|fact| clock(&fact.value))?;
    let last = facts.iter().find_map(|fact| last(&fact.value));
    let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    Some(clock.max(last.unwrap_or(clock)).saturating_add(after))
}

fn of(leg: LegId) -> PauseOf {
    PauseOf { vm_id: leg.vm.to_string(), leg: leg.kind.to_string() }
}

fn leg_of(of: &PauseOf) -> Option<LegId> {
    let kind = LegKind::named(&of.leg)?;
    Some(LegId { vm: of.vm_id.parse().ok()?, kind })
}

#[cfg(test)]
mod tests {
    use reprise_engine::judge::Source;

    use super::*;

    fn fact(value: FactValue) -> Fact {
        Fact { value, source: Source::Memory, age: None }
    }

    #[test]
    fn data_that_had_arrived_at_the_pause_never_counts_as_newer_whichever_clock_its_time_is_from() {
        let clock = || fact(FactValue::Clock(Side::Sender, HostTime(1_000)));
        let last = |at| fact(FactValue::LastData(Side::Sender, LastReplication::At(HostTime(at))));
        let never = fact(FactValue::LastData(Side::Sender, LastReplication::Never));
        let after = Duration::from_millis(50);
        assert_eq!(until_ms(&[last(900), clock()], after), Some(1_050));
        assert_eq!(until_ms(&[last(301_000), clock()], after), Some(301_050), "the replica server's clock is ahead");
        assert_eq!(until_ms(&[never, clock()], after), Some(1_050));
        assert_eq!(until_ms(&[last(900)], after), None, "the clock is not known");
    }

    #[test]
    fn a_run_removes_the_note_of_what_it_saw_running_unless_it_was_written_since_the_run_began() {
        let began: jiff::Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let noted = |at: &str| PauseNote {
            drill: false,
            done: true,
            vm: "vm-001".to_owned(),
            primary: "hv01".to_owned(),
            by: "anna".to_owned(),
            reason: None,
            at: at.parse().unwrap(),
            until_ms: None,
        };
        let before = noted("2026-11-30T11:59:59Z");
        assert!(is_over(&before, began, Some(ReplicationState::Replicating)));
        assert!(!is_over(&before, began, Some(ReplicationState::Suspended)));
        assert!(!is_over(&before, began, None), "nobody looked");
        assert!(!is_over(&noted("2026-11-30T12:00:01Z"), began, Some(ReplicationState::Replicating)));
    }
}
