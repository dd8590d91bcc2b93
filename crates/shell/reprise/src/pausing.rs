//! A pause that a person asks for, and its note: written before the act, and settled by what came of it.

use reprise_engine::{Failure, Judgement, LegReport, OrderEnd};
use reprise_model::{LegId, Reason};
use reprise_platform::pauses::PauseNote;

use crate::pauses;
use crate::usage::Usage;

/// Such a pause; its note says that it is meant.
pub(crate) struct Pausing {
    by: String,
    reason: Option<String>,
    /// The file that was there before.
    earlier: Option<Vec<u8>>,
    /// What it said, if that was a person's pause whose reason stands.
    earlier_note: Option<PauseNote>,
}

impl Pausing {
    /// Writes the note. First the note: if the program ends in between, nobody takes the pause for a shutdown's without proof.
    pub(crate) fn begin(
        leg: &LegReport,
        judgement: Option<&Judgement>,
        by: String,
        reason: Option<String>,
    ) -> Result<Self, Usage> {
        let earlier = pauses::kept(leg.id);
        // A person's earlier pause keeps its reason, unless there is a new one.
        let earlier_note = pauses::noted(leg.id).filter(|note| !note.drill && reason.is_none());
        let pausing = Self { by, reason, earlier, earlier_note };
        pauses::keep(leg.id, &pausing.note(leg, judgement, false))?;
        Ok(pausing)
    }

    fn note(&self, leg: &LegReport, judgement: Option<&Judgement>, done: bool) -> PauseNote {
        PauseNote { by: self.by.clone(), ..pauses::note(leg, judgement, self.reason.clone(), done) }
    }

    /// Settles the note by how the order ended. `judgement` is of the latest look.
    pub(crate) fn end(self, end: &OrderEnd, leg: &LegReport, judgement: Option<&Judgement>) -> Result<(), Usage> {
        let id: LegId = leg.id;
        match (end, &self.earlier_note) {
            (OrderEnd::AlreadySo(_), Some(PauseNote { done: true, .. })) => pauses::restore(id, self.earlier),
            (OrderEnd::AlreadySo(_), Some(intended)) => {
                let reason = intended.reason.clone();
                pauses::keep(id, &PauseNote { reason, ..self.note(leg, judgement, true) })
            }
            (OrderEnd::Done | OrderEnd::AlreadySo(_), _) => pauses::keep(id, &self.note(leg, judgement, true)),
            (OrderEnd::Refused(_) | OrderEnd::NotPossible(_) | OrderEnd::Failed(..), _) if may_be_paused(end) => Ok(()),
            (OrderEnd::Refused(_) | OrderEnd::NotPossible(_) | OrderEnd::Failed(..), _) => {
                pauses::restore(id, self.earlier)
            }
        }
    }
}

/// Whether the pause may have been made, or may still be.
pub(crate) fn may_be_paused(end: &OrderEnd) -> bool {
    match end {
        OrderEnd::Failed(_, failure) => {
            matches!(failure, Failure::Unclear(_) | Failure::NotRead | Failure::Changed { .. })
        }
        OrderEnd::NotPossible(reason) => *reason == Reason::PauseNotEnded,
        OrderEnd::Done | OrderEnd::AlreadySo(_) | OrderEnd::Refused(_) => false,
    }
}
