//! How the program logs in to hosts, and whose certificates it believes.

use crate::lab::{Lab, Ran};

fn resumes(lab: &Lab, arguments: &[&str]) -> Ran {
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], arguments);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{arguments:?}: {:#}", ran.document);
    ran
}

/// Why the first host was not asked, and what is to be done.
fn refused(lab: &Lab, arguments: &[&str]) -> (String, String) {
    let ran = lab.run(&[0, 1], &[&["--timeout", "1s"], arguments].concat());
    assert_eq!(ran.code, 1, "{arguments:?}: {:#}", ran.document);
    let error = &ran.document["hosts"][0]["error"];
    (error["why"].as_str().unwrap().to_owned(), error["next"].as_str().unwrap().to_owned())
}

#[test]
fn replication_is_resumed_over_sealed_messages() {
    for (offered, chosen) in [("negotiate", "auto"), ("negotiate", "negotiate"), ("ntlm", "ntlm")] {
        let lab = Lab::new(&["--vms", "1", "--auth", offered]);
        let ran = resumes(&lab, &["--auth", chosen]);
        assert!(ran.document["hosts"][0]["tls_verified"].is_null(), "{:#}", ran.document);
    }
    let lab = Lab::new(&["--vms", "1", "--auth", "negotiate"]);
    lab.write_secret("password", "not-the-password");
    let (why, next) = refused(&lab, &["--auth", "ntlm"]);
    assert!(why.contains("the user or the password is wrong") && next.contains("password"), "{why}: {next}");
}

#[test]
fn over_https_the_certificate_decides_who_is_believed() {
    let lab = Lab::new(&["--vms", "1", "--tls"]);
    let authority = lab.write_secret("ca.pem", lab.told("certificate_pem").as_str().unwrap());
    let fingerprint = lab.told("certificate_sha256").as_str().unwrap();
    for trust in [["--ca", &authority], ["--tls-fingerprint", fingerprint]] {
        let ran = resumes(&lab, &trust);
        assert_eq!(ran.document["hosts"][0]["tls_verified"], true, "{:#}", ran.document);
        assert!(!ran.standard_error.contains("not verified"), "{}", ran.standard_error);
    }
    let ran = resumes(&lab, &["--insecure-no-tls-verification"]);
    assert_eq!(ran.document["hosts"][0]["tls_verified"], false);
    assert!(ran.standard_error.contains("note: certificates are not verified"), "{}", ran.standard_error);
    let other = fingerprint.replace(|c: char| c.is_ascii_digit(), "a");
    for (trust, cause) in [
        (vec!["--tls-fingerprint", other.as_str()], "which is not the one that was given"),
        (vec![], "no authority that is believed"),
    ] {
        let ran = lab.run(&[0, 1], &trust);
        let error = &ran.document["hosts"][0]["error"];
        assert_eq!((ran.code, error["retry"].as_str()), (1, Some("never")), "{:#}", ran.document);
        assert!(error["why"].as_str().unwrap().contains(cause), "{error}");
        assert!(error["next"].as_str().unwrap().contains("--ca FILE"), "{error}");
        // It is not asked again until its minute is over.
        assert!(ran.document["elapsed_ms"].as_u64().unwrap() < 60_000, "{:#}", ran.document);
    }
}
