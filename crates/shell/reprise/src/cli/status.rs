//! `status`: what is protected and what is not, and what `run` would do about it. Changes nothing.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reprise_model::VmSelector;
use tokio::runtime::Handle;

use super::look::{LookArguments, look, tell_errors};
use super::run::{length, shown_vm};
use super::watch::{Settings, watch};
use crate::client::{self, Question, escaped};
use crate::console::{print_by, print_painted};
use crate::exit;
use crate::looked::exit_code;
use crate::render::{self, status};
use crate::usage::Usage;

/// Show what is protected, and what `run` would do about the rest; change nothing.
#[derive(Args)]
#[command(after_help = "Examples:
  reprise status --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password
  reprise status --watch --config ./reprise.toml

In a pipe or a file, the table keeps to the width that COLUMNS names, else to 80 columns.
Exit codes: 0 everything that should replicate does, 1 no host became ready or every host refused the login,
2 usage or configuration error, 3 something that should replicate does not, or a host was not seen.")]
pub(super) struct Arguments {
    /// Only these VMs (GUID or name)
    #[arg(value_name = "VM", value_parser = shown_vm)]
    vms: Vec<VmSelector>,
    #[command(flatten)]
    look: LookArguments,
    /// Show it again and again until Ctrl-C: on a terminal in place, else each time that something but ages and amounts changes
    #[arg(long)]
    watch: bool,
    /// How often hosts are looked at [default: 5s]
    #[arg(long, value_name = "LENGTH", value_parser = length, requires = "watch")]
    interval: Option<Duration>,
    /// Print one JSON document instead of a table; with --watch, one on each line
    #[arg(long)]
    json: bool,
}

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn status(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    if arguments.watch {
        let Arguments { vms, look, interval, json, .. } = arguments;
        return watch(look, Settings { vms, interval, json }, workers).await;
    }
    if arguments.look.hosts.name_none()
        && let Some(answer) = client::ask(&question(&arguments)).await
    {
        return answer;
    }
    let mut seen = look(arguments.look, "status", workers).await?;
    if seen.is_blind() {
        seen.report.legs.clear();
    } else {
        seen.narrow(&arguments.vms)?;
        seen.ask_figures().await;
    }
    let (report, seen) = seen.judged();
    let printed = if arguments.json {
        tell_errors(&report);
        print_by(|out| render::json::write(out, &status::document(&report, &seen)))
    } else {
        print_painted(&status::text(&report, &seen, &render::Terminal::here_or_columns()))
    };
    if !printed.is_no_failure() {
        return Ok(ExitCode::from(exit::FAILED));
    }
    Ok(ExitCode::from(exit_code(&report, !arguments.vms.is_empty())))
}

/// The same for a daemon of this computer.
fn question(arguments: &Arguments) -> Question {
    let vm = |vm: &VmSelector| format!("vm={}", escaped(&vm.to_string()));
    let on = arguments.look.on.iter().map(|host| format!("on={}", escaped(host)));
    let query: Vec<String> = arguments.vms.iter().map(vm).chain(on).collect();
    Question::look(format!("/api/v1/status?{}", query.join("&")), arguments.json, render::Terminal::here_or_columns())
}
