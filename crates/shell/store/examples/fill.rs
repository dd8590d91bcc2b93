//! Fills a store with decisions, and prints how long that and a question about one VM took.
//!
//! `cargo run --profile dist -p reprise-store --example fill -- 1000000`

use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;
use reprise_model::{LegId, LegKind, Timestamp, VmId};
use reprise_store::{Entry, HistoryQuery, Sqlite, Store as _, StoredDecision};
use uuid::Uuid;

/// VMs that the decisions are about, and how many are written at once.
const VMS: u32 = 1_000;
const AT_ONCE: u32 = 1_000;

fn decision(number: u32) -> StoredDecision {
    StoredDecision {
        at: Timestamp(i64::from(number) * 1_000),
        leg: LegId { vm: VmId::new(Uuid::from_u128(u128::from(number % VMS))), kind: LegKind::Simple },
        verdict: "resume".to_owned(),
        reason: "stopped_by_error".to_owned(),
        facts: "[{\"fact\":\"state\",\"value\":\"Error\",\"source\":\"hv01.lab.test\",\"age_s\":1}]".repeat(4),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let count: u32 = std::env::args().nth(1).context("how many decisions?")?.parse()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("reprise.sqlite3");
    let store = Sqlite::open(&path).await?;
    let began = Instant::now();
    for first in (0..count).step_by(usize::try_from(AT_ONCE)?) {
        let entries = (first..count.min(first + AT_ONCE)).map(|number| Entry::Decided(decision(number)));
        store.write(entries.collect()).await?;
    }
    let filled = began.elapsed();
    let mut longest = std::time::Duration::ZERO;
    for number in 0..20 {
        let asked = Instant::now();
        let vm = VmId::new(Uuid::from_u128(number * 37 % u128::from(VMS)));
        store.history(HistoryQuery { vm: Some(vm), since: None, limit: 100 }).await?;
        longest = longest.max(asked.elapsed());
    }
    let checked = Instant::now();
    store.check().await?;
    let checked = checked.elapsed();
    store.close().await?;
    let opened = Instant::now();
    Sqlite::open(&path).await?;
    let opened = opened.elapsed();
    let mib = std::fs::metadata(&path)?.len() >> 20;
    let report = format!(
        "{count} decisions, {mib} MiB: written in {filled:.1?}, history of a VM in at most {longest:.1?}, opened in {opened:.1?}, checked in {checked:.1?}"
    );
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}
