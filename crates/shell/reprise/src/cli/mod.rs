//! The command line: a file per verb.

mod by_hand;
mod completions;
mod config;
mod demo;
mod docs;
mod doctor;
mod drill;
mod events;
mod explain;
mod history;
mod install;
mod lab;
mod look;
mod man;
mod pause;
mod resume;
mod run;
mod serve;
mod shown;
mod status;
mod uninstall;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::console::{complain, refuse};
use crate::exit;
use crate::log;

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
    Serve(serve::Arguments),
    Status(status::Arguments),
    Explain(explain::Arguments),
    History(history::Arguments),
    Pause(pause::Arguments),
    Resume(resume::Arguments),
    Drill(drill::Arguments),
    Events(events::Arguments),
    Doctor(doctor::Arguments),
    Demo(demo::Arguments),
    Install(install::Arguments),
    Uninstall(uninstall::Arguments),
    Lab(lab::Arguments),
    Config(config::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    #[command(hide = true)]
    Docs(docs::Arguments),
}

/// The program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let code = if error.use_stderr() { exit::USAGE } else { exit::OK };
            refuse(&error);
            return ExitCode::from(code);
        }
    };
    log_to_standard_error();
    let (workers, control) = match runtimes() {
        Ok(runtimes) => runtimes,
        Err(error) => {
            complain(&format!("cannot start\n  why:  {error}\n  next: free memory or raise the limit on threads"));
            return ExitCode::from(exit::FAILED);
        }
    };
    let done = match arguments.verb {
        Verb::Run(arguments) => control.block_on(run::run(arguments, workers.handle().clone())),
        Verb::Serve(arguments) => control.block_on(serve::serve(arguments, workers.handle().clone())),
        Verb::Status(arguments) => control.block_on(status::status(arguments, workers.handle().clone())),
        Verb::Explain(arguments) => control.block_on(explain::explain(arguments, workers.handle().clone())),
        Verb::History(arguments) => control.block_on(history::history(arguments)),
        Verb::Pause(arguments) => control.block_on(pause::pause(arguments, workers.handle().clone())),
        Verb::Resume(arguments) => control.block_on(resume::resume(arguments, workers.handle().clone())),
        Verb::Drill(arguments) => control.block_on(drill::drill(arguments, workers.handle().clone())),
        Verb::Events(arguments) => workers.block_on(events::events(arguments)),
        Verb::Doctor(arguments) => control.block_on(doctor::doctor(arguments, workers.handle().clone())),
        Verb::Demo(arguments) => Ok(workers.block_on(demo::demo(arguments))),
        Verb::Install(arguments) => install::install(arguments),
        Verb::Uninstall(arguments) => Ok(uninstall::uninstall(&arguments)),
        Verb::Lab(arguments) => workers.block_on(lab::lab(arguments)),
        Verb::Config(arguments) => config::config(&arguments),
        Verb::Completions(arguments) => Ok(completions::completions(&arguments, &Arguments::command())),
        Verb::Man(arguments) => Ok(man::man(&arguments, &Arguments::command())),
        Verb::Docs(arguments) => Ok(docs::docs(&arguments)),
    };
    // Whatever still runs is of no more use, and delays the end by no more than this.
    workers.shutdown_timeout(ENDING_MAX);
    control.shutdown_timeout(ENDING_MAX);
    let _all_ended = reprise_wmi::wait_for_threads(ENDING_MAX);
    done.unwrap_or_else(|usage| {
        complain(&usage.to_string());
        ExitCode::from(exit::USAGE)
    })
}

/// Maximum wait for each kind of thread at the end: most end at once. One may be looking up a name or searching an event log.
const ENDING_MAX: Duration = Duration::from_millis(250);

/// The runtime whose threads talk with hosts, and one for what must not wait for them: limits and signals.
fn runtimes() -> std::io::Result<(Runtime, Runtime)> {
    let workers = Builder::new_multi_thread().enable_all().build()?;
    let control = Builder::new_current_thread().enable_all().build()?;
    Ok((workers, control))
}

fn log_to_standard_error() {
    let asked = std::env::var("REPRISE_LOG").ok().and_then(|text| text.parse().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    // Below warnings the login library writes what it works with, secrets among it. Nobody can ask for that: a directive of
    // the filter would give way to a more exact one.
    let harmless = filter_fn(|event| !event.target().starts_with("sspi") || *event.level() <= Level::WARN);
    // Without colours: they are made of the characters that no host may have printed.
    let lines = fmt::layer().with_ansi(false).with_writer(log::standard_error);
    let _already_set = tracing_subscriber::registry().with(filter).with(harmless).with(lines).try_init();
}

#[cfg(test)]
mod tests;
