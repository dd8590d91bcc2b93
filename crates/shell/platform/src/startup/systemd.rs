//! systemd's unit and timer: a run after every start of a Linux computer.
//!
//! Sources: `systemd.service(5)` (command lines), `systemd.timer(5)`, `systemd.unit(5)` (the folder of what is enabled).

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ARGUMENTS;

/// Where administrators' units are, and what the target for timers wants.
const UNITS: &str = "etc/systemd/system";
const WANTED: &str = "etc/systemd/system/timers.target.wants";
/// The names of both files.
const SERVICE: &str = "reprise-run.service";
const TIMER: &str = "reprise-run.timer";

/// A run after startup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartupUnit {
    /// The program's path.
    pub program: String,
    /// The user that it runs as; root if absent.
    pub user: Option<String>,
    /// How long after startup it begins.
    pub delay: Duration,
}

impl StartupUnit {
    /// Whether a text may be the name of a user (`systemd.exec(5)`, "User/Group Name Syntax").
    pub fn is_user(name: &str) -> bool {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let stem = name.strip_suffix('$').unwrap_or(name);
        first && name.len() <= 31 && stem.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    }

    /// The service. Passwords and tickets are files that it reads, so that it sees homes and temporary files.
    pub fn service(&self) -> String {
        let program = quoted(&self.program);
        let user = self.user.as_ref().map_or_else(String::new, |user| format!("User={user}\n"));
        format!(
            "[Unit]\nDescription=Resume Hyper-V replication that a shutdown has stopped\nWants=network-online.target\n\
             After=network-online.target\n\n[Service]\nType=oneshot\nExecStart={program} {ARGUMENTS}\n{user}\
             StateDirectory=reprise\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=read-only\n"
        )
    }

    /// The timer, which starts it.
    pub fn timer(&self) -> String {
        let seconds = self.delay.as_secs();
        format!(
            "[Unit]\nDescription=Resume Hyper-V replication after startup\n\n[Timer]\nOnBootSec={seconds}\n\n[Install]\n\
             WantedBy=timers.target\n"
        )
    }

    /// Writes both files below `root` and enables the timer. Returns their paths.
    ///
    /// # Errors
    /// The system's.
    pub fn install(&self, root: &Path) -> io::Result<[PathBuf; 2]> {
        let [service, timer, link] = files(root);
        std::fs::create_dir_all(root.join(WANTED))?;
        std::fs::write(&service, self.service())?;
        std::fs::write(&timer, self.timer())?;
        remove(&link)?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(Path::new("/").join(UNITS).join(TIMER), &link)?;
        Ok([service, timer])
    }
}

/// Removes what was installed below `root`. Returns whether there was something.
///
/// # Errors
/// The system's.
pub fn uninstall(root: &Path) -> io::Result<bool> {
    let mut removed = false;
    for file in files(root) {
        removed |= remove(&file)?;
    }
    Ok(removed)
}

/// The service, the timer, and the link that enables it.
fn files(root: &Path) -> [PathBuf; 3] {
    [root.join(UNITS).join(SERVICE), root.join(UNITS).join(TIMER), root.join(WANTED).join(TIMER)]
}

fn remove(file: &Path) -> io::Result<bool> {
    match std::fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A path as the first word of a command line: systemd reads blanks, quotes, variables and specifiers.
fn quoted(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> StartupUnit {
        StartupUnit {
            program: "/opt/a b/100%/reprise".to_owned(),
            user: Some("svc".to_owned()),
            delay: Duration::from_secs(90),
        }
    }

    /// The value of a key in a section.
    fn value<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
        let (_, after) = text.split_once(&format!("[{section}]\n"))?;
        let lines = after.lines().take_while(|line| !line.starts_with('['));
        lines.filter_map(|line| line.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    #[test]
    fn s12_on_linux_a_timer_starts_the_same_run_after_startup_as_the_chosen_user() {
        let (service, timer) = (unit().service(), unit().timer());
        let command = r#""/opt/a b/100%%/reprise" run --retry-for 30m"#;
        assert_eq!(value(&service, "Service", "ExecStart"), Some(command));
        assert_eq!(value(&service, "Service", "Type"), Some("oneshot"));
        assert_eq!(value(&service, "Service", "User"), Some("svc"));
        assert_eq!(value(&timer, "Timer", "OnBootSec"), Some("90"));
        assert_eq!(value(&timer, "Install", "WantedBy"), Some("timers.target"));
        let root = StartupUnit { user: None, ..unit() };
        assert_eq!(value(&root.service(), "Service", "User"), None);
        for (name, is) in
            [("svc", true), ("_reprise-1.x", true), ("pc$", true), ("", false), ("a b", false), ("a\nb", false)]
        {
            assert_eq!(StartupUnit::is_user(name), is, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_installed_is_enabled_and_uninstalled_without_a_trace() {
        let root = tempfile::tempdir().unwrap();
        // Twice: what is there is written anew.
        for _ in 0..2 {
            let [service, timer] = unit().install(root.path()).unwrap();
            assert_eq!(std::fs::read_to_string(service).unwrap(), unit().service());
            assert_eq!(std::fs::read_to_string(timer).unwrap(), unit().timer());
        }
        let link = root.path().join(WANTED).join(TIMER);
        assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("/etc/systemd/system/reprise-run.timer"));
        assert!(uninstall(root.path()).unwrap());
        assert!(!uninstall(root.path()).unwrap());
        assert!(std::fs::symlink_metadata(&link).is_err());
        assert_eq!(std::fs::read_dir(root.path().join(UNITS)).unwrap().count(), 1, "the folder of what is wanted");
    }

    /// systemd's own checker, where it is.
    #[cfg(target_os = "linux")]
    #[test]
    fn systemd_accepts_the_unit_and_the_timer() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("re prise");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let program = program.to_string_lossy().into_owned();
        let unit = StartupUnit { program, user: Some("root".to_owned()), delay: Duration::from_secs(5) };
        let [service, timer] = unit.install(root.path()).unwrap();
        let verify = std::process::Command::new("systemd-analyze").arg("verify").args([&service, &timer]).output();
        let Ok(verified) = verify else { return };
        let told = String::from_utf8_lossy(&verified.stderr).into_owned();
        // It also tells what it finds in the system's own units.
        let own: Vec<&str> = told.lines().filter(|line| line.contains("reprise")).collect();
        assert!(own.is_empty(), "{told}");
    }
}
