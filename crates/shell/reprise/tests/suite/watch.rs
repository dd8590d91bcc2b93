//! `status --watch`: a line for each change, and an end with the exit code of `status`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, until};

/// Maximum wait for a line: far above what a loaded machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A watch of both hosts, whose lines are read as they come.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn of(lab: &Lab, more: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["status", "--watch", "--interval", "1", "--timeout", "10"]).args(more);
        command.args(["--user", &lab.user(), "--password-file", &lab.path("password")]);
        command.args(["--host", &lab.url(0), "--host", &lab.url(1)]).env("STATE_DIRECTORY", lab.path("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (say, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _nobody_reads = say.send(line);
            }
        });
        Self { child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line comes")
    }

    /// The first document for which this holds.
    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        // Each change is a document, and there are few.
        let mut documents = (0..50).map(|_| serde_json::from_str::<Value>(&self.line()).unwrap());
        documents.find(holds).expect(what)
    }

    /// Ends it by a signal; its exit code.
    fn end(mut self, signal: &str) -> Option<i32> {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().code()
    }
}

fn leg<'d>(document: &'d Value, vm: &str) -> &'d Value {
    document["relationships"].as_array().unwrap().iter().find(|leg| leg["vm"] == vm).unwrap()
}

#[test]
fn each_change_is_one_document_and_a_host_that_goes_away_and_comes_back_is_shown() {
    let lab = Lab::new(&["--vms", "2"]);
    let watch = Watch::of(&lab, &["--json"]);
    let first: Value = serde_json::from_str(&watch.line()).unwrap();
    assert_eq!(first["version"], 1);
    assert!(leg(&first, "vm-001")["pending_bytes"].is_u64(), "{first}");
    assert_eq!(leg(&first, "vm-001")["state"], "Replicating");
    lab.post("/vms/vm-001/pause");
    let paused = watch.until("the pause", |document| leg(document, "vm-001")["verdict"] == "leave");
    let own = leg(&paused, "vm-001");
    assert_eq!((&own["protected"], &own["state"]), (&false.into(), &"Suspended".into()), "{paused}");
    lab.post("/hosts/hv02.lab.test/management?mode=refuse");
    let gone = |document: &Value| document["hosts"][1]["error"]["why"].is_string();
    let lost = watch.until("the loss of a host", gone);
    assert!(lost["hosts"][1]["error"]["why"].as_str().unwrap().contains("has not answered since"), "{lost}");
    assert_eq!(lost["relationships"].as_array().map(Vec::len), Some(2), "what was seen is shown with its age");
    lab.post("/hosts/hv02.lab.test/management?mode=up");
    watch.until("its return", |document| !gone(document));
    lab.post("/vms/vm-001/resume");
    watch.until("the resume", |document| leg(document, "vm-001")["protected"] == true);
    assert_eq!(watch.end("-TERM"), Some(0));
}

#[test]
fn a_watch_learns_that_a_vm_was_paused_by_hand_meanwhile() {
    let lab = Lab::new(&["--vms", "1"]);
    let watch = Watch::of(&lab, &["--json"]);
    watch.line();
    let mut pause = Command::new(PROGRAM);
    pause.args([
        "pause",
        "vm-001",
        "--event-log",
        "none",
        "--user",
        &lab.user(),
        "--password-file",
        &lab.path("password"),
    ]);
    pause.args(["--host", &lab.url(0), "--host", &lab.url(1)]).env("STATE_DIRECTORY", lab.path("state"));
    assert!(pause.output().unwrap().status.success());
    watch.until("the pause", |document| leg(document, "vm-001")["reason"] == "paused_on_purpose");
    assert_eq!(watch.end("-TERM"), Some(0));
}

#[test]
fn a_pipe_gets_a_table_for_each_change_and_the_end_has_the_exit_code_of_status() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.post("/hosts/hv01.lab.test/shutdown?in_flight=all");
    lab.post("/hosts/hv01.lab.test/boot");
    let watch = Watch::of(&lab, &["vm-001"]);
    let mut table = String::new();
    while !table.contains("would resume 1.") {
        table.push_str(&(watch.line() + "\n"));
    }
    assert!(table.starts_with("20") && table.contains("Error, Critical") && !table.contains('\x1b'), "{table}");
    assert_eq!(watch.end("-INT"), Some(3));
    let unknown = Watch::of(&lab, &["vm-099"]);
    let mut child = unknown.child;
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(unknown.lines.recv_timeout(PATIENCE).is_err());
}

#[test]
fn one_that_is_ended_before_every_host_has_answered_shows_what_is_known() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.post("/hosts/hv02.lab.test/management?mode=blackhole");
    let watch = Watch::of(&lab, &["--json"]);
    until("a look at the other host", || lab.requests("enumerate") > 0);
    let Watch { child, lines } = watch;
    let code = Watch { child, lines: channel().1 }.end("-TERM");
    let document: Value = serde_json::from_str(&lines.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert_eq!(document["hosts"][1]["ready"], false, "{document}");
    assert!(matches!(code, Some(1 | 3)), "{code:?}");
}
