//! Whether a program may stand where it stands, if Windows runs it as SYSTEM.

use std::fmt;

/// What kind of disk a path is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// Of this computer.
    Fixed,
    /// A stick or a disc.
    Removable,
    /// Of another computer.
    Network,
    /// Windows does not say.
    Unknown,
}

/// Why a program should not stand where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Its user may change it.
    UserFolder,
    /// It is tidied away.
    Temporary,
    /// It may not be there at the next start.
    Removable,
    /// The network may not be there yet, and its other computer decides what is run.
    Network,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserFolder => {
                "which is in a user's folder: who may change the program there may do anything on this computer"
            }
            Self::Temporary => "which is in a folder for temporary files: it may be removed",
            Self::Removable => "which is on a removable disk: it may not be there at the next start",
            Self::Network => "which is on another computer: it may not be reachable at the next start",
        })
    }
}

/// Why a program should not stand there; `None` for a good place.
pub fn doubt(program: &str, drive: Drive) -> Option<Doubt> {
    let path = program.replace('/', "\\").to_lowercase();
    let is_share = path.starts_with(r"\\") && !path.starts_with(r"\\?\") && !path.starts_with(r"\\.\");
    if is_share || path.starts_with(r"\\?\unc\") || drive == Drive::Network {
        return Some(Doubt::Network);
    }
    if drive == Drive::Removable {
        return Some(Doubt::Removable);
    }
    let folders: Vec<&str> = path.split('\\').collect();
    if folders.iter().any(|folder| matches!(*folder, "temp" | "tmp")) {
        return Some(Doubt::Temporary);
    }
    folders.iter().any(|folder| matches!(*folder, "users" | "documents and settings")).then_some(Doubt::UserFolder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_others_may_change_or_take_away_is_in_a_doubtful_place() {
        for (path, drive, expected) in [
            (r"C:\Program Files\Reprise\reprise.exe", Drive::Fixed, None),
            (r"D:\Tools\reprise.exe", Drive::Unknown, None),
            (r"\\?\C:\Tools\reprise.exe", Drive::Fixed, None),
            (r"C:\Users\admin\Downloads\reprise.exe", Drive::Fixed, Some(Doubt::UserFolder)),
            (r"c:\users\Public\reprise.exe", Drive::Fixed, Some(Doubt::UserFolder)),
            (r"C:\Users\admin\AppData\Local\Temp\reprise.exe", Drive::Fixed, Some(Doubt::Temporary)),
            (r"C:/Temp/reprise.exe", Drive::Fixed, Some(Doubt::Temporary)),
            (r"E:\reprise.exe", Drive::Removable, Some(Doubt::Removable)),
            (r"Z:\reprise.exe", Drive::Network, Some(Doubt::Network)),
            (r"\\files\tools\reprise.exe", Drive::Unknown, Some(Doubt::Network)),
            (r"\\?\UNC\files\tools\reprise.exe", Drive::Unknown, Some(Doubt::Network)),
        ] {
            assert_eq!(doubt(path, drive), expected, "{path}");
        }
    }
}
