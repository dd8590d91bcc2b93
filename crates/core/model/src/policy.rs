//! What the administrator wants.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use crate::{HostName, LegId, PauseMark, Timestamp, VmId};

/// What the administrator wants for all legs. It comes from the configuration; [`Policy::default`] has all defaults. A
/// resynchronization deletes recovery points, so no policy starts one: that needs an approval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What to do if the receiver's host was asked and is not seen.
    pub peer_unseen: PeerUnseen,
    /// What to do about paused legs.
    pub paused: PausedPolicy,
    /// What to leave alone.
    pub holds: Vec<Hold>,
    /// The legs that Reprise itself paused.
    pub marks: BTreeMap<LegId, PauseMark>,
    /// Observe only, and do nothing.
    pub frozen: bool,
    /// How many acts run at once.
    pub pace: Pace,
}

/// What to do if the receiver's host was asked and is not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerUnseen {
    /// Wait for it until its time limit: the VM may have been failed over to it.
    #[default]
    Wait,
    /// Resume anyway: the receiver refuses if the VM has been failed over to it.
    Resume,
}

/// What to do about a paused leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedRule {
    /// Resume it.
    Resume,
    /// Leave it.
    Leave,
    /// Resume it if the host's events show that a shutdown paused it, otherwise leave it.
    Evidence,
}

/// What to do about paused legs, depending on when the pause began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PausedPolicy {
    /// Already paused at the first look, or after a boot.
    pub at_boot: PausedRule,
    /// Paused while Reprise is running.
    pub while_running: PausedRule,
    /// Paused before its initial replication finished.
    pub initial: InitialPolicy,
}

impl Default for PausedPolicy {
    /// At boot, resume, as the support article's script does; while Reprise is running, respect a person's pause.
    fn default() -> Self {
        Self { at_boot: PausedRule::Resume, while_running: PausedRule::Evidence, initial: InitialPolicy::Leave }
    }
}

/// What to do about an initial replication that is paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialPolicy {
    /// Leave it: it costs bandwidth that somebody may have wanted to save.
    #[default]
    Leave,
    /// Resume it.
    Resume,
}

/// How many acts run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Initial number of concurrent acts on one host.
    pub per_host: NonZeroU32,
    /// Maximum number of concurrent acts on one host. The number grows up to this while the host stays as fast as at first.
    pub per_host_max: NonZeroU32,
    /// Maximum number of concurrent acts on all hosts together.
    pub fleet: NonZeroU32,
}

impl Default for Pace {
    /// Six per host: twice the number of concurrent transfers of VMMS by default (three, `MaximumActiveTransfers`). At most 32,
    /// each of which may use a connection: a tenth of what WinRM accepts from all its clients (`MaxConnections` 300). 256 in
    /// total: far below what one program can handle, far above what one pair of hosts needs.
    fn default() -> Self {
        const SIX: NonZeroU32 = NonZeroU32::new(6).unwrap();
        const MOST: NonZeroU32 = NonZeroU32::new(32).unwrap();
        const FLEET: NonZeroU32 = NonZeroU32::new(256).unwrap();
        Self { per_host: SIX, per_host_max: MOST, fleet: FLEET }
    }
}

/// Something that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What it covers.
    pub scope: HoldScope,
    /// Why, in the user's words.
    pub reason: String,
    /// When it ends; never if absent.
    pub until: Option<Timestamp>,
    /// Whether it applies to one run only, as `--except` does.
    pub only_this_pass: bool,
}

/// What a hold covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// One VM, all its legs.
    Vm(VmSelector),
    /// Every leg that sends from or receives at a host.
    Host(HostName),
    /// Everything.
    All,
}

/// A VM as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VmSelector {
    /// By its identity.
    Id(VmId),
    /// By its display name, compared by [`crate::folded_name`]. Covers every VM of that name.
    Name(String),
}

impl fmt::Display for VmSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl VmSelector {
    /// Parses a selector: a GUID is an identity, anything else is a name.
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id)
    }
}
