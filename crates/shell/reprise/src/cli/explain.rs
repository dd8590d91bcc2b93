//! `explain`: one relationship in sentences: what each end shows, which rule decided, and what to do next.

use std::process::ExitCode;

use clap::Args;
use reprise_model::{LegKind, VmSelector};
use tokio::runtime::Handle;

use super::look::{LookArguments, look, tell_errors};
use super::run::shown_vm;
use crate::client::{self, Question};
use crate::console::{print, print_by};
use crate::exit;
use crate::looked::exit_code;
use crate::render::{self, explain, status};
use crate::usage::Usage;

/// Explain why replication of a VM is as it is, and what `run` would do about it; change nothing.
#[derive(Args)]
#[command(after_help = "Example:
  reprise explain sql-01 --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password

Exit codes: 0 it is protected or not meant to replicate, 1 no host became ready or every host refused the login,
2 usage or configuration error, or no VM or several VMs of that name, 3 it is not protected or not seen completely.")]
pub(super) struct Arguments {
    /// The VM (GUID or name)
    #[arg(value_name = "VM", value_parser = shown_vm)]
    vm: VmSelector,
    #[command(flatten)]
    look: LookArguments,
    /// Explain the extended relationship: from the replica server onwards
    #[arg(long)]
    extended: bool,
    /// Print one JSON document instead of sentences
    #[arg(long)]
    json: bool,
}

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn explain(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    if arguments.look.hosts.name_none() {
        let path = client::relationship(&arguments.vm, arguments.extended, arguments.look.on.as_deref(), "");
        let question = Question::look(path, arguments.json, render::Terminal::here());
        if let Some(answer) = client::ask(&question).await {
            return answer;
        }
    }
    let on = arguments.look.on.clone();
    let mut seen = look(arguments.look, "explain VM", workers).await?;
    let is_blind = seen.is_blind();
    if is_blind {
        seen.report.legs.clear();
    } else {
        let kind = if arguments.extended { LegKind::Extended } else { LegKind::Simple };
        let leg = seen.only(&arguments.vm, kind, on.as_deref(), "explain the relationship")?;
        seen.report.legs = vec![leg];
        seen.ask_figures().await;
    }
    let (report, seen) = seen.judged();
    let printed = if arguments.json {
        tell_errors(&report);
        print_by(|out| render::json::write(out, &status::explanation(&report, &seen)))
    } else if is_blind {
        print(&status::text(&report, &seen, &render::Terminal::here()))
    } else {
        print(&explain::text(&report, &seen, &render::Terminal::here()))
    };
    if !printed.is_no_failure() || is_blind {
        return Ok(ExitCode::from(exit::FAILED));
    }
    Ok(ExitCode::from(exit_code(&report, true)))
}
