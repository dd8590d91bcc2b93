//! Accounts whose rights differ by namespace: Reprise uses the rights that they have, and reports those that are missing.

use serde_json::Value;

use crate::lab::{Lab, Ran};

/// Limits that a host which is given up reaches soon.
const SHORT: [&str; 6] = ["--timeout", "5", "--vmms-timeout", "5", "--retry-for", "5"];

fn error(ran: &Ran, host: usize) -> &Value {
    &ran.document["hosts"][host]["error"]
}

#[test]
fn rights_on_hyper_v_alone_suffice_and_what_cannot_be_seen_is_named() {
    for (os, shape) in [("2012r2", "wsman"), ("2022", "wmi")] {
        // More hosts refuse the namespace than refusals of a login close a credential's gate.
        let lab = Lab::new(&["--hosts", "3", "--vms", "6", "--extended", "1", "--os", os]);
        lab.break_by_restart("hv02.lab.test");
        lab.post(&format!("/faults/fault_shape?shape={shape}"));
        lab.post("/faults/rights?namespace=cimv2");
        lab.post("/faults/deny_events");
        let broken = lab.states().iter().filter(|state| **state == 8).count();
        let ran = lab.run(&[0, 1, 2], &[]);
        assert_eq!((ran.code, ran.outcome(), ran.count("resumed")), (0, "ok", broken), "{os}: {:#}", ran.document);
        assert!(broken > 0 && lab.states().iter().all(|state| *state == 3), "{os}: {:?}", lab.states());
        for host in 0..3 {
            let name = format!("hv{:02}.lab.test", host + 1);
            let told = &ran.document["hosts"][host];
            assert_eq!((&told["name"], &told["ready"]), (&Value::from(name.as_str()), &Value::from(true)), "{os}");
            let error = error(&ran, host);
            let text = |key: &str| error[key].as_str().unwrap_or_default();
            assert!(text("what").contains("Win32_OperatingSystem"), "{os}: {error}");
            assert!(text("why").contains(r"no rights on root\cimv2"), "{os}: {error}");
            assert!(text("next").contains(r"root\cimv2"), "{os}: {error}");
            assert_eq!(text("where"), name, "{os}");
        }
        let again = lab.run(&[0, 1, 2], &[]);
        assert_eq!((again.code, again.count("healthy")), (0, ran.legs().len()), "{os}: {:#}", again.document);
    }
}

#[test]
fn one_host_without_rights_on_windows_is_found_by_the_others() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/faults/rights?host=hv02.lab.test&namespace=cimv2");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.count("resumed")), (0, 2), "{:#}", ran.document);
    for leg in ran.legs() {
        let ends = ["primary", "replica"].map(|end| leg[end].as_str().unwrap());
        assert!(ends.contains(&"hv01.lab.test") && ends.contains(&"hv02.lab.test"), "{leg}");
    }
    assert!(error(&ran, 0).is_null() && !error(&ran, 1).is_null(), "{:#}", ran.document);
}

#[test]
fn no_rights_on_hyper_v_are_never_told_as_nothing_replicated() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post("/faults/rights?namespace=virtualization");
    let ran = lab.run(&[0, 1], &SHORT);
    assert_eq!((ran.code, ran.outcome(), ran.legs().len()), (1, "not_ready", 0), "{:#}", ran.document);
    for host in 0..2 {
        let error = error(&ran, host);
        assert!(error["why"].as_str().unwrap().contains(r"no rights on root\virtualization\v2"), "{error}");
        assert!(error["next"].as_str().unwrap().contains("Hyper-V Administrators"), "{error}");
    }
    assert_eq!((lab.requests("invoke"), lab.states()), (0, vec![8]));
}
