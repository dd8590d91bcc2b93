//! A person at a terminal: what the lab says can be typed works as it stands.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use crate::lab::{PROGRAM, until};

/// A program on a terminal of its own; it ends with the test.
struct Terminal {
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Terminal {
    fn new(command: &str) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut script = Command::new("script");
        // A shell writes the exit code down: with --return, `script` 2.38 may end before it knows the code, with any number.
        // Ctrl-C reaches the shell as well.
        let command = format!("trap : INT; {command}; code=$?; echo; echo exit code $code");
        script.args(["--quiet", "--flush", "--command", &command]).arg(log.path()).env("SHELL", "/bin/sh");
        let child = script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("util-linux has `script`");
        Self { child, log }
    }

    /// Waits for the end of the command, and expects that it succeeded.
    fn succeeds(&self) {
        let code = || self.text().lines().find(|line| line.starts_with("exit code ")).map(str::to_owned);
        until("the end of the command", || code().is_some());
        assert_eq!(code().unwrap(), "exit code 0", "{}", self.text());
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap().replace('\r', "")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What is typed behind a word of the lab's.
fn typed(text: &str, word: &str) -> Command {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(word)).expect("the lab says it");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line.trim().replacen("reprise", PROGRAM, 1)]);
    shell
}

#[test]
fn what_the_lab_says_to_type_works_as_it_stands_and_ctrl_c_ends_it_without_a_trace() {
    for flags in ["", "--tls --auth negotiate"] {
        let mut lab = Terminal::new(&format!("{PROGRAM} lab up --vms 2 {flags}"));
        until("the lab", || lab.text().contains("repair:"));
        let text = lab.text();
        assert!(text.contains("the lab is ready: 2 hosts (hv01.lab.test to hv02.lab.test), 2 VMs"), "{text}");
        for word in ["look:", "break:"] {
            assert!(typed(&text, word).output().unwrap().status.success(), "{word}");
        }
        // The boot stands on a line of its own below.
        let boot = text.lines().find(|line| line.trim_end().ends_with("/boot")).unwrap();
        assert!(typed(boot, "").output().unwrap().status.success());
        let repaired = typed(&text, "repair:").output().unwrap();
        let table = String::from_utf8(repaired.stdout).unwrap();
        assert!(repaired.status.success() && table.contains("All 2 replication relationships"), "{table}");
        let folder = text.split("--config ").nth(1).unwrap().trim().trim_end_matches("/reprise.toml").to_owned();
        assert!(std::path::Path::new(&folder).is_dir());
        let routes = Terminal::new(typed(&text, "more:").get_args().nth(1).unwrap().to_str().unwrap());
        routes.succeeds();
        assert!(routes.text().contains("METHOD       ROUTE\n"), "{}", routes.text());
        lab.child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
        lab.succeeds();
        assert!(!std::path::Path::new(&folder).exists(), "{folder}");
    }
}

#[test]
fn events_say_to_whom_they_listen() {
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "hunter2").unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["events", "--follow", "--host", "http://127.0.0.1:1", "--user", "a", "--password-file"])
        .arg(password.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.starts_with("note: listening for events of 127.0.0.1:1; Ctrl-C ends it\n"), "{told}");
    assert_eq!(child.wait().unwrap().code(), Some(1), "nobody is there");
}
