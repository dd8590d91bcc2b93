//! How the program logs in to hosts, and whose certificates it trusts.

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
fn hosts_are_asked_over_ipv6_with_and_without_tls() {
    for more in [&[][..], &["--tls"]] {
        let lab = Lab::new(&[&["--vms", "1", "--ipv6"], more].concat());
        assert!(lab.url(0).contains("://[::1]:"), "{}", lab.url(0));
        let trust = more.first().map(|_| lab.told("certificate_sha256").as_str().unwrap().to_owned());
        resumes(&lab, &trust.iter().flat_map(|hash| ["--tls-fingerprint", hash]).collect::<Vec<_>>());
    }
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
        (vec![], "no trusted authority"),
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

#[test]
fn a_certificate_logs_in_if_it_is_the_users_and_its_key_is_kept() {
    let labs = [
        Lab::new(&["--vms", "1", "--tls", "--auth", "certificate"]),
        Lab::new(&["--vms", "1", "--tls", "--auth", "certificate"]),
    ];
    let [lab, other] = &labs;
    let file = |of: &Lab, name: &str, key: &str| lab.write_secret(name, of.told(key).as_str().unwrap());
    let authority = file(lab, "ca.pem", "certificate_pem");
    let shown = |of: &Lab, name: &str| {
        let certificate = file(of, &format!("{name}.pem"), "client_certificate_pem");
        (certificate, file(of, &format!("{name}.key"), "client_key_pem"))
    };
    let arguments = |(certificate, key): &(String, String)| {
        let texts = ["--auth", "certificate", "--ca", &authority, "--certificate", certificate, "--key", key];
        texts.map(ToOwned::to_owned)
    };
    let (mine, theirs) = (shown(lab, "mine"), shown(other, "theirs"));
    let ran = resumes(lab, &arguments(&mine).each_ref().map(String::as_str));
    assert_eq!(ran.document["hosts"][0]["tls_verified"], true);
    assert!(!ran.standard_error.contains("PRIVATE KEY"), "{}", ran.standard_error);
    let (why, _) = refused(lab, &arguments(&theirs).each_ref().map(String::as_str));
    assert!(why.contains("refused the client certificate"), "{why}");
    let usage = |arguments: &[&str]| {
        let output = lab.command(&[0], arguments).output().expect("the program runs");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(usage(&["--auth", "certificate"]).contains("no client certificate is given"));
    let mixed = arguments(&(mine.0.clone(), theirs.1));
    assert!(usage(&mixed.each_ref().map(String::as_str)).contains("not that of the certificate"));
    #[cfg(unix)]
    {
        std::fs::set_permissions(&mine.1, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
        let told = usage(&arguments(&mine).each_ref().map(String::as_str));
        assert!(told.contains("key file") && told.contains("open to others") && told.contains("chmod"), "{told}");
    }
    let clear = Lab::new(&["--vms", "1"]);
    let output = clear.command(&[0], &arguments(&mine).each_ref().map(String::as_str)).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no host is asked over https://"), "{told}");
    let (certificate, key) = &mine;
    let alone = ["--auth", "certificate", "--certificate", certificate.as_str(), "--key", key.as_str()];
    let output = clear.command(&[0], &alone).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("a client certificate needs https://"), "{told}");
}
