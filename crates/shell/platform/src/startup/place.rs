//! Whether a program may stand where it stands, if Windows runs it as SYSTEM.

use std::fmt;

use thiserror::Error;

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

/// Why Task Scheduler cannot run a program by a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PathProblem {
    /// There is none.
    #[error("no path is given")]
    Empty,
    /// It does not begin with a drive or a share.
    #[error("it is not a full path of Windows, which begins with a drive")]
    NotFull,
    /// It has characters that no path has.
    #[error("no path of Windows has the characters < > \" | ? * or another colon")]
    Characters,
    /// Windows drops its last character.
    #[error("it ends with a blank or a full stop, which Windows drops")]
    End,
    /// It names a folder.
    #[error("it names a folder")]
    Folder,
}

/// Checks that a path can lead to a program on a computer with Windows, whether or not one is there.
///
/// # Errors
/// [`PathProblem`].
pub fn check_path(program: &str) -> Result<(), PathProblem> {
    if program.trim().is_empty() {
        return Err(PathProblem::Empty);
    }
    let path = program.replace('/', "\\");
    let long = path.strip_prefix(r"\\?\");
    let local = long.unwrap_or(&path);
    let drive = local.split_at_checked(2).filter(|(drive, rest)| {
        drive.ends_with(':') && drive.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.starts_with('\\')
    });
    let share = if long.is_some() { local.strip_prefix(r"UNC\") } else { local.strip_prefix(r"\\") };
    let share = share.filter(|share| share.split('\\').filter(|part| !part.is_empty()).count() > 2);
    let Some(rest) = drive.map(|(_, rest)| rest).or(share).filter(|rest| !rest.starts_with('.')) else {
        return Err(PathProblem::NotFull);
    };
    if rest.contains(|c: char| c.is_control() || "<>\"|?*:".contains(c)) {
        return Err(PathProblem::Characters);
    }
    if rest.ends_with('\\') {
        return Err(PathProblem::Folder);
    }
    if rest.split('\\').any(|part| part.ends_with([' ', '.']) && !matches!(part, "." | "..")) {
        return Err(PathProblem::End);
    }
    Ok(())
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

    #[test]
    fn a_path_that_leads_to_no_program_of_windows_is_told_by_what_is_wrong_with_it() {
        for (path, problem) in [
            ("", PathProblem::Empty),
            ("  ", PathProblem::Empty),
            ("reprise.exe", PathProblem::NotFull),
            (r"Reprise\reprise.exe", PathProblem::NotFull),
            (r"C:reprise.exe", PathProblem::NotFull),
            (r" C:\reprise.exe", PathProblem::NotFull),
            ("/usr/bin/x", PathProblem::NotFull),
            (r"\reprise.exe", PathProblem::NotFull),
            (r"\\files\reprise.exe", PathProblem::NotFull),
            (r"\\.\pipe\x\y", PathProblem::NotFull),
            (r"C:\<x>\reprise.exe", PathProblem::Characters),
            (r"C:\Tools\reprise.exe:stream", PathProblem::Characters),
            ("C:\\a\nb.exe", PathProblem::Characters),
            (r"C:\Tools\reprise.exe ", PathProblem::End),
            (r"C:\Tools.\reprise.exe", PathProblem::End),
            (r"C:\Program Files\Reprise\", PathProblem::Folder),
        ] {
            assert_eq!(check_path(path), Err(problem), "{path:?}");
        }
        for path in [
            r"C:\Program Files\Reprise\reprise.exe",
            "d:/Tools/reprise.exe",
            r"\\?\C:\Tools\reprise.exe",
            r"\\files\tools\reprise.exe",
            r"\\?\UNC\files\tools\reprise.exe",
            r"C:\Tools\..\reprise.exe",
        ] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }
}
