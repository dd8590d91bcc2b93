//! The flags of `install task`, and the task that they describe.

use std::path::PathBuf;
use std::time::Duration;

use reprise_platform::startup::{DEFAULT_PROGRAM, StartupTask, TaskAccount, check_path};

use crate::usage::Usage;

/// Run `reprise run --retry-for 30m` at startup: as a scheduled task on Windows, by a systemd timer on Linux.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  reprise install task
  reprise install task --account 'LAB\\repl$'
  reprise install task --print > reprise-task.xml

The task runs the program where it is now; copy it to C:\\Program Files\\Reprise before. It runs whether or not a user is logged
on, with the highest privileges, without a time limit, and on battery power too.
Exit codes: 0 done, 1 failed, 2 usage error.")]
pub(super) struct TaskArguments {
    /// Account that runs it: SYSTEM, a managed service account as DOMAIN\name$, or a user [default: SYSTEM; on Linux root]
    #[arg(long, value_name = "ACCOUNT")]
    pub(super) account: Option<String>,
    /// File with the password of a user on its first line. Without it, the user's task can use this computer alone
    #[arg(long, value_name = "FILE", requires = "account")]
    pub(super) password_file: Option<PathBuf>,
    /// How long after startup it begins [default: at once]
    #[arg(long, value_name = "LENGTH", value_parser = reprise_config::parse_duration)]
    pub(super) at_startup_delay: Option<Duration>,
    /// Print the scheduled task's XML, and install nothing; works on every system
    #[arg(long)]
    pub(super) print: bool,
    /// The program that the printed task runs [default: on Windows this program]
    #[arg(long, value_name = "PATH", requires = "print")]
    pub(super) program: Option<String>,
}

/// The scheduled task that the flags describe.
pub(super) fn task(arguments: &TaskArguments, program: String) -> Result<StartupTask, Usage> {
    let name = arguments.account.as_deref().unwrap_or("SYSTEM");
    let account = TaskAccount::parse(name, arguments.password_file.is_some()).map_err(|problem| {
        let next = "write SYSTEM, DOMAIN\\name$ for a managed service account, or DOMAIN\\user, with --password-file if it \
                    is to reach other computers";
        Usage::new(format!("cannot use the account \"{name}\""), problem.to_string(), next)
    })?;
    check_path(&program).map_err(|problem| {
        let what = format!("cannot run the program \"{program}\" as a scheduled task");
        Usage::new(what, problem.to_string(), format!("give its full path there, such as {DEFAULT_PROGRAM}"))
    })?;
    let task = StartupTask { program, account, delay: arguments.at_startup_delay.unwrap_or_default() };
    if task.has_variable() {
        let why = "Task Scheduler reads `%` and `$(` in a path as variables";
        let what = format!("cannot run {} as a scheduled task", task.program);
        return Err(Usage::new(what, why, "copy the program to another folder"));
    }
    Ok(task)
}

/// Where this program is.
pub(super) fn this_program() -> Result<String, Usage> {
    let unknown = |why: String| Usage::new("cannot tell where this program is", why, "start it by its full path");
    let path = std::env::current_exe().map_err(|error| unknown(error.to_string()))?;
    path.into_os_string().into_string().map_err(|path| unknown(format!("{} is not Unicode", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(account: Option<&str>, password_file: Option<&str>) -> TaskArguments {
        TaskArguments {
            account: account.map(str::to_owned),
            password_file: password_file.map(PathBuf::from),
            at_startup_delay: Some(Duration::from_secs(30)),
            print: true,
            program: None,
        }
    }

    #[test]
    fn the_flags_become_a_task_and_what_no_task_can_be_is_refused() {
        let made = task(&arguments(None, None), DEFAULT_PROGRAM.to_owned()).unwrap();
        assert_eq!((made.account, made.delay), (TaskAccount::System, Duration::from_secs(30)));
        let refused = |account, file, program: &str| {
            task(&arguments(account, file), program.to_owned()).err().unwrap().to_string()
        };
        assert!(refused(Some("repl$"), None, DEFAULT_PROGRAM).contains("DOMAIN\\name$"));
        assert!(refused(Some(r"LAB\repl$"), Some("file"), DEFAULT_PROGRAM).contains("needs no password"));
        assert!(refused(None, None, r"C:\100%\reprise.exe").contains("variables"));
        assert!(refused(None, None, "/usr/bin/x").contains("full path of Windows"));
        assert!(refused(Some("LocalService"), None, DEFAULT_PROGRAM).contains("for services"));
    }
}
