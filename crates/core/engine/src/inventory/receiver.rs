//! Which of the replica objects of a VM is the receiver of a leg: the one on the host that the sender names. An object on
//! any other host is a leftover: it is reported and never judged.

use std::sync::Arc;

use reprise_model::{HostId, HostName, ReplicationSettings};

use super::look::Unread;
use crate::leg::SeenEnd;
use crate::names::{Match, Names};

/// An object that plays the receiver's part.
#[derive(Clone, Copy)]
pub(super) enum ReceiverCandidate<'a> {
    /// It could be read.
    Seen(&'a Arc<SeenEnd>),
    /// It could not.
    Unread(&'a Unread<'a>),
}

impl<'a> ReceiverCandidate<'a> {
    pub(super) fn split(self) -> (Option<&'a Arc<SeenEnd>>, Option<&'a Unread<'a>>) {
        match self {
            Self::Seen(end) => (Some(end), None),
            Self::Unread(end) => (None, Some(end)),
        }
    }

    fn host(self) -> HostId {
        match self {
            Self::Seen(end) => end.host,
            Self::Unread(end) => end.host,
        }
    }

    pub(super) fn host_name(self) -> &'a str {
        match self {
            Self::Seen(end) => &end.host_name,
            Self::Unread(end) => &end.look.name,
        }
    }

    pub(super) fn vm_name(self) -> Option<String> {
        match self {
            Self::Seen(end) => Some(end.vm.name.clone()),
            Self::Unread(end) => end.object.name.clone(),
        }
    }

    fn settings(self) -> Option<&'a ReplicationSettings> {
        match self {
            Self::Seen(end) => end.object.settings.seen(),
            Self::Unread(end) => end.object.settings.as_ref(),
        }
    }
}

/// The receiver among the candidates, and the others. `sends` is the sender's host if any host shows the sender, `wanted`
/// the host that the sender names.
pub(super) fn choose<'a>(
    candidates: Vec<ReceiverCandidate<'a>>,
    sends: Option<HostId>,
    wanted: Option<&HostName>,
    names: &Names,
) -> (Option<ReceiverCandidate<'a>>, Vec<ReceiverCandidate<'a>>) {
    let chosen = match (sends, wanted) {
        // Nobody says who receives; whatever is seen is shown, and nothing is done without a sender.
        (None, _) => candidates.first().copied(),
        (Some(_), Some(wanted)) => match names.find(wanted) {
            Match::Host(host) => candidates.iter().find(|end| end.host() == host).copied(),
            Match::PerhapsSilent(_) => only(&candidates, |end| may_be(end, wanted, names)),
            Match::Unclear | Match::NotAsked => None,
        },
        (Some(sends), None) => only(&candidates, |end| receives_from(end, sends, names)),
    };
    let host = chosen.map(ReceiverCandidate::host);
    let leftovers = candidates.into_iter().filter(|end| sends.is_some() && Some(end.host()) != host).collect();
    (chosen, leftovers)
}

/// The only candidate, if it fits: where two might be meant, neither is.
fn only<'a>(
    candidates: &[ReceiverCandidate<'a>],
    fits: impl Fn(ReceiverCandidate<'a>) -> bool,
) -> Option<ReceiverCandidate<'a>> {
    let mut fitting = candidates.iter().copied().filter(|end| fits(*end));
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Whether a candidate's host may be the one of that name: it has not said its name, and its own object names that host as
/// its own.
fn may_be(end: ReceiverCandidate<'_>, wanted: &HostName, names: &Names) -> bool {
    let own = || end.settings().and_then(ReplicationSettings::recovery).is_some_and(|own| own.is_perhaps(wanted));
    names.is_silent(end.host()) && own()
}

/// Whether a candidate's own object names the sender's host as its primary.
fn receives_from(end: ReceiverCandidate<'_>, sends: HostId, names: &Names) -> bool {
    let primary = end.settings().and_then(ReplicationSettings::primary);
    primary.is_some_and(|primary| names.find(primary) == Match::Host(sends))
}
