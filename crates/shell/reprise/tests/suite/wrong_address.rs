//! An address that leads to something else than the service that it names: reported as what it is, at once.

use crate::lab::Lab;

/// The longest that a host is waited for: nothing waits here.
const TIMEOUT_MS: u64 = 40_000;

#[test]
fn https_to_a_port_that_does_not_speak_tls_is_a_wrong_address_and_is_not_retried() {
    let lab = Lab::new(&["--vms", "1"]);
    let url = lab.url(0).replace("http://", "https://");
    let ran = lab.run(&[], &["--host", &url, "--timeout", "40s", "--retry-for", "40s"]);
    assert_eq!((ran.code, ran.outcome()), (1, "not_ready"), "{}", ran.document);
    let error = &ran.document["hosts"][0]["error"];
    let text = |key: &str| error[key].as_str().unwrap().to_owned();
    assert!(text("why").contains("does not speak TLS") && !text("why").contains("services"), "{error}");
    assert!(text("next").starts_with("correct the address") && text("retry") == "never", "{error}");
    assert!(ran.document["elapsed_ms"].as_u64().unwrap() < TIMEOUT_MS, "it was waited for: {}", ran.document);
}
