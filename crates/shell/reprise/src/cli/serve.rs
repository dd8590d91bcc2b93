//! `serve`: the daemon. It watches hosts and resumes replication that a shutdown has stopped, for as long as it runs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tokio::runtime::Handle;

use super::run::{sink, warn_of_unverified};
use crate::serve::{self, Settings};
use crate::usage::{Reader, Usage};
use crate::wiring;

/// Watch hosts, and resume replication that a shutdown has stopped, until SIGTERM or Ctrl-C.
#[derive(Args)]
#[command(after_help = "Example:
  reprise serve --config /etc/reprise/reprise.toml

On Windows this computer is watched if no host is named.

What it must remember, and the history of what happened, is kept in the folder of the state.

Exit codes: 0 it was asked to stop, 2 usage or configuration error, or it could not begin to serve.")]
pub(super) struct Arguments {
    #[command(flatten)]
    hosts: wiring::HostArguments,
    /// File to write once it serves, with the addresses at which it answers; it is removed at the end
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Where to write events: `file:PATH`, journald, system or none
    #[arg(long, value_name = "SINK")]
    event_log: Option<String>,
}

/// The daemon's own time and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn serve(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    let hosts = wiring::HostArguments { reader: Reader::Named("serve"), ..arguments.hosts };
    let wired = wiring::wire_daemon(&hosts)?;
    warn_of_unverified(&wired.links);
    let sink = sink(arguments.event_log.as_deref())?;
    serve::serve(Settings { wired, sink, ready_file: arguments.ready_file }, workers).await
}
