//! What people and programs read, word for word.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::{PassOutcome, Report};
use reprise_engine::{
    Cause, Failure, Finding, HoldState, HoldTrouble, HostReport, HostTrouble, LegReport, LegResult, LegTrouble,
    NotReady, PlannedAct,
};
use reprise_model::{
    Hold, HoldScope, HostId, HostKey, LegId, LegKind, Problem, ProblemKind, Reason, Refusal, ReplicationState,
    Timestamp, VmSelector,
};

use super::{json, table};
use crate::links::ConnectionInfo;

fn leg(n: u32, result: LegResult, after: ReplicationState) -> LegReport {
    let vm = format!("00000000-0000-0000-0000-{n:012x}").parse().unwrap();
    LegReport {
        id: LegId { vm, kind: LegKind::Simple },
        vm: format!("vm-{n:03}"),
        primary: Some("hv01.lab.test".to_owned()),
        replica: Some("hv02.lab.test".to_owned()),
        before: Some(ReplicationState::Error),
        after: Some(after),
        wanted: true,
        action: PlannedAct::Resume,
        reason: Reason::Error,
        findings: vec![],
        result,
        confirmed: false,
        without_evidence: false,
        attempts: 1,
        elapsed: Some(Duration::from_millis(321)),
        trouble: None,
    }
}

fn report() -> Report {
    let mut failed = leg(2, LegResult::Failed, ReplicationState::Error);
    failed.reason = Reason::ResumeRefused;
    let why = "invalid state for this operation".to_owned();
    let refusal = Refusal { code: Some(32_775), why, advice: "look at the VM", transient: false };
    let cause = Cause::Failed(Failure::Refused(refusal));
    failed.trouble = Some(LegTrouble { host: Some("hv01.lab.test".to_owned()), may_be: None, cause });
    Report {
        outcome: PassOutcome::Partial,
        dry_run: false,
        started: Timestamp(1_769_853_600_500),
        elapsed: Duration::from_millis(1_234),
        hosts: vec![HostReport {
            id: HostId(0),
            key: HostKey("hv01.lab.test".to_owned()),
            name: "hv01.lab.test".to_owned(),
            ready: true,
            ready_after: Some(Duration::from_millis(1_900)),
            trouble: None,
            hidden: None,
            empty: None,
        }],
        legs: vec![leg(1, LegResult::Resumed, ReplicationState::Replicating), failed],
        holds: vec![],
        ambiguous: None,
    }
}

#[test]
fn the_document_has_the_contracts_keys_in_the_contracts_order() {
    let asked = ConnectionInfo { url: "http://127.0.0.1:4711/wsman".to_owned(), tls_verified: None };
    let urls = BTreeMap::from([(HostId(0), asked)]);
    let report = report();
    let text = serde_json::to_string(&json::document(&report, &urls, &[])).unwrap();
    let expected = concat!(
        r#"{"version":1,"outcome":"partial","dry_run":false,"started":"2026-01-31T10:00:00.500Z","elapsed_ms":1234,"#,
        r#""hosts":[{"name":"hv01.lab.test","url":"http://127.0.0.1:4711/wsman","tls_verified":null,"ready":true,"ready_after_s":1,"error":null}],"#,
        r#""relationships":[{"vm":"vm-001","vm_id":"00000000-0000-0000-0000-000000000001","leg":"simple","#,
        r#""primary":"hv01.lab.test","replica":"hv02.lab.test","before":"Error","wanted":true,"action":"resume","#,
        r#""reason":"error","detail":"The sender is in Error: replication stopped after a failure that VMMS does not retry. A shutdown can cause this. A resume without resynchronization repairs it.","result":"resumed","after":"Replicating","confirmed":false,"#,
        r#""attempts":1,"elapsed_ms":321,"error":null},"#,
        r#"{"vm":"vm-002","vm_id":"00000000-0000-0000-0000-000000000002","leg":"simple","#,
        r#""primary":"hv01.lab.test","replica":"hv02.lab.test","before":"Error","wanted":true,"action":"resume","#,
        r#""reason":"resume_refused","detail":"The primary server refused the resume.","result":"failed","after":"Error","confirmed":false,"#,
        r#""attempts":1,"elapsed_ms":321,"error":{"what":"cannot resume replication of VM vm-002","#,
        r#""where":"hv01.lab.test","why":"invalid state for this operation","next":"look at the VM","#,
        r#""code":"32775","retry":"never"}}],"errors":[]}"#
    );
    assert_eq!(text, expected);
}

#[test]
fn why_is_one_phrase_on_one_line_and_never_a_code() {
    for reason in Reason::ALL {
        let mut report = report();
        report.legs[1].reason = *reason;
        report.legs[1].result = LegResult::NeedsPerson;
        let text = table::text(&report, Some(80));
        let row = text.lines().find(|line| line.starts_with("vm-002")).unwrap();
        assert!(row.ends_with(&format!("needs_person  {}", reason.phrase())), "{text}");
        assert!(row.chars().count() <= 80, "{row}");
    }
}

#[test]
fn the_table_is_worst_first_fits_eighty_columns_and_ends_with_what_is_unprotected() {
    let text = table::text(&report(), Some(80));
    let failed = text.find("vm-002").unwrap();
    assert!(failed < text.find("vm-001").unwrap(), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80 || line.starts_with("  ")), "{text}");
    assert!(text.trim_end().ends_with("Unprotected: 1 of 2 (vm-002)."), "{text}");
    let mut long = report();
    long.legs[1].after = Some(ReplicationState::WaitingForStartResynchronize);
    let text = table::text(&long, Some(80));
    for line in ["Error → WaitingFor   failed   resume refused", "StartResynchronize"] {
        assert!(text.contains(line), "{text}");
    }
    let mut report = report();
    report.legs[1].id.kind = LegKind::Extended;
    report.legs[1].vm = "a\u{1b}[31m".to_owned();
    report.legs[0].wanted = false;
    let text = table::text(&report, Some(80));
    assert!(text.trim_end().ends_with("Unprotected: 1 of 1 (a\u{fffd}[31m (extended))."), "{text}");
    let text = table::text(&self::report(), Some(80));
    assert!(text.contains("  why:  invalid state for this operation (32775)\n  next: look at the VM\n"), "{text}");
}

#[test]
fn what_may_not_be_seen_of_a_host_is_a_warning_in_the_text_and_its_error_in_the_document() {
    let mut report = report();
    report.hosts[0].hidden = Some(Problem::new(ProblemKind::Denied, "read the system", "no rights"));
    let shown = |report: &Report| {
        let document = serde_json::to_value(json::document(report, &BTreeMap::new(), &[])).unwrap();
        (table::text(report, None), document["hosts"][0]["error"]["why"].as_str().unwrap().to_owned())
    };
    let (text, why) = shown(&report);
    assert!(text.starts_with("warning: ") && why == "no rights", "{text}{why}");
    let first = Problem::new(ProblemKind::Malformed, "read the VMs", "no name");
    report.hosts[0].trouble = Some(HostTrouble::Unreadable { rows: 1, first });
    let (text, why) = shown(&report);
    assert!(text.starts_with("error: ") && why == "no name", "{text}{why}");
}

#[test]
fn no_text_of_a_host_forges_a_row_or_hides() {
    let mut report = report();
    let forged = "hv01\nvm-009  hv01 → hv02  Replicating  healthy\u{1b}[2K\u{9b}1A\u{202e}";
    report.hosts[0].name = forged.to_owned();
    report.hosts[0].ready = false;
    let problem = Problem::new(ProblemKind::Refused, forged, forged);
    report.hosts[0].trouble = Some(HostTrouble::NotReady(NotReady { problem, service: None }));
    let leg = &mut report.legs[1];
    (leg.vm, leg.primary, leg.replica) = (forged.to_owned(), Some(forged.to_owned()), Some(forged.to_owned()));
    leg.trouble.as_mut().unwrap().host = Some(forged.to_owned());
    leg.findings = vec![Finding::Leftover { host: forged.to_owned() }];
    let text = table::text(&report, Some(80));
    assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("vm-009")), "{text}");
    let asked = BTreeMap::new();
    let document = json::document(&report, &asked, &[]);
    let line = json::line(&document);
    let mut pretty = Vec::new();
    json::write(&mut pretty, &document).unwrap();
    let pretty = String::from_utf8(pretty).unwrap();
    for text in [&line, &pretty] {
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        let read: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(read["relationships"][1]["vm"], forged, "programs read what was said");
    }
    let mut report = self::report();
    report.legs[0].vm = "\u{200b} ".to_owned();
    assert!(table::text(&report, Some(80)).contains("(invisible name)"));
}

#[test]
fn a_hold_that_stops_everything_stands_first_and_last() {
    let mut report = report();
    let scope = HoldScope::Vm(VmSelector::parse("vm-0O1"));
    let hold = Hold { scope, reason: "migration".to_owned(), until: None, only_this_pass: false };
    report.holds = vec![HoldTrouble { hold, state: HoldState::Unmatched { stops: true } }];
    let text = table::text(&report, Some(80));
    assert!(
        text.starts_with("error: cannot apply the hold on VM vm-0O1 in the configuration\n  why:  no asked"),
        "{text}"
    );
    assert!(text.trim_end().ends_with("Nothing was resumed, since nothing matches the hold on VM vm-0O1."), "{text}");
    report.holds[0].state = HoldState::Ended;
    let text = table::text(&report, Some(80));
    assert!(text.starts_with("warning: ") && text.contains("until"), "{text}");
}
