//! `install task`: a run at every start of this computer, by Task Scheduler or by systemd.

mod arguments;
#[cfg(not(windows))]
mod linux;
#[cfg(windows)]
mod windows;

use std::process::ExitCode;

use clap::Subcommand;
use reprise_platform::startup::{DEFAULT_PROGRAM, Drive, doubt};

use self::arguments::{TaskArguments, task, this_program};
#[cfg(not(windows))]
use self::linux as here;
#[cfg(windows)]
use self::windows as here;
use crate::console::{notice, print};
use crate::exit;
use crate::usage::Usage;

/// Run Reprise at every start of this computer.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Task(TaskArguments),
}

pub(super) fn install(arguments: Arguments) -> Result<ExitCode, Usage> {
    let What::Task(arguments) = arguments.what;
    if arguments.print {
        let program = match &arguments.program {
            Some(program) => program.clone(),
            None if cfg!(windows) => this_program()?,
            None => DEFAULT_PROGRAM.to_owned(),
        };
        let task = task(&arguments, program)?;
        if let Some(doubt) = doubt(&task.program, Drive::Unknown) {
            notice(&format!("the task will run {}, {doubt}", task.program));
        }
        return Ok(ExitCode::from(if print(&task.xml()).is_no_failure() { exit::OK } else { exit::FAILED }));
    }
    here::install(&arguments)
}
