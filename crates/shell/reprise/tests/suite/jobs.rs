//! The main job, end to end; and one test for each fault of the article's script that can be shown here.

use std::process::Command;

use crate::lab::{Lab, PROGRAM, ran, until};

#[test]
fn the_demonstration_repairs_everything_and_fits_eighty_columns() {
    let output = Command::new(PROGRAM).arg("demo").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Time to protection"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_restart_with_deltas_in_flight_is_repaired_and_the_events_are_the_articles() {
    let lab = Lab::new(&["--vms", "4", "--unreplicated", "1"]);
    lab.break_by_restart("hv02.lab.test");
    assert_eq!(lab.states(), [8, 8, 8]);
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", 3), "{}", ran.standard_error);
    assert_eq!(ran.legs().len(), 3, "an unreplicated VM is no leg");
    assert_eq!(lab.states(), [3, 3, 3]);
    let ids = lab.event_ids();
    assert_eq!((ids.first(), ids.last()), (Some(&0), Some(&100)));
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [0, 2, 2, 4, 4, 4, 100], "each was written when it was true: {ids:?}");
    let texts: Vec<String> = lab.events().iter().map(|e| e["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts[0], "Starting script to restart replication.");
    assert!(texts[1].starts_with("Replication service in VMMS was started successfully. It took "));
    assert!(
        texts
            .contains(&"Replication for vm-001 on hv01.lab.test was in suspended and resumed successfully.".to_owned())
    );
}

#[test]
fn a_resume_costs_one_get_and_one_invoke_and_a_look_at_most_eight_queries() {
    let lab = Lab::new(&["--vms", "24"]);
    lab.post("/hosts/hv02.lab.test/shutdown?in_flight=all");
    lab.post("/hosts/hv02.lab.test/boot");
    lab.post("/requests/reset");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(ran.count("resumed"), 24);
    assert_eq!((lab.requests("get"), lab.requests("invoke"), lab.requests("fault")), (24, 24, 0));
    // Four looks a host (one of them booted meanwhile), and the queries for jobs, which several acts share.
    assert!(lab.requests("enumerate") <= 2 * 4 * 8 + 40, "{}", lab.requests("enumerate"));
}

#[test]
fn d1_a_vm_whose_primary_cannot_be_asked_does_not_end_the_run() {
    let lab = Lab::new(&["--hosts", "4", "--vms", "8"]);
    for host in ["hv01.lab.test", "hv03.lab.test"] {
        lab.break_by_restart(host);
    }
    lab.post("/hosts/hv04.lab.test/management?mode=refuse");
    let ran = lab.run(&[0, 1, 2, 3], &["--retry-for", "3", "--timeout", "10"]);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"));
    assert_eq!(ran.result("vm-001"), ("resumed", "error"));
    assert_eq!(ran.result("vm-004"), ("failed", "sender_not_ready"));
    assert_eq!(ran.result("vm-003"), ("failed", "peer_not_seen"), "its replica is on the dead host");
    let dead = &ran.document["hosts"][3];
    assert_eq!(dead["ready"], false);
    assert!(dead["error"]["next"].as_str().unwrap().contains("WinRM"), "{dead}");
    assert!(lab.event_ids().contains(&1));
}

#[test]
fn d2_a_host_without_replicated_vms_is_fine() {
    let lab = Lab::new(&["--hosts", "1", "--vms", "2", "--unreplicated", "2"]);
    let ran = lab.run(&[0], &[]);
    assert_eq!((ran.code, ran.outcome(), ran.legs().len()), (0, "ok", 0));
    assert_eq!(lab.event_ids(), [0, 2, 100]);
}

#[test]
fn d3_a_primary_that_boots_later_is_still_served() {
    let lab = Lab::new(&["--vms", "4"]);
    lab.post("/hosts/hv01.lab.test/shutdown?in_flight=all");
    lab.post("/requests/reset");
    let child = lab.command(&[0, 1], &["--retry-for", "60"]).spawn().unwrap();
    until("the run asks the host that is up", || lab.requests("enumerate") >= 14);
    assert_eq!(lab.requests("invoke"), 0, "a failover may be in force on the host that is off");
    lab.post("/hosts/hv01.lab.test/boot?vmms_ready_after_s=1");
    let ran = ran(&child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.count("resumed")), (0, 4), "{:#}", ran.document);
}

#[test]
fn d4_a_slow_job_is_followed_to_its_end() {
    let lab = Lab::new(&["--vms", "2", "--job", "4000"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 2));
    assert!(ran.legs()[0]["elapsed_ms"].as_u64().unwrap() >= 4_000);
    assert_eq!(lab.requests("invoke"), 2, "nothing is asked twice");
}

#[test]
fn d5_a_vm_resumed_out_of_error_is_reported_as_resumed() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(
        (ran.legs()[0]["before"].as_str(), ran.legs()[0]["after"].as_str()),
        (Some("Error"), Some("Replicating"))
    );
    assert_eq!(ran.result("vm-001"), ("resumed", "error"));
    assert!(!lab.event_ids().contains(&3));
}

#[test]
fn d7_what_is_listed_does_not_grow_with_the_number_of_vms() {
    let looks = |vms: &str| {
        let lab = Lab::new(&["--vms", vms]);
        let ran = lab.run(&[0, 1], &[]);
        assert_eq!(ran.code, 0);
        (lab.requests("enumerate"), lab.requests("get"))
    };
    assert_eq!(looks("2"), looks("120"));
}

#[test]
fn d7_resumes_go_side_by_side() {
    let lab = Lab::new(&["--vms", "12", "--job", "2000"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 12));
    let one_after_the_other: u64 = ran.legs().iter().map(|leg| leg["elapsed_ms"].as_u64().unwrap()).sum();
    let whole = ran.document["elapsed_ms"].as_u64().unwrap();
    assert!(whole * 2 < one_after_the_other, "{whole} of {one_after_the_other} ms");
}

#[test]
fn d8_what_a_person_wants_left_alone_is_left() {
    let lab = Lab::new(&["--vms", "6"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/vms/vm-003/set?state=7");
    let config = lab.write_secret(
        "reprise.toml",
        &format!(
            "version = 1\n[login]\nuser = '{}'\npassword_file = '{}'\n[[host]]\nurl = '{}'\n[[host]]\nurl = '{}'\n\
             [[hold]]\nvm = 'vm-001'\nreason = 'migration'\n",
            lab.user(),
            lab.path("password"),
            lab.url(0),
            lab.url(1)
        ),
    );
    let ran = ran(&Command::new(PROGRAM)
        .args(["run", "--json", "--event-log", "none", "--config", &config, "--except", "vm-002", "--paused", "leave"])
        .output()
        .unwrap());
    assert_eq!(ran.result("vm-001"), ("left", "held"));
    assert_eq!(ran.result("vm-002"), ("left", "excepted"));
    assert_eq!(ran.result("vm-003"), ("left", "paused_left"));
    assert_eq!((ran.code, ran.count("resumed")), (0, 3), "{}", ran.standard_error);
    assert_eq!(lab.states(), [8, 8, 7, 3, 3, 3]);
}

#[test]
fn what_is_paused_at_the_start_follows_the_rule_it_is_given() {
    for (rule, result, state) in [("resume", "resumed", 3), ("leave", "left", 7), ("evidence", "left", 7)] {
        let lab = Lab::new(&["--vms", "1"]);
        lab.post("/vms/vm-001/pause");
        assert_eq!(lab.states(), [7]);
        let ran = lab.run(&[0, 1], &["--paused", rule]);
        assert_eq!((ran.result("vm-001").0, lab.states()[0], ran.code), (result, state, 0), "{rule}");
        assert_eq!(lab.event_ids().contains(&101), rule == "resume", "a resume without evidence is reported as one");
    }
}

#[test]
fn d9_other_states_are_told_apart_from_healthy_ones_and_from_each_other() {
    let lab = Lab::new(&["--vms", "8", "--topology", "hub"]);
    for (vm, state) in [(1, 9), (2, 16), (3, 10), (4, 11), (5, 2), (6, 17), (7, 99)] {
        lab.post(&format!("/vms/vm-00{vm}/set?state={state}"));
    }
    let ran = lab.run(&[0, 1], &[]);
    let expected = [
        ("needs_person", "resync_required"),
        ("needs_person", "update_error"),
        ("left", "resynchronizing"),
        ("left", "resync_paused_by_person"),
        ("left", "initial_replication"),
        ("needs_person", "unknown_state"),
        ("needs_person", "unknown_state"),
        ("healthy", "replicating"),
    ];
    for (index, expected) in expected.into_iter().enumerate() {
        assert_eq!(ran.result(&format!("vm-00{}", index + 1)), expected);
    }
    assert_eq!((ran.code, lab.requests("invoke")), (3, 0));
    assert_eq!(lab.event_ids().iter().filter(|id| **id == 110).count(), 4);
    assert_eq!(ran.legs().iter().find(|leg| leg["vm"] == "vm-007").unwrap()["after"], "Unrecognised(99)");
}

#[test]
fn d10_two_runs_at_once_do_not_harm_each_other() {
    let lab = Lab::new(&["--vms", "20"]);
    lab.break_by_restart("hv02.lab.test");
    let children: Vec<_> = (0..2).map(|_| lab.command(&[0, 1], &[]).spawn().unwrap()).collect();
    let both: Vec<_> = children.into_iter().map(|child| ran(&child.wait_with_output().unwrap())).collect();
    for ran in &both {
        assert_eq!((ran.code, ran.count("resumed") + ran.count("healthy")), (0, 20), "{:#}", ran.document);
    }
    assert_eq!(lab.states(), [3; 20]);
    let failures: Vec<_> = lab.events().into_iter().filter(|event| event["id"] == 3).collect();
    assert!(failures.is_empty(), "the second resume is silent: {failures:#?}");
}

#[test]
fn d13_a_vmms_that_never_starts_is_reported_in_time() {
    let lab = Lab::new(&["--vms", "1", "--hosts", "2"]);
    lab.post("/hosts/hv01.lab.test/vmms/stop");
    lab.post("/hosts/hv02.lab.test/vmms/stop");
    let ran = lab.run(&[0, 1], &["--timeout", "40", "--vmms-timeout", "2", "--retry-for", "40"]);
    assert_eq!((ran.code, ran.outcome()), (1, "not_ready"));
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() < 40_000, "its own limit ends it, and no other");
    assert!(
        ran.document["hosts"][0]["error"]["why"].as_str().unwrap().contains("vmms is stopped"),
        "{:#}",
        ran.document
    );
    assert_eq!(lab.event_ids(), [0, 1, 1, 100]);
}

#[test]
fn d15_the_error_of_a_vm_is_its_own() {
    let lab = Lab::new(&["--vms", "4", "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    // Failovers that the run cannot see, since it asks the primary server alone: the receiver refuses.
    lab.post("/vms/vm-002/set?side=receiver&state=5");
    lab.post("/vms/vm-004/set?side=receiver&state=5");
    let ran = lab.run(&[1], &["--retry-for", "5"]);
    assert_eq!((ran.code, ran.count("resumed")), (3, 2));
    for vm in ["vm-002", "vm-004"] {
        assert_eq!(ran.result(vm), ("failed", "resume_refused"));
        let error = &ran.legs().iter().find(|leg| leg["vm"] == vm).unwrap()["error"];
        assert_eq!((error["code"].as_str(), error["retry"].as_str()), (Some("32775"), Some("never")));
        assert!(error["why"].as_str().unwrap().contains(vm), "the host's words on this VM: {error}");
    }
    assert!(ran.legs().iter().filter(|leg| leg["result"] == "resumed").all(|leg| leg["error"].is_null()));
    let events = lab.events();
    let mut failures: Vec<_> = events.iter().filter(|event| event["id"] == 3).collect();
    failures.sort_by_key(|event| event["data"]["vm"].as_str().unwrap());
    let texts: Vec<_> = failures.iter().map(|event| event["message"].as_str().unwrap()).collect();
    assert_eq!(texts.len(), 2);
    for (vm, text) in ["vm-002", "vm-004"].into_iter().zip(texts) {
        let start = format!(
            "Failed to resume replication for {vm} on hv02.lab.test. Please check replication status manually."
        );
        assert!(
            text.starts_with(&start)
                && text.ends_with(&format!("The replica of '{vm}' is not in a state to receive changes. (32775)")),
            "{text}"
        );
    }
}
