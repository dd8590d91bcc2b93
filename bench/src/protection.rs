//! Time to protection: from the program's start to the last leg at Replicating, compared with the time for the work itself.
//!
//! For comparison it runs the article's script on an equal lab, for sizes that take it seconds or a minute: the script reads all
//! VMs for each VM, so it would need hours for a thousand.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::article;
use crate::control::Lab;

/// Milliseconds for the round trip of a request, and for a state change.
const ROUND_TRIP_MS: u32 = 20;
const JOB_MS: u32 = 300;
/// Concurrent acts on all hosts: the initial number for two hosts, and the number that an adaptive pace should reach for a pair.
const AT_FIRST: u32 = 6 * 2;
const ADAPTED: u32 = 32;
/// Queries of one look.
const QUERIES: u32 = 7;
/// Limit of a run, as a multiple of the time for the work at the initial pace.
const BAR: f64 = 3.0;
/// The same for the adapted pace, if there are enough legs for the pace to adapt.
const SIZES: [Size; 3] = [
    Size { legs: 10, bar: None, script_speed: Some(1) },
    Size { legs: 100, bar: Some(1.5), script_speed: Some(10) },
    Size { legs: 1_000, bar: Some(2.0), script_speed: None },
];
/// Number of legs, and of concurrent jobs at full speed, for the run over hosts that are slower with many jobs.
const LOADED_LEGS: u32 = 100;
const LOADED_PLACES: u32 = 8;
/// How often the lab's progress is polled: precise enough for seconds.
const STEP: Duration = Duration::from_millis(50);
/// Maximum wait for one run.
const TIMEOUT: Duration = Duration::from_mins(4);

/// One line of the table.
struct Size {
    legs: u32,
    bar: Option<f64>,
    /// The speed of the clock of the script's lab, if the script is run.
    script_speed: Option<u32>,
}

pub(crate) fn measure(program: &Path) -> Result<String> {
    let mut text = format!(
        "Time to protection, one pair of hosts, round trip {ROUND_TRIP_MS} ms, job {JOB_MS} ms.\n\
         F = 1 s readiness + 3 looks of {QUERIES} queries + N/{AT_FIRST} turns of two round trips and a job; F' the same with \
         N/{ADAPTED} turns.\n\
         The bars are {BAR} F, and of F' what stands beside it.\n\
         {:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>5} {:>8} {:>6} {:>8}  {}\n",
        "N", "s", "F", "s/F", "F'", "s/F'", "bar", "queries", "gets", "invokes", "the article's script"
    );
    for size in &SIZES {
        line(&mut text, program, size)?;
    }
    let places = format!("--jobs-at-once={LOADED_PLACES}");
    let (seconds, _) = pass(program, LOADED_LEGS, &[places])?;
    let _infallible = writeln!(
        text,
        "With hosts that work on {LOADED_PLACES} jobs at full speed, and slower on more: N = {LOADED_LEGS} in {seconds:.2} s."
    );
    Ok(text)
}

fn line(text: &mut String, program: &Path, size: &Size) -> Result<()> {
    let legs = size.legs;
    let (seconds, lab) = pass(program, legs, &[])?;
    let (queries, gets, invokes) = (lab.requests("enumerate")?, lab.requests("get")?, lab.requests("invoke")?);
    drop(lab);
    let [first, adapted] = [AT_FIRST, ADAPTED].map(|at_once| floor(legs, at_once).as_secs_f64());
    let missed = seconds > BAR * first || size.bar.is_some_and(|bar| seconds > bar * adapted);
    let bar = size.bar.map_or_else(|| "-".to_owned(), |bar| format!("{bar:.1}"));
    let script = match size.script_speed {
        Some(speed) => article::alone(program, legs, speed)?,
        None => "not run".to_owned(),
    };
    let _infallible = writeln!(
        text,
        "{legs:>6} {seconds:>8.2} {first:>8.2} {:>6.2} {adapted:>8.2} {:>8.2} {bar:>5} {queries:>8} {gets:>6} {invokes:>8}  {script}{}",
        seconds / first,
        seconds / adapted,
        if missed { "  MISSED" } else { "" }
    );
    Ok(())
}

fn floor(legs: u32, at_once: u32) -> Duration {
    let look = Duration::from_millis(u64::from(QUERIES * ROUND_TRIP_MS));
    let turn = Duration::from_millis(u64::from(2 * ROUND_TRIP_MS + JOB_MS));
    Duration::from_secs(1) + look * 3 + turn * legs.div_ceil(at_once)
}

fn pass(program: &Path, legs: u32, more: &[String]) -> Result<(f64, Lab)> {
    let mut arguments = vec![format!("--vms={legs}"), format!("--rtt={ROUND_TRIP_MS}"), format!("--job={JOB_MS}")];
    arguments.extend_from_slice(more);
    let lab = Lab::start(program, &arguments)?;
    lab.restart(1)?;
    lab.http("POST", "/requests/reset")?;
    let began = Instant::now();
    let mut child = lab.run(program)?.spawn()?;
    while lab.unprotected()? > 0 {
        ensure!(began.elapsed() < TIMEOUT, "{legs} VMs were not protected in time");
        std::thread::sleep(STEP);
    }
    let took = began.elapsed().as_secs_f64();
    ensure!(child.wait()?.success(), "the run over {legs} VMs failed");
    Ok((took, lab))
}
