//! `docs`: pages that are made from code, for the check that they are kept.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use reprise_model::Reason;

use super::print;
use crate::exit;

/// Print a page that is made from code.
#[derive(Args)]
pub(super) struct Arguments {
    /// Which page.
    page: Page,
}

#[derive(Clone, Copy, ValueEnum)]
enum Page {
    Events,
    Reasons,
}

pub(super) fn docs(arguments: &Arguments) -> ExitCode {
    let page = match arguments.page {
        Page::Events => reprise_platform::event::codes::markdown(),
        Page::Reasons => reasons(),
    };
    ExitCode::from(if print(&page).is_no_failure() { exit::OK } else { exit::FAILED })
}

fn reasons() -> String {
    let mut page = String::from(
        "# Reasons\n\nWhy something was or was not done with a replication relationship: the key `reason` of `run --json`. \
         The table for people shows the phrase instead. Codes are stable; phrases are not. This page is generated from the \
         program's own table.\n\n\
         States are WMI's numbers: 3 is Replicating, 7 Suspended, 8 Error.\n\n\
         | code | phrase | what it means | what it rests on | what you do next |\n| --- | --- | --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        let (code, phrase, meaning) = (reason.code(), reason.phrase(), reason.meaning());
        let _infallible =
            writeln!(page, "| `{code}` | {phrase} | {meaning} | {} | {} |", reason.evidence(), reason.advice());
    }
    page
}
