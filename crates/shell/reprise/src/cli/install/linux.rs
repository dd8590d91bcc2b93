//! systemd's unit and timer on Linux.

use std::path::Path;
use std::process::ExitCode;

use reprise_platform::paths::{config_file, of_this_process};
use reprise_platform::startup::systemd::StartupUnit;

use super::arguments::{TaskArguments, this_program};
use crate::console::{complain, notice, print};
use crate::exit;
use crate::usage::Usage;

pub(super) fn install(arguments: &TaskArguments) -> Result<ExitCode, Usage> {
    if arguments.password_file.is_some() {
        let why = "systemd needs no password to run a service as a user";
        return Err(Usage::new("cannot use --password-file", why, "leave it out"));
    }
    let user = arguments.account.clone();
    if let Some(name) = user.as_deref().filter(|name| !StartupUnit::is_user(name)) {
        let why = "it is not the name of a user of this system";
        return Err(Usage::new(
            format!("cannot use the account \"{name}\""),
            why,
            "name a user, as `id NAME` knows it",
        ));
    }
    let delay = arguments.at_startup_delay.unwrap_or_default();
    let unit = StartupUnit { program: this_program()?, user, delay };
    let [service, timer] = match unit.install(Path::new("/")) {
        Ok(files) => files,
        Err(error) => {
            complain(&format!(
                "cannot write the unit and its timer to /etc/systemd/system\n  why:  {error}\n  next: run this as root"
            ));
            return Ok(ExitCode::from(exit::FAILED));
        }
    };
    let config = config_file(None, of_this_process);
    if !config.path().exists() {
        notice(&format!("the run needs to know which hosts it is for: write {}", config.path().display()));
    }
    let text = format!(
        "{} runs {} after every startup.\n{} is enabled.\n\
         To use them before the next startup: systemctl daemon-reload && systemctl start {}\n",
        service.display(),
        unit.program,
        timer.display(),
        timer.file_name().unwrap_or_default().display()
    );
    Ok(ExitCode::from(if print(&text).is_no_failure() { exit::OK } else { exit::FAILED }))
}
