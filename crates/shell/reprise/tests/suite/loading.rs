//! Hosts that are up and do not show their VMs: not loaded yet, removed, refusing logins after a boot, or gone again.

use serde_json::Value;

use crate::lab::{Lab, Ran, ran, until};

/// A lab whose clock runs four times as fast, with a host that has just booted and shows its VMs so many of its seconds later.
fn booted(arguments: &[&str], host: &str, shows_after_s: u32) -> Lab {
    let lab = Lab::new(&[&["--speed", "4"], arguments].concat());
    lab.post(&format!("/hosts/{host}/shutdown?in_flight=all"));
    lab.post(&format!("/hosts/{host}/boot?vmms_ready_after_s={shows_after_s}"));
    lab
}

fn host<'a>(ran: &'a Ran, name: &str) -> &'a Value {
    let hosts = ran.document["hosts"].as_array().unwrap();
    hosts.iter().find(|host| host["name"] == name).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The support article's own set-up: the script runs on the primary server itself, right after its boot.
#[test]
fn a_host_that_loads_its_vms_for_twenty_seconds_after_a_boot_is_waited_for_and_they_are_resumed() {
    let lab = booted(&["--vms", "6", "--topology", "hub"], "hv02.lab.test", 20);
    let ran = lab.run(&[1], &[]);
    assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", 6), "{:#}", ran.document);
    assert_eq!(lab.states(), [3; 6]);
}

#[test]
fn a_host_that_shows_nothing_until_its_time_is_up_is_not_ready_if_its_peer_names_it_and_nothing_is_to_be_removed() {
    for (late, other, asked, reason) in [
        ("hv02.lab.test", "hv01.lab.test", [0, 1], "sender_not_ready"),
        ("hv01.lab.test", "hv02.lab.test", [1, 0], "peer_not_seen"),
    ] {
        let lab = booted(&["--vms", "3", "--topology", "hub"], late, 100);
        let ran = lab.run(&asked, &["--timeout", "3"]);
        assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{:#}", ran.document);
        assert_eq!(
            (host(&ran, late)["ready"].as_bool(), host(&ran, other)["ready"].as_bool()),
            (Some(false), Some(true))
        );
        assert!(text(&host(&ran, late)["error"], "why").contains("may still be loading"), "{:#}", ran.document);
        for leg in ran.legs() {
            assert_eq!((text(leg, "result"), text(leg, "reason")), ("failed", reason), "{leg:#}");
            assert_eq!(text(&leg["error"], "where"), late, "{leg:#}");
        }
        assert!(lab.event_ids().contains(&1), "{:?}", lab.event_ids());
        let advice = format!("{:#} {:?}", ran.document, lab.events()).to_lowercase();
        assert!(!advice.contains("remove the") && !advice.contains("delete"), "{advice}");
    }
}

#[test]
fn a_host_that_shows_nothing_after_a_boot_and_that_nobody_names_is_ready_and_the_reason_is_given() {
    let lab = booted(&["--vms", "3", "--topology", "hub"], "hv02.lab.test", 100);
    let ran = lab.run(&[1], &["--timeout", "3"]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{:#}", ran.document);
    let host = host(&ran, "hv02.lab.test");
    assert_eq!((host["ready"].as_bool(), host["ready_after_s"].as_u64()), (Some(true), Some(3)), "{host:#}");
    assert!(text(&host["error"], "why").contains("may still be loading"), "{host:#}");
}

/// It is not asked to prove more than that: no run of a quiet host takes a minute.
#[test]
fn a_host_that_has_long_been_up_and_has_nothing_replicated_is_ready_at_once() {
    let lab = Lab::new(&["--vms", "2", "--unreplicated", "2"]);
    let ran = lab.run(&[0], &["--timeout", "50"]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"));
    let host = host(&ran, "hv01.lab.test");
    assert!(host["error"].is_null() && host["ready_after_s"].as_u64().unwrap() < 40, "{host:#}");
}

/// Replication removed on one server alone; a host that is down; a host that nobody asks.
#[test]
fn a_missing_end_a_host_that_is_down_and_one_that_is_not_asked_have_reasons_of_their_own() {
    let lab = Lab::new(&["--vms", "3", "--topology", "hub"]);
    lab.post("/vms/vm-001/remove?side=receiver");
    lab.post("/vms/vm-002/remove?side=sender");
    lab.post("/vms/vm-001/set?state=8");
    lab.post("/vms/vm-003/set?state=8");
    let short = ["--timeout", "3"];
    let ran = lab.run(&[0, 1], &short);
    assert_eq!(ran.result("vm-001"), ("needs_person", "peer_without_replica"), "{:#}", ran.document);
    assert_eq!(ran.result("vm-002"), ("needs_person", "sender_not_found"));
    assert_eq!((ran.result("vm-003"), ran.code), (("resumed", "error"), 3));
    lab.post("/vms/vm-003/set?state=8");
    let ran = lab.run(&[0], &short);
    assert_eq!(ran.result("vm-002"), ("skipped", "sender_not_asked"));
    lab.post("/hosts/hv01.lab.test/management?mode=refuse");
    let ran = lab.run(&[0, 1], &short);
    assert_eq!(ran.result("vm-001"), ("failed", "peer_not_seen"));
    let error = &ran.leg("vm-001")["error"];
    assert!(text(error, "where").starts_with("127.0.0.1"), "{error:#}");
    let failed = lab.events().into_iter().rfind(|event| event["id"] == 3).unwrap();
    assert!(text(&failed["data"], "error").contains("refused"), "{failed:#}");
    assert!(!format!("{:#}", ran.document).contains("did not answer in time"), "it refused at once");
}

/// Its VMs were being resumed. From outside, off and silent look alike; a job that hangs does not.
#[test]
fn a_host_that_goes_away_under_an_act_is_reported_with_since_when_and_why() {
    // A silent host is known for one only once its requests have timed out.
    for (gone, retry_for) in [("power-cut", "6"), ("management?mode=blackhole", "35")] {
        let lab = Lab::new(&["--vms", "3", "--topology", "hub", "--job", "60000"]);
        lab.break_by_restart("hv01.lab.test");
        let child = lab.command(&[0, 1], &["--timeout", "3", "--retry-for", retry_for]).spawn().unwrap();
        until("the resumes are under way", || lab.requests("invoke") == 3);
        lab.post(&format!("/hosts/hv02.lab.test/{gone}"));
        let ran = ran(&child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.outcome()), (3, "partial"), "{gone}: {:#}", ran.document);
        let host = host(&ran, "hv02.lab.test");
        assert_eq!((host["ready"].as_bool(), host["ready_after_s"].is_u64()), (Some(false), true), "{gone}: {host:#}");
        assert!(text(&host["error"], "why").contains("has not answered since"), "{gone}: {host:#}");
        for leg in ran.legs() {
            let error = &leg["error"];
            assert_eq!(text(error, "where"), "hv02.lab.test", "{gone}: {leg:#}");
            assert!(text(error, "why").contains("has not answered since"), "{gone}: {leg:#}");
        }
    }
}

/// Netlogon starts after WinRM, or the domain controller is a VM on that very host.
#[test]
fn a_host_that_refuses_logins_for_some_seconds_after_its_boot_is_tried_again_and_served() {
    let lab = Lab::new(&["--vms", "3", "--topology", "hub"]);
    lab.post("/hosts/hv02.lab.test/shutdown?in_flight=all");
    lab.post("/hosts/hv02.lab.test/boot?logins_after_s=8");
    // Without a scheme a host is asked first what it offers, which it answers by a refusal too.
    let ran = lab.run(&[0, 1], &["--auth", "basic"]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 3), "{:#}", ran.document);
    assert!(!lab.event_ids().contains(&1), "{:?}", lab.event_ids());
    assert!(lab.requests("unauthorized") > 0, "no login was refused");
}
