//! Hosts that attack their clients: the other hosts are served anyway, and the run ends when it is asked to.

use std::process::{Command, Stdio};

use crate::lab::{Lab, until};

/// How the lab's hosts attack.
const ATTACKS: [&str; 7] = ["attributes", "nested", "siblings", "rows", "pieces", "announcements", "drip"];
/// Hosts that are repaired, and the VMs that they send.
const HONEST: usize = 2;

/// A pair of honest hosts with broken legs, and one host for each attack.
fn lab() -> Lab {
    let hosts = HONEST + ATTACKS.len() + 1;
    let (hosts, vms) = (hosts.to_string(), hosts.to_string());
    let lab = Lab::new(&["--hosts", &hosts, "--vms", &vms, "--topology", "pairs"]);
    lab.break_by_restart("hv01.lab.test");
    for (number, attack) in ATTACKS.iter().enumerate() {
        lab.post(&format!("/faults/attack?host=hv{:02}.lab.test&how={attack}", HONEST + 1 + number));
    }
    lab
}

fn is_protected(lab: &Lab) -> bool {
    lab.states().iter().take(HONEST).all(|state| *state == 3)
}

#[test]
fn hosts_that_attack_keep_no_other_host_waiting_and_are_named_with_what_they_sent() {
    let lab = lab();
    assert!(!is_protected(&lab));
    let asked: Vec<usize> = (0..HONEST + ATTACKS.len()).collect();
    let ran = lab.run(&asked, &["--timeout", "20", "--retry-for", "20"]);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
    assert!(is_protected(&lab), "{:#}", ran.document);
    let hosts = ran.document["hosts"].as_array().unwrap();
    for (host, attack) in hosts.iter().skip(HONEST).zip(ATTACKS) {
        assert_eq!(host["ready"], false, "{attack}: {host:#}");
        assert!(!host["error"]["why"].as_str().unwrap().is_empty(), "{attack}: {host:#}");
    }
    // An attack is no fault of the hosts that are well.
    assert!(hosts.iter().take(HONEST).all(|host| host["ready"] == true), "{:#}", ran.document);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_attacked_ends_when_it_is_asked_to() {
    let lab = lab();
    let asked: Vec<usize> = (0..HONEST + ATTACKS.len()).collect();
    // Far longer than the test may take.
    let mut command = lab.command(&asked, &["--timeout", "1h", "--retry-for", "1h"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("protection", || is_protected(&lab));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    until("the end", || child.try_wait().unwrap().is_some());
}
