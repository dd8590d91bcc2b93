//! How SQLite finds what it is asked for: by an index, however long history is.

use reprise_model::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};

use super::sample::{Place, run, vm};
use crate::HistoryQuery;
use crate::sqlite::StoreLimits;
use crate::sqlite::connection;
use crate::sqlite::reader::latest_of;

async fn plan(place: &Place, sql: &str) -> String {
    let mut connection = connection::reader(&place.path, &StoreLimits::default()).await.unwrap();
    let rows =
        sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
}

#[test]
fn history_and_pruning_use_an_index_and_sort_nothing() {
    run(async {
        let place = Place::new();
        place.open().await;
        let (of_vm, _) = latest_of(HistoryQuery { vm: Some(vm(1)), since: Some(Timestamp(0)), limit: 10 });
        let (of_all, _) = latest_of(HistoryQuery { vm: None, since: None, limit: 10 });
        for table in ["decisions", "events", "acts"] {
            let by_vm = plan(&place, &format!("SELECT * FROM {table}{of_vm}")).await;
            assert_eq!(by_vm, format!("SEARCH {table} USING INDEX {table}_of_vm (vm_id=? AND at>?)"));
            let by_time = plan(&place, &format!("SELECT * FROM {table}{of_all}")).await;
            assert!(by_time.starts_with(&format!("SEARCH {table} USING INDEX {table}_by_time (at>?)")), "{by_time}");
        }
        for table in ["decisions", "events"] {
            let over = plan(&place, &format!("SELECT rowid FROM {table} WHERE at < ? LIMIT 10")).await;
            assert_eq!(over, format!("SEARCH {table} USING COVERING INDEX {table}_by_time (at<?)"));
        }
        let open = plan(&place, "SELECT * FROM acts WHERE settled IS NULL ORDER BY at, epoch, number").await;
        assert!(open.starts_with("SCAN acts USING INDEX acts_open"), "{open}");
        let open = plan(&place, "SELECT * FROM incidents WHERE closed IS NULL ORDER BY opened DESC, number DESC").await;
        assert_eq!(open, "SEARCH incidents USING INDEX incidents_by_end (closed=?)");
    });
}
