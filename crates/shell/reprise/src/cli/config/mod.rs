//! `config`: writes an example configuration, checks one, and describes the format.

mod check;
mod init;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::console::print;
use crate::usage::Usage;

/// Write, check or describe the configuration.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Init(init::Arguments),
    Check(check::Arguments),
    /// Print the JSON Schema of the configuration, for editors and other checkers
    Schema,
}

pub(super) fn config(arguments: &Arguments) -> Result<ExitCode, Usage> {
    match &arguments.what {
        What::Init(arguments) => init::init(arguments),
        What::Check(arguments) => check::check(arguments),
        What::Schema => Ok(print(&reprise_config::schema()).exit_code()),
    }
}
