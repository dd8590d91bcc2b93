//! Task Scheduler, over COM: registers our task and removes it.
//!
//! Sources: Task Scheduler reference, `ITaskService` and `ITaskFolder`.

#![expect(unsafe_code, reason = "the calls of COM are unsafe")]

use std::io;
use std::marker::PhantomData;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_MULTITHREADED, CoCreateInstance, CoInitializeEx, CoUninitialize,
};
use windows::Win32::System::TaskScheduler::{
    IRegisteredTask, ITaskFolder, ITaskService, TASK_CREATE_OR_UPDATE, TASK_LOGON_PASSWORD, TASK_LOGON_S4U,
    TASK_LOGON_SERVICE_ACCOUNT, TASK_LOGON_TYPE, TaskScheduler,
};
use windows::Win32::System::Variant::VARIANT;
use windows::core::{BSTR, Error};

use crate::startup::{FOLDER, NAME, StartupTask, TaskAccount};

/// Maximum wait for Task Scheduler, which asks a domain controller for a managed account.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Windows' codes for a file and a folder that are not there, which Task Scheduler has for tasks and its folders.
const NOT_THERE: [i32; 2] = [0x8007_0002_u32.cast_signed(), 0x8007_0003_u32.cast_signed()];
/// `SCHED_S_TASK_HAS_NOT_RUN` and `SCHED_S_TASK_RUNNING`, in place of an exit code.
const NOT_RUN_YET: u32 = 0x0004_1303;
const RUNS: u32 = 0x0004_1301;
/// The facility of Win32's own codes within COM's.
const WIN32: u32 = 0x8007_0000;

/// Registers the task, or replaces the one that is there.
///
/// # Errors
/// Task Scheduler's.
pub fn register_task(task: &StartupTask, password: Option<&SecretString>) -> io::Result<()> {
    let (xml, account, password) = (task.xml(), task.account.clone(), password.cloned());
    with_service(move |service| {
        // SAFETY: COM is at work on this thread, as the service proves; every argument outlives its call.
        let top = unsafe { service.GetFolder(&BSTR::from("\\")) }?;
        let folder = match ours(&top)? {
            Some(folder) => folder,
            // SAFETY: as above.
            None => unsafe { top.CreateFolder(&BSTR::from(FOLDER), &VARIANT::default()) }?,
        };
        let user = VARIANT::from(account.name());
        let password = password.map_or_else(VARIANT::default, |password| VARIANT::from(password.expose_secret()));
        let (name, xml) = (BSTR::from(NAME), BSTR::from(xml.as_str()));
        let none = VARIANT::default();
        // SAFETY: as above.
        unsafe { folder.RegisterTask(&name, &xml, TASK_CREATE_OR_UPDATE.0, &user, &password, logon(&account), &none) }?;
        Ok(())
    })
}

/// Whether the task is registered.
///
/// # Errors
/// Task Scheduler's.
pub fn task_exists() -> io::Result<bool> {
    with_service(|service| Ok(registered(service)?.is_some()))
}

/// Starts the task. Returns whether it is registered.
///
/// # Errors
/// Task Scheduler's.
pub fn start_task() -> io::Result<bool> {
    with_service(|service| {
        let Some(task) = registered(service)? else { return Ok(false) };
        // SAFETY: the task is alive; an empty argument is none.
        unsafe { task.Run(&VARIANT::default()) }?;
        Ok(true)
    })
}

fn registered(service: &ITaskService) -> Result<Option<IRegisteredTask>, Error> {
    // SAFETY: COM is at work on this thread, as the service proves; every argument outlives its call.
    let top = unsafe { service.GetFolder(&BSTR::from("\\")) }?;
    let Some(folder) = ours(&top)? else { return Ok(None) };
    // SAFETY: as above.
    found(unsafe { folder.GetTask(&BSTR::from(NAME)) })
}

/// Removes the task, and its folder if nothing else is in it. Returns whether it was there.
///
/// # Errors
/// Task Scheduler's.
pub fn remove_task() -> io::Result<bool> {
    with_service(|service| {
        // SAFETY: COM is at work on this thread, as the service proves; every argument outlives its call.
        let top = unsafe { service.GetFolder(&BSTR::from("\\")) }?;
        let Some(folder) = ours(&top)? else { return Ok(false) };
        // SAFETY: as above.
        let removed = found(unsafe { folder.DeleteTask(&BSTR::from(NAME), 0) })?.is_some();
        drop(folder);
        // SAFETY: as above. Another task in it keeps it.
        let _kept = unsafe { top.DeleteFolder(&BSTR::from(FOLDER), 0) };
        Ok(removed)
    })
}

/// How the last run of our task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskRun {
    /// It has not run yet.
    Never,
    /// It runs now.
    Running,
    /// With this exit code, or with one of Task Scheduler's.
    Ended(u32),
}

impl TaskRun {
    fn of(result: i32) -> Self {
        match result.cast_unsigned() {
            NOT_RUN_YET => Self::Never,
            RUNS => Self::Running,
            code => Self::Ended(code),
        }
    }
}

/// Says how the last run of our task ended; `None` if there is no task.
///
/// # Errors
/// Task Scheduler's.
pub fn last_run() -> io::Result<Option<TaskRun>> {
    with_service(|service| {
        let Some(task) = registered(service)? else { return Ok(None) };
        // SAFETY: the task is alive.
        unsafe { task.LastTaskResult() }.map(|result| Some(TaskRun::of(result)))
    })
}

/// How Task Scheduler logs an account in.
fn logon(account: &TaskAccount) -> TASK_LOGON_TYPE {
    match account {
        TaskAccount::System => TASK_LOGON_SERVICE_ACCOUNT,
        TaskAccount::Managed(_) | TaskAccount::WithPassword(_) => TASK_LOGON_PASSWORD,
        TaskAccount::ThisComputerOnly(_) => TASK_LOGON_S4U,
    }
}

fn ours(top: &ITaskFolder) -> Result<Option<ITaskFolder>, Error> {
    // SAFETY: the folder is ours and alive; the name outlives the call.
    found(unsafe { top.GetFolder(&BSTR::from(FOLDER)) })
}

/// What was asked for; `None` if it is not there.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if NOT_THERE.contains(&error.code().0) => Ok(None),
        Err(error) => Err(error),
    }
}

/// This thread's membership in the multithreaded apartment.
struct Apartment(PhantomData<*const ()>);

impl Drop for Apartment {
    fn drop(&mut self) {
        // SAFETY: pairs with the success of CoInitializeEx, on the same thread, since the type is not Send.
        unsafe { CoUninitialize() };
    }
}

/// Connects to Task Scheduler on a thread of its own, which is left to itself after [`WAIT_MAX`].
fn with_service<T: Send + 'static>(
    work: impl FnOnce(&ITaskService) -> Result<T, Error> + Send + 'static,
) -> io::Result<T> {
    let (send, receive) = mpsc::sync_channel(1);
    let connect_and_work = move || {
        // SAFETY: no preconditions; a success is paired with one CoUninitialize, on drop.
        unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) }.ok()?;
        let _apartment = Apartment(PhantomData);
        // SAFETY: this thread is in an apartment.
        let service: ITaskService = unsafe { CoCreateInstance(&TaskScheduler, None, CLSCTX_INPROC_SERVER) }?;
        let here = VARIANT::default();
        // SAFETY: the arguments outlive the call; empty ones are this computer and this account.
        unsafe { service.Connect(&here, &here, &here, &here) }?;
        work(&service)
    };
    thread::Builder::new().name("task".to_owned()).spawn(move || {
        let _nobody_waits = send.send(connect_and_work());
    })?;
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "Task Scheduler gave no answer in time");
    receive.recv_timeout(WAIT_MAX).map_err(late)?.map_err(|error: Error| of(&error))
}

/// COM's error. Win32's own codes have a kind.
fn of(error: &Error) -> io::Error {
    let code = error.code().0.cast_unsigned();
    match u16::try_from(code ^ WIN32) {
        Ok(number) => io::Error::from_raw_os_error(i32::from(number)),
        Err(_) => io::Error::other(format!("{} (0x{code:08X})", error.message().trim())),
    }
}

#[cfg(test)]
mod tests {
    use windows::core::HRESULT;

    use super::*;

    #[test]
    fn s12_the_task_is_registered_replaced_and_removed() {
        let account = TaskAccount::parse("SYSTEM", false).unwrap();
        let task =
            StartupTask { program: r"C:\Program Files\Reprise\reprise.exe".to_owned(), account, delay: Duration::ZERO };
        let _gone = remove_task();
        assert!(!remove_task().unwrap());
        register_task(&task, None).unwrap();
        register_task(&StartupTask { delay: Duration::from_secs(30), ..task }, None).unwrap();
        assert!(task_exists().unwrap());
        assert!(remove_task().unwrap());
        assert!(!remove_task().unwrap());
        assert!(!task_exists().unwrap() && !start_task().unwrap());
    }

    #[test]
    fn a_result_that_is_no_exit_code_says_that_there_is_none_yet() {
        let runs = [0x0004_1303, 0x0004_1301, 0, 3].map(TaskRun::of);
        assert_eq!(runs, [TaskRun::Never, TaskRun::Running, TaskRun::Ended(0), TaskRun::Ended(3)]);
    }

    #[test]
    fn an_error_of_windows_has_its_kind_and_any_other_its_number() {
        let denied = of(&Error::from_hresult(HRESULT(0x8007_0005_u32.cast_signed())));
        assert_eq!(denied.kind(), io::ErrorKind::PermissionDenied);
        let other = of(&Error::from_hresult(HRESULT(0x8004_1315_u32.cast_signed())));
        assert!(other.to_string().ends_with("(0x80041315)"), "{other}");
    }
}
