//! Where the configuration and the state are stored.
//!
//! The environment is an argument, so a test needs no process of its own; the program passes [`of_this_process`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A configuration file and who named it. A named file must exist; the default file need not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigFile {
    /// `--config` names it.
    ByFlag(PathBuf),
    /// `REPRISE_CONFIG` names it.
    ByEnvironment(PathBuf),
    /// The default path of the system.
    Default(PathBuf),
}

impl ConfigFile {
    /// Its path.
    pub fn path(&self) -> &Path {
        match self {
            Self::ByFlag(path) | Self::ByEnvironment(path) | Self::Default(path) => path,
        }
    }
}

/// Reads a variable of this process's environment.
pub fn of_this_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The configuration to read: `--config`, else `REPRISE_CONFIG`, else the default path of the system.
pub fn config_file(flag: Option<&Path>, environment: impl Fn(&str) -> Option<OsString>) -> ConfigFile {
    if let Some(path) = flag {
        return ConfigFile::ByFlag(path.to_owned());
    }
    match filled(&environment, "REPRISE_CONFIG") {
        Some(path) => ConfigFile::ByEnvironment(path),
        None => ConfigFile::Default(default_config(environment)),
    }
}

/// The folder for what must outlive the program.
///
/// `STATE_DIRECTORY` is systemd's; it lists several folders between colons if a unit asks for several, and the first is
/// ours.
pub fn state_dir(environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let named = filled(&environment, "STATE_DIRECTORY");
    let first = if cfg!(unix) { named.as_deref().and_then(first_of_list) } else { named };
    first.unwrap_or_else(|| default_state(environment))
}

/// The socket at which the daemon of this computer answers.
///
/// `RUNTIME_DIRECTORY` is systemd's; it lists several folders between colons if a unit asks for several, and the first is ours.
#[cfg(unix)]
pub fn socket(environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let named = filled(&environment, "RUNTIME_DIRECTORY");
    let first = named.as_deref().and_then(first_of_list);
    first.unwrap_or_else(|| PathBuf::from("/run/reprise")).join("reprise.sock")
}

/// The named pipe at which the daemon of this computer answers.
#[cfg(windows)]
pub const PIPE: &str = r"\\.\pipe\reprise";

/// An empty variable names nothing.
fn filled(environment: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    environment(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn first_of_list(list: &Path) -> Option<PathBuf> {
    std::env::split_paths(list).find(|path| !path.as_os_str().is_empty())
}

/// The folder of the configuration and the state.
#[cfg(windows)]
pub fn program_data(environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    filled(&environment, "ProgramData").unwrap_or_else(|| PathBuf::from(r"C:\ProgramData")).join("Reprise")
}

#[cfg(windows)]
fn default_config(environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    program_data(environment).join("reprise.toml")
}

#[cfg(windows)]
fn default_state(environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    program_data(environment).join("state")
}

#[cfg(not(windows))]
fn default_config(_environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    PathBuf::from("/etc/reprise/reprise.toml")
}

#[cfg(not(windows))]
fn default_state(_environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    PathBuf::from("/var/lib/reprise")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use super::{ConfigFile, config_file, state_dir};

    fn only(name: &'static str, value: &'static str) -> impl Fn(&str) -> Option<OsString> {
        move |asked| (asked == name).then(|| OsString::from(value))
    }

    #[test]
    fn the_flag_beats_the_environment_and_the_environment_beats_the_default() {
        let environment = only("REPRISE_CONFIG", "b.toml");
        assert_eq!(config_file(Some(Path::new("a.toml")), &environment), ConfigFile::ByFlag("a.toml".into()));
        assert_eq!(config_file(None, &environment), ConfigFile::ByEnvironment("b.toml".into()));
        assert!(matches!(config_file(None, |_| None), ConfigFile::Default(_)));
        assert!(matches!(config_file(None, only("REPRISE_CONFIG", "")), ConfigFile::Default(_)));
    }

    #[cfg(not(windows))]
    #[test]
    fn the_usual_places_on_linux() {
        assert_eq!(config_file(None, |_| None).path(), Path::new("/etc/reprise/reprise.toml"));
        assert_eq!(state_dir(|_| None), PathBuf::from("/var/lib/reprise"));
        assert_eq!(state_dir(only("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")), PathBuf::from("/var/lib/a"));
    }

    #[cfg(windows)]
    #[test]
    fn the_usual_places_on_windows() {
        let environment = only("ProgramData", r"D:\Data");
        assert_eq!(config_file(None, &environment).path(), Path::new(r"D:\Data\Reprise\reprise.toml"));
        assert_eq!(state_dir(&environment), PathBuf::from(r"D:\Data\Reprise\state"));
        assert_eq!(state_dir(only("STATE_DIRECTORY", r"E:\state")), PathBuf::from(r"E:\state"));
    }
}
