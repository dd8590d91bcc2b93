//! Credential Manager's store: generic credentials of the account that this process runs as.
//!
//! Sources: Windows authentication functions, `CredReadW` and `CREDENTIALW`. Both are older than Server 2012.

#![expect(unsafe_code, reason = "the functions of Windows are C; nothing else of this crate calls any")]

use std::ptr::null_mut;

use secrecy::SecretString;
use windows_sys::Win32::Foundation::ERROR_NOT_FOUND;
use windows_sys::Win32::Security::Credentials::{
    CRED_MAX_CREDENTIAL_BLOB_SIZE, CRED_TYPE_GENERIC, CREDENTIALW, CredFree, CredReadW,
};
use zeroize::Zeroize as _;

use super::{CredentialError, text};

/// A credential that Windows has given. What it holds is wiped before it is given back.
struct Stored(*mut CREDENTIALW);

impl Stored {
    fn read(name: &str) -> std::io::Result<Self> {
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        let mut credential = null_mut();
        // SAFETY: the name ends with a zero and outlives the call; Windows puts a credential of its own where the last
        // argument points, and nothing if it fails.
        let read = unsafe { CredReadW(name.as_ptr(), CRED_TYPE_GENERIC, 0, &raw mut credential) };
        if read == 0 || credential.is_null() { Err(std::io::Error::last_os_error()) } else { Ok(Self(credential)) }
    }

    /// What it holds.
    fn octets(&mut self) -> &mut [u8] {
        // SAFETY: the pointer came from CredReadW, is not null, and is freed on drop alone.
        let credential = unsafe { &*self.0 };
        let length = credential.CredentialBlobSize.min(CRED_MAX_CREDENTIAL_BLOB_SIZE);
        if credential.CredentialBlob.is_null() {
            return &mut [];
        }
        // SAFETY: as many octets stand there as Windows says, in memory that is ours until it is freed.
        unsafe {
            std::slice::from_raw_parts_mut(credential.CredentialBlob, usize::try_from(length).unwrap_or_default())
        }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.octets().zeroize();
        // SAFETY: the pointer came from CredReadW and is freed here alone.
        unsafe { CredFree(self.0.cast()) };
    }
}

/// Reads the password of the generic credential of this name.
pub(super) fn read(name: &str) -> Result<SecretString, CredentialError> {
    let name = name.to_owned();
    match Stored::read(&name) {
        Ok(mut stored) => text::password(stored.octets()).ok_or(CredentialError::NoPassword { name }),
        Err(error) if error.raw_os_error().is_some_and(|code| u32::try_from(code) == Ok(ERROR_NOT_FOUND)) => {
            Err(CredentialError::NotStored { name })
        }
        Err(source) => Err(CredentialError::Unreadable { name, source }),
    }
}
