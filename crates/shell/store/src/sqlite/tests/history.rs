//! Questions about what happened.

use std::time::Duration;

use reprise_model::{LegId, LegKind, Timestamp};

use sqlx::sqlite::SqliteConnection;

use super::sample::{Place, act, decision, event, hold, incident, leg, run, settled, vm};
use crate::record::{IncidentId, StoredDecision};
use crate::sqlite::reader;
use crate::{Entry, Export, Exported, HistoryItem, HistoryQuery, IncidentQuery, Store};

#[test]
fn history_has_the_latest_of_one_vm_in_the_order_of_time() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let entries = vec![
            Entry::Happened(event(40)),
            Entry::Intent(act(1, 30)),
            Entry::Decided(decision(1, 30)),
            Entry::Decided(decision(1, 10)),
            Entry::Decided(decision(2, 35)),
        ];
        store.write(entries).await.unwrap();
        let ask = async |since, limit| {
            let query = HistoryQuery { vm: Some(vm(1)), since, limit };
            store.history(query).await.unwrap()
        };
        let all = [
            HistoryItem::Decision(decision(1, 10)),
            HistoryItem::Decision(decision(1, 30)),
            HistoryItem::Act(act(1, 30)),
            HistoryItem::Event(event(40)),
        ];
        assert_eq!(ask(None, 100).await, all);
        assert_eq!(ask(None, 2).await, all[2..]);
        assert_eq!(ask(Some(Timestamp(11)), 100).await, all[1..]);
        assert_eq!(ask(None, 0).await, []);
        let second = StoredDecision { verdict: "wait".to_owned(), ..decision(1, 40) };
        store.write(vec![Entry::Decided(decision(1, 40)), Entry::Decided(second.clone())]).await.unwrap();
        let items = ask(Some(Timestamp(40)), 100).await;
        let both = [HistoryItem::Decision(decision(1, 40)), HistoryItem::Decision(second)];
        assert_eq!(items[..2], both, "of one time, in the order in which they were written");
    });
}

#[test]
fn an_answer_is_of_one_moment_even_if_something_is_written_meanwhile() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let question = async |from: &mut SqliteConnection| {
            let before = reader::load(from).await?;
            store.write(vec![Entry::Epoch(8)]).await.unwrap();
            Ok((before, reader::load(from).await?))
        };
        let (before, after) = store.read(Duration::from_secs(30), question).await.unwrap();
        assert_eq!(before, after);
        assert_eq!(store.load().await.unwrap().epoch, 8);
    });
}

#[test]
fn incidents_are_those_that_are_open_or_were_at_a_time() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let mut entries: Vec<_> =
            (1..=3).map(|number| Entry::Opened(incident(number, i64::from(number) * 10, &[leg(1)]))).collect();
        entries.push(Entry::Closed { incident: IncidentId(1), at: Timestamp(15) });
        entries.push(Entry::Closed { incident: IncidentId(3), at: Timestamp(35) });
        store.write(entries).await.unwrap();
        let ask = async |open_only, since: Option<i64>, limit| -> Vec<u32> {
            let query = IncidentQuery { open_only, since: since.map(Timestamp), limit };
            store.incidents(query).await.unwrap().iter().map(|incident| incident.id.0).collect()
        };
        assert_eq!(ask(false, None, 10).await, [1, 2, 3]);
        assert_eq!(ask(true, None, 10).await, [2]);
        assert_eq!(ask(false, Some(12), 10).await, [1, 2, 3]);
        assert_eq!(ask(false, Some(16), 10).await, [2, 3]);
        assert_eq!(ask(false, None, 2).await, [2, 3]);
    });
}

#[test]
fn a_report_says_how_long_a_vm_was_unprotected_and_what_was_done() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let extended = LegId { kind: LegKind::Extended, ..leg(1) };
        let entries = vec![
            Entry::Opened(incident(1, 1_000, &[leg(1)])),
            Entry::Joined { incident: IncidentId(1), leg: extended, at: Timestamp(4_000) },
            Entry::Left { incident: IncidentId(1), leg: leg(1), at: Timestamp(5_000) },
            Entry::Intent(act(1, 2_000)),
            settled(1, 3_000),
            Entry::Closed { incident: IncidentId(1), at: Timestamp(7_000) },
            Entry::Opened(incident(2, 20_000, &[leg(2)])),
        ];
        store.write(entries).await.unwrap();
        let report = store.report(Timestamp(0), Timestamp(10_000)).await.unwrap();
        assert_eq!(report.vms.len(), 1);
        assert_eq!(report.vms[0].unprotected, Duration::from_secs(6));
        assert_eq!(report.vms[0].acts[0].count, 1);
        assert_eq!(store.report(Timestamp(7_000), Timestamp(10_000)).await.unwrap().vms, []);
    });
}

#[test]
fn an_export_has_every_row_once_and_ends() {
    run(async {
        let place = Place::new();
        let store = place.open().await;
        let mut entries: Vec<_> = (0..1_200).map(|at| Entry::Decided(decision(1, at))).collect();
        entries.push(Entry::Intent(act(1, 5)));
        entries.push(Entry::Hold(hold(1)));
        entries.push(Entry::Opened(incident(1, 10, &[leg(1)])));
        store.write(entries).await.unwrap();
        let mut export = Export::json_lines(&store, None);
        let mut lines = Vec::new();
        let mut parts = 0;
        while let Some(part) = export.next().await.unwrap() {
            lines.extend(part.lines().map(str::to_owned));
            parts += 1;
        }
        assert!(parts >= 4, "{parts}");
        assert_eq!(lines.len(), 1_204);
        assert!(lines[0].starts_with("{\"table\":\"decisions\",\"at\":\"1970-01-01T00:00:00.000Z\""), "{}", lines[0]);
        let mut export = Export::csv(&store, Some(Timestamp(1_199)), Exported::Decisions);
        let text = export.next().await.unwrap().unwrap();
        assert_eq!(text.lines().next(), Some("at,vm_id,leg,verdict,reason,facts"));
        assert_eq!(text.lines().count(), 2);
        assert_eq!(export.next().await.unwrap(), None);
    });
}
