//! The form of what is remembered: every value comes back as it was, and a kept text is read and written as before.

use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use reprise_engine::{AttemptMemory, Beginning, DoneMemory, Failure, LegResult, Side};
use reprise_model::{
    ActId, Ended, Outcome, Problem, ProblemKind, Reason, Refusal, Remedy, ReplicationState, Timestamp,
};

use super::*;

/// What version 1 writes of [`examples`], a line each. Programs in the field have written such lines: never change one.
const VERSION_1: &str = include_str!("version_1.jsonl");

const KINDS: [ProblemKind; 10] = [
    ProblemKind::Unreachable,
    ProblemKind::Untrusted,
    ProblemKind::Denied,
    ProblemKind::NotThere,
    ProblemKind::Busy,
    ProblemKind::TimedOut,
    ProblemKind::Refused,
    ProblemKind::Malformed,
    ProblemKind::TooLarge,
    ProblemKind::Unsupported,
];

const RESULTS: [LegResult; 9] = [
    LegResult::Failed,
    LegResult::Interrupted,
    LegResult::NeedsPerson,
    LegResult::Stale,
    LegResult::Waiting,
    LegResult::Skipped,
    LegResult::Left,
    LegResult::Resumed,
    LegResult::Healthy,
];

fn side() -> impl Strategy<Value = Side> {
    select(vec![Side::Sender, Side::Receiver])
}

fn state() -> impl Strategy<Value = ReplicationState> {
    prop_oneof![(0..=21_u16), any::<u16>()].prop_map(ReplicationState::from_number)
}

fn reason() -> impl Strategy<Value = Reason> {
    select(Reason::ALL)
}

fn problem() -> BoxedStrategy<Problem> {
    let parts = (select(&KINDS[..]), any::<String>(), any::<String>(), any::<Option<u32>>(), select(Remedy::ALL));
    parts
        .prop_map(|(kind, what, why, code, remedy)| {
            Problem { code, ..Problem::new(kind, what, why) }.with_remedy(remedy)
        })
        .boxed()
}

fn refusal() -> BoxedStrategy<Refusal> {
    let code = prop_oneof![Just(None), (32_768..32_780_u32).prop_map(Some), any::<u32>().prop_map(Some)];
    let why = prop_oneof![any::<String>(), Just("failed: (0x80070299)".to_owned())];
    (code, why, any::<bool>()).prop_map(|(code, why, transient)| refused(code, &why, transient)).boxed()
}

fn refused(code: Option<u32>, why: &str, transient: bool) -> Refusal {
    let advice = reprise_hyperv::refusal_advice(code, why, transient);
    Refusal { code, why: why.to_owned(), advice, transient }
}

fn outcome() -> BoxedStrategy<Outcome> {
    prop_oneof![
        select(vec![Ended::AtOnce, Ended::ByJob]).prop_map(Outcome::Ended),
        refusal().prop_map(Outcome::Refused),
        any::<String>().prop_map(|found| Outcome::Stale { found }),
        problem().prop_map(Outcome::NotDone),
        problem().prop_map(Outcome::Unknown),
    ]
    .boxed()
}

fn failure() -> BoxedStrategy<Failure> {
    prop_oneof![
        refusal().prop_map(Failure::Refused),
        problem().prop_map(Failure::NotDone),
        problem().prop_map(Failure::Unclear),
        Just(Failure::WithoutEffect),
        Just(Failure::StoppedAgain),
        any::<String>().prop_map(|found| Failure::Changed { found }),
        select(reprise_engine::guard::RULES).prop_map(Failure::Guarded),
        Just(Failure::NotRead),
    ]
    .boxed()
}

fn act() -> impl Strategy<Value = ActId> {
    any::<(u64, u64)>().prop_map(|(epoch, number)| ActId { epoch, number })
}

fn done() -> BoxedStrategy<DoneMemory> {
    (act(), side(), state(), outcome(), any::<bool>())
        .prop_map(|(act, side, from, outcome, only_intended)| DoneMemory { act, side, from, outcome, only_intended })
        .boxed()
}

fn attempt() -> BoxedStrategy<AttemptMemory> {
    let may_have_acted = (act(), side(), state(), any::<bool>());
    prop_oneof![
        Just(AttemptMemory::Idle),
        may_have_acted.prop_map(|(act, side, from, only_intended)| {
            AttemptMemory::MayHaveActed { act, side, from, only_intended }
        }),
        done().prop_map(AttemptMemory::AwaitingLook),
        (any::<i64>(), failure())
            .prop_map(|(at, failure)| AttemptMemory::BackingOff { not_before: Timestamp(at), failure }),
        (failure(), of(done())).prop_map(|(failure, unread)| AttemptMemory::GivenUp { failure, unread }),
        Just(AttemptMemory::Proved),
    ]
    .boxed()
}

fn plan() -> BoxedStrategy<Plan> {
    (reason(), side(), any::<bool>(), any::<bool>())
        .prop_map(|(reason, side, without_evidence, log_unread)| Plan { reason, side, without_evidence, log_unread })
        .boxed()
}

fn data() -> impl Strategy<Value = LastReplication> {
    let at = any::<i64>().prop_map(|at| LastReplication::At(HostTime(at)));
    prop_oneof![Just(LastReplication::Never), at]
}

fn incident() -> BoxedStrategy<IncidentMemory> {
    let sender =
        (plan(), reason(), any::<bool>()).prop_map(|(first, reason, proved)| SenderMemory { first, reason, proved });
    let counts = any::<(u32, u32, u32)>();
    let rest =
        (any::<(bool, bool)>(), counts, of(side()), (of(data()), of(any::<i64>().prop_map(HostTime))), of(side()));
    (attempt(), plan(), of(sender), rest)
        .prop_map(|(attempt, plan, on_sender, rest)| {
            let ((reported, doubted), (tries, stales, resumes), unanswered, (data_before, booted), perhaps_resumed) =
                rest;
            IncidentMemory {
                attempt,
                plan,
                on_sender,
                reported,
                tries,
                stales,
                resumes,
                unanswered,
                doubted,
                data_before,
                booted,
                perhaps_resumed,
            }
        })
        .boxed()
}

fn memory() -> BoxedStrategy<LegMemory> {
    let time = || of(any::<i64>().prop_map(HostTime));
    let shown = (any::<i64>(), time()).prop_map(|(by, booted)| FirstSight { by: HostTime(by), booted });
    let stands = (any::<String>(), state(), time(), of(shown)).prop_map(|(host, state, after, shown)| Stands {
        host,
        state,
        after,
        shown,
    });
    let beginning = select(vec![Beginning::Unseen, Beginning::Watched, Beginning::Certain]);
    let told = proptest::collection::vec(select(&RESULTS[..]), 0..4);
    (of(beginning), of(any::<String>()), of(stands), of(state()), told, of(incident()), of(incident()))
        .prop_map(|(beginning, ran_on, stands, before, told, incident, closed)| LegMemory {
            beginning,
            ran_on,
            stands,
            before,
            told,
            incident,
            closed,
        })
        .boxed()
}

proptest! {
    #[test]
    fn what_is_written_down_is_read_as_it_was(memory in memory()) {
        prop_assert_eq!(read(&write(&memory)).unwrap(), memory);
    }

    #[test]
    fn what_is_no_memory_is_an_error_and_never_a_panic(text in any::<String>()) {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn a_damaged_memory_is_read_or_an_error_and_never_a_panic(memory in memory(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = write(&memory).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        prop_assert!(read(&String::from_utf8_lossy(&bytes[..at])).is_err(), "its end is missing");
        if let Ok(other) = read(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(read(&write(&other)).unwrap(), other);
        }
    }
}

const PLAN: Plan = Plan { reason: Reason::Error, side: Side::Sender, without_evidence: false, log_unread: true };
const ACT: ActId = ActId { epoch: 2, number: 7 };

fn tried(attempt: AttemptMemory) -> LegMemory {
    let incident = IncidentMemory {
        attempt,
        plan: PLAN,
        on_sender: None,
        reported: false,
        tries: 1,
        stales: 0,
        resumes: 0,
        unanswered: None,
        doubted: false,
        data_before: None,
        booted: None,
        perhaps_resumed: None,
    };
    let before = Some(ReplicationState::Error);
    LegMemory {
        beginning: None,
        ran_on: None,
        stands: None,
        before,
        told: vec![],
        incident: Some(incident),
        closed: None,
    }
}

/// One memory with everything in it, and one for each attempt, outcome and failure.
fn examples() -> Vec<LegMemory> {
    let (side, from) = (Side::Sender, ReplicationState::Error);
    let lost = || Problem::new(ProblemKind::TimedOut, "resume replication", "the answer was lost");
    let refusal = || refused(Some(32_775), "invalid state for this operation", false);
    let done = |outcome| DoneMemory { act: ACT, side, from, outcome, only_intended: false };
    let whole = IncidentMemory {
        attempt: AttemptMemory::Proved,
        plan: Plan { without_evidence: true, ..PLAN },
        on_sender: Some(SenderMemory { first: PLAN, reason: Reason::PausedAtStart, proved: true }),
        reported: true,
        tries: 3,
        stales: 1,
        resumes: 2,
        unanswered: Some(Side::Receiver),
        doubted: true,
        data_before: Some(LastReplication::At(HostTime(1_790_000_000_000))),
        booted: Some(HostTime(1_789_999_000_000)),
        perhaps_resumed: Some(Side::Sender),
    };
    let shown = FirstSight { by: HostTime(1_790_000_060_000), booted: Some(HostTime(1_789_999_000_000)) };
    let stands = Stands {
        host: "hv02.lab.test".to_owned(),
        state: ReplicationState::Suspended,
        after: Some(HostTime(1_790_000_000_000)),
        shown: Some(shown),
    };
    let first = LegMemory {
        beginning: Some(Beginning::Watched),
        ran_on: Some("hv03.lab.test".to_owned()),
        stands: Some(stands),
        before: Some(ReplicationState::Suspended),
        told: vec![LegResult::NeedsPerson, LegResult::Resumed],
        incident: Some(IncidentMemory { data_before: Some(LastReplication::Never), ..whole.clone() }),
        closed: Some(whole),
    };
    let outcomes = [
        Outcome::Ended(Ended::ByJob),
        Outcome::Refused(refusal()),
        Outcome::Stale { found: "Suspended".to_owned() },
        Outcome::NotDone(lost()),
        Outcome::Unknown(Problem { code: Some(0x8033_8029), ..lost() }),
    ];
    let failures = [
        Failure::Refused(refusal()),
        Failure::NotDone(lost()),
        Failure::Unclear(lost()),
        Failure::WithoutEffect,
        Failure::StoppedAgain,
        Failure::Changed { found: "Replicating".to_owned() },
        Failure::Guarded("no act rests on an old look"),
        Failure::NotRead,
    ];
    let others = [
        AttemptMemory::Idle,
        AttemptMemory::MayHaveActed { act: ACT, side, from, only_intended: true },
        AttemptMemory::GivenUp { failure: Failure::NotRead, unread: Some(done(Outcome::Ended(Ended::AtOnce))) },
    ];
    let waits = |failure| AttemptMemory::BackingOff { not_before: Timestamp(1_790_000_123_456), failure };
    let attempts = others.into_iter().chain(outcomes.map(done).map(AttemptMemory::AwaitingLook));
    std::iter::once(first).chain(attempts.chain(failures.map(waits)).map(tried)).collect()
}

/// If this fails, other programs and earlier versions no longer understand what is written: raise [`VERSION`], keep reading the
/// version before it, and keep its lines beside the new ones.
#[test]
fn the_form_does_not_change_without_its_version() {
    let written: Vec<String> = examples().iter().map(write).collect();
    assert_eq!(written, VERSION_1.lines().collect::<Vec<_>>());
    assert_eq!(VERSION, 1);
    for (line, example) in VERSION_1.lines().zip(examples()) {
        assert_eq!(read(line).unwrap(), example, "{line}");
    }
}

#[test]
fn a_field_that_is_not_known_is_ignored_and_a_word_or_a_version_that_is_not_known_is_named() {
    let known = write(&tried(AttemptMemory::Proved));
    let cause = |text: &str| {
        let error = read(text).unwrap_err();
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    };
    let more = known.replace(r#""tries":1"#, r#""tries":1,"mood":{"is":"good"}"#).replacen('{', r#"{"more":[1],"#, 1);
    assert_eq!(read(&more).unwrap(), read(&known).unwrap());
    for (word, unknown) in [("proved", "denied"), ("error", "terror"), ("sender", "vendor")] {
        let text = known.replace(&format!("\"{word}\""), &format!("\"{unknown}\""));
        assert!(cause(&text).contains(&format!("`{unknown}`")), "{}", cause(&text));
    }
    assert!(cause(&known.replace(r#""version":1"#, r#""version":2"#)).contains("version 2"));
    assert!(cause(&known.replace(r#""version":1,"#, "")).contains("`version`"));
    assert!(cause(&known.replace(r#""tries":1"#, r#""tries":-1"#)).contains("-1"));
    assert!(cause(&known[..known.len() / 2]).contains("EOF"));
}

#[test]
fn what_is_only_for_people_to_read_has_a_general_text_where_its_own_is_gone() {
    let failure = |failure| {
        let waits = AttemptMemory::BackingOff { not_before: Timestamp(0), failure };
        write(&tried(waits))
    };
    let again = |text: &str| {
        let attempt = read(text).unwrap().incident.unwrap().attempt;
        let AttemptMemory::BackingOff { failure, .. } = attempt else { panic!("{attempt:?}") };
        failure
    };
    let denied = Problem::new(ProblemKind::Denied, "log in", "no").with_remedy(Remedy::CheckNtlm);
    let text = failure(Failure::NotDone(denied)).replace("CheckNtlm", "CheckMoon");
    let Failure::NotDone(problem) = again(&text) else { panic!("it was not done") };
    assert_eq!(problem.remedy, Remedy::LogIn);
    let text = failure(Failure::Guarded(reprise_engine::guard::RULES[0])).replace("an act goes", "no act goes");
    assert_eq!(again(&text), Failure::Guarded("a rule of another version of Reprise"));
}
