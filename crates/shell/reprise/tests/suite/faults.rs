//! Hosts that are off, silent, unknown or failed over.

use crate::lab::Lab;

#[test]
fn a_dry_run_plans_and_does_nothing() {
    let lab = Lab::new(&["--vms", "3"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &["--dry-run"]);
    assert_eq!((ran.code, ran.outcome(), ran.count("skipped")), (0, "ok", 3));
    assert!(ran.legs().iter().all(|leg| leg["action"] == "resume" && leg["wanted"] == true));
    assert_eq!((lab.requests("invoke"), lab.states()), (0, vec![8, 8, 8]));
    assert_eq!(lab.event_ids(), [0, 2, 2, 100]);
}

#[test]
fn a_host_that_swallows_connections_delays_nobody_else() {
    let lab = Lab::new(&["--hosts", "4", "--topology", "pairs", "--vms", "4"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/hosts/hv03.lab.test/management?mode=blackhole");
    let ran = lab.run(&[0, 1, 2, 3], &["--retry-for", "5", "--timeout", "8"]);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"));
    assert_eq!(ran.result("vm-001"), ("resumed", "error"));
    assert_eq!(ran.result("vm-002"), ("resumed", "error"));
    assert_eq!(ran.result("vm-004"), ("healthy", "replicating"), "it needs nobody on the silent host");
    assert_eq!(ran.result("vm-003"), ("failed", "sender_not_ready"));
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() < 30_000);
}

#[test]
fn a_host_that_never_answered_has_one_name_in_every_error() {
    let lab = Lab::new(&["--vms", "3"]);
    lab.post("/hosts/hv01.lab.test/management?mode=refuse");
    let address = lab.url(0).trim_start_matches("http://").trim_end_matches("/wsman").to_owned();
    let text = |name: &str| {
        let host = |n: usize, more: &str| format!("[[host]]\nurl = '{}'\n{more}\n", lab.url(n));
        let login = format!("[login]\nuser = '{}'\npassword_file = '{}'\n", lab.user(), lab.path("password"));
        format!("version = 1\n{login}{}{}", host(0, name), host(1, ""))
    };
    let named = lab.write_secret("named.toml", &text("name = 'hv01'"));
    let unnamed = lab.write_secret("unnamed.toml", &text(""));
    for (name, ran) in [
        (address.as_str(), lab.run(&[0, 1], &["--retry-for", "1"])),
        (address.as_str(), lab.run(&[], &["--config", &unnamed, "--retry-for", "1"])),
        ("hv01", lab.run(&[], &["--config", &named, "--retry-for", "1"])),
    ] {
        assert_eq!(ran.document["hosts"][0]["name"], name);
        let errors = ran.legs().iter().map(|leg| &leg["error"]).chain([&ran.document["hosts"][0]["error"]]);
        let places: Vec<&str> = errors.filter_map(|error| error["where"].as_str()).collect();
        assert!(places.len() > 2, "{:#}", ran.document);
        assert!(places.iter().all(|place| [name, "hv02.lab.test"].contains(place)), "{places:?}: {:#}", ran.document);
        let why = ran.legs().iter().find(|leg| leg["reason"] == "sender_not_ready").unwrap()["error"]["why"].clone();
        assert_eq!(why.as_str().unwrap().contains("may be this host"), name == address, "{why}");
    }
}

#[test]
fn a_host_that_never_answered_is_called_by_its_configured_name_in_lower_case() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.post("/hosts/hv01.lab.test/management?mode=refuse");
    let text = format!("version = 1\n[[host]]\nurl = '{}'\nname = 'HV01.Lab.Test'\n", lab.url(0));
    let config = lab.write_secret("reprise.toml", &text);
    let ran = lab.run(&[], &["--config", &config, "--retry-for", "1"]);
    assert_eq!((ran.code, ran.document["hosts"][0]["name"].as_str()), (1, Some("hv01.lab.test")));
    assert_eq!(lab.events()[1]["data"]["host"], "hv01.lab.test");
}

#[test]
fn a_failover_on_the_replica_server_is_never_resumed_against() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.post("/hosts/hv01.lab.test/shutdown?in_flight=all");
    lab.post("/vms/vm-001/failover");
    lab.post("/hosts/hv01.lab.test/boot");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.result("vm-001")), (0, ("left", "failover_in_force")));
    assert_eq!(lab.requests("invoke"), 0);
    lab.post("/vms/vm-001/revert");
    assert_eq!(lab.run(&[0, 1], &[]).result("vm-001"), ("resumed", "error"));
}

#[test]
fn a_power_cut_needs_a_person() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.post("/hosts/hv01.lab.test/power-cut");
    lab.post("/hosts/hv01.lab.test/boot");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.result("vm-001")), (3, ("needs_person", "resync_required")));
    assert_eq!(ran.result("vm-002"), ("healthy", "replicating"));
}

#[test]
fn a_pause_on_the_replica_server_is_told_and_not_fought() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/vms/vm-001/pause?side=receiver");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.result("vm-001")), (3, ("needs_person", "paused_on_replica")));
    assert_eq!(lab.states(), [8]);
}

#[test]
fn a_vm_that_is_primary_twice_or_whose_replica_runs_is_never_touched() {
    let lab = Lab::new(&["--vms", "3", "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    lab.post("/vms/vm-001/set?side=receiver&mode=1");
    lab.post("/vms/vm-002/set?side=receiver&running=true");
    lab.post("/vms/vm-003/set?provider=0ff2b41a-3ec5-4a1b-9f0a-6a3ee4e1c111");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(ran.result("vm-001"), ("needs_person", "both_primary"));
    assert_eq!(ran.result("vm-002"), ("needs_person", "replica_running"));
    assert_eq!(ran.result("vm-003"), ("left", "external_provider"));
    assert_eq!(lab.requests("invoke"), 0);
}

#[test]
fn only_the_replica_server_is_asked_and_the_legs_are_counted_as_not_ours() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    lab.break_by_restart("hv01.lab.test");
    let ran = lab.run(&[0], &[]);
    assert_eq!((ran.code, ran.count("skipped")), (0, 2));
    let leg = &ran.legs()[0];
    assert_eq!((leg["reason"].as_str(), leg["wanted"].as_bool()), (Some("sender_not_asked"), Some(false)));
    assert_eq!((leg["primary"].as_str(), leg["before"].is_null()), (Some("hv02.lab.test"), true));
    assert_eq!(lab.event_ids(), [0, 2, 102, 100]);
}

#[test]
fn a_clustered_primary_that_nobody_has_is_told() {
    let lab = Lab::new(&["--vms", "1", "--topology", "hub"]);
    lab.post("/vms/vm-001/set?side=receiver&primary_point=broker.lab.test");
    let ran = lab.run(&[0], &[]);
    assert_eq!((ran.code, ran.result("vm-001")), (3, ("failed", "clustered_owner_not_found")));
}

#[test]
fn an_unfinished_initial_replication_is_resumed_out_of_error_and_left_when_paused() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    for (vm, state) in [("vm-001", 8), ("vm-002", 7)] {
        lab.post(&format!("/vms/{vm}/set?last_replication=never&state={state}"));
        lab.post(&format!("/vms/{vm}/set?side=receiver&last_replication=never&state=2"));
    }
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!(ran.result("vm-001").0, "resumed");
    assert_eq!(ran.result("vm-002"), ("left", "initial_replication_paused"));
}
