//! One pass over a fleet: the program's processor time and memory, with the lab's beside it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::control::Lab;

/// Hosts, and VMs on each.
const HOSTS: u32 = 1_000;
const VMS: u32 = 50;

pub(crate) fn measure(program: &Path) -> Result<String> {
    let lab = Lab::start(program, &[format!("--hosts={HOSTS}"), format!("--vms={}", HOSTS * VMS)])?;
    let began = Instant::now();
    let mut child = lab.run(program)?.spawn()?;
    let mut last = None;
    // The figures of a process go with it, so they are read while it runs.
    while child.try_wait()?.is_none() {
        last = figures(child.id()).or(last);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    ensure!(child.wait()?.success(), "the pass over the fleet failed");
    let (processor, memory) = last.context("this system does not tell a process's figures (Linux does)")?;
    Ok(format!(
        "One pass over {HOSTS} hosts with {VMS} VMs each: {processor:.1} s of processor (bar 10), {memory} MB peak (bar 400), \
         {:.1} s wall with the lab on the same machine.\n",
        began.elapsed().as_secs_f64()
    ))
}

/// Processor seconds and peak megabytes of a process, from `/proc`.
pub(crate) fn figures(process: u32) -> Option<(f64, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").trim().parse().ok()?;
    // A hundred ticks a second on every Linux that Rust runs on.
    Some(((ticks(11)? + ticks(12)?) / 100.0, kilobytes / 1024))
}
