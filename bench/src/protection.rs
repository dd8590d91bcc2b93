//! Time to protection: from the program's start to the last leg at Replicating, against what the work itself takes.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::control::Lab;

/// Milliseconds that a request and its answer are on their way, and that a state change takes.
const ROUND_TRIP_MS: u32 = 20;
const JOB_MS: u32 = 300;
/// Acts at once on one host, and hosts.
const AT_ONCE: u32 = 6 * 2;
/// Queries of one look.
const QUERIES: u32 = 7;
/// How often the lab is asked how far it is: fine against seconds.
const STEP: Duration = Duration::from_millis(50);
/// Longest wait for one pass.
const PATIENCE: Duration = Duration::from_mins(4);

pub(crate) fn measure(program: &Path) -> Result<String> {
    let mut text = format!(
        "Time to protection, one pair of hosts, round trip {ROUND_TRIP_MS} ms, job {JOB_MS} ms.\n\
         F = 1 s readiness + 3 looks of {QUERIES} queries + N/{AT_ONCE} turns of two round trips and a job; the bar is 3 F.\n\
         {:>6} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9}\n",
        "N", "s", "F", "of 3 F", "queries", "gets", "invokes"
    );
    for count in [10, 100, 1_000] {
        let (seconds, lab) = pass(program, count)?;
        let floor = floor(count).as_secs_f64();
        let share = 100.0 * seconds / (3.0 * floor);
        let (queries, gets, invokes) = (lab.requests("enumerate")?, lab.requests("get")?, lab.requests("invoke")?);
        let _infallible =
            writeln!(text, "{count:>6} {seconds:>8.2} {floor:>8.2} {share:>6.0} % {queries:>9} {gets:>9} {invokes:>9}");
    }
    Ok(text)
}

fn floor(count: u32) -> Duration {
    let look = Duration::from_millis(u64::from(QUERIES * ROUND_TRIP_MS));
    let turn = Duration::from_millis(u64::from(2 * ROUND_TRIP_MS + JOB_MS));
    Duration::from_secs(1) + look * 3 + turn * count.div_ceil(AT_ONCE)
}

fn pass(program: &Path, count: u32) -> Result<(f64, Lab)> {
    let arguments = [format!("--vms={count}"), format!("--rtt={ROUND_TRIP_MS}"), format!("--job={JOB_MS}")];
    let lab = Lab::start(program, &arguments)?;
    lab.restart(1)?;
    lab.http("POST", "/requests/reset")?;
    let began = Instant::now();
    let mut child = lab.run(program)?.spawn()?;
    while lab.unprotected()? > 0 {
        ensure!(began.elapsed() < PATIENCE, "{count} VMs are not protected in time");
        std::thread::sleep(STEP);
    }
    let took = began.elapsed().as_secs_f64();
    ensure!(child.wait()?.success(), "the pass over {count} VMs failed");
    Ok((took, lab))
}
