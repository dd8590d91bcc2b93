//! `events`: what hosts' event logs say, as Reprise hears it.

use std::process::ExitCode;
use std::time::Duration;

use cim::event::EventPort as _;
use cim::{CallError, ErrorKind, Reached};
use clap::Args;
use reprise_engine::Trouble;
use reprise_hyperv::events::{RECORDS_MAX, VMMS_LOGS, of_vmms_and_system};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use wsman_http::Events;

use crate::console::{Printed, asked_to_stop, complain, notice, print};
use crate::exit;
use crate::links::Links;
use crate::render::heard::{self, Log};
use crate::usage::Usage;
use crate::wiring;

/// Show what hosts' event logs say of replication and of shutdowns.
#[derive(Args)]
#[command(after_help = "Example:
  reprise events --host http://hv01 --user 'LAB\\svc' --password-file ./password --follow

It shows the last week of events 32022, 32086 and 32315 of VMMS and 1074, 6005, 6006, 6008 and 41 of Windows.
Exit codes: 0 done or ended by Ctrl-C, 1 no event log could be read, 2 usage or configuration, 3 some could not.")]
pub(super) struct Arguments {
    #[command(flatten)]
    hosts: wiring::HostArguments,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// One JSON document; with --follow one JSON object a line
    #[arg(long)]
    json: bool,
}

/// After this long without another record a log has been read to its end.
const QUIET: Duration = Duration::from_millis(500);
/// How long one request waits for something to come; less than the minute that a host allows.
const PATIENCE: Duration = Duration::from_secs(30);
/// A host that says sooner than this that nothing has come is asked again so much later.
const HASTY: Duration = Duration::from_secs(1);
/// First and longest pause before a host that was lost is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Longest farewell.
const LEAVING_MAX: Duration = Duration::from_secs(2);
/// Most lines that wait to be printed; hosts are read no faster than that.
const LINES_MAX: usize = 1_000;

pub(super) async fn events(arguments: Arguments) -> Result<ExitCode, Usage> {
    let (hosts, links) = wiring::ways(&arguments.hosts)?;
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

/// Shows what the listeners tell until the last of them has ended; the exit code.
async fn show(follow: bool, json: bool, mut told: mpsc::Receiver<heard::Line>, listening: JoinSet<Log>) -> u8 {
    let one_document = json && !follow;
    let mut lines = Vec::new();
    while let Some(line) = told.recv().await {
        if one_document {
            lines.push(line);
            continue;
        }
        let text = if json { serde_json::to_string(&line.alone()).unwrap_or_default() } else { line.text() };
        match print(&format!("{text}\n")) {
            Printed::Whole => {}
            Printed::NobodyReads => return exit::OK,
            Printed::Failed => return exit::FAILED,
        }
    }
    let mut logs = listening.join_all().await;
    logs.sort_by(|a, b| a.host.cmp(&b.host));
    if one_document {
        let text = serde_json::to_string(&heard::document(&logs, &mut lines)).unwrap_or_default();
        if print(&format!("{text}\n")) == Printed::Failed {
            return exit::FAILED;
        }
    }
    match logs.iter().filter(|log| log.trouble.is_some()).count() {
        0 => exit::OK,
        all if all == logs.len() => exit::FAILED,
        _ => exit::PARTIAL,
    }
}

/// A listener to each name of VMMS's log, and to Windows' own beside it.
fn listeners(links: &Links, host: reprise_model::HostId, follow: bool) -> Vec<Events> {
    let patience = if follow { PATIENCE } else { QUIET };
    VMMS_LOGS.iter().filter_map(|log| links.events(host, of_vmms_and_system(log, None), true, patience)).collect()
}

/// Listens to one host until its log has been read, or for ever.
async fn listen(label: String, listeners: Vec<Events>, follow: bool, say: mpsc::Sender<heard::Line>) -> Log {
    let mut host = label;
    let mut why = CallError::new(ErrorKind::NotThere, Reached::No, "there is no way to it");
    for listener in listeners {
        match hear(&mut host, listener, follow, &say).await {
            Ok(()) => return Log { host, trouble: None },
            // By that name the log is not there; it may be by the next.
            Err(error) if error.kind == ErrorKind::NotThere => why = error,
            Err(error) => {
                why = error;
                break;
            }
        }
    }
    let trouble = trouble(&host, &why);
    complain(&format!("{} of {host}\n  why:  {}\n  next: {}", trouble.what, trouble.why, trouble.next));
    Log { host, trouble: Some(trouble) }
}

fn trouble(host: &str, error: &CallError) -> Trouble {
    let mut trouble = Trouble::of(&reprise_hyperv::problem(error, "read the event log"), host);
    if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotThere) {
        trouble.next.push_str("; to read its event log alone, Event Log Readers is enough");
    }
    trouble
}

/// Whether a host that was heard may be heard again without anybody's doing.
fn may_pass(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Denied | ErrorKind::Untrusted)
}

/// Tells what one log says. `host` becomes the name that the host itself bears.
async fn hear(
    host: &mut String,
    mut listener: Events,
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
                    notice(&format!("the event log of {host} is lost ({error}); trying again"));
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(AGAIN.1);
                continue;
            }
            Err(error) => return Err(error),
        };
        if std::mem::take(&mut lost) {
            notice(&format!("the event log of {host} is heard again"));
        }
        pause = AGAIN.0;
        if batch.dropped > 0 {
            notice(&format!("{host} has lost {} events before they could be heard", batch.dropped));
        }
        bookmark = batch.bookmark;
        records += batch.events.len();
        if records > RECORDS_MAX && !follow {
            notice(&format!("only the oldest {records} records of {host} are shown"));
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
            // It did not wait as it was asked to: it is not to be asked all the time.
            tokio::time::sleep(HASTY).await;
        }
        if over {
            // Whether it takes the farewell does not matter: the subscription ends by itself.
            let _left = timeout(LEAVING_MAX, listener.leave()).await;
            return Ok(());
        }
    }
}
