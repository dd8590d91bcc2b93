//! What `status` and `explain` show.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_engine::goal::Report;
use reprise_engine::judge::{Fact, FactValue, Judgement, Source, Verdict};
use reprise_engine::{LegReport, LegResult, PlannedAct, Side};
use reprise_model::{HostTime, LastReplication, LegId, Reason, ReplicationHealth, ReplicationState, Timestamp};
use unicode_width::UnicodeWidthStr;

use super::{leg, report, status};
use crate::render::{Terminal, explain, table};

/// A look that judged nothing.
fn unjudged() -> status::Seen {
    let (ages, asked, judged) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    status::Seen {
        source: status::Source::Look,
        taken: Timestamp(1_769_853_600_500),
        ages,
        asked,
        judged,
        pending: BTreeMap::new(),
        notes: BTreeMap::new(),
    }
}

#[test]
fn status_fits_eighty_columns_whatever_the_names_states_and_reasons_are() {
    for reason in Reason::ALL {
        for state in (0..=25).map(ReplicationState::from_number) {
            let mut report = report();
            let mut long = leg(3, LegResult::NeedsPerson, state);
            long.vm = "sql-production-with-a-name-that-no-column-holds שרת קבצים 2".to_owned();
            (long.primary, long.replica) =
                (Some("NODE-OF-FIFTEEN.lab.test".to_owned()), Some("hv02.lab.test".to_owned()));
            (long.before, long.reason) = (Some(state), *reason);
            report.legs = vec![leg(1, LegResult::Healthy, ReplicationState::Replicating), long];
            let text = status::text(&report, &unjudged(), &Terminal::of_width(80));
            let widest = text.lines().map(UnicodeWidthStr::width).max();
            assert!(widest <= Some(80), "{state} {reason}:\n{text}");
            assert!(text.contains(reason.phrase()), "{text}");
        }
    }
}

#[test]
fn status_shows_what_run_would_do_the_worst_first_and_colours_only_on_a_terminal() {
    let mut report = report();
    let mut held = leg(3, LegResult::Left, ReplicationState::Error);
    (held.wanted, held.reason, held.action) = (false, Reason::Held, PlannedAct::None);
    let mut healthy = leg(1, LegResult::Healthy, ReplicationState::Replicating);
    (healthy.reason, healthy.action) = (Reason::Replicating, PlannedAct::None);
    report.dry_run = true;
    report.legs = vec![healthy, leg(2, LegResult::Skipped, ReplicationState::Error), held];
    let plain = Terminal::of_width(80);
    let text = status::text(&report, &unjudged(), &plain);
    let expected = "\
VM      FROM → TO    STATE        DATA AGE  RUN WOULD  WHY
vm-002  hv01 → hv02  Error        —         resume     stopped by an error
vm-003  hv01 → hv02  Error        —         leave      on hold
vm-001  hv01 → hv02  Replicating  —         nothing    replicates

Protected: 1 of 2 replication relationships that should replicate; 1 not meant
  to. `reprise run` would resume 1.
";
    assert!(text.ends_with(expected), "{text}");
    let coloured = status::text(&report, &unjudged(), &Terminal { colours: true, ..plain });
    assert!(coloured.contains('\x1b') && !text.contains('\x1b'), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text);
}

#[test]
fn the_age_of_data_has_one_unit() {
    let ages = [0, 59, 60, 3_599, 3_600, 172_799, 172_800].map(|s| status::short(Duration::from_secs(s)));
    assert_eq!(ages, ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"]);
}

#[test]
fn every_result_has_one_of_the_contracts_verdicts() {
    let verdict = |result, action, reason| {
        let mut leg = leg(1, result, ReplicationState::Error);
        (leg.action, leg.reason) = (action, reason);
        status::verdict(&leg)
    };
    assert_eq!(verdict(LegResult::Healthy, PlannedAct::None, Reason::Replicating), "none");
    assert_eq!(verdict(LegResult::Skipped, PlannedAct::Resume, Reason::Error), "resume");
    assert_eq!(verdict(LegResult::Skipped, PlannedAct::None, Reason::SenderNotAsked), "not_ours");
    assert_eq!(verdict(LegResult::Left, PlannedAct::None, Reason::Held), "leave");
    assert_eq!(verdict(LegResult::Waiting, PlannedAct::Wait, Reason::VmmsRetries), "wait");
    assert_eq!(verdict(LegResult::Failed, PlannedAct::None, Reason::PeerNotSeen), "wait");
    assert_eq!(verdict(LegResult::Failed, PlannedAct::None, Reason::SenderNotFound), "needs_person");
    assert_eq!(verdict(LegResult::NeedsPerson, PlannedAct::None, Reason::ResyncRequired), "needs_person");
}

/// What a look showed of one leg: a health at both ends, the age of the look and that of the data at the look, in seconds.
fn judgement(health: [ReplicationHealth; 2], looked: u64, data: i64) -> Judgement {
    let [sender, receiver] = health;
    let age = Some(Duration::from_secs(looked));
    let fact = |value| Fact { value, source: Source::Look("hv01.lab.test".to_owned()), age };
    let facts = [
        FactValue::State(Side::Sender, ReplicationState::Replicating),
        FactValue::Health(Side::Sender, sender),
        FactValue::Health(Side::Receiver, receiver),
        FactValue::Clock(Side::Sender, HostTime(1_000_000)),
        FactValue::LastData(Side::Sender, LastReplication::At(HostTime(1_000_000 - data * 1_000))),
    ];
    let facts = facts.into_iter().map(fact).collect();
    Judgement { verdict: Verdict::Healthy { held: None }, findings: vec![], facts, rules: vec![], held_by: None }
}

/// A report of these legs, judged.
fn seen(legs: Vec<(LegReport, Judgement)>) -> (Report, status::Seen) {
    let mut report = report();
    report.dry_run = true;
    let judged: BTreeMap<LegId, Judgement> = legs.iter().map(|(leg, own)| (leg.id, own.clone())).collect();
    report.legs = legs.into_iter().map(|(leg, _)| leg).collect();
    (report, status::Seen { judged, ..unjudged() })
}

fn healthy(n: u32) -> LegReport {
    let mut healthy = leg(n, LegResult::Healthy, ReplicationState::Replicating);
    (healthy.reason, healthy.action) = (Reason::Replicating, PlannedAct::None);
    healthy
}

#[test]
fn health_is_a_word_where_it_is_not_normal_and_the_worst_of_those_that_replicate_stands_first() {
    use ReplicationHealth::{Critical, Normal, NotApplicable, Unrecognised, Warning};
    let legs = [[Normal, Normal], [Warning, Normal], [Normal, Critical], [NotApplicable, Unrecognised(9)]];
    let legs = (1..).zip(legs).map(|(n, health)| (healthy(n), judgement(health, 0, 60))).collect();
    let (report, mut seen) = seen(legs);
    let text = status::text(&report, &seen, &Terminal::of_width(80));
    let expected = "\
VM      FROM → TO    STATE                  DATA AGE  RUN WOULD  WHY
vm-003  hv01 → hv02  Replicating, Critical  1 min     nothing    replicates
vm-002  hv01 → hv02  Replicating, Warning   1 min     nothing    replicates
vm-001  hv01 → hv02  Replicating            1 min     nothing    replicates
vm-004  hv01 → hv02  Replicating            1 min     nothing    replicates

Protected: 4 of 4 replication relationships that should replicate; protected in
  poor health: 2.
";
    assert_eq!(text, expected);
    let document = serde_json::to_value(status::document(&report, &seen)).unwrap();
    let health: Vec<&serde_json::Value> =
        document["relationships"].as_array().unwrap().iter().map(|leg| &leg["health"]).collect();
    assert_eq!(
        health,
        ["Normal", "Warning", "Critical"]
            .map(serde_json::Value::from)
            .iter()
            .chain([&serde_json::Value::Null])
            .collect::<Vec<_>>()
    );
    seen.pending.insert(report.legs[0].id, 3_000_000);
    let text = status::text(&report, &seen, &Terminal::of_width(100));
    assert!(text.contains("vm-001  hv01 → hv02  Replicating            1 min     2.8 MiB  nothing"), "{text}");
    assert!(text.contains("1 min     —        nothing"), "{text}");
    assert!(!status::text(&report, &seen, &Terminal::of_width(99)).contains("PENDING"));
}

#[test]
fn a_health_goes_below_its_state_before_another_column_is_wrapped() {
    let mut long = leg(2, LegResult::NeedsPerson, ReplicationState::Error);
    long.reason = Reason::PausedOnReplica;
    let critical = judgement([ReplicationHealth::Critical; 2], 0, 60);
    let normal = judgement([ReplicationHealth::Normal; 2], 0, 60);
    let (report, seen) = seen(vec![(healthy(1), normal), (long, critical)]);
    let text = status::text(&report, &seen, &Terminal::of_width(79));
    assert!(text.contains("vm-002  hv01 → hv02  Error,       "), "{text}");
    assert!(text.contains("\n                     Critical\nvm-001  hv01 → hv02  Replicating "), "{text}");
}

#[test]
fn what_was_seen_long_ago_says_so_and_data_grows_older_with_it() {
    let normal = |looked| judgement([ReplicationHealth::Normal; 2], looked, 60);
    let (report, seen) = seen(vec![(healthy(1), normal(59)), (healthy(2), normal(600))]);
    let text = status::text(&report, &seen, &Terminal::of_width(80));
    assert!(text.contains("vm-001  hv01 → hv02  Replicating              1 min "), "{text}");
    assert!(text.contains("vm-002  hv01 → hv02  Replicating, 10 min ago  11 min "), "{text}");
    let document = serde_json::to_value(status::document(&report, &seen)).unwrap();
    assert_eq!(document["relationships"][1]["lag_s"], 660);
}

#[test]
fn one_relationship_is_the_only_one() {
    let normal = judgement([ReplicationHealth::Normal; 2], 0, 60);
    let mut broken = leg(1, LegResult::Skipped, ReplicationState::Error);
    broken.before = broken.after;
    for (leg, expected) in [(healthy(1), "Protected: the only "), (broken, "Not protected: the only ")] {
        let (report, seen) = seen(vec![(leg, normal.clone())]);
        let text = status::text(&report, &seen, &Terminal::of_width(120));
        let (_, last) = text.split_once("\n\n").unwrap_or(("", &text));
        assert!(last.starts_with(&format!("{expected}replication relationship that should")), "{text}");
    }
    let mut failed = super::report();
    failed.legs.remove(0);
    let text = table::text(&failed, &Terminal::of_width(120));
    assert!(text.contains("Unprotected: the only replication relationship that should"), "{text}");
}

#[test]
fn what_to_do_next_is_a_sentence_in_sentences_and_a_clause_after_an_error() {
    let starts = |next: &str| next.trim_start_matches('`').chars().next().unwrap();
    for reason in Reason::ALL {
        for result in [LegResult::NeedsPerson, LegResult::Failed, LegResult::Left] {
            let mut leg = leg(2, result, ReplicationState::Error);
            leg.reason = *reason;
            if result == LegResult::Failed {
                leg.trouble = super::report().legs.remove(1).trouble;
                leg.trouble.as_mut().unwrap().cause = reprise_engine::Cause::Reason;
            }
            let (report, seen) = seen(vec![(leg, judgement([ReplicationHealth::Critical; 2], 0, 60))]);
            let explained = explain::text(&report, &seen, &Terminal::default());
            let next = explained.lines().find_map(|line| line.strip_prefix("next:    ")).unwrap();
            assert!(starts(next).is_uppercase() && next.ends_with('.'), "{reason} {result:?}: {next}");
            let shown = status::text(&report, &seen, &Terminal::default());
            let Some(next) = shown.lines().find_map(|line| line.strip_prefix("  next: ")) else { continue };
            let first = next.split(' ').next().unwrap();
            let is_name = first.chars().skip(1).any(char::is_uppercase);
            let is_clause = starts(next).is_lowercase() || is_name;
            assert_eq!(is_clause && !next.ends_with('.'), result == LegResult::Failed, "{reason} {result:?}: {next}");
        }
    }
}
