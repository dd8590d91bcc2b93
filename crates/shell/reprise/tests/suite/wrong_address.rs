//! Addresses that lead to something else than WinRM: reported as what they are, at once.

use crate::lab::Lab;

/// The longest that a host is waited for: nothing waits here.
const TIMEOUT_MS: u64 = 40_000;

#[test]
fn another_path_and_another_scheme_are_wrong_addresses_and_are_not_retried() {
    let lab = Lab::new(&["--vms", "1"]);
    let right = lab.url(0);
    for (url, why) in [
        (right.replace("/wsman", "/other"), "has no such path"),
        (right.replace("http://", "https://"), "does not speak TLS"),
    ] {
        let ran = lab.run(&[], &["--host", &url, "--timeout", "40s", "--retry-for", "40s"]);
        let error = &ran.document["hosts"][0]["error"];
        assert_eq!((ran.code, ran.outcome(), &error["retry"]), (1, "not_ready", &"never".into()), "{}", ran.document);
        assert!(error["why"].as_str().unwrap().contains(why), "{error}");
        assert!(!error["why"].as_str().unwrap().contains("services"), "{error}");
        assert!(error["next"].as_str().unwrap().starts_with("correct the address"), "{error}");
        assert!(ran.document["elapsed_ms"].as_u64().unwrap() < TIMEOUT_MS, "it was waited for: {}", ran.document);
    }
}
