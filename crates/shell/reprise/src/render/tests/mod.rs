//! What people and programs read, word for word.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::{PassOutcome, Report};
use reprise_engine::{
    Cause, Failure, Finding, HoldState, HoldTrouble, HostReport, HostTrouble, LegReport, LegResult, LegTrouble,
    NotReady, PlannedAct, Summary,
};
use reprise_model::{
    Hold, HoldScope, HostId, HostKey, LegId, LegKind, Problem, ProblemKind, Reason, Refusal, ReplicationState,
    Timestamp, VmSelector,
};

use super::{Terminal, json, sentence, status, table};
use crate::links::ConnectionInfo;

mod looked;
mod orders;

fn leg(n: u32, result: LegResult, after: ReplicationState) -> LegReport {
    let vm = format!("00000000-0000-0000-0000-{n:012x}").parse().unwrap();
    LegReport {
        id: LegId { vm, kind: LegKind::Simple },
        vm: format!("vm-{n:03}"),
        primary: Some("hv01.lab.test".to_owned()),
        replica: Some("hv02.lab.test".to_owned()),
        second_primary: None,
        before: Some(ReplicationState::Error),
        after: Some(after),
        wanted: true,
        action: PlannedAct::Resume,
        reason: Reason::Error,
        findings: vec![],
        last_failure: None,
        auto_resync: None,
        result,
        confirmed: false,
        without_evidence: false,
        attempts: 1,
        elapsed: Some(Duration::from_millis(321)),
        trouble: None,
    }
}

fn leg_id(n: u32) -> LegId {
    leg(n, LegResult::Failed, ReplicationState::Error).id
}

/// The report on 80 columns.
fn shown(report: &Report) -> String {
    table::text(report, &Terminal::of_width(80))
}

fn report() -> Report {
    let mut failed = leg(2, LegResult::Failed, ReplicationState::Error);
    failed.reason = Reason::ResumeRefused;
    let why = "invalid state for this operation".to_owned();
    let refusal = Refusal { code: Some(32_775), why, advice: "look at the VM", transient: false };
    let cause = Cause::Failed(Failure::Refused(refusal));
    failed.trouble =
        Some(LegTrouble { host: Some("hv01.lab.test".to_owned()), may_be: None, stopped_again: false, cause });
    Report {
        outcome: PassOutcome::Partial,
        dry_run: false,
        interrupted: false,
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
        r#"{"version":1,"outcome":"partial","dry_run":false,"interrupted":false,"started":"2026-01-31T10:00:00.500Z","elapsed_ms":1234,"#,
        r#""hosts":[{"name":"hv01.lab.test","url":"http://127.0.0.1:4711/wsman","tls_verified":null,"ready":true,"ready_after_s":1,"error":null}],"#,
        r#""relationships":[{"vm":"vm-001","vm_id":"00000000-0000-0000-0000-000000000001","leg":"simple","#,
        r#""primary":"hv01.lab.test","replica":"hv02.lab.test","second_primary":null,"before":"Error","wanted":true,"action":"resume","#,
        r#""reason":"error","detail":"The sender is in Error: replication stopped after a failure that VMMS does not retry. A shutdown can cause this. A resume without resynchronization repairs it.","result":"resumed","after":"Replicating","confirmed":false,"#,
        r#""attempts":1,"elapsed_ms":321,"error":null,"next":null,"last_failure":null},"#,
        r#"{"vm":"vm-002","vm_id":"00000000-0000-0000-0000-000000000002","leg":"simple","#,
        r#""primary":"hv01.lab.test","replica":"hv02.lab.test","second_primary":null,"before":"Error","wanted":true,"action":"resume","#,
        r#""reason":"resume_refused","detail":"The primary server refused the resume.","result":"failed","after":"Error","confirmed":false,"#,
        r#""attempts":1,"elapsed_ms":321,"error":{"what":"cannot resume replication of VM vm-002","#,
        r#""where":"hv01.lab.test","why":"invalid state for this operation","next":"look at the VM","#,
        r#""code":"32775","retry":"never"},"next":"Look at the VM.","last_failure":null}],"errors":[]}"#
    );
    assert_eq!(text, expected);
}

#[test]
fn a_reason_is_one_phrase_on_one_line_however_narrow_the_terminal_is() {
    for width in [None, Some(200), Some(80), Some(60), Some(40)] {
        for reason in Reason::ALL {
            let mut report = report();
            report.legs[1].vm = "a name that is longer than the others, and longer than any column".to_owned();
            report.legs[1].after = Some(ReplicationState::WaitingForStartResynchronize);
            report.legs[1].reason = *reason;
            report.legs[1].trouble = None;
            report.legs[1].result = LegResult::NeedsPerson;
            let text = table::text(&report, &Terminal { width, ..Terminal::default() });
            let end = format!("needs_person  {}", reason.phrase());
            assert!(text.lines().any(|line| line.ends_with(&end)), "{width:?}: {text}");
            if width.is_some_and(|width| width >= 80) {
                let is_row = |line: &&str| !line.contains('`') && !line.contains("://");
                assert!(text.lines().filter(is_row).all(|line| line.chars().count() <= width.unwrap()), "{text}");
            }
        }
    }
}

#[test]
fn the_table_is_worst_first_fits_eighty_columns_and_ends_with_what_is_unprotected_and_what_to_do() {
    let text = shown(&report());
    let (table, failed) = (text.find("VM      FROM").unwrap(), text.rfind("vm-002  hv01").unwrap());
    assert!(table < failed && failed < text.find("vm-001").unwrap(), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("  why:  invalid state for this operation (32775)\n  next: look at the VM\n"), "{text}");
    let end = "Resumed 1 VM, not yet confirmed by a later cycle. Unprotected: 1 of 2\n  replication relationships that \
               should replicate (vm-002).\nFirst, for 1 VM: look at the VM\n";
    let unwrapped = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped(&text).ends_with(&unwrapped(end)), "{text}");
    let mut long = report();
    long.legs[1].vm = "vm-002-with-a-long-name".to_owned();
    long.legs[1].after = Some(ReplicationState::WaitingForStartResynchronize);
    let text = shown(&long);
    for line in ["Error → WaitingFor", "StartResynchronize"] {
        assert!(text.lines().any(|found| found.contains(line)), "{text}");
    }
    let mut report = report();
    report.legs[1].id.kind = LegKind::Extended;
    report.legs[1].vm = "a\u{1b}[31m".to_owned();
    report.legs[0].wanted = false;
    let text = shown(&report);
    assert!(text.contains("(a\u{fffd}[31m (extended))") && !text.contains('\u{1b}'), "{text}");
}

/// 300 VMs on three hosts in a ring, of which the second is down.
fn one_host_down() -> Report {
    let problem =
        Problem::new(ProblemKind::Unreachable, "reach the host", "cannot reach http://hv02: connection refused");
    let host = |n: u32| format!("hv{n:02}.lab.test");
    let mut report = report();
    let ready = report.hosts[0].clone();
    report.hosts = (1..=3).map(|n| HostReport { id: HostId(n), name: host(n), ..ready.clone() }).collect();
    report.hosts[1].ready = false;
    let why = reprise_engine::NotReady { problem: problem.clone(), service: None };
    report.hosts[1].trouble = Some(HostTrouble::NotReady(why));
    report.legs = (1..=300)
        .map(|n| {
            let mut leg = leg(n, LegResult::Healthy, ReplicationState::Replicating);
            leg.before = leg.after;
            leg.reason = Reason::Replicating;
            leg.action = PlannedAct::None;
            (leg.primary, leg.replica) = (Some(host(1 + n % 3)), Some(host(1 + (n + 1) % 3)));
            if n % 3 == 2 {
                return leg;
            }
            leg.result = LegResult::Failed;
            leg.reason = if n % 3 == 1 { Reason::SenderNotReady } else { Reason::PeerNotSeen };
            leg.after = (n % 3 == 0).then_some(ReplicationState::Error);
            leg.before = leg.after;
            leg.trouble = Some(LegTrouble {
                host: leg.primary.clone(),
                may_be: None,
                stopped_again: false,
                cause: Cause::Unseen(problem.clone()),
            });
            leg
        })
        .collect();
    report
}

#[test]
fn a_silent_host_that_was_asked_by_an_address_is_called_by_the_tables_name_too() {
    let mut report = one_host_down();
    report.hosts[1].name = "10.0.0.2:5985".to_owned();
    for trouble in report.legs.iter_mut().filter_map(|leg| leg.trouble.as_mut()) {
        trouble.host = Some("10.0.0.2:5985".to_owned());
        trouble.may_be = Some("hv02.lab.test".to_owned());
    }
    let text = table::text(&report, &Terminal::default());
    assert!(text.contains("on 10.0.0.2:5985 (perhaps hv02.lab.test)\n"), "{text}");
    assert!(text.contains("; not ready: 10.0.0.2:5985 (perhaps hv02.lab.test)."), "{text}");
}

#[test]
fn what_is_known_of_a_resume_is_said_and_nothing_else() {
    let mut report = report();
    let leg = &mut report.legs[1];
    (leg.reason, leg.after) = (Reason::ResumeNotEnded, Some(ReplicationState::Replicating));
    leg.trouble.as_mut().unwrap().cause = Cause::Unfinished;
    let text = table::text(&report, &Terminal::default());
    assert!(text.contains("error: did not see the end of the resume of VM vm-002 on hv01.lab.test"), "{text}");
    assert!(text.contains("the state reads Replicating, as it may while the resume is under way"), "{text}");
    assert!(text.contains("next: run again: if the resume has ended by then"), "{text}");
    assert!(text.contains("Error → Replicating  failed   asked, no end seen"), "{text}");
    let leg = &mut report.legs[1];
    (leg.after, leg.reason) = (None, Reason::ResumeRefused);
    let refusal = Refusal { code: Some(32_775), why: "no".to_owned(), advice: "look", transient: false };
    let trouble = leg.trouble.as_mut().unwrap();
    (trouble.cause, trouble.stopped_again) = (Cause::Failed(Failure::Refused(refusal)), true);
    let text = table::text(&report, &Terminal::default());
    assert!(
        text.contains("it was resumed and stopped again before newer data arrived; after that: no (32775"),
        "{text}"
    );
}

#[test]
fn what_is_in_doubt_stands_in_the_last_lines_and_in_the_summary() {
    let mut report = report();
    report.legs.truncate(1);
    let doubt = Problem::new(ProblemKind::Busy, "see its replicated VMs", "it has just booted");
    report.hosts[0].empty = Some(doubt);
    let scope = HoldScope::Vm(VmSelector::parse("vm-0O1"));
    let hold = Hold { scope, reason: "migration".to_owned(), until: None, only_this_pass: false };
    report.holds = vec![HoldTrouble { hold, state: HoldState::Unmatched { stops: false } }];
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = words(shown(&report));
    assert!(text.contains("; may still be loading its VMs: hv01.lab.test."), "{text}");
    assert!(text.contains("Nothing that was seen matches the hold on VM vm-0O1: check the spelling."), "{text}");
    let sums = Summary { holds: report.holds.clone(), ..Summary::of(&report.hosts, &report.legs, (false, false)) };
    let text = sentence::summary(&sums);
    assert!(text.contains("1 host shows no replicated VM and may still be loading them."), "{text}");
    assert!(text.contains("Nothing that was seen matches the hold on VM vm-0O1."), "{text}");
}

#[test]
fn one_dead_host_is_one_block_and_the_table_stays_on_the_screen() {
    let report = one_host_down();
    let terminal = Terminal { height: Some(24), ..Terminal::of_width(80) };
    let text = table::text(&report, &terminal);
    assert_eq!(text.matches("error: ").count(), 1, "{text}");
    assert!(text.contains("error: cannot reach the host on hv02.lab.test\n"), "{text}");
    assert!(text.contains("  VMs:  200 (vm-001, vm-003, vm-004, vm-006, vm-007 and 195 more)\n"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let screen = lines[lines.len().saturating_sub(23)..].join("\n");
    for seen in [
        "VM      FROM → TO    STATE        RESULT   WHY",
        "vm-001  hv02 → hv03  not seen     failed   primary not ready",
        "vm-003  hv01 → hv02  Error        failed   replica not seen",
        "more: failed, primary not ready",
        "more: failed, replica not seen",
        "more that replicate",
        "Every row: pipe the output",
        "Unprotected: 200 of 300",
        "First, for 200 VMs: check that the host is up",
    ] {
        assert!(screen.contains(seen), "{seen}: {text}");
    }
    let piped = table::text(&report, &Terminal::default());
    let rows = piped.lines().filter(|line| line.starts_with("vm-")).count();
    assert_eq!(rows, 300, "everything can be searched for in a file");
    assert!(!piped.contains("… and") && !piped.contains("Every row"), "{piped}");
}

#[test]
fn a_cause_of_many_vms_is_one_block_that_counts_them() {
    let mut report = report();
    let failed = report.legs[1].clone();
    report.legs = (2..=9).map(|n| LegReport { id: leg_id(n), vm: format!("vm-{n:03}"), ..failed.clone() }).collect();
    let mut person = leg(10, LegResult::NeedsPerson, ReplicationState::WaitingForStartResynchronize);
    person.reason = Reason::ResyncRequired;
    report.legs.extend([person.clone(), LegReport { id: leg_id(11), vm: "vm-011".to_owned(), ..person }]);
    let text = shown(&report);
    assert!(text.contains("error: cannot resume replication of 8 VMs on hv01.lab.test\n"), "{text}");
    assert!(
        text.contains("needs a person: resync required: 2 VMs\n  why:  A resynchronization is required."),
        "{text}"
    );
    assert!(text.contains("  next: Plan the resynchronization"), "{text}");
    assert!(text.contains("  VMs:  2 (vm-010, vm-011)\n"), "{text}");
}

#[test]
fn every_row_that_does_not_replicate_as_it_should_says_what_to_do_next() {
    for reason in Reason::ALL {
        let results =
            [LegResult::Failed, LegResult::NeedsPerson, LegResult::Stale, LegResult::Waiting, LegResult::Left];
        for result in results.into_iter().chain([LegResult::Skipped]) {
            let mut report = report();
            report.legs[1].trouble = None;
            (report.legs[1].reason, report.legs[1].result) = (*reason, result);
            let document = serde_json::to_value(json::document(&report, &BTreeMap::new(), &[])).unwrap();
            let next = document["relationships"][1]["next"].as_str().unwrap_or_default();
            assert!(!next.is_empty(), "{reason:?} {result:?}");
            assert!(table::text(&report, &Terminal::default()).contains(next), "{reason:?} {result:?}");
        }
    }
    let mut still = report();
    (still.legs[0].reason, still.legs[0].result) = (Reason::NotMoving, LegResult::Healthy);
    let document = serde_json::to_value(json::document(&still, &BTreeMap::new(), &[])).unwrap();
    assert!(document["relationships"][0]["next"].is_string());
}

#[test]
fn the_code_of_the_last_event_32022_is_in_words_beside_the_row_and_chooses_the_advice() {
    let mut report = report();
    report.legs[1].trouble = None;
    report.legs[1].result = LegResult::Failed;
    report.legs[1].reason = Reason::ResumeWithoutEffect;
    report.legs[1].last_failure = Some(0x800B_0101);
    let piped = table::text(&report, &Terminal::default());
    assert!(piped.contains("failed   resume had no effect: certificate expired (0x800B0101)\n"), "{piped}");
    let text = shown(&report);
    assert!(
        text.contains("failed   resume had no effect\n  last failure: certificate expired (0x800B0101)\n"),
        "{text}"
    );
    let document = serde_json::to_value(json::document(&report, &BTreeMap::new(), &[])).unwrap();
    let row = &document["relationships"][1];
    let failure = &row["last_failure"];
    assert_eq!(
        (&failure["event"], &failure["code"], &failure["meaning"]),
        (&32_022.into(), &"0x800B0101".into(), &"certificate expired".into())
    );
    assert!(row["next"].as_str().unwrap().contains("Set-VMReplication"), "{row}");
    assert!(row["detail"].as_str().unwrap().ends_with("The last event 32022 says: certificate expired (0x800B0101)."));
    report.legs[1].last_failure = Some(0x8004_4004);
    let piped = table::text(&report, &Terminal::default());
    assert!(piped.contains("resume had no effect: 0x80044004\n"), "an unknown code is shown as it is: {piped}");
    (report.legs[1].reason, report.legs[1].result) = (Reason::PausedByPerson, LegResult::Left);
    let piped = table::text(&report, &Terminal::default());
    assert!(!piped.contains("0x80044004"), "who paused it was no failed transfer: {piped}");
}

#[test]
fn a_required_resynchronization_that_vmms_starts_by_itself_says_when() {
    let mut report = report();
    report.legs[1].trouble = None;
    (report.legs[1].reason, report.legs[1].result) = (Reason::ResyncRequired, LegResult::NeedsPerson);
    let hours = |minutes| Some(Duration::from_mins(minutes));
    report.legs[1].auto_resync = Some(reprise_model::AutoResync { from: hours(1_110), until: hours(360) });
    let text = table::text(&report, &Terminal::default());
    assert!(text.contains("VMMS starts the resynchronization by itself between 18:30 and 06:00"), "{text}");
    report.legs[1].auto_resync = None;
    let text = table::text(&report, &Terminal::default());
    assert!(!text.contains("by itself between"), "{text}");
}

#[test]
fn two_vms_of_one_name_are_told_apart_and_an_address_is_never_cut() {
    let mut report = report();
    report.legs[0].vm = "SQL".to_owned();
    report.legs[1].vm = "sql".to_owned();
    report.legs[1].id.vm = "6f0c2a51-0000-0000-0000-000000000002".parse().unwrap();
    report.legs[1].primary = Some("10.0.0.5:5985".to_owned());
    let text = table::text(&report, &Terminal::default());
    assert!(text.starts_with("error: cannot resume replication of VM sql (6f0c2a51) on hv01.lab.test\n"), "{text}");
    assert!(text.contains("SQL (00000000)  hv01 → hv02"), "{text}");
    assert!(text.contains("sql (6f0c2a51)  10.0.0.5:5985 → hv02"), "{text}");
    report.legs[1].primary = Some("hv01.other.test".to_owned());
    let text = table::text(&report, &Terminal::default());
    assert!(text.contains("hv01.other.test → hv02") && text.contains("hv01.lab.test → hv02"), "{text}");
}

#[test]
fn what_was_confirmed_and_what_a_dry_run_would_do_are_words_of_their_own() {
    let mut report = report();
    let text = shown(&report);
    assert!(text.contains("resumed  stopped by an error"), "{text}");
    report.legs[0].confirmed = true;
    let text = shown(&report);
    assert!(text.contains("confirmed  stopped by an error"), "{text}");
    assert!(text.contains("Resumed 1 VM, confirmed by a later cycle."), "{text}");
    report.dry_run = true;
    report.legs.truncate(1);
    report.legs[0].result = LegResult::Skipped;
    let text = shown(&report);
    assert!(text.contains("would be resumed  stopped by an error"), "{text}");
    assert!(text.contains("Dry run, nothing was changed: 1 VM would be resumed."), "{text}");
    assert!(!text.contains("skipped"), "{text}");
}

#[test]
fn nothing_that_should_replicate_is_not_called_protected() {
    let mut report = report();
    report.legs.truncate(1);
    (report.legs[0].result, report.legs[0].wanted, report.legs[0].reason) = (LegResult::Left, false, Reason::Held);
    let text = shown(&report);
    assert!(text.ends_with("No replication relationship is meant to replicate now. Left alone: 1.\n"), "{text}");
    report.legs = vec![leg(1, LegResult::Healthy, ReplicationState::Replicating)];
    let text = shown(&report);
    assert!(text.ends_with("The replication relationship that should replicate is protected.\n"), "{text}");
}

#[test]
fn a_reason_as_a_cause_keeps_the_case_of_its_names() {
    let mut report = report();
    report.legs[1].reason = Reason::SenderNotFound;
    report.legs[1].trouble = Some(LegTrouble { host: None, may_be: None, stopped_again: false, cause: Cause::Reason });
    let text = table::text(&report, &Terminal::default());
    assert!(text.contains("  why:  the primary server is up and does not have the VM's replication, so"), "{text}");
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let report = one_host_down();
    let plain = Terminal { height: Some(24), ..Terminal::of_width(80) };
    let coloured = table::text(&report, &Terminal { colours: true, ..plain });
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31mfailed\u{1b}[0m"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), table::text(&report, &plain));
}

#[test]
fn what_may_not_be_seen_of_a_host_is_a_warning_in_the_text_and_its_error_in_the_document() {
    let mut report = report();
    report.hosts[0].hidden = Some(Problem::new(ProblemKind::Denied, "read the system", "no rights"));
    let shown = |report: &Report| {
        let document = serde_json::to_value(json::document(report, &BTreeMap::new(), &[])).unwrap();
        (table::text(report, &Terminal::default()), document["hosts"][0]["error"]["why"].as_str().unwrap().to_owned())
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
    let text = shown(&report);
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
    assert!(shown(&report).contains("(invisible name)"));
}

#[test]
fn a_hold_that_stops_everything_stands_first_and_last() {
    let mut report = report();
    let scope = HoldScope::Vm(VmSelector::parse("vm-0O1"));
    let hold = Hold { scope, reason: "migration".to_owned(), until: None, only_this_pass: false };
    report.holds = vec![HoldTrouble { hold, state: HoldState::Unmatched { stops: true } }];
    let text = shown(&report);
    assert!(
        text.starts_with("error: cannot apply the hold on VM vm-0O1 in the configuration\n  why:  no asked"),
        "{text}"
    );
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = "Nothing is resumed, since nothing matches the hold on VM vm-0O1. First: correct or remove it, then run again; \
               to resume without it, add `--ignore-unmatched-holds`";
    assert!(words.ends_with(end), "{text}");
    report.holds[0].state = HoldState::Ended;
    let text = shown(&report);
    assert!(text.starts_with("warning: ") && text.contains("until"), "{text}");
}

#[test]
fn a_name_is_wrapped_at_its_blanks_and_neither_a_word_nor_a_guid_is_cut_that_would_fit() {
    let mut report = report();
    report.dry_run = true;
    let mut person = leg(1, LegResult::NeedsPerson, ReplicationState::WaitingForStartResynchronize);
    (person.vm, person.reason, person.before) = ("web".to_owned(), Reason::PausedOnReplica, person.after);
    person.id.vm = "a833bdcd-0000-0000-0000-000000000001".parse().unwrap();
    let mut planned = leg(3, LegResult::Skipped, ReplicationState::ResynchronizeSuspended);
    (planned.vm, planned.reason) = (r"back\slash\".to_owned(), Reason::ResyncPausedByShutdown);
    planned.before = planned.after;
    report.legs = vec![person.clone(), LegReport { id: leg_id(2), ..person }, planned];
    let text = shown(&report);
    let (_, table) = text.split_once("VM ").unwrap();
    for whole in ["web ", "\n(a833bdcd)", "\n(00000000)", r"back\slash\", "FROM →"] {
        assert!(table.contains(whole), "{whole}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
