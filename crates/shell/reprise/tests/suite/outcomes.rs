//! What is said of our own acts, and of what only a person can decide.

use std::process::Command;

use serde_json::Value;

use crate::lab::{Lab, ran, until};

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_names_what_it_asked_for_and_fails_nothing() {
    for signal in ["-INT", "-TERM"] {
        let lab = Lab::new(&["--vms", "40", "--topology", "hub", "--job", "60000"]);
        lab.break_by_restart("hv01.lab.test");
        let child = lab.command(&[0, 1], &["--retry-for", "10m"]).spawn().unwrap();
        until("the first resumes", || lab.requests("invoke") >= 3);
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ran = ran(&child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.outcome(), &ran.document["interrupted"]), (3, "partial", &Value::Bool(true)));
        assert_eq!((ran.count("interrupted"), ran.count("failed")), (40, 0), "{:#}", ran.document);
        let asked = ran.legs().iter().filter(|leg| leg["reason"] == "resume_not_seen").count();
        assert!((3..40).contains(&asked), "{asked}");
        let ids = lab.event_ids();
        let count = |id: u64| ids.iter().filter(|other| **other == id).count();
        assert_eq!((count(3), count(104), count(111), count(100)), (0, 1, asked, 1), "{ids:?}");
        let last = lab.events().pop().unwrap();
        assert!(last["message"].as_str().unwrap().contains("Interrupted"), "{last}");
        assert!(!ran.document.to_string().contains("retry_for"), "{:#}", ran.document);
    }
}

#[test]
fn two_live_primaries_are_named_whoever_is_asked_first() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/vms/vm-001/set?side=receiver&mode=1&running=true");
    for hosts in [[0, 1], [1, 0]] {
        let ran = lab.run(&hosts, &[]);
        let leg = ran.leg("vm-001");
        assert_eq!((ran.code, ran.result("vm-001")), (3, ("needs_person", "both_primary")), "{:#}", ran.document);
        let mut named = [&leg["primary"], &leg["second_primary"]].map(|name| name.as_str().unwrap().to_owned());
        named.sort();
        assert_eq!(named, ["hv01.lab.test", "hv02.lab.test"]);
        assert_eq!((leg["replica"].is_null(), &leg["before"]), (true, &leg["after"]), "{leg}");
        assert!(leg["detail"].as_str().unwrap().contains("hv01.lab.test"), "{leg}");
        assert!(leg["detail"].as_str().unwrap().contains("the VM runs on both"), "{leg}");
    }
    assert_eq!(lab.requests("invoke"), 0);
}

#[test]
fn an_extended_leg_is_left_while_its_primary_server_is_failed_over_to() {
    let lab = Lab::new(&["--hosts", "3", "--vms", "1", "--topology", "chain"]);
    lab.break_by_restart("hv03.lab.test");
    lab.post("/vms/vm-001/failover");
    let ran = lab.run(&[0, 1, 2], &[]);
    let reasons: Vec<_> =
        ran.legs().iter().map(|leg| (leg["leg"].as_str().unwrap(), leg["reason"].as_str().unwrap())).collect();
    assert_eq!(reasons, [("extended", "failover_in_force"), ("simple", "failover_in_force")], "by vm_id, then leg");
    assert_eq!((lab.requests("invoke"), ran.count("left")), (0, 2), "{:#}", ran.document);
    lab.post("/vms/vm-001/revert");
    assert_eq!(lab.run(&[0, 1, 2], &[]).count("resumed"), 1);
}

#[test]
fn a_primary_that_says_odd_things_of_itself_is_the_primary_and_left_to_a_person() {
    for settings in ["state=0", "mode=0", "state=0&mode=0"] {
        let lab = Lab::new(&["--vms", "1", "--topology", "hub"]);
        if settings == "mode=0" {
            lab.break_by_restart("hv01.lab.test");
        }
        lab.post(&format!("/vms/vm-001/set?side=sender&{settings}"));
        let ran = lab.run(&[0, 1], &["--timeout", "5"]);
        let leg = ran.leg("vm-001");
        assert_eq!(leg["primary"], "hv02.lab.test", "{settings}: {leg}");
        assert_eq!(leg["replica"], "hv01.lab.test", "{settings}: {leg}");
        if settings != "state=0&mode=0" {
            // With both it is a VM without replication, whose replica is left over.
            assert_eq!((ran.code, ran.result("vm-001")), (3, ("needs_person", "unknown_state")), "{settings}: {leg}");
        }
        assert_eq!(lab.requests("invoke"), 0, "{settings}");
    }
}

/// A shutdown breaks it, a boot and a run with evidence repair it; then a person pauses it, as soon as new data has arrived or
/// two cycles later. Either host may be the one that was shut down.
#[test]
fn a_pause_by_a_person_after_a_repaired_shutdown_is_respected() {
    for (host, later, speed) in [("hv01.lab.test", 1, "1"), ("hv02.lab.test", 1, "1"), ("hv02.lab.test", 3, "60")] {
        let lab = Lab::new(&["--vms", "1", "--topology", "hub", "--race-state", "suspended", "--speed", speed]);
        lab.break_by_restart(host);
        let first = lab.run(&[0, 1], &["--paused", "evidence"]);
        assert_eq!(first.result("vm-001"), ("resumed", "paused_by_shutdown"), "{:#}", first.document);
        let leg = || lab.world()["vms"][0]["legs"][0].clone();
        let before = leg()["last_replication_time"].clone();
        let cycles = leg()["cycles_ok"].as_u64().unwrap();
        let has_moved = || leg()["last_replication_time"] != before || leg()["cycles_ok"].as_u64().unwrap() > cycles;
        if first.leg("vm-001")["confirmed"] == false {
            until("new data", has_moved);
        }
        until("the cycles", || leg()["cycles_ok"].as_u64().unwrap() + 1 >= cycles + later);
        lab.post("/vms/vm-001/pause");
        let again = lab.run(&[0, 1], &["--paused", "evidence"]);
        assert_eq!(again.result("vm-001"), ("left", "paused_by_person"), "{host} {later}: {:#}", again.document);
        assert_eq!(lab.requests("invoke"), 1, "{host} {later}");
    }
}

#[test]
fn what_is_held_and_broken_is_not_told_as_protected() {
    let lab = Lab::new(&["--vms", "1", "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    let ran = lab.run(&[0, 1], &["--except", "vm-001"]);
    assert_eq!((ran.code, ran.result("vm-001")), (0, ("left", "excepted")));
    let summary = lab.events().pop().unwrap()["message"].as_str().unwrap().to_owned();
    assert!(summary.contains("is not to protect it") && !summary.contains("All"), "{summary}");
}

#[test]
fn a_resume_that_falls_back_before_newer_data_is_seen_only_by_a_run_that_waits_for_that() {
    let lab = Lab::new(&["--vms", "1", "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    lab.post("/faults/flip_back?after_s=1.5&code=0x80070070&count=1");
    let quick = lab.run(&[0, 1], &[]);
    assert_eq!(
        (quick.result("vm-001"), &quick.leg("vm-001")["confirmed"]),
        (("resumed", "error"), &Value::Bool(false))
    );
    until("it falls back", || lab.states() == [8]);
    let world = lab.world();
    let events = world["hosts"][1]["events"].as_array().unwrap();
    let why = events.iter().rfind(|event| event["id"] == 32_022).unwrap();
    assert!(why["code"].to_string().to_lowercase().contains("80070070") || why["code"] == 0x8007_0070_u32, "{why}");
    lab.post("/faults/flip_back?after_s=1.5&code=0x80070070&count=1");
    let waits = lab.run(&[0, 1], &["--wait-confirmed", "60"]);
    let leg = waits.leg("vm-001");
    assert_eq!((waits.code, waits.result("vm-001")), (0, ("resumed", "error")), "{:#}", waits.document);
    assert_eq!((&leg["confirmed"], &leg["attempts"]), (&Value::Bool(true), &Value::from(2)), "{leg}");
}

#[test]
fn a_leg_that_does_not_move_is_told_and_is_not_protected() {
    let lab = Lab::new(&["--vms", "1", "--topology", "hub", "--speed", "600"]);
    lab.post("/links/hv01.lab.test/hv02.lab.test/cut");
    let missed = || lab.world()["vms"][0]["legs"][0]["cycles_missed"].as_u64().unwrap();
    until("the retries of half an hour", || missed() >= 6);
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    assert_eq!(ran.result("vm-001"), ("needs_person", "not_moving"), "{:#}", ran.document);
    assert!(lab.event_ids().contains(&110));
    assert_eq!((lab.states(), lab.requests("invoke")), (vec![3], 0), "and it is left alone");
}
