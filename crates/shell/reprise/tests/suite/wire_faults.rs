//! Failures between the program and its hosts, and inside a host while it works: every fault that the lab can simulate, over
//! the wire. The report of a leg must agree with the lab's world.

use crate::lab::{Lab, Ran, until};

/// Limits of a short pass: they add up to nine seconds.
const SHORT: [&str; 6] = ["--timeout", "3", "--vmms-timeout", "3", "--retry-for", "3"];
/// Limits that leave room for a second try.
const ROOM: [&str; 2] = ["--retry-for", "8"];

/// A lab whose VMs all have their primary on hv02, and need to be resumed there.
fn broken(vms: &str) -> Lab {
    let lab = Lab::new(&["--vms", vms, "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    lab
}

fn attempts(ran: &Ran, vm: &str) -> u64 {
    ran.leg(vm)["attempts"].as_u64().unwrap()
}

/// Asserts that the report of every leg agrees with the lab's world.
fn is_true(ran: &Ran, lab: &Lab) {
    for (leg, state) in ran.legs().iter().zip(by_id(lab, ran)) {
        let runs = ["resumed", "healthy"].contains(&leg["result"].as_str().unwrap());
        assert_eq!(runs, state == 3, "{leg:#} is at {state}");
    }
}

/// The senders' states in the order of the report.
fn by_id(lab: &Lab, ran: &Ran) -> Vec<u64> {
    let world = lab.world();
    let vms = world["vms"].as_array().unwrap();
    let state = |id: &serde_json::Value| {
        vms.iter().find(|vm| vm["vm_id"] == *id).unwrap()["legs"][0]["sender_state"].as_u64().unwrap()
    };
    ran.legs().iter().map(|leg| state(&leg["vm_id"])).collect()
}

#[test]
fn a_resume_that_was_lost_on_its_way_is_tried_again() {
    let lab = broken("4");
    for (kind, vm) in [("drop_before", "vm-001"), ("reset", "vm-002"), ("busy", "vm-003")] {
        lab.post(&format!("/faults/{kind}?op=invoke&vm={vm}&count=1"));
    }
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", 4), "{:#}", ran.document);
    for (vm, expected) in [("vm-001", 2), ("vm-002", 2), ("vm-003", 2), ("vm-004", 1)] {
        assert_eq!((ran.result(vm), attempts(&ran, vm)), (("resumed", "error"), expected), "{vm}");
    }
    assert_eq!((lab.requests("invoke"), lab.states()), (7, vec![3; 4]));
}

#[test]
fn a_resume_whose_answer_was_lost_is_looked_at_and_not_sent_again() {
    let lab = broken("5");
    let lost = [("drop_after", "vm-001"), ("half_close", "vm-002"), ("garbage", "vm-003"), ("empty", "vm-004")];
    for (kind, vm) in lost {
        lab.post(&format!("/faults/{kind}?op=invoke&vm={vm}&count=1"));
    }
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{:#}", ran.document);
    for (kind, vm) in lost {
        assert_eq!((ran.result(vm), attempts(&ran, vm)), (("resumed", "resume_answer_lost"), 1), "{kind}");
        assert!(ran.leg(vm)["detail"].as_str().unwrap().contains("was lost"), "{kind}");
    }
    let told = lab.events();
    let resumed = |vm: &str| told.iter().filter(|event| event["id"] == 4 && event["data"]["vm"] == vm).count();
    assert!((1..=5).all(|n| resumed(&format!("vm-{n:03}")) == 1), "{told:#?}");
    assert_eq!(ran.result("vm-005"), ("resumed", "error"));
    assert_eq!((lab.requests("invoke"), lab.states()), (5, vec![3; 5]));
}

#[test]
fn a_resume_whose_answer_was_lost_and_whose_job_fails_later_is_not_taken_for_success() {
    // Longer than any doubt after a lost answer: until it fails, the state reads as requested.
    let lab = Lab::new(&["--vms", "1", "--topology", "hub", "--job", "6000"]);
    lab.break_by_restart("hv01.lab.test");
    lab.post("/faults/drop_after?op=invoke&count=1");
    lab.post("/faults/job_fail?code=32774&count=1");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.result("vm-001"), attempts(&ran, "vm-001")), (("resumed", "error"), 2), "{:#}", ran.document);
    assert_eq!((lab.requests("invoke"), lab.states()), (2, vec![3]));
}

#[test]
fn a_look_that_breaks_is_taken_again() {
    for operation in ["enumerate", "get"] {
        let lab = Lab::new(&["--hosts", "8", "--vms", "8"]);
        for host in 1..=8 {
            lab.break_by_restart(&format!("hv{host:02}.lab.test"));
        }
        let kinds = ["drop_before", "drop_after", "reset", "half_close", "garbage", "empty", "busy"];
        for (kind, host) in kinds.into_iter().zip(1..) {
            lab.post(&format!("/faults/{kind}?op={operation}&host=hv{host:02}.lab.test&count=3"));
        }
        let ran = lab.run(&[0, 1, 2, 3, 4, 5, 6, 7], &[]);
        assert_eq!((ran.code, ran.count("resumed")), (0, 8), "{operation}: {:#}", ran.document);
        assert_eq!((lab.requests("invoke"), lab.states()), (8, vec![3; 8]), "{operation}");
    }
}

/// A lost request shows only as silence. It must not use up all the time that its host has.
#[test]
fn a_question_that_is_never_answered_is_asked_again_while_there_is_time() {
    let lab = broken("2");
    lab.post("/faults/slow?op=enumerate&host=hv02.lab.test&ms=600000&count=1");
    let ran = lab.run(&[0, 1], &["--timeout", "10", "--retry-for", "30"]);
    assert_eq!((ran.code, ran.count("resumed"), lab.states()), (0, 2, vec![3; 2]), "{:#}", ran.document);
    // Half of its host's time. A pass that does not wait at all never sent the request.
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() >= 5_000, "{:#}", ran.document);
}

#[test]
fn a_host_that_never_answers_well_is_told_and_the_others_are_served() {
    let kinds = ["drop_before", "reset", "half_close", "garbage", "empty", "busy"];
    let lab = Lab::new(&["--hosts", "14", "--topology", "pairs", "--vms", "14"]);
    for host in 1..=7 {
        lab.break_by_restart(&format!("hv{:02}.lab.test", 2 * host));
    }
    for (kind, pair) in kinds.into_iter().zip(1..) {
        lab.post(&format!("/faults/{kind}?host=hv{:02}.lab.test", 2 * pair - 1));
    }
    let ran = lab.run(&std::array::from_fn::<usize, 14, _>(|host| host), &SHORT);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    assert_eq!((ran.count("resumed"), ran.count("failed")), (2, 12), "{:#}", ran.document);
    for (kind, pair) in kinds.into_iter().zip(1..) {
        assert_eq!(ran.result(&format!("vm-{:03}", 2 * pair - 1)), ("failed", "sender_not_ready"), "{kind}");
        assert_eq!(ran.result(&format!("vm-{:03}", 2 * pair)), ("failed", "peer_not_seen"), "{kind}");
        let host = &ran.document["hosts"][2 * pair - 2];
        assert_eq!(host["ready"], false, "{kind}");
        assert!(!host["error"]["next"].as_str().unwrap().is_empty(), "{kind}: {host}");
    }
    is_true(&ran, &lab);
}

#[test]
fn a_job_that_hangs_does_not_hold_the_pass_and_is_not_told_as_running() {
    let lab = broken("1");
    lab.post("/faults/job_hang");
    let ran = lab.run(&[0, 1], &SHORT);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    assert_eq!(
        (ran.result("vm-001"), attempts(&ran, "vm-001")),
        (("failed", "resume_not_ended"), 1),
        "{:#}",
        ran.document
    );
    let why = ran.legs()[0]["error"]["why"].as_str().unwrap();
    assert!(why.contains("the resume was requested, and its end was not seen"), "{why}");
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() <= 19_000);
    assert_eq!((lab.requests("invoke"), lab.states()), (1, vec![8]));
    lab.delete("/faults/job_hang");
    until("the job ends", || lab.states() == [3]);
}

#[test]
fn a_job_that_vanishes_leaves_its_result_open_until_the_state_is_read() {
    let lab = broken("2");
    lab.post("/faults/job_gone?count=2");
    lab.post("/faults/job_fail?vm=vm-002&code=32768&count=1");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{:#}", ran.document);
    assert_eq!((ran.result("vm-001"), attempts(&ran, "vm-001")), (("resumed", "resume_answer_lost"), 1));
    assert_eq!((ran.result("vm-002"), attempts(&ran, "vm-002")), (("resumed", "error"), 2));
    assert_eq!((lab.requests("invoke"), lab.states()), (3, vec![3, 3]));
}

#[test]
fn a_job_that_fails_is_told_with_its_code_and_tried_again_only_if_that_may_help() {
    let lab = broken("12");
    let may_pass = [32_768, 32_771, 32_772, 32_774, 32_777, 32_778];
    let codes: Vec<(String, u64)> = (1..).map(|n| format!("vm-{n:03}")).zip(32_768..=32_779).collect();
    for (vm, code) in &codes {
        lab.post(&format!("/faults/job_fail?vm={vm}&code={code}"));
    }
    let ran = lab.run(&[0, 1], &ROOM);
    assert_eq!((ran.code, ran.outcome(), ran.count("failed")), (3, "partial", 12), "{:#}", ran.document);
    for (vm, code) in &codes {
        let error = &ran.leg(vm)["error"];
        assert_eq!((ran.result(vm).1, error["code"].as_str()), ("resume_refused", Some(code.to_string().as_str())));
        let passes = may_pass.contains(code);
        assert_eq!(error["retry"].as_str(), Some(if passes { "later" } else { "never" }), "{code}");
        assert_eq!(attempts(&ran, vm) > 1, passes, "{code}: {error}");
        assert!(error["why"].as_str().unwrap().contains("The operation failed."), "{error}");
    }
    assert_eq!(lab.states(), [8; 12]);
    assert_eq!(lab.event_ids().iter().filter(|id| **id == 3).count(), 12);
    lab.delete("/faults/job_fail");
    assert_eq!(lab.run(&[0, 1], &[]).count("resumed"), 12);
}

#[test]
fn a_label_that_flips_back_after_the_job_is_seen_and_not_believed() {
    let lab = broken("2");
    lab.post("/faults/flip_back?vm=vm-001&after_s=0&count=1");
    lab.post("/faults/flip_back?vm=vm-002&after_s=0");
    let ran = lab.run(&[0, 1], &ROOM);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    assert_eq!((ran.result("vm-001"), attempts(&ran, "vm-001")), (("resumed", "error"), 2));
    assert_eq!(ran.result("vm-002"), ("failed", "resume_without_effect"));
    assert_eq!(ran.leg("vm-002")["after"], "Error");
    assert!(attempts(&ran, "vm-002") >= 2);
    assert_eq!(lab.states(), [3, 8]);
}

#[test]
fn an_unreadable_row_costs_its_own_vm_and_is_told_by_its_host() {
    let lab = broken("8");
    let places = ["host=hv01.lab.test", "host=hv02.lab.test", ""];
    let rows = ["relationship", "vm"].iter().flat_map(|row| places.map(|place| (*row, place)));
    for ((row, place), vm) in rows.zip(2..) {
        lab.post(&format!("/faults/unreadable?vm=vm-{vm:03}&row={row}&{place}"));
    }
    let ran = lab.run(&[0, 1], &SHORT);
    assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (3, "partial", 2), "{:#}", ran.document);
    assert_eq!((ran.result("vm-001"), ran.result("vm-008")), (("resumed", "error"), ("resumed", "error")));
    for vm in 2..8 {
        let vm = format!("vm-{vm:03}");
        assert_eq!(ran.result(&vm), ("failed", "not_readable"), "{vm}");
        let why = ran.leg(&vm)["error"]["why"].as_str().unwrap();
        assert!(why.contains("cannot be read"), "{vm}: {why}");
    }
    assert_eq!((lab.requests("invoke"), lab.states()), (2, vec![3, 8, 8, 8, 8, 8, 8, 3]));
    is_true(&ran, &lab);
    for host in ran.document["hosts"].as_array().unwrap() {
        assert_eq!(host["ready"], true, "{host:#}");
        assert!(host["error"]["why"].as_str().unwrap().contains("cannot be read"), "{host:#}");
    }
}

#[test]
fn an_account_without_rights_sees_nothing_and_that_is_never_told_as_nothing_replicated() {
    let lab = broken("2");
    lab.post("/faults/deny");
    let ran = lab.run(&[0, 1], &SHORT);
    assert_eq!((ran.code, ran.outcome(), ran.legs().len()), (1, "not_ready", 0), "{:#}", ran.document);
    for host in ran.document["hosts"].as_array().unwrap() {
        let error = &host["error"];
        assert!(error["why"].as_str().unwrap().contains("cannot see services"), "{error}");
    }
    assert_eq!((lab.requests("invoke"), lab.event_ids()), (0, vec![0, 1, 1, 100]));
    lab.delete("/faults/deny");
    assert_eq!(lab.run(&[0, 1], &[]).count("resumed"), 2);
}

#[test]
fn rights_that_are_missing_on_one_host_cost_its_own_legs_alone() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/faults/deny?host=hv02.lab.test");
    let ran = lab.run(&[0, 1], &SHORT);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    assert_eq!(ran.result("vm-001"), ("failed", "peer_not_seen"));
    assert_eq!(ran.result("vm-002"), ("failed", "sender_not_ready"));
    is_true(&ran, &lab);
}

/// The other host accepts it, so that this one may still be starting. Each failed login counts against the account.
#[test]
fn a_login_that_is_refused_on_one_host_of_two_is_tried_again_seldom_and_told() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/faults/login?host=hv02.lab.test");
    // Without a scheme each host is asked first what it offers, which it answers by a refusal too.
    let ran = lab.run(&[0, 1], &["--auth", "basic", "--retry-for", "16"]);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    let error = &ran.document["hosts"][1]["error"];
    assert_eq!(error["retry"], "never");
    assert!(error["why"].as_str().unwrap().contains("may still be starting"), "{error}");
    assert!(error["next"].as_str().unwrap().contains("password"), "{error}");
    assert_eq!(ran.result("vm-001"), ("failed", "peer_not_seen"));
    assert_eq!(ran.result("vm-002"), ("failed", "sender_not_ready"));
    assert_eq!((lab.requests("invoke"), lab.requests("unauthorized")), (0, 2), "once more after a quarter of a minute");
    is_true(&ran, &lab);
}

#[test]
fn a_slow_host_is_waited_for_and_asked_once() {
    let lab = broken("2");
    lab.post("/faults/slow?op=invoke&ms=2000");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed"), lab.requests("invoke")), (0, 2, 2), "{:#}", ran.document);
    assert!(ran.legs().iter().all(|leg| leg["elapsed_ms"].as_u64().unwrap() >= 2_000));
    assert_eq!(lab.states(), [3, 3]);
}

#[test]
fn a_host_that_is_slower_than_the_pass_may_last_does_not_hold_it() {
    let lab = broken("2");
    lab.post("/faults/slow?host=hv02.lab.test&ms=60000");
    let ran = lab.run(&[0, 1], &SHORT);
    assert_eq!((ran.code, ran.outcome(), ran.count("failed")), (3, "partial", 2), "{:#}", ran.document);
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() <= 19_000);
    is_true(&ran, &lab);
}

#[test]
fn faults_are_understood_in_both_shapes() {
    for shape in ["wsman", "wmi"] {
        let lab = broken("2");
        lab.post(&format!("/faults/fault_shape?shape={shape}"));
        lab.post("/faults/busy?op=enumerate&count=2");
        lab.post("/faults/busy?op=invoke&count=1");
        let ran = lab.run(&[0, 1], &[]);
        assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{shape}: {:#}", ran.document);
        assert_eq!((lab.requests("invoke"), lab.requests("fault")), (3, 3), "{shape}");
        lab.post("/hosts/hv02.lab.test/shutdown?in_flight=none");
        lab.post("/hosts/hv02.lab.test/boot");
        lab.post("/faults/busy");
        let ran = lab.run(&[0, 1], &SHORT);
        assert_eq!((ran.code, ran.outcome()), (1, "not_ready"), "{shape}");
        let error = &ran.document["hosts"][0]["error"];
        assert_eq!(error["code"], "0x803381A6", "{shape}: {error}");
        assert!(error["why"].as_str().unwrap().contains("concurrent operations"), "{shape}: {error}");
    }
}
