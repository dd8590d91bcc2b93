//! The setup of a controller.

use std::num::NonZeroUsize;
use std::time::Duration;

use reprise_model::{HostId, HostKey, HostName, MonoTime, Policy};

/// Maximum number of concurrent looks: far above what keeps two cores busy, and each needs a connection.
pub const LOOKS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(128).unwrap();

/// The hosts, the policy and the time limits.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The hosts to query.
    pub hosts: Vec<AskedHost>,
    /// The policy.
    pub policy: Policy,
    /// When a host counts as late, and until when failed acts are retried.
    pub patience: Patience,
    /// Whether to query hosts that only a relationship names, too.
    pub discover: bool,
    /// Whether hosts' event logs can be read at all. If not, everything is judged without evidence.
    pub reads_events: bool,
    /// Plan acts, but do not carry them out.
    pub dry_run: bool,
    /// How long to wait for newer data after each proved resume before the leg counts as settled; `None` not to wait.
    pub confirm_within: Option<Duration>,
    /// What a hold that matches nothing means.
    pub unmatched_holds: UnmatchedHolds,
    /// How often to look at a ready host when nothing requires it; `None` for never.
    pub reread_every: Option<Duration>,
    /// Maximum number of concurrent looks.
    pub looks_at_once: NonZeroUsize,
    /// Seed of the jitter of retries.
    pub seed: u64,
}

/// Tells one credential from another: hosts that are logged in to with the same user and secret have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(pub u32);

/// What a hold that matches nothing means, although every host is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnmatchedHolds {
    /// It may be misspelt and mean any VM: nothing is resumed.
    #[default]
    Stop,
    /// A person said to go on.
    Ignore,
}

/// A host to query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedHost {
    /// Its handle: the same for as long as the program asks it.
    pub id: HostId,
    /// Its configured name, if it has one: its identity across restarts.
    pub key: Option<HostKey>,
    /// Its name until it has answered: its configured name, else its URL's `host:port`.
    pub label: String,
    /// Which host it claims to be: its configured name or its URL's host. `None` for an IP address or `localhost`, which
    /// say nothing.
    pub claim: Option<HostName>,
    /// Which credential the host is shown; `None` if that is not known. If one host refuses what another accepts, it may still be
    /// starting.
    pub credential: Option<CredentialId>,
    /// Maximum wait for VMMS, from the host's first answer.
    pub vmms_timeout: Duration,
    /// Its tier: legs that send from hosts of lower tiers come first. Without one they come last.
    pub tier: Option<u32>,
}

/// When a host counts as late, and until when failed acts are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Readiness, per host, from the later of the moment since which it is asked and VMMS first seen running.
    pub timeout: Duration,
    /// The wait for a host that does not answer yet, from the moment since which it is asked.
    pub silence: Duration,
    /// No failed act is tried again after this; `None` to retry without end.
    pub retry_until: Option<MonoTime>,
}
