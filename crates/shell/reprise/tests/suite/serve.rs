//! `serve`: it hears of a shutdown, repairs what that has stopped, answers the verbs of this computer, and ends when it is asked.

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Ran, ran, until};

/// A daemon that watches both hosts; it ends with the test.
struct Daemon<'l> {
    lab: &'l Lab,
    child: Child,
}

impl<'l> Daemon<'l> {
    fn command(lab: &Lab, more: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args([
            "serve",
            "--ready-file",
            &lab.path("ready"),
            "--event-log",
            &format!("file:{}", lab.path("events")),
        ]);
        command.args(["--user", &lab.user(), "--password-file", &lab.path("password")]);
        command.args(["--host", &lab.url(0), "--host", &lab.url(1)]).args(more);
        command.env("STATE_DIRECTORY", lab.path("state")).env("RUNTIME_DIRECTORY", lab.path(""));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(lab: &'l Lab, more: &[&str]) -> Self {
        let daemon = Self { lab, child: Self::command(lab, more).spawn().unwrap() };
        until("the daemon", || std::path::Path::new(&lab.path("ready")).exists());
        daemon
    }

    /// A verb that asks it.
    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env("STATE_DIRECTORY", self.lab.path("state"));
        command.env("RUNTIME_DIRECTORY", self.lab.path("")).stdin(Stdio::null()).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Ran {
        ran(&self.ask(&[arguments, &["--json"]].concat()))
    }

    /// Waits until everything replicates, by its own word.
    fn until_protected(&self, vms: usize) {
        until("that everything is protected", || {
            let status = self.json(&["status"]);
            status.code == 0 && status.legs().iter().filter(|leg| leg["protected"] == true).count() == vms
        });
    }

    /// What it says of a VM, once it has seen that.
    fn says_of(&self, vm: &str, key: &str) -> Option<String> {
        let status = self.json(&["status"]);
        let leg = status.legs().iter().find(|leg| leg["vm"] == vm)?;
        leg[key].as_str().map(str::to_owned)
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn end(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // The test is over; whether it was still there does not matter.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn printed(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_a_shutdown_stops_while_it_serves_is_resumed_and_reported_once() {
    let lab = Lab::new(&["--vms", "3"]);
    let daemon = Daemon::start(&lab, &[]);
    let ready: Value = serde_json::from_str(&std::fs::read_to_string(lab.path("ready")).unwrap()).unwrap();
    assert_eq!(ready["api"], format!("unix:{}", lab.path("reprise.sock")));
    assert_eq!(ready["pid"], u64::from(daemon.child.id()));
    daemon.until_protected(3);
    assert_eq!(lab.event_ids().iter().filter(|id| **id == 4).count(), 0);

    lab.break_by_restart("hv01.lab.test");
    until("the resumes", || lab.event_ids().iter().filter(|id| **id == 4).count() == 3);
    daemon.until_protected(3);
    assert_eq!(lab.states(), [3, 3, 3]);
    let ids = lab.event_ids();
    assert!(!ids.contains(&3) && !ids.contains(&100), "{ids:?}");
    assert_eq!(ids.iter().filter(|id| **id == 0).count(), 1);
    assert_eq!(daemon.end(), Some(0));
    for gone in ["ready", "reprise.sock"] {
        assert!(!std::path::Path::new(&lab.path(gone)).exists(), "{gone}");
    }
}

#[test]
fn an_event_is_heard_long_before_the_interval() {
    let lab = Lab::new(&["--vms", "1"]);
    std::fs::write(
        lab.path("config"),
        format!(
            "version = 1\n[serve]\ninterval = '1h'\n[login]\nuser = '{}'\npassword_file = '{}'\n\
             [[host]]\nurl = '{}'\n[[host]]\nurl = '{}'\n",
            lab.user(),
            lab.path("password"),
            lab.url(0),
            lab.url(1)
        ),
    )
    .unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["serve", "--config", &lab.path("config"), "--ready-file", &lab.path("ready"), "--event-log", "none"]);
    command.env("STATE_DIRECTORY", lab.path("state")).env("RUNTIME_DIRECTORY", lab.path(""));
    let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let daemon = Daemon { lab: &lab, child };
    until("the daemon", || std::path::Path::new(&lab.path("ready")).exists());
    daemon.until_protected(1);
    until("a subscription on each host", || lab.requests("subscribe") >= 2);
    lab.break_by_restart("hv02.lab.test");
    until("the resume", || lab.states() == [3]);
}

#[test]
fn the_verbs_of_this_computer_ask_it_and_a_pause_by_hand_stays() {
    let lab = Lab::new(&["--vms", "2"]);
    let daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(2);
    let status = daemon.json(&["status"]);
    assert_eq!((&status.document["source"], &status.document["version"]), (&"daemon".into(), &1.into()));
    let (code, table, _) = printed(&daemon.ask(&["status", "vm-002"]));
    assert!(code == 0 && table.contains("vm-002") && !table.contains("vm-001"), "{table}");
    let (code, explained, _) = printed(&daemon.ask(&["explain", "vm-001"]));
    assert!(code == 0 && explained.contains("vm-001"), "{explained}");
    let explained = daemon.json(&["explain", "vm-001"]);
    let facts = &explained.legs()[0]["facts"];
    assert!(facts.as_array().is_some_and(|facts| !facts.is_empty()), "{facts}");

    let paused = daemon.json(&["pause", "vm-001", "--reason", "the storage is moved"]);
    assert_eq!((paused.code, &paused.document["result"]), (0, &"done".into()), "{}", paused.standard_error);
    assert_eq!(lab.states(), [7, 3]);
    assert!(lab.event_ids().contains(&112), "{:?}", lab.event_ids());
    lab.break_by_restart("hv02.lab.test");
    until("the resume of the other", || lab.event_ids().contains(&4));
    let left = daemon.json(&["status", "vm-001"]);
    assert_eq!((left.code, &left.legs()[0]["reason"]), (0, &"paused_on_purpose".into()), "{}", left.document);
    assert_eq!(left.legs()[0]["held"]["reason"], "the storage is moved");
    let (code, said, _) = printed(&daemon.ask(&["resume", "vm-001"]));
    assert!(code == 0 && said.contains("resumed"), "{said}");
    daemon.until_protected(2);

    lab.post("/vms/vm-002/failover");
    let refused = daemon.json(&["resume", "vm-002"]);
    assert_eq!((refused.code, &refused.document["result"]), (3, &"refused".into()), "{}", refused.document);
    let (code, said, error) = printed(&daemon.ask(&["resume", "vm-002"]));
    assert!(code == 3 && said.is_empty() && error.starts_with("error: "), "{said} {error}");
    for (arguments, named) in
        [(["status", "vm-009"], "vm-009"), (["explain", "vm-009"], "vm-009"), (["pause", "vm-009"], "vm-009")]
    {
        let (code, said, error) = printed(&daemon.ask(&arguments));
        assert!(code == 2 && said.is_empty() && error.contains(named), "{arguments:?}: {error}");
    }
    assert_eq!(daemon.end(), Some(0));
}

#[test]
fn a_pause_that_a_person_made_while_it_served_is_a_persons_after_it_was_killed_too() {
    let lab = Lab::new(&["--vms", "2", "--race-state", "suspended"]);
    let mut daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(2);
    lab.post("/vms/vm-001/pause");
    until("that the pause is seen", || {
        daemon.says_of("vm-001", "reason").is_some_and(|reason| reason == "paused_by_person")
    });
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    std::fs::remove_file(lab.path("ready")).unwrap();
    let next = Daemon::start(&lab, &[]);
    // A run that knows nothing of it would resume it, as the article's script does.
    until("that it is left", || next.says_of("vm-001", "reason").is_some_and(|reason| reason == "paused_by_person"));
    lab.break_by_restart("hv02.lab.test");
    until("the resume of the other", || lab.event_ids().contains(&4));
    assert_eq!(lab.states()[0], 7);
    assert_eq!(next.end(), Some(0));
}

#[test]
fn what_happened_can_be_asked_for_afterwards() {
    let lab = Lab::new(&["--vms", "2"]);
    let daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(2);
    lab.break_by_restart("hv01.lab.test");
    until("the resumes", || lab.event_ids().iter().filter(|id| **id == 4).count() == 2);
    until("that all of it is stored", || {
        let history = daemon.json(&["history", "vm-001"]);
        let kinds = history.document["items"].as_array().unwrap().iter();
        let acts: Vec<&Value> = kinds.filter(|item| item["kind"] == "act").collect();
        acts.len() == 1 && acts[0]["act"]["outcome"] == "done"
    });
    let history = daemon.json(&["history", "vm-001"]);
    let items = history.document["items"].as_array().unwrap();
    let decided: Vec<&str> = items.iter().filter_map(|item| item["decision"]["verdict"].as_str()).collect();
    assert!(decided.contains(&"resume") && decided.last() == Some(&"none"), "{decided:?}");
    let told: Vec<u64> = items.iter().filter_map(|item| item["event"]["id"].as_u64()).collect();
    assert_eq!(told, [4], "{items:?}");
    let (code, text, _) = printed(&daemon.ask(&["history"]));
    assert!(code == 0 && text.contains("act: resume of VM") && text.contains("event 4 (Information)"), "{text}");
    let (code, none, _) = printed(&daemon.ask(&["history", "--since", "2100-01-01T00:00:00Z"]));
    assert!(code == 0 && none.starts_with("Nothing is stored"), "{none}");
    assert_eq!(daemon.end(), Some(0));
    let (code, _, error) =
        printed(&Daemon { lab: &lab, child: Daemon::command(&lab, &["--version"]).spawn().unwrap() }.ask(&["history"]));
    assert!(code == 4 && error.contains("reprise serve"), "{error}");
}

#[test]
fn a_store_that_cannot_be_used_stops_no_repair_and_is_told() {
    let lab = Lab::new(&["--vms", "1"]);
    std::fs::create_dir(lab.path("state")).unwrap();
    std::fs::write(lab.path("state/reprise.sqlite3"), "this is no database, and somebody may need it").unwrap();
    let daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(1);
    until("the report", || lab.event_ids().contains(&114));
    lab.break_by_restart("hv01.lab.test");
    until("the resume", || lab.event_ids().contains(&4));
    let (code, _, error) = printed(&daemon.ask(&["history"]));
    assert!(code == 1 && error.contains("what happened cannot be read"), "{error}");
    assert_eq!(daemon.end(), Some(0));
    let kept = std::fs::read_to_string(lab.path("state/reprise.sqlite3")).unwrap();
    assert!(kept.starts_with("this is no database"), "{kept}");
}

#[test]
fn only_one_serves_and_one_that_was_killed_leaves_nothing_in_the_way() {
    let lab = Lab::new(&["--vms", "1"]);
    let mut daemon = Daemon::start(&lab, &[]);
    let second = Daemon::command(&lab, &[]).output().unwrap();
    let (code, _, error) = printed(&second);
    assert!(code == 2 && error.contains("another one answers at"), "{error}");
    daemon.until_protected(1);
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    std::fs::remove_file(lab.path("ready")).unwrap();
    let next = Daemon::start(&lab, &[]);
    next.until_protected(1);
    assert_eq!(next.end(), Some(0));
}

#[test]
fn the_api_answers_with_problems_that_say_what_next() {
    let lab = Lab::new(&["--vms", "1"]);
    let daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(1);
    let ask = |method: &str, path: &str, body: &str| {
        use std::io::{Read as _, Write as _};
        let mut stream = std::os::unix::net::UnixStream::connect(lab.path("reprise.sock")).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), serde_json::from_str::<Value>(body).unwrap_or(Value::Null))
    };
    for (method, path, body, status) in [
        ("GET", "/api/v1/nothing", "", 404),
        ("DELETE", "/api/v1/status", "", 405),
        ("GET", "/api/v1/status?vm=vm-009", "", 404),
        ("GET", "/api/v1/relationships/vm-001/triple", "", 404),
        ("GET", "/api/v1/relationships/vm-001/extended", "", 404),
        ("POST", "/api/v1/relationships/vm-001/simple/pause", "{\"why\": 1}", 400),
    ] {
        let (head, problem) = ask(method, path, body);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {path}: {head}");
        assert!(head.contains("application/problem+json"), "{method} {path}: {head}");
        assert!(problem["status"] == status && problem["next"].is_string(), "{method} {path}: {problem}");
    }
    assert_eq!(lab.states(), [3]);
    drop(daemon);
}

#[test]
fn what_a_host_showed_that_is_off_is_not_protected_and_what_is_resumed_replicates() {
    let lab = Lab::new(&["--vms", "1"]);
    let daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(1);
    lab.break_by_restart("hv01.lab.test");
    until("the resume", || lab.event_ids().contains(&4));
    until("that it replicates", || daemon.says_of("vm-001", "reason").is_some_and(|reason| reason == "replicating"));
    until("that the act is stored with its reason", || {
        let history = daemon.json(&["history"]);
        let items = history.document["items"].as_array().unwrap();
        items.iter().any(|item| item["act"]["reason"] == "error" && item["act"]["outcome"] == "done")
    });
    lab.post("/hosts/hv01.lab.test/shutdown?in_flight=none");
    until("that it is not known to be protected", || {
        let status = daemon.json(&["status"]);
        let leg = &status.legs()[0];
        (status.code, leg["protected"] == false, leg["reason"] == "sender_not_ready") == (3, true, true)
    });
    let (_, explained, _) = printed(&daemon.ask(&["explain", "vm-001"]));
    assert!(
        explained.contains("not protected") && explained.contains("The primary server is not ready"),
        "{explained}"
    );
}

#[test]
fn several_pauses_at_once_are_one_pause_with_one_note() {
    let lab = Lab::new(&["--vms", "1"]);
    let daemon = Daemon::start(&lab, &[]);
    daemon.until_protected(1);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| daemon.json(&["pause", "vm-001"]))).collect();
        for one in asked {
            let Ran { code, document, standard_error } = one.join().unwrap();
            assert_eq!(code, 0, "{document} {standard_error}");
        }
    });
    assert_eq!(lab.states(), [7]);
    until("that it is a person's", || {
        daemon.says_of("vm-001", "reason").is_some_and(|reason| reason == "paused_on_purpose")
    });
}

#[test]
fn a_verb_that_asks_before_any_host_is_ready_says_so() {
    let lab = Lab::new(&["--vms", "1"]);
    for host in ["hv01.lab.test", "hv02.lab.test"] {
        lab.post(&format!("/hosts/{host}/management?mode=blackhole"));
    }
    let daemon = Daemon::start(&lab, &[]);
    for verb in ["explain", "pause"] {
        let (code, said, error) = printed(&daemon.ask(&[verb, "vm-001"]));
        assert!(code == 1 && said.is_empty() && error.contains("no host is ready"), "{verb}: {code} {error}");
    }
}

#[test]
fn what_is_no_socket_stays_where_the_socket_would_be() {
    let lab = Lab::new(&["--vms", "1"]);
    std::fs::write(lab.path("reprise.sock"), "somebody's").unwrap();
    let (code, _, error) = printed(&Daemon::command(&lab, &[]).output().unwrap());
    assert!(code == 2 && error.contains("cannot listen at"), "{error}");
    assert_eq!(std::fs::read_to_string(lab.path("reprise.sock")).unwrap(), "somebody's");
}
