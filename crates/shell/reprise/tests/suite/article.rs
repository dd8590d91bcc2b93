//! The support article's workaround, step by step, as far as its events show it. S2 and S12, the event source and the task at startup,
//! are tested where they are made: `platform`, in `windows` and `startup`, and the smoke test under Wine.

use std::process::Stdio;

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Ran, ran, until};

/// Level and message of each event with an id.
fn events(lab: &Lab, id: u64) -> Vec<(String, String)> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    let events = lab.events();
    let of_id = events.iter().filter(|event| event["id"] == id);
    of_id.map(|event| (text(event, "level"), text(event, "message"))).collect()
}

fn host<'a>(ran: &'a Ran, name: &str) -> &'a Value {
    ran.document["hosts"].as_array().unwrap().iter().find(|host| host["name"] == name).unwrap()
}

/// How often a host was asked to change something.
fn acts(lab: &Lab, name: &str) -> u64 {
    let world = lab.world();
    let host = world["hosts"].as_array().unwrap().iter().find(|host| host["name"] == name).unwrap();
    host["requests"]["invoke"].as_u64().unwrap()
}

/// A pass over one listed host that asks the hosts too that its relationships name, as the article's script does.
fn on(lab: &Lab, listed: usize, events: &str) -> std::process::Child {
    let resolve: Vec<String> =
        (0..2).map(|host| format!("'hv{:02}.lab.test' = '{}'", host + 1, lab.url(host))).collect();
    let text = format!(
        "version = 1\n[login]\nuser = '{}'\npassword_file = '{}'\n[[host]]\nurl = '{}'\n[discover]\npeers = true\nresolve = {{ {} }}\n",
        lab.user(),
        lab.path("password"),
        lab.url(listed),
        resolve.join(", ")
    );
    let config = lab.write_secret(&format!("{events}.toml"), &text);
    let mut command = std::process::Command::new(PROGRAM);
    command.args(["run", "--json", "--config", &config, "--event-log", &format!("file:{}", lab.path(events))]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn s1_both_servers_run_it_at_the_same_time_and_all_is_resumed_without_an_error() {
    let lab = Lab::new(&["--vms", "6", "--job", "1000"]);
    lab.break_by_restart("hv01.lab.test");
    let both = [0, 1].map(|listed| on(&lab, listed, &format!("events-{listed}")));
    let both = both.map(|child| ran(&child.wait_with_output().unwrap()));
    for ran in &both {
        assert_eq!((ran.code, ran.outcome(), ran.legs().len()), (0, "ok", 6), "{}", ran.standard_error);
    }
    assert_eq!(lab.states(), [3; 6]);
    let resumed: usize = both.iter().map(|ran| ran.count("resumed")).sum();
    assert!(resumed >= 6, "each is reported by the run that resumed it");
    for listed in [0, 1] {
        let text = std::fs::read_to_string(lab.path(&format!("events-{listed}"))).unwrap();
        assert!(!text.contains("\"level\":\"Error\""), "the second resume is silent: {text}");
    }
}

#[cfg(not(windows))]
#[test]
fn s2_the_system_log_is_refused_where_there_is_none() {
    let lab = Lab::new(&["--vms", "1"]);
    let mut command = std::process::Command::new(PROGRAM);
    command.args(["run", "--user", &lab.user(), "--password-file", &lab.path("password"), "--host", &lab.url(0)]);
    let output = command.args(["--event-log", "system"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
    assert!(told.contains("the event sink \"system\" does not exist on this system"), "{told}");
    assert!(told.contains("`file:PATH`"), "{told}");
}

#[test]
fn s3_s6_s10_a_run_tells_its_start_each_ready_host_and_each_resumed_vm() {
    let lab = Lab::new(&["--vms", "4", "--race-state", "suspended"]);
    lab.break_by_restart("hv01.lab.test");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 4), "{}", ran.standard_error);
    let information = |text: &str| ("Information".to_owned(), text.to_owned());
    assert_eq!(lab.event_ids().first(), Some(&0));
    assert_eq!(events(&lab, 0), [information("Starting script to restart replication.")]);
    let mut ready = events(&lab, 2);
    let mut expected: Vec<_> = ["hv01.lab.test", "hv02.lab.test"]
        .map(|name| {
            let seconds = host(&ran, name)["ready_after_s"].as_u64().unwrap();
            information(&format!(
                "Replication service in VMMS was started successfully. It took {seconds} seconds after VMMS started."
            ))
        })
        .into();
    ready.sort();
    expected.sort();
    assert_eq!(ready, expected);
    let mut resumed = events(&lab, 4);
    resumed.sort();
    let text = |vm: &str| {
        let primary = ran.leg(vm)["primary"].as_str().unwrap();
        information(&format!("Replication for {vm} on {primary} was in suspended and resumed successfully."))
    };
    assert_eq!(resumed, ["vm-001", "vm-002", "vm-003", "vm-004"].map(text));
}

#[test]
fn s4_a_run_waits_until_vmms_is_running() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/hosts/hv02.lab.test/vmms/stop");
    let child = lab.command(&[1], &["--vmms-timeout", "1m"]).spawn().unwrap();
    lab.post("/requests/reset");
    until("a second look at the stopped VMMS", || lab.requests("enumerate") >= 16);
    assert_eq!(events(&lab, 2), []);
    lab.post("/hosts/hv02.lab.test/vmms/start");
    let ran = ran(&child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{}", ran.standard_error);
    assert_eq!((events(&lab, 1).len(), events(&lab, 2).len()), (0, 1));
}

#[test]
fn s5_a_host_that_is_not_ready_in_time_is_event_1_an_error_with_exit_code_1() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    lab.post("/hosts/hv02.lab.test/vmms/stop");
    let ran = lab.run(&[1], &["--vmms-timeout", "2s", "--timeout", "2s"]);
    assert_eq!((ran.code, ran.outcome()), (1, "not_ready"));
    let text = "VMMS did not complete initialization after VMMS service started up. Exiting...";
    assert_eq!(events(&lab, 1), [("Error".to_owned(), text.to_owned())]);
    let why = host(&ran, "hv02.lab.test")["error"]["why"].as_str().unwrap();
    assert!(why.contains("stopped") || why.contains("not running"), "it says what it waited for: {why}");
}

#[test]
fn s7_each_vm_of_a_server_primary_or_replica_is_resumed_on_its_own_primary_server() {
    let lab = Lab::new(&["--vms", "4", "--unreplicated", "1"]);
    lab.break_by_restart("hv01.lab.test");
    let ran = ran(&on(&lab, 1, "events").wait_with_output().unwrap());
    assert_eq!((ran.code, ran.count("resumed"), ran.legs().len()), (0, 3, 3), "{}", ran.standard_error);
    let primaries = ["vm-001", "vm-002", "vm-003"].map(|vm| ran.leg(vm)["primary"].as_str().unwrap().to_owned());
    assert_eq!(primaries, ["hv01.lab.test", "hv02.lab.test", "hv01.lab.test"]);
    assert_eq!(["hv01.lab.test", "hv02.lab.test"].map(|name| acts(&lab, name)), [2, 1]);
}

#[test]
fn s8_a_state_that_is_neither_suspended_nor_error_is_left_alone() {
    let lab = Lab::new(&["--vms", "22", "--topology", "hub"]);
    let others: Vec<u64> = (1..=22).filter(|state| ![7, 8].contains(state)).collect();
    for state in &others {
        lab.post(&format!("/vms/vm-{state:03}/set?state={state}"));
    }
    let before = lab.states();
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.count("resumed"), lab.requests("invoke"), lab.states()), (0, 0, before), "{}", ran.document);
}

#[test]
fn s9_suspended_and_error_are_resumed_on_the_primary_server_and_their_state_is_read_again() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    lab.post("/vms/vm-001/set?state=7");
    lab.post("/vms/vm-002/set?state=8");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, lab.states()), (0, vec![3, 3]), "{}", ran.standard_error);
    assert_eq!([acts(&lab, "hv01.lab.test"), acts(&lab, "hv02.lab.test")], [0, 2], "hv02 is the primary server");
    for (vm, before) in [("vm-001", "Suspended"), ("vm-002", "Error")] {
        let leg = ran.leg(vm);
        assert_eq!((&leg["before"], &leg["after"]), (&before.into(), &"Replicating".into()));
        assert_eq!(ran.result(vm).0, "resumed");
    }
    // A job that ends well and changes nothing is no success: the state is read after it.
    lab.post("/vms/vm-001/set?state=8");
    lab.post("/faults/flip_back?vm=vm-001&after_s=0");
    let flipped = lab.run(&[0, 1], &["--timeout", "3s", "--retry-for", "3s"]);
    assert_eq!((flipped.code, flipped.result("vm-001").0), (3, "failed"), "{}", flipped.document);
}

#[test]
fn s11_a_vm_that_cannot_be_resumed_is_event_3_an_error_with_vm_server_and_cause() {
    let lab = Lab::new(&["--vms", "2", "--topology", "hub"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/faults/job_fail?vm=vm-002&code=32768");
    let ran = lab.run(&[0, 1], &["--retry-for", "3s", "--timeout", "3s"]);
    assert_eq!((ran.code, ran.count("resumed"), ran.count("failed")), (3, 1, 1), "{}", ran.standard_error);
    let failed = events(&lab, 3);
    let [(level, message)] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!(level, "Error");
    let start = "Failed to resume replication for vm-002 on hv02.lab.test. Please check replication status manually.";
    let cause = message.strip_prefix(start).unwrap_or_else(|| panic!("{message}"));
    assert!(cause.contains("32768") || cause.contains("0x8000"), "{message}");
    let event = lab.events().into_iter().find(|event| event["id"] == 3).unwrap();
    assert_eq!((&event["data"]["vm"], &event["data"]["primary"]), (&"vm-002".into(), &"hv02.lab.test".into()));
}

/// What is printed is the same on every system: administrators print it where they write their policies.
#[test]
fn s12_the_tasks_xml_is_printed_on_every_system_and_nothing_is_installed() {
    let program = r"C:\Program Files\Reprise\reprise.exe";
    let print = |arguments: &[&str]| {
        let mut command = std::process::Command::new(PROGRAM);
        let output = command.args(["install", "task", "--print"]).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, xml, told) = print(&["--program", program, "--account", r"LAB\repl$", "--at-startup-delay", "1m30s"]);
    assert_eq!((code, told.as_str()), (Some(0), ""));
    for part in [
        r#"<Command>"C:\Program Files\Reprise\reprise.exe"</Command>"#,
        "<Arguments>run --retry-for 30m</Arguments>",
        r"<UserId>LAB\repl$</UserId>",
        "<Delay>PT90S</Delay>",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    let (code, xml, told) = print(&["--account", "repl$"]);
    assert_eq!((code, xml.as_str()), (Some(2), ""));
    assert!(told.contains(r"DOMAIN\name$"), "{told}");
}
