//! `doctor`: what it finds at a pair of hosts, one trouble at a time, and that it changes nothing.

use std::process::{Command, Output};
use std::time::Duration;

use cim::stepped::{Next, Stepped};
use reprise_hyperv::examine::{Examination, TaskState, examine};
use reprise_model::{Problem, ProblemKind};
use serde_json::Value;
use wsman::client::{Call, MessageSettings, Progress};

use crate::lab::{Lab, PROGRAM, Ran, ran};

/// The verb against both hosts.
fn output(lab: &Lab, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(["doctor", "--user", &lab.user(), "--password-file", &lab.path("password")]).args(arguments);
    if !arguments.contains(&"--host") {
        command.args(["--host", &lab.url(0), "--host", &lab.url(1)]);
    }
    command.current_dir(lab.path(".")).output().unwrap()
}

fn json(lab: &Lab, arguments: &[&str]) -> Ran {
    ran(&output(lab, &[arguments, &["--json"]].concat()))
}

fn page(lab: &Lab) -> String {
    String::from_utf8(output(lab, &[]).stdout).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The findings of a host that are not as they should be: id, level, and all that is said.
fn wrong(ran: &Ran, host: usize) -> Vec<(&str, &str, String)> {
    let findings = ran.document["hosts"][host]["findings"].as_array().unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let wrong = findings.iter().filter(|finding| finding["level"] != "ok").map(|finding| {
        let told = ["what", "why", "remedy"].map(|key| text(finding, key)).join("\n");
        (finding["id"].as_str().unwrap(), finding["level"].as_str().unwrap(), told)
    });
    wrong.collect()
}

/// The one finding of the first host that is not as it should be; the other host is well.
#[track_caller]
fn only(ran: &Ran) -> (&str, &str, String) {
    let mut found = wrong(ran, 0);
    assert_eq!((found.len(), wrong(ran, 1).len()), (1, 0), "{:#}", ran.document);
    found.remove(0)
}

#[track_caller]
fn is(ran: &Ran, id: &str, level: &str, words: &str) {
    let (found, found_level, told) = only(ran);
    assert_eq!((found, found_level), (id, level), "{told}");
    assert!(told.contains(words), "{told}");
    let expected = if level == "error" { (3, "error") } else { (0, "warning") };
    assert_eq!((ran.code, ran.document["outcome"].as_str().unwrap()), expected);
}

/// A pair without trouble.
fn lab() -> Lab {
    Lab::new(&["--vms", "2", "--os", "2019"])
}

#[test]
fn a_healthy_pair_is_well_and_its_document_has_the_contracts_keys() {
    let lab = lab();
    let ran = json(&lab, &[]);
    assert_eq!((ran.code, &ran.document["outcome"]), (0, &"ok".into()), "{:#}", ran.document);
    assert_eq!(keys(&ran.document), ["version", "outcome", "hosts"]);
    let host = &ran.document["hosts"][0];
    assert_eq!((keys(host), &host["name"]), (vec!["name", "url", "findings"], &"hv01.lab.test".into()));
    assert_eq!(host["url"], lab.url(0));
    for finding in host["findings"].as_array().unwrap() {
        assert_eq!(keys(finding), ["id", "level", "what", "why", "remedy"]);
        assert!(finding["what"].is_string() && finding["why"].is_string(), "{finding}");
    }
    let page = page(&lab);
    assert!(page.contains("hv02.lab.test") && page.contains("2 hosts examined: 30 ok."), "{page}");
    assert!(page.contains("LAB\\administrator logs in by NTLM") && !page.contains(&lab.password()), "{page}");
    // What is invoked reads the registry: of each host, each log's list in the two places where it may be.
    assert_eq!((lab.requests("invoke"), lab.states()), (2 * 2 * 4, vec![3, 3]));
}

#[test]
fn a_wrong_password_is_tried_once_and_named() {
    let lab = lab();
    lab.write_secret("password", "not-the-password");
    let ran = json(&lab, &["--host", &lab.url(0), "--auth", "basic"]);
    assert_eq!((ran.code, ran.document["outcome"].as_str().unwrap()), (1, "error"), "{:#}", ran.document);
    let found = wrong(&ran, 0);
    assert_eq!((found.len(), found[0].0, found[0].1), (1, "login", "error"), "{found:#?}");
    assert!(found[0].2.contains("cannot log in") && found[0].2.contains("check the user and the password"));
    assert!(!format!("{}{}", ran.document, ran.standard_error).contains("not-the-password"));
    // What is offered is asked without a login, which the host refuses too.
    assert_eq!(lab.requests("unauthorized"), 2);
}

#[test]
fn a_host_that_cannot_be_reached_leaves_the_other_one() {
    let lab = lab();
    lab.post("/hosts/hv01.lab.test/management?mode=refuse");
    let ran = json(&lab, &[]);
    is(&ran, "port", "error", "`winrm quickconfig`");
    let url = lab.url(0);
    let authority = url.strip_prefix("http://").unwrap().strip_suffix("/wsman").unwrap();
    assert_eq!(ran.document["hosts"][0]["name"], authority);
    lab.post("/hosts/hv02.lab.test/management?mode=refuse");
    let none = json(&lab, &[]);
    assert_eq!((none.code, none.document["outcome"].as_str().unwrap()), (1, "error"), "{:#}", none.document);
    let page = page(&lab);
    assert!(page.contains("Could not be asked: "), "{page}");
    let unknown = json(&lab, &["--host", "http://nowhere.invalid"]);
    assert_eq!((unknown.code, wrong(&unknown, 0)[0].0), (1, "name"), "{:#}", unknown.document);
}

#[test]
fn rights_are_missed_on_one_class_on_a_namespace_and_on_everything() {
    let lab = lab();
    lab.post("/faults/deny?host=hv01.lab.test&class=Msvm_ReplicationRelationship");
    is(&json(&lab, &[]), "rights_hyperv", "error", "sees nothing of Msvm_ReplicationRelationship");
    lab.delete("/faults/deny");
    lab.post("/faults/rights?host=hv01.lab.test&namespace=virtualization");
    let ran = json(&lab, &[]);
    is(&ran, "rights_hyperv", "error", "`net localgroup \"Hyper-V Administrators\" LAB\\administrator /add`");
    lab.delete("/faults/rights");
    lab.post("/faults/rights?host=hv01.lab.test&namespace=cimv2");
    let ran = json(&lab, &[]);
    let ids: Vec<&str> = wrong(&ran, 0).iter().map(|found| found.0).collect();
    assert_eq!((ran.code, ids), (0, vec!["rights_windows", "windows", "vmms", "shutdown_fix", "clock"]));
    lab.delete("/faults/rights");
    lab.post("/faults/deny?host=hv01.lab.test");
    let ran = json(&lab, &[]);
    let found = wrong(&ran, 0);
    assert_eq!((ran.code, found[0].0, found[0].1), (3, "rights_hyperv", "error"), "{found:#?}");
    assert!(found[0].2.contains("Msvm_ReplicationService, Msvm_ComputerSystem"), "{found:#?}");
    assert!(found.iter().any(|(id, level, _)| (*id, *level) == ("vmms", "unknown")), "{found:#?}");
}

#[test]
fn event_logs_that_may_not_be_read_are_named_each() {
    let lab = lab();
    lab.post("/faults/deny_events?host=hv01.lab.test");
    let ran = json(&lab, &[]);
    let ids: Vec<&str> = wrong(&ran, 0).iter().map(|found| found.0).collect();
    assert_eq!((ran.code, ids), (0, vec!["events_vmms", "events_system"]), "{:#}", ran.document);
    assert!(wrong(&ran, 0)[0].2.contains("\"Event Log Readers\""), "{:#}", ran.document);
}

/// The finding of a host about the System log: its level, and all that is said.
fn of_system_log(ran: &Ran, host: usize) -> (String, String) {
    let findings = ran.document["hosts"][host]["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["id"] == "events_system").unwrap();
    let told = ["what", "why", "remedy"].map(|key| found[key].as_str().unwrap_or_default()).join("\n");
    (found["level"].as_str().unwrap().to_owned(), told)
}

#[test]
fn each_event_log_is_told_with_who_may_read_it_by_default_by_its_list_or_not_known() {
    let lab = Lab::new(&["--vms", "3", "--hosts", "3", "--os", "2019"]);
    let hosts: Vec<String> = (0..3).flat_map(|host| ["--host".to_owned(), lab.url(host)]).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let list = "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x1;;;S-1-5-21-397955417-626881126-188441444-1104)";
    let key = "SYSTEM%5CCurrentControlSet%5CServices%5CEventLog%5CSystem";
    lab.post(&format!("/hosts/hv02.lab.test/registry?key={key}&value=CustomSD&data={list}"));
    lab.post("/faults/deny_events?host=hv02.lab.test");
    lab.post("/faults/rights?host=hv03.lab.test&namespace=default");
    let path = lab.path("recording.jsonl");
    let ran = json(&lab, &[&hosts, &["--record", &path][..]].concat());
    let (level, told) = of_system_log(&ran, 0);
    assert!(level == "ok" && told.contains("by Windows' default, these may read it: SYSTEM, Administrators"), "{told}");
    assert!(told.contains("Event Log Readers"), "{told}");
    let (level, told) = of_system_log(&ran, 1);
    let who =
        "by its access list, these may read it: SYSTEM, Administrators, S-1-5-21-397955417-626881126-188441444-1104";
    assert!(level == "warning" && told.contains(who), "{told}");
    assert!(told.contains("Event Log Readers\" LAB\\administrator /add`"), "{told}");
    assert!(told.contains(&format!("`wevtutil sl System \"/ca:{list}(A;;0x1;;;S-1-5-32-573)\"`")), "{told}");
    let (level, told) = of_system_log(&ran, 2);
    assert!(level == "ok" && told.contains("who may read it is not known: "), "{told}");
    // Whose accounts they are stays out of the recording.
    let recorded = std::fs::read_to_string(&path).unwrap();
    assert!(recorded.contains("StdRegProv") && recorded.contains("CustomSD"), "{recorded}");
    assert!(!recorded.contains("397955417") && !recorded.contains("left_out"), "{recorded}");
}

#[test]
fn a_stopped_vmms_is_said_once_and_its_rows_are_not_missed() {
    let lab = lab();
    lab.post("/hosts/hv01.lab.test/vmms/stop");
    let ran = json(&lab, &[]);
    let found = wrong(&ran, 0);
    let levels: Vec<(&str, &str)> = found.iter().map(|(id, level, _)| (*id, *level)).collect();
    assert_eq!((ran.code, levels), (3, vec![("vmms", "error"), ("rights_hyperv", "unknown")]));
    assert!(found[0].2.contains("`Start-Service vmms`"), "{found:#?}");
}

#[test]
fn windows_without_the_fix_is_named_by_version_and_update() {
    for os in ["2012", "2012r2"] {
        let lab = Lab::new(&["--vms", "2", "--os", os]);
        let ran = json(&lab, &["--host", &lab.url(0)]);
        let found = wrong(&ran, 0);
        assert_eq!((ran.code, found.len(), found[0].0, found[0].1), (0, 1, "shutdown_fix", "warning"), "{found:#?}");
        assert!(found[0].2.contains("have no update against it"), "{found:#?}");
        lab.post("/hosts/hv01.lab.test/task?state=ready");
        assert_eq!(json(&lab, &["--host", &lab.url(0)]).document["outcome"], "ok", "the task repairs it");
        lab.post("/hosts/hv01.lab.test/task?state=disabled");
        let ran = json(&lab, &["--host", &lab.url(0)]);
        assert_eq!(wrong(&ran, 0).iter().map(|found| found.0).collect::<Vec<_>>(), ["shutdown_fix", "task"]);
    }
    let lab = Lab::new(&["--vms", "2", "--os", "2016"]);
    lab.post("/hosts/hv02.lab.test/updates?kb=KB4088889&revision=2155");
    is(&json(&lab, &[]), "shutdown_fix", "warning", "KB4088889 is not installed");
    lab.post("/hosts/hv01.lab.test/updates?kb=KB5000803&revision=4283");
    assert_eq!(json(&lab, &[]).document["outcome"], "ok", "a later update has it");
}

#[test]
fn a_clock_that_is_off_is_a_warning_and_at_five_minutes_an_error() {
    let lab = lab();
    lab.post("/hosts/hv01.lab.test/clock?offset_s=-100");
    is(&json(&lab, &[]), "clock", "warning", "behind ours");
    lab.post("/hosts/hv01.lab.test/clock?offset_s=400");
    is(&json(&lab, &[]), "clock", "error", "`w32tm /resync /rediscover`");
}

#[test]
fn a_replica_server_that_does_not_listen_or_accepts_nobody_is_found() {
    let lab = lab();
    let set = |what: &str| lab.post(&format!("/hosts/hv01.lab.test/replica-server?{what}"));
    set("enabled=false");
    is(&json(&lab, &[]), "replica_server", "error", "`Set-VMReplicationServer -ReplicationEnabled $true");
    set("enabled=true&listens=false");
    is(&json(&lab, &[]), "replication_service", "error", "could not be started");
    set("listens=true&authorizes=false");
    is(&json(&lab, &[]), "authorization", "warning", "`New-VMReplicationAuthorizationEntry");
}

#[test]
fn a_certificate_is_missed_when_it_expires() {
    let lab = lab();
    let set = |what: &str| lab.post(&format!("/hosts/hv01.lab.test/replica-server?{what}"));
    set("authentication=certificate&certificate_days=90");
    let ran = json(&lab, &[]);
    assert_eq!(ran.document["outcome"], "ok", "{:#}", ran.document);
    assert!(ran.document.to_string().contains("\"id\":\"certificate\""), "{:#}", ran.document);
    set("certificate_days=20");
    is(&json(&lab, &[]), "certificate", "warning", "is valid until");
    set("certificate_days=-1");
    is(&json(&lab, &[]), "certificate", "error", "has expired");
    set("enabled=true&authentication=kerberos");
    assert_eq!(json(&lab, &[]).document["outcome"], "ok", "nobody uses it now");
}

#[test]
fn https_without_trust_is_an_error_and_without_verification_a_warning() {
    let lab = Lab::new(&["--vms", "2", "--os", "2019", "--tls"]);
    let ran = json(&lab, &["--host", &lab.url(0)]);
    let found = wrong(&ran, 0);
    assert_eq!((ran.code, found.len(), found[0].0, found[0].1), (1, 1, "tls", "error"), "{found:#?}");
    let ran = json(&lab, &["--insecure-no-tls-verification"]);
    let found = wrong(&ran, 0);
    assert_eq!((ran.code, found.len(), found[0].0, found[0].1), (0, 1, "tls", "warning"), "{found:#?}");
    let fingerprint = lab.told("certificate_sha256").as_str().unwrap().to_owned();
    let ran = json(&lab, &["--tls-fingerprint", &fingerprint]);
    assert_eq!((ran.code, &ran.document["outcome"]), (0, &"ok".into()), "{:#}", ran.document);
}

#[test]
fn without_a_host_it_says_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args(["doctor", "--json"])
        .env("REPRISE_CONFIG", folder.path().join("none.toml"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

/// The lines of a recording.
fn lines(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

/// Plays a host of a recording back to the examination, message by message, as the client would read it.
fn played_back(lines: &[Value], host: u64) -> Result<Examination, Problem> {
    let is_call = |line: &&Value| line["host"] == host && line["request"].is_string();
    let mut exchanges = lines.iter().filter(is_call);
    let settings = MessageSettings {
        to: "http://hv01:5985/wsman".to_owned(),
        max_envelope_size: 512_000,
        operation_timeout: Duration::from_mins(1),
    };
    let mut stepped = Stepped::new(|port| async move { examine(&port).await });
    for _ in 0..100 {
        match stepped.step() {
            Some(Next::Call(request)) => {
                let mut call = Call::new(request);
                let answer = loop {
                    let exchange = exchanges.next().expect("the recording goes on");
                    let sent = exchange["request"].as_str().unwrap();
                    let id = sent.split_once("MessageID>").unwrap().1.split_once('<').unwrap().0;
                    call.message(&settings, id);
                    let reply = exchange["reply"].as_str().unwrap();
                    let taken = match exchange["status"].as_u64() {
                        Some(200) => call.take(reply),
                        _ => call.failed(wsman::client::read_fault(reply, false).expect("a fault")),
                    };
                    match taken {
                        Ok(Progress::Next) => {}
                        Ok(Progress::Done(reply)) => break Ok(reply),
                        Err(error) => break Err(error),
                    }
                };
                stepped.answer(answer);
            }
            Some(Next::Done(examination)) => return examination,
            other => unreachable!("{other:?}"),
        }
    }
    unreachable!("the examination does not end");
}

#[test]
fn a_recording_says_what_was_seen_and_nothing_of_whose_hosts_they_are() {
    let lab = Lab::new(&["--vms", "3", "--os", "2016", "--odd-names"]);
    lab.post("/hosts/hv01.lab.test/replica-server?authentication=both&certificate_days=9");
    lab.post("/hosts/hv01.lab.test/updates?kb=KB4088889,KB4093137&revision=2155");
    lab.post("/hosts/hv01.lab.test/task?state=disabled");
    lab.post("/faults/rights?host=hv02.lab.test&namespace=virtualization");
    let path = lab.path("recording.jsonl");
    let recorded = json(&lab, &["--record", &path]);
    assert_eq!(recorded.code, 3, "{:#}", recorded.document);
    assert!(recorded.standard_error.contains("are replaced"), "{}", recorded.standard_error);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "only its owner may read it");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lower = text.to_lowercase();
    let world = lab.world();
    let vms = world["vms"].as_array().unwrap().iter().map(|vm| vm["vm_id"].as_str().unwrap());
    let secrets = ["hv01", "hv02", "lab.test", "administrator", "127.0.0.1", "o'brien", "c:\\\\replica"];
    for secret in secrets.into_iter().chain(vms).chain([lab.password().as_str()]) {
        assert!(!lower.contains(secret), "{secret}: {text}");
    }
    let lines = lines(&path);
    assert_eq!(lines[0]["recording"], 1);
    assert!(lines.iter().any(|line| line["offers"] == serde_json::json!(["Negotiate", "NTLM", "Basic"])), "{text}");
    assert!(!text.contains("left_out"), "{text}");
    let first = played_back(&lines, 1).unwrap();
    assert_eq!(first.system.unwrap().system.version, "10.0.14393");
    let updates = first.updates.unwrap();
    assert_eq!(updates.installed.unwrap(), ["KB4088889", "KB4093137"]);
    assert_eq!(updates.vmms.as_deref(), Ok("10.0.14393.2155"));
    assert_eq!((first.vms.as_ref().unwrap().count, first.task), (3, Ok(Some(TaskState::Disabled))));
    let server = first.server.unwrap().unwrap();
    assert_eq!((server.http, server.https, first.relationships.unwrap().unwrap() > 2), (Some(80), Some(443), true));
    assert_eq!(first.computer.unwrap().name.as_str().split('.').count(), 3, "a full name stays one");
    let second = played_back(&lines, 2).unwrap();
    let refused = second.service.unwrap_err();
    assert_eq!((refused.kind, refused.code), (ProblemKind::Denied, Some(0x8033_8104)), "{refused:?}");
    assert!(second.computer.is_ok());
}

#[test]
fn a_recording_never_replaces_a_file() {
    let lab = lab();
    let path = lab.path("recording.jsonl");
    std::fs::write(&path, "precious").unwrap();
    let refused = json(&lab, &["--record", &path]);
    assert_eq!((refused.code, refused.document.is_null()), (2, true));
    assert!(refused.standard_error.contains("is there, and is kept"), "{}", refused.standard_error);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let nowhere = json(&lab, &["--record", &lab.path("no/folder/x")]);
    assert_eq!((nowhere.code, nowhere.document.is_null()), (2, true));
    assert_eq!(lab.requests("enumerate"), 0, "nobody was asked");
}

/// Recordings that somebody gave us, and one of a simulated host for as long as nobody has.
#[test]
fn every_recording_that_is_kept_can_be_played_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().to_string_lossy().into_owned();
        let lines = lines(&path);
        assert_eq!(lines[0]["recording"], 1, "{path}");
        let hosts: std::collections::BTreeSet<u64> = lines.iter().filter_map(|line| line["host"].as_u64()).collect();
        for host in hosts {
            let examination = played_back(&lines, host).unwrap_or_else(|problem| panic!("{path}, {host}: {problem}"));
            assert!(examination.computer.is_ok() && examination.service.is_ok(), "{path}, {host}: {examination:#?}");
            played += 1;
        }
    }
    assert!(played >= 1, "there is a recording");
}
