//! The remedy for each class of failure at each place where it can occur, written independently of the code.

use std::collections::BTreeSet;

use cim::{CallError, ErrorKind, Hint, Output, Properties, Reached, Reply, Row, Status};
use reprise_model::{Observation, Outcome, Problem, Remedy};

use super::{fails, host_rows, job, look, relationship, resume, returns, started, text};
use crate::problem::{Subject, of};

const DENIED: u32 = 0x8004_1003;
const NO_NAMESPACE: u32 = 0x8004_100E;
const NO_CLASS: u32 = 0x8004_1010;
const NO_PROPERTY: u32 = 0x8004_1017;
const NOT_FOUND: u32 = 0x8004_1002;
const NO_RESOURCE: u32 = 2_150_858_752;
const NO_CLASS_IN_QUERY: u32 = 2_150_858_778;
const NO_LOG: u32 = 0x8007_3A9F;

/// The class of failure, whether the host was reached, its number, and the remedy at each place: Windows, Hyper-V, an object
/// by its key, a job, an event log.
type Line = (ErrorKind, Reached, Option<u32>, [Remedy; 5]);

fn table() -> Vec<Line> {
    use ErrorKind as K;
    use Reached::{No, Perhaps, Yes};
    use Remedy as R;
    vec![
        (K::Unreachable, No, None, [R::Reach; 5]),
        (K::Unreachable, Perhaps, None, [R::Reach; 5]),
        (K::Untrusted, No, None, [R::Trust; 5]),
        (K::Denied, No, None, [R::LogIn; 5]),
        (
            K::Denied,
            Yes,
            Some(DENIED),
            [R::GrantWindows, R::GrantHyperV, R::GrantHyperV, R::GrantHyperV, R::GrantEventLog],
        ),
        (K::Denied, Yes, Some(5), [R::GrantWindows, R::GrantHyperV, R::GrantHyperV, R::GrantHyperV, R::GrantEventLog]),
        (
            K::NotThere,
            Yes,
            Some(NO_NAMESPACE),
            [R::RepairWmi, R::InstallHyperV, R::InstallHyperV, R::InstallHyperV, R::FindLog],
        ),
        (
            K::NotThere,
            Yes,
            Some(NO_CLASS),
            [R::RepairWmi, R::RegisterHyperV, R::RegisterHyperV, R::RegisterHyperV, R::FindLog],
        ),
        (
            K::NotThere,
            Yes,
            Some(NO_PROPERTY),
            [R::RepairWmi, R::RegisterHyperV, R::RegisterHyperV, R::RegisterHyperV, R::FindLog],
        ),
        (
            K::NotThere,
            Yes,
            Some(NO_CLASS_IN_QUERY),
            [R::RepairWmi, R::RegisterHyperV, R::RegisterHyperV, R::RegisterHyperV, R::FindLog],
        ),
        (
            K::NotThere,
            Yes,
            Some(NO_RESOURCE),
            [R::RepairWmi, R::RegisterHyperV, R::LookAgain, R::RegisterHyperV, R::FindLog],
        ),
        (K::NotThere, Yes, Some(NOT_FOUND), [R::RepairWmi, R::StartVmms, R::LookAgain, R::SeeWhatCame, R::FindLog]),
        (K::NotThere, Yes, Some(NO_LOG), [R::RepairWmi, R::StartVmms, R::LookAgain, R::SeeWhatCame, R::FindLog]),
        (K::NotThere, Yes, None, [R::RepairWmi, R::StartVmms, R::LookAgain, R::SeeWhatCame, R::FindLog]),
        (K::Busy, Yes, None, [R::Wait; 5]),
        (K::TimedOut, Perhaps, None, [R::CheckLoad; 5]),
        (K::Refused, Yes, None, [R::ReadReason; 5]),
        (K::Malformed, Yes, None, [R::CheckEndpoint; 5]),
        (K::TooLarge, Yes, None, [R::RaiseEnvelope; 5]),
        (K::Unsupported, Yes, None, [R::ChangeWhatIsNamed; 5]),
    ]
}

fn failure(kind: ErrorKind, reached: Reached, code: Option<u32>) -> CallError {
    CallError { status: code, ..fails(kind, reached) }
}

#[test]
fn the_remedy_depends_on_the_request_and_the_failure() {
    for (kind, reached, code, remedies) in table() {
        for (asked, remedy) in Subject::ALL.into_iter().zip(remedies) {
            let problem = of(&failure(kind, reached, code), "try", asked);
            assert_eq!((problem.remedy, problem.code), (remedy, code), "{kind} {code:?} at {asked:?}");
        }
    }
    let kinds: BTreeSet<ErrorKind> = table().into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds.len(), 10, "every class of failure is in the table");
}

#[test]
fn what_was_detected_where_a_call_failed_decides_the_remedy() {
    let refused = failure(ErrorKind::Refused, Reached::No, None);
    let denied = |reached| failure(ErrorKind::Denied, reached, None);
    for (error, hint, remedy) in [
        (&refused, Hint::Address, Remedy::CorrectAddress),
        (&denied(Reached::No), Hint::Encryption, Remedy::Encrypt),
        (&denied(Reached::No), Hint::Schemes, Remedy::OfferLogin),
        (&denied(Reached::No), Hint::Basic, Remedy::CheckBasic),
        (&denied(Reached::No), Hint::Ntlm, Remedy::CheckNtlm),
        (&denied(Reached::No), Hint::Kerberos, Remedy::CheckKerberos),
        (&denied(Reached::No), Hint::Certificate, Remedy::CheckClientCertificate),
        (&denied(Reached::Yes), Hint::LocalAccount, Remedy::GrantLocalAccount),
        (&failure(ErrorKind::TooLarge, Reached::Yes, None), Hint::Excess, Remedy::FindWhoAnswers),
    ] {
        let problem = of(&error.clone().with_hint(hint), "try", Subject::HyperV);
        assert_eq!(problem.remedy, remedy, "{hint:?}");
    }
    let here = |kind, asked| of(&failure(kind, Reached::No, None).with_hint(Hint::Local), "try", asked).remedy;
    for (kind, asked, remedy) in [
        (ErrorKind::Denied, Subject::Windows, Remedy::GrantHere),
        (ErrorKind::Denied, Subject::Object, Remedy::GrantHere),
        (ErrorKind::Denied, Subject::EventLog, Remedy::GrantLogHere),
        (ErrorKind::Busy, Subject::EventLog, Remedy::CheckLogHere),
        (ErrorKind::TimedOut, Subject::EventLog, Remedy::CheckLogHere),
        (ErrorKind::Refused, Subject::EventLog, Remedy::CheckLogHere),
        (ErrorKind::NotThere, Subject::EventLog, Remedy::FindLog),
        (ErrorKind::Busy, Subject::Windows, Remedy::WaitHere),
        (ErrorKind::TimedOut, Subject::HyperV, Remedy::WaitHere),
        (ErrorKind::Malformed, Subject::HyperV, Remedy::RepairWmi),
        (ErrorKind::TooLarge, Subject::HyperV, Remedy::RepairWmi),
        (ErrorKind::NotThere, Subject::HyperV, Remedy::StartVmms),
        (ErrorKind::NotThere, Subject::Object, Remedy::LookAgain),
        (ErrorKind::Refused, Subject::Object, Remedy::ReadReason),
    ] {
        assert_eq!(here(kind, asked), remedy, "{kind} at {asked:?}, on this computer");
    }
    let log = of(&denied(Reached::Yes).with_hint(Hint::LocalAccount), "try", Subject::EventLog);
    assert_eq!(log.remedy, Remedy::GrantEventLog);
    let quota = of(&failure(ErrorKind::Busy, Reached::No, Some(2_150_859_174)), "try", Subject::HyperV);
    assert_eq!(quota.remedy, Remedy::RaiseQuota);
    assert!(quota.advice().contains("MaxConcurrentOperationsPerUser"));
}

#[test]
fn no_advice_about_this_computer_speaks_of_the_way_to_it() {
    let numbers = [None, Some(NO_NAMESPACE), Some(NO_CLASS), Some(NOT_FOUND), Some(DENIED), Some(0x8000_4005)];
    for (kind, ..) in table() {
        for (asked, number) in Subject::ALL.into_iter().flat_map(|asked| numbers.map(|number| (asked, number))) {
            let problem = of(&failure(kind, Reached::Yes, number).with_hint(Hint::Local), "try", asked);
            for part in
                ["WinRM", "Remote", "network", "name resolves", "address", "login", "proxy", "Envelope", "certificate"]
            {
                assert!(!problem.advice().contains(part), "{kind} {number:X?} at {asked:?}: {}", problem.advice());
            }
        }
    }
}

/// Returns the problem of the failed part of a look.
fn problem(seen: &Observation) -> Problem {
    seen.problems().next().expect("something is not seen").clone()
}

/// A look at a host that fails at one class.
fn failing(at: &str, error: &CallError) -> Observation {
    look(|class| if class == at { Err(error.clone()) } else { host_rows(class) }).0
}

#[test]
fn a_look_gives_the_remedy_for_what_it_could_not_read() {
    let not_there = |code| failure(ErrorKind::NotThere, Reached::Yes, Some(code));
    for (at, code, remedy) in [
        ("Win32_ComputerSystem", NO_CLASS, Remedy::RepairWmi),
        ("Win32_OperatingSystem", NO_NAMESPACE, Remedy::RepairWmi),
        ("Msvm_ReplicationService", NO_NAMESPACE, Remedy::InstallHyperV),
        ("Msvm_ReplicationService", NO_CLASS_IN_QUERY, Remedy::RegisterHyperV),
        ("Msvm_ReplicationService", NOT_FOUND, Remedy::StartVmms),
        ("Msvm_ComputerSystem", NO_CLASS, Remedy::RegisterHyperV),
        ("Msvm_ReplicationRelationship", NO_CLASS_IN_QUERY, Remedy::RegisterHyperV),
        ("Msvm_ReplicationSettingData", NO_PROPERTY, Remedy::RegisterHyperV),
    ] {
        assert_eq!(problem(&failing(at, &not_there(code))).remedy, remedy, "{at} {code:#X}");
    }
}

#[test]
fn a_missing_class_asks_for_the_version_if_that_is_unknown() {
    let (seen, _) = look(|class| match class {
        "Win32_OperatingSystem" => Err(failure(ErrorKind::Denied, Reached::Yes, Some(DENIED))),
        "Msvm_ReplicationRelationship" => Err(failure(ErrorKind::NotThere, Reached::Yes, Some(NO_CLASS_IN_QUERY))),
        other => host_rows(other),
    });
    assert_eq!(seen.replication.problem().unwrap().remedy, Remedy::ShowVersion);
}

/// A look at a host that returns these rows of one class.
fn showing(of: &str, rows: &[Row]) -> Observation {
    look(|class| if class == of { Ok(rows.to_vec()) } else { host_rows(class) }).0
}

#[test]
fn missing_and_odd_rows_each_have_their_own_remedy() {
    let old = || host_rows("Win32_OperatingSystem").map(|rows| rows[0].clone().with("Version", text("6.1.7601")));
    for (of, rows, remedy) in [
        ("Win32_ComputerSystem", vec![], Remedy::RepairWmi),
        ("Win32_OperatingSystem", vec![], Remedy::RepairWmi),
        ("Win32_OperatingSystem", vec![old().unwrap()], Remedy::UpgradeWindows),
        ("Win32_OperatingSystem", vec![old().unwrap().with("LocalDateTime", text("noon"))], Remedy::ReportHost),
        ("Win32_Service", vec![], Remedy::SeeServices),
    ] {
        assert_eq!(problem(&showing(of, &rows)).remedy, remedy, "{of}");
    }
    let mut vms = host_rows("Msvm_ComputerSystem").unwrap();
    let odd = vms[1].clone().with("EnabledState", text("odd"));
    vms[1] = odd;
    let host_alone = vec![vms[0].clone()];
    for (of, rows, remedy) in [
        ("Msvm_ComputerSystem", vms, Remedy::ReportRow),
        ("Msvm_ComputerSystem", host_alone, Remedy::LookAgain),
        ("Msvm_ReplicationRelationship", vec![relationship("odd")], Remedy::ReportRow),
    ] {
        let seen = showing(of, &rows);
        let unread: Vec<&Problem> = seen.replication.seen().unwrap().unread().collect();
        assert_eq!((unread.len(), unread[0].remedy), (1, remedy), "{of}: {unread:?}");
    }
    let seen = showing("Msvm_ReplicationSettingData", &[]);
    let object = seen.replication.seen().unwrap().objects.values().next().unwrap().clone();
    assert_eq!(object.settings.problem().unwrap().remedy, Remedy::LookAgain);
}

fn remedy(outcome: &Outcome) -> Remedy {
    match outcome {
        Outcome::NotDone(problem) | Outcome::Unknown(problem) => problem.remedy,
        Outcome::Ended(_) | Outcome::Refused(_) | Outcome::Stale { .. } => panic!("{outcome:?}"),
    }
}

#[test]
fn the_remedy_of_an_act_depends_on_where_it_failed() {
    let found = || Ok(Reply::Instance(relationship("8")));
    let fault = |kind, code| Err(failure(kind, Reached::Yes, Some(code)));
    let nameless = Reply::Output(Output { parameters: Properties::new().with("ReturnValue", text("4096")) });
    let gone = || Ok(Reply::Rows(vec![]));
    for (what, answers, expected) in [
        ("no rights", vec![fault(ErrorKind::Denied, DENIED)], Remedy::GrantHyperV),
        ("no class", vec![found(), fault(ErrorKind::NotThere, NO_CLASS)], Remedy::RegisterHyperV),
        ("the VM is gone", vec![found(), fault(ErrorKind::NotThere, NOT_FOUND)], Remedy::LookAgain),
        ("a job without a name", vec![found(), Ok(nameless)], Remedy::SeeWhatCame),
        ("a job that is gone", vec![found(), Ok(started()), gone(), gone(), gone(), gone()], Remedy::SeeWhatCame),
        ("a job in an odd state", vec![found(), Ok(started()), Ok(job("99"))], Remedy::SeeWhatCame),
        ("an HRESULT", vec![found(), Ok(returns("2147749889"))], Remedy::SeeWhatCame),
        ("an HRESULT that refuses", vec![found(), Ok(returns("2147942405"))], Remedy::GrantChange),
        ("a row that is odd", vec![Ok(Reply::Instance(relationship("odd")))], Remedy::ReportRow),
    ] {
        assert_eq!(remedy(&resume(answers).0), expected, "{what}");
    }
}

/// The numbers that the reference lists for a host that is booting, lacks Hyper-V or refuses the account, as this computer's
/// WMI gives them at a query for Hyper-V's classes.
#[test]
fn each_number_of_this_computers_wmi_has_its_kind_and_its_advice() {
    use ErrorKind as K;
    for (number, kind, part) in [
        (0x8004_100E, K::NotThere, "Install-WindowsFeature Hyper-V"),
        (0x8004_1010, K::NotThere, "mofcomp"),
        (0x8004_1002, K::NotThere, "Get-Service vmms"),
        (0x8004_1001, K::Busy, "wait"),
        (0x8004_1004, K::Busy, "wait"),
        (0x8004_1013, K::Busy, "wait"),
        (0x8004_1015, K::Busy, "wait"),
        (0x8004_1032, K::Busy, "wait"),
        (0x8004_1033, K::Busy, "wait"),
        (0x8004_1045, K::Busy, "wait"),
        (0x8004_1069, K::TimedOut, "wait"),
        (0x8007_06BA, K::Busy, "wait"),
        (0x8007_06BE, K::Busy, "wait"),
        (0x8004_1003, K::Denied, "Hyper-V Administrators"),
        (0x8007_0005, K::Denied, "run this elevated"),
    ] {
        let status = Status::of(number).unwrap();
        assert_eq!(status.class.kind(), kind, "{}", status.name);
        let error = failure(kind, Reached::No, Some(number)).with_hint(Hint::Local);
        let problem = of(&error, "try", Subject::HyperV);
        assert!(problem.advice().contains(part), "{}: {}", status.name, problem.advice());
        assert!(!problem.advice().contains("WinRM"), "{}: {}", status.name, problem.advice());
    }
    let none = of(&failure(K::NotThere, Reached::No, Some(NO_NAMESPACE)), "try", Subject::HyperV);
    assert_eq!(none.why, "Hyper-V is not installed on this host: broken");
    let denied = of(&failure(K::Denied, Reached::No, Some(DENIED)).with_hint(Hint::Local), "try", Subject::HyperV);
    assert_eq!((denied.what.as_str(), denied.why.as_str()), ("try", r"no rights on root\virtualization\v2: broken"));
}
