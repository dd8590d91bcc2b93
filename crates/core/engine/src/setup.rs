//! What a controller is set up with.

use std::num::NonZeroUsize;
use std::time::Duration;

use reprise_model::{HostId, HostKey, HostName, MonoTime, Policy};

/// Most looks under way at once: far above what keeps two cores busy, and each needs a connection.
pub const LOOKS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(128).unwrap();

/// The hosts that are seen to, what is wanted, and how patient one is.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The hosts that are asked.
    pub hosts: Vec<AskedHost>,
    /// What is wanted.
    pub policy: Policy,
    /// When a host counts as late, and until when what fails is tried again.
    pub patience: Patience,
    /// Whether hosts are asked too that only a relationship speaks of.
    pub discover: bool,
    /// Whether hosts' event logs can be read at all. If not, everything is judged without evidence.
    pub reads_events: bool,
    /// Plan, but do nothing.
    pub dry_run: bool,
    /// How often a ready host is looked at if nobody wants a look; `None` if it is not.
    pub reread_every: Option<Duration>,
    /// Most looks under way at once.
    pub looks_at_once: NonZeroUsize,
    /// Seed of the jitter of retries.
    pub seed: u64,
}

/// A host that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedHost {
    /// Its handle: the same for as long as the program asks it.
    pub id: HostId,
    /// Its configured name, if it has one: what it is known by over restarts.
    pub key: Option<HostKey>,
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

/// When a host counts as late, and until when what fails is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Readiness, per host, from the later of the moment since which it is asked and VMMS first seen running.
    pub timeout: Duration,
    /// The wait for a host that does not answer yet, from the moment since which it is asked.
    pub silence: Duration,
    /// No failed act is tried again after this; `None` to retry without end.
    pub retry_until: Option<MonoTime>,
}
