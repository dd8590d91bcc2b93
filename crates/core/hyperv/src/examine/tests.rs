//! Examinations, call by call, and certificates that another program made.

use cim::stepped::{Next, Stepped};
use cim::{CallError, ErrorKind, Output, Properties, Reached, Reply, Request, Row, Value};
use proptest::prelude::*;
use reprise_model::{ProblemKind, Remedy, ReplicationMode, ServiceState, Timestamp};

use super::*;

const VM: &str = "4708A0F4-C902-429B-A1E0-D4AB0893E452";
/// Made by OpenSSL: for servers and clients, 2026-01-01 to 2027-01-01.
const FOR_BOTH: &str = "MIIBkjCCATigAwIBAgICAQAwCgYIKoZIzj0EAwIwKjEQMA4GA1UECgwHRXhhbXBsZTEWMBQGA1UEAwwNaHYwMS5sYWIudGVzdDAeFw0yNjAxMDEwMDAwMDBaFw0yNzAxMDExMjAwMDBaMCoxEDAOBgNVBAoMB0V4YW1wbGUxFjAUBgNVBAMMDWh2MDEubGFiLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQO9xYSsDY/kTbZuDVtFDVQmmiXztY8Zge60LRSrW1H5+l4bjb6Koh4opp6Gpcopbe8fDKtxW45cNGsbnGZhE6So04wTDAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQUZqWAmGJiEQK940lzJI/9Y/6o1T8wCgYIKoZIzj0EAwIDSAAwRQIhAK2Qv2fqBgZSHA4vFeNspslpvoI2EP8NCY6MTiQNP+pyAiAKxFERtL29gRNbTxAuWZswu0aluAbyO4a2nEwchUlYUA==";
/// Made by OpenSSL: for servers only, until 2060.
const FOR_SERVERS: &str = "MIIBjjCCATOgAwIBAgICAQEwCgYIKoZIzj0EAwIwKjEQMA4GA1UECgwHRXhhbXBsZTEWMBQGA1UEAwwNaHYwMS5sYWIudGVzdDAgFw0yNjAxMDEwMDAwMDBaGA8yMDYwMDEwMTEyMDAwMFowKjEQMA4GA1UECgwHRXhhbXBsZTEWMBQGA1UEAwwNaHYwMS5sYWIudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA73FhKwNj+RNtm4NW0UNVCaaJfO1jxmB7rQtFKtbUfn6XhuNvoqiHiimnoalyilt7x8Mq3Fbjlw0axucZmETpKjRzBFMBYGA1UdJQEB/wQMMAoGCCsGAQUFBwMBMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFGalgJhiYhECveNJcySP/WP+qNU/MAoGCCqGSM49BAMCA0kAMEYCIQCdrq2f0zgDHhuozzizimZLfvj2FDusaHSDE6ug3SishgIhALYA1ZCBZ4y0Cu4nW/62oUCmTVw10qf05EhOWjHLo2/R";
const THUMBPRINT: &str = "88DA1FE943011339F303203907C0C08EB1F5E249";

fn text(value: &str) -> Value {
    Value::Lexical(value.to_owned())
}

/// A replica server of Windows' version that uses certificates.
fn rows(class: &str, version: &str) -> Vec<Row> {
    let row = |properties: &[(&str, &str)]| {
        properties.iter().fold(Row::new(""), |row, (name, value)| row.with(*name, text(value)))
    };
    match class {
        "Win32_ComputerSystem" => {
            vec![row(&[("DNSHostName", "hv01"), ("Domain", "lab.test"), ("PartOfDomain", "true")])]
        }
        "Win32_OperatingSystem" => vec![row(&[
            ("Version", version),
            ("LocalDateTime", "2026-01-31T11:00:00+01:00"),
            ("LastBootUpTime", "2026-01-31T09:00:00Z"),
            ("SystemDirectory", r"D:\Windows\system32"),
        ])],
        "Win32_QuickFixEngineering" => vec![row(&[("HotFixID", "KB4088889")])],
        "CIM_DataFile" => vec![row(&[("Version", "10.0.14393.2155")])],
        "Win32_Service" => vec![
            row(&[("Name", "Winmgmt"), ("State", "Running"), ("StartMode", "Auto")]),
            row(&[("Name", "vmms"), ("State", "Stopped"), ("StartMode", "Manual")]),
        ],
        "Msvm_ReplicationService" => {
            vec![row(&[
                ("SystemCreationClassName", "Msvm_ComputerSystem"),
                ("SystemName", "HV01"),
                ("CreationClassName", "Msvm_ReplicationService"),
                ("Name", "replicasvc"),
                ("OperationalStatus", "6"),
                ("StatusDescriptions", "The listener failed"),
            ])]
        }
        "Msvm_ComputerSystem" => vec![
            row(&[("Name", "HV01")]),
            row(&[("Name", VM), ("ReplicationMode", "2")]),
            row(&[("Name", &VM.replace("4708", "4709")), ("ReplicationMode", "0")]),
        ],
        "Msvm_ReplicationSettingData" => vec![row(&[
            ("AuthenticationType", "2"),
            ("CertificateThumbPrint", "88 da 1f e9 43 01 13 39 f3 03 20 39 07 c0 c0 8e b1 f5 e2 49"),
            ("RecoveryHostSystem", "hv02.lab.test"),
        ])],
        "Msvm_ReplicationServiceSettingData" => vec![row(&[
            ("RecoveryServerEnabled", "true"),
            ("AllowedAuthenticationType", "2"),
            ("CertificateThumbPrint", THUMBPRINT),
            ("HttpPort", "80"),
            ("HttpsPort", "443"),
        ])],
        "Msvm_ReplicationAuthorizationSettingData" => vec![row(&[("AllowedPrimaryHostSystem", "*.lab.test")])],
        "MSFT_ScheduledTask" => vec![
            row(&[("TaskName", "Startup"), ("TaskPath", r"\Other\"), ("State", "3")]),
            row(&[("TaskName", "Startup"), ("TaskPath", r"\Reprise\"), ("State", "1")]),
        ],
        _ => Vec::new(),
    }
}

/// Examines a host that answers so. Returns what was asked too.
fn examined(answer: impl Fn(&str) -> Result<Vec<Row>, CallError>) -> (Result<Examination, Problem>, Vec<String>) {
    let mut stepped = Stepped::new(|port| async move { examine(&port).await });
    let mut asked = Vec::new();
    for _ in 0..100 {
        match stepped.step() {
            Some(Next::Call(Request::Query { select, .. })) => {
                stepped.answer(answer(select.class.as_str()).map(Reply::Rows));
                asked.push(select.to_string());
            }
            Some(Next::Call(Request::Invoke { path, method, .. })) => {
                let encoded = vec![text("no certificate"), text(FOR_BOTH)];
                let parameters = Properties::new().with("EncodedCertificates", Value::List(encoded));
                let output = Output { parameters: parameters.with("ReturnValue", text("0")) };
                stepped.answer(answer("").map(|_| Reply::Output(output)));
                asked.push(format!("{path} {method}"));
            }
            Some(Next::Done(examination)) => return (examination, asked),
            other => panic!("{other:?}"),
        }
    }
    panic!("the examination does not end");
}

#[test]
fn a_host_is_asked_for_each_class_once_and_every_answer_is_kept() {
    let (examination, asked) = examined(|class| Ok(rows(class, "10.0.14393")));
    let examination = examination.unwrap();
    assert_eq!(asked.len(), 14, "{asked:#?}");
    let file = r"SELECT Name, Version FROM CIM_DataFile WHERE Name = 'D:\\Windows\\system32\\vmms.exe'";
    assert!(asked.iter().any(|query| query == file), "{asked:#?}");
    let keys = r#"CreationClassName="Msvm_ReplicationService",Name="replicasvc",SystemCreationClassName="Msvm_ComputerSystem",SystemName="HV01""#;
    let method = format!(r"root\virtualization\v2:Msvm_ReplicationService.{keys} GetSystemCertificates");
    assert_eq!(asked.last().map(String::as_str), Some(method.as_str()), "a service is named by all of its keys");
    let computer = examination.computer.as_ref().unwrap();
    assert_eq!((computer.name.as_str(), computer.in_domain), ("hv01.lab.test", true));
    let updates = examination.updates.as_ref().unwrap();
    assert_eq!((updates.vmms.as_deref(), updates.installed.as_ref().unwrap().len()), (Ok("10.0.14393.2155"), 1));
    let services = examination.services.as_ref().unwrap();
    let service = services.vmms.as_ref().unwrap();
    assert_eq!((&service.state, service.start_mode.as_str()), (&ServiceState::Stopped, "Manual"));
    assert!(services.sees_any && !examination.service.as_ref().unwrap().as_ref().unwrap().is_well());
    let vms = examination.vms.as_ref().unwrap();
    assert_eq!((vms.host_row, vms.count, &vms.modes), (true, 2, &vec![ReplicationMode::Replica]));
    assert!(vms.receives() && !vms.sends());
    let server = examination.server.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((server.enabled, server.http, server.https), (true, None, Some(443)));
    assert_eq!(examination.certificates_in_use(), [THUMBPRINT]);
    assert_eq!(examination.certificates.unwrap().unwrap().len(), 1);
    assert_eq!(examination.task, Ok(Some(TaskState::Disabled)));
    assert_eq!(examination.authorizations.unwrap(), ["*.lab.test"]);
}

#[test]
fn only_what_a_version_has_and_what_replication_uses_is_asked_for() {
    for (version, calls) in [("6.2.9200", 10), ("6.3.9600", 11), ("10.0.20348", 11)] {
        let (examination, asked) = examined(|class| {
            let certificates = ["Msvm_ReplicationSettingData", "Msvm_ReplicationServiceSettingData"];
            Ok(if certificates.contains(&class) { Vec::new() } else { rows(class, version) })
        });
        let examination = examination.unwrap();
        assert_eq!((asked.len(), examination.updates.is_none()), (calls, true), "{version}: {asked:#?}");
        assert_eq!((examination.relationships.is_none(), examination.certificates.is_none()), (calls == 10, true));
    }
}

#[test]
fn a_host_that_does_not_answer_or_refuses_the_login_is_asked_once() {
    for kind in [ErrorKind::Unreachable, ErrorKind::Denied, ErrorKind::Untrusted, ErrorKind::TimedOut] {
        let (examination, asked) = examined(|_| Err(CallError::new(kind, Reached::No, "broken")));
        assert_eq!((examination.unwrap_err().why.as_str(), asked.len()), ("broken", 1), "{kind}");
    }
}

#[test]
fn a_class_that_cannot_be_read_leaves_the_others() {
    let denied = || CallError::new(ErrorKind::Denied, Reached::Yes, "no rights");
    let (examination, asked) = examined(|class| {
        let hyperv = class.is_empty() || class.starts_with("Msvm_");
        if hyperv { Err(denied()) } else { Ok(rows(class, "6.3.9600")) }
    });
    let examination = examination.unwrap();
    assert_eq!(asked.len(), 11, "{asked:#?}");
    assert!(examination.services.is_ok() && examination.task.is_ok());
    let problem = examination.server.unwrap_err();
    assert_eq!((problem.kind, problem.remedy), (ProblemKind::Denied, Remedy::GrantHyperV));
}

#[test]
fn certificates_of_another_program_are_read() {
    let both = ComputerCertificate::read(FOR_BOTH).unwrap();
    assert_eq!((both.thumbprint.as_str(), both.for_both), (THUMBPRINT, true));
    assert_eq!((both.from, both.until), (Timestamp(1_767_225_600_000), Timestamp(1_798_804_800_000)));
    let lines: Vec<&str> = FOR_SERVERS.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    let servers = ComputerCertificate::read(&lines.join("\r\n")).unwrap();
    assert_eq!((servers.thumbprint.as_str(), servers.for_both), ("0F50FC5A45E060C2AF016C3C03CCC893763008AD", false));
    assert_eq!(servers.until, Timestamp(2_840_184_000_000), "its year has four digits");
}

/// What is read of a host whose registry answers so; and the keys and values that it was asked for.
fn registry(answer: impl Fn(&str) -> Result<(u32, Option<&'static str>), CallError>) -> (LogsAccess, Vec<String>) {
    let mut stepped = Stepped::new(|port| async move { log_access(&port).await });
    let mut asked = Vec::new();
    for _ in 0..10 {
        match stepped.step() {
            Some(Next::Call(Request::Invoke { path, method, arguments })) => {
                assert_eq!(
                    (path.to_string().as_str(), method.as_str()),
                    (r"root\default:StdRegProv", "GetStringValue")
                );
                let words: Vec<String> = arguments.iter().filter_map(|one| one.value.lexical()).collect();
                assert_eq!(words[0], "2147483650");
                let name = words[1..].join(" ");
                let answer = answer(&name).map(|(code, value)| {
                    let parameters = Properties::new().with("ReturnValue", text(&code.to_string()));
                    let value = value.map_or(Value::Nil, text);
                    Reply::Output(Output { parameters: parameters.with("sValue", value) })
                });
                stepped.answer(answer);
                asked.push(name);
            }
            Some(Next::Done(access)) => return (access, asked),
            other => panic!("{other:?}"),
        }
    }
    panic!("the reading does not end");
}

#[test]
fn the_access_lists_of_both_logs_are_read_where_windows_keeps_them_and_else_are_windows_default() {
    let (access, asked) = registry(|_| Ok((2, None)));
    let channels = r"SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels\Microsoft-Windows-Hyper-V-VMMS";
    let [own, other] = ["-Admin", "/Admin"].map(|end| format!("{channels}{end} ChannelAccess"));
    let policy = r"SOFTWARE\Policies\Microsoft\Windows\EventLog\System ChannelAccess";
    let system = r"SYSTEM\CurrentControlSet\Services\EventLog\System CustomSD";
    assert_eq!(asked, [own.as_str(), &other, policy, system]);
    for read in [access.vmms, access.system] {
        let LogAccess { from, list } = read.unwrap();
        let has_group = list.readers.iter().any(|reader| reader == EVENT_LOG_READERS);
        assert!(from == ListFrom::Default && has_group, "{list:?}");
    }
    let set = "D:(A;;0x1;;;BA)";
    let by_log = |name: &str| Ok(if name == policy { (2, None) } else { (0, Some(set)) });
    let (access, asked) = registry(by_log);
    let system = access.system.unwrap();
    assert_eq!((asked.len(), system.from), (3, ListFrom::Log(set.to_owned())));
    assert_eq!(system.list.readers, ["S-1-5-32-544"]);
    let (access, asked) = registry(|_| Ok((0, Some(set))));
    assert_eq!((asked.len(), access.system.unwrap().from), (2, ListFrom::Policy), "a policy holds whatever is set");
}

#[test]
fn what_the_registry_does_not_show_is_a_problem_and_no_default() {
    let denied = || CallError::new(ErrorKind::Denied, Reached::Yes, "no rights");
    let (access, asked) = registry(|_| Err(denied()));
    assert_eq!((access.system.unwrap_err().kind, asked.len()), (ProblemKind::Denied, 2));
    let (access, _) = registry(|_| Ok((5, None)));
    assert!(access.vmms.unwrap_err().why.contains("returned 5"));
    let (access, _) = registry(|_| Ok((0, Some("D:(XA;;0x1;;;WD;(x))"))));
    assert!(access.vmms.unwrap_err().why.contains("not understood"));
}

proptest! {
    #[test]
    fn arbitrary_texts_and_spoilt_certificates_do_not_panic(at in 0_usize..536, octet: u8, other in ".{0,40}") {
        let mut spoilt = FOR_BOTH.as_bytes().to_vec();
        spoilt[at] = b"ABCDabcd0123+/=="[usize::from(octet % 16)];
        let _read = ComputerCertificate::read(str::from_utf8(&spoilt).unwrap());
        prop_assert_eq!(ComputerCertificate::read(&other), None);
    }
}
