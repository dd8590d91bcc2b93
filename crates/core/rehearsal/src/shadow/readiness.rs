//! How far a host is, by the contract (section 2): ready, awaited until one of its limits is over, or late.

use std::collections::BTreeSet;
use std::time::Duration;

use reprise_engine::Side;
use reprise_model::{LegId, VmId};

use super::shown::{End, Ends};

/// Two looks by which a host becomes ready are this far apart.
const LOOKS_APART: Duration = Duration::from_secs(1);
/// A host that never answered has time for one look, however short the limit is.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// A host has time for two looks, however short the limit is.
const TWO_LOOKS: Duration = Duration::from_secs(3);
/// The limits on waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Readiness, from the first sight of VMMS running.
    pub(crate) timeout: Duration,
    /// VMMS, from the first answer.
    pub(crate) vmms: Duration,
    /// Silence and retries, from the start.
    pub(crate) retry_for: Duration,
}

/// What a look says of its host, besides its rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    /// The host answered something.
    pub(crate) at_all: bool,
    /// VMMS runs.
    pub(crate) vmms: bool,
    /// Whether the replication service and the host's own row are there; `None` if replication could not be read.
    pub(crate) works: Option<bool>,
}

impl Answered {
    /// Whether what it shows counts.
    pub(super) fn counts(self) -> bool {
        self.works == Some(true)
    }
}

/// The legs that a look shows, and whether each can be read completely, whatever their states: a primary at 0 may be replicated
/// elsewhere. And the VMs that cannot be read.
type ReplicatedSet = (BTreeSet<((LegId, Side), bool)>, BTreeSet<VmId>);

/// How far a host is.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself, in any order")]
pub(super) struct Readiness {
    since: Duration,
    looked: bool,
    first_answer: Option<Duration>,
    vmms: Option<Duration>,
    booted: Option<i64>,
    /// What the look before showed, and when that began.
    last: Option<(Duration, ReplicatedSet)>,
    pub(super) ready: bool,
    /// Two looks have shown the same, be it nothing: it may count as ready.
    may_be_ready: bool,
    /// What bounded it before a boot after which nobody can tell whether it has to become ready again.
    before: Option<Box<Readiness>>,
    /// It was not ready by what bounded it before.
    may_be_late: bool,
    /// It was not ready in time. It is looked at and may come later, and nobody waits for it.
    pub(super) late: bool,
}

impl Readiness {
    pub(super) fn new(since: Duration) -> Self {
        Self { since, ..Self::default() }
    }

    /// Until when it may become ready, and until when it may show what only others show.
    pub(super) fn limit(&self, limits: Limits) -> Duration {
        let before = self.before.as_ref().map(|before| before.limit(limits)).unwrap_or_default();
        before.max(match (self.first_answer, self.vmms) {
            (None, None) if self.looked => self.since + limits.retry_for,
            (None, None) => self.since + limits.retry_for.max(FIRST_LOOK),
            (Some(answered), None) => answered + limits.vmms,
            (_, Some(vmms)) => vmms + limits.timeout.max(TWO_LOOKS),
        })
    }

    /// Whether nobody waits for what it says: it was not ready in time, and nothing that it showed may have made it so.
    pub(super) fn is_given_up(&self) -> bool {
        self.late && !self.may_be_ready
    }

    /// Notes whether its time is up.
    pub(super) fn notes_late(&mut self, now: Duration, limits: Limits) {
        self.late |= !self.ready && now > self.limit(limits);
        self.may_be_late |= self.before.as_ref().is_some_and(|before| now > before.limit(limits));
    }

    pub(super) fn takes(
        &mut self,
        (looked, now): (Duration, Duration),
        answered: Answered,
        booted: Option<i64>,
        shown: &Ends,
    ) {
        // A late host that shows something again has as much time as at first.
        let shows_vms = !shown.seen.is_empty() || !shown.unread.is_empty();
        let is_new =
            self.last.as_ref().is_none_or(|(_, (seen, unread))| seen.is_empty() && unread.is_empty() && shows_vms);
        let comes_back = (self.late || self.may_be_late) && answered.counts() && is_new;
        // The limits count from the first answer and the first sight of VMMS, however often it boots until it is ready.
        let boots = self.may_be_ready && booted.is_some() && self.booted.is_some() && booted != self.booted;
        let stops = self.may_be_ready && answered.works == Some(false);
        if boots || stops || comes_back {
            let before = std::mem::replace(self, Self::new(now));
            // If it was late, and not ready with nothing to show, it is that until it comes back.
            self.may_be_late = !comes_back && before.late;
            self.before = (!before.ready && !before.late).then(|| Box::new(Self { before: None, ..before }));
        }
        self.looked = true;
        self.booted = booted.or(self.booted);
        if answered.at_all {
            self.first_answer.get_or_insert(now);
        }
        if answered.vmms {
            self.vmms.get_or_insert(now);
        }
        if !answered.counts() {
            self.last = None;
            return;
        }
        let readable = |end: &End| end.settings.is_some();
        let idle = shown.idle.iter().map(|(leg, end)| ((*leg, Side::Sender), readable(end)));
        let seen = shown.seen.iter().map(|(key, end)| (*key, readable(end)));
        let set = (seen.chain(idle).collect(), shown.unread.clone());
        let same = self.last.as_ref().filter(|(_, last)| *last == set);
        let settled = same.is_some_and(|(before, _)| looked.saturating_sub(*before) >= LOOKS_APART);
        self.may_be_ready |= settled;
        // One that shows no VM, or a part of one, may still be loading them, and has time for that.
        if shows_vms && shown.unread.is_empty() && settled {
            (self.ready, self.late) = (true, false);
        }
        if same.is_none() {
            self.last = Some((looked, set));
        }
    }
}
