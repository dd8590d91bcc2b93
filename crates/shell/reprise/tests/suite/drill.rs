//! `drill`: the article's test, judged by the program, and what is left if it is broken off.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Ran, ran, until};

/// A verb with a configuration of both hosts, and a folder of state of its own.
fn command(lab: &Lab, more: &str, arguments: &[&str]) -> Command {
    let host = |host| {
        let (url, user, password) = (lab.url(host), lab.user(), lab.path("password"));
        format!("[[host]]\nurl = '{url}'\nuser = '{user}'\npassword_file = '{password}'\n")
    };
    let config = lab.write_secret("reprise.toml", &format!("version = 1\n{}{}{more}", host(0), host(1)));
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--json", "--config", &config]);
    command.args(["--event-log", &format!("file:{}", lab.path("events"))]);
    command.env("STATE_DIRECTORY", lab.path("state"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn drill(lab: &Lab, more: &str) -> Ran {
    ran(&command(lab, more, &["drill", "vm-001", "--direct"]).output().unwrap())
}

/// The steps, with whether each went well.
fn steps(ran: &Ran) -> Vec<(&str, bool)> {
    let steps = ran.document["steps"].as_array().unwrap();
    steps.iter().map(|step| (step["step"].as_str().unwrap(), step["ok"].as_bool().unwrap())).collect()
}

fn notes(lab: &Lab) -> usize {
    std::fs::read_dir(std::path::Path::new(&lab.path("state")).join("pauses")).map_or(0, Iterator::count)
}

const ALL: [&str; 6] = ["pause", "see_paused", "run", "see_enabled", "events", "clean_up"];

#[test]
fn s13_a_drill_pauses_a_vm_lets_the_job_resume_it_and_reads_the_events_whatever_the_policy_says_of_pauses() {
    let lab = Lab::new(&["--vms", "2"]);
    for policy in ["", "[policy.paused]\nat_boot = 'leave'\n"] {
        let drilled = drill(&lab, policy);
        assert_eq!(drilled.code, 0, "{} {}", drilled.document, drilled.standard_error);
        let keys: Vec<&str> = drilled.document.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["version", "vm", "vm_id", "passed", "steps"]);
        let step: Vec<&str> = drilled.document["steps"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(step, ["step", "ok", "detail", "elapsed_ms"]);
        assert_eq!(steps(&drilled), ALL.map(|step| (step, true)), "{}", drilled.document);
        assert_eq!((&drilled.document["passed"], lab.states()), (&Value::Bool(true), vec![3, 3]));
        assert_eq!(notes(&lab), 0);
    }
    assert_eq!(lab.event_ids(), [0, 2, 2, 4, 100, 0, 2, 2, 4, 100]);
    assert_eq!(lab.requests("invoke"), 4, "a pause and a resume each");
}

#[test]
fn a_drill_does_not_begin_with_a_vm_that_does_not_replicate_or_must_not_be_touched() {
    let lab = Lab::new(&["--vms", "2"]);
    let held = drill(&lab, "[[hold]]\nvm = 'vm-001'\nreason = 'migration'\n");
    assert_eq!((held.code, steps(&held)), (3, vec![("pause", false)]), "{}", held.document);
    lab.post("/vms/vm-001/pause");
    let paused = drill(&lab, "");
    assert_eq!((paused.code, &paused.document), (2, &Value::Null));
    assert!(paused.standard_error.contains("its state is Suspended"), "{}", paused.standard_error);
    assert_eq!((lab.requests("invoke"), notes(&lab)), (0, 0));
    // A note of a person's pause is not replaced.
    assert_eq!(ran(&command(&lab, "", &["pause", "vm-001"]).output().unwrap()).code, 0);
    lab.post("/vms/vm-001/resume");
    let meant = drill(&lab, "");
    assert_eq!((meant.code, &meant.document, notes(&lab)), (2, &Value::Null, 1), "{}", meant.standard_error);
}

#[test]
fn a_job_that_does_not_resume_the_vm_fails_the_drill_and_the_vm_is_resumed_all_the_same() {
    let lab = Lab::new(&["--vms", "1"]);
    // The fault comes after the pause has begun, so that it hits the resume.
    let mut child = command(&lab, "", &["drill", "vm-001", "--direct"]).spawn().unwrap();
    until("the pause", || lab.requests("invoke") == 1);
    lab.post("/faults/job_fail?vm=vm-001&code=32775&count=1");
    let _ended = child.wait().unwrap();
    let drilled = ran(&child.wait_with_output().unwrap());
    assert_eq!((drilled.code, &drilled.document["passed"]), (1, &Value::Bool(false)), "{}", drilled.document);
    assert_eq!((lab.states(), notes(&lab)), (vec![3], 0), "{}", drilled.document);
}

#[test]
fn a_pause_that_ends_only_after_the_time_of_the_drill_is_taken_back_all_the_same() {
    let lab = Lab::new(&["--vms", "1", "--job", "5000"]);
    let drilled = ran(&command(&lab, "", &["drill", "vm-001", "--direct", "--timeout", "2s"]).output().unwrap());
    assert_eq!(
        (drilled.code, steps(&drilled)),
        (1, vec![("pause", false), ("clean_up", true)]),
        "{}",
        drilled.document
    );
    assert_eq!((lab.states(), notes(&lab)), (vec![3], 0));
}

#[test]
fn a_vm_that_a_person_pauses_during_the_drill_stays_paused() {
    let lab = Lab::new(&["--vms", "1", "--job", "1000"]);
    let child = command(&lab, "", &["drill", "vm-001", "--direct"]).spawn().unwrap();
    until("the pause of the drill", || lab.states() == [7]);
    let paused = ran(&command(&lab, "", &["pause", "vm-001"]).output().unwrap());
    assert_eq!(paused.code, 0, "{}", paused.standard_error);
    let drilled = ran(&child.wait_with_output().unwrap());
    assert_eq!((drilled.code, lab.states(), notes(&lab)), (1, vec![7], 1), "{}", drilled.document);
}

#[test]
fn events_that_do_not_arrive_fail_the_drill() {
    let lab = Lab::new(&["--vms", "1"]);
    let mut command = command(&lab, "", &["drill", "vm-001", "--direct"]);
    std::fs::create_dir(lab.path("events")).unwrap();
    let drilled = ran(&command.output().unwrap());
    let failed = ALL.map(|step| (step, step != "events"));
    assert_eq!((drilled.code, steps(&drilled)), (1, failed.to_vec()), "{}", drilled.document);
    assert!(drilled.document["steps"][4]["detail"].as_str().unwrap().contains("not written"));
}

#[cfg(unix)]
fn signal(child: &std::process::Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_drill_that_is_broken_off_resumes_its_vm_and_one_that_is_killed_leaves_that_to_the_next_run() {
    let lab = Lab::new(&["--vms", "1", "--job", "2000"]);
    for signal_name in ["INT", "TERM"] {
        let before = lab.requests("invoke");
        let child = command(&lab, "", &["drill", "vm-001", "--direct"]).spawn().unwrap();
        until("the pause", || lab.requests("invoke") > before);
        signal(&child, signal_name);
        let ended = ran(&child.wait_with_output().unwrap());
        assert_eq!(
            (ended.code, lab.states(), notes(&lab)),
            (1, vec![3], 0),
            "{} {}",
            ended.document,
            ended.standard_error
        );
        assert_eq!(steps(&ended).last(), Some(&("clean_up", true)));
    }
    let mut child = command(&lab, "", &["drill", "vm-001", "--direct"]).spawn().unwrap();
    let before = lab.requests("invoke");
    until("the pause", || lab.requests("invoke") > before || lab.states() == [7]);
    signal(&child, "KILL");
    child.wait().unwrap();
    until("the end of the pause", || lab.world()["vms"][0]["legs"][0]["changing"] == false);
    assert_eq!((lab.states(), notes(&lab)), (vec![7], 1));
    let run = ran(&command(&lab, "[policy.paused]\nat_boot = 'leave'\n", &["run"]).output().unwrap());
    assert_eq!(run.result("vm-001"), ("resumed", "paused_for_drill"), "{}", run.standard_error);
    assert_eq!(notes(&lab), 0);
}
