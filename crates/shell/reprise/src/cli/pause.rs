//! `pause`: pauses replication of one VM, and notes that this is meant, so that `run` leaves it alone.

use std::process::ExitCode;

use clap::Args;
use reprise_engine::{Failure, OrderEnd};
use reprise_model::ActKind;
use reprise_platform::pauses::PauseNote;
use tokio::runtime::Handle;

use super::by_hand::{ByHandArguments, Found};
use crate::console::{asked_to_stop, notice};
use crate::pauses;
use crate::render::order;
use crate::usage::Usage;

/// Pause replication of a VM; `run` leaves it alone until `resume`.
#[derive(Args)]
#[command(after_help = "Example:
  reprise pause sql-01 --reason 'the storage is moved' --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password

The pause is noted on this computer, in the folder `pauses` of its state: `run` reads the notes of the computer on which it runs.

Exit codes: 0 it is paused, 1 it failed or no host became ready, 2 usage or configuration error, or no VM or several VMs of
that name, 3 refused by a rule.")]
pub(super) struct Arguments {
    #[command(flatten)]
    by_hand: ByHandArguments,
}

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn pause(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    let (sink, mut found) = match arguments.by_hand.find(ActKind::Pause, workers).await? {
        Ok(found) => found,
        Err(code) => return Ok(code),
    };
    let id = found.leg.id;
    let earlier = pauses::kept(id);
    // A person's earlier pause keeps its reason, unless there is a new one.
    let earlier_note = pauses::noted(id).filter(|note| !note.drill && arguments.by_hand.reason.is_none());
    let note = |found: &Found, done| {
        pauses::note(&found.leg, found.look.judgement(id).as_ref(), arguments.by_hand.reason.clone(), done)
    };
    // First the note: if the program ends in between, nobody takes the pause for a shutdown's without proof.
    pauses::keep(id, &note(&found, false))?;
    let report = found.order(ActKind::Pause, asked_to_stop()).await;
    let is_kept = match (&report.end, earlier_note) {
        (OrderEnd::AlreadySo(_), Some(PauseNote { done: true, .. })) => pauses::restore(id, earlier),
        (OrderEnd::AlreadySo(_), Some(intended)) => {
            pauses::keep(id, &PauseNote { reason: intended.reason, ..note(&found, true) })
        }
        (OrderEnd::Done | OrderEnd::AlreadySo(_), _) => pauses::keep(id, &note(&found, true)),
        (OrderEnd::Refused(_) | OrderEnd::NotPossible(_) | OrderEnd::Failed(..), _) if may_be_paused(&report.end) => {
            notice(&order::may_be_paused(&found.leg));
            Ok(())
        }
        (OrderEnd::Refused(_) | OrderEnd::NotPossible(_) | OrderEnd::Failed(..), _) => pauses::restore(id, earlier),
    };
    let code = arguments.by_hand.tell(&report, sink);
    is_kept.map(|()| code)
}

/// Whether the pause may have been made, or may still be.
fn may_be_paused(end: &OrderEnd) -> bool {
    match end {
        OrderEnd::Failed(_, failure) => {
            matches!(failure, Failure::Unclear(_) | Failure::NotRead | Failure::Changed { .. })
        }
        OrderEnd::NotPossible(reason) => *reason == reprise_model::Reason::PauseNotEnded,
        OrderEnd::Done | OrderEnd::AlreadySo(_) | OrderEnd::Refused(_) => false,
    }
}
