//! The account that this process runs as.

#![expect(unsafe_code, reason = "the functions of Windows are C")]

use windows_sys::Win32::Security::Authentication::Identity::{GetUserNameExW, NameSamCompatible};

/// Maximum length of a name: 15 characters of a domain and 256 of an account are fewer.
const UNITS_MAX: u32 = 512;

/// Its name as administrators write it: `LAB\svc`, `NT AUTHORITY\SYSTEM`.
pub(crate) fn name() -> String {
    let mut name = vec![0_u16; usize::try_from(UNITS_MAX).unwrap_or_default()];
    let mut units = UNITS_MAX;
    // SAFETY: the room is as large as is said, and outlives the call.
    let found = unsafe { GetUserNameExW(NameSamCompatible, name.as_mut_ptr(), &raw mut units) };
    let written =
        usize::try_from(units).ok().and_then(|units| name.get(..units)).filter(|name| found && !name.is_empty());
    written.map_or_else(|| "this account".to_owned(), String::from_utf16_lossy)
}
