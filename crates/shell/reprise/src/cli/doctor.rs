//! `doctor`: what is wrong with hosts, or with the way to them, before it is needed. Changes nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::run::warn_of_unverified;
use crate::console::{asked_to_stop, complain, notice, print_by, print_painted};
use crate::doctor::{self, facts::HostFacts};
use crate::exit;
use crate::recording::{Recorded, Recording};
use crate::render::doctor::{Examined, document, outcome, text};
use crate::render::{self, json};
use crate::usage::{Reader, Usage};
use crate::wiring;

/// Examine hosts and the way to them: network, login, rights, versions, clocks, replication; change nothing.
#[derive(Args)]
#[command(after_help = "Example:
  reprise doctor --host http://hv01 --host http://hv02 --user 'LAB\\svc' --password-file ./password

On Windows this computer is examined if no host is named.

Exit codes: 0 no finding is an error, 1 no host could be asked, 2 usage or configuration error,
3 a finding is an error.")]
pub(super) struct Arguments {
    #[command(flatten)]
    hosts: wiring::HostArguments,
    /// Print one JSON document instead of a page
    #[arg(long)]
    json: bool,
    /// Record what the hosts are asked and answer into a new file, with names, users and addresses replaced
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// Maximum number of hosts that are examined at once.
const AT_ONCE: usize = 16;

/// Times and signals are those of the caller's runtime; the procedures run on `workers`.
pub(super) async fn doctor(arguments: Arguments, workers: Handle) -> Result<ExitCode, Usage> {
    let named = wiring::HostArguments { reader: Reader::Named("doctor"), ..arguments.hosts };
    let (hosts, mut links) = wiring::ways(&named)?;
    warn_of_unverified(&links);
    let recording = arguments.record.as_deref().map(Recording::create).transpose()?;
    if let Some(recording) = &recording {
        links.record(recording);
    }
    let mut asking = JoinSet::new();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    for (place, (host, label)) in hosts.into_iter().enumerate() {
        let Some(wanted) = doctor::asking(&links, host, label) else { continue };
        let room = Arc::clone(&room);
        asking.spawn_on(
            async move {
                let _place = room.acquire().await;
                (place, doctor::ask(wanted).await)
            },
            &workers,
        );
    }
    let all = async {
        let mut facts = Vec::new();
        while let Some(one) = asking.join_next().await {
            facts.extend(one);
        }
        facts
    };
    let mut facts = tokio::select! {
        facts = all => facts,
        () = asked_to_stop() => {
            notice("interrupted before every host had been examined");
            let _told = recording.zip(arguments.record.as_deref()).map(|(recording, path)| finish(&recording, path));
            return Ok(ExitCode::from(exit::FAILED));
        }
    };
    facts.sort_by_key(|(place, _)| *place);
    let examined: Vec<Examined> = facts.into_iter().map(|(_, facts)| examined(&facts)).collect();
    let printed = if arguments.json {
        print_by(|out| json::write(out, &document(&examined)))
    } else {
        print_painted(&text(&examined, &render::Terminal::here()))
    };
    let recorded = recording.zip(arguments.record.as_deref()).is_none_or(|(recording, path)| finish(&recording, path));
    if !printed.is_no_failure() || !recorded {
        return Ok(ExitCode::from(exit::FAILED));
    }
    Ok(ExitCode::from(exit_code(&examined)))
}

/// Ends the recording and says what is in it; whether all of it was written.
fn finish(recording: &Recording, path: &Path) -> bool {
    let path = path.display();
    match recording.finish() {
        Ok(Recorded { exchanges, left_out }) => {
            let without = if left_out > 0 {
                format!(", {} of them left out", render::count(left_out, "message"))
            } else {
                String::new()
            };
            notice(&format!(
                "recorded {} in {path}{without}; names, users, addresses and certificates are replaced. Read it before you give it to others",
                render::count(exchanges, "request")
            ));
            true
        }
        Err(error) => {
            complain(&format!(
                "cannot write the recording {path}\n  why:  {error}\n  next: free space where it is, remove the file, and run again"
            ));
            false
        }
    }
}

fn examined(facts: &HostFacts) -> Examined {
    Examined {
        name: facts.name().to_owned(),
        url: facts.way.as_ref().map(|way| way.url.clone()),
        asked: facts.examined().is_some(),
        found: doctor::diagnose(facts),
    }
}

fn exit_code(examined: &[Examined]) -> u8 {
    match (examined.iter().any(|host| host.asked), outcome(examined)) {
        (false, _) => exit::FAILED,
        (true, doctor::Level::Error) => exit::PARTIAL,
        (true, doctor::Level::Ok | doctor::Level::Unknown | doctor::Level::Warning) => exit::OK,
    }
}
