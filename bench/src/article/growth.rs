//! The first table: script and program with the same broken legs, for growing numbers of VMs.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use super::contest::{self, Done};
use super::outcome;
use super::relay::Relay;
use super::session::Pace;
use super::steps::restart;
use crate::control::Lab;

/// Milliseconds for the round trip of a request, and for a state change.
const ROUND_TRIP_MS: u32 = 20;
const JOB_MS: u32 = 300;
/// Number of VMs, and the speed of the lab's clock for the script.
const SIZES: [(u32, u32); 3] = [(10, 1), (100, 1), (300, 10)];
/// The server that restarts, and both servers.
const BOOTED: &[usize] = &[1];
const BOTH: &[usize] = &[0, 1];
/// The kinds of request that are shown.
const KINDS: [&str; 4] = ["enumerate", "pull", "get", "invoke"];

/// One line of the table.
struct Measured {
    done: Done,
    requests: Vec<u64>,
    answered: u64,
    left: String,
}

pub(super) fn measure(runtime: &Runtime, program: &Path) -> Result<String> {
    let mut text = heading();
    let mut first: Option<(u32, Measured, Measured)> = None;
    for (count, speed) in SIZES {
        let fast = if speed == 1 { String::new() } else { format!(", clock x{speed}") };
        let booted = script(runtime, program, count, BOOTED, speed)?;
        line(&mut text, count, &format!("script, one host{fast}"), &booted);
        line(&mut text, count, &format!("script, both{fast}"), &script(runtime, program, count, BOTH, speed)?);
        let reprise = reprise(runtime, program, count)?;
        line(&mut text, count, "reprise run", &reprise);
        let requests = |measured: &Measured| measured.requests.iter().sum::<u64>();
        let _infallible = writeln!(
            text,
            "     the script on one host took {:.1} times as long, asked {} times as often, and was answered {} times as much",
            booted.done.took.as_secs_f64() / reprise.done.took.as_secs_f64(),
            ratio(requests(&booted), requests(&reprise)),
            ratio(booted.answered, reprise.answered),
        );
        match &first {
            None => first = Some((count, booted, reprise)),
            Some((least, script, program)) => {
                let times = ratio(u64::from(count), u64::from(*least));
                let _infallible = writeln!(
                    text,
                    "     {times} times as many VMs as {least}: for the script {}; for the program {}",
                    grown(script, &booted),
                    grown(program, &reprise)
                );
            }
        }
    }
    Ok(text)
}

/// Runs the script on the host that restarted. Returns how long it took by its own count, and the senders' states at the end.
pub(super) fn alone(runtime: &Runtime, program: &Path, count: u32, speed: u32) -> Result<String> {
    let measured = script(runtime, program, count, BOOTED, speed)?;
    Ok(format!("{:.1} s; senders {}", measured.done.took.as_secs_f64(), measured.left))
}

fn heading() -> String {
    format!(
        "The article's script (a baseline, written anew for this table) and `reprise run`, on equal labs: a pair of hosts, each\n\
         primary server of half of the N VMs; one host restarts, all N legs stop at Error. Round trip {ROUND_TRIP_MS} ms, job {JOB_MS} ms.\n\
         Where the lab's clock is faster, the script's waits are slept that much shorter and counted whole.\n\
         {:>4} {:<24} {:>8} {:>7} {:>6} {:>6} {:>6} {:>8} {:>9}  {}\n",
        "N", "who", "s", "queries", "pulls", "gets", "resume", "objects", "answers", "senders at the end"
    )
}

/// Describes what has grown, and by how much.
fn grown(from: &Measured, to: &Measured) -> String {
    let time = to.done.took.as_secs_f64() / from.done.took.as_secs_f64();
    let objects = from.done.objects.zip(to.done.objects).map(|(from, to)| {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        format!(", {} times the objects", ratio(wide(to), wide(from)))
    });
    let answers = ratio(to.answered, from.answered);
    format!("{time:.1} times the time{}, {answers} times the answers", objects.unwrap_or_default())
}

fn line(text: &mut String, count: u32, who: &str, measured: &Measured) {
    let Measured { done, requests, answered, left } = measured;
    let _infallible = write!(text, "{count:>4} {who:<24} {:>8.1}", done.took.as_secs_f64());
    for (number, width) in requests.iter().zip([7, 6, 6, 6]) {
        let _infallible = write!(text, " {number:>width$}");
    }
    let objects = done.objects.map_or_else(|| "-".to_owned(), |objects| objects.to_string());
    let _infallible = writeln!(text, " {objects:>8} {:>6} kB  {left}", answered / 1_000);
}

/// Formats a ratio with one decimal, without floating point.
fn ratio(a: u64, b: u64) -> String {
    let tenths = a.saturating_mul(10) / b.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A lab with every leg stopped, and a relay in front of it that counts bytes.
fn broken(runtime: &Runtime, program: &Path, count: u32, speed: u32) -> Result<(Lab, Relay)> {
    let arguments = [
        format!("--vms={count}"),
        format!("--rtt={ROUND_TRIP_MS}"),
        format!("--job={JOB_MS}"),
        format!("--speed={speed}"),
    ];
    let lab = Lab::start(program, &arguments)?;
    restart(&lab, 1)?;
    let relay = runtime.block_on(Relay::start(&lab.urls()?))?;
    lab.http("POST", "/requests/reset")?;
    Ok((lab, relay))
}

fn measured(lab: &Lab, relay: &Relay, done: Done) -> Result<Measured> {
    std::thread::sleep(Duration::from_millis(u64::from(JOB_MS)));
    let requests = KINDS.iter().map(|kind| lab.requests(kind)).collect::<Result<Vec<_>>>()?;
    let after = lab.senders()?;
    let wrong = outcome::wrong_words(&done.lines, &after);
    let left = [vec![outcome::states(&after)], wrong].concat().join("; ");
    Ok(Measured { done, requests, answered: relay.answered(), left })
}

fn script(runtime: &Runtime, program: &Path, count: u32, on: &[usize], speed: u32) -> Result<Measured> {
    let (lab, relay) = broken(runtime, program, count, speed)?;
    let pace = Pace { speed, bound: Duration::from_mins(30), ..Pace::default() };
    let done = contest::script(runtime, &lab, &relay.urls, on, pace)?;
    measured(&lab, &relay, done)
}

fn reprise(runtime: &Runtime, program: &Path, count: u32) -> Result<Measured> {
    let (lab, relay) = broken(runtime, program, count, 1)?;
    let done = contest::reprise(program, &lab, &relay.urls, 1, &[])?;
    measured(&lab, &relay, done)
}
