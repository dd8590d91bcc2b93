//! What `pause` and `resume` say.

use reprise_engine::{OrderEnd, OrderReport, Side};
use reprise_model::ActKind;

use super::*;
use crate::render::order;

fn ordered(kind: ActKind, end: OrderEnd) -> OrderReport {
    let leg = leg(1, LegResult::Left, ReplicationState::Suspended);
    OrderReport { kind, end, leg, elapsed: Duration::from_millis(321) }
}

fn page(report: &OrderReport) -> Option<String> {
    order::text(report, &Terminal::of_width(80))
}

#[test]
fn a_pause_says_what_ends_it_within_eighty_columns_by_a_command_that_a_shell_takes_as_it_is() {
    let mut paused = ordered(ActKind::Pause, OrderEnd::Done);
    let text = page(&paused).unwrap();
    assert!(text.contains("`reprise resume vm-001`") && text.starts_with("vm-001 (hv01.lab.test → hv02.lab.test): "));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    paused.leg.id.kind = LegKind::Extended;
    assert!(page(&paused).unwrap().contains("`reprise resume vm-001 --extended`"));
    for name in ["sql 'prod' $x", "a;b", "ß", "-x"] {
        paused.leg.vm = name.to_owned();
        let text = page(&paused).unwrap();
        assert!(text.contains(&format!("`reprise resume {} --extended`", paused.leg.id.vm)), "{text}");
    }
}

/// The commands in a text.
fn commands(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|span| span.contains(' ')).collect()
}

#[test]
fn no_command_in_advice_has_a_name_that_a_shell_takes_apart() {
    let name = r#"it's "my" vm $x"#;
    let id = leg_id(1).vm.to_string();
    let failure = Failure::Unclear(Problem::new(ProblemKind::TimedOut, "pause replication", "no answer"));
    let refusal = Refusal { code: Some(32_774), why: "no".to_owned(), advice: "look", transient: true };
    let ends = [OrderEnd::Done, OrderEnd::AlreadySo(Reason::PausedOnPurpose), OrderEnd::Failed(Side::Sender, failure)];
    let refused = [OrderEnd::Failed(Side::Sender, Failure::Refused(refusal)), OrderEnd::Refused(Reason::NotRunning)];
    let mut texts: Vec<String> = Vec::new();
    for kind in ActKind::ALL {
        for end in ends.iter().chain(&refused) {
            let mut report = ordered(kind, end.clone());
            (report.leg.vm, report.leg.id.kind) = (name.to_owned(), LegKind::Extended);
            texts.extend(page(&report));
            let error = order::error(&report);
            texts.extend(error.iter().map(|error| error.next.clone()));
            texts.push(order::may_be_paused(&report.leg));
            texts.push(crate::render::drill::not_resumed(&report.leg, error.as_ref()));
        }
    }
    let texts: Vec<String> = texts.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let found: Vec<&str> = texts.iter().flat_map(|text| commands(text)).collect();
    for command in found.iter().filter(|command| **command != "reprise run") {
        let of_kind = ["pause", "resume"].map(|verb| format!("reprise {verb} {id} --extended"));
        assert!(of_kind.iter().any(|known| known == command), "{command}");
    }
    assert!(found.len() > 20, "{texts:#?}");

    let named = HoldScope::Vm(VmSelector::Name(name.to_owned()));
    let hold = Hold { scope: named, reason: String::new(), until: None, only_this_pass: true };
    let quoted = if cfg!(windows) { r#"`--except 'it''s "my" vm $x'`"# } else { r#"`--except 'it'\''s "my" vm $x'`"# };
    assert_eq!(crate::render::hold::called(&hold), quoted);
}

/// The reasons for which a pause that a person orders can be refused, or not be done. Of the others, these are about a resume, a
/// pause that was found, or a run.
fn may_refuse_a_pause(reason: Reason) -> bool {
    use Reason as R;
    let of_repair = [
        R::ResumedElsewhere,
        R::ResumeAnswerLost,
        R::Error,
        R::PausedAtStart,
        R::PausedByShutdown,
        R::PausedByPerson,
        R::PausedNoEvidence,
        R::PausedLeft,
        R::PausedOnPurpose,
        R::PausedForDrill,
        R::UnmatchedHold,
        R::InitialReplicationPaused,
        R::ResyncRequired,
        R::ResyncSuspended,
        R::ResyncPausedByShutdown,
        R::ResyncPausedByPerson,
        R::PossibleSplitBrain,
        R::PausedOnReplica,
        R::UnderWay,
        R::VmmsRetries,
        R::WaitingForPeer,
        R::PeerNotSeen,
        R::ResumeRefused,
        R::ResumeFailed,
        R::ResumeWithoutEffect,
        R::StoppedAgain,
        R::ResumeNotEnded,
        R::ResumeNotSeen,
        // These two tell a person how to keep a repair away.
        R::NotRunning,
        R::PauseWithoutEffect,
    ];
    !of_repair.contains(&reason)
}

#[test]
fn what_is_said_of_a_pause_that_was_refused_speaks_of_no_resume_no_retry_and_no_run_that_nobody_started() {
    for reason in Reason::ALL.iter().copied().filter(|reason| may_refuse_a_pause(*reason)) {
        for end in [OrderEnd::Refused(reason), OrderEnd::NotPossible(reason)] {
            let error = order::error(&ordered(ActKind::Pause, end)).unwrap();
            let text = format!("{}; {}", error.why, error.next);
            for word in ["resum", "etries", "retry_for", "the run "] {
                assert!(!text.contains(word), "{}: {text}", reason.code());
            }
        }
    }
    for (kind, again) in [(ActKind::Pause, "reprise pause vm-001"), (ActKind::Resume, "reprise resume vm-001")] {
        for transient in [false, true] {
            let refusal = Refusal { code: Some(32_775), why: "no".to_owned(), advice: "look", transient };
            let end = OrderEnd::Failed(Side::Sender, Failure::Refused(refusal));
            let next = if transient { format!("look; then use `{again}` again") } else { "look".to_owned() };
            assert_eq!(order::error(&ordered(kind, end)).unwrap().next, next);
        }
    }
}

#[test]
fn what_was_not_done_is_an_error_with_its_place_its_cause_and_what_to_do() {
    let why = "the VM is in use".to_owned();
    let refusal = Refusal { code: Some(32_774), why, advice: "wait until the backup has ended", transient: true };
    let failed = |side| ordered(ActKind::Pause, OrderEnd::Failed(side, Failure::Refused(refusal.clone())));
    for (side, host) in [(Side::Sender, "hv01.lab.test"), (Side::Receiver, "hv02.lab.test")] {
        let error = order::error(&failed(side)).unwrap();
        assert_eq!(error.what, "cannot pause replication of VM vm-001");
        assert_eq!((error.place.as_str(), error.why.as_str()), (host, "the VM is in use"));
        let next = "wait until the backup has ended; then use `reprise pause vm-001` again";
        assert_eq!((error.next.as_str(), error.code.as_deref()), (next, Some("32774")));
        assert_eq!(page(&failed(side)), None);
    }
    let held = ordered(ActKind::Resume, OrderEnd::Refused(Reason::Held));
    let error = order::error(&held).unwrap();
    assert_eq!(error.why, "a hold in the configuration applies to this VM");
    assert_eq!(error.next, Reason::Held.advice());
}
