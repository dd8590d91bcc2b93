//! Our source in Windows' System log: its registration, and the records that are written.
//!
//! Sources: Windows Event Log reference, "Eventlog Key", `RegisterEventSource` and `ReportEvent`. All are older than Server 2012.

#![expect(unsafe_code, reason = "the functions of Windows are C")]

use std::io;
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, RegisterEventSourceW,
    ReportEventW,
};

use super::registry::{self, Key};
use super::{account, folder, wide};
use crate::event::{Level, SOURCE};
use crate::sink::system::{Refused, SystemLog};

/// Where the sources of the System log are registered.
const SOURCES: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\System";
/// The file with the message table.
const MESSAGE_FILE: &str = "EventMessageFile";
/// The name of our program's file.
const PROGRAM: &str = "reprise.exe";
/// Errors, warnings and information.
const TYPES: u32 = 7;

const REGISTER_ADVICE: &str = "run `reprise install task` once as an administrator, which registers it";
const WRITE_ADVICE: &str =
    "run it as SYSTEM or as an administrator: the System log accepts events from them, and not from other users";

/// The source, open once it was needed.
#[derive(Debug, Default)]
pub(crate) struct EventSource(Option<Handle>);

/// A handle to the log. Given back on drop.
#[derive(Debug)]
struct Handle(HANDLE);

// SAFETY: the handle belongs to no thread (Windows Event Log reference, `RegisterEventSource`).
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from RegisterEventSourceW and is given back here alone.
        let _done = unsafe { DeregisterEventSource(self.0) };
    }
}

impl SystemLog for EventSource {
    fn open(&mut self) -> Result<(), Refused> {
        let register = |source| Refused { what: "register the source of its events", advice: REGISTER_ADVICE, source };
        register_if_missing().map_err(register)?;
        let name = wide(SOURCE);
        // SAFETY: the name ends with a zero and outlives the call; no server is this computer.
        let handle = unsafe { RegisterEventSourceW(null(), name.as_ptr()) };
        if handle.is_null() {
            return Err(refused());
        }
        self.0 = Some(Handle(handle));
        Ok(())
    }

    fn report(&mut self, id: u16, level: Level, strings: &[String]) -> Result<(), Refused> {
        let Some(Handle(handle)) = &self.0 else {
            return Err(Refused {
                what: "write to the System log",
                advice: WRITE_ADVICE,
                source: io::ErrorKind::NotConnected.into(),
            });
        };
        let kind = match level {
            Level::Information => EVENTLOG_INFORMATION_TYPE,
            Level::Warning => EVENTLOG_WARNING_TYPE,
            Level::Error => EVENTLOG_ERROR_TYPE,
        };
        let strings: Vec<Vec<u16>> = strings.iter().map(|text| wide(text)).collect();
        let pointers: Vec<*const u16> = strings.iter().map(Vec::as_ptr).collect();
        let count = u16::try_from(pointers.len()).unwrap_or_default();
        // SAFETY: there are as many pointers as is said, each to a text that ends with a zero; all outlive the call.
        let written =
            unsafe { ReportEventW(*handle, kind, 0, u32::from(id), null_mut(), count, 0, pointers.as_ptr(), null()) };
        if written == 0 { Err(refused()) } else { Ok(()) }
    }

    fn account(&self) -> String {
        account::name()
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        folder::make_all(path)
    }
}

/// What the system has just refused.
fn refused() -> Refused {
    Refused { what: "write to the System log", advice: WRITE_ADVICE, source: io::Error::last_os_error() }
}

fn key() -> String {
    format!(r"{SOURCES}\{SOURCE}")
}

/// Registers the source, if it is missing or its message file is. What the support article's script registered stays: its
/// message file shows the same texts.
fn register_if_missing() -> io::Result<()> {
    match registry::text(&key(), MESSAGE_FILE)? {
        // Several files may stand there, with semicolons between them.
        Some(files) if files.split(';').any(|file| Path::new(file.trim()).exists()) => Ok(()),
        // Records are kept without a message file, too: that it cannot be set must not keep them away.
        Some(_) => register(&std::env::current_exe()?).or(Ok(())),
        None => register(&std::env::current_exe()?),
    }
}

/// Registers the source of our events in the System log, with the message table of a program.
///
/// # Errors
/// The system's.
pub fn register(program: &Path) -> io::Result<()> {
    let key = Key::create(&key())?;
    key.set_path(MESSAGE_FILE, &program.to_string_lossy())?;
    key.set_number("TypesSupported", TYPES)
}

/// Removes the source, unless it names the message table of another program, as the support article's script does. Returns
/// whether it was removed.
///
/// # Errors
/// The system's.
pub fn unregister() -> io::Result<bool> {
    let file = registry::text(&key(), MESSAGE_FILE)?.unwrap_or_default();
    let is_ours = file.rsplit('\\').next().is_some_and(|name| name.eq_ignore_ascii_case(PROGRAM));
    if is_ours { registry::remove(&key()) } else { Ok(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, since all work on the one key.
    #[test]
    fn s2_the_source_is_registered_once_and_what_the_articles_script_registered_stays() {
        let file = || registry::text(&key(), MESSAGE_FILE).unwrap();
        let _gone = registry::remove(&key());
        assert_eq!(file(), None);
        let mut source = EventSource::default();
        source.open().unwrap();
        let own = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        assert_eq!(file(), Some(own.clone()));
        source.report(4, Level::Information, &["Replication for é中".to_owned(), "é中".to_owned()]).unwrap();
        // The file is gone: it was moved, or what registered it was removed.
        Key::create(&key()).unwrap().set_path(MESSAGE_FILE, r"C:\gone\reprise.exe").unwrap();
        register_if_missing().unwrap();
        assert_eq!(file(), Some(own));
        let article = r"%SystemRoot%\system32\kernel32.dll";
        Key::create(&key()).unwrap().set_path(MESSAGE_FILE, article).unwrap();
        register_if_missing().unwrap();
        assert!(file().unwrap().ends_with("kernel32.dll"));
        assert!(!unregister().unwrap());
        register(Path::new(r"C:\Program Files\Reprise\Reprise.exe")).unwrap();
        assert!(unregister().unwrap());
        assert!(!unregister().unwrap());
    }

    #[test]
    fn the_account_has_a_name() {
        assert!(account::name().contains('\\'), "{}", account::name());
    }
}
