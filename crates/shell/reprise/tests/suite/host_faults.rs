//! Hosts that fail behind their service: WMI's transient numbers on any message, a VM that is busy, a name that XML
//! cannot carry. The pass succeeds, and its report is true.

use crate::lab::{Lab, Ran, until};

/// Limits that leave room for a few tries.
const ROOM: [&str; 2] = ["--retry-for", "20"];

/// A lab whose VMs all have their primary on hv02, and need to be resumed there.
fn broken(vms: &str) -> Lab {
    let lab = Lab::new(&["--vms", vms, "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    lab
}

fn attempts(ran: &Ran, vm: &str) -> u64 {
    ran.leg(vm)["attempts"].as_u64().unwrap()
}

/// How often a resume was written down as ours.
fn resumed_events(lab: &Lab) -> usize {
    lab.event_ids().iter().filter(|id| **id == 4).count()
}

/// With which WMI, and RPC behind it, fail while they start, stop or have too much to do.
const CODES: [&str; 13] = [
    "0x800706BA",
    "0x800706BE",
    "0x80041001",
    "0x80041004",
    "0x80041006",
    "0x80041013",
    "0x80041015",
    "0x80041032",
    "0x80041033",
    "0x80041045",
    "0x80041069",
    "0x8004106C",
    "2150858755",
];

/// A VM for each code, faults in one shape.
fn one_vm_each(shape: &str) -> (Lab, Vec<(String, &'static str)>) {
    let lab = broken("13");
    lab.post(&format!("/faults/fault_shape?shape={shape}"));
    (lab, (1..).map(|n| format!("vm-{n:03}")).zip(CODES).collect())
}

#[test]
fn a_get_before_an_act_that_fails_for_a_moment_does_not_end_its_leg() {
    for shape in ["wsman", "wmi"] {
        let (lab, vms) = one_vm_each(shape);
        for (vm, code) in &vms {
            lab.post(&format!("/faults/wmi?op=get&vm={vm}&code={code}&count=1"));
        }
        let ran = lab.run(&[0, 1], &ROOM);
        assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", 13), "{shape}: {:#}", ran.document);
        for (vm, code) in &vms {
            assert_eq!((ran.result(vm), attempts(&ran, vm)), (("resumed", "error"), 2), "{shape} {code}");
        }
        assert_eq!((lab.requests("invoke"), resumed_events(&lab), lab.states()), (13, 13, vec![3; 13]), "{shape}");
    }
}

#[test]
fn a_look_at_a_job_that_fails_for_a_moment_does_not_make_our_resume_somebody_elses() {
    let cases = [
        ("wsman", "0x80041001"),
        ("wsman", "0x80041033"),
        ("wsman", "0x800706BE"),
        ("wmi", "0x80041004"),
        ("wmi", "0x8004106C"),
        ("wmi", "0x800706BA"),
    ];
    for (shape, code) in cases {
        let lab = Lab::new(&["--vms", "1", "--topology", "hub", "--job", "1500"]);
        lab.break_by_restart("hv01.lab.test");
        lab.post(&format!("/faults/fault_shape?shape={shape}"));
        // The answer to the resume is late, so that no look of the pass meets what is meant for its job.
        lab.post("/faults/slow?op=invoke&ms=1500&count=1");
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| lab.run(&[0, 1], &ROOM));
            until("the resume is under way", || lab.requests("invoke") == 1);
            lab.post(&format!("/faults/wmi?op=enumerate&host=hv02.lab.test&code={code}&count=3"));
            run.join().unwrap()
        });
        assert_eq!(ran.result("vm-001"), ("resumed", "error"), "{shape} {code}: {:#}", ran.document);
        assert_eq!((ran.code, resumed_events(&lab), lab.requests("invoke")), (0, 1, 1), "{shape} {code}");
        assert!(lab.requests("fault") >= 3, "{shape} {code}: the looks at the job met it");
    }
}

/// Whether it was carried out or not: the state is read before anything else, and it is sent again only if nothing came
/// of it.
#[test]
fn a_resume_that_is_answered_by_a_failure_is_looked_at_and_sent_again_only_if_nothing_came_of_it() {
    for shape in ["wsman", "wmi"] {
        let (lab, vms) = one_vm_each(shape);
        for (vm, code) in &vms {
            lab.post(&format!("/faults/wmi?op=invoke&vm={vm}&code={code}&count=1"));
        }
        let ran = lab.run(&[0, 1], &ROOM);
        assert_eq!((ran.code, ran.count("resumed")), (0, 13), "{shape}: {:#}", ran.document);
        for (vm, code) in &vms {
            assert_eq!((ran.result(vm), attempts(&ran, vm)), (("resumed", "error"), 2), "{shape} {code}");
        }
        assert_eq!((lab.requests("invoke"), lab.states()), (26, vec![3; 13]), "{shape}");
    }
}

#[test]
fn a_resume_that_was_carried_out_and_is_answered_by_a_failure_is_not_sent_again() {
    // Not of those that say that the method was not reached: a host that says so and has done it would be lying.
    let done: Vec<&str> = CODES.iter().copied().filter(|code| !NOT_REACHED.contains(code)).collect();
    for shape in ["wsman", "wmi"] {
        let lab = broken("13");
        lab.post(&format!("/faults/fault_shape?shape={shape}"));
        let codes = done.iter().copied().chain(["2150858829", "2150858790", "2150858793"]);
        let vms: Vec<(String, &str)> = (1..).map(|n| format!("vm-{n:03}")).zip(codes).collect();
        for (vm, code) in &vms {
            lab.post(&format!("/faults/wmi?op=invoke&vm={vm}&code={code}&done=true&count=1"));
        }
        let ran = lab.run(&[0, 1], &ROOM);
        assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{shape}: {:#}", ran.document);
        for (vm, code) in &vms {
            assert_eq!((ran.result(vm), attempts(&ran, vm)), (("resumed", "resume_answer_lost"), 1), "{shape} {code}");
        }
        assert_eq!((lab.requests("invoke"), lab.states()), (13, vec![3; 13]), "{shape}");
    }
}

/// Nobody was called, by the number's own word.
const NOT_REACHED: [&str; 3] = ["0x800706BA", "0x80041013", "0x80041045"];

/// A job that fails after its answer was a failure must not pass for success: until then the state reads as requested.
#[test]
fn a_resume_that_began_behind_a_failure_is_not_taken_for_done_before_its_job_has_ended() {
    for code in ["0x80041001", "0x800706BE", "2150858829"] {
        let lab = Lab::new(&["--vms", "1", "--topology", "hub", "--job", "6000"]);
        lab.break_by_restart("hv01.lab.test");
        lab.post(&format!("/faults/wmi?op=invoke&code={code}&done=true&count=1"));
        lab.post("/faults/job_fail?code=32774&count=1");
        let ran = lab.run(&[0, 1], &ROOM);
        assert_eq!(
            (ran.result("vm-001"), attempts(&ran, "vm-001")),
            (("resumed", "error"), 2),
            "{code}: {:#}",
            ran.document
        );
        assert_eq!((lab.requests("invoke"), lab.states()), (2, vec![3]), "{code}");
    }
}

#[test]
fn a_look_that_wmi_fails_at_is_taken_again_on_every_kind_of_message() {
    for shape in ["wsman", "wmi"] {
        let lab = broken("2");
        lab.post(&format!("/faults/fault_shape?shape={shape}"));
        for code in CODES {
            lab.post(&format!("/faults/wmi?op=enumerate&host=hv02.lab.test&code={code}&count=1"));
        }
        let ran = lab.run(&[0, 1], &["--timeout", "40", "--retry-for", "40"]);
        assert_eq!((ran.code, ran.count("resumed"), lab.states()), (0, 2, vec![3; 2]), "{shape}: {:#}", ran.document);
    }
}

/// Every query of a look, as a provider answers that WMI is still loading.
#[test]
fn a_host_whose_provider_is_not_capable_yet_is_waited_for() {
    for (shape, code) in [("wsman", "0x80041024"), ("wsman", "2150859010"), ("wmi", "0x80041024")] {
        let lab = broken("1");
        lab.post(&format!("/faults/fault_shape?shape={shape}"));
        lab.post(&format!("/faults/wmi?op=enumerate&host=hv02.lab.test&code={code}&count=8"));
        let ran = lab.run(&[0, 1], &ROOM);
        assert_eq!(
            (ran.code, ran.count("resumed"), lab.states()),
            (0, 1, vec![3]),
            "{shape} {code}: {:#}",
            ran.document
        );
    }
}

/// A host that never recovers is reported with its number, after a bounded number of tries, and nothing is done twice.
#[test]
fn a_host_that_fails_for_ever_is_told_with_its_number_and_is_tried_so_often_and_no_more() {
    for (on, code) in [("get", "0x80041033"), ("invoke", "0x80041001")] {
        let lab = broken("1");
        lab.post(&format!("/faults/wmi?op={on}&code={code}"));
        let ran = lab.run(&[0, 1], &["--timeout", "8", "--vmms-timeout", "8", "--retry-for", "8"]);
        assert_eq!((ran.code, ran.result("vm-001")), (3, ("failed", "resume_failed")), "{on}: {:#}", ran.document);
        let error = &ran.leg("vm-001")["error"];
        assert_eq!((error["code"].as_str(), error["retry"].as_str()), (Some(code), Some("later")), "{on}: {error}");
        let tries = attempts(&ran, "vm-001");
        assert!((2..=6).contains(&tries), "{on}: {tries}");
        assert_eq!((lab.requests("invoke"), lab.states()), (if on == "get" { 0 } else { tries }, vec![8]), "{on}");
        lab.delete("/faults/wmi");
        assert_eq!(lab.run(&[0, 1], &[]).count("resumed"), 1, "{on}");
    }
}

#[test]
fn a_vm_that_is_busy_for_a_moment_is_resumed_and_one_that_stays_so_is_told() {
    let lab = broken("2");
    lab.post("/faults/busy_vm?vm=vm-001&count=2");
    lab.post("/faults/busy_vm?vm=vm-002");
    let ran = lab.run(&[0, 1], &["--retry-for", "8"]);
    assert_eq!(
        (ran.code, ran.result("vm-001"), attempts(&ran, "vm-001")),
        (3, ("resumed", "error"), 3),
        "{:#}",
        ran.document
    );
    assert_eq!(ran.result("vm-002"), ("failed", "resume_refused"));
    let error = &ran.leg("vm-002")["error"];
    assert_eq!((error["code"].as_str(), error["retry"].as_str()), (Some("32775"), Some("later")), "{error}");
    assert!((2..=6).contains(&attempts(&ran, "vm-002")), "{error}");
    assert_eq!(lab.states(), [3, 8]);
}

#[test]
fn a_merge_that_ends_in_time_is_waited_for_and_one_that_goes_on_is_named_with_its_code() {
    let lab = broken("3");
    lab.post("/vms/vm-001/merge?for_s=6");
    lab.post("/vms/vm-002/merge?for_s=3600");
    lab.post("/vms/vm-003/merge?for_s=3600&side=receiver");
    assert_eq!(lab.try_post("/vms/vm-003/checkpoint?side=receiver&for_s=1"), 409);
    let ran = lab.run(&[0, 1], &["--retry-for", "15"]);
    assert_eq!((ran.code, ran.result("vm-001")), (3, ("resumed", "error")), "{:#}", ran.document);
    assert!(attempts(&ran, "vm-001") >= 2, "{:#}", ran.document);
    assert_eq!((ran.result("vm-003"), attempts(&ran, "vm-003")), (("resumed", "error"), 1), "the sender is not busy");
    let leg = ran.leg("vm-002");
    assert_eq!(ran.result("vm-002"), ("failed", "resume_refused"), "{leg:#}");
    let error = &leg["error"];
    assert_eq!((error["code"].as_str(), error["retry"].as_str()), (Some("32775"), Some("later")), "{error}");
    assert!(error["next"].as_str().unwrap().contains("a merge is in progress"), "{error}");
    assert_eq!(lab.states(), [3, 8, 3]);
}

#[test]
fn a_resume_during_a_checkpoint_is_sent_once_and_followed_until_the_checkpoint_is_made() {
    let lab = broken("2");
    lab.post("/vms/vm-001/checkpoint?for_s=5");
    lab.post("/vms/vm-002/checkpoint?for_s=3600");
    let ran = lab.run(&[0, 1], &["--timeout", "8", "--vmms-timeout", "8", "--retry-for", "8"]);
    assert_eq!((ran.code, ran.result("vm-001")), (3, ("resumed", "error")), "{:#}", ran.document);
    assert_eq!((attempts(&ran, "vm-001"), attempts(&ran, "vm-002")), (1, 1), "{:#}", ran.document);
    // The state reads as requested all the time, and nothing is proved by it.
    assert_eq!(ran.result("vm-002"), ("failed", "resume_not_ended"), "{:#}", ran.document);
    assert_eq!((lab.requests("invoke"), lab.states()), (2, vec![3, 8]));
}

/// Windows sends such a character as a reference that XML 1.0 forbids.
#[test]
fn a_control_character_in_one_name_costs_neither_the_host_nor_the_vm() {
    for os in ["2012", "2012r2", "2022"] {
        let lab = Lab::new(&["--vms", "3", "--topology", "hub", "--os", os]);
        lab.post("/vms/vm-002/rename?to=a%1B[31m%07b");
        lab.break_by_restart("hv01.lab.test");
        let ran = lab.run(&[0, 1], &[]);
        assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", 3), "{os}: {:#}", ran.document);
        assert!(ran.legs().iter().any(|leg| leg["vm"] == "a\u{fffd}[31m\u{fffd}b"), "{os}: {:#}", ran.document);
        assert!(!ran.standard_error.contains(['\u{1b}', '\u{7}']), "{os}: {}", ran.standard_error);
        assert_eq!(lab.states(), [3; 3], "{os}");
    }
}
