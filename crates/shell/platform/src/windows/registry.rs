//! The registry of this computer: texts and numbers under `HKEY_LOCAL_MACHINE`.

#![expect(unsafe_code, reason = "the functions of Windows are C")]

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_SUCCESS, WIN32_ERROR};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_SET_VALUE, REG_DWORD, REG_EXPAND_SZ, REG_OPTION_NON_VOLATILE, REG_VALUE_TYPE,
    RRF_RT_REG_SZ, RegCloseKey, RegCreateKeyExW, RegDeleteTreeW, RegGetValueW, RegSetValueExW,
};

use super::wide;

/// Maximum length of a text that is read: a path's.
const UNITS_MAX: usize = 32_768;

/// A key, open for writing. Closed on drop.
pub(super) struct Key(HKEY);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the key was opened by `create` and is closed here alone. A failure leaves a handle open, at most.
        let _closed = unsafe { RegCloseKey(self.0) };
    }
}

impl Key {
    /// Opens a key, and makes it if it is missing.
    pub(super) fn create(path: &str) -> io::Result<Self> {
        let (path, mut key) = (wide(path), null_mut());
        // SAFETY: the path ends with a zero, and everything outlives the call.
        of(unsafe {
            RegCreateKeyExW(
                HKEY_LOCAL_MACHINE,
                path.as_ptr(),
                0,
                null(),
                REG_OPTION_NON_VOLATILE,
                KEY_SET_VALUE,
                null(),
                &raw mut key,
                null_mut(),
            )
        })?;
        Ok(Self(key))
    }

    /// Stores a path, in which variables of the environment are replaced when it is read.
    pub(super) fn set_path(&self, name: &str, text: &str) -> io::Result<()> {
        let octets: Vec<u8> = wide(text).into_iter().flat_map(u16::to_le_bytes).collect();
        self.set(name, REG_EXPAND_SZ, &octets)
    }

    /// Stores a number.
    pub(super) fn set_number(&self, name: &str, number: u32) -> io::Result<()> {
        self.set(name, REG_DWORD, &number.to_le_bytes())
    }

    fn set(&self, name: &str, kind: REG_VALUE_TYPE, octets: &[u8]) -> io::Result<()> {
        let name = wide(name);
        let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        // SAFETY: the name ends with a zero; there are as many octets as is said, and they outlive the call.
        of(unsafe { RegSetValueExW(self.0, name.as_ptr(), 0, kind, octets.as_ptr(), length) })
    }
}

/// Reads a text, with variables of the environment replaced. `None` if there is no such key or value.
pub(super) fn text(path: &str, name: &str) -> io::Result<Option<String>> {
    let (path, name) = (wide(path), wide(name));
    let mut units = vec![0_u16; UNITS_MAX];
    let mut octets = u32::try_from(UNITS_MAX * 2).unwrap_or_default();
    // SAFETY: the names end with a zero; there is as much room as is said, and everything outlives the call.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            path.as_ptr(),
            name.as_ptr(),
            // Of a text with variables too, which are replaced.
            RRF_RT_REG_SZ,
            null_mut(),
            units.as_mut_ptr().cast(),
            &raw mut octets,
        )
    };
    if code == ERROR_FILE_NOT_FOUND {
        return Ok(None);
    }
    of(code)?;
    let text = units.split(|unit| *unit == 0).next().unwrap_or_default();
    Ok(Some(String::from_utf16_lossy(text)))
}

/// Removes a key with everything under it. Returns whether it was there.
pub(super) fn remove(path: &str) -> io::Result<bool> {
    let path = wide(path);
    // SAFETY: the path ends with a zero and outlives the call.
    let code = unsafe { RegDeleteTreeW(HKEY_LOCAL_MACHINE, path.as_ptr()) };
    if code == ERROR_FILE_NOT_FOUND {
        return Ok(false);
    }
    of(code).map(|()| true)
}

fn of(code: WIN32_ERROR) -> io::Result<()> {
    if code == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_and_what_is_removed_is_gone() {
        let path = format!(r"SOFTWARE\Reprise test {}", std::process::id());
        assert_eq!(text(&path, "File").unwrap(), None);
        let key = Key::create(&path).unwrap();
        assert_eq!(text(&path, "File").unwrap(), None);
        key.set_path("File", r"%SystemRoot%\é 中.exe").unwrap();
        key.set_number("Number", 7).unwrap();
        let read = text(&path, "File").unwrap().unwrap();
        assert!(read.ends_with(r"\é 中.exe") && !read.contains('%'), "{read}");
        assert!(text(&path, "Number").is_err());
        drop(key);
        assert!(remove(&path).unwrap());
        assert!(!remove(&path).unwrap());
        assert_eq!(text(&path, "File").unwrap(), None);
    }
}
