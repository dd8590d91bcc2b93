//! The command line: a file per verb.

mod demo;
mod docs;
mod events;
mod lab;
mod run;

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::{exit, render};

/// Keeps Hyper-V Replica replicating through shutdowns.
#[derive(Parser)]
#[command(name = "reprise", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Arguments),
    Events(events::Arguments),
    Demo(demo::Arguments),
    Lab(lab::Arguments),
    #[command(hide = true)]
    Docs(docs::Arguments),
}

/// Why a verb was not carried out, with what a person does next.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n  why:  {why}\n  next: {next}")]
pub(crate) struct Usage {
    what: String,
    why: String,
    next: String,
}

impl Usage {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into() }
    }
}

/// The program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let code = if error.use_stderr() { exit::USAGE } else { exit::OK };
            let _printed = error.print();
            return ExitCode::from(code);
        }
    };
    log_to_standard_error();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("cannot start\n  why:  {error}\n  next: free memory or raise the limit on threads"));
            return ExitCode::from(exit::FAILED);
        }
    };
    let done = runtime.block_on(async {
        match arguments.verb {
            Verb::Run(arguments) => run::run(arguments).await,
            Verb::Events(arguments) => events::events(arguments).await,
            Verb::Demo(arguments) => Ok(demo::demo(arguments).await),
            Verb::Lab(arguments) => lab::lab(arguments).await,
            Verb::Docs(arguments) => Ok(docs::docs(&arguments)),
        }
    });
    // Whatever still runs is of no more use, and must not delay the end.
    runtime.shutdown_background();
    done.unwrap_or_else(|usage| {
        complain(&usage.to_string());
        ExitCode::from(exit::USAGE)
    })
}

fn log_to_standard_error() {
    let asked = std::env::var("REPRISE_LOG").ok().and_then(|text| text.parse().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    // Below warnings the login library writes what it works with, secrets among it. Nobody can ask for that: a directive of
    // the filter would give way to a more exact one.
    let harmless = filter_fn(|event| !event.target().starts_with("sspi") || *event.level() <= Level::WARN);
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let _already_set = tracing_subscriber::registry().with(filter).with(harmless).with(lines).try_init();
}

/// Writes an error for people. If even that fails there is nobody to tell. What a host said may stand in it.
pub(crate) fn complain(text: &str) {
    let text = render::printable_lines(text);
    let _lost = writeln!(std::io::stderr(), "error: {text}");
}

/// Writes a notice for people.
pub(crate) fn notice(text: &str) {
    let text = render::printable_lines(text);
    let _lost = writeln!(std::io::stderr(), "note: {text}");
}

/// What became of a text on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// It is out.
    Whole,
    /// The reader has gone away (`| head`), which is no error of ours.
    NobodyReads,
    /// It is not, which a person was told.
    Failed,
}

impl Printed {
    pub(crate) fn is_no_failure(self) -> bool {
        self != Self::Failed
    }
}

/// Writes the result to standard output.
pub(crate) fn print(text: &str) -> Printed {
    print_by(|out| out.write_all(text.as_bytes()))
}

/// Writes the result to standard output piece by piece.
pub(crate) fn print_by(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Printed {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Printed::Whole,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Printed::NobodyReads,
        Err(error) => {
            complain(&format!(
                "cannot write the result to standard output\n  why:  {error}\n  next: free space where it goes, and run again"
            ));
            Printed::Failed
        }
    }
}

/// Resolves when a person or the service manager asks the program to end.
pub(crate) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
