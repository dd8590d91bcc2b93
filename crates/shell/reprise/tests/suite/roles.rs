//! Senders, receivers and the identity of hosts: chains, failovers, moves and names.

use serde_json::Value;

use crate::lab::{Lab, Ran, ran, until};

/// Results and reasons of a VM's legs: the simple one, then the extended one.
fn legs(ran: &Ran, vm: &str) -> Vec<(String, String, String)> {
    let text = |leg: &Value, key: &str| leg[key].as_str().unwrap().to_owned();
    let of_vm = ran.legs().iter().filter(|leg| leg["vm"] == vm);
    let mut legs: Vec<_> = of_vm.map(|leg| (text(leg, "leg"), text(leg, "result"), text(leg, "reason"))).collect();
    legs.sort_by(|a, b| b.0.cmp(&a.0));
    legs
}

fn told(leg: &str, result: &str, reason: &str) -> (String, String, String) {
    (leg.to_owned(), result.to_owned(), reason.to_owned())
}

#[test]
fn a_chain_over_three_hosts_is_repaired_leg_by_leg_each_on_its_own_sender() {
    let lab = Lab::new(&["--hosts", "3", "--topology", "chain", "--vms", "3"]);
    lab.break_by_restart("hv02.lab.test");
    assert_eq!(lab.states(), [8; 6]);
    let ran = lab.run(&[0, 1, 2], &[]);
    assert_eq!((ran.code, ran.count("resumed"), lab.states()), (0, 6, vec![3; 6]), "{:#}", ran.document);
    for leg in ran.legs() {
        let ends = (leg["leg"].as_str(), leg["primary"].as_str(), leg["replica"].as_str());
        let simple = (Some("simple"), Some("hv01.lab.test"), Some("hv02.lab.test"));
        let extended = (Some("extended"), Some("hv02.lab.test"), Some("hv03.lab.test"));
        assert!(ends == simple || ends == extended, "{leg:#}");
    }
}

#[test]
fn the_legs_of_one_vm_are_judged_alone() {
    let lab = Lab::new(&["--hosts", "3", "--vms", "3", "--extended", "2"]);
    lab.post("/vms/vm-001/pause?leg=extended");
    lab.post("/hosts/hv03.lab.test/power-cut");
    lab.post("/hosts/hv03.lab.test/boot");
    lab.post("/vms/vm-002/set?leg=extended&state=8");
    let ran = lab.run(&[0, 1, 2], &["--paused", "leave"]);
    assert_eq!(
        legs(&ran, "vm-001"),
        [told("simple", "healthy", "replicating"), told("extended", "left", "paused_left")]
    );
    // The replica of vm-002 is on the host that lost power: its own sending leg must be compared anew.
    let second = legs(&ran, "vm-002");
    assert_eq!(second[0], told("simple", "healthy", "replicating"));
    assert!(["resumed", "needs_person"].contains(&second[1].1.as_str()), "{second:?}");
}

#[test]
fn vms_that_swap_their_names_and_a_renamed_replica_are_told_apart_by_their_guids() {
    let lab = Lab::new(&["--vms", "3", "--topology", "hub"]);
    let ids: Vec<String> =
        lab.world()["vms"].as_array().unwrap().iter().map(|vm| vm["vm_id"].as_str().unwrap().to_owned()).collect();
    lab.post(&format!("/vms/{}/rename?to=vm-002", ids[0]));
    lab.post(&format!("/vms/{}/rename?to=vm-001", ids[1]));
    lab.post(&format!("/vms/{}/rename?to=something%20else&side=receiver", ids[2]));
    lab.break_by_restart("hv01.lab.test");
    let ran = lab.run(&[0, 1], &["--except", &ids[0]]);
    let result = |id: &str| ran.legs().iter().find(|leg| leg["vm_id"] == id).unwrap()["result"].clone();
    assert_eq!(
        (result(&ids[0]), result(&ids[1]), result(&ids[2])),
        ("left".into(), "resumed".into(), "resumed".into())
    );
    assert_eq!(lab.states(), [8, 3, 3]);
}

/// A host refused `&amp;` and `&lt;` in a value of an embedded instance, and the name stands in the one that is sent back.
#[test]
fn a_vm_is_resumed_whatever_characters_its_name_has() {
    let names = ["R&D <web>", "a > b \"c\" 'd'", "ü & ö", "&amp;", "]]> <![CDATA[&lt;]]>", "{a} %25 \\b\t|c"];
    let lab = Lab::new(&["--vms", &names.len().to_string(), "--topology", "hub"]);
    for (number, name) in (1..).zip(names) {
        let encoded = name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        lab.post(&format!("/vms/vm-{number:03}/rename?to={encoded}"));
    }
    lab.break_by_restart("hv01.lab.test");
    let ran = lab.run(&[0, 1], &[]);
    for name in names {
        assert_eq!(ran.result(name), ("resumed", "error"), "{:#}", ran.leg(name));
    }
    assert_eq!((ran.code, lab.states()), (0, vec![3; names.len()]));
}

#[test]
fn planned_and_test_failovers_and_a_reverse_are_seen_for_what_they_are() {
    let lab = Lab::new(&["--vms", "4", "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    lab.post("/vms/vm-001/resume");
    lab.post("/vms/vm-002/resume");
    until("both replicate", || lab.states()[..2] == [3, 3]);
    lab.post("/vms/vm-001/set?running=false");
    lab.post("/vms/vm-001/prepare");
    lab.post("/vms/vm-002/failover");
    lab.post("/vms/vm-002/commit");
    lab.post("/vms/vm-003/test-failover");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(ran.result("vm-001"), ("left", "failover_prepared"), "{:#}", ran.document);
    assert_eq!(ran.result("vm-002"), ("left", "failover_in_force"));
    assert_eq!(ran.result("vm-003"), ("resumed", "error"), "a test does not stop replication");
    lab.post("/vms/vm-002/reverse");
    let ran = lab.run(&[0, 1], &[]);
    let leg = ran.legs().iter().find(|leg| leg["vm"] == "vm-002").unwrap();
    assert_eq!((leg["result"].as_str(), leg["primary"].as_str()), (Some("healthy"), Some("hv01.lab.test")));
}

#[test]
fn a_resynchronization_under_way_is_left_and_one_that_is_due_needs_a_person() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    lab.post("/hosts/hv02.lab.test/power-cut");
    lab.post("/hosts/hv02.lab.test/boot");
    lab.post("/vms/vm-001/resync");
    until("it resynchronizes", || lab.states()[0] == 10);
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(ran.result("vm-001"), ("left", "resynchronizing"));
    assert_eq!(ran.result("vm-002"), ("needs_person", "resync_required"));
    assert_eq!(lab.requests("invoke"), 0);
}

/// Runs a pass over a lab with one broken leg more than may be resumed at once, and does something to a VM that still
/// waits for its turn. Gives that VM's name and what the pass said.
fn with_one_waiting(hosts: &[&str], arguments: &[&str], meddle: impl Fn(&Lab, &str)) -> (Lab, String, Ran) {
    let lab = Lab::new(&[&["--topology", "hub", "--job", "1500"], hosts].concat());
    lab.break_by_restart("hv01.lab.test");
    let count = u16::try_from(lab.states().len()).unwrap();
    let asked: Vec<usize> = (0..if count > 8 { 3 } else { 2 }).collect();
    let child = lab.command(&asked, arguments).spawn().unwrap();
    until("all turns are taken", || lab.requests("invoke") >= if count > 8 { 12 } else { 6 });
    let vm = lab.waiting_in_error().remove(0);
    meddle(&lab, &vm);
    let ran = ran(&child.wait_with_output().unwrap());
    (lab, vm, ran)
}

#[test]
fn a_vm_that_is_renamed_between_look_and_act_is_resumed_all_the_same() {
    let meddle = |lab: &Lab, vm: &str| lab.post(&format!("/vms/{vm}/rename?to=renamed"));
    let (lab, _, ran) = with_one_waiting(&["--vms", "7"], &[], meddle);
    assert_eq!((ran.code, ran.count("resumed"), lab.states()), (0, 7, vec![3; 7]), "{:#}", ran.document);
}

#[test]
fn a_vm_whose_replication_is_removed_between_look_and_act_is_told_as_gone() {
    let meddle = |lab: &Lab, vm: &str| lab.post(&format!("/vms/{vm}/remove"));
    let (lab, vm, ran) = with_one_waiting(&["--vms", "7"], &["--timeout", "5", "--retry-for", "20"], meddle);
    assert_eq!((ran.result(&vm), ran.count("resumed")), (("stale", "not_shown"), 6), "{:#}", ran.document);
    assert_eq!((ran.code, lab.states()), (3, vec![3; 6]));
}

#[test]
fn a_vm_that_moves_to_another_asked_host_between_look_and_act_is_resumed_there() {
    let meddle = |lab: &Lab, vm: &str| {
        let world = lab.world();
        let of = |vm: &Value| vm["legs"][0]["sender"].as_str().unwrap().to_owned();
        let from = world["vms"].as_array().unwrap().iter().find(|own| own["vm"] == vm).map(of).unwrap();
        let to = if from == "hv02.lab.test" { "hv03.lab.test" } else { "hv02.lab.test" };
        lab.post(&format!("/vms/{vm}/move?to={to}"));
    };
    let (lab, _, ran) = with_one_waiting(&["--vms", "14", "--hosts", "3"], &[], meddle);
    assert_eq!((ran.code, ran.count("resumed"), lab.states()), (0, 14, vec![3; 14]), "{:#}", ran.document);
}
