//! What is wanted.

use std::num::NonZeroU32;

use crate::{HostName, Timestamp, VmId};

/// What is wanted of all legs. Comes from the configuration; every default is [`Policy::default`]'s. Resynchronization drops
/// recovery points, so no policy starts one: that takes an approval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What is done if the receiver's host was asked and is not seen.
    pub peer_unseen: PeerUnseen,
    /// What is done about paused legs.
    pub paused: PausedPolicy,
    /// What is left alone.
    pub holds: Vec<Hold>,
    /// Nothing is done: watch only.
    pub frozen: bool,
    /// How much is done at once.
    pub pace: Pace,
}

/// What is done if the receiver's host was asked and is not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerUnseen {
    /// Wait for it until the limit: a failover may be in force there.
    #[default]
    Wait,
    /// Resume all the same: the receiver refuses if a failover is in force.
    Resume,
}

/// What is done about a paused leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedRule {
    /// Resume it.
    Resume,
    /// Leave it.
    Leave,
    /// Resume it if the host's events say that a shutdown paused it, else leave it.
    Evidence,
}

/// What is done about paused legs, by when the pause began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PausedPolicy {
    /// Already paused at the first look, or after a boot.
    pub at_boot: PausedRule,
    /// Paused while we watch.
    pub while_running: PausedRule,
    /// Paused before its initial replication finished.
    pub initial: InitialPolicy,
}

impl Default for PausedPolicy {
    /// At boot as the article's script does (resume); while we watch, a person's pause is respected.
    fn default() -> Self {
        Self { at_boot: PausedRule::Resume, while_running: PausedRule::Evidence, initial: InitialPolicy::Leave }
    }
}

/// What is done about an initial replication that is paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialPolicy {
    /// Leave it: it costs bandwidth that somebody may have wanted to save.
    #[default]
    Leave,
    /// Resume it.
    Resume,
}

/// How much is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Acts under way on one host, to begin with.
    pub per_host: NonZeroU32,
    /// Most acts under way on one host: while it stays as quick as at first it is given more, up to this.
    pub per_host_max: NonZeroU32,
    /// Most acts under way on all hosts together.
    pub fleet: NonZeroU32,
}

impl Default for Pace {
    /// Six per host: twice the three sends that VMMS has under way by default (`MaximumActiveTransfers`). At most 32, each
    /// of which may hold a connection: a tenth of what WinRM takes from all its clients (`MaxConnections` 300). 256 in all:
    /// far below what one program can follow, far above one pair of hosts.
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
    /// What.
    pub scope: HoldScope,
    /// Why, in a person's words.
    pub reason: String,
    /// Until when; for ever if absent.
    pub until: Option<Timestamp>,
    /// Whether it stands for one pass only, as `--except` does.
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

/// A VM as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VmSelector {
    /// By its identity.
    Id(VmId),
    /// By its display name, compared without case. Covers every VM of that name.
    Name(String),
}

impl VmSelector {
    /// A GUID is an identity; anything else is a name.
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id)
    }
}
