//! Configurations as people write them.

use std::time::Duration;

use proptest::prelude::*;
use reprise_model::{HoldScope, PausedRule, PeerUnseen};

use crate::{CertificateRef, LocalSettings, PasswordRef, ProofRef, Scheme, TrustRef, parse_duration, read};

#[test]
fn the_sample_configuration_is_valid_and_says_what_the_defaults_are() {
    let config = read(include_str!("../../../../packaging/reprise.toml")).unwrap();
    assert_eq!(config.policy.paused, reprise_model::PausedPolicy::default());
    assert_eq!(config.policy.pace, reprise_model::Pace::default());
    assert!(!config.hosts.is_empty());
}

#[test]
fn the_sample_for_workgroup_hosts_is_valid_and_gives_each_host_a_login_of_its_own() {
    let config = read(include_str!("../../../../packaging/workgroup.toml")).unwrap();
    let logins: Vec<_> = config.hosts.iter().map(|host| host.login.over(&config.login)).collect();
    let proofs: std::collections::BTreeSet<String> = logins.iter().map(|login| format!("{:?}", login.proof)).collect();
    assert_eq!((config.hosts.len(), proofs.len()), (3, 3), "{proofs:?}");
    let users: Vec<_> = logins.iter().map(|login| login.user.clone().unwrap()).collect();
    assert_eq!(users, ["reprise", "reprise", "hv03\\reprise"]);
    assert!(logins.iter().all(|login| login.auth == Some(Scheme::Ntlm)));
    let over_tls = config.hosts.iter().zip(&logins).filter(|(host, _)| host.url.is_secure());
    assert!(over_tls.into_iter().all(|(_, login)| matches!(login.trust, Some(TrustRef::Fingerprint(_)))));
}

#[test]
fn everything_that_is_said_is_read() {
    let config = read(
        r#"
version = 1
login = { user = 'LAB\svc', password_file = "/etc/reprise/password", auth = "kerberos", kdc = "dc01", ca = "/etc/reprise/ca.pem" }
[[host]]
url = "http://hv01.lab.test"
[[host]]
url = "https://10.0.0.2:5986/wsman"
name = "hv02.lab.test"
user = "other"
password_credential = "hv02"
fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"
certificate = "/etc/reprise/client.pem"
key = "/etc/reprise/client.key"
[run]
timeout = "2m"
retry_for = 90
per_host = 3
per_host_max = 12
[serve]
interval = "20s"
[policy]
peer_unseen = "resume"
[policy.paused]
at_boot = "evidence"
[[hold]]
vm = "sql-01"
reason = "migration"
until = "2026-11-30T22:00:00Z"
[[hold]]
all = true
reason = "freeze"
[discover]
peers = true
resolve = { "HV03.lab.test" = "http://127.0.0.1:4711/wsman" }
"#,
    )
    .unwrap();
    assert_eq!(config.hosts.len(), 2);
    let resolved = reprise_model::HostName::new("hv03.lab.test").unwrap();
    assert!(config.discover.peers);
    assert_eq!(config.discover.resolve[&resolved].to_string(), "http://127.0.0.1:4711/wsman");
    assert_eq!(config.hosts[1].login.proof, Some(ProofRef::Password(PasswordRef::Credential("hv02".to_owned()))));
    assert_eq!((config.login.auth, config.login.kdc.as_deref()), (Some(Scheme::Kerberos), Some("dc01")));
    assert_eq!(config.login.trust, Some(TrustRef::Authorities("/etc/reprise/ca.pem".to_owned())));
    assert!(matches!(&config.hosts[1].login.trust, Some(TrustRef::Fingerprint(text)) if text.starts_with("00:11")));
    let client =
        CertificateRef { certificate: "/etc/reprise/client.pem".to_owned(), key: "/etc/reprise/client.key".to_owned() };
    assert_eq!((&config.login.certificate, &config.hosts[1].login.certificate), (&None, &Some(client)));
    assert_eq!(config.run.timeout, Some(Duration::from_mins(2)));
    assert_eq!(config.run.retry_for, Some(Duration::from_secs(90)));
    assert_eq!(config.serve.interval, Some(Duration::from_secs(20)));
    let pace = config.policy.pace;
    assert_eq!((pace.per_host.get(), pace.per_host_max.get()), (3, 12));
    assert_eq!(config.policy.peer_unseen, PeerUnseen::Resume);
    assert_eq!(config.policy.paused.at_boot, PausedRule::Evidence);
    assert_eq!(config.policy.holds[1].scope, HoldScope::All);
    assert_eq!(config.policy.holds[0].until, Some(reprise_model::Timestamp(1_796_076_000_000)));
}

#[test]
fn a_user_is_proved_by_a_password_or_a_keytab_and_not_by_several() {
    let config = read(
        "version = 1\n[login]\nuser = 'svc@LAB.TEST'\nkeytab = '/etc/reprise/keytab'\n\
         [[host]]\nurl = 'http://hv01'\nuser = 'other@LAB.TEST'\nkeytab = 'other'\n",
    )
    .unwrap();
    assert_eq!(config.login.proof, Some(ProofRef::Keytab("/etc/reprise/keytab".to_owned())));
    assert_eq!(config.hosts[0].login.proof, Some(ProofRef::Keytab("other".to_owned())));
    let several = "version = 1\n[login]\nkeytab = 'a'\npassword_credential = 'b'\npassword_file = 'c'\n";
    let expected = "\
line 3: login.keytab: give one of password_file, password_credential and keytab
line 4: login.password_credential: give one of password_file, password_credential and keytab";
    assert_eq!(read(several).unwrap_err().to_string(), expected);
}

#[test]
fn all_problems_are_told_at_once_each_with_its_line_and_a_hint() {
    let text = r#"version = 2
[[host]]
ulr = "http://hv01"
[run]
timeout = "soon"
per_host = 0
[policy]
peer_unseen = "wiat"
colour = "red"
[policy.paused]
at_boot = 7
[[hold]]
vm = "a"
host = "b"
[discover]
peers = 1
resolve = { hv02 = 5 }
[serve]
interval = 0
"#;
    let expected = "\
line 1: version: the only supported version is 1
line 2: host.url: missing: every [[host]] needs one, or local = true
line 3: host.ulr: unknown key; did you mean `url`?
line 5: run.timeout: `soon` is not a duration such as 15s, 2m or 1h30m (at most a year)
line 6: run.per_host: expected an integer from 1 to 4294967295
line 8: policy.peer_unseen: `wiat` is not one of wait, resume; did you mean `wait`?
line 9: policy.colour: unknown key; allowed are resync, peer_unseen, paused
line 11: policy.paused.at_boot: expected a string in quotes
line 12: hold: give exactly one of vm, host and all = true
line 12: hold.reason: missing: write down why this is held
line 16: discover.peers: expected true or false
line 17: discover.resolve.hv02: expected a string in quotes
line 19: serve.interval: a host is looked at once a second at most";
    assert_eq!(read(text).unwrap_err().to_string(), expected);
}

#[test]
fn the_most_acts_at_once_are_at_least_as_many_as_the_first() {
    let read = |lines: &str| read(&format!("version = 1\n[run]\n{lines}\n"));
    let paced = |lines: &str| read(lines).map(|config| config.policy.pace).unwrap();
    assert_eq!(paced("per_host = 3").per_host_max, reprise_model::Pace::default().per_host_max);
    assert_eq!(paced("per_host = 40").per_host_max.get(), 40);
    assert_eq!(paced("per_host_max = 6").per_host_max.get(), 6);
    let error = read("per_host_max = 5").unwrap_err();
    assert_eq!(error.to_string(), "line 3: run.per_host_max: it is less than per_host, which is 6");
}

#[test]
fn a_certificate_and_its_key_are_given_together() {
    for half in ["certificate = \"a\"", "key = \"a\""] {
        let error = read(&format!("version = 1\n[login]\n{half}\n")).unwrap_err();
        assert_eq!(error.to_string(), "line 3: login.certificate: give both certificate and key");
    }
}

#[test]
fn settings_of_a_login_that_would_do_nothing_are_told_with_their_lines() {
    let text = r#"version = 1
[login]
certificate = "a"
key = "b"
[[host]]
url = "https://hv01"
auth = "certificate"
user = 'LAB\svc'
[[host]]
url = "https://hv02"
kdc = "dc01"
auth = "ntlm"
[[host]]
url = "https://hv03"
keytab = "k"
auth = "basic"
"#;
    let expected = "\
line 3: login.certificate: give auth = \"certificate\" with it
line 8: host.user: with the scheme certificate, the host takes the user from the certificate; leave it out, or choose another scheme
line 11: host.kdc: this scheme uses no Kerberos server; leave it out, or choose auto, negotiate or kerberos
line 15: host.keytab: a keytab works with Kerberos only; leave the scheme out, or use kerberos; NTLM and Basic \
need a password";
    assert_eq!(read(text).unwrap_err().to_string(), expected);
}

#[test]
fn a_text_that_is_no_toml_is_told_with_its_line() {
    let error = read("version = 1\n[run\n").unwrap_err();
    assert_eq!(error.problems[0].line, 2);
}

#[test]
fn lengths_of_time_are_read_as_people_write_them() {
    for (text, seconds) in [("15s", 15), ("2m", 120), ("1h30m", 5_400), ("90", 90), ("0", 0), ("1h1s", 3_601)] {
        assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "s", "1.5s", "-1s", "30m1h", "1s1s", "1d", "99999999999999999999s", "9999999h"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "(version = 1\n)?[\\[\\]a-z =\"'0-9\n.{}#]{0,120}") {
        let _read = read(&text);
    }

    #[test]
    fn no_length_panics(text in "[0-9hms. -]{0,30}") {
        let _read = parse_duration(&text);
    }
}

#[test]
fn addresses_and_schemes_are_read_here_and_each_that_is_none_is_told_with_its_line() {
    let text = r#"version = 1
[login]
auth = "kerberso"
[[host]]
url = "ftp://hv01"
[[host]]
url = "http://hv02:x"
[[host]]
url = "http://fd00::1:20"
[[host]]
url = "hv03"
tier = "first"
[discover]
resolve = { hv04 = "http://", hv05 = "https://hv05" }
"#;
    let told: Vec<(usize, String)> =
        read(text).unwrap_err().problems.into_iter().map(|problem| (problem.line, problem.key)).collect();
    let expected = [
        (3, "login.auth"),
        (5, "host.url"),
        (7, "host.url"),
        (9, "host.url"),
        (11, "host.url"),
        (12, "host.tier"),
        (14, "discover.resolve.hv04"),
    ];
    assert_eq!(told, expected.map(|(line, key)| (line, key.to_owned())));
}

#[test]
fn an_address_with_a_login_in_it_is_refused_without_repeating_the_login() {
    for address in
        ["http://svc:hunter2@hv01", "svc:hunter2@hv01", "http://svc:hun/ter2@hv01:x", "http://svc:hunter2%40hv01"]
    {
        let text =
            format!("version = 1\n[[host]]\nurl = '{address}'\n[discover]\nresolve = {{ hv02 = '{address}' }}\n");
        let error = read(&text).unwrap_err();
        assert_eq!(error.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3, 5], "{address}");
        for told in [error.to_string(), format!("{error:?}")] {
            assert!(!told.contains("hun") && !told.contains("ter2") && !told.contains("svc"), "{told}");
            assert!(told.contains("hv01") && told.contains("password_file"), "{told}");
        }
    }
}

#[test]
fn a_setting_that_would_do_nothing_is_refused_with_its_line() {
    for word in ["never", "window"] {
        let error = read(&format!("version = 1\n[policy]\nresync = '{word}'\n")).unwrap_err();
        let expected =
            format!("line 3: policy.resync: `{word}` is not supported yet; leave it out, or write \"approve\"");
        assert_eq!(error.to_string(), expected);
    }
    assert!(read("version = 1\n[policy]\nresync = 'approve'\n").is_ok());
    let typo = read("version = 1\n[policy]\nresync = 'aprove'\n").unwrap_err();
    assert_eq!(typo.to_string(), "line 3: policy.resync: `aprove` is not supported; write \"approve\"");
    let held = read("version = 1\n[[hold]]\nvm = 'a'\nreason = 'b'\nall = false\n").unwrap_err();
    assert_eq!(held.to_string(), "line 5: hold.all: expected true; leave it out unless everything is held");
}

#[test]
fn what_belongs_to_tls_is_refused_where_there_is_none() {
    let text = r#"version = 1
[login]
auth = "certificate"
certificate = "a"
key = "b"
[[host]]
url = "http://hv01"
[[host]]
url = "https://hv02"
ca = "c"
[[host]]
url = "http://hv03"
auth = "auto"
ca = "c"
[[host]]
url = "http://hv04"
auth = "auto"
fingerprint = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
"#;
    let expected = "\
line 7: host.url: the scheme certificate needs TLS; write https://, or choose another scheme
line 14: host.ca: it has no effect over http://; write https:// in url, or leave it out
line 18: host.fingerprint: it has no effect over http://; write https:// in url, or leave it out";
    assert_eq!(read(text).unwrap_err().to_string(), expected);
    // A found host may have its address here, and gets the login of the host that named it.
    let found = "version = 1\n[[host]]\nurl = 'http://hv01'\nca = 'c'\n[discover]\npeers = true\nresolve = { hv02 = 'https://hv02' }\n";
    assert!(read(found).is_ok());
}

#[test]
fn a_hold_that_can_match_nothing_and_a_name_with_blanks_are_told_with_their_lines() {
    let text = r#"version = 1
[[hold]]
vm = "vm-001 "
reason = "r"
[[hold]]
vm = ""
reason = "r"
[[hold]]
vm = "*"
reason = "r"
[[hold]]
vm = "\u200B"
reason = "r"
[[hold]]
host = " hv01"
reason = "r"
[[hold]]
host = "hv 01"
reason = "r"
[[host]]
url = "http://hv01"
name = "http://svc:hunter2@hv01"
[discover]
resolve = { "hv02 " = "http://hv02" }
"#;
    let error = read(text).unwrap_err();
    let told: Vec<(usize, &str)> = error.problems.iter().map(|problem| (problem.line, problem.key.as_str())).collect();
    let expected = [
        (3, "hold.vm"),
        (6, "hold.vm"),
        (9, "hold.vm"),
        (12, "hold.vm"),
        (15, "hold.host"),
        (18, "hold.host"),
        (22, "host.name"),
        (24, "discover.resolve"),
    ];
    assert_eq!(told, expected);
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(read("version = 1\n[[hold]]\nvm = 'שרת קבצים *'\nreason = 'r'\n").is_ok());
}

#[test]
fn a_kerberos_server_with_a_login_in_it_is_refused_without_repeating_the_login() {
    let error = read("version = 1\n[login]\nkdc = 'tcp://svc:hunter2@dc01'\n").unwrap_err().to_string();
    assert!(error.starts_with("line 3: login.kdc: expected") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_name_that_two_hosts_are_given_is_told_with_its_line() {
    let host = |n: u8, name: &str| format!("[[host]]\nurl = 'http://10.0.0.{n}'\nname = '{name}'\n");
    let text = |second: &str| format!("version = 1\n{}{}", host(1, "hv01"), host(2, second));
    let error = read(&text("HV01")).unwrap_err();
    assert_eq!(error.to_string(), "line 7: host.name: this name is another host's above; give each host its own");
    assert!(read(&text("hv02")).is_ok());
}

#[test]
fn an_address_that_is_listed_twice_is_told_with_its_line() {
    let text = "version = 1\n[[host]]\nurl = 'http://hv01'\n[[host]]\nurl = 'http://HV01:5985/wsman'\nuser = 'x'\n";
    let error = read(text).unwrap_err();
    assert_eq!(error.to_string(), "line 5: host.url: this address is listed before; list each host once");
}

#[test]
fn this_computer_is_listed_beside_others_and_has_neither_an_address_nor_a_login() {
    let text =
        "version = 1\n[[host]]\nlocal = true\nname = 'hv01'\ntier = 2\n[[host]]\nurl = 'http://hv02'\nlocal = false\n";
    let config = read(text).unwrap();
    assert_eq!(config.local, Some(LocalSettings { name: Some("hv01".to_owned()), tier: Some(2) }));
    assert_eq!(config.hosts.len(), 1);
    assert_eq!(read("version = 1\n[[host]]\nlocal = true\n").unwrap().hosts, []);
    assert_eq!(read("version = 1\n").unwrap().local, None);
    let error = read(
        "version = 1
[[host]]
url = 'http://hv01'
local = true
[[host]]
local = true
user = 'admin'
keytab = 'file'
tier = -1
[[host]]
local = 1
[[host]]
local = false
[[host]]
url = 'http://hv02'
name = 'HV02'
[[host]]
local = true
name = 'hv02'
local_ = 1
",
    )
    .unwrap_err();
    let found = error.to_string();
    let expected = "\
line 4: host.local: give either url or local = true
line 6: host.local: this computer is listed before; list it once
line 7: host.user: it has no effect with local = true, which needs no login; leave it out
line 8: host.keytab: it has no effect with local = true, which needs no login; leave it out
line 9: host.tier: expected an integer from 0 to 4294967295
line 11: host.local: expected true or false
line 12: host.url: missing: every [[host]] needs one, or local = true
line 18: host.local: this computer is listed before; list it once
line 19: host.name: this name is another host's above; give each host its own
line 20: host.local_: unknown key; did you mean `local`?";
    assert_eq!(found, expected);
}

#[test]
fn a_value_of_another_type_is_named_by_what_is_expected_and_not_quoted_as_something_else() {
    let told = |text: &str| read(text).unwrap_err().to_string();
    let duration = "line 3: run.timeout: expected a duration in quotes, such as \"15s\"";
    for value in ["true", "1e99", "1.5", "[1]", "{ a = 1 }"] {
        let told = told(&format!("version = 1\n[run]\ntimeout = {value}\n"));
        assert!(told.starts_with(duration), "{value}: {told}");
    }
    let told_empty = told("version = 1\n[run]\ntimeout = \"\"\n");
    assert!(told_empty.contains("run.timeout: it is empty; write a duration"), "{told_empty}");
    for value in ["\"1\"", "1.0", "true"] {
        assert_eq!(told(&format!("version = {value}\n")), "line 1: version: expected the number 1, without quotes");
    }
    assert_eq!(told("version = 2\n"), "line 1: version: the only supported version is 1");
}
