//! What happens to the site while a pass is under way.

use crate::lab::{Lab, ran, until};

/// A lab whose first host was restarted with all deltas in flight, and whose jobs take a while.
fn broken(vms: &str, job: &str) -> Lab {
    let lab = Lab::new(&["--topology", "hub", "--vms", vms, "--job", job]);
    lab.break_by_restart("hv01.lab.test");
    lab.post("/requests/reset");
    lab
}

#[test]
fn a_vmms_that_restarts_in_the_middle_loses_nothing() {
    let lab = broken("9", "1500");
    let child = lab.command(&[0, 1], &[]).spawn().unwrap();
    until("the first resumes", || lab.requests("invoke") >= 6);
    lab.post("/hosts/hv02.lab.test/vmms/stop");
    lab.post("/hosts/hv02.lab.test/vmms/start");
    let ran = ran(&child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.count("resumed")), (0, 9), "{:#}", ran.document);
    assert_eq!(lab.states(), [3; 9]);
}

#[test]
fn hosts_whose_clocks_are_an_hour_off_are_served_like_any_other() {
    let lab = broken("2", "200");
    lab.post("/hosts/hv01.lab.test/clock?offset_s=3600");
    lab.post("/hosts/hv02.lab.test/clock?offset_s=-3600");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{:#}", ran.document);
}

#[test]
fn a_person_who_resumes_and_pauses_again_meanwhile_has_the_last_word() {
    let lab = broken("8", "1500");
    let child = lab.command(&[0, 1], &[]).spawn().unwrap();
    until("six resumes are under way", || lab.requests("invoke") == 6);
    // The limit per host leaves two that wait for their turn; which ones, the world tells.
    let waiting = lab.waiting_in_error();
    assert_eq!(waiting.len(), 2);
    let vm = waiting.first().unwrap();
    lab.post(&format!("/vms/{vm}/resume"));
    until("the person's resume has been carried out", || lab.try_post(&format!("/vms/{vm}/pause")) == 200);
    let ran = ran(&child.wait_with_output().unwrap());
    let (result, reason) = ran.result(vm);
    assert_eq!((result, reason), ("left", "paused_by_person"), "{:#}", ran.document);
    assert_eq!((ran.code, ran.count("resumed"), lab.requests("invoke")), (0, 7, 7));
}

#[test]
fn a_failover_meanwhile_is_not_resumed_against() {
    let lab = broken("8", "1500");
    let child = lab.command(&[0, 1], &[]).spawn().unwrap();
    until("six resumes are under way", || lab.requests("invoke") == 6);
    let vm = lab.waiting_in_error().remove(0);
    lab.post(&format!("/vms/{vm}/failover"));
    let ran = ran(&child.wait_with_output().unwrap());
    let (result, reason) = ran.result(&vm);
    // It is seen by a look before its turn, or the host refuses the resume.
    assert!(
        [("left", "failover_in_force"), ("failed", "resume_refused")].contains(&(result, reason)),
        "{result} {reason}"
    );
    assert_eq!(ran.count("resumed"), 7);
    assert_eq!(lab.states().iter().filter(|state| **state == 8).count(), 1, "its sender still stands in Error");
}

#[test]
fn two_runs_one_on_each_server_repair_all_and_quarrel_about_nothing() {
    let lab = Lab::new(&["--vms", "10", "--job", "500"]);
    lab.break_by_restart("hv01.lab.test");
    let runs = [0, 1].map(|host| lab.command(&[host], &[]).spawn().unwrap());
    let ran = runs.map(|run| ran(&run.wait_with_output().unwrap()));
    for ran in &ran {
        assert_eq!((ran.code, ran.outcome(), ran.count("failed")), (0, "ok", 0), "{:#}", ran.document);
        assert_eq!((ran.count("resumed"), ran.count("skipped")), (5, 5));
    }
    assert_eq!(lab.states(), [3; 10]);
    assert_eq!(lab.requests("invoke"), 10);
}

#[test]
fn a_run_that_is_killed_leaves_nothing_that_the_next_one_does_not_finish() {
    let lab = broken("12", "600");
    for acts in [1, 4, 8] {
        let mut child = lab.command(&[0, 1], &[]).spawn().unwrap();
        until("some resumes", || lab.requests("invoke") >= acts);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{:#}", ran.document);
    until("the jobs of the killed runs end", || lab.states() == [3; 12]);
}
