//! The scheduled task on Windows, with what it needs: a folder that only its accounts may open, and the source of its events.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use reprise_platform::paths::{of_this_process, program_data};
use reprise_platform::secret::read_password_file;
use reprise_platform::startup::{FOLDER, NAME, StartupTask, TaskAccount, doubt};
use reprise_platform::windows::{check_account, drive_of, make_private, register, register_task};
use secrecy::SecretString;

use super::arguments::{TaskArguments, task, this_program};
use crate::console::{complain, notice, print};
use crate::exit;
use crate::usage::Usage;

/// A step that failed, and what to do about it.
struct Failure {
    what: String,
    why: io::Error,
    next: String,
}

const ELEVATE: &str = "run this in a prompt that was opened with `Run as administrator`";

pub(super) fn install(arguments: &TaskArguments) -> Result<ExitCode, Usage> {
    let password = password(arguments.password_file.as_deref())?;
    let task = task(arguments, this_program()?)?;
    if let Some(doubt) = doubt(&task.program, drive_of(&task.program)) {
        notice(&format!(
            "the task will run {}, {doubt}; copy it to C:\\Program Files\\Reprise, and install it from there",
            task.program
        ));
    }
    if matches!(task.account, TaskAccount::ThisComputerOnly(_)) {
        notice("without a password the task can use this computer alone; --password-file names one");
    }
    let folder = program_data(of_this_process);
    if let Err(Failure { what, why, next }) = carry_out(&task, password.as_ref(), &folder) {
        let next = if why.kind() == io::ErrorKind::PermissionDenied { ELEVATE } else { &next };
        complain(&format!("cannot {what}\n  why:  {why}\n  next: {next}"));
        return Ok(ExitCode::from(exit::FAILED));
    }
    Ok(ExitCode::from(if print(&done(&task, &folder)).is_no_failure() { exit::OK } else { exit::FAILED }))
}

/// The task last: what it needs is there before it.
fn carry_out(task: &StartupTask, password: Option<&SecretString>, folder: &Path) -> Result<(), Failure> {
    let failed = |what: String, next: &str| {
        let next = next.to_owned();
        move |why| Failure { what, why, next }
    };
    let account = other(task);
    if let Some(name) = account {
        check_account(name).map_err(failed(format!("find the account {name}"), "check its name and its domain"))?;
    }
    let place = folder.display();
    let clear = format!("see who owns {place} and what is in it, remove it, then run this as an administrator");
    make_private(folder, account).map_err(failed(format!("make the folder {place}"), &clear))?;
    let source = "register the source of events in the System log".to_owned();
    register(task.program.as_ref()).map_err(failed(source, ELEVATE))?;
    let what = format!("register the task \\{FOLDER}\\{NAME}");
    register_task(task, password).map_err(failed(what, of_task(&task.account)))
}

/// The account, unless it is SYSTEM.
fn other(task: &StartupTask) -> Option<&str> {
    (!matches!(task.account, TaskAccount::System)).then(|| task.account.name())
}

/// What was done, for people.
fn done(task: &StartupTask, folder: &Path) -> String {
    let (program, name, place) = (&task.program, task.account.name(), folder.display());
    let (unless, owners) = match other(task) {
        None => (String::new(), "administrators and SYSTEM".to_owned()),
        Some(name) => (
            format!("; if {name} may not write there, in {place}\\state\\events.jsonl"),
            format!("administrators, SYSTEM and {name}"),
        ),
    };
    format!(
        "The task \\{FOLDER}\\{NAME} runs {program} at startup as {name}.\n\
         Its events are in the System log, from the source \"Hyper-V Replica script\"{unless}.\n\
         Its configuration and state are in {place}, for {owners} alone.\n\
         To run it now: schtasks /run /tn \"{FOLDER}\\{NAME}\"\n"
    )
}

/// The password of the account.
fn password(file: Option<&Path>) -> Result<Option<SecretString>, Usage> {
    let read = file.map(read_password_file).transpose();
    read.map_err(|error| Usage::new("cannot use the password file", error.to_string(), error.advice()))
}

/// What to do if Task Scheduler refuses the task of an account.
fn of_task(account: &TaskAccount) -> &'static str {
    match account {
        TaskAccount::System => "check that the service Schedule is running",
        TaskAccount::Managed(_) => {
            "check with `Test-ADServiceAccount` that this computer may use the account, and that it may log on as a batch job"
        }
        TaskAccount::WithPassword(_) | TaskAccount::ThisComputerOnly(_) => {
            "check the account, its password, and that it may log on as a batch job"
        }
    }
}
