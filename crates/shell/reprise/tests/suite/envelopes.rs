//! Hosts that send and accept only small messages (`MaxEnvelopeSizekb`).

use crate::lab::Lab;

/// The smallest that DSP0226 lets a client ask for.
const SMALL: &str = "envelope?kb=8";

fn limited(lab: &Lab, limit: &str) {
    for host in ["hv01", "hv02"] {
        lab.post(&format!("/hosts/{host}.lab.test/{limit}"));
    }
}

#[test]
fn what_does_not_fit_into_one_message_comes_in_several_and_everything_is_resumed() {
    let pulls = |limit: &str| {
        let lab = Lab::new(&["--vms", "40"]);
        limited(&lab, limit);
        lab.break_by_restart("hv02.lab.test");
        let ran = lab.run(&[0, 1], &[]);
        assert_eq!((ran.code, ran.count("resumed"), lab.states()), (0, 40, vec![3; 40]), "{:#}", ran.document);
        lab.requests("pull")
    };
    let (small, usual) = (pulls(SMALL), pulls("envelope?kb=500"));
    assert!(small >= 2 * usual, "{small} and {usual}");
}

#[test]
fn a_row_that_fits_into_no_message_is_told_with_the_command_that_helps_and_is_read_afterwards() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.break_by_restart("hv02.lab.test");
    lab.post(&format!("/vms/vm-001/rename?to={}", "x".repeat(9_000)));
    limited(&lab, SMALL);
    let ran = lab.run(&[0, 1], &["--timeout", "5", "--retry-for", "5"]);
    assert_eq!((ran.code, ran.outcome()), (1, "not_ready"), "{:#}", ran.document);
    for host in ran.document["hosts"].as_array().unwrap() {
        let error = &host["error"];
        assert_eq!((error["code"].as_str(), error["retry"].as_str()), (Some("0x80338048"), Some("never")), "{error:#}");
        let command = r"`Set-Item -Path 'WSMan:\localhost\MaxEnvelopeSizekb' -Value 500`";
        assert!(error["next"].as_str().unwrap().contains(command), "{error:#}");
    }
    assert_eq!((lab.requests("invoke"), lab.states()), (0, vec![8; 2]));
    limited(&lab, "envelope?kb=500");
    assert_eq!(lab.run(&[0, 1], &[]).count("resumed"), 2);
}

#[test]
fn only_sizes_that_the_protocol_and_windows_know_are_accepted() {
    let lab = Lab::new(&["--vms", "1"]);
    for (route, status) in [
        ("hv01.lab.test/envelope", 400),
        ("hv01.lab.test/envelope?kb=7", 400),
        ("hv01.lab.test/envelope?kb=501", 400),
        ("hv01.lab.test/envelope?kb=8&for_s=1", 400),
        ("hv09.lab.test/envelope?kb=8", 404),
        ("hv01.lab.test/envelope?kb=8", 200),
    ] {
        assert_eq!(lab.try_post(&format!("/hosts/{route}")), status, "{route}");
    }
}
