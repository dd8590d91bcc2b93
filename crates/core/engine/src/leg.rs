//! One leg as its two ends show it: the input of a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reprise_model::{
    HostId, HostName, HostTime, LegId, MonoTime, Problem, ReplicationObject, ReplicationSettings, ReplicationState, Vm,
};

/// One replication relationship from sender to receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Which.
    pub id: LegId,
    /// The VM's display name, from the sender if it is seen.
    pub vm_name: String,
    /// The end that sends. Failures are repaired there.
    pub sender: End,
    /// The end that receives.
    pub receiver: End,
    /// A second host that also holds the VM as primary.
    pub second_primary: Option<HostId>,
    /// The state in which the sender's host receives the VM itself, if this is an extended leg: what is decided there comes
    /// first. `Unknown` if it cannot be read.
    pub sender_receives: Option<ReplicationState>,
    /// Hosts that hold a replica of the VM and are not the one that its sender names: leftovers. Nothing rests on them.
    pub leftovers: Vec<String>,
    /// Those of the hosts that holds name at which it has an end.
    pub held_hosts: BTreeSet<HostName>,
    /// What any host calls its VM, folded: a VM that is renamed on one side has two names, and each leg of it has both. Kept
    /// only if a hold gives a name.
    pub vm_names: BTreeSet<String>,
}

/// Which end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The one that sends.
    Sender,
    /// The one that receives.
    Receiver,
}

/// One end.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Its host shows it. Shared with what is known of the host, since a fleet has a hundred thousand ends.
    Seen(Arc<SeenEnd>),
    /// Only the other end names it.
    NotSeen(NotSeenEnd),
}

/// An end that its host shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenEnd {
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// When the look began that showed it.
    pub looked: MonoTime,
    /// When that look had come back.
    pub told: MonoTime,
    /// When the host had booted, by its own clock, if it said so.
    pub booted: Option<HostTime>,
    /// How long the host had been up then, by its own clock, if it said so.
    pub up_for: Option<Duration>,
    /// The VM there.
    pub vm: Vm,
    /// The replication object there.
    pub object: ReplicationObject,
}

/// An end that no queried host shows in a readable form.
#[derive(Clone, Debug, PartialEq)]
pub struct NotSeenEnd {
    /// Its host's name, if the other end names it.
    pub host_name: Option<String>,
    /// What is known of that host.
    pub whereabouts: Whereabouts,
}

/// What is known of the host of an end that is not seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Whereabouts {
    /// It is not among the hosts that are asked.
    NotAsked,
    /// It is asked (or may be one of several silent ones), and there is still time.
    NotYet {
        /// Which host, if it is known.
        host: Option<HostId>,
    },
    /// It is asked and was not ready in time.
    Late {
        /// What the asked host is called.
        host: String,
        /// Why.
        problem: Problem,
    },
    /// It is asked and shows the end, and not all of it can be read.
    Unreadable {
        /// Which host.
        host: HostId,
        /// What is wrong with it.
        problem: Problem,
    },
    /// It is ready, its time is up, and it does not show the end; it has not been up for long, so it may be loading its VMs.
    NotLoaded {
        /// Which host.
        host: HostId,
    },
    /// It is ready, its time is up, and it does not show the end.
    WithoutIt {
        /// Which host.
        host: HostId,
    },
}

impl SeenEnd {
    /// The host's clock at the look, if it said so.
    pub(crate) fn clock(&self) -> Option<HostTime> {
        let up_for = i64::try_from(self.up_for?.as_millis()).ok()?;
        Some(HostTime(self.booted?.0.saturating_add(up_for)))
    }
}

impl End {
    /// The end, if its host shows it.
    pub fn seen(&self) -> Option<&SeenEnd> {
        match self {
            Self::Seen(end) => Some(end),
            Self::NotSeen(_) => None,
        }
    }

    /// The same, to be kept.
    pub(crate) fn shared(&self) -> Option<Arc<SeenEnd>> {
        match self {
            Self::Seen(end) => Some(Arc::clone(end)),
            Self::NotSeen(_) => None,
        }
    }

    /// The host that shows it, even if it cannot be read.
    pub(crate) fn shown_by(&self) -> Option<HostId> {
        match self {
            Self::Seen(end) => Some(end.host),
            Self::NotSeen(NotSeenEnd { whereabouts: Whereabouts::Unreadable { host, .. }, .. }) => Some(*host),
            Self::NotSeen(_) => None,
        }
    }

    /// Its state, if seen.
    pub fn state(&self) -> Option<ReplicationState> {
        self.seen().map(|end| end.object.state)
    }

    /// What its host is called, as far as anybody knows.
    pub fn host_name(&self) -> Option<&str> {
        match self {
            Self::Seen(end) => Some(&end.host_name),
            Self::NotSeen(end) => end.host_name.as_deref(),
        }
    }

    /// The asked host that is late in its place. Its name is another if it was asked by an address and never said
    /// who it is.
    pub(crate) fn late(&self) -> Option<(&str, &Problem)> {
        match self {
            Self::NotSeen(NotSeenEnd { whereabouts: Whereabouts::Late { host, problem }, .. }) => Some((host, problem)),
            Self::NotSeen(_) | Self::Seen(_) => None,
        }
    }

    /// How the relationship is set up, as this end shows it.
    pub fn settings(&self) -> Option<&ReplicationSettings> {
        self.seen().and_then(|end| end.object.settings.seen())
    }
}

impl Leg {
    /// Whether the sender is seen and says of no host that it receives.
    pub(crate) fn is_sent_to_nobody_named(&self) -> bool {
        self.sender.seen().is_some() && self.sender.settings().and_then(ReplicationSettings::recovery).is_none()
    }

    /// Whether any end shows the primary side to be a cluster.
    pub fn primary_is_clustered(&self) -> bool {
        [&self.sender, &self.receiver]
            .into_iter()
            .filter_map(End::settings)
            .any(ReplicationSettings::primary_is_clustered)
    }
}
