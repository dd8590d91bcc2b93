//! `pause` and `resume`: one relationship, by hand, and what later runs make of it.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Ran, ran, until};

/// A verb against the first hosts, with a folder of state of its own.
fn command(lab: &Lab, hosts: usize, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--user", &lab.user(), "--password-file", &lab.path("password")]);
    command.args((0..hosts).flat_map(|host| ["--host".to_owned(), lab.url(host)]));
    if !matches!(arguments.first(), Some(&"status" | &"explain")) {
        command.args(["--event-log", &format!("file:{}", lab.path("events"))]);
    }
    command.env("STATE_DIRECTORY", lab.path("state"));
    command
}

fn output(lab: &Lab, arguments: &[&str]) -> Output {
    command(lab, 2, arguments).output().unwrap()
}

fn json(lab: &Lab, arguments: &[&str]) -> Ran {
    ran(&output(lab, &[arguments, &["--json"]].concat()))
}

fn printed(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// What came of an order.
fn came(ran: &Ran) -> (i32, &str, &str) {
    let text = |key: &str| ran.document[key].as_str().unwrap_or_default();
    (ran.code, text("result"), text("reason"))
}

#[test]
fn s14_a_vm_paused_by_hand_is_left_alone_by_every_run_until_it_is_resumed_by_hand() {
    let lab = Lab::new(&["--vms", "2"]);
    let paused = json(&lab, &["pause", "vm-001", "--reason", "the storage is moved"]);
    let keys: Vec<&str> = paused.document.as_object().unwrap().keys().map(String::as_str).collect();
    let contract = [
        "version",
        "vm",
        "vm_id",
        "leg",
        "primary",
        "replica",
        "before",
        "after",
        "result",
        "reason",
        "detail",
        "error",
        "elapsed_ms",
    ];
    assert_eq!(keys, contract);
    assert_eq!(came(&paused), (0, "done", "asked_for"), "{} {}", paused.document, paused.standard_error);
    let of = |key: &str| paused.document[key].as_str().unwrap();
    assert_eq!((of("vm"), of("leg"), of("primary")), ("vm-001", "simple", "hv01.lab.test"));
    assert_eq!((of("before"), of("after"), &paused.document["error"]), ("Replicating", "Suspended", &Value::Null));
    assert_eq!(lab.states(), [7, 3]);

    let status = json(&lab, &["status", "vm-001"]);
    let held = &status.legs()[0]["held"];
    assert_eq!(
        (&held["reason"], held["by"].as_str().is_some_and(|by| !by.is_empty())),
        (&"the storage is moved".into(), true)
    );
    let (_, explained, _) = printed(&output(&lab, &["explain", "vm-001"]));
    assert!(explained.contains("the storage is moved"), "{explained}");

    lab.break_by_restart("hv02.lab.test");
    for run in 0..2 {
        let ran = json(&lab, &["run"]);
        assert_eq!(ran.code, 0, "run {run}: {}", ran.standard_error);
        assert_eq!(ran.result("vm-001"), ("left", "paused_on_purpose"));
    }
    assert_eq!(lab.states(), [7, 3], "the other one is resumed");
    let again = json(&lab, &["pause", "vm-001"]);
    assert_eq!(came(&again), (0, "nothing_to_do", "paused_on_purpose"));

    let resumed = json(&lab, &["resume", "vm-001", "--reason", "it is moved"]);
    assert_eq!(came(&resumed), (0, "done", "asked_for"), "{}", resumed.standard_error);
    assert_eq!(lab.states(), [3, 3]);
    assert_eq!(came(&json(&lab, &["resume", "vm-001"])), (0, "nothing_to_do", "replicating"));
    lab.post("/vms/vm-001/pause");
    assert_eq!(json(&lab, &["run"]).result("vm-001"), ("resumed", "paused_at_start"), "the note is gone");

    let texts: Vec<String> = lab.events().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect();
    for told in ["was paused by", "the storage is moved", "was resumed by", "it is moved"] {
        assert!(texts.iter().any(|text| text.contains(told)), "{told}: {texts:?}");
    }
}

#[test]
fn a_note_ends_when_somebody_else_has_resumed_the_vm_and_a_damaged_one_stands() {
    let lab = Lab::new(&["--vms", "1"]);
    assert_eq!(json(&lab, &["pause", "vm-000"]).code, 2, "there is no such VM");
    assert_eq!(came(&json(&lab, &["pause", "vm-001"])).0, 0);
    let folder = std::path::PathBuf::from(lab.path("state")).join("pauses");
    let notes = || std::fs::read_dir(&folder).unwrap().map(|note| note.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(notes().len(), 1);
    lab.post("/vms/vm-001/resume");
    assert_eq!(json(&lab, &["run"]).result("vm-001"), ("healthy", "replicating"));
    assert_eq!(notes().len(), 0, "it replicates again");

    assert_eq!(came(&json(&lab, &["pause", "vm-001"])).0, 0);
    std::fs::write(&notes()[0], "{").unwrap();
    let ran = json(&lab, &["run"]);
    assert_eq!(ran.result("vm-001"), ("left", "paused_on_purpose"));
    assert!(ran.standard_error.contains("cannot be read") && ran.standard_error.contains("reprise resume"));
    assert_eq!(came(&json(&lab, &["resume", "vm-001"])).0, 0);
    assert_eq!(notes().len(), 0);
}

#[test]
fn a_run_that_is_under_way_leaves_alone_what_is_paused_by_hand_meanwhile() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.post("/faults/slow?host=hv01.lab.test&op=enumerate&count=1&ms=6000");
    let mut child = command(&lab, 2, &["run", "--json"]);
    let child = child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the first look of the run", || lab.requests("enumerate") > 0);
    assert_eq!(came(&json(&lab, &["pause", "vm-001"])), (0, "done", "asked_for"));
    let run = ran(&child.wait_with_output().unwrap());
    assert_eq!(
        (run.result("vm-001"), lab.states()),
        (("left", "paused_on_purpose"), vec![7]),
        "{}",
        run.standard_error
    );
    assert_eq!(json(&lab, &["run"]).result("vm-001"), ("left", "paused_on_purpose"), "the note stands");
}

/// `pause`, killed when its note is written and nothing has been asked of the host yet.
fn killed_pause(lab: &Lab, reason: &[&str]) {
    let reads = lab.requests("get");
    lab.post("/faults/slow?host=hv01.lab.test&op=get&count=1&ms=60000");
    let mut child = command(lab, 2, &[&["pause", "vm-001"], reason].concat()).spawn().unwrap();
    until("the read before the act", || lab.requests("get") > reads);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((lab.requests("invoke"), lab.states()), (0, vec![3]));
}

#[test]
fn a_pause_that_is_killed_before_it_is_made_yields_to_a_shutdown_that_the_log_proves_and_else_stands() {
    for (by_shutdown, expected) in [(true, ("resumed", "paused_by_shutdown")), (false, ("left", "paused_on_purpose"))] {
        let lab = Lab::new(&["--vms", "1", "--race-state", "suspended"]);
        killed_pause(&lab, &[]);
        if by_shutdown {
            lab.break_by_restart("hv02.lab.test");
        } else {
            lab.post("/vms/vm-001/pause");
        }
        assert_eq!(lab.states(), [7]);
        let run = json(&lab, &["run"]);
        assert_eq!(run.result("vm-001"), expected, "{}", run.standard_error);
    }
}

#[test]
fn a_pause_that_was_seen_stands_against_a_shutdown_too_and_one_after_a_kill_keeps_the_reason() {
    let lab = Lab::new(&["--vms", "1", "--race-state", "suspended"]);
    killed_pause(&lab, &["--reason", "patch night"]);
    lab.break_by_restart("hv02.lab.test");
    assert_eq!(came(&json(&lab, &["pause", "vm-001"])), (0, "nothing_to_do", "paused_on_purpose"));
    assert_eq!(json(&lab, &["run"]).result("vm-001"), ("left", "paused_on_purpose"));
    assert_eq!(json(&lab, &["status"]).legs()[0]["held"]["reason"], "patch night");
}

#[test]
fn a_second_pause_keeps_the_reason_of_the_first_and_a_refused_one_the_note_that_was_there() {
    let lab = Lab::new(&["--vms", "1"]);
    for (reason, expected) in [(&["--reason", "first"][..], "first"), (&[], "first"), (&["--reason", "new"], "new")] {
        assert_eq!(came(&json(&lab, &[&["pause", "vm-001"], reason].concat())).0, 0);
        assert_eq!(json(&lab, &["status"]).legs()[0]["held"]["reason"], expected);
    }
    let folder = std::path::PathBuf::from(lab.path("state")).join("pauses");
    let note = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&note, "{").unwrap();
    lab.post("/vms/vm-001/failover");
    assert_eq!(came(&json(&lab, &["pause", "vm-001"])), (3, "refused", "failover_in_force"));
    assert_eq!(std::fs::read_to_string(&note).unwrap(), "{");
}

#[test]
fn a_pause_that_could_not_be_noted_is_not_made() {
    let lab = Lab::new(&["--vms", "1"]);
    std::fs::write(lab.path("state"), "in the way").unwrap();
    let (code, out, error) = printed(&output(&lab, &["pause", "vm-001", "--json"]));
    assert_eq!((code, out.as_str(), lab.requests("invoke")), (2, "", 0), "{error}");
    assert!(error.contains("STATE_DIRECTORY"), "{error}");
}

#[test]
fn what_a_rule_forbids_is_refused_with_its_reason_and_leaves_no_note() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.post("/vms/vm-001/failover");
    for verb in ["pause", "resume"] {
        let refused = json(&lab, &[verb, "vm-001"]);
        assert_eq!(came(&refused), (3, "refused", "failover_in_force"), "{}", refused.document);
        let error = &refused.document["error"];
        assert!(error["next"].as_str().unwrap().contains("failover"), "{error}");
        assert!(refused.standard_error.contains(&format!("cannot {verb} replication of VM vm-001")));
    }
    lab.break_by_restart("hv02.lab.test");
    let broken = json(&lab, &["pause", "vm-002"]);
    assert_eq!(came(&broken), (3, "refused", "not_running"), "{}", broken.document);
    assert_eq!(lab.requests("invoke"), 0);
    let notes = std::fs::read_dir(std::path::Path::new(&lab.path("state")).join("pauses")).unwrap();
    assert_eq!(notes.count(), 0);
}

#[test]
fn what_fails_is_told_with_what_the_host_said() {
    let lab = Lab::new(&["--vms", "3"]);
    lab.post("/faults/job_fail?vm=vm-001&code=32774&count=1");
    let failed = json(&lab, &["pause", "vm-001"]);
    assert_eq!(came(&failed), (1, "failed", "pause_refused"), "{}", failed.document);
    assert!(failed.document["error"]["code"].as_str().unwrap().contains("32774"), "{}", failed.document);
    lab.post("/faults/drop_after?host=hv02.lab.test&count=1");
    let lost = json(&lab, &["pause", "vm-002"]);
    assert_eq!(came(&lost), (0, "done", "asked_for"), "{} {}", lost.document, lost.standard_error);
    lab.post("/faults/job_hang?vm=vm-003&count=1");
    let (code, out, error) = printed(&output(&lab, &["pause", "vm-003", "--timeout", "3s"]));
    assert_eq!((code, out.as_str()), (1, ""), "{error}");
    assert!(error.contains("saw no end of that before the time was up"), "{error}");
}

#[test]
fn a_replica_that_was_paused_on_its_own_side_is_resumed_there() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.post("/vms/vm-001/pause?side=receiver");
    let resumed = json(&lab, &["resume", "vm-001"]);
    assert_eq!(came(&resumed), (0, "done", "asked_for"), "{} {}", resumed.document, resumed.standard_error);
    let world = lab.world();
    assert_eq!(world["vms"][0]["legs"][0]["receiver_state"], 3, "{world}");
}

#[test]
fn the_extended_relationship_is_meant_only_if_it_is_asked_for() {
    let lab = Lab::new(&["--hosts", "3", "--topology", "chain", "--vms", "1"]);
    let one = |verb: &str, more: &[&str]| {
        ran(&command(&lab, 3, &[&[verb, "vm-001", "--json"], more].concat()).output().unwrap())
    };
    let paused = one("pause", &["--extended"]);
    assert_eq!(came(&paused), (0, "done", "asked_for"), "{} {}", paused.document, paused.standard_error);
    assert_eq!(paused.document["leg"], "extended");
    assert_eq!(lab.states().iter().filter(|state| **state == 7).count(), 1);
    assert_eq!(came(&one("resume", &[])), (0, "nothing_to_do", "replicating"));
    assert_eq!(came(&one("resume", &["--extended"])).0, 0);
    assert_eq!(lab.states(), [3, 3]);
}

#[test]
fn without_a_host_that_answers_it_fails_with_the_hosts_error() {
    let lab = Lab::new(&["--vms", "1"]);
    for host in ["hv01.lab.test", "hv02.lab.test"] {
        lab.post(&format!("/hosts/{host}/management?mode=refuse"));
    }
    let failed = json(&lab, &["resume", "vm-001", "--timeout", "1s"]);
    assert_eq!((failed.code, &failed.document["result"]), (1, &"failed".into()), "{}", failed.standard_error);
    assert!(failed.document["error"]["why"].as_str().unwrap().contains("refused"), "{}", failed.document);
}
