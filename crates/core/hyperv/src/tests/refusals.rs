//! How a resume can fail: return values, jobs, faults.

use cim::{CallError, ErrorKind, ObjectPath, Output, Properties, Reached, Reply, Row, Value};
use reprise_model::{Ended, Outcome, ProblemKind, Refusal};

use super::{fails, job, relationship, resume, returns, started, text};

fn broken() -> Reply {
    Reply::Instance(relationship("8"))
}

/// A resume whose method returns this.
fn called(answer: Result<Reply, CallError>) -> Outcome {
    resume(vec![Ok(broken()), answer]).0
}

/// A resume whose job is then listed with these properties.
fn by_job(properties: &[(&str, Value)]) -> Outcome {
    let mut row = Row::new("").with("InstanceID", text("j-1"));
    for (name, value) in properties {
        row.properties.set(*name, value.clone());
    }
    resume(vec![Ok(broken()), Ok(started()), Ok(Reply::Rows(vec![row]))]).0
}

fn refusal(outcome: Outcome) -> Refusal {
    let Outcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    refusal
}

#[test]
fn a_refusal_is_one_error_whether_it_comes_at_once_or_by_the_job() {
    let codes: [(u32, &str, bool); 12] = [
        (32_768, "failed", true),
        (32_769, "access denied", false),
        (32_770, "not supported", false),
        (32_771, "status unknown", true),
        (32_772, "timed out", true),
        (32_773, "invalid parameter", false),
        (32_774, "system in use", true),
        (32_775, "invalid state for this operation", false),
        (32_776, "wrong data type", false),
        (32_777, "system not available", true),
        (32_778, "out of memory", true),
        (32_779, "file not found", false),
    ];
    for (code, meaning, transient) in codes {
        let at_once = refusal(called(Ok(returns(&code.to_string()))));
        assert_eq!((at_once.code, at_once.why.as_str()), (Some(code), meaning));
        // The state that was just read allows the change, so the VM must be busy; a job has checked the state itself.
        assert_eq!(at_once.transient, transient || code == 32_775, "{code}");
        assert!(
            !at_once.advice.is_empty() && !at_once.advice.contains("etries"),
            "who tries again is for others to say"
        );
        let silent = [("JobState", text("10")), ("ErrorCode", text(&code.to_string()))];
        let by_job = refusal(by_job(&silent));
        assert_eq!(
            (by_job.code, by_job.why.as_str(), by_job.transient),
            (Some(code), meaning, transient),
            "by the job"
        );
        assert_eq!(by_job == at_once, code != 32_775, "{code}");
        let fault = fails(ErrorKind::Refused, Reached::Yes).with_status(code);
        assert_eq!(refusal(called(Err(fault))), Refusal { why: format!("{meaning}: broken"), ..at_once }, "by a fault");
    }
    let unknown = refusal(called(Ok(returns("40000"))));
    assert_eq!((unknown.code, unknown.why.as_str()), (Some(40_000), "undocumented error code"));
}

#[test]
fn every_state_of_a_job_ends_as_the_reference_says() {
    for running in ["2", "3", "4", "5", "6"] {
        let (outcome, requests) = resume(vec![Ok(broken()), Ok(started()), Ok(job(running)), Ok(job("7"))]);
        assert_eq!((outcome, requests.len()), (Outcome::Ended(Ended::ByJob), 4), "{running} is no end");
    }
    for good in ["7", "32768"] {
        assert_eq!(by_job(&[("JobState", text(good))]), Outcome::Ended(Ended::ByJob), "{good}");
    }
    for cancelled in ["8", "9"] {
        let outcome = refusal(by_job(&[("JobState", text(cancelled)), ("ErrorDescription", text("stopped"))]));
        assert_eq!((outcome.code, outcome.why.as_str()), (None, "the job was cancelled: stopped"));
        assert!(outcome.transient, "VMMS cancels its jobs when it stops");
    }
    for failed in ["10", "11"] {
        let coded = [("JobState", text(failed)), ("ErrorCode", text("32775")), ("ErrorDescription", text("no"))];
        let outcome = refusal(by_job(&coded));
        assert_eq!(
            (outcome.code, outcome.why.as_str()),
            (Some(32_775), "invalid state for this operation: no"),
            "{failed}"
        );
    }
    for unknown in ["0", "1", "12", "99", "65535", "", "ten"] {
        assert!(matches!(by_job(&[("JobState", text(unknown))]), Outcome::Unknown(_)), "{unknown}");
    }
}

#[test]
fn a_job_that_failed_is_a_refusal_even_if_it_cannot_say_why() {
    for code in [Value::Nil, text("0"), text("not a number")] {
        let outcome = refusal(by_job(&[("JobState", text("10")), ("ErrorCode", code)]));
        assert_eq!((outcome.code, outcome.why.as_str()), (None, "the job failed and gave no error code"));
    }
    let words = [
        ("JobState", text("10")),
        ("ErrorCode", text("32768")),
        ("ErrorDescription", text(" ")),
        ("ErrorSummaryDescription", text("short")),
    ];
    assert_eq!(refusal(by_job(&words)).why, "failed: short");
}

#[test]
fn an_answer_that_names_no_job_is_unknown_and_one_without_a_job_is_at_once() {
    assert_eq!(called(Ok(returns("0"))), Outcome::Ended(Ended::AtOnce));
    let keyless = ObjectPath::new("root/virtualization/v2", "Msvm_ConcreteJob");
    let answers = [
        Properties::new().with("ReturnValue", text("4096")),
        Properties::new().with("ReturnValue", text("4096")).with("Job", text("nonsense")),
        Properties::new().with("ReturnValue", text("4096")).with("Job", Value::Reference(Box::new(keyless))),
        Properties::new().with("ReturnValue", text("-1")),
        Properties::new(),
    ];
    for parameters in answers {
        let outcome = called(Ok(Reply::Output(Output { parameters })));
        assert!(matches!(&outcome, Outcome::Unknown(p) if p.kind == ProblemKind::Malformed), "{outcome:?}");
    }
}

#[test]
fn a_call_that_failed_tells_whether_it_may_have_been_carried_out() {
    let kinds = [
        (ErrorKind::Unreachable, false),
        (ErrorKind::Denied, false),
        (ErrorKind::NotThere, false),
        (ErrorKind::Busy, false),
        (ErrorKind::Unsupported, false),
        (ErrorKind::TimedOut, true),
        (ErrorKind::Malformed, true),
        (ErrorKind::TooLarge, true),
    ];
    for (kind, open) in kinds {
        let answered = called(Err(fails(kind, Reached::Yes)));
        assert_eq!(matches!(answered, Outcome::Unknown(_)), open, "{kind}: {answered:?}");
        assert_eq!(matches!(answered, Outcome::NotDone(_)), !open, "{kind}: {answered:?}");
        assert!(matches!(called(Err(fails(kind, Reached::Perhaps))), Outcome::Unknown(_)), "{kind}");
        assert!(matches!(called(Err(fails(kind, Reached::No))), Outcome::NotDone(_)), "{kind}");
    }
    let fault =
        CallError { message: String::new(), ..fails(ErrorKind::Refused, Reached::Yes).with_status(0x8004_1001) };
    let fault = refusal(called(Err(fault)));
    assert_eq!((fault.code, fault.why.as_str()), (Some(0x8004_1001), "the host returned a fault without a message"));
}

/// A method that returns an HRESULT may have failed after it started.
#[test]
fn a_return_value_that_is_an_hresult_leaves_it_open() {
    for code in ["2147944126", "2147749889", "2147500037", "2147942405"] {
        let outcome = called(Ok(returns(code)));
        assert!(matches!(&outcome, Outcome::Unknown(p) if p.code == code.parse().ok()), "{outcome:?}");
    }
}

#[test]
fn a_code_in_the_hosts_own_words_says_more_than_the_number_beside_it() {
    for (words, advice) in [
        ("Fehler beim Fortsetzen (0x800B0101).", "Set-VMReplication -VMName VM -CertificateThumbprint"),
        ("The file system limits it (0x80070299)", "-UseLargeFRS"),
        ("There is not enough space on the disk. (0x80070070)", "free space"),
    ] {
        let failed = [("JobState", text("10")), ("ErrorCode", text("32768")), ("ErrorDescription", text(words))];
        let refusal = refusal(by_job(&failed));
        assert!(refusal.advice.contains(advice) && refusal.why == format!("failed: {words}"), "{refusal:?}");
    }
    let fault = fails(ErrorKind::Refused, Reached::Yes).with_status(0x8009_2004);
    assert!(self::refusal(called(Err(fault))).advice.contains("Cert:\\LocalMachine\\My"));
    let plain = [("JobState", text("10")), ("ErrorCode", text("32768")), ("ErrorDescription", text("no"))];
    assert!(self::refusal(by_job(&plain)).advice.starts_with("check the VM's replication health"));
}
