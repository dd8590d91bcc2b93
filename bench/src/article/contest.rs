//! One contender against one lab, and the result.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::runtime::Runtime;
use wsman_http::{Client, Endpoint, Limits, Login, Scheme};

use super::decision::Line;
use super::script;
use super::session::{Pace, Session};
use crate::control::Lab;

/// What a contender did.
pub(super) struct Done {
    /// The exit code of each copy; `None` for a copy that did not end.
    pub(super) exits: Vec<Option<i32>>,
    /// The time of the slowest copy.
    pub(super) took: Duration,
    /// The events of all copies.
    pub(super) lines: Vec<Line>,
    /// How many objects the hosts listed, if the contender counts them.
    pub(super) objects: Option<usize>,
    /// Why legs do not replicate, as the program reports it, one entry per leg and copy.
    pub(super) reasons: Vec<String>,
}

/// Runs the script on these hosts at once, each copy with its own connections. `urls` are the hosts' addresses in the lab's
/// order.
pub(super) fn script(runtime: &Runtime, lab: &Lab, urls: &[String], on: &[usize], pace: Pace) -> Result<Done> {
    let mut sessions = Vec::new();
    for host in on {
        sessions.push(Session::new(lab.host(*host, "name")?, clients(lab, urls)?, pace));
    }
    let copies = runtime.block_on(async {
        let running: Vec<_> = sessions.into_iter().map(|session| tokio::spawn(script::run(session))).collect();
        let mut copies = Vec::new();
        for copy in running {
            copies.push(copy.await.context("the script broke")?);
        }
        anyhow::Ok(copies)
    })?;
    Ok(Done {
        exits: copies.iter().map(|ran| ran.exit.map(i32::from)).collect(),
        took: copies.iter().map(|ran| ran.took).max().unwrap_or_default(),
        objects: Some(copies.iter().map(|ran| ran.objects).sum()),
        lines: copies.into_iter().flat_map(|ran| ran.lines).collect(),
        reasons: Vec::new(),
    })
}

fn clients(lab: &Lab, urls: &[String]) -> Result<BTreeMap<String, Client>> {
    let mut clients = BTreeMap::new();
    for (index, url) in urls.iter().enumerate() {
        let login = Login::new(Scheme::Basic, lab.host(index, "user")?, lab.host(index, "password")?);
        clients.insert(lab.host(index, "name")?, Client::new(Endpoint::parse(url)?, login, Limits::default()));
    }
    Ok(clients)
}

/// Runs `reprise run` that many times at once.
pub(super) fn reprise(program: &Path, lab: &Lab, urls: &[String], copies: usize, flags: &[String]) -> Result<Done> {
    let events = lab.file("events.jsonl");
    let began = Instant::now();
    let mut running = Vec::new();
    for _ in 0..copies {
        let sink = format!("file:{}", events.display());
        let mut command = lab.run_on(program, urls, &sink)?;
        running.push(command.args(flags).stdout(Stdio::piped()).spawn().context("cannot start the program")?);
    }
    let (mut exits, mut reasons) = (Vec::new(), Vec::new());
    for copy in running {
        let output = copy.wait_with_output()?;
        exits.push(output.status.code());
        reasons.extend(unprotected(&serde_json::from_slice(&output.stdout)?)?);
    }
    Ok(Done { exits, took: began.elapsed(), lines: lines(&events)?, objects: None, reasons })
}

/// Returns the result and reason of each leg that the program's document shows as neither healthy nor resumed.
fn unprotected(document: &Value) -> Result<Vec<String>> {
    let mut reasons = Vec::new();
    for leg in document.get("relationships").and_then(Value::as_array).context("no relationships")? {
        let text = |key: &str| leg.get(key).and_then(Value::as_str).context("a relationship lacks a key");
        let (result, reason) = (text("result")?, text("reason")?);
        if !["healthy", "resumed"].contains(&result) {
            reasons.push(format!("{result}: {reason}"));
        }
    }
    Ok(reasons)
}

/// Reads the events that the program wrote.
fn lines(path: &Path) -> Result<Vec<Line>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).context("cannot read the events"),
    };
    let mut lines = Vec::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line)?;
        let text =
            |key: &str| event.get(key).and_then(Value::as_str).context("an event lacks a key").map(str::to_owned);
        let id = event.get("id").and_then(Value::as_u64).context("an event has no id")?;
        lines.push(Line { id, level: text("level")?, text: text("message")? });
    }
    Ok(lines)
}
