//! The WS-Management client: reading the rows of a large host compared with plain HTTP and XML, sealed compared with clear, logins, events.
//!
//! Each reader runs as its own process, so that its processor time and memory can be measured. The limit is twice what plain
//! hyper and roxmltree need for the same bytes from the same host. Wall times are only printed.

mod bare;
mod events;
mod reader;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::control::Lab;

/// VMs of a pair of hosts. A host has one row for each that it sends and two for each that it receives: 10,002 rows.
const VMS: u32 = 6_668;
/// How many times everything is read, so that the ticks of processor time are precise enough.
const TIMES: u32 = 10;
/// Number of logins that are measured.
const LOGINS: u32 = 200;

/// What a reader reports about itself.
struct Figures {
    rows: u64,
    seconds: f64,
    memory_mb: f64,
    wall: f64,
}

pub(crate) use reader::read;

pub(crate) fn measure(program: &Path) -> Result<String> {
    let lab = Lab::start(program, &[format!("--vms={VMS}")])?;
    let bare = child(&lab, "bare", TIMES)?;
    let clear = child(&lab, "basic", TIMES)?;
    let sealed = child(&lab, "ntlm", TIMES)?;
    let logins = child(&lab, "logins", LOGINS)?;
    ensure!(clear.rows == bare.rows && sealed.rows == bare.rows, "the readers did not read the same rows");
    let mut lines = vec![
        format!(
            "{} relationship rows, read {TIMES} times from one host; processor seconds and peak memory of the reader.",
            clear.rows
        ),
        line("bare hyper + roxmltree", &bare, &bare),
        line("our client, clear (bar 2)", &clear, &bare),
        line("our client, sealed by NTLM", &sealed, &bare),
    ];
    match python(&lab)? {
        Some(figures) => {
            lines.push(line("pypsrp, clear", &figures, &bare));
            lines.push(format!(
                "pypsrp takes {:.1} times our client's processor time.",
                figures.seconds / clear.seconds
            ));
        }
        None => {
            lines.push(
                "pypsrp: skipped, its Python environment does not exist (`cargo xtask ci` creates it)".to_owned(),
            );
        }
    }
    lines.push(format!("Sealed takes {:.2} times clear.", sealed.seconds / clear.seconds));
    lines.push(format!(
        "Logins by Negotiate, each on its own connection with one small call: {:.0} a second, {:.1} ms of our processor each.",
        f64::from(LOGINS) / logins.wall,
        logins.seconds * 1_000.0 / f64::from(LOGINS)
    ));
    lines.push(events::measure(program)?);
    Ok(lines.join("\n"))
}

fn line(name: &str, figures: &Figures, base: &Figures) -> String {
    let Figures { rows, seconds, memory_mb, wall } = figures;
    format!(
        "  {name:<28} {seconds:>7.2} s  {memory_mb:>6.1} MB  {:>5.2} of bare's time, {:>5.2} of its memory  ({rows} rows, {wall:.1} s wall)",
        seconds / base.seconds,
        memory_mb / base.memory_mb
    )
}

/// Returns the command that runs this program as a reader.
fn child(lab: &Lab, how: &str, times: u32) -> Result<Figures> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["read", how, &times.to_string()]);
    figures(command, lab)
}

fn python(lab: &Lab) -> Result<Option<Figures>> {
    // The environment that ci/peers.sh creates.
    let find = "set -eu; cache=${XDG_CACHE_HOME:-$HOME/.cache}/reprise; \
                echo $cache/peers-$(sha256sum peers/requirements.txt | cut -c1-12)/bin/python";
    let found = Command::new("bash").args(["-c", find]).output().context("cannot start bash")?;
    let python = String::from_utf8(found.stdout)?.trim().to_owned();
    if !Path::new(&python).exists() {
        return Ok(None);
    }
    let mut command = Command::new(python);
    command.args(["peers/enumerate_rows.py", &TIMES.to_string()]);
    figures(command, lab).map(Some)
}

/// Runs a reader with the host's address and login, and reads its one line.
fn figures(mut command: Command, lab: &Lab) -> Result<Figures> {
    command.args([lab.host(0, "url")?, lab.host(0, "user")?]).arg(lab.file("password"));
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{command:?} failed");
    let text = String::from_utf8(output.stdout)?;
    let words: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [rows, seconds, memory_mb, wall] = words.as_slice() else { anyhow::bail!("a reader said `{text}`") };
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let rows = *rows as u64;
    Ok(Figures { rows, seconds: *seconds, memory_mb: *memory_mb, wall: *wall })
}
