//! Reads files within a bound and a time, whatever they are: a named pipe that nobody writes to and a file system that does not
//! answer must not hold the program.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Maximum wait for a file. The largest are read in milliseconds; a program that writes to a pipe may take a little longer.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Maximum size of a configuration or of a file of certificates, in bytes: far more than either needs.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads a whole file of at most [`BYTES_MAX`].
///
/// # Errors
/// The system's, or one that says that it is too large or gave nothing in time.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_within(path, BYTES_MAX, WAIT_MAX)
}

/// Reads a whole file of text in UTF-8.
///
/// # Errors
/// As [`read`], and of a file that is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

fn read_within(path: &Path, most: usize, wait: Duration) -> io::Result<Vec<u8>> {
    let path: PathBuf = path.to_owned();
    aside_within(wait, move || {
        let mut bytes = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        File::open(&path)?.take(limit).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes")));
        }
        Ok(bytes)
    })?
}

/// Does work that may wait for a file, on a thread of its own.
///
/// # Errors
/// If it is not done within [`WAIT_MAX`]. The thread is left to itself, and ends with the process at the latest.
pub(crate) fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    aside_within(WAIT_MAX, work)
}

fn aside_within<T: Send + 'static>(wait: Duration, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (send, receive) = mpsc::sync_channel(1);
    thread::Builder::new().name("file".to_owned()).spawn(move || {
        let _nobody_waits = send.send(work());
    })?;
    receive.recv_timeout(wait).map_err(|_| {
        let seconds = wait.as_secs_f32();
        io::Error::new(
            ErrorKind::TimedOut,
            format!("nothing came of it within {seconds} s: is it a pipe that nothing writes to?"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_within(&path, 5, WAIT_MAX).unwrap(), b"12345");
        assert_eq!(read_within(&path, 4, WAIT_MAX).unwrap_err().to_string(), "it is larger than 4 bytes");
        assert_eq!(read_text(&path).unwrap(), "12345");
        std::fs::write(&path, b"\xff").unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(read(&path.with_extension("gone")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_and_a_pipe_that_nobody_writes_to_are_given_up() {
        let error = read_within(Path::new("/dev/zero"), 1_000, WAIT_MAX).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{error}");
        let folder = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let pipe = folder.path().join(name);
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            pipe
        };
        let error = read_within(&pipe("silent"), 1_000, Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        // One that is written to is read, as `<(command)` in a shell makes it.
        let pipe = pipe("written");
        let writer = thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::write(pipe, b"hunter2")
        });
        assert_eq!(read_within(&pipe, 1_000, WAIT_MAX).unwrap(), b"hunter2");
        writer.join().unwrap().unwrap();
    }
}
