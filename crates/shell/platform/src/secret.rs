//! Reads passwords, keys and keytabs from files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::file;

/// Windows allows 127 characters in its dialogs and 256 in its store; a larger file is not a password file.
const PASSWORD_BYTES_MAX: usize = 4096;
/// A key of 16,384 bits takes 13 KB as text, and a certificate may stand in the same file.
const KEY_BYTES_MAX: usize = 64 * 1024;
/// Room for ten thousand keys: a keytab has those of one account or of a computer's services.
const KEYTAB_BYTES_MAX: usize = 1024 * 1024;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A password on its first line.
    Password,
    /// A key in PEM.
    Key,
    /// Keys of accounts that Kerberos knows.
    Keytab,
}

impl Secret {
    fn bytes_max(self) -> usize {
        match self {
            Self::Password => PASSWORD_BYTES_MAX,
            Self::Key => KEY_BYTES_MAX,
            Self::Keytab => KEYTAB_BYTES_MAX,
        }
    }

    /// What its file should hold.
    fn meant(self) -> &'static str {
        match self {
            Self::Password => "is it the right file? it should hold the password on its first line",
            Self::Key => "is it the right file? it should hold the certificate's key in PEM",
            Self::Keytab => "is it the right file? it should be a keytab, as `ktutil` and `ktpass` write it",
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => "password file",
            Self::Key => "key file",
            Self::Keytab => "keytab",
        })
    }
}

/// Why a file with a secret cannot be used. Never contains any of its content.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("cannot read the {what} {}", path.display())]
    Unreadable {
        /// What it holds.
        what: Secret,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder.
    #[error("the {what} {} is a folder", path.display())]
    Folder {
        /// What it should hold.
        what: Secret,
        /// The folder.
        path: PathBuf,
    },
    /// Other users can read or change it.
    #[error("the {what} {} is open to others (mode {mode:04o})", path.display())]
    OpenToOthers {
        /// What it holds.
        what: Secret,
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is empty, or the first line of a password file is.
    #[error("{}the {what} {} is empty", if *what == Secret::Password { "the first line of " } else { "" }, path.display())]
    Empty {
        /// What it holds.
        what: Secret,
        /// The file.
        path: PathBuf,
    },
    /// It is larger than any such secret.
    #[error("the {what} {} is larger than {} bytes", path.display(), what.bytes_max())]
    TooLarge {
        /// What it holds.
        what: Secret,
        /// The file.
        path: PathBuf,
    },
    /// It is not UTF-8.
    #[error("the {what} {} is not UTF-8", path.display())]
    NotText {
        /// What it holds.
        what: Secret,
        /// The file.
        path: PathBuf,
    },
}

impl SecretFileError {
    /// What to do next.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "check that the file exists and that the account that runs this program can read it"
            }
            Self::Folder { .. } => "name the file in it, not the folder",
            Self::OpenToOthers { what: Secret::Password, .. } => {
                "remove the rights of its group and of others: `chmod 600 FILE`; then consider changing the password"
            }
            Self::OpenToOthers { what: Secret::Key, .. } => {
                "remove the rights of its group and of others: `chmod 600 FILE`; then consider a new certificate"
            }
            Self::OpenToOthers { what: Secret::Keytab, .. } => {
                "remove the rights of its group and of others: `chmod 600 FILE`; then consider new keys"
            }
            Self::Empty { what: Secret::Password, .. } => "write the password on the first line",
            Self::NotText { what: Secret::Password, .. } => {
                "save it as UTF-8; PowerShell: `Set-Content -Encoding utf8`"
            }
            Self::Empty { what, .. } | Self::TooLarge { what, .. } | Self::NotText { what, .. } => what.meant(),
        }
    }
}

/// Reads the first line of `path`, without its line end.
///
/// On Unix a file that anybody but its owner may read or change is refused. In `$CREDENTIALS_DIRECTORY` the group may read: that is
/// how systemd hands a credential to a service, and only the service can enter that folder. On Windows the rights lie in access
/// lists, which are not judged here.
///
/// # Errors
/// Names the file and never its content.
pub fn read_password_file(path: &Path) -> Result<SecretString, SecretFileError> {
    text(path, Secret::Password, first_line)
}

/// Reads a key: the whole of `path`, which is judged like a password file.
///
/// # Errors
/// Names the file and never its content.
pub fn read_key_file(path: &Path) -> Result<SecretString, SecretFileError> {
    text(path, Secret::Key, |bytes| bytes)
}

fn text(path: &Path, what: Secret, part: fn(&[u8]) -> &[u8]) -> Result<SecretString, SecretFileError> {
    let bytes = read(path, what)?;
    let text = str::from_utf8(part(&bytes)).map_err(|_| SecretFileError::NotText { what, path: path.to_owned() })?;
    if text.is_empty() {
        return Err(SecretFileError::Empty { what, path: path.to_owned() });
    }
    Ok(SecretString::from(text))
}

/// Reads a keytab as it is; the same files are refused as for a password.
///
/// # Errors
/// Names the file and never its content.
pub fn read_keytab_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    read(path, Secret::Keytab)
}

/// On a thread of its own: the file may be a pipe that nobody writes to.
fn read(path: &Path, what: Secret) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let own = path.to_owned();
    file::aside(move || read_here(&own, what))
        .unwrap_or_else(|source| Err(SecretFileError::Unreadable { what, path: path.to_owned(), source }))
}

fn read_here(path: &Path, what: Secret) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { what, path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    refuse_if_open(path, what, &file)?;
    let most = what.bytes_max();
    // Room for everything from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    file.take(u64::try_from(most + 1).unwrap_or(u64::MAX)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(SecretFileError::TooLarge { what, path: path.to_owned() });
    }
    Ok(bytes)
}

/// Editors on Windows begin a file with a mark that no password has, and end a line with two characters.
fn first_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Judges the opened file, not its name: the name may point elsewhere a moment later.
#[cfg(unix)]
fn refuse_if_open(path: &Path, what: Secret, file: &File) -> Result<(), SecretFileError> {
    use std::os::unix::fs::PermissionsExt as _;

    const NOT_THE_OWNERS: u32 = 0o077;
    const NOT_OF_A_CREDENTIAL: u32 = 0o037;
    let unreadable = |source| SecretFileError::Unreadable { what, path: path.to_owned(), source };
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        return Err(SecretFileError::Folder { what, path: path.to_owned() });
    }
    let mode = about.permissions().mode() & 0o7777;
    let forbidden = if is_handed_over(path) { NOT_OF_A_CREDENTIAL } else { NOT_THE_OWNERS };
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(SecretFileError::OpenToOthers { what, path: path.to_owned(), mode })
}

/// Whether systemd hands it to this service.
#[cfg(unix)]
fn is_handed_over(path: &Path) -> bool {
    let folder = crate::paths::of_this_process("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    folder.is_some_and(|folder| !folder.as_os_str().is_empty() && path.parent() == Some(folder.as_path()))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as where it can refuse")]
fn refuse_if_open(_path: &Path, _what: Secret, _file: &File) -> Result<(), SecretFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use secrecy::ExposeSecret as _;

    use super::{KEYTAB_BYTES_MAX, SecretFileError, read_key_file, read_keytab_file, read_password_file};

    fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        set_mode(&path, 0o600);
        (folder, path)
    }

    #[cfg(unix)]
    fn set_mode(path: &std::path::Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_line_is_the_password_and_spaces_belong_to_it() {
        for content in [" p w ", " p w \n", " p w \r\n", "\u{feff} p w \r\nnotes\n"] {
            let (_folder, path) = file(content.as_bytes());
            assert_eq!(read_password_file(&path).unwrap().expose_secret(), " p w ", "{content:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_anybody_but_its_owner_may_read_or_change_is_refused() {
        let (_folder, path) = file(b"hunter2\n");
        for mode in [0o644, 0o604, 0o602, 0o640, 0o440, 0o620, 0o601] {
            set_mode(&path, mode);
            for error in [read_password_file(&path).unwrap_err(), read_keytab_file(&path).unwrap_err()] {
                assert!(matches!(error, SecretFileError::OpenToOthers { .. }), "{error}");
                assert!(error.advice().contains("chmod"));
            }
        }
        for mode in [0o600, 0o400, 0o700] {
            set_mode(&path, mode);
            assert!(read_password_file(&path).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn a_folder_is_told_as_one_and_nobody_is_asked_to_change_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_password_file(folder.path()).unwrap_err();
        if cfg!(unix) {
            assert!(error.to_string().ends_with("is a folder"), "{error}");
        }
        assert!(!error.advice().contains("chmod"), "{}", error.advice());
    }

    #[test]
    fn a_keytab_is_read_as_it_is_within_bounds() {
        let (_folder, path) = file(b"\x05\x02\0\n");
        assert_eq!(read_keytab_file(&path).unwrap().as_slice(), b"\x05\x02\0\n");
        let (_folder, path) = file(&vec![0; KEYTAB_BYTES_MAX + 1]);
        let error = read_keytab_file(&path).unwrap_err();
        assert!(error.to_string().starts_with("the keytab "), "{error}");
        assert!(error.to_string().ends_with("is larger than 1048576 bytes"), "{error}");
    }

    #[test]
    fn a_key_is_read_whole_and_judged_like_a_password() {
        let text = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
        let (_folder, path) = file(text.as_bytes());
        assert_eq!(read_key_file(&path).unwrap().expose_secret(), text);
        #[cfg(unix)]
        {
            set_mode(&path, 0o644);
            let error = read_key_file(&path).unwrap_err();
            assert!(error.to_string().contains("key file") && error.advice().contains("certificate"), "{error}");
        }
    }

    #[test]
    fn no_error_shows_what_the_file_holds() {
        let long = [b"hunter2".as_slice(), &[b'x'; 5000]].concat();
        for content in [b"\nhunter2".as_slice(), b"hunter2\xff", &long] {
            let (_folder, path) = file(content);
            let error = read_password_file(&path).unwrap_err();
            assert!(!format!("{error} {error:?} {}", error.advice()).contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let (_folder, path) = file(b"");
        let gone = path.with_extension("gone");
        assert!(read_password_file(&gone).unwrap_err().to_string().contains("password.gone"));
        assert!(matches!(read_password_file(&path).unwrap_err(), SecretFileError::Empty { .. }));
    }

    #[test]
    fn debug_does_not_show_what_was_read() {
        let (_folder, path) = file(b"hunter2\n");
        assert!(!format!("{:?}", read_password_file(&path)).contains("hunter2"));
    }
}
