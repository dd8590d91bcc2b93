//! Passwords that the system keeps, found by their name: on Windows in Credential Manager's store of the account that this
//! runs as, elsewhere what systemd hands to a service (`LoadCredential=`, `LoadCredentialEncrypted=`).
//!
//! The kernel's keyring on Linux is not asked: it forgets at every boot, and at boot is when a password is wanted.

mod error;
#[cfg(windows)]
mod store;
#[cfg(any(windows, test))]
mod text;

use std::ffi::OsString;
#[cfg(not(windows))]
use std::path::{Path, PathBuf};

use secrecy::SecretString;

pub use error::CredentialError;

/// Reads the password that is kept under `name`.
///
/// # Errors
/// Names the credential and never its content.
#[cfg(windows)]
pub fn read(name: &str, _environment: impl Fn(&str) -> Option<OsString>) -> Result<SecretString, CredentialError> {
    store::read(name)
}

/// Reads the password that is kept under `name`.
///
/// # Errors
/// Names the credential and never its content.
#[cfg(not(windows))]
pub fn read(name: &str, environment: impl Fn(&str) -> Option<OsString>) -> Result<SecretString, CredentialError> {
    let directory = environment("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    // A name that is a path would lead out of the directory.
    let plain = Path::new(name).file_name().is_some_and(|own| own == name);
    let file = directory.filter(|_| plain).map(|directory| directory.join(name)).filter(|file| file.exists());
    let file = file.ok_or_else(|| CredentialError::NotHandedOver { name: name.to_owned() })?;
    Ok(crate::secret::read_password_file(&file)?)
}

#[cfg(test)]
#[cfg(not(windows))]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_the_service_manager_hands_over_is_found_by_its_name_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("given");
        std::fs::create_dir(&inner).unwrap();
        for file in [folder.path().join("outside"), inner.join("hv01")] {
            std::fs::write(&file, "hunter2\n").unwrap();
            set_private(&file);
        }
        let environment = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| inner.clone().into_os_string());
        assert_eq!(read("hv01", environment).unwrap().expose_secret(), "hunter2");
        for name in ["hv02", "../outside", "", ".."] {
            let error = read(name, environment).unwrap_err();
            assert!(matches!(error, CredentialError::NotHandedOver { .. }), "{name}: {error}");
        }
        let error = read("hv01", |_| None).unwrap_err();
        assert!(error.advice().contains("LoadCredential=hv01:"), "{}", error.advice());
    }

    fn set_private(file: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o400)).unwrap();
    }
}
