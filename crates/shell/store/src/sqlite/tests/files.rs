//! Which files are opened, by whom, and how.

use std::fs;
use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::sample::{Place, hasty, remembers, run, trouble};
use crate::error::Trouble;
use crate::sqlite::{Access, Sqlite};
use crate::{Entry, Store};

async fn raw(place: &Place) -> SqliteConnection {
    SqliteConnectOptions::new().filename(&place.path).create_if_missing(true).connect().await.unwrap()
}

#[cfg(unix)]
#[test]
fn other_accounts_cannot_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    run(async {
        let place = Place::new();
        let store = place.open().await;
        store.write(vec![Entry::Epoch(1)]).await.unwrap();
        let mut files = 0;
        for file in fs::read_dir(place.path.parent().unwrap()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
            files += 1;
        }
        assert_eq!(files, 4, "the file, its log, the log's index and the lock");
    });
}

#[test]
fn one_process_writes_it_at_a_time() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        assert_eq!(place.trouble().await, Trouble::InUse);
        store.close().await.unwrap();
        assert_eq!(trouble(store.write(vec![Entry::Epoch(1)]).await), Trouble::Closed);
        drop(place.open().await);
        place.open().await.write(vec![Entry::Epoch(2)]).await.unwrap();
    });
}

#[test]
fn a_program_that_locks_it_delays_a_write_for_a_bounded_time() {
    run(async {
        let place = Place::new();
        let store = Sqlite::open_with(&place.path, hasty()).await.unwrap();
        let mut other = raw(&place).await;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        assert_eq!(trouble(store.write(vec![Entry::Epoch(1)]).await), Trouble::Locked);
        assert_eq!(store.load().await.unwrap().epoch, 0, "it can be read meanwhile");
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        store.write(vec![Entry::Epoch(2)]).await.unwrap();
        assert_eq!(store.load().await.unwrap().epoch, 2);
    });
}

#[test]
fn a_file_that_is_something_else_is_refused_and_not_changed() {
    run(async {
        for text in ["SQLite format 3", "a letter to my mother", &"x".repeat(100_000)] {
            let place = Place::new();
            fs::write(&place.path, text).unwrap();
            assert_eq!(place.trouble().await, Trouble::Foreign, "{text:.20}");
            assert_eq!(fs::read_to_string(&place.path).unwrap(), text);
        }
        for sql in
            ["CREATE TABLE t (a)", "PRAGMA application_id = 7", "PRAGMA user_version = 1", "PRAGMA user_version = -1"]
        {
            let place = Place::new();
            let mut other = raw(&place).await;
            sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
            drop(other);
            let before = fs::read(&place.path).unwrap();
            assert_eq!(place.trouble().await, Trouble::Foreign, "{sql}");
            assert_eq!(fs::read(&place.path).unwrap(), before);
        }
    });
}

#[test]
fn an_empty_file_becomes_a_store() {
    run(async {
        let place = Place::new();
        fs::write(&place.path, "").unwrap();
        place.open().await.write(vec![Entry::Epoch(1)]).await.unwrap();
    });
}

#[test]
fn a_file_of_a_newer_version_is_read_and_not_written() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        store.write(vec![remembers(1, "kept")]).await.unwrap();
        store.close().await.unwrap();
        let mut other = raw(&place).await;
        sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut other).await.unwrap();
        drop(other);
        let store = place.open().await;
        assert_eq!(store.access(), Access::ReadOnly { version: 99 });
        assert_eq!(store.load().await.unwrap().legs.len(), 1);
        let refused = store.write(vec![Entry::Epoch(1)]).await.unwrap_err();
        assert_eq!(refused.trouble(), &Trouble::Newer { version: 99 });
        let text = refused.to_string();
        assert!(text.contains("reprise.sqlite3: a newer version of Reprise wrote it (format 99)"), "{text}");
        store.close().await.unwrap();
    });
}

/// An account that may write anything, as root, finds nothing that it may not write.
#[test]
fn a_file_that_may_not_be_written_is_an_error_when_it_is_opened() {
    run(async {
        let place = Place::new();
        place.open().await.close().await.unwrap();
        let writable = fs::metadata(&place.path).unwrap().permissions();
        let mut permissions = writable.clone();
        permissions.set_readonly(true);
        fs::set_permissions(&place.path, permissions).unwrap();
        if fs::OpenOptions::new().write(true).open(&place.path).is_err() {
            assert_eq!(place.trouble().await, Trouble::ReadOnly);
        }
        // SQLite gives the rights of the file to those that it puts beside it.
        for file in fs::read_dir(place.path.parent().unwrap()).unwrap() {
            fs::set_permissions(file.unwrap().path(), writable.clone()).unwrap();
        }
        place.open().await.write(vec![Entry::Epoch(1)]).await.unwrap();
    });
}

#[test]
fn a_path_that_leads_nowhere_is_an_error() {
    run(async {
        let place = Place::new();
        let folder = place.path.join("reprise.sqlite3");
        assert_eq!(trouble(Sqlite::open(&folder).await), Trouble::Unreachable);
        fs::create_dir(&place.path).unwrap();
        assert_eq!(place.trouble().await, Trouble::Unreachable);
        // A relative name of this form would be an address to SQLite.
        let error = Sqlite::open(Path::new("file:no-folder/reprise.sqlite3")).await.unwrap_err();
        assert!(error.path().is_some_and(Path::is_absolute), "{error}");
    });
}

#[test]
fn names_with_special_characters_are_names() {
    run(async {
        let place = Place::new();
        let folder = place.path.parent().unwrap();
        // Names that mean something to SQLite. Windows has no names with some of these characters.
        let on_unix: &[&str] = if cfg!(unix) { &["a b?mode=memory", "file:x", ":memory:"] } else { &[] };
        for name in ["50% #1", "a&b=c", "ä"].iter().chain(on_unix) {
            let path = folder.join(name);
            let store = Sqlite::open(&path).await.unwrap();
            store.write(vec![Entry::Epoch(3)]).await.unwrap();
            store.close().await.unwrap();
            assert!(path.is_file(), "{name}");
            assert_eq!(Sqlite::open(&path).await.unwrap().load().await.unwrap().epoch, 3);
        }
    });
}
