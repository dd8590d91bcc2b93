//! The file itself: created for this account alone, and used by one writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::Failure;
use super::limits::StoreLimits;
use crate::error::Trouble;

/// How often a lock is tried while its holder ends.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// Holds a file for one writer, for as long as it exists. The system releases it when a process ends, however that ends.
#[derive(Debug)]
pub(super) struct WriterLock(#[expect(dead_code, reason = "the lock is released when the file is closed")] File);

impl WriterLock {
    /// Takes it, in a file beside the store. The store's own file is locked by SQLite, for moments.
    pub(super) async fn take(store: &Path, limits: &StoreLimits) -> Result<Self, Failure> {
        let file = private().create(true).truncate(false).open(beside(store, "lock"))?;
        let tries = limits.lock.as_millis() / TRY_EVERY.as_millis();
        for _ in 0..tries {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(TRY_EVERY).await,
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::Ours(Trouble::InUse)),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// Creates the file if it does not exist: before SQLite would, which would let other accounts read it. The files that SQLite
/// puts beside it have the rights that it has.
pub(super) fn create(store: &Path) -> io::Result<()> {
    match private().create_new(true).open(store) {
        Ok(file) => {
            file.sync_all()?;
            sync_folder(store)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file's name is as durable as its folder.
#[cfg(unix)]
fn sync_folder(store: &Path) -> io::Result<()> {
    store.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(store: &Path, end: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}
