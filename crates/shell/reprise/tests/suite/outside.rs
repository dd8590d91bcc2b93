//! Usage, logins and files: what people get wrong before anything is asked.

use std::process::Command;

use crate::lab::{Lab, PROGRAM, Ran, ran};

fn program(arguments: &[&str]) -> Ran {
    ran(&Command::new(PROGRAM).args(arguments).env("REPRISE_CONFIG", "/nowhere/reprise.toml").output().unwrap())
}

#[test]
fn a_wrong_password_fails_the_pass_and_shows_no_password() {
    let lab = Lab::new(&["--vms", "1"]);
    lab.write_secret("password", "not-the-password");
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome()), (1, "failed"));
    let error = &ran.document["hosts"][0]["error"];
    assert_eq!(error["retry"], "never");
    assert!(error["next"].as_str().unwrap().contains("password"), "{error}");
    assert_eq!(error["what"], "cannot log in", "{error}");
    let everything = format!("{}{}{:?}", ran.document, ran.standard_error, lab.events());
    assert!(!everything.contains("not-the-password") && !everything.contains(&lab.password()));
    assert!(lab.requests("unauthorized") >= 2);
}

#[test]
fn a_wrong_password_is_shown_to_two_of_fifty_hosts_and_each_other_one_says_why_it_was_not_tried() {
    let lab = Lab::new(&["--hosts", "50", "--vms", "2"]);
    lab.write_secret("password", "not-the-password");
    let hosts: Vec<usize> = (0..50).collect();
    // With any other scheme each host is asked first what it offers, which it answers by a refusal too.
    let ran = lab.run(&hosts, &["--auth", "basic"]);
    assert_eq!((ran.code, ran.outcome()), (1, "failed"), "{:#}", ran.document);
    assert_eq!(lab.requests("unauthorized"), 2);
    let reasons = ran.document["hosts"].as_array().unwrap().iter().map(|host| host["error"]["why"].as_str().unwrap());
    let untried = reasons.filter(|why| why.contains("was not tried") && why.contains("could lock the account"));
    assert_eq!(untried.count(), 48, "{:#}", ran.document["hosts"]);
}

#[test]
fn a_login_in_an_address_is_refused_and_repeated_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reprise.toml");
    for address in ["http://svc:hunter2@127.0.0.1:1", "svc:hunter2@127.0.0.1"] {
        std::fs::write(&config, format!("version = 1\n[[host]]\nurl = '{address}'\n")).unwrap();
        let config = config.to_str().unwrap();
        for arguments in [
            ["run", "--host", address].as_slice(),
            &["run", address],
            &["run", "--config", config],
            &["events", "--host", address],
            &["lab", "ctl", "--control", address, "/world"],
        ] {
            let ran = program(arguments);
            assert_eq!((ran.code, ran.document.is_null()), (2, true), "{arguments:?}");
            assert!(ran.standard_error.contains("@127.0.0.1"), "{}", ran.standard_error);
            assert!(!ran.standard_error.contains("hunter2"), "{}", ran.standard_error);
        }
    }
}

/// Nothing ever comes out of the first, and the second never ends.
#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_to_and_a_device_are_given_up_wherever_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
    let password = folder.path().join("password");
    std::fs::write(&password, "x").unwrap();
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (pipe, password) = (pipe.to_str().unwrap(), password.to_str().unwrap());
    let host = ["run", "--user", "u", "--host", "https://127.0.0.1:1"];
    for (named, words) in [(pipe, "nothing came of it within 5 s"), ("/dev/zero", "")] {
        for arguments in [
            [&host[..], &["--password-file", named]].concat(),
            [&host[..], &["--password-file", password, "--ca", named]].concat(),
            vec!["run", "--config", named],
        ] {
            let ran = program(&arguments);
            assert_eq!((ran.code, ran.document.is_null()), (2, true), "{arguments:?}");
            assert!(ran.standard_error.contains(words), "{arguments:?}: {}", ran.standard_error);
        }
    }
}

#[test]
fn names_that_are_none_are_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "x").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let password = ["run", "--password-file", password.to_str().unwrap()];
    for (arguments, words) in [
        (vec!["--user", "", "--host", "http://127.0.0.1:1"], "the user's name is empty"),
        (vec!["--user", "LAB\\", "--host", "http://127.0.0.1:1"], "the user's name is empty"),
        (vec!["--user", "u", "--host", "http://fd00::1:20"], "http://[fd00::1:20]:5985/wsman"),
        (vec!["--user", "u", "--host", "http://[fd00::1%eth0]"], "only a link-local IPv6 address"),
        (vec!["--user", "u", "--spn", "hv01", "--host", "http://127.0.0.1:1"], "CLASS/NAME"),
        (
            vec!["--user", "u", "--spn", "HTTP/hv01", "--host", "http://127.0.0.1:1", "--host", "http://127.0.0.1:2"],
            "--spn is the name of one host",
        ),
    ] {
        let ran = program(&[&password[..], &arguments].concat());
        assert_eq!((ran.code, ran.document.is_null()), (2, true), "{arguments:?}");
        assert!(ran.standard_error.contains(words), "{arguments:?}: {}", ran.standard_error);
    }
}

#[test]
fn flags_for_tls_that_would_do_nothing_are_refused() {
    let fingerprint = "00".repeat(32);
    for flags in [
        ["--ca", "/nowhere/ca.pem"].as_slice(),
        &["--tls-fingerprint", &fingerprint],
        &["--insecure-no-tls-verification"],
    ] {
        let login = ["run", "--host", "http://127.0.0.1:1", "--user", "a", "--password-file", "/nowhere/password"];
        let ran = program(&[&login, flags].concat());
        assert_eq!(ran.code, 2, "{}", ran.standard_error);
        assert!(ran.standard_error.contains("no host is asked over https://"), "{}", ran.standard_error);
    }
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_may_read_is_refused_before_anything_is_sent() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new(&["--vms", "1"]);
    for mode in [0o644, 0o640, 0o620] {
        std::fs::set_permissions(lab.path("password"), std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = lab.run(&[0], &[]);
        assert_eq!((ran.code, ran.document.is_null()), (2, true), "{mode:o}");
        assert!(ran.standard_error.contains("next:"), "{}", ran.standard_error);
    }
    assert_eq!(lab.requests("unauthorized") + lab.requests("enumerate"), 0);
}

/// A key of svc@LAB.TEST.
const KEYTAB: &[u8] = include_bytes!("../../../../../fuzz/corpus/login_client/keytab");

#[cfg(unix)]
#[test]
fn a_keytab_that_is_of_no_use_is_told_before_anything_is_sent() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new(&["--vms", "1"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keytab");
    let told = |content: &[u8], mode: u32, user: &str, more: &[&str]| {
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["run", "--json", "--event-log", "none", "--host", &lab.url(0), "--user", user]);
        command.args(["--timeout", "1", "--retry-for", "1", "--keytab"]).arg(&path).args(more);
        ran(&command.output().unwrap())
    };
    for (content, mode, user, more, words) in [
        (KEYTAB, 0o600, "admin@LAB.TEST", &[][..], "has no key for admin@LAB.TEST, only for svc@LAB.TEST"),
        (KEYTAB, 0o644, "svc@LAB.TEST", &[], "is open to others (mode 0644)"),
        (KEYTAB, 0o600, "svc@LAB.TEST", &["--auth", "ntlm"], "a keytab works with Kerberos only"),
        (KEYTAB, 0o600, "svc@LAB.TEST", &["--auth", "basic"], "a keytab works with Kerberos only"),
        (b"hunter2", 0o600, "svc@LAB.TEST", &[], "it is not a keytab"),
        (&KEYTAB[..40], 0o600, "svc@LAB.TEST", &[], "it ends in the middle of an entry"),
    ] {
        let ran = told(content, mode, user, more);
        assert_eq!((ran.code, ran.document.is_null()), (2, true), "{words}");
        let error = &ran.standard_error;
        assert!(error.contains(words) && error.contains("next:") && !error.contains("hunter2"), "{error}");
    }
    assert_eq!(lab.requests("unauthorized"), 0);
    // One that is of use leads to Kerberos alone, which knows no host by its address.
    let ran = told(KEYTAB, 0o600, "lab.test\\svc", &[]);
    assert_eq!(ran.code, 1, "{}", ran.standard_error);
    assert!(ran.document.to_string().contains("Kerberos knows hosts by name"), "{:#}", ran.document);
}

#[test]
fn usage_errors_print_nothing_on_standard_output_and_say_what_next() {
    let cases: [&[&str]; 14] = [
        &["run"],
        &["run", "--host", "hv01"],
        &["run", "--host", "http://127.0.0.1:1"],
        &["run", "--host", "http://127.0.0.1:1", "--user", "u"],
        &["run", "--host", "http://127.0.0.1:1", "--user", "u", "--password-file", "a", "--keytab", "b"],
        &["run", "--host", "http://127.0.0.1:1", "--timeout", "soon"],
        &["run", "--config", "/nowhere/reprise.toml"],
        &["run", "--host", "http://127.0.0.1:1", "--vms-timeout", "2"],
        &["lab", "up", "--os", "2012", "--topology", "chain", "--hosts", "3"],
        &["lab", "up", "--extended", "1"],
        &["lab", "up", "--topology", "pairs", "--hosts", "3"],
        &["lab", "up", "--auth", "kerberos"],
        &["lab", "up", "--keytab", "/nowhere/keytab"],
        &["lab", "up", "--auth", "basic,digest"],
    ];
    for arguments in cases {
        let output = Command::new(PROGRAM).args(arguments).env("REPRISE_CONFIG", "").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(program(&["run"]).code, 2, "a configuration that somebody named must be there");
}

#[test]
fn what_would_do_nothing_in_a_login_is_refused_with_what_to_write_instead() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reprise.toml");
    let refused = |config: Option<&str>, arguments: &str, words: &str| {
        let mut command = Command::new(PROGRAM);
        command.arg("run").args(arguments.split(' ').filter(|word| !word.is_empty()));
        if let Some(text) = config {
            std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
            command.arg("--config").arg(&path);
        }
        let ran = ran(&command.env("REPRISE_CONFIG", "").output().unwrap());
        assert_eq!((ran.code, ran.document.is_null()), (2, true), "{arguments}: {}", ran.standard_error);
        let error = &ran.standard_error;
        assert!(error.contains(words) && error.contains("next:"), "{arguments}: {error}");
    };
    let shown = "--certificate c --key k";
    for (arguments, words) in [
        (format!("--auth certificate {shown} --user u"), "--user: with the scheme certificate"),
        (format!("--auth certificate {shown} --password-file p"), "--password-file: with the scheme certificate"),
        (format!("--auth certificate {shown} --kdc k"), "--kdc: with the scheme certificate"),
        (
            format!("--auth ntlm {shown} --user u --password-file p"),
            "--certificate: only the scheme certificate uses it",
        ),
        (format!("{shown} --user u --password-file p"), "`certificate` is given"),
        ("--auth ntlm --user u --password-file p --kdc k".to_owned(), "--kdc: this scheme uses no Kerberos server"),
        ("--auth basic --user u --keytab k".to_owned(), "--keytab: a keytab works with Kerberos only"),
    ] {
        refused(None, &format!("--host https://127.0.0.1:1 {arguments}"), words);
    }
    let two = "[[host]]\nurl = 'http://127.0.0.1:1'\nuser = 'a'\npassword_file = 'a'\n\
               [[host]]\nurl = 'http://127.0.0.1:2'\nuser = 'b'\npassword_file = 'b'\n";
    refused(Some(two), "--password-file p", "the configuration names several");
    // A Kerberos server that one layer names for a scheme that another chooses.
    let host =
        "[login]\nauth = 'ntlm'\nuser = 'a'\npassword_file = 'a'\n[[host]]\nurl = 'http://127.0.0.1:1'\nkdc = 'k'\n";
    refused(Some(host), "", "`kdc` is given, but this scheme uses no Kerberos server");
}

#[test]
fn every_problem_of_a_configuration_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reprise.toml");
    std::fs::write(&path, "version = 1\n[run]\ntimeot = '5m'\n[policy]\npeer_unseen = 'maybe'\n").unwrap();
    let ran = program(&["run", "--config", &path.to_string_lossy()]);
    assert_eq!(ran.code, 2);
    assert!(ran.standard_error.contains("line 3: run.timeot") && ran.standard_error.contains("did you mean `timeout`"));
    assert!(ran.standard_error.contains("line 5: policy.peer_unseen"), "{}", ran.standard_error);
}

#[test]
fn basic_is_never_sent_in_the_clear_to_another_machine() {
    let lab = Lab::new(&["--vms", "1"]);
    let ran = ran(&Command::new(PROGRAM)
        .args(["run", "--json", "--event-log", "none", "--host", "http://192.0.2.1", "--auth", "basic", "--user", "u"])
        .arg("--password-file")
        .arg(lab.path("password"))
        .output()
        .unwrap());
    assert_eq!(ran.code, 1);
    let why = ran.document["hosts"][0]["error"]["why"].as_str().unwrap();
    assert!(why.contains("loopback only"), "{why}");
}

#[test]
fn the_control_api_says_what_it_cannot_do() {
    let lab = Lab::new(&["--vms", "1"]);
    for (route, status) in [
        ("/hosts/hv09.lab.test/boot", 404),
        ("/hosts/hv01.lab.test/boot", 409),
        ("/hosts/hv01.lab.test/shutdown?in_flight=some", 400),
        ("/hosts/hv01.lab.test/shutdown?colour=red", 400),
        ("/hosts/hv01.lab.test/explode", 404),
        ("/vms/vm-009/pause", 404),
        ("/vms/vm-001/resume", 409),
        ("/vms/vm-001/reverse", 409),
        ("/vms/vm-001/pause?leg=extended", 409),
        ("/faults/gremlins", 404),
        ("/faults/busy?host=hv09.lab.test", 404),
        ("/faults/job_fail?vm=vm-009", 404),
        ("/faults/busy?count=0", 400),
        ("/faults/busy?count=few", 400),
        ("/faults/busy?op=identify", 400),
        ("/faults/busy?ms=5", 400),
        ("/faults/slow", 400),
        ("/faults/login?op=get", 400),
        ("/faults/deny?vm=vm-001", 400),
        ("/faults/rights", 400),
        ("/faults/rights?namespace=root", 400),
        ("/faults/job_fail?code=0", 400),
        ("/faults/job_fail?code=4294967296", 400),
        ("/faults/unreadable", 400),
        ("/faults/unreadable?vm=vm-001&row=job", 400),
        ("/faults/fault_shape?shape=round", 400),
        ("/faults/busy?host=hv01.lab.test&op=invoke&count=1", 200),
        ("/links/hv01.lab.test/hv02.lab.test/cut", 200),
        ("/links/hv01.lab.test/hv02.lab.test/heal?delay_ms=5", 200),
    ] {
        assert_eq!(lab.try_post(route), status, "{route}");
    }
}

#[test]
fn the_lab_writes_its_endpoints_whole_and_ends_when_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let mut child = Command::new(PROGRAM)
        .args(["lab", "up", "--endpoints", &path.to_string_lossy()])
        .stdin(std::process::Stdio::null())
        .spawn()
        .unwrap();
    crate::lab::until("the endpoints file", || path.exists());
    let text = std::fs::read_to_string(&path).unwrap();
    let endpoints: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(endpoints["hosts"][1]["name"], "hv02.lab.test");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let world = Command::new(PROGRAM)
            .args(["lab", "ctl", "/world", "--endpoints", &path.to_string_lossy()])
            .output()
            .unwrap();
        assert_eq!(world.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&world.stdout).contains("\"hv01.lab.test\""));
        Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    #[cfg(not(unix))]
    child.kill().unwrap();
}

/// Here it cannot go on once the file is there, since nobody reads what it says.
#[cfg(unix)]
#[test]
fn a_lab_that_is_ended_as_soon_as_its_endpoints_can_be_read_shuts_down_cleanly() {
    use std::io::{Read as _, Write as _};
    use std::os::{fd::OwnedFd, unix::net::UnixStream};
    let (mut ours, mut full) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[b'.'; 4096]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let mut child = Command::new(PROGRAM)
        .args(["lab", "up", "--endpoints", &path.to_string_lossy()])
        .stdin(std::process::Stdio::null())
        .stderr(OwnedFd::from(full))
        .spawn()
        .unwrap();
    crate::lab::until("the endpoints file", || path.exists());
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let mut told = Vec::new();
    ours.read_to_end(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", String::from_utf8_lossy(&told).trim_start_matches('.'));
}

#[test]
fn a_name_that_stands_for_two_vms_is_a_usage_error_with_the_candidates() {
    let lab = Lab::new(&["--vms", "4", "--odd-names"]);
    lab.break_by_restart("hv02.lab.test");
    let ran = lab.run(&[0, 1], &["--except", "web"]);
    assert_eq!((ran.code, ran.document.is_null()), (2, true));
    let events = lab.events();
    let text = events.last().unwrap()["message"].as_str().unwrap();
    assert!(text.contains("Nothing was done. Cannot tell which VM to leave alone: 2 have the name web"), "{text}");
    assert!(!text.contains("did not become ready"), "{text}");
    let world = lab.world();
    for vm in &world["vms"].as_array().unwrap()[..2] {
        assert_eq!(vm["vm"], "web");
        assert!(ran.standard_error.contains(vm["vm_id"].as_str().unwrap()), "{}", ran.standard_error);
    }
    assert_eq!((lab.requests("invoke"), lab.states()), (0, vec![8, 8, 8, 8]));
    let id = world["vms"][0]["vm_id"].as_str().unwrap();
    let unmatched = lab.run(&[0, 1], &["--except", id, "--except", "nobody"]);
    assert_eq!((unmatched.code, lab.states()), (3, vec![8, 8, 8, 8]), "{}", unmatched.standard_error);
    let ran = lab.run(&[0, 1], &["--except", id, "--except", "nobody", "--ignore-unmatched-holds"]);
    assert_eq!((ran.code, lab.states()), (0, vec![8, 3, 3, 3]), "{}", ran.standard_error);
    for ran in [unmatched, ran] {
        assert!(ran.standard_error.contains("`--except nobody`"), "{}", ran.standard_error);
    }
}
