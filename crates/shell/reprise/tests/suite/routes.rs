//! The lab's control routes, used as their description says.

use serde_json::Value;

use crate::lab::Lab;

/// A leg of the first VM as `/world` shows it.
fn leg(lab: &Lab, which: usize) -> Value {
    lab.world()["vms"][0]["legs"][which].clone()
}

#[test]
fn a_planned_failover_goes_through_by_its_routes_and_wrong_turns_are_refused() {
    let lab = Lab::new(&["--vms", "1"]);
    for (route, status) in [
        ("/vms/vm-001/prepare", 409),
        ("/vms/vm-001/set?running=false", 200),
        ("/vms/vm-001/prepare?leg=third", 400),
        ("/vms/vm-001/prepare", 200),
        ("/vms/vm-001/reverse", 409),
        ("/vms/vm-001/failover", 200),
        ("/vms/vm-001/failover", 409),
        ("/vms/vm-001/commit", 200),
        ("/vms/vm-001/reverse", 200),
        ("/vms/vm-001/test-failover", 200),
        ("/vms/vm-001/test-failover", 409),
    ] {
        assert_eq!(lab.try_post(route), status, "{route}");
    }
    let leg = leg(&lab, 0);
    assert_eq!((&leg["sender"], &leg["receiver"]), (&"hv02.lab.test".into(), &"hv01.lab.test".into()));
    assert_eq!((&leg["sender_state"], &leg["receiver_state"]), (&3.into(), &3.into()));
    assert_eq!(lab.world()["vms"][1]["legs"], Value::Array(Vec::new()), "the test VM");
}

#[test]
fn vms_are_renamed_moved_resynchronized_and_removed_by_route() {
    let lab = Lab::new(&["--hosts", "4", "--vms", "2", "--topology", "chain", "--speed", "1000"]);
    for (route, status) in [
        ("/vms/vm-001/rename", 400),
        ("/vms/vm-001/rename?to=vm-002", 200),
        ("/vms/vm-002/pause", 409),
        ("/vms/vm-001/pause", 404),
    ] {
        assert_eq!(lab.try_post(route), status, "{route}");
    }
    let vm = format!("/vms/{}", lab.world()["vms"][0]["vm_id"].as_str().unwrap());
    for (route, status) in [
        ("/move?to=hv09.lab.test", 404),
        ("/move?to=hv02.lab.test", 409),
        ("/remove", 409),
        ("/pause?leg=extended&side=receiver", 200),
        ("/resume?leg=extended&side=receiver", 200),
        ("/set?leg=extended&state=9&auto_resync=false", 200),
        ("/resync", 409),
        ("/resync?leg=extended", 200),
        ("/backup", 400),
        ("/backup?for_s=60", 200),
    ] {
        assert_eq!(lab.try_post(&format!("{vm}{route}")), status, "{route}");
    }
    crate::lab::until("the resynchronization's end", || leg(&lab, 1)["sender_state"] == 3);
    lab.post(&format!("{vm}/remove?leg=extended"));
    lab.post(&format!("{vm}/move?to=hv04.lab.test"));
    assert_eq!(leg(&lab, 0)["sender"], "hv04.lab.test");
    assert_eq!(lab.world()["vms"][0]["legs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_starting_vmms_and_the_host_flags_show_in_the_world() {
    let lab = Lab::new(&["--os", "2012", "--vms", "3", "--odd-names", "--speed", "0"]);
    let vmms = || lab.world()["hosts"][0]["vmms"].clone();
    assert_eq!((&lab.world()["hosts"][0]["os"], lab.world()["vms"][2]["vm"].as_str()), (&"2012".into(), Some("*")));
    assert_eq!(lab.try_post("/vms/web/pause"), 409, "two have that name");
    lab.post("/vms/*/pause");
    lab.post("/hosts/hv01.lab.test/vmms/stop");
    assert_eq!(vmms(), "stopped");
    lab.post("/hosts/hv01.lab.test/vmms/start?vmms_starts_after_s=30");
    assert_eq!(vmms(), "starting");
}
