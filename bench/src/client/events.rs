//! Events: how many per second a listener reads from a full log, and how long one takes to reach a waiting listener.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cim::event::{Bookmark, EventCondition, EventPort as _, EventQuery, EventSelect};
use wsman_http::{Client, Endpoint, Events, Limits, Login, Scheme};

use crate::control::Lab;

const CHANNEL: &str = "Microsoft-Windows-Hyper-V-VMMS-Admin";
/// Legs that break at once, each with two records.
const LEGS: u32 = 2_000;
/// Number of events whose latency is measured.
const WAYS: usize = 20;
/// Time after which a listener is waiting again.
const SETTLE: Duration = Duration::from_millis(50);
/// Maximum wait of one call.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn measure(program: &Path) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let full = Lab::start(program, &[format!("--vms={LEGS}")])?;
    full.restart(1)?;
    let (count, took) = runtime.block_on(drain(&full))?;
    let waiting = Lab::start(program, &["--topology=hub".to_owned(), format!("--vms={}", 2 * WAYS)])?;
    let mut ways = ways(&runtime, &waiting)?;
    ways.sort();
    let ms = |index: usize| ways.get(index).map_or(f64::NAN, |way| way.as_secs_f64() * 1_000.0);
    Ok(format!(
        "Events of a full log: {:.0} a second ({count} in {:.2} s, wall). From the command that causes one to its arrival: \
         median {:.1} ms, longest of {WAYS} {:.1} ms.",
        f64::from(count) / took.as_secs_f64(),
        took.as_secs_f64(),
        ms(WAYS / 2),
        ms(WAYS - 1)
    ))
}

fn listen(lab: &Lab, host: usize, ids: &[u32], patience: Duration) -> Result<Events> {
    let endpoint = Endpoint::parse(&lab.host(host, "url")?)?;
    let login = Login::new(Scheme::Basic, lab.host(host, "user")?, lab.host(host, "password")?);
    let select = EventSelect { channel: CHANNEL.to_owned(), condition: EventCondition::ids(ids) };
    let client = Client::new(endpoint, login, Limits::default());
    Ok(Events::new(client, EventQuery::new(vec![select]), true, patience))
}

async fn drain(lab: &Lab) -> Result<(u32, Duration)> {
    let mut events = listen(lab, 0, &[32_022, 32_086], Duration::from_secs(1))?;
    let (mut count, mut last, mut bookmark) = (0, Duration::ZERO, None::<Bookmark>);
    let began = Instant::now();
    loop {
        let batch = events.next(bookmark.as_ref()).await?;
        if batch.events.is_empty() {
            break;
        }
        count += u32::try_from(batch.events.len())?;
        (last, bookmark) = (began.elapsed(), batch.bookmark);
    }
    ensure!(count > 0, "the log is empty");
    events.leave().await;
    Ok((count, last))
}

/// One leg after the other breaks: its replica server goes down, and the primary server's log says so.
fn ways(runtime: &tokio::runtime::Runtime, lab: &Lab) -> Result<Vec<Duration>> {
    let mut events = listen(lab, 1, &[32_086], PATIENCE)?;
    let (sender, arrivals) = std::sync::mpsc::channel();
    let listening = runtime.spawn(async move {
        let mut bookmark = None::<Bookmark>;
        while let Ok(batch) = events.next(bookmark.as_ref()).await {
            bookmark = batch.bookmark;
            if batch.events.iter().any(|_| sender.send(Instant::now()).is_err()) {
                break;
            }
        }
    });
    let name = lab.host(0, "name")?;
    let mut ways = Vec::new();
    for _ in 0..WAYS {
        // Wait until the listener is waiting again.
        std::thread::sleep(SETTLE);
        let began = Instant::now();
        lab.http("POST", &format!("/hosts/{name}/shutdown?in_flight=1"))?;
        ways.push(arrivals.recv_timeout(PATIENCE).context("no event came")?.saturating_duration_since(began));
        lab.http("POST", &format!("/hosts/{name}/boot"))?;
    }
    listening.abort();
    Ok(ways)
}
