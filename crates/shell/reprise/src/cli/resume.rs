//! `resume`: resumes replication of one VM, whatever stopped it.

use std::process::ExitCode;

use clap::Args;
use reprise_engine::OrderEnd;
use reprise_model::ActKind;
use tokio::runtime::Handle;

use super::by_hand::ByHandArguments;
use crate::console::asked_to_stop;
use crate::pauses;
use crate::usage::Usage;

/// Resume replication of a VM that was paused or has stopped.
#[derive(Args)]
#[command(after_help = "Example:
  reprise resume sql-01 --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password

What the policy says of pauses does not matter here. Holds do, and so does what would make things worse: a failover, a replica
VM that runs, two primaries. A resynchronization is never started.

Exit codes: 0 it replicates, 1 it failed or no host became ready, 2 usage or configuration error, or no VM or several VMs of
that name, 3 refused by a rule.")]
pub(super) struct Arguments {
    #[command(flatten)]
    by_hand: ByHandArguments,
}

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn resume(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    let Arguments { by_hand } = arguments;
    if let Some(answer) = by_hand.by_daemon(ActKind::Resume).await {
        return answer;
    }
    let (sink, mut found) = match by_hand.find(ActKind::Resume, workers).await? {
        Ok(found) => found,
        Err(code) => return Ok(code),
    };
    let report = found.order(ActKind::Resume, asked_to_stop()).await;
    if matches!(report.end, OrderEnd::Done | OrderEnd::AlreadySo(_)) {
        pauses::forget(found.leg.id);
    }
    Ok(by_hand.tell(&report, sink))
}
