//! How hosts' event logs change a pass, and what reading them costs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Ran, until};

/// A lab whose first host was restarted; the first so many of its deltas were in flight.
fn restarted(in_flight: &str, arguments: &[&str]) -> Lab {
    let lab = Lab::new(&[&["--topology", "hub", "--vms", "2"], arguments].concat());
    lab.post(&format!("/hosts/hv01.lab.test/shutdown?in_flight={in_flight}"));
    lab.post("/hosts/hv01.lab.test/boot");
    lab.post("/requests/reset");
    lab
}

fn detail<'r>(ran: &'r Ran, vm: &str) -> &'r str {
    ran.leg(vm)["detail"].as_str().unwrap()
}

#[test]
fn what_a_shutdown_paused_is_resumed_on_evidence_and_what_a_person_paused_is_left() {
    let lab = restarted("1", &["--race-state", "suspended"]);
    lab.post("/vms/vm-002/pause");
    let ran = lab.run(&[0, 1], &["--paused", "evidence"]);
    assert_eq!(ran.result("vm-001"), ("resumed", "paused_by_shutdown"), "{:#}", ran.document);
    assert_eq!(ran.result("vm-002"), ("left", "paused_by_person"), "{:#}", ran.document);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"));
    assert!(!detail(&ran, "vm-001").contains("not readable"), "{}", detail(&ran, "vm-001"));
    let ids = lab.event_ids();
    assert!(ids.contains(&4) && !ids.contains(&101), "it was not resumed without evidence: {ids:?}");
    assert_eq!(lab.requests("subscribe"), 2, "to the host of both senders: how far its log reaches, and what it says");
}

/// What the first restart paused on the second host is older than all that Windows' log there says of a shutdown.
#[test]
fn what_was_paused_when_both_hosts_were_restarted_one_after_the_other_is_resumed_on_evidence() {
    let lab = Lab::new(&["--vms", "4", "--race-state", "suspended"]);
    for host in ["hv01.lab.test", "hv02.lab.test"] {
        lab.break_by_restart(host);
    }
    let ran = lab.run(&[0, 1], &["--paused", "evidence"]);
    assert_eq!((ran.count("resumed"), lab.states()), (4, vec![3; 4]), "{:#}", ran.document);
    assert!(ran.legs().iter().all(|leg| leg["reason"] == "paused_by_shutdown"), "{:#}", ran.document);
}

#[test]
fn with_evidence_no_resume_is_told_as_one_without() {
    let lab = restarted("all", &["--race-state", "suspended"]);
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{:#}", ran.document);
    assert!(!lab.event_ids().contains(&101));
    let lab = restarted("all", &["--race-state", "suspended"]);
    lab.post("/faults/deny_events");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{:#}", ran.document);
    assert_eq!(lab.event_ids().iter().filter(|id| **id == 101).count(), 2);
}

#[test]
fn on_server_2012_a_leg_whose_link_is_cut_waits_for_vmms_to_try_again() {
    let lab = Lab::new(&["--topology", "hub", "--vms", "1", "--os", "2012", "--speed", "400"]);
    lab.post("/links/hv01.lab.test/hv02.lab.test/cut");
    until("the sender shows Error", || lab.states() == [8]);
    let ran = lab.run(&[0, 1], &["--timeout", "5s"]);
    assert_eq!(ran.result("vm-001"), ("waiting", "vmms_retries"), "{:#}", ran.document);
    assert_eq!((ran.code, lab.requests("invoke")), (3, 0));
    assert!(ran.leg("vm-001")["wanted"] == true);
}

#[test]
fn a_log_without_rights_decides_nothing_and_is_told_where_that_matters() {
    let lab = restarted("1", &[]);
    lab.post("/vms/vm-002/pause");
    lab.post("/faults/deny_events?host=hv02.lab.test");
    let ran = lab.run(&[0, 1], &["--paused", "evidence"]);
    assert_eq!(ran.result("vm-001"), ("resumed", "error"), "{:#}", ran.document);
    assert!(detail(&ran, "vm-001").contains("evidence: not readable"), "{}", detail(&ran, "vm-001"));
    assert_eq!(ran.result("vm-002"), ("left", "paused_no_evidence"), "{:#}", ran.document);
}

#[test]
fn a_log_that_does_not_answer_delays_a_pass_by_its_own_bound_and_no_more() {
    let lab = restarted("1", &[]);
    lab.post("/faults/slow?op=subscribe&ms=60000");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(ran.result("vm-001"), ("resumed", "error"), "{:#}", ran.document);
    assert!(detail(&ran, "vm-001").contains("evidence: not readable"), "{}", detail(&ran, "vm-001"));
    let elapsed = ran.document["elapsed_ms"].as_u64().unwrap();
    assert!((5_000..30_000).contains(&elapsed), "{elapsed}");
}

#[test]
fn a_pull_that_is_lost_costs_a_subscription_and_no_evidence() {
    let lab = restarted("all", &["--race-state", "suspended"]);
    lab.post("/faults/drop_after?op=pull&count=1");
    let ran = lab.run(&[0, 1], &["--paused", "evidence"]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{:#}", ran.document);
    assert_eq!(lab.requests("subscribe"), 3);
}

/// What a provider that is loaded again answers for a moment decides nothing.
#[test]
fn a_log_whose_host_fails_for_a_moment_is_read_a_little_later() {
    for operation in ["subscribe", "pull"] {
        for fault in ["wmi?code=0x800706BE&", "wmi?code=0x80041033&", "busy?", "garbage?", "drop_before?"] {
            let lab = restarted("all", &["--race-state", "suspended"]);
            lab.post(&format!("/faults/{fault}op={operation}&count=2"));
            let ran = lab.run(&[0, 1], &["--paused", "evidence"]);
            assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{operation} {fault}: {:#}", ran.document);
        }
    }
}

/// A pair of legs whose host was restarted; a shutdown paused the first and a person the second, and the log is in this state.
fn told_by(faults: &[&str]) -> (Lab, Ran) {
    let lab = restarted("1", &["--race-state", "suspended"]);
    lab.post("/vms/vm-002/pause");
    for fault in faults {
        lab.post(fault);
    }
    let ran = lab.run(&[0, 1], &["--paused", "evidence"]);
    (lab, ran)
}

/// A service whose first Pull ends before its log has given anything says that nothing has come.
#[test]
fn a_log_that_is_slow_to_begin_is_not_an_empty_one() {
    let (_lab, ran) = told_by(&["/faults/slow_log?ms=1200"]);
    assert_eq!(ran.result("vm-001"), ("resumed", "paused_by_shutdown"), "{:#}", ran.document);
    assert_eq!(ran.result("vm-002"), ("left", "paused_by_person"), "{:#}", ran.document);
    let (_lab, ran) = told_by(&["/faults/slow_log?ms=60000"]);
    for vm in ["vm-001", "vm-002"] {
        assert_eq!(ran.result(vm), ("left", "paused_no_evidence"), "{:#}", ran.document);
    }
}

#[test]
fn a_log_with_gaps_proves_no_person_and_what_stands_in_it_still_proves_a_shutdown() {
    for fault in ["/faults/garbled_record?count=1", "/faults/lost_record?count=1"] {
        let (_lab, ran) = told_by(&[fault]);
        assert_eq!(ran.result("vm-001"), ("resumed", "paused_by_shutdown"), "{fault}: {:#}", ran.document);
        assert_eq!(ran.result("vm-002"), ("left", "paused_no_evidence"), "{fault}: {:#}", ran.document);
    }
    for keep in [0, 1] {
        let (_lab, ran) = told_by(&[&format!("/hosts/hv02.lab.test/clear-log?log=vmms&keep={keep}")]);
        for vm in ["vm-001", "vm-002"] {
            assert_eq!(ran.result(vm), ("left", "paused_no_evidence"), "{keep}: {:#}", ran.document);
        }
    }
}

#[test]
fn where_nothing_stopped_nobody_subscribes() {
    let lab = Lab::new(&["--vms", "4"]);
    lab.post("/requests/reset");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("healthy")), (0, 4));
    assert_eq!(lab.requests("subscribe"), 0);
}

/// `reprise events` against the first host, ready to be started.
fn events(lab: &Lab, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["events", "--host", &lab.url(0), "--user", &lab.user(), "--password-file", &lab.path("password")]);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_hosts_log_is_shown_a_line_an_event_as_it_is_heard() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv01.lab.test");
    let shown = events(&lab, &[]).output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!((shown.status.code(), text.lines().count()), (Some(0), 5), "{text}");
    for words in [
        " hv01.lab.test Information  1074 a restart or shutdown was requested",
        " hv01.lab.test Error       32022 vm-001: changes could not be sent (0x80004004, aborted as by a shutdown)",
        " hv01.lab.test Error       32086 vm-001: replication suspended after a failure that VMMS does not retry",
        " hv01.lab.test Information  6006 the event log stopped",
        " hv01.lab.test Information  6005 the event log started",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn logs_that_were_read_to_their_ends_are_one_document_and_one_that_cannot_be_is_told_in_it() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv01.lab.test");
    let shown = |code: i32| {
        let shown = events(&lab, &["--host", &lab.url(1), "--json"]).output().unwrap();
        assert_eq!(shown.status.code(), Some(code), "{shown:?}");
        assert!(shown.stdout.starts_with(b"{\"version\":1,"), "{shown:?}");
        (serde_json::from_slice::<Value>(&shown.stdout).unwrap(), String::from_utf8(shown.stderr).unwrap())
    };
    let (document, _) = shown(0);
    let hosts = document["hosts"].as_array().unwrap();
    assert_eq!((hosts.len(), &hosts[0]["read"], &hosts[0]["name"]), (2, &Value::Bool(true), &"hv01.lab.test".into()));
    let events = document["events"].as_array().unwrap();
    assert!(events.len() >= 5 && events.is_sorted_by_key(|event| event["time"].to_string()), "{document:#}");
    lab.post("/faults/deny_events?host=hv02.lab.test");
    let (document, told) = shown(3);
    let refused = document["hosts"].as_array().unwrap().iter().find(|host| host["read"] == false).unwrap();
    assert_eq!(refused["error"]["what"], "cannot read the event log", "{document:#}");
    for next in [refused["error"]["next"].as_str().unwrap(), &told] {
        assert!(next.contains("Event Log Readers"), "{next}");
    }
    lab.post("/faults/deny_events");
    assert_eq!(shown(1).0["events"], Value::Array(Vec::new()));
}

#[cfg(unix)]
#[test]
fn a_log_that_is_followed_shows_what_comes_survives_a_restart_and_repeats_nothing() {
    let lab = Lab::new(&["--vms", "2"]);
    let mut child = events(&lab, &["--json", "--follow"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    until("it listens", || lab.requests("pull") > 0);
    let mut seen = Vec::new();
    for _ in 0..2 {
        lab.break_by_restart("hv01.lab.test");
        loop {
            let line = next();
            assert_eq!((line["version"].as_u64(), line["host"].as_str()), (Some(1), Some("hv01.lab.test")));
            seen.push((line["record"].as_u64().unwrap(), line["heard"].as_str().unwrap().to_owned()));
            if line["heard"] == "log_started" {
                break;
            }
        }
        lab.post("/vms/vm-001/resume");
        until("vm-001 replicates", || lab.states()[0] == 3);
    }
    let story = ["shutdown_asked", "send_failed", "non_recoverable", "log_stopped", "log_started"];
    let heard: Vec<&str> = seen.iter().map(|(_, heard)| heard.as_str()).collect();
    assert_eq!(heard, [story, story].concat());
    assert!(seen.windows(2).all(|two| two[0].0 < two[1].0), "in order, and each once: {seen:?}");
    let ended = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
