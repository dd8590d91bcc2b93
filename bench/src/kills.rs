//! Runs that are killed at a random instant, each followed by one that is left to finish: what the first one did stays done,
//! what it did not is done once, and what a person paused stays paused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use serde_json::Value;

use crate::control::Lab;

/// Runs that are killed, shared by the labs that work beside each other.
const KILLS: usize = 200;
const LABS: usize = 4;
/// VMs of a lab, and how many of them a person has paused. More broken legs than a run resumes at once, so that a kill can
/// come between two resumes.
const VMS: usize = 24;
const PAUSED: usize = 3;
/// Duration of a state change: long enough that many kills come while one is under way. Unit: milliseconds.
const JOB_MS: u32 = 150;
/// Kills come up to this much later than an undisturbed run took, as a multiple of its time.
const SPAN: f64 = 1.1;
/// Maximum time of a run that is left to finish.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Records that a log keeps from earlier shutdowns.
const RECORDS: usize = 100;
/// The file with the last run's report.
const REPORT: &str = "report";
/// WMI's numbers.
const REPLICATING: u64 = 3;
const SUSPENDED: u64 = 7;

/// What the kills of one lab showed.
#[derive(Default)]
struct Tally {
    kills: usize,
    /// When a kill came: before the first resume was sent, while resumes were missing or not proved, or after the end.
    before: usize,
    amid: usize,
    ended: usize,
    broken: u64,
    /// Resumes that the killed runs sent, and the following ones.
    first: u64,
    second: u64,
    /// Legs that were resumed, and whose event 4 neither run wrote.
    untold: u64,
}

/// One lab, and what a person did there.
struct Trial<'a> {
    program: &'a Path,
    lab: Lab,
    chance: Rng,
    paused: BTreeSet<String>,
}

pub(crate) fn measure(program: &Path, seed: u64) -> Result<String> {
    let began = Instant::now();
    let tallies: Vec<Result<Tally>> = std::thread::scope(|scope| {
        let labs =
            (0..LABS).map(|lab| scope.spawn(move || Trial::start(program, seed, lab)?.play())).collect::<Vec<_>>();
        labs.into_iter().map(|lab| lab.join().unwrap_or_else(|_| bail!("a lab's thread ended"))).collect()
    });
    let mut all = Tally::default();
    for tally in tallies {
        all.add(&tally.with_context(|| format!("--seed={seed}"))?);
    }
    ensure!(all.first > 0 && all.second > 0, "no kill came between two resumes");
    Ok(format!(
        "{} kills (seed {seed}; {} before the first resume, {} while resumes were under way or to come, {} after the last) of runs over \
         {} broken legs: all replicate after a second run, {} resumes sent by the killed runs and {} by the second, none twice and none \
         missing; {} VMs that a person paused stay paused; every event line is whole; {} resumes that no event 4 tells. {:.0} s.\n",
        all.kills,
        all.before,
        all.amid,
        all.ended,
        all.broken,
        all.first,
        all.second,
        LABS * PAUSED,
        all.untold,
        began.elapsed().as_secs_f64()
    ))
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.before += other.before;
        self.amid += other.amid;
        self.ended += other.ended;
        self.broken += other.broken;
        self.first += other.first;
        self.second += other.second;
        self.untold += other.untold;
    }
}

impl<'a> Trial<'a> {
    /// Starts a lab, in which a shutdown leaves Error or a pause behind, and pauses some of its VMs by hand.
    fn start(program: &'a Path, seed: u64, number: usize) -> Result<Self> {
        let mut chance = Rng::with_seed(seed.wrapping_add(u64::try_from(number)?));
        let race = if number.is_multiple_of(2) { "error" } else { "suspended" };
        let arguments = [
            format!("--vms={VMS}"),
            format!("--job={JOB_MS}"),
            format!("--race-state={race}"),
            format!("--seed={seed}"),
        ];
        let lab = Lab::start(program, &arguments)?;
        let mut senders = lab.senders()?;
        chance.shuffle(&mut senders);
        let mut paused = BTreeSet::new();
        for sender in senders.into_iter().take(PAUSED) {
            lab.http("POST", &format!("/vms/{}/pause", sender.id))?;
            paused.insert(sender.id);
        }
        Ok(Self { program, lab, chance, paused })
    }

    fn play(mut self) -> Result<Tally> {
        let span = self.undisturbed()?.mul_f64(SPAN);
        let mut tally = Tally::default();
        for round in 0..KILLS / LABS {
            let instant = span.mul_f64(self.chance.f64());
            self.round(instant, &mut tally).with_context(|| format!("round {round}, killed after {instant:?}"))?;
        }
        Ok(tally)
    }

    /// Returns how long a run takes that is not killed.
    fn undisturbed(&mut self) -> Result<Duration> {
        self.break_legs()?;
        let began = Instant::now();
        finish(self.run("undisturbed")?)?;
        let took = began.elapsed();
        self.check_legs()?;
        Ok(took)
    }

    /// Restarts one host or both, which breaks every leg that replicates. Returns how many did.
    fn break_legs(&mut self) -> Result<u64> {
        let replicated = VMS - PAUSED;
        for host in 0..2 {
            // Fifty shutdowns in minutes write more than a run reads in its time on a slow machine.
            let name = self.lab.host(host, "name")?;
            self.lab.http("POST", &format!("/hosts/{name}/clear-log?log=vmms&keep={RECORDS}"))?;
        }
        let host = self.chance.usize(0..2);
        self.lab.restart(host)?;
        if self.chance.bool() {
            self.lab.restart(1 - host)?;
        }
        let broken = self.lab.senders()?.iter().filter(|sender| self.is_broken(&sender.id, sender.state)).count();
        ensure!(broken == replicated, "{broken} legs of {replicated} were broken");
        self.lab.http("POST", "/requests/reset")?;
        Ok(u64::try_from(broken)?)
    }

    fn is_broken(&self, id: &str, state: u64) -> bool {
        state != REPLICATING && !self.paused.contains(id)
    }

    fn run(&self, events: &str) -> Result<Child> {
        let sink = format!("file:{}", self.lab.file(events).display());
        let mut command = self.lab.run_on(self.program, &self.lab.urls()?, &sink)?;
        let report = std::fs::File::create(self.lab.file(REPORT))?;
        Ok(command.args(["--paused", "evidence"]).stdout(report).stderr(Stdio::null()).spawn()?)
    }

    /// What the last run reported.
    fn report(&self) -> String {
        std::fs::read_to_string(self.lab.file(REPORT)).unwrap_or_default()
    }

    fn round(&mut self, instant: Duration, tally: &mut Tally) -> Result<()> {
        let broken = self.break_legs()?;
        let events = format!("events-{}", tally.kills);
        let mut child = self.run(&events)?;
        std::thread::sleep(instant);
        let ended = child.try_wait()?.is_some();
        // A run that has ended cannot be killed.
        let _ended = child.kill();
        child.wait()?;
        let (sent, told) = (self.lab.requests("invoke")?, self.resumed(&events)?);
        finish(self.run(&events)?).with_context(|| self.report())?;
        let all = self.lab.requests("invoke")?;
        self.check_legs()?;
        ensure!(all == broken, "{broken} legs were broken and {all} resumes sent, {sent} of them before the kill");
        let told_at_last = self.resumed(&events)?;
        tally.kills += 1;
        tally.broken += broken;
        match (sent, told) {
            _ if ended => tally.ended += 1,
            (0, _) => tally.before += 1,
            (_, told) if told < broken => tally.amid += 1,
            _ => tally.ended += 1,
        }
        tally.first += sent;
        tally.second += all.saturating_sub(sent);
        tally.untold += broken.saturating_sub(told_at_last);
        Ok(())
    }

    /// Checks that everything replicates which nobody paused, and that nothing else does.
    fn check_legs(&self) -> Result<()> {
        for sender in self.lab.senders()? {
            let expected = if self.paused.contains(&sender.id) { SUSPENDED } else { REPLICATING };
            ensure!(
                sender.state == expected,
                "{} is in state {} after the second run, which reported:\n{}",
                sender.vm,
                sender.state,
                self.report()
            );
        }
        Ok(())
    }

    /// Reads an event file, in which each line must be whole, nothing may have failed, and no VM may have been resumed twice or
    /// against a person's will. Returns how many VMs were resumed.
    fn resumed(&self, events: &str) -> Result<u64> {
        // A run that is killed early has written none.
        let text = std::fs::read_to_string(self.lab.file(events)).unwrap_or_default();
        ensure!(text.is_empty() || text.ends_with('\n'), "the event file ends within a line: {text}");
        let mut resumed = BTreeMap::<String, u32>::new();
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).with_context(|| format!("not a whole event: {line}"))?;
            match event.get("id").and_then(Value::as_u64).with_context(|| format!("no event: {line}"))? {
                4 => {
                    let vm = event.pointer("/data/vm_id").and_then(Value::as_str).context("event 4 has no VM")?;
                    ensure!(!self.paused.contains(vm), "a VM was resumed that a person paused: {line}");
                    *resumed.entry(vm.to_owned()).or_default() += 1;
                }
                id @ (1 | 3 | 110) => bail!("event {id}: {line}"),
                _ => {}
            }
        }
        ensure!(resumed.values().all(|times| *times == 1), "a resume was told twice: {resumed:?}");
        Ok(u64::try_from(resumed.len())?)
    }
}

/// Waits for a run that is not killed; it must succeed.
fn finish(mut child: Child) -> Result<()> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "the run ended with {status}");
            return Ok(());
        }
        if began.elapsed() > TIMEOUT {
            child.kill()?;
            child.wait()?;
            bail!("the run did not end within {} s", TIMEOUT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
