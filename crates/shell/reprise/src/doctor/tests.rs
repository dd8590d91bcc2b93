//! What facts mean: a healthy host, and one change at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_hyperv::examine::{
    AccessList, Computer, ComputerCertificate, Examination, ListFrom, LogAccess, LogsAccess, ReplicaServer,
    ReplicationService, ReplicationSetup, ServiceEntry, Services, System, TaskState, Updates, Vms,
};
use reprise_model::{
    HostName, HostSystem, HostTime, Problem, ProblemKind, Remedy, ReplicationMode, ServiceState, Timestamp,
};
use wsman_http::LoginInUse;

use super::check::{self, Check};
use super::facts::{ClockOffset, HostFacts, LastRun, Way};
use super::{Diagnosis, Level, diagnose};
use crate::render::Terminal;
use crate::render::doctor::{Examined, text};

const THUMBPRINT: &str = "88DA1FE943011339F303203907C0C08EB1F5E249";
const NOW: Timestamp = Timestamp(1_767_225_600_000);
const DAY: i64 = 86_400_000;

fn problem() -> Problem {
    Problem { remedy: Remedy::GrantHyperV, ..Problem::new(ProblemKind::Denied, "read it", "no rights") }
}

fn certificate(until: i64) -> ComputerCertificate {
    let from = Timestamp(NOW.0 - 300 * DAY);
    ComputerCertificate { thumbprint: THUMBPRINT.to_owned(), from, until: Timestamp(until), for_both: true }
}

/// A replica server with Server 2019 over the network, at which everything is well.
fn healthy() -> HostFacts {
    let system = HostSystem { version: "10.0.17763".to_owned(), clock: HostTime(NOW.0), booted: HostTime(0) };
    let examination = Examination {
        computer: Ok(Computer { name: HostName::new("hv01.lab.test").unwrap(), in_domain: true }),
        system: Ok(System { system, read: (Duration::ZERO, Duration::ZERO) }),
        updates: None,
        services: Ok(Services {
            vmms: Some(ServiceEntry { state: ServiceState::Running, start_mode: "Auto".to_owned() }),
            sees_any: true,
        }),
        service: Ok(Some(ReplicationService { status: vec![2], descriptions: vec!["OK".to_owned()] })),
        vms: Ok(Vms { host_row: true, count: 2, modes: vec![ReplicationMode::Replica] }),
        relationships: Some(Ok(3)),
        settings: Ok(vec![ReplicationSetup { certificate: Some(THUMBPRINT.to_owned()) }]),
        jobs: Ok(0),
        server: Ok(Some(ReplicaServer {
            enabled: true,
            http: None,
            https: Some(443),
            certificate: Some(THUMBPRINT.to_owned()),
        })),
        authorizations: Ok(vec!["*.lab.test".to_owned()]),
        certificates: Some(Ok(vec![certificate(NOW.0 + 90 * DAY)])),
        task: Ok(None),
    };
    HostFacts {
        label: "hv01".to_owned(),
        way: Some(Way {
            url: "https://hv01:5986/wsman".to_owned(),
            host: "hv01".to_owned(),
            is_address: false,
            port: 5986,
            tls_verified: Some(true),
            user: Some("LAB\\svc".to_owned()),
            addresses: Ok(vec!["10.0.0.17".parse().unwrap()]),
            dialled: vec![("10.0.0.17:5986".parse().unwrap(), Ok(()))],
            offers: Some(Ok(vec!["Negotiate".to_owned(), "Kerberos".to_owned()])),
            login: Some(LoginInUse { scheme: "Kerberos", passed_over: None }),
        }),
        examination: Some(Ok(examination)),
        clock: Some(ClockOffset { ahead_ms: 700, doubt_ms: 10 }),
        now: NOW,
        vmms_log: Some(Ok(())),
        system_log: Some(Ok(())),
        log_access: None,
        last_run: None,
    }
}

fn way(facts: &mut HostFacts) -> &mut Way {
    facts.way.as_mut().unwrap()
}

fn seen(facts: &mut HostFacts) -> &mut Examination {
    facts.examination.as_mut().unwrap().as_mut().unwrap()
}

fn version(facts: &mut HostFacts, version: &str) {
    version.clone_into(&mut seen(facts).system.as_mut().unwrap().system.version);
}

fn server(facts: &mut HostFacts) -> &mut ReplicaServer {
    seen(facts).server.as_mut().unwrap().as_mut().unwrap()
}

/// The findings that are not as they should be, after a change of a healthy host.
fn wrong(change: impl FnOnce(&mut HostFacts)) -> Vec<Diagnosis> {
    let mut facts = healthy();
    change(&mut facts);
    diagnose(&facts).into_iter().filter(|diagnosis| diagnosis.level != Level::Ok).collect()
}

/// The one finding that is not as it should be.
#[track_caller]
fn only(change: impl FnOnce(&mut HostFacts)) -> (Check, Level, String) {
    let mut found = wrong(change);
    assert_eq!(found.len(), 1, "{found:#?}");
    let Diagnosis { check, level, what, why, remedy } = found.remove(0);
    (check, level, format!("{what}\n{why}\n{}", remedy.unwrap_or_default()))
}

#[track_caller]
fn is(found: &(Check, Level, String), check: Check, level: Level, words: &str) {
    assert_eq!((found.0, found.1), (check, level), "{}", found.2);
    assert!(found.2.contains(words), "{}", found.2);
}

#[test]
fn a_healthy_host_has_a_finding_for_each_check_that_concerns_it() {
    let found = diagnose(&healthy());
    assert!(found.iter().all(|diagnosis| diagnosis.level == Level::Ok && diagnosis.remedy.is_none()), "{found:#?}");
    let checks: Vec<Check> = found.iter().map(|diagnosis| diagnosis.check).collect();
    let others = [Check::LocalWmi];
    let all: Vec<Check> = Check::ALL.iter().copied().filter(|check| !others.contains(check)).collect();
    assert_eq!(checks, all);
}

#[test]
fn ids_are_unique_and_each_stands_in_the_page() {
    let ids: BTreeSet<&str> = Check::ALL.iter().map(|check| check.id()).collect();
    assert_eq!(ids.len(), Check::ALL.len());
    let page = check::markdown();
    assert!(ids.iter().all(|id| page.contains(&format!("| `{id}` |"))), "{page}");
}

#[test]
fn the_way_to_a_host_is_judged_up_to_the_first_thing_that_fails() {
    let unresolved = |facts: &mut HostFacts| {
        way(facts).addresses = Err("no such host".to_owned());
        facts.examination = None;
    };
    is(&only(unresolved), Check::Name, Level::Error, "`nslookup hv01`");
    let refused = |facts: &mut HostFacts| {
        way(facts).dialled[0].1 = Err("refused".to_owned());
        way(facts).offers = None;
        facts.examination = None;
    };
    is(&only(refused), Check::Port, Level::Error, "`winrm quickconfig`");
    let one_of_two = |facts: &mut HostFacts| {
        way(facts).dialled.push(("10.0.0.18:5986".parse().unwrap(), Err("refused".to_owned())));
    };
    is(&only(one_of_two), Check::Port, Level::Warning, "10.0.0.18:5986 of its 2 addresses");
    let unverified = |facts: &mut HostFacts| way(facts).tls_verified = Some(false);
    is(&only(unverified), Check::Certificate, Level::Warning, "--tls-fingerprint");
    let untrusted = |facts: &mut HostFacts| {
        way(facts).offers = Some(Err(Problem::new(ProblemKind::Untrusted, "ask", "its certificate has expired")));
        facts.examination = None;
    };
    is(&only(untrusted), Check::Certificate, Level::Error, "its certificate has expired");
    let not_winrm = |facts: &mut HostFacts| {
        way(facts).offers = Some(Err(Problem::new(ProblemKind::Malformed, "ask", "it answered with a page")));
        facts.examination = None;
    };
    is(&only(not_winrm), Check::WinRm, Level::Error, "it answered with a page");
    let basic = |facts: &mut HostFacts| way(facts).offers = Some(Ok(vec!["Basic".to_owned()]));
    is(&only(basic), Check::WinRm, Level::Warning, "WSMan:\\localhost\\Service\\Auth\\Negotiate");
    let denied = |facts: &mut HostFacts| {
        let problem = Problem::new(ProblemKind::Denied, "log in", "the password is wrong");
        facts.examination = Some(Err(problem.with_remedy(Remedy::CheckNtlm)));
    };
    is(
        &only(denied),
        Check::Login,
        Level::Error,
        "cannot log in\nthe password is wrong\ncheck the user and the password",
    );
    let second = |facts: &mut HostFacts| {
        let passed_over = Some("Kerberos is not possible".to_owned());
        way(facts).login = Some(LoginInUse { scheme: "NTLM", passed_over });
    };
    is(&only(second), Check::Login, Level::Warning, "`setspn -Q HTTP/hv01`");
    let here = |facts: &mut HostFacts| {
        facts.way = None;
        facts.examination = Some(Err(Problem::new(ProblemKind::Busy, "examine the host", "WMI is starting")));
    };
    is(&only(here), Check::LocalWmi, Level::Error, "WMI is starting");
}

#[test]
fn only_versions_that_are_affected_lack_the_fix() {
    let old = |facts: &mut HostFacts| version(facts, "6.1.7601");
    assert_eq!(only(old).0, Check::Windows);
    for (version_, name) in [("6.2.9200", "2012"), ("6.3.9600", "2012 R2")] {
        let affected = |facts: &mut HostFacts| version(facts, version_);
        is(&only(affected), Check::ShutdownFix, Level::Warning, "`reprise.exe install task`");
        let mut facts = healthy();
        version(&mut facts, version_);
        seen(&mut facts).task = Ok(Some(TaskState::Enabled));
        let found = diagnose(&facts);
        assert!(found.iter().all(|diagnosis| diagnosis.level == Level::Ok), "{found:#?}");
        assert!(found.iter().any(|diagnosis| diagnosis.what.contains(&format!("Windows Server {name} ("))));
    }
    let patched = |updates: &[&str], revision: Result<&str, Problem>| {
        let installed = Ok(updates.iter().map(|text| (*text).to_owned()).collect());
        let vmms = revision.map(str::to_owned);
        wrong(move |facts| {
            version(facts, "10.0.14393");
            seen(facts).updates = Some(Updates { installed, vmms });
        })
    };
    assert_eq!(patched(&["KB4088889"], Err(problem())), []);
    assert_eq!(patched(&["KB5000803"], Ok("10.0.14393.4283")), [], "a later cumulative update has it");
    let unpatched = patched(&["KB3192137"], Ok("10.0.14393.206"));
    assert_eq!((unpatched[0].check, unpatched[0].level), (Check::ShutdownFix, Level::Warning));
    for unclear in [patched(&[], Err(problem())), patched(&["KB5000803"], Ok("?"))] {
        assert_eq!((unclear[0].check, unclear[0].level), (Check::ShutdownFix, Level::Unknown), "{unclear:#?}");
    }
}

#[test]
fn a_clock_is_judged_by_what_the_way_of_the_answer_cannot_explain() {
    let clock = |ahead_ms, doubt_ms| {
        wrong(move |facts| facts.clock = Some(ClockOffset { ahead_ms, doubt_ms })).first().map(|found| found.level)
    };
    assert_eq!([clock(59_000, 0), clock(-59_000, 0), clock(90_000, 40_000)], [None, None, None]);
    assert_eq!([clock(61_000, 0), clock(-299_000, 0)], [Some(Level::Warning), Some(Level::Warning)]);
    assert_eq!([clock(300_000, 0), clock(i64::MIN, 0)], [Some(Level::Error), Some(Level::Error)]);
    is(&only(|facts| facts.clock = None), Check::Clock, Level::Unknown, "not known");
}

#[test]
fn a_service_that_is_not_seen_is_not_a_service_that_is_stopped() {
    let service = |state, start_mode: &str| {
        let vmms = Some(ServiceEntry { state, start_mode: start_mode.to_owned() });
        move |facts: &mut HostFacts| seen(facts).services = Ok(Services { vmms, sees_any: true })
    };
    is(&only(service(ServiceState::Running, "Manual")), Check::Services, Level::Warning, "Set-Service vmms");
    let unseen = |sees_any| Ok(Services { vmms: None, sees_any });
    assert_eq!(wrong(|facts| seen(facts).services = unseen(false)), [], "Hyper-V answers");
    let silent = |facts: &mut HostFacts| {
        let seen = seen(facts);
        seen.service = Ok(None);
        seen.vms = Ok(Vms::default());
        seen.relationships = Some(Ok(0));
        seen.settings = Ok(Vec::new());
        seen.server = Ok(None);
        seen.certificates = None;
    };
    let stopped = wrong(|facts| {
        silent(facts);
        service(ServiceState::Stopped, "Auto")(facts);
    });
    let levels: Vec<_> = stopped.iter().map(|found| (found.check, found.level)).collect();
    assert_eq!(levels, [(Check::Services, Level::Error), (Check::HyperVRights, Level::Unknown)]);
    assert!(stopped[0].remedy.as_deref().unwrap().contains("`Start-Service vmms`"));
    let no_role = wrong(|facts| {
        silent(facts);
        seen(facts).services = unseen(true);
    });
    assert!(no_role[0].remedy.as_deref().unwrap().contains("Install-WindowsFeature Hyper-V"));
    let no_rights = wrong(|facts| {
        silent(facts);
        seen(facts).services = unseen(false);
    });
    let levels: Vec<_> = no_rights.iter().map(|found| (found.check, found.level)).collect();
    assert_eq!(levels, [(Check::HyperVRights, Level::Error), (Check::Services, Level::Unknown)]);
    assert!(no_rights[0].remedy.as_deref().unwrap().contains("LAB\\svc /add"), "{no_rights:#?}");
}

#[test]
fn rows_that_are_always_there_are_missed_class_by_class() {
    let relationships = |facts: &mut HostFacts| seen(facts).relationships = Some(Ok(0));
    is(&only(relationships), Check::HyperVRights, Level::Error, "Msvm_ReplicationRelationship");
    let without_vms = |facts: &mut HostFacts| {
        relationships(facts);
        seen(facts).vms = Ok(Vms { host_row: true, ..Vms::default() });
    };
    assert_eq!(wrong(without_vms), [], "without VMs there are none");
    let settings = |facts: &mut HostFacts| seen(facts).settings = Ok(Vec::new());
    is(&only(settings), Check::HyperVRights, Level::Error, "Msvm_ReplicationSettingData");
    let denied = wrong(|facts| {
        seen(facts).jobs = Err(problem());
        seen(facts).settings = Err(problem());
    });
    assert_eq!(denied.len(), 1, "one reason is given once: {denied:#?}");
    assert_eq!(denied[0].what, "cannot read Msvm_ReplicationSettingData, Msvm_ConcreteJob");
    let windows = |facts: &mut HostFacts| seen(facts).computer = Err(problem());
    is(&only(windows), Check::WindowsRights, Level::Warning, "no rights");
}

#[test]
fn a_replica_server_must_be_enabled_listen_and_authorize_somebody() {
    let off = |facts: &mut HostFacts| {
        server(facts).enabled = false;
        seen(facts).settings = Ok(vec![ReplicationSetup { certificate: None }]);
        seen(facts).certificates = None;
    };
    is(&only(off), Check::ReplicaServer, Level::Error, "Set-VMReplicationServer -ReplicationEnabled $true");
    let only_sends = |facts: &mut HostFacts| {
        off(facts);
        seen(facts).vms.as_mut().unwrap().modes = vec![ReplicationMode::Primary];
    };
    assert_eq!(wrong(only_sends), []);
    let without_login = |facts: &mut HostFacts| server(facts).https = None;
    is(&only(without_login), Check::ReplicaServer, Level::Error, "no kind of authentication");
    let nobody = |facts: &mut HostFacts| seen(facts).authorizations = Ok(Vec::new());
    is(&only(nobody), Check::Authorization, Level::Warning, "New-VMReplicationAuthorizationEntry");
    let broken = |facts: &mut HostFacts| {
        let descriptions = vec!["the port is in use".to_owned()];
        seen(facts).service = Ok(Some(ReplicationService { status: vec![6], descriptions }));
    };
    is(&only(broken), Check::Listener, Level::Error, "the port is in use");
}

#[test]
fn a_certificate_that_replication_uses_is_there_valid_and_for_both_sides() {
    let with = |own: Vec<ComputerCertificate>| {
        let own = Some(Ok(own));
        only(move |facts| seen(facts).certificates = own)
    };
    let check = Check::ReplicationCertificate;
    is(&with(Vec::new()), check, Level::Error, "is missing");
    is(
        &with(vec![certificate(NOW.0)]),
        check,
        Level::Error,
        "has expired\nit was valid until 2026-01-01T00:00:00.000Z",
    );
    is(&with(vec![certificate(NOW.0 + 29 * DAY)]), check, Level::Warning, "stops when it expires");
    let later = ComputerCertificate { from: Timestamp(NOW.0 + DAY), ..certificate(NOW.0 + 90 * DAY) };
    is(&with(vec![later]), check, Level::Error, "not valid yet");
    let servers = ComputerCertificate { for_both: false, ..certificate(NOW.0 + 90 * DAY) };
    is(&with(vec![servers]), check, Level::Error, "Set-VMReplicationServer -CertificateThumbprint");
    is(&only(|facts| seen(facts).certificates = Some(Err(problem()))), check, Level::Unknown, "no rights");
}

#[test]
fn logs_that_cannot_be_read_are_a_warning_with_the_account_in_the_command() {
    let rights = || Some(Err(problem().with_remedy(Remedy::GrantEventLog)));
    is(&only(|facts| facts.vmms_log = rights()), Check::VmmsLog, Level::Warning, "\"Event Log Readers\" LAB\\svc /add");
    let unknown_account = |facts: &mut HostFacts| {
        way(facts).user = Some("a\"; rm".to_owned());
        facts.system_log = rights();
    };
    is(&only(unknown_account), Check::SystemLog, Level::Warning, "\"Event Log Readers\" ACCOUNT /add");
    for (user, word) in [("LAB\\repl$", "LAB\\repl$"), ("LAB\\anna b", "\"LAB\\anna b\""), ("$x", "'$x'")] {
        let named = only(|facts| {
            way(facts).user = Some(user.to_owned());
            facts.system_log = rights();
        });
        is(&named, Check::SystemLog, Level::Warning, &format!("\"Event Log Readers\" {word} /add"));
    }
}

/// An access list of the System log, and of the other one nothing.
fn with_access(set: Option<&str>) -> LogsAccess {
    let list = AccessList::read(set.unwrap_or("D:(A;;0x1;;;SY)(A;;0x1;;;ER)")).unwrap();
    let system = Ok(LogAccess { from: set.map_or(ListFrom::Default, |set| ListFrom::Log(set.to_owned())), list });
    LogsAccess { vmms: Err(problem()), system }
}

#[test]
fn a_log_is_told_with_who_may_read_it_and_what_is_not_known_is_not_told_as_nobody() {
    let why = |set: Option<&str>, check: Check| {
        let mut facts = healthy();
        facts.log_access = Some(with_access(set));
        diagnose(&facts).into_iter().find(|diagnosis| diagnosis.check == check).unwrap().why
    };
    let unknown = why(None, Check::VmmsLog);
    assert!(unknown.ends_with("who may read it is not known: no rights"), "{unknown}");
    let default = why(None, Check::SystemLog);
    assert!(default.ends_with("by Windows' default, these may read it: SYSTEM, Event Log Readers"), "{default}");
    let set = why(Some("D:(D;;0x1;;;BG)(A;;0x1;;;BA)(A;;0x1;;;S-1-5-21-1-2-3-1104)"), Check::SystemLog);
    let expected =
        "by its access list, these may read it: Administrators, S-1-5-21-1-2-3-1104; and these are refused: Guests";
    assert!(set.ends_with(expected), "{set}");
    let nobody = why(Some("D:"), Check::SystemLog);
    assert!(nobody.ends_with("its access list names no account that may read it"), "{nobody}");
    let healthy = healthy();
    let not_asked = diagnose(&healthy).into_iter().find(|diagnosis| diagnosis.check == Check::SystemLog).unwrap().why;
    assert!(not_asked.ends_with("who may read it is not known"), "{not_asked}");
}

#[test]
fn where_the_list_of_a_log_leaves_event_log_readers_out_the_group_is_added_to_it_too() {
    let remedy = |set: Option<&str>| {
        let found = wrong(|facts| {
            facts.system_log = Some(Err(problem().with_remedy(Remedy::GrantEventLog)));
            facts.log_access = Some(with_access(set));
        });
        found[0].remedy.clone().unwrap()
    };
    for enough in [None, Some("D:(A;;0x1;;;ER)")] {
        let remedy = remedy(enough);
        assert!(remedy.contains(" LAB\\svc /add`") && !remedy.contains("wevtutil"), "{remedy}");
        assert!(remedy.contains("S-1-5-32-573"), "in another language the group has another name: {remedy}");
    }
    let added = remedy(Some("O:BAG:SYD:(A;;0x1;;;BA)"));
    let command = "`wevtutil sl System \"/ca:O:BAG:SYD:(A;;0x1;;;BA)(A;;0x1;;;S-1-5-32-573)\"`";
    assert!(added.contains(command) && added.contains(" LAB\\svc /add`"), "{added}");
    let refused = remedy(Some("D:(D;;0x1;;;ER)(A;;0x1;;;BA)"));
    assert!(refused.contains("take the entry that refuses them out of it: `wevtutil gl System`"), "{refused}");
    let by_policy = wrong(|facts| {
        facts.system_log = Some(Err(problem().with_remedy(Remedy::GrantEventLog)));
        let list = AccessList::read("D:(A;;0x1;;;BA)").unwrap();
        let system = Ok(LogAccess { from: ListFrom::Policy, list });
        facts.log_access = Some(LogsAccess { vmms: Err(problem()), system });
    });
    let remedy_of_policy = by_policy[0].remedy.as_deref().unwrap();
    assert!(
        remedy_of_policy.contains("in Group Policy") && !remedy_of_policy.contains("wevtutil"),
        "{remedy_of_policy}"
    );
    let odd = remedy(Some("O:$(x)D:(A;;0x1;;;BA)"));
    assert!(odd.contains("wevtutil gl System") && !odd.contains("$(x)"), "{odd}");
}

#[test]
fn only_this_computer_needs_the_task() {
    let here = |facts: &mut HostFacts| facts.way = None;
    is(&only(here), Check::Task, Level::Warning, "`reprise.exe install task`");
    let state = |state, last_run| {
        move |facts: &mut HostFacts| {
            facts.way = None;
            facts.last_run = last_run;
            seen(facts).task = Ok(Some(state));
        }
    };
    let enabled = TaskState::Enabled;
    for last_run in [None, Some(LastRun::Never), Some(LastRun::Running), Some(LastRun::Ended(0))] {
        assert_eq!(wrong(state(enabled, last_run)), [], "{last_run:?}");
    }
    is(&only(state(enabled, Some(LastRun::Ended(3)))), Check::Task, Level::Warning, "ended with code 3");
    is(&only(state(TaskState::Disabled, None)), Check::Task, Level::Warning, "/enable");
    is(&only(state(TaskState::Other(9), None)), Check::Task, Level::Unknown, "state 9");
    is(&only(|facts| seen(facts).task = Err(problem())), Check::Task, Level::Unknown, "no rights");
}

#[test]
fn the_worst_finding_stands_first() {
    let found = wrong(|facts| {
        facts.vmms_log = Some(Err(problem()));
        seen(facts).task = Err(problem());
        seen(facts).certificates = Some(Ok(Vec::new()));
    });
    let levels: Vec<Level> = found.iter().map(|diagnosis| diagnosis.level).collect();
    assert_eq!(levels, [Level::Error, Level::Warning, Level::Unknown]);
}

#[test]
fn on_this_computer_rights_are_a_matter_of_groups_and_elevation() {
    let hidden = |facts: &mut HostFacts| {
        facts.way = None;
        seen(facts).task = Ok(Some(TaskState::Enabled));
        seen(facts).relationships = Some(Ok(0));
    };
    is(&only(hidden), Check::HyperVRights, Level::Error, "Run as administrator");
    let log = |facts: &mut HostFacts| {
        facts.way = None;
        seen(facts).task = Ok(Some(TaskState::Enabled));
        facts.vmms_log = Some(Err(problem().with_remedy(Remedy::GrantHere)));
    };
    is(&only(log), Check::VmmsLog, Level::Warning, "Run as administrator");
}

/// Each line fits, but for a command, which must stay in one piece to be pasted.
#[test]
fn a_page_fits_eighty_columns_and_has_the_worst_finding_first() {
    let mut facts = healthy();
    seen(&mut facts).authorizations = Ok(Vec::new());
    seen(&mut facts).certificates = Some(Ok(Vec::new()));
    facts.vmms_log = Some(Err(problem().with_remedy(Remedy::GrantEventLog)));
    let examined = Examined {
        name: facts.name().to_owned(),
        url: Some("https://hv01.lab.test:5986/wsman".to_owned()),
        asked: true,
        found: diagnose(&facts),
    };
    let page = text(&[examined], &Terminal::of_width(80));
    for line in page.lines() {
        assert!(line.chars().count() <= 80 || line.trim_start().starts_with('`'), "{line}");
    }
    let levels: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| &line[2..9])
        .collect();
    assert_eq!(levels[..3], ["error  ", "warning", "warning"], "{page}");
    assert!(levels[3..].iter().all(|level| *level == "ok     "), "{page}");
    assert!(page.ends_with(&format!("1 host examined: 1 error, 2 warnings, {} ok.\n", levels.len() - 3)), "{page}");
}
