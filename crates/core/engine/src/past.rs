//! The history of a leg's ends from earlier looks: since when each has its state, and whether its sender's pause was seen to
//! begin.

use std::time::Duration;

use reprise_model::{HostId, HostTime, MonoTime, ReplicationState};

use crate::bounds::{Bounds, Resumed, Stands, runs};
use crate::leg::SeenEnd;
use crate::leg::Side;
use crate::pause::Span;

/// By how much a host's own two times may disagree from look to look.
const UPTIME_JITTER: Duration = Duration::from_secs(1);

/// What earlier looks said.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The look that last showed the sender not paused.
    ran: Option<Ran>,
    /// `None` before the first look.
    beginning: Option<Beginning>,
    /// Whether the latest look that counts showed the sender paused; `None` if none has yet.
    paused: Option<bool>,
    /// What the host is called on which the VM ran when another one showed it paused, in this life of the program or an earlier
    /// one: if it has moved there, that pause began while we watched.
    ran_on: Option<String>,
    /// When the latest look at the sender began, and when the latest one did that the read before an act has disproved.
    looked: Option<MonoTime>,
    disproved: Option<MonoTime>,
    bounds: Bounds,
    /// When the look began that showed the sender first.
    first_looked: Option<MonoTime>,
    sender: Option<Since>,
    receiver: Option<Since>,
}

/// What is known of how the sender's pause began, if it is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It was there at the first look, or after a boot that nobody saw end in another state.
    Unseen,
    /// It began while we watched, unless a later look shows that the host had booted meanwhile.
    Watched,
    /// A look of the same boot showed it: no later boot makes it another pause.
    Certain,
}

/// On which host and in which state an end was last seen, and when the look began that first showed it so. What a host's log
/// says of an end that has moved there is of use only if it was read since.
#[derive(Clone, Copy, Debug)]
struct Since {
    host: HostId,
    state: ReplicationState,
    looked: MonoTime,
}

/// A look that showed a sender not paused.
#[derive(Clone, Copy, Debug)]
struct Ran {
    host: HostId,
    looked: MonoTime,
    told: MonoTime,
    /// The boot of its host, if that look could say it.
    boot: Option<Boot>,
}

impl Ran {
    fn of(end: &SeenEnd) -> Self {
        Self { host: end.host, looked: end.looked, told: end.told, boot: Boot::of(end) }
    }

    /// Whether its host has booted since, as a later look tells.
    fn is_before(self, boot: Boot) -> bool {
        let later = || boot.up_for.saturating_add(UPTIME_JITTER) < boot.looked.since(self.told);
        boot.host == self.host && self.boot.map_or_else(later, |own| own.is_over(boot))
    }

    /// Whether its host has not booted since, as a later look tells. A VM that has moved is on another host.
    fn is_of(self, boot: Boot) -> bool {
        let earlier = || boot.up_for > boot.told.since(self.looked).saturating_add(UPTIME_JITTER);
        boot.host != self.host || self.boot.map_or_else(earlier, |own| !own.is_over(boot))
    }
}

/// A host's boot, as a look showed it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot {
    host: HostId,
    at: HostTime,
    up_for: Duration,
    looked: MonoTime,
    /// When the look had ended: the host said it between the two.
    told: MonoTime,
}

impl Boot {
    pub(crate) fn new(host: HostId, at: HostTime, up_for: Duration, looked: MonoTime, told: MonoTime) -> Self {
        Self { host, at, up_for, looked, told }
    }

    fn of(end: &SeenEnd) -> Option<Self> {
        Some(Self::new(end.host, end.booted?, end.up_for?, end.looked, end.told))
    }

    /// Whether the host has booted again by a later look. Windows moves the time of the boot with the clock when that is
    /// set, so the time alone proves nothing: the host must have been up for less than it would have been. A VM that has
    /// moved is on a host with a boot of its own.
    pub(crate) fn is_over(self, later: Self) -> bool {
        let would_be = self.up_for.saturating_add(later.looked.since(self.told));
        later.host == self.host && later.at != self.at && later.up_for.saturating_add(UPTIME_JITTER) < would_be
    }
}

impl Past {
    /// A sender is seen. `is_fresh` says whether the look began after our last act had ended, `resumed` when acts on the
    /// sender resumed it. Returns when its state can have begun. While an act runs, the state already reads as requested: one
    /// that no act requests is what it is at any time.
    pub(crate) fn saw_sender(&mut self, sender: &SeenEnd, is_fresh: bool, resumed: Resumed) -> Span {
        let paused = sender.object.state == ReplicationState::Suspended;
        let is_fresh = is_fresh || !runs(sender.object.state);
        let boot = Boot::of(sender);
        // A look that cannot say when the host had booted may have come after a boot.
        let rebooted = self.ran.zip(boot).is_some_and(|(ran, boot)| ran.is_before(boot));
        let same_boot = self.ran.zip(boot).is_some_and(|(ran, boot)| ran.is_of(boot));
        // What one host showed before another one showed the leg running began no later than that.
        let is_older = self.ran.is_some_and(|ran| sender.looked < ran.looked);
        if self.disproved < Some(sender.looked) && !is_older {
            let ran_elsewhere = self.ran_on.as_ref().is_some_and(|host| *host != sender.host_name);
            self.beginning = match self.beginning {
                None | Some(Beginning::Unseen) if paused && ran_elsewhere => Some(Beginning::Watched),
                None if paused => Some(Beginning::Unseen),
                _ if !paused && is_fresh => Some(Beginning::Watched),
                Some(Beginning::Watched) if paused && rebooted => Some(Beginning::Unseen),
                Some(Beginning::Watched) if paused && same_boot => Some(Beginning::Certain),
                as_before => as_before,
            };
            if is_fresh {
                self.paused = Some(paused);
            }
        }
        self.looked = Some(sender.looked);
        if !paused && is_fresh && !is_older {
            let known = self.ran.filter(|known| known.looked == sender.looked);
            self.ran = known.or(Some(Ran::of(sender)));
        }
        note(&mut self.sender, sender);
        self.first_looked.get_or_insert(sender.looked);
        if !is_fresh {
            // It may run only for as long as our act does: the pause that stands after that may be the one before it.
            return Span::default();
        }
        self.bounds.saw(sender, resumed, sender.told)
    }

    /// Other hosts than the sender's say that they send it too: whether one of them shows it paused.
    pub(crate) fn saw_others(&mut self, own_host: &str, is_one_paused: bool) {
        if !is_one_paused {
            self.ran_on = None;
        } else if self.paused == Some(false) {
            self.ran_on = Some(own_host.to_owned());
        }
    }

    pub(crate) fn saw_receiver(&mut self, receiver: &SeenEnd) {
        note(&mut self.receiver, receiver);
    }

    /// The read before an act did not find it paused any more: if it is paused afterwards, that began while we watched.
    /// Said at once, so that a look after a boot, which says otherwise, has the last word.
    pub(crate) fn found_otherwise(&mut self) {
        (self.beginning, self.paused, self.disproved) = (Some(Beginning::Watched), Some(false), self.looked);
        // When its host had booted by then is not known.
        self.ran = None;
    }

    /// What is to be remembered of a pause: what is known of how it began, until a look shows that it has ended.
    pub(crate) fn beginning_of_pause(&self) -> Option<Beginning> {
        self.beginning.filter(|_| self.paused != Some(false))
    }

    /// What was known of a pause before a restart of the program.
    pub(crate) fn remember(&mut self, beginning: Beginning) {
        self.beginning = Some(beginning);
    }

    /// The host on which the VM ran while another one showed it paused.
    pub(crate) fn ran_on(&self) -> Option<&str> {
        self.ran_on.as_deref()
    }

    pub(crate) fn remember_ran_on(&mut self, host: Option<String>) {
        self.ran_on = host;
    }

    /// What bounds the pause in which the sender was seen last, for a later life of the program.
    pub(crate) fn stands(&self) -> Option<Stands> {
        self.bounds.stands()
    }

    pub(crate) fn remember_stands(&mut self, stands: Option<Stands>) {
        self.bounds.remember(stands);
    }

    pub(crate) fn beginning(&self) -> Option<Beginning> {
        self.beginning
    }

    /// The host whose sender was seen last.
    pub(crate) fn host(&self) -> Option<HostId> {
        self.sender.map(|since| since.host)
    }

    /// When we were told first of the state that the sender's latest look showed.
    pub(crate) fn pause_told(&self) -> MonoTime {
        self.bounds.told()
    }

    /// Since when the sender is as it is, if it was seen otherwise before.
    pub(crate) fn changed(&self) -> Option<MonoTime> {
        let looked = self.since(Side::Sender)?;
        (Some(looked) != self.first_looked).then_some(looked)
    }

    /// Since when an end is as it is: the beginning of the first look that showed it so. `None` if it was never seen.
    pub(crate) fn since(&self, side: Side) -> Option<MonoTime> {
        match side {
            Side::Sender => self.sender,
            Side::Receiver => self.receiver,
        }
        .map(|since| since.looked)
    }
}

fn note(known: &mut Option<Since>, end: &SeenEnd) {
    let (host, state) = (end.host, end.object.state);
    if known.is_none_or(|since| (since.host, since.state) != (host, state)) {
        *known = Some(Since { host, state, looked: end.looked });
    }
}

#[cfg(test)]
mod tests {
    use reprise_model::ReplicationMode;

    use super::*;
    use crate::sample::{end_mut, now, seen_end};

    #[test]
    fn an_end_that_has_moved_is_as_it_is_since_its_new_host_showed_it() {
        let mut past = Past::default();
        for (host, first, again) in [(0, 1.0, 3.0), (2, 5.0, 7.0)] {
            for seconds in [first, again] {
                let mut end = seen_end(host, 1, ReplicationMode::Primary, ReplicationState::Error);
                end_mut(&mut end).looked = now(seconds).mono;
                past.saw_sender(end_mut(&mut end), true, Resumed { surely: None, perhaps: None });
                assert_eq!(past.since(Side::Sender), Some(now(first).mono), "on host {host} after {seconds} s");
            }
        }
    }
}
