//! Notes of the pauses that Reprise makes itself: one small file each, in the folder of the state, so that later runs on this
//! computer leave a pause alone that a person wanted, and resume one that a drill left behind.
//!
//! A file is named after the VM and the relationship, so that a damaged one still tells what it is about: a person's word is
//! not lost with it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::file;

/// Maximum number of notes that are read: more than any host has VMs.
const NOTES_MAX: usize = 100_000;
/// The end of a note's name, and of the name that it has until it is whole.
const END: &str = "json";
const UNFINISHED: &str = "new";

/// Which relationship a note is about: the VM's GUID, in lower case and without braces, and `simple` or `extended`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PauseOf {
    /// The VM's GUID.
    pub vm_id: String,
    /// The relationship's kind.
    pub leg: String,
}

/// What is noted of a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseNote {
    /// Whether it was made for a drill. Otherwise a person wanted it.
    pub drill: bool,
    /// Whether a look has shown the pause. Until then it is only intended: the program may have ended before it was made.
    pub done: bool,
    /// The VM's name, for those who read the file.
    pub vm: String,
    /// The host that sends.
    pub primary: String,
    /// The account that paused it.
    pub by: String,
    /// Why, if that was given.
    pub reason: Option<String>,
    /// When, by this computer's clock.
    pub at: Timestamp,
    /// Data that arrived later, by the clock of the host that sends, shows that it was resumed since. Milliseconds since 1970;
    /// `None` if that time is unknown.
    pub until_ms: Option<i64>,
}

/// A note as it was found.
#[derive(Debug)]
pub enum Found {
    /// It could be read.
    Whole(PauseNote),
    /// It is there, and could not be read.
    Damaged(io::Error),
}

/// The folder of the notes.
#[derive(Clone, Debug)]
pub struct PauseNotes {
    folder: PathBuf,
}

impl PauseNotes {
    /// The notes in a folder of state.
    pub fn in_state(state: &Path) -> Self {
        Self { folder: state.join("pauses") }
    }

    /// Their folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All notes. A folder that is not there has none.
    ///
    /// # Errors
    /// The system's, if the folder is there and cannot be listed.
    pub fn read(&self) -> io::Result<BTreeMap<PauseOf, Found>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let mut notes = BTreeMap::new();
        for entry in entries.take(NOTES_MAX) {
            let path = entry?.path();
            if let Some(of) = of_path(&path) {
                let found = read_note(&path).map_or_else(Found::Damaged, Found::Whole);
                notes.insert(of, found);
            }
        }
        Ok(notes)
    }

    /// Writes a note, whole or not at all.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, of: &PauseOf, note: &PauseNote) -> io::Result<()> {
        self.write_file(of, text(note).as_bytes())
    }

    /// The file of a note as it is; `None` if there is none.
    ///
    /// # Errors
    /// The system's.
    pub fn read_file(&self, of: &PauseOf) -> io::Result<Option<Vec<u8>>> {
        match file::read(&self.path(of)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file of a note as it was, whole or not at all.
    ///
    /// # Errors
    /// The system's.
    pub fn write_file(&self, of: &PauseOf, bytes: &[u8]) -> io::Result<()> {
        make_folder(&self.folder)?;
        let path = self.path(of);
        // Two programs may write one note at the same time, and so may one.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let unfinished = path.with_extension(format!("{}-{number}.{UNFINISHED}", std::process::id()));
        let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _nothing_is_left = fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes a note. One that is not there is removed already.
    ///
    /// # Errors
    /// The system's.
    pub fn remove(&self, of: &PauseOf) -> io::Result<()> {
        match fs::remove_file(self.path(of)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn path(&self, of: &PauseOf) -> PathBuf {
        self.folder.join(format!("{}-{}.{END}", of.vm_id, of.leg))
    }
}

/// Numbers the files that are being written.
static NUMBER: AtomicU64 = AtomicU64::new(0);

fn of_path(path: &Path) -> Option<PauseOf> {
    if path.extension()? != END {
        return None;
    }
    let (vm_id, leg) = path.file_stem()?.to_str()?.rsplit_once('-')?;
    matches!(leg, "simple" | "extended").then(|| PauseOf { vm_id: vm_id.to_owned(), leg: leg.to_owned() })
}

fn text(note: &PauseNote) -> String {
    let PauseNote { drill, done, vm, primary, by, reason, at, until_ms } = note;
    let kind = if *drill { "drill" } else { "meant" };
    let state = if *done { "done" } else { "intended" };
    let note = json!({
        "version": 1, "kind": kind, "state": state, "vm": vm, "primary": primary, "by": by, "reason": reason,
        "at": at.to_string(), "until_ms": until_ms,
    });
    format!("{note:#}\n")
}

fn read_note(path: &Path) -> io::Result<PauseNote> {
    let invalid = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let note: Value = serde_json::from_str(&file::read_text(path)?)?;
    if note.get("version") != Some(&json!(1)) {
        return Err(invalid("it is not of version 1: another version of Reprise may have written it"));
    }
    let text = |key: &str| note.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    let wanted = |key: &str| text(key).ok_or_else(|| invalid(&format!("it has no text {key}")));
    let drill = match wanted("kind")?.as_str() {
        "meant" => false,
        "drill" => true,
        _ => return Err(invalid("its kind is neither meant nor drill")),
    };
    let done = match note.get("state").map(Value::as_str) {
        // Notes of an earlier build say nothing of it.
        None | Some(Some("done")) => true,
        Some(Some("intended")) => false,
        Some(_) => return Err(invalid("its state is neither intended nor done")),
    };
    Ok(PauseNote {
        drill,
        done,
        vm: wanted("vm")?,
        primary: wanted("primary")?,
        by: wanted("by")?,
        reason: text("reason"),
        at: wanted("at")?.parse().map_err(|_| invalid("its time is not one"))?,
        until_ms: note.get("until_ms").and_then(Value::as_i64),
    })
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    // A note that a power failure takes away would be a person's word that is lost.
    file.sync_all()
}

/// On Windows every user may make folders in `%ProgramData%`: one that is made there is given to administrators alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    #[cfg(windows)]
    {
        let own = crate::paths::program_data(crate::paths::of_this_process);
        if folder.starts_with(&own) && !own.exists() {
            crate::windows::make_private(&own, None)?;
        }
    }
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(leg: &str) -> PauseOf {
        PauseOf { vm_id: "0d2e5f3a-0000-0000-0000-000000000001".to_owned(), leg: leg.to_owned() }
    }

    fn note() -> PauseNote {
        PauseNote {
            drill: false,
            done: true,
            vm: "sql\"\u{202e}-01".to_owned(),
            primary: "hv01.lab.test".to_owned(),
            by: "LAB\\anna".to_owned(),
            reason: Some("storage is moved".to_owned()),
            at: "2026-11-30T12:00:00.123Z".parse().unwrap(),
            until_ms: Some(1_790_000_000_000),
        }
    }

    #[test]
    fn a_note_reads_back_as_it_was_written_and_is_gone_when_it_is_removed() {
        let state = tempfile::tempdir().unwrap();
        let notes = PauseNotes::in_state(&state.path().join("not there yet"));
        assert!(notes.read().unwrap().is_empty(), "no folder, no notes");
        let drill = PauseNote { drill: true, reason: None, until_ms: None, ..note() };
        notes.write(&of("simple"), &note()).unwrap();
        notes.write(&of("extended"), &drill).unwrap();
        let found = notes.read().unwrap();
        assert!(matches!(&found[&of("simple")], Found::Whole(found) if *found == note()));
        assert!(matches!(&found[&of("extended")], Found::Whole(found) if *found == drill));
        notes.remove(&of("simple")).unwrap();
        notes.remove(&of("simple")).unwrap();
        assert_eq!(notes.read().unwrap().into_keys().collect::<Vec<_>>(), [of("extended")]);
    }

    #[test]
    fn a_note_tells_whether_the_pause_was_seen_and_one_that_says_nothing_of_that_is_of_a_pause_that_was() {
        let state = tempfile::tempdir().unwrap();
        let notes = PauseNotes::in_state(state.path());
        let done = || match &notes.read().unwrap()[&of("simple")] {
            Found::Whole(note) => Some(note.done),
            Found::Damaged(_) => None,
        };
        for expected in [false, true] {
            notes.write(&of("simple"), &PauseNote { done: expected, ..note() }).unwrap();
            assert_eq!(done(), Some(expected));
        }
        let path = notes.path(&of("simple"));
        let mut older: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert!(older.as_object_mut().unwrap().remove("state").is_some());
        fs::write(&path, older.to_string()).unwrap();
        assert_eq!(done(), Some(true));
        for unknown in [json!("perhaps"), json!(1), json!(null)] {
            older["state"] = unknown;
            fs::write(&path, older.to_string()).unwrap();
            assert_eq!(done(), None, "{older}");
        }
    }

    #[test]
    fn a_damaged_note_still_tells_what_it_is_about_and_an_unfinished_one_is_none() {
        let state = tempfile::tempdir().unwrap();
        let notes = PauseNotes::in_state(state.path());
        notes.write(&of("simple"), &note()).unwrap();
        let path = notes.path(&of("simple"));
        let whole = fs::read_to_string(&path).unwrap();
        for damage in
            ["", "{", &whole[..whole.len() / 2], &whole.replace("meant", "mean"), &whole.replace(": 1,", ": 2,")]
        {
            fs::write(&path, damage).unwrap();
            assert!(matches!(notes.read().unwrap()[&of("simple")], Found::Damaged(_)), "{damage}");
        }
        fs::rename(&path, path.with_extension(UNFINISHED)).unwrap();
        fs::write(notes.folder().join("README.json"), "{}").unwrap();
        assert!(notes.read().unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_kept_is_an_error_and_leaves_nothing_behind() {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("pauses"), "in the way").unwrap();
        let notes = PauseNotes::in_state(state.path());
        assert!(notes.write(&of("simple"), &note()).is_err());
        assert!(notes.read().is_err());
        // Windows finds no file where a part of the path is none.
        #[cfg(unix)]
        assert!(notes.remove(&of("simple")).is_err());
    }
}
