//! What one pass is asked to do.

use std::time::Duration;

use reprise_model::{HostId, HostName, Policy};

/// One pass: look until ready, resume what may be resumed, verify, report.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The hosts that are asked.
    pub hosts: Vec<AskedHost>,
    /// What is wanted.
    pub policy: Policy,
    /// The limits on waiting.
    pub times: Times,
    /// Whether hosts are asked too that only a relationship speaks of.
    pub discover: bool,
    /// Whether hosts' event logs can be read at all. If not, everything is judged without evidence.
    pub reads_events: bool,
    /// Plan, but do nothing.
    pub dry_run: bool,
    /// Seed of the jitter of retries.
    pub seed: u64,
}

/// A host that is asked.
#[derive(Clone, Debug)]
pub struct AskedHost {
    /// Its place among the asked hosts.
    pub id: HostId,
    /// What it is called while it has not answered: its configured name, else its URL's `host:port`.
    pub label: String,
    /// Which host it claims to be: its configured name or its URL's host. `None` for an IP address or `localhost`, which
    /// say nothing.
    pub claim: Option<HostName>,
    /// Longest wait for VMMS, from the host's first answer.
    pub vmms_timeout: Duration,
    /// Its tier: what sends from hosts of lower tiers comes first. Without one it comes last.
    pub tier: Option<u32>,
}

/// The limits on waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Readiness, per host, from the later of the start and VMMS first seen running.
    pub timeout: Duration,
    /// From the start: the wait for a host that does not answer yet, and the retries of what is transient.
    pub retry_for: Duration,
}

impl Pass {
    /// When the pass ends at the latest, from its start: the three limits together.
    pub fn longest(&self) -> Duration {
        let vmms = self.hosts.iter().map(|h| h.vmms_timeout).max().unwrap_or_default();
        self.times.timeout + vmms + self.times.retry_for
    }
}
