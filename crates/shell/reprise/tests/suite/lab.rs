//! A lab of its own for each test, and the program run against it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_reprise");

/// Maximum wait for anything: far above what a loaded machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running lab; it ends with the test.
pub(crate) struct Lab {
    child: Child,
    folder: TempDir,
    endpoints: Value,
}

/// What one `reprise run --json` gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) document: Value,
    pub(crate) standard_error: String,
}

impl Lab {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["lab", "up"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut text = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("it has an output"));
        while !text.ends_with("\n}\n") {
            assert!(lines.read_line(&mut text).expect("it is text") > 0, "the lab ended: {text}");
        }
        let endpoints: Value = serde_json::from_str(&text).expect("the endpoints are JSON");
        let folder = tempfile::tempdir().expect("a folder");
        let lab = Self { child, folder, endpoints };
        lab.write_secret("password", lab.endpoints["hosts"][0]["password"].as_str().expect("a password"));
        lab
    }

    /// Writes a file that only its owner may read; its path.
    pub(crate) fn write_secret(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("{text}\n")).expect("it can be written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its rights can be set");
        }
        path.to_string_lossy().into_owned()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    pub(crate) fn url(&self, host: usize) -> String {
        self.endpoints["hosts"][host]["url"].as_str().expect("a URL").to_owned()
    }

    /// What the endpoints say besides.
    pub(crate) fn told(&self, key: &str) -> &Value {
        &self.endpoints[key]
    }

    pub(crate) fn user(&self) -> String {
        self.endpoints["hosts"][0]["user"].as_str().expect("a user").to_owned()
    }

    pub(crate) fn password(&self) -> String {
        self.endpoints["hosts"][0]["password"].as_str().expect("a password").to_owned()
    }

    fn http(&self, method: &str, route: &str) -> (u16, Value) {
        let control = self.endpoints["control"].as_str().expect("a control address");
        let authority = control.strip_prefix("http://").expect("http");
        let mut stream = TcpStream::connect(authority).expect("the control API listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
        let request =
            format!("{method} {route} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// A control command that must succeed.
    pub(crate) fn post(&self, route: &str) {
        let (status, body) = self.http("POST", route);
        assert_eq!(status, 200, "{route}: {body}");
        assert!(body["time"].is_string(), "{body}");
    }

    /// A control command that removes a fault.
    pub(crate) fn delete(&self, route: &str) {
        let (status, body) = self.http("DELETE", route);
        assert_eq!(status, 200, "{route}: {body}");
    }

    /// A control command's status, whatever it is.
    pub(crate) fn try_post(&self, route: &str) -> u16 {
        let (status, body) = self.http("POST", route);
        assert!(status == 200 || body["error"].is_string(), "{route}: {status} {body}");
        status
    }

    pub(crate) fn world(&self) -> Value {
        self.http("GET", "/world").1
    }

    /// Every sender's state, by VM.
    pub(crate) fn states(&self) -> Vec<u64> {
        let world = self.world();
        let legs =
            world["vms"].as_array().expect("VMs").iter().flat_map(|vm| vm["legs"].as_array().expect("legs").clone());
        legs.map(|leg| leg["sender_state"].as_u64().expect("a state")).collect()
    }

    /// The names of the VMs whose sender stands in Error and is not being changed, as a query of its host shows.
    pub(crate) fn waiting_in_error(&self) -> Vec<String> {
        let world = self.world();
        let waits = |vm: &&Value| vm["legs"][0]["sender_state"] == 8 && vm["legs"][0]["changing"] == false;
        let vms = world["vms"].as_array().expect("VMs").iter().filter(waits);
        vms.map(|vm| vm["vm"].as_str().expect("a name").to_owned()).collect()
    }

    /// How often all hosts together were asked so.
    pub(crate) fn requests(&self, kind: &str) -> u64 {
        let world = self.world();
        world["hosts"]
            .as_array()
            .expect("hosts")
            .iter()
            .map(|host| host["requests"][kind].as_u64().expect("a count"))
            .sum()
    }

    /// Breaks every leg of a host by an orderly shutdown, and starts it again.
    pub(crate) fn break_by_restart(&self, host: &str) {
        self.post(&format!("/hosts/{host}/shutdown?in_flight=all"));
        self.post(&format!("/hosts/{host}/boot"));
    }

    /// `reprise run --json` against these hosts, ready to be started.
    pub(crate) fn command(&self, hosts: &[usize], arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["run", "--json"]);
        // A login by certificate has no password.
        if !arguments.contains(&"certificate") {
            command.args(["--user", &self.user(), "--password-file", &self.path("password")]);
        }
        for host in hosts {
            command.args(["--host", &self.url(*host)]);
        }
        command.args(["--event-log", &format!("file:{}", self.path("events"))]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, hosts: &[usize], arguments: &[&str]) -> Ran {
        ran(&self.command(hosts, arguments).output().expect("the program runs"))
    }

    /// The events written so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("events")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
    }

    pub(crate) fn event_ids(&self) -> Vec<u64> {
        self.events().iter().map(|event| event["id"].as_u64().expect("an id")).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The test is over; whether the lab was still there does not matter.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) fn ran(output: &Output) -> Ran {
    let standard_error = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Ran { code: output.status.code().expect("it ends by itself"), document, standard_error }
}

impl Ran {
    pub(crate) fn legs(&self) -> &Vec<Value> {
        self.document["relationships"].as_array().expect("relationships")
    }

    /// The report's entry of a VM.
    pub(crate) fn leg(&self, vm: &str) -> &Value {
        self.legs().iter().find(|leg| leg["vm"] == vm).expect("the VM is reported")
    }

    /// Result and reason of a VM.
    pub(crate) fn result(&self, vm: &str) -> (&str, &str) {
        let leg = self.leg(vm);
        (leg["result"].as_str().expect("a result"), leg["reason"].as_str().expect("a reason"))
    }

    pub(crate) fn count(&self, result: &str) -> usize {
        self.legs().iter().filter(|leg| leg["result"] == result).count()
    }

    pub(crate) fn outcome(&self) -> &str {
        self.document["outcome"].as_str().expect("an outcome")
    }
}

/// Waits for a state of the world, with a bound.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        std::thread::yield_now();
    }
}
