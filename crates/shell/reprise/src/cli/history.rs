//! `history`: what the daemon of this computer has decided, done and reported.

use std::process::ExitCode;

use clap::Args;
use reprise_model::VmSelector;

use super::run::shown_vm;
use crate::client::{self, Question, escaped};
use crate::console::complain;
use crate::exit;
use crate::render::Terminal;
use crate::usage::Usage;

/// Show what the daemon of this computer has decided, done and reported, oldest first.
#[derive(Args)]
#[command(after_help = "Example:
  reprise history sql-01 --since 2026-11-30T22:00:00Z

Exit codes: 0 done, 1 what is stored cannot be read, 2 usage error, or no VM or several VMs of that name,
4 no daemon runs on this computer.")]
pub(super) struct Arguments {
    /// Only this VM (GUID or name)
    #[arg(value_name = "VM", value_parser = shown_vm)]
    vm: Option<VmSelector>,
    /// Only what happened from then on, such as 2026-11-30T22:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<jiff::Timestamp>,
    /// At most so many entries, the latest [default: 200]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
}

pub(super) async fn history(arguments: Arguments) -> Result<ExitCode, Usage> {
    let Arguments { vm, since, limit, json } = arguments;
    let vm = vm.map(|vm| format!("vm={}", escaped(&vm.to_string())));
    let since = since.map(|since| format!("since={}", escaped(&since.to_string())));
    let limit = limit.map(|limit| format!("limit={limit}"));
    let query: Vec<String> = vm.into_iter().chain(since).chain(limit).collect();
    let question = Question::look(format!("/api/v1/history?{}", query.join("&")), json, Terminal::here());
    client::ask(&question).await.unwrap_or_else(|| {
        complain("no daemon runs on this computer\n  why:  nobody listens where it would answer\n  next: start it with `reprise serve`");
        Ok(ExitCode::from(exit::NO_DAEMON))
    })
}
