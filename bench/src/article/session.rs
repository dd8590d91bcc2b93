//! The script's PowerShell session: connections to hosts by name, the last error, the events, and the time it slept.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cim::{CallError, ErrorKind, Reached};
use wsman_http::Client;

use super::decision::{Line, same_name};
use super::listing::{self, Listed};

/// How the baseline is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The speed of the lab's clock: the script's sleeps are shortened by this factor, and count in full.
    pub(super) speed: u32,
    /// Maximum time on the script's clock. The script itself has no limit.
    pub(super) bound: Duration,
    /// Whether `Resume-VMReplication` returns before its job has ended.
    pub(super) cmdlet: Cmdlet,
}

/// What `Resume-VMReplication` does about its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cmdlet {
    /// Returns at once.
    Returns,
    /// Waits for its end.
    Waits,
}

impl Default for Pace {
    /// Real time, ten minutes (far more than any of the labs needs), and the variant of the cmdlet that costs the script least.
    fn default() -> Self {
        Self { speed: 1, bound: Duration::from_mins(10), cmdlet: Cmdlet::Returns }
    }
}

/// One session on one host.
pub(super) struct Session {
    pub(super) pace: Pace,
    began: Instant,
    own: String,
    hosts: BTreeMap<String, Client>,
    /// `$Error[0]`
    pub(super) last_error: Option<String>,
    pub(super) lines: Vec<Line>,
    /// How long it slept, by the script's own clock.
    slept: Duration,
    /// How many objects hosts listed for it.
    pub(super) objects: usize,
}

impl Session {
    pub(super) fn new(own: String, hosts: BTreeMap<String, Client>, pace: Pace) -> Self {
        let (began, slept) = (Instant::now(), Duration::ZERO);
        Self { pace, began, own, hosts, last_error: None, lines: Vec::new(), slept, objects: 0 }
    }

    /// The host that the script runs on.
    pub(super) fn own(&self) -> String {
        self.own.clone()
    }

    pub(super) fn client(&self, host: &str) -> Result<&Client, CallError> {
        let found = self.hosts.iter().find(|(name, _)| same_name(name, host));
        let unknown = || CallError::new(ErrorKind::Unreachable, Reached::No, format!("there is no host {host}"));
        found.map(|(_, client)| client).ok_or_else(unknown)
    }

    /// Returns how long the script has run by its own clock: shortened sleeps count in full.
    pub(super) fn elapsed(&self) -> Duration {
        (self.began.elapsed() + self.slept).saturating_sub(self.slept / self.pace.speed)
    }

    /// `Start-Sleep`
    pub(super) async fn sleep(&mut self, length: Duration) {
        self.slept += length;
        tokio::time::sleep(length / self.pace.speed).await;
    }

    /// `Get-VMReplication -ComputerName HOST`: if it cannot be read, the result is an empty list and an error of the session.
    pub(super) async fn list(&mut self, host: &str) -> Vec<Listed> {
        let listed = match self.client(host) {
            Ok(client) => listing::list(client).await,
            Err(error) => Err(error),
        };
        match listed {
            Ok((listed, objects)) => {
                self.objects += objects;
                listed
            }
            Err(error) => {
                self.failed(&error);
                Vec::new()
            }
        }
    }

    /// The same for the VMs of one name.
    pub(super) async fn list_named(&mut self, host: &str, name: &str) -> Vec<Listed> {
        let mut listed = self.list(host).await;
        listed.retain(|one| same_name(&one.name, name));
        listed
    }

    /// Records an error, as PowerShell does for every error.
    pub(super) fn failed(&mut self, error: &CallError) -> String {
        let text = error.to_string();
        self.last_error = Some(text.clone());
        text
    }
}
