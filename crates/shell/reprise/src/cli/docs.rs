//! `docs`: pages that are made from code, for the check that they are kept.

use std::fmt::Write as _;
use std::process::ExitCode;

use cim::{CallError, Reached};
use clap::{Args, ValueEnum};
use reprise_hyperv::{Subject, failure_code};
use reprise_model::{Reason, Retry};
use wsman::fault::{Meaning, known};

use crate::console::print;
use crate::exit;

/// Print a page that is made from code.
#[derive(Args)]
pub(super) struct Arguments {
    /// Which page.
    page: Page,
}

#[derive(Clone, Copy, ValueEnum)]
enum Page {
    Doctor,
    Events,
    Faults,
    Reasons,
}

pub(super) fn docs(arguments: &Arguments) -> ExitCode {
    let page = match arguments.page {
        Page::Doctor => crate::doctor::check::markdown(),
        Page::Events => reprise_platform::event::codes::markdown(),
        Page::Faults => faults(),
        Page::Reasons => reasons(),
    };
    ExitCode::from(if print(&page).is_no_failure() { exit::OK } else { exit::FAILED })
}

fn reasons() -> String {
    let mut page = String::from(
        "# Reasons\n\nWhy Reprise acted or did not act on a replication relationship: the key `reason` of `run --json`, `status --json` and `explain --json`. \
         The tables of `run` and `status` show the phrase instead. Codes are stable; phrases are not. This page is generated from the \
         program's own table.\n\n\
         States and modes have PowerShell's names.\n\n\
         | code | phrase | meaning | evidence | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        let (code, phrase, meaning) = (reason.code(), reason.phrase(), reason.meaning());
        let _infallible =
            writeln!(page, "| `{code}` | {phrase} | {meaning} | {} | {} |", reason.evidence(), reason.advice());
    }
    page
}

fn faults() -> String {
    let mut page = String::from(
        "# Fault codes\n\nHow Reprise interprets the fault codes that a host's WS-Management service returns: the key `code` of \
         an error in `run --json`. A code has the same meaning in both forms of a fault's detail, `WSManFault` and \
         `MSFT_WmiError`. This page is generated from the program's own table: all of WS-Management's own codes (`wsmerror.h`, \
         0x80338000 to 0x803381FF), and the codes of WMI, COM, RPC and Win32 that can come through it.\n\n\
         A read that may succeed later is retried, within the limits on retries. Before a method call (Invoke) is retried, \
         the state is always read again. If the call may have been carried out, Reprise first waits for the jobs that are \
         running, since until they end the state already reads as requested; it calls again only if the state has not changed. \
         A code that is not listed is read as the last group, or, if a provider behind the service returned it, as a provider \
         that failed. A plain Win32 number is read as its HRESULT (5 is 0x80070005).\n",
    );
    for meaning in Meaning::ALL {
        let words = meaning.words();
        let (first, rest) = words.split_at_checked(1).unwrap_or((words, ""));
        let _infallible = write!(
            page,
            "\n## {}{rest}\n\n- Read: {}.\n- Invoke: {}.\n\n| code | hexadecimal | name |\n| --- | --- | --- |\n",
            first.to_uppercase(),
            of_a_read(meaning),
            of_an_invoke(meaning)
        );
        for known in known::all().filter(|known| known.meaning == meaning) {
            let _infallible = writeln!(page, "| {} | 0x{:08X} | `{}` |", known.code, known.code, known.name);
        }
    }
    page.push_str(
        "\n## Failed replication\n\nCodes that Hyper-V writes into event 32022 and into the text of a job that failed: the key \
         `last_failure` of a relationship in `run --json`, and the words after the reason in the table of `run`. A plain Win32 \
         number and its HRESULT (0x80070070 for 112) are the same code.\n\n| hexadecimal | name | meaning | what to do |\n\
         | --- | --- | --- | --- |\n",
    );
    for known in failure_code::ALL {
        let _infallible =
            writeln!(page, "| 0x{:08X} | `{}` | {} | {} |", known.code, known.name, known.words, known.advice);
    }
    page
}

/// When a read that is answered so is tried again, by the program's own rule.
fn retry(meaning: Meaning) -> Retry {
    reprise_hyperv::problem(&CallError::new(meaning.kind(), Reached::Yes, ""), "", Subject::HyperV).retry()
}

fn of_a_read(meaning: Meaning) -> String {
    let again = match (meaning, retry(meaning)) {
        (Meaning::PullAgain, _) => "the same context is pulled again at once, then retried later",
        (Meaning::ContextLost, _) => "the enumeration is started again at once, then retried later",
        (_, Retry::Now) => "retried at once",
        (_, Retry::Later) => "retried later",
        (_, Retry::Never) => "not retried until somebody changes something",
    };
    format!("{}; {again}", meaning.kind())
}

fn of_an_invoke(meaning: Meaning) -> &'static str {
    match (meaning.reached(), retry(meaning)) {
        (_, _) if meaning == Meaning::Unreportable => "it was carried out; the state is read first",
        (Reached::Perhaps, _) => "it may have been carried out; the state is read first",
        (Reached::No, Retry::Never) => "it was not carried out, and is not retried",
        (Reached::No, Retry::Now | Retry::Later) => "it was not carried out, and is retried later",
        (Reached::Yes, _) => "the host refused it; it is retried later if the state has not changed",
    }
}
