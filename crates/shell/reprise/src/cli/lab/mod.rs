//! `lab`: simulated Hyper-V hosts on loopback.

mod ctl;
mod hints;
mod up;

use std::process::ExitCode;

use clap::Subcommand;

use crate::usage::Usage;

/// Run and control simulated Hyper-V hosts on loopback.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Up(up::Arguments),
    Ctl(ctl::Arguments),
}

pub(super) async fn lab(arguments: Arguments) -> Result<ExitCode, Usage> {
    match arguments.what {
        What::Up(arguments) => up::up(arguments).await,
        What::Ctl(arguments) => ctl::ctl(arguments).await,
    }
}
