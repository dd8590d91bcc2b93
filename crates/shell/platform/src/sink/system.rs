//! Windows' System log. What it does not accept goes to a file instead, which is reported once.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::error::SinkError;
use super::file::File;
use super::inserts;
use crate::event::{Level, LogEntry};

/// What was refused, and what the system said.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What this account cannot do: "write to the System log".
    pub(crate) what: &'static str,
    /// What to do about it.
    pub(crate) advice: &'static str,
    /// What the system said.
    pub(crate) source: std::io::Error,
}

/// The log, as Windows shows it.
pub(crate) trait SystemLog: std::fmt::Debug + Send {
    /// Registers the source if it is missing, and opens the log.
    fn open(&mut self) -> Result<(), Refused>;
    /// Writes one record.
    fn report(&mut self, id: u16, level: Level, strings: &[String]) -> Result<(), Refused>;
    /// The account that this process runs as.
    fn account(&self) -> String;
    /// Makes the folder of the file that is written instead.
    fn make_folder(&self, folder: &Path) -> std::io::Result<()>;
}

/// The log, and the file that stands in for it.
#[derive(Debug)]
pub(super) struct System<L> {
    fallback: File,
    way: Mutex<Way<L>>,
}

/// Where the next event goes.
#[derive(Debug)]
enum Way<L> {
    Unopened(L),
    Log(L),
    Fallback,
}

impl<L: SystemLog> System<L> {
    pub(super) fn new(log: L, fallback: File) -> Self {
        Self { fallback, way: Mutex::new(Way::Unopened(log)) }
    }

    /// Writes one event. From the first refusal on, all go to the file.
    pub(super) fn write(&self, event: &LogEntry) -> Result<(), SinkError> {
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut log, opened) = match std::mem::replace(&mut *way, Way::Fallback) {
            Way::Unopened(mut log) => {
                let opened = log.open();
                (log, opened)
            }
            Way::Log(log) => (log, Ok(())),
            Way::Fallback => return self.keep(event),
        };
        let code = event.code();
        match opened.and_then(|()| log.report(code.id, code.level, &inserts::of(event))) {
            Ok(()) => {
                *way = Way::Log(log);
                Ok(())
            }
            Err(refused) => {
                // Without a folder the file cannot be written, which is an error of its own.
                let _made = self.fallback.path().parent().map(|folder| log.make_folder(folder));
                self.keep(event)?;
                let Refused { what, advice, source } = refused;
                Err(SinkError::Diverted {
                    account: log.account(),
                    what,
                    advice,
                    path: self.fallback.path().to_owned(),
                    source,
                })
            }
        }
    }

    fn keep(&self, event: &LogEntry) -> Result<(), SinkError> {
        let path = self.fallback.path();
        self.fallback.append(event).map_err(|source| SinkError::File {
            id: event.code().id,
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::sync::Arc;

    use super::*;
    use crate::event::codes;

    /// A log that refuses from a call on. The first call opens it.
    #[derive(Debug)]
    struct Stub {
        refuses_at: usize,
        calls: usize,
        records: Arc<Mutex<Vec<(u16, Level, String)>>>,
    }

    impl Stub {
        fn call(&mut self) -> Result<(), Refused> {
            self.calls += 1;
            if self.calls < self.refuses_at {
                return Ok(());
            }
            Err(Refused {
                what: "write to the System log",
                advice: "ask",
                source: std::io::ErrorKind::PermissionDenied.into(),
            })
        }
    }

    impl SystemLog for Stub {
        fn open(&mut self) -> Result<(), Refused> {
            self.call()
        }
        fn report(&mut self, id: u16, level: Level, strings: &[String]) -> Result<(), Refused> {
            self.call()?;
            self.records.lock().unwrap().push((id, level, strings[0].clone()));
            Ok(())
        }
        fn account(&self) -> String {
            r"LAB\svc".to_owned()
        }
        fn make_folder(&self, folder: &Path) -> std::io::Result<()> {
            std::fs::create_dir_all(folder)
        }
    }

    fn three() -> [LogEntry; 3] {
        [&codes::STARTING, &codes::NOT_READY, &codes::FINISHED]
            .map(|code| LogEntry::new(jiff::Timestamp::UNIX_EPOCH, code).with("summary", "Nothing."))
    }

    fn lines(path: &Path) -> usize {
        std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
    }

    #[test]
    fn each_event_is_one_record_with_its_id_level_and_message() {
        let folder = tempfile::tempdir().unwrap();
        let records = Arc::default();
        let stub = Stub { refuses_at: usize::MAX, calls: 0, records: Arc::clone(&records) };
        let system = System::new(stub, File::at(folder.path().join("events.jsonl")));
        for event in &three() {
            system.write(event).unwrap();
        }
        let expected: Vec<_> = three().iter().map(|e| (e.code().id, e.code().level, e.message())).collect();
        assert_eq!(*records.lock().unwrap(), expected);
        assert_eq!(lines(&folder.path().join("events.jsonl")), 0);
    }

    #[test]
    fn an_account_without_rights_gets_one_warning_that_names_it_and_a_file_that_lacks_no_event() {
        // It may not open the log; it may not write; it is refused in the middle.
        for refuses_at in 1..=3 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("state").join("events.jsonl");
            let stub = Stub { refuses_at, calls: 0, records: Arc::default() };
            let records = Arc::clone(&stub.records);
            let system = System::new(stub, File::at(&path));
            let warnings: Vec<SinkError> = three().iter().filter_map(|event| system.write(event).err()).collect();
            let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
            let text = warning.to_string();
            assert!(text.contains(r"LAB\svc cannot write to the System log"), "{text}");
            assert!(text.contains(&path.display().to_string()), "{text}");
            assert!(warning.source().is_some() && warning.advice() == "ask" && !warning.is_loss());
            assert_eq!(records.lock().unwrap().len() + lines(&path), 3, "{refuses_at}");
        }
    }

    #[test]
    fn an_event_that_neither_the_log_nor_the_file_accepts_is_lost_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let stub = Stub { refuses_at: 1, calls: 0, records: Arc::default() };
        let system = System::new(stub, File::at(folder.path()));
        for event in three() {
            let error = system.write(&event).unwrap_err();
            assert!(matches!(error, SinkError::File { .. }) && error.is_loss(), "{error}");
        }
    }
}
