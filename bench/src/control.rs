//! A separate lab for each measurement, and its control API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Maximum wait for a reply.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running lab.
pub(crate) struct Lab {
    child: Child,
    folder: tempfile::TempDir,
    control: String,
    /// The hosts as the lab names them: `name`, `url`, `user`, `password`.
    pub(crate) hosts: Vec<Value>,
}

/// The sending end of one leg.
pub(crate) struct Sender {
    /// The VM's name.
    pub(crate) vm: String,
    /// Its GUID.
    pub(crate) id: String,
    /// Its state, by WMI's number.
    pub(crate) state: u64,
}

impl Lab {
    pub(crate) fn start(program: &Path, arguments: &[String]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["lab", "up"]).args(arguments).stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().context("cannot start the lab")?;
        let mut lines = BufReader::new(child.stdout.take().context("the lab has no output")?);
        let mut text = String::new();
        while !text.ends_with("\n}\n") {
            ensure!(lines.read_line(&mut text)? > 0, "the lab ended before it was up");
        }
        let document: Value = serde_json::from_str(&text)?;
        let control = document.get("control").and_then(Value::as_str).context("no control address")?.to_owned();
        let hosts = document.get("hosts").and_then(Value::as_array).context("no hosts")?.clone();
        let folder = tempfile::tempdir()?;
        let lab = Self { child, folder, control, hosts };
        lab.write_password()?;
        Ok(lab)
    }

    fn write_password(&self) -> Result<()> {
        let path = self.file("password");
        std::fs::write(&path, self.host(0, "password")?)?;
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(())
    }

    /// The lab's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn host(&self, index: usize, key: &str) -> Result<String> {
        let host = self.hosts.get(index).context("no such host")?;
        Ok(host.get(key).and_then(Value::as_str).context("a host lacks a key")?.to_owned())
    }

    pub(crate) fn http(&self, method: &str, route: &str) -> Result<Value> {
        let authority = self.control.strip_prefix("http://").context("the control address is not http")?;
        let mut stream = TcpStream::connect(authority)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {route} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        ensure!(head.contains(" 200 "), "{route}: {body}");
        Ok(serde_json::from_str(body)?)
    }

    /// Breaks every leg of a host by an orderly restart.
    pub(crate) fn restart(&self, host: usize) -> Result<()> {
        let name = self.host(host, "name")?;
        self.http("POST", &format!("/hosts/{name}/shutdown?in_flight=all"))?;
        self.http("POST", &format!("/hosts/{name}/boot"))?;
        Ok(())
    }

    /// Returns how many senders are not in the state Replicating.
    pub(crate) fn unprotected(&self) -> Result<usize> {
        Ok(self.senders()?.iter().filter(|sender| sender.state != 3).count())
    }

    /// Returns the sender of every leg, in the lab's order of VMs.
    pub(crate) fn senders(&self) -> Result<Vec<Sender>> {
        let world = self.http("GET", "/world")?;
        let mut senders = Vec::new();
        for vm in world.get("vms").and_then(Value::as_array).context("no VMs")? {
            let text = |key: &str| vm.get(key).and_then(Value::as_str).context("a VM lacks a key").map(str::to_owned);
            for leg in vm.get("legs").and_then(Value::as_array).context("a VM has no legs")? {
                let state = leg.get("sender_state").and_then(Value::as_u64).context("a leg has no state")?;
                senders.push(Sender { vm: text("vm")?, id: text("vm_id")?, state });
            }
        }
        Ok(senders)
    }

    /// Returns how many requests of this kind all hosts together received.
    pub(crate) fn requests(&self, kind: &str) -> Result<u64> {
        let world = self.http("GET", "/world")?;
        let hosts = world.get("hosts").and_then(Value::as_array).context("no hosts")?.clone();
        Ok(hosts.iter().filter_map(|host| host.get("requests")?.get(kind)?.as_u64()).sum())
    }

    /// Returns the hosts' addresses, in their order.
    pub(crate) fn urls(&self) -> Result<Vec<String>> {
        (0..self.hosts.len()).map(|index| self.host(index, "url")).collect()
    }

    /// Returns the path of a file of this lab, which is deleted with the lab.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the command `reprise run --json` for all hosts.
    pub(crate) fn run(&self, program: &Path) -> Result<Command> {
        self.run_on(program, &self.urls()?, "none")
    }

    /// The same against hosts at these addresses, with a sink for its events.
    pub(crate) fn run_on(&self, program: &Path, urls: &[String], events: &str) -> Result<Command> {
        let mut command = Command::new(program);
        command.args(["run", "--json", "--event-log", events, "--user", &self.host(0, "user")?, "--password-file"]);
        command.arg(self.file("password"));
        for url in urls {
            command.args(["--host", url]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The measurement is over; whether the lab was still there does not matter.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
