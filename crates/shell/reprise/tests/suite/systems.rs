//! The main job on every Windows, with and without the fault, and with any names of VMs: the reports are alike.

use crate::lab::Lab;

/// The names that `lab up --os` accepts.
const SYSTEMS: [&str; 5] = ["2012", "2012r2", "2016", "2019", "2022"];

/// What becomes of each VM in a pass that leaves pauses alone: its story, its result and its reason.
const EXPECTED: [(&str, &str, &str, &str); 7] = [
    ("vm-001", "sender restarted", "resumed", "error"),
    ("vm-002", "replica server restarted", "resumed", "error"),
    ("vm-003", "power cut", "needs_person", "resync_required"),
    ("vm-005", "failed over meanwhile", "left", "failover_in_force"),
    ("vm-006", "replica server restarted", "resumed", "error"),
    ("vm-007", "power cut", "needs_person", "resync_required"),
    ("vm-008", "paused by a person", "left", "paused_left"),
];

/// What one Windows made of it.
struct SystemReport {
    legs: Vec<(String, String)>,
    code: i32,
    resumed: usize,
    invokes: u64,
    faults: u64,
    queries: u64,
    paused: (String, String),
    states: Vec<u64>,
}

/// Two pairs of hosts: on one a host is restarted with everything in flight and one VM is failed over, on the other the
/// power fails and a person pauses a VM.
fn tell(system: &str, more: &[&str]) -> SystemReport {
    let lab = Lab::new(&[&["--os", system, "--hosts", "4", "--topology", "pairs", "--vms", "8"], more].concat());
    lab.post("/hosts/hv01.lab.test/shutdown?in_flight=all");
    lab.post("/vms/vm-005/failover");
    lab.post("/hosts/hv01.lab.test/boot");
    lab.post("/vms/vm-008/pause");
    lab.post("/hosts/hv03.lab.test/power-cut");
    lab.post("/hosts/hv03.lab.test/boot");
    lab.post("/requests/reset");
    let owned = |(result, reason): (&str, &str)| (result.to_owned(), reason.to_owned());
    let ran = lab.run(&[0, 1, 2, 3], &["--paused", "leave"]);
    let legs = EXPECTED.iter().map(|(vm, ..)| owned(ran.result(vm))).collect();
    let (invokes, faults, queries) = (lab.requests("invoke"), lab.requests("fault"), lab.requests("enumerate"));
    let paused = owned(lab.run(&[0, 1, 2, 3], &[]).result("vm-008"));
    SystemReport {
        legs,
        code: ran.code,
        resumed: ran.count("resumed"),
        invokes,
        faults,
        queries,
        paused,
        states: lab.states(),
    }
}

/// Plays the story on each Windows, at once, and checks what came of it.
#[expect(clippy::print_stdout, reason = "the matrix is what one wants to see of this test")]
fn check(systems: &[&str], fragments: &str) {
    let told: Vec<SystemReport> = std::thread::scope(|scope| {
        let tellers: Vec<_> =
            systems.iter().map(|system| scope.spawn(move || tell(system, &["--fragments", fragments]))).collect();
        tellers.into_iter().map(|teller| teller.join().unwrap()).collect()
    });
    let heads: Vec<String> = systems.iter().map(|system| format!("{system:14}")).collect();
    println!("{fragments:33}{}", heads.concat());
    for (row, (vm, story, ..)) in EXPECTED.iter().enumerate() {
        let cells: Vec<String> = told.iter().map(|told| format!("{:14}", told.legs[row].0)).collect();
        println!("{vm} {story:26}{}", cells.concat());
    }
    for (system, told) in systems.iter().zip(told) {
        for ((vm, story, result, reason), leg) in EXPECTED.iter().zip(&told.legs) {
            assert_eq!((leg.0.as_str(), leg.1.as_str()), (*result, *reason), "{system}: {vm}, {story}");
        }
        // Server 2012 shows a leg whose replica server lost power in Error until VMMS tries again: vm-004 may be a fourth.
        let resumed = if *system == "2012" { 3..=4 } else { 3..=3 };
        assert!(resumed.contains(&told.resumed), "{system}: {}", told.resumed);
        assert_eq!(usize::try_from(told.invokes), Ok(told.resumed), "{system}: once each");
        assert_eq!((told.code, told.faults), (3, 0), "{system}");
        // Three looks at each of four hosts, and the queries for the jobs.
        assert!(told.queries <= 3 * 4 * 8 + 30, "{system}: {}", told.queries);
        assert_eq!(told.paused, ("resumed".to_owned(), "paused_at_start".to_owned()), "{system}: by default");
        // Server 2012 says so in its event log, and VMMS is waited for.
        let healing = if *system == "2012" { told.states[3] } else { 3 };
        assert!([3, 8].contains(&healing), "{system}: {healing}");
        assert_eq!(told.states, [3, 3, 9, healing, 8, 3, 9, 3], "{system}");
    }
}

#[test]
fn the_main_job_is_done_alike_on_every_windows() {
    check(&SYSTEMS, "unqualified");
}

/// Windows writes rows of a column list without namespaces; a service that writes them is read as well.
#[test]
fn the_main_job_is_done_alike_in_the_other_form_of_column_lists() {
    check(&["2012", "2012r2"], "qualified");
}

#[test]
fn names_are_labels_whatever_somebody_called_a_vm() {
    let lab = Lab::new(&["--odd-names", "--vms", "12"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", 12), "{}", ran.standard_error);
    let names: std::collections::BTreeSet<&str> = ran.legs().iter().map(|leg| leg["vm"].as_str().unwrap()).collect();
    assert!(names.iter().any(|name| !name.starts_with("vm-")), "{names:?}");
    assert_eq!(lab.requests("fault"), 0);
}

/// Hosts translate captions, descriptions and the words of states, and say so on every envelope; nothing of it decides.
#[test]
fn the_main_job_is_done_alike_on_a_host_that_speaks_another_language() {
    let told = tell("2022", &["--language", "ja-JP"]);
    for ((vm, story, result, reason), leg) in EXPECTED.iter().zip(&told.legs) {
        assert_eq!((leg.0.as_str(), leg.1.as_str()), (*result, *reason), "{vm}, {story}");
    }
    assert_eq!((told.code, told.faults, told.resumed, told.invokes), (3, 0, 3, 3));
    assert_eq!(told.states, [3, 3, 9, 3, 8, 3, 9, 3]);
}
