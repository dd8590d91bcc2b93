//! `events`: what hosts' event logs say, as Reprise hears it.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use cim::event::EventPort as _;
use cim::{CallError, ErrorKind};
use clap::Args;
use reprise_hyperv::events::{VMMS_LOGS, of_vmms_and_system};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wsman_http::Events;

use super::{Usage, asked_to_stop, complain, notice};
use crate::exit;
use crate::links::Links;
use crate::render::heard;
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
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// After this long without another record a log has been read to its end.
const QUIET: Duration = Duration::from_millis(500);
/// How long one request waits for something to come; less than the minute that a host allows.
const PATIENCE: Duration = Duration::from_secs(30);
/// First and longest pause before a host that was lost is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Longest farewell.
const LEAVING_MAX: Duration = Duration::from_secs(2);
/// Most lines that wait to be printed; hosts are read no faster than that.
const LINES_MAX: usize = 1_000;

pub(super) async fn events(arguments: Arguments) -> Result<ExitCode, Usage> {
    let (hosts, links) = wiring::ways(&arguments.hosts)?;
    let (say, mut told) = mpsc::channel(LINES_MAX);
    let mut listening = JoinSet::new();
    let asked = hosts.len();
    for (host, label) in hosts {
        let listeners = listeners(&links, host, arguments.follow);
        listening.spawn(listen(label, listeners, arguments.follow, say.clone()));
    }
    drop(say);
    let mut stop = std::pin::pin!(asked_to_stop());
    loop {
        let line: heard::Line = tokio::select! {
            line = told.recv() => match line {
                Some(line) => line,
                None => break,
            },
            () = &mut stop => return Ok(ExitCode::from(exit::OK)),
        };
        let text = if arguments.json { serde_json::to_string(&line).unwrap_or_default() } else { line.text() };
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Ok(()) => {}
            // A reader that has gone away wants no more, and that is no error.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(ExitCode::from(exit::OK)),
            Err(error) => {
                complain(&format!(
                    "cannot write to standard output\n  why:  {error}\n  next: free space where it goes"
                ));
                return Ok(ExitCode::from(exit::FAILED));
            }
        }
    }
    let failed = listening.join_all().await.into_iter().filter(|read| !read).count();
    Ok(ExitCode::from(match failed {
        0 => exit::OK,
        all if all == asked => exit::FAILED,
        _ => exit::PARTIAL,
    }))
}

/// A listener to each name of VMMS's log, and to Windows' own beside it.
fn listeners(links: &Links, host: reprise_model::HostId, follow: bool) -> Vec<Events> {
    let patience = if follow { PATIENCE } else { QUIET };
    VMMS_LOGS.iter().filter_map(|log| links.events(host, of_vmms_and_system(log), true, patience)).collect()
}

/// Listens to one host until its log has been read, or for ever; whether it could be read.
async fn listen(label: String, listeners: Vec<Events>, follow: bool, say: mpsc::Sender<heard::Line>) -> bool {
    let mut why = None;
    for listener in listeners {
        match hear(&label, listener, follow, &say).await {
            Ok(()) => return true,
            // By that name the log is not there; it may be by the next.
            Err(error) if error.kind == ErrorKind::NotThere => why = Some(error),
            Err(error) => {
                why = Some(error);
                break;
            }
        }
    }
    let why = why.map_or_else(|| "there is no way to it".to_owned(), |error| error.to_string());
    complain(&format!(
        "cannot read the event log of {label}\n  why:  {why}\n  next: put the account into Event Log Readers on that host, and check that it has Hyper-V"
    ));
    false
}

async fn hear(
    label: &str,
    mut listener: Events,
    follow: bool,
    say: &mpsc::Sender<heard::Line>,
) -> Result<(), CallError> {
    let (mut bookmark, mut pause, mut lost) = (None, AGAIN.0, false);
    loop {
        let batch = match listener.next(bookmark.as_ref()).await {
            Ok(batch) => batch,
            Err(error) if follow && listener.was_taken() && error.kind != ErrorKind::Denied => {
                if !std::mem::replace(&mut lost, true) {
                    notice(&format!("the event log of {label} is lost ({error}); trying again"));
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(AGAIN.1);
                continue;
            }
            Err(error) => return Err(error),
        };
        if std::mem::take(&mut lost) {
            notice(&format!("the event log of {label} is heard again"));
        }
        pause = AGAIN.0;
        if batch.dropped > 0 {
            notice(&format!("{label} has lost {} events before they could be heard", batch.dropped));
        }
        bookmark = batch.bookmark;
        let over = batch.events.is_empty() && batch.dropped == 0 && !follow;
        for xml in &batch.events {
            let Some(line) = heard::line(xml, label) else { continue };
            if say.send(line).await.is_err() {
                return Ok(());
            }
        }
        if over {
            // Whether it takes the farewell does not matter: the subscription ends by itself.
            let _left = timeout(LEAVING_MAX, listener.leave()).await;
            return Ok(());
        }
    }
}
