//! Runs over honest hosts with broken legs and hosts that attack: how long the honest ones wait, how much memory the program
//! takes, and how soon it ends when it is asked to.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::control::Lab;

/// Hosts that are repaired, in pairs.
const HONEST: usize = 20;
/// Hosts that attack.
const HOSTILE: usize = 3;
/// All hosts of the lab: pairs need an even number, and the last is not asked.
const HOSTS: usize = 24;
/// VMs of each host.
const VMS: usize = 4;
/// How the hosts attack, as the lab's fault `attack` names it.
const ATTACKS: [&str; 7] = ["attributes", "nested", "siblings", "rows", "pieces", "announcements", "drip"];
/// How often the figures and the lab's progress are polled.
const STEP: Duration = Duration::from_millis(25);
/// Time after the honest hosts are protected: rows without an end take seconds to fill a memory without a budget.
const GROWTH: Duration = Duration::from_secs(8);
/// Maximum wait for the honest hosts, and for the end.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Limits: of the time to protection as a multiple of the one without attacks, of memory, and of the time to the end.
const TIMES_MAX: f64 = 2.0;
const MEGABYTES_MAX: u64 = 800;
const END_MS_MAX: u128 = 1_000;

/// What one run showed.
#[derive(Clone, Copy, Default)]
struct Figures {
    protected_s: f64,
    megabytes: u64,
    /// From the signal to the end; zero if the run had ended by itself.
    end_ms: u128,
}

pub(crate) fn measure(program: &Path, minutes: u64) -> Result<String> {
    let lab = Lab::start(
        program,
        &[format!("--hosts={HOSTS}"), format!("--vms={}", HOSTS * VMS), "--topology=pairs".to_owned()],
    )?;
    let alone = round(program, &lab)?;
    let (until, mut worst, mut times) =
        (Instant::now() + Duration::from_secs(minutes * 60), Figures::default(), Vec::new());
    let mut rounds = 0;
    while rounds == 0 || Instant::now() < until {
        for number in 0..HOSTILE {
            let host = lab.host(HONEST + number, "name")?;
            // All in the same way: one host with a costly answer leaves a processor to the others.
            let attack = ATTACKS.get(rounds % ATTACKS.len()).context("no such attack")?;
            lab.http("DELETE", &format!("/faults/attack?host={host}"))?;
            lab.http("POST", &format!("/faults/attack?host={host}&how={attack}"))?;
        }
        let figures = round(program, &lab)?;
        worst = Figures {
            protected_s: worst.protected_s.max(figures.protected_s),
            megabytes: worst.megabytes.max(figures.megabytes),
            end_ms: worst.end_ms.max(figures.end_ms),
        };
        times.push(figures.protected_s);
        rounds += 1;
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let missed = |missed: bool| if missed { ": MISSED" } else { "" };
    Ok(format!(
        "{HONEST} honest hosts with {VMS} broken VMs each beside {HOSTILE} that attack, {rounds} runs in {minutes} min, each attack in turn.\n\
         Time to protection of the honest: {median:.2} s in the middle, {:.2} s at most; {:.2} s without attacks (bar of the middle {TIMES_MAX} times that{}).\n\
         Peak memory: {} MB; {} MB without attacks (bar {MEGABYTES_MAX}{}).\n\
         From SIGTERM to the end: {} ms at most (bar {END_MS_MAX}{}).\n",
        worst.protected_s,
        alone.protected_s,
        missed(median > TIMES_MAX * alone.protected_s),
        worst.megabytes,
        alone.megabytes,
        missed(worst.megabytes > MEGABYTES_MAX),
        worst.end_ms,
        missed(worst.end_ms > END_MS_MAX),
    ))
}

/// Breaks the legs of the honest hosts, runs the program until they replicate, and ends it.
fn round(program: &Path, lab: &Lab) -> Result<Figures> {
    for host in (0..HONEST).step_by(2) {
        lab.restart(host)?;
    }
    ensure!(unprotected(lab)? > 0, "the restarts did not break any leg");
    let urls = lab.urls()?.into_iter().take(HONEST + HOSTILE).collect::<Vec<_>>();
    let began = Instant::now();
    let mut child = lab.run_on(program, &urls, "none")?.spawn()?;
    let mut figures = Figures::default();
    while unprotected(lab)? > 0 {
        if began.elapsed() > TIMEOUT {
            end(&mut child)?;
            bail!("{} legs of honest hosts were not protected within {} s", unprotected(lab)?, TIMEOUT.as_secs());
        }
        note(&child, &mut figures);
        std::thread::sleep(STEP);
    }
    figures.protected_s = began.elapsed().as_secs_f64();
    // Attacks that last reach their full size.
    let more = Instant::now() + GROWTH;
    while Instant::now() < more {
        note(&child, &mut figures);
        std::thread::sleep(STEP);
    }
    figures.end_ms = end(&mut child)?;
    Ok(figures)
}

fn note(child: &Child, figures: &mut Figures) {
    let megabytes = crate::fleet::figures(child.id()).map_or(0, |(_, megabytes)| megabytes);
    figures.megabytes = figures.megabytes.max(megabytes);
}

/// The number of legs that an honest host sends and that do not replicate.
fn unprotected(lab: &Lab) -> Result<usize> {
    let senders = lab.senders()?;
    Ok(senders.iter().enumerate().filter(|(index, sender)| index % HOSTS < HONEST && sender.state != 3).count())
}

/// Asks the run to end, and returns the milliseconds until it has; zero if it had ended before.
fn end(child: &mut Child) -> Result<u128> {
    if child.try_wait()?.is_some() {
        return Ok(0);
    }
    let asked = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    ensure!(sent.success(), "the signal could not be sent");
    while child.try_wait()?.is_none() {
        if asked.elapsed() > TIMEOUT {
            child.kill()?;
            child.wait()?;
            bail!("the run did not end within {} s of the signal", TIMEOUT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(asked.elapsed().as_millis())
}
