//! What a person may type next to a lab that is up: commands that work as they stand, with a configuration for them.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use reprise_lab_server::{HostAddress, Lab};
use reprise_platform::shell::Shell;
use tempfile::TempDir;

use crate::console::note_lines;
use crate::render::count;
use crate::whole_file::write_whole;

/// What a lab that is ready has.
pub(super) struct Ready {
    hosts: usize,
    vms: usize,
    first: String,
    last: String,
    control: String,
}

impl Ready {
    /// What this lab has.
    pub(super) fn of(lab: &Lab, vms: usize) -> Self {
        let hosts = lab.hosts();
        let name = |host: Option<&HostAddress>| host.map(|host| host.name.clone()).unwrap_or_default();
        let (first, last) = (name(hosts.first()), name(hosts.last()));
        Self { hosts: hosts.len(), vms, first, last, control: lab.control_url() }
    }

    /// Says on standard error that the lab is ready, how it ends, and what a person may type next.
    pub(super) fn tell(&self, hints: Option<&Hints>) {
        let Self { hosts, vms, first, last, control } = self;
        let span = if first == last { first.clone() } else { format!("{first} to {last}") };
        let mut text = format!(
            "the lab is ready: {} ({span}), {}, control {control}; Ctrl-C or SIGTERM ends it",
            count(*hosts, "host"),
            count(*vms, "VM")
        );
        if let Some(hints) = hints {
            let ctl = format!("reprise lab ctl --control {control}");
            let _infallible = write!(
                text,
                "\nlook:   {ctl} /world\nbreak:  {ctl} /hosts/{last}/shutdown in_flight=all\n        {ctl} /hosts/{last}/boot\nmore:   {ctl} /routes"
            );
            if hints.by_password {
                let config = Shell::HERE.word(&hints.folder.path().join("reprise.toml").to_string_lossy());
                let _infallible = write!(text, "\nrepair: reprise run --event-log none --config {config}");
            }
        }
        note_lines(&text);
    }
}

/// A folder with the configuration and the passwords for a lab. It is removed with this value.
pub(super) struct Hints {
    folder: TempDir,
    /// Whether a password is all that a login needs.
    by_password: bool,
}

impl Hints {
    /// Writes the configuration of a lab. Only this user can enter its folder.
    ///
    /// # Errors
    /// Passes on the system's error.
    pub(super) fn write(lab: &Lab, by_password: bool) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("reprise-lab-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir()?;
        let mut text = "version = 1\n".to_owned();
        if let Some(certificate) = lab.certificate() {
            let path = folder.path().join("ca.pem");
            write_whole(&path, certificate.pem())?;
            let _infallible = write!(text, "[login]\nca = {}\n", quoted(&path));
        }
        let hosts = lab.hosts();
        for (number, host) in hosts.iter().enumerate() {
            let same = hosts.iter().position(|other| other.password == host.password).unwrap_or(number);
            let password = folder.path().join(format!("password-{same}"));
            if same == number {
                write_whole(&password, &format!("{}\n", host.password))?;
            }
            let (user, password) = (toml_text(&host.user), quoted(&password));
            let _infallible =
                write!(text, "[[host]]\nurl = \"{}\"\nuser = {user}\npassword_file = {password}\n", host.url);
        }
        write_whole(&folder.path().join("reprise.toml"), &text)?;
        Ok(Self { folder, by_password })
    }
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    toml_text(&path.to_string_lossy())
}

/// A TOML string: the escapes of JSON are among those of TOML.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
