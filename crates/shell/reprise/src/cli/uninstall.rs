//! `uninstall`: removes what `install` made, and leaves the configuration and the state.

use std::process::ExitCode;

use crate::console::{complain, print};
use crate::exit;

/// Remove what `install` made; the configuration and the state stay.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 done, or nothing was installed; 1 failed.")]
pub(super) struct Arguments {}

/// A thing that was removed, or was not there, or could not be removed.
type Removed = (&'static str, std::io::Result<bool>);

pub(super) fn uninstall(_: &Arguments) -> ExitCode {
    let (mut failed, mut text) = (false, String::new());
    for (what, removed) in remove() {
        match removed {
            Ok(true) => text.extend(["Removed ", what, ".\n"]),
            Ok(false) => {}
            Err(error) => {
                failed = true;
                complain(&format!("cannot remove {what}\n  why:  {error}\n  next: {NEXT}"));
            }
        }
    }
    if text.is_empty() && !failed {
        text.push_str("Nothing was installed.\n");
    }
    let printed = print(&text).is_no_failure();
    ExitCode::from(if failed || !printed { exit::FAILED } else { exit::OK })
}

#[cfg(windows)]
const NEXT: &str = "run this in a prompt that was opened with `Run as administrator`";
#[cfg(not(windows))]
const NEXT: &str = "run this as root";

#[cfg(windows)]
fn remove() -> Vec<Removed> {
    use reprise_platform::windows::{remove_task, unregister};
    vec![("the scheduled task", remove_task()), ("the source of events in the System log", unregister())]
}

#[cfg(not(windows))]
fn remove() -> Vec<Removed> {
    use reprise_platform::startup::systemd;
    vec![("the unit and its timer", systemd::uninstall(std::path::Path::new("/")))]
}
