//! `events`: shows the events of the hosts' event logs that Reprise reads.

use std::process::ExitCode;
use std::time::Duration;

use cim::event::EventPort as _;
use cim::{CallError, ErrorKind, Reached};
use clap::Args;
use reprise_hyperv::Subject;
use reprise_hyperv::events::{RECORDS_MAX, VMMS_LOGS, of_vmms_and_system};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::console::{Printed, asked_to_stop, complain, notice, print};
use crate::exit;
use crate::links::Links;
use crate::listener::Listener;
use crate::render::error::Error;
use crate::render::heard::{self, Log};
use crate::render::{Terminal, json, list};
use crate::usage::{Reader, Usage};
use crate::wiring;

/// Show the events about replication and shutdowns in the hosts' event logs.
#[derive(Args)]
#[command(after_help = "Example:
  reprise events --host http://hv01 --user 'LAB\\svc' --password-file ./password --follow

On Windows this computer's own event logs are shown if no host is named.

Shows the events of the last week: 32022, 32086 and 32315 of VMMS; 1074, 6005, 6006, 6008 and 41 of Windows.
Exit codes: 0 done or ended by Ctrl-C, 1 no event log could be read, 2 usage or configuration error,
3 some event logs could not be read.")]
pub(super) struct Arguments {
    #[command(flatten)]
    hosts: wiring::HostArguments,
    /// Keep showing new events until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Print one JSON document; with --follow, one JSON object per line
    #[arg(long)]
    json: bool,
}

/// A log that sends no record for this long has been read to its end.
const QUIET: Duration = Duration::from_millis(500);
/// How long one request waits for events; less than the minute that a host allows.
const PATIENCE: Duration = Duration::from_secs(30);
/// If a host answers sooner than this that there are no events, the next request waits this long.
const HASTY: Duration = Duration::from_secs(1);
/// First and maximum delay before a lost host is retried.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Maximum time to close a subscription.
const LEAVING_MAX: Duration = Duration::from_secs(2);
/// Maximum number of lines that wait to be printed; beyond it, reading waits.
const LINES_MAX: usize = 1_000;

pub(super) async fn events(arguments: Arguments) -> Result<ExitCode, Usage> {
    let (hosts, links) = wiring::ways(&wiring::HostArguments { reader: Reader::Named("events"), ..arguments.hosts })?;
    if arguments.follow {
        let to: Vec<String> = hosts.iter().map(|(_, label)| label.clone()).collect();
        notice(&listening_to(&to));
    }
    let (say, told) = mpsc::channel(LINES_MAX);
    let mut listening = JoinSet::new();
    for (host, label) in hosts {
        let listeners = listeners(&links, host, arguments.follow);
        listening.spawn(listen(label, listeners, arguments.follow, say.clone()));
    }
    drop(say);
    tokio::select! {
        code = show(arguments.follow, arguments.json, told, listening) => Ok(ExitCode::from(code)),
        () = asked_to_stop() => Ok(ExitCode::from(exit::OK)),
    }
}

/// Says whose events are awaited: a log may have nothing new for days.
fn listening_to(labels: &[String]) -> String {
    format!("listening for events of {}; Ctrl-C ends it", list(labels))
}

/// Prints what the listeners send until the last one has ended. Returns the exit code.
async fn show(follow: bool, as_json: bool, mut told: mpsc::Receiver<heard::Line>, listening: JoinSet<Log>) -> u8 {
    let one_document = as_json && !follow;
    let width = Terminal::here().width;
    let mut lines = Vec::new();
    while let Some(line) = told.recv().await {
        if one_document {
            lines.push(line);
            continue;
        }
        let text = if as_json { format!("{}\n", json::line(&line.alone())) } else { line.text(width) };
        match print(&text) {
            Printed::Whole => {}
            Printed::NobodyReads => return exit::OK,
            Printed::Failed => return exit::FAILED,
        }
    }
    let mut logs = listening.join_all().await;
    logs.sort_by(|a, b| a.host.cmp(&b.host));
    if one_document {
        let text = json::line(&heard::document(&logs, &mut lines));
        if print(&format!("{text}\n")) == Printed::Failed {
            return exit::FAILED;
        }
    }
    match logs.iter().filter(|log| log.error.is_some()).count() {
        0 => exit::OK,
        all if all == logs.len() => exit::FAILED,
        _ => exit::PARTIAL,
    }
}

/// A listener for each name of VMMS's log; each also reads Windows' own log.
fn listeners(links: &Links, host: reprise_model::HostId, follow: bool) -> Vec<Listener> {
    let patience = if follow { PATIENCE } else { QUIET };
    let logs = links.logs(host);
    VMMS_LOGS.iter().filter_map(|log| Some(logs.as_ref()?.listen(of_vmms_and_system(log, None), patience))).collect()
}

/// Listens to one host until its log has been read, or with `follow` without end.
async fn listen(label: String, listeners: Vec<Listener>, follow: bool, say: mpsc::Sender<heard::Line>) -> Log {
    let mut host = label;
    let mut why = CallError::new(ErrorKind::NotThere, Reached::No, "there is no way to it");
    for listener in listeners {
        match hear(&mut host, listener, follow, &say).await {
            Ok(()) => return Log { host, error: None },
            // There is no log of this name; there may be one of the next.
            Err(error) if error.kind == ErrorKind::NotThere => why = error,
            Err(error) => {
                why = error;
                break;
            }
        }
    }
    let error = error_of(&host, &why);
    complain(&format!("{} of {host}\n  why:  {}\n  next: {}", error.what, error.why, error.next));
    Log { host, error: Some(error) }
}

fn error_of(host: &str, error: &CallError) -> Error {
    Error::of(&reprise_hyperv::problem(error, "read the event log", Subject::EventLog), host)
}

/// Whether a lost host may come back without anybody changing something.
fn may_pass(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Denied | ErrorKind::Untrusted)
}

/// Sends the lines of one log. `host` becomes the name that the host gives itself.
async fn hear(
    host: &mut String,
    mut listener: Listener,
    follow: bool,
    say: &mpsc::Sender<heard::Line>,
) -> Result<(), CallError> {
    let (mut bookmark, mut pause, mut lost, mut records) = (None, AGAIN.0, false, 0);
    loop {
        let asked = Instant::now();
        let batch = match listener.next(bookmark.as_ref()).await {
            Ok(batch) => batch,
            Err(error) if follow && listener.was_taken() && may_pass(error.kind) => {
                if !std::mem::replace(&mut lost, true) {
                    notice(&format!("lost the event log of {host} ({error}); retrying"));
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(AGAIN.1);
                continue;
            }
            Err(error) => return Err(error),
        };
        if std::mem::take(&mut lost) {
            notice(&format!("the event log of {host} can be read again"));
        }
        pause = AGAIN.0;
        if batch.dropped > 0 {
            notice(&format!("{host} overwrote {} events before they could be read", batch.dropped));
        }
        bookmark = batch.bookmark;
        records += batch.events.len();
        if records > RECORDS_MAX && !follow {
            notice(&format!("showing only the oldest {records} records of {host}"));
        }
        let over = !follow && (records > RECORDS_MAX || (batch.events.is_empty() && batch.dropped == 0));
        for xml in &batch.events {
            let Some(line) = heard::line(xml, host) else { continue };
            line.host().clone_into(host);
            if say.send(line).await.is_err() {
                return Ok(());
            }
        }
        if follow && batch.events.is_empty() && asked.elapsed() < HASTY {
            // It did not wait as requested; without this pause it would be polled without end.
            tokio::time::sleep(HASTY).await;
        }
        if over {
            // A failure does not matter: the subscription expires by itself.
            let _left = timeout(LEAVING_MAX, listener.leave()).await;
            return Ok(());
        }
    }
}
