//! One run over a fleet: the program's processor time and memory, and the lab's for comparison.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::control::Lab;

/// Number of hosts, and of VMs on each.
const HOSTS: u32 = 1_000;
const VMS: u32 = 50;
/// With `--broken`, one host in this many is restarted, which breaks all legs that it sends or receives.
const ONE_IN: usize = 10;
/// Limits for the run.
const SECONDS_MAX: f64 = 10.0;
const MEGABYTES_MAX: u64 = 400;
/// Additional limit for each leg that it resumes: a Get, an Invoke and a share of the job queries and of the third look, each a
/// sealed message and its reply.
const LEG_MS_MAX: f64 = 1.0;
/// How often the figures are read, since they disappear with the process.
const STEP: Duration = Duration::from_millis(20);

pub(crate) fn measure(program: &Path, broken: bool) -> Result<String> {
    let lab = Lab::start(program, &[format!("--hosts={HOSTS}"), format!("--vms={}", HOSTS * VMS)])?;
    let legs = if broken { break_legs(&lab)? } else { 0 };
    let lab_before = figures(lab.id()).context(NO_FIGURES)?;
    let began = Instant::now();
    let (processor, memory) = followed(lab.run(program)?.spawn()?)?;
    let wall = began.elapsed().as_secs_f64();
    let lab_after = figures(lab.id()).context(NO_FIGURES)?;
    if broken {
        ensure!(lab.unprotected()? == 0, "the run succeeded, but legs are still broken");
    }
    let seconds_max = SECONDS_MAX + f64::from(legs) * LEG_MS_MAX / 1_000.0;
    let of_legs = if broken {
        let each = (processor - SECONDS_MAX).max(0.0) * 1_000.0 / f64::from(legs);
        format!(
            " {legs} legs resumed: beyond the {SECONDS_MAX} s of a healthy fleet {each:.2} ms each (bar {LEG_MS_MAX})."
        )
    } else {
        String::new()
    };
    Ok(format!(
        "One pass over {HOSTS} hosts with {VMS} VMs each, {}: {processor:.1} s of processor ({}), {memory} MB peak ({}).{of_legs}\n\
         Beside it: {wall:.1} s wall with the lab on the same machine, {:.1} s of processor for the lab.\n",
        if broken { "one host in ten restarted" } else { "all healthy" },
        bar(processor, seconds_max),
        bar(f64::from(u32::try_from(memory)?), f64::from(u32::try_from(MEGABYTES_MAX)?)),
        lab_after.0 - lab_before.0,
    ))
}

fn bar(measured: f64, most: f64) -> String {
    format!("bar {most}{}", if measured > most { ": MISSED" } else { "" })
}

/// Restarts hosts. Returns how many legs this broke.
fn break_legs(lab: &Lab) -> Result<u32> {
    for host in (0..lab.hosts.len()).step_by(ONE_IN) {
        lab.restart(host)?;
    }
    let legs = u32::try_from(lab.unprotected()?)?;
    ensure!(legs > 0, "the restarts did not break any leg");
    Ok(legs)
}

const NO_FIGURES: &str = "this system does not provide the figures of a process (Linux does)";

/// Waits for a process. Returns its figures when they were last read.
fn followed(mut child: Child) -> Result<(f64, u64)> {
    let mut last = None;
    while child.try_wait()?.is_none() {
        last = figures(child.id()).or(last);
        std::thread::sleep(STEP);
    }
    ensure!(child.wait()?.success(), "the run over the fleet failed");
    last.context(NO_FIGURES)
}

/// Returns the processor seconds and peak megabytes of a process, from `/proc`.
pub(crate) fn figures(process: u32) -> Option<(f64, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").trim().parse().ok()?;
    // Linux has a hundred ticks per second on every platform of Rust.
    Some(((ticks(11)? + ticks(12)?) / 100.0, kilobytes / 1024))
}
