//! `pause`: pauses replication of one VM, and notes that this is meant, so that `run` leaves it alone.

use std::process::ExitCode;

use clap::Args;
use reprise_model::ActKind;
use reprise_platform::this_account;
use tokio::runtime::Handle;

use super::by_hand::ByHandArguments;
use crate::console::{asked_to_stop, notice};
use crate::pausing::{Pausing, may_be_paused};
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
    if let Some(answer) = arguments.by_hand.by_daemon(ActKind::Pause).await {
        return answer;
    }
    let (sink, mut found) = match arguments.by_hand.find(ActKind::Pause, workers).await? {
        Ok(found) => found,
        Err(code) => return Ok(code),
    };
    let id = found.leg.id;
    let judgement = found.look.judgement(id);
    let reason = arguments.by_hand.reason.clone();
    let pausing = Pausing::begin(&found.leg, judgement.as_ref(), this_account(), reason)?;
    let report = found.order(ActKind::Pause, asked_to_stop()).await;
    let is_kept = pausing.end(&report.end, &found.leg, found.look.judgement(id).as_ref());
    if may_be_paused(&report.end) {
        notice(&order::may_be_paused(&found.leg));
    }
    let code = arguments.by_hand.tell(&report, sink);
    is_kept.map(|()| code)
}
