//! The kind of disk that a path is on.

#![expect(unsafe_code, reason = "the functions of Windows are C")]

use windows_sys::Win32::Storage::FileSystem::GetDriveTypeW;

use super::wide;
use crate::startup::Drive;

/// Windows' numbers (`GetDriveType`).
const REMOVABLE: u32 = 2;
const FIXED: u32 = 3;
const REMOTE: u32 = 4;
const CDROM: u32 = 5;

/// The kind of disk that a path with a letter is on.
pub fn drive_of(path: &str) -> Drive {
    let Some(letter) = path.get(..2).filter(|start| start.ends_with(':')) else { return Drive::Unknown };
    let root = wide(&format!("{letter}\\"));
    // SAFETY: the path ends with a zero and outlives the call.
    match unsafe { GetDriveTypeW(root.as_ptr()) } {
        REMOVABLE | CDROM => Drive::Removable,
        FIXED => Drive::Fixed,
        REMOTE => Drive::Network,
        _ => Drive::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_disk_is_fixed() {
        assert_eq!(drive_of(r"C:\windows"), Drive::Fixed);
        assert_eq!(drive_of(r"\\server\share"), Drive::Unknown);
        assert_eq!(drive_of(""), Drive::Unknown);
    }
}
