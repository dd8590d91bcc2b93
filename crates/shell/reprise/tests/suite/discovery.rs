//! Hosts that nobody listed and that relationships speak of.

use crate::lab::{Lab, Ran};

/// A pass over one listed host, with discovery and the others' addresses.
fn run_from(lab: &Lab, listed: usize, hosts: usize, arguments: &[&str]) -> Ran {
    let resolve: Vec<String> =
        (0..hosts).map(|host| format!("\"hv{:02}.lab.test\" = \"{}\"", host + 1, lab.url(host))).collect();
    let text = format!(
        "version = 1\n[login]\nuser = '{}'\npassword_file = '{}'\n[[host]]\nurl = \"{}\"\n[discover]\npeers = true\nresolve = {{ {} }}\n",
        lab.user(),
        lab.path("password"),
        lab.url(listed),
        resolve.join(", ")
    );
    std::fs::write(lab.path("reprise.toml"), text).unwrap();
    lab.run(&[], &[&["--config", &lab.path("reprise.toml")], arguments].concat())
}

#[test]
fn from_one_listed_host_the_whole_ring_is_found_and_repaired() {
    let lab = Lab::new(&["--hosts", "4", "--vms", "8"]);
    lab.break_by_restart("hv01.lab.test");
    let ran = run_from(&lab, 2, 4, &[]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{}", ran.document);
    assert_eq!((ran.count("resumed"), ran.count("healthy")), (4, 4));
    assert!(lab.states().iter().all(|state| *state == 3));
    let hosts = ran.document["hosts"].as_array().unwrap();
    let mut names: Vec<_> = hosts.iter().map(|host| host["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["hv01.lab.test", "hv02.lab.test", "hv03.lab.test", "hv04.lab.test"]);
    assert!(hosts.iter().all(|host| host["url"].as_str().unwrap().starts_with("http://127.0.0.1:")));
}

#[test]
fn a_found_host_that_does_not_answer_is_told_by_its_name_and_fails_what_needs_it() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv01.lab.test");
    lab.post("/hosts/hv01.lab.test/management?mode=refuse");
    let ran = run_from(&lab, 1, 2, &["--retry-for", "3s"]);
    assert_eq!((ran.code, ran.outcome()), (3, "partial"));
    assert_eq!(ran.document["hosts"][1]["name"], "hv01.lab.test");
    assert_eq!(ran.result("vm-001"), ("failed", "sender_not_ready"));
    assert_eq!(ran.result("vm-002"), ("failed", "peer_not_seen"));
}
