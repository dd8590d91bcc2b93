//! Bounds on when a sender's pause began: the last look that showed another state bounds it on one side, the first look that
//! showed the pause on the other.

use std::time::Duration;

use reprise_model::{HostId, HostTime, LastReplication, MonoTime, ReplicationState};

use crate::leg::SeenEnd;
use crate::pause::Span;

/// By how much a host's clock and ours may disagree over the time between two looks; a clock that was set says nothing of
/// when something was recorded.
pub(crate) const DRIFT_MAX: Duration = Duration::from_secs(5);

/// What the looks at one sender said so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds {
    /// What was known before a restart of the program, as long as the looks go on to show it so.
    remembered: Option<Stands>,
    latest: Option<Look>,
    /// The latest look that showed another state than the latest one.
    other: Option<Look>,
    /// The look that first showed the state of the latest one.
    first: Option<Look>,
}

/// When our own latest acts on a sender ended that resumed it, and that may have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resumed {
    pub(crate) surely: Option<MonoTime>,
    pub(crate) perhaps: Option<MonoTime>,
}

/// A state in which a sender was seen, on that host, and that it was in not before that time of the host's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The host's name.
    pub host: String,
    /// The state.
    pub state: ReplicationState,
    /// Not before this, if that is known.
    pub after: Option<HostTime>,
    /// The first look that showed it, if that bounds anything.
    pub shown: Option<FirstSight>,
}

/// The first look that showed a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSight {
    /// The state had begun by then, by its host's clock.
    pub by: HostTime,
    /// When the host had booted.
    pub booted: Option<HostTime>,
}

impl FirstSight {
    fn of(span: Span) -> Option<Self> {
        span.by.map(|by| Self { by, booted: span.booted })
    }
}

/// One look.
#[derive(Clone, Copy, Debug)]
struct Look {
    host: HostId,
    state: ReplicationState,
    looked: MonoTime,
    /// When it had ended: the host said what it showed between the two.
    told: MonoTime,
    clock: Option<HostTime>,
    booted: Option<HostTime>,
}

impl Bounds {
    /// Takes in what a look showed, which ended by `now`; when the state that it shows can have begun.
    pub(crate) fn saw(&mut self, end: &SeenEnd, resumed: Resumed, now: MonoTime) -> Span {
        let again = self.latest.is_some_and(|latest| latest.looked == end.looked && latest.host == end.host);
        let before = self.latest.map(|latest| latest.looked);
        if !again {
            let look = Look {
                host: end.host,
                state: end.object.state,
                looked: end.looked,
                told: now,
                clock: end.clock(),
                booted: end.booted,
            };
            if let Some(latest) = self.latest.filter(|latest| latest.state != look.state) {
                (self.other, self.first) = (Some(latest), None);
            }
            self.latest = Some(look);
        }
        // What stands after our own act began anew, and a look without a clock bounds nothing.
        let acted = resumed.surely.max(resumed.perhaps);
        let holds = |first: &Look| first.clock.is_some() && acted.is_none_or(|acted| acted <= first.looked);
        self.first = self.first.filter(holds).or(self.latest);
        let span = self.span(resumed);
        self.keep(end, span, acted.is_some_and(|acted| before.is_none_or(|before| before < acted)))
    }

    /// When we were told first of the state that the latest look showed: what happened on its host until then is a matter of
    /// its log.
    pub(crate) fn told(&self) -> MonoTime {
        self.first.map(|first| first.told).unwrap_or_default()
    }

    /// What is to be remembered over a restart of the program.
    pub(crate) fn stands(&self) -> Option<Stands> {
        self.remembered.clone()
    }

    /// What was remembered.
    pub(crate) fn remember(&mut self, stands: Option<Stands>) {
        self.remembered = stands;
    }

    /// Goes on with what is remembered, or remembers what is known now. What `acted` says we did since may have begun it anew.
    fn keep(&mut self, end: &SeenEnd, span: Span, acted: bool) -> Span {
        let (host, state) = (&end.host_name, end.object.state);
        let known = self.remembered.take().filter(|known| known.state == state && known.host == *host);
        let after = span.after.max(known.as_ref().and_then(|known| known.after));
        // What was paused when data came later than that had run in between.
        let stood = |shown: &FirstSight| !acted && end.object.last_replication <= LastReplication::At(shown.by);
        let known = known.and_then(|known| known.shown).filter(stood);
        let first = known.into_iter().chain(FirstSight::of(span)).min_by_key(|shown| shown.by);
        let stands = Stands { host: host.clone(), state, after, shown: first };
        self.remembered = Some(stands).filter(|_| is_paused(state) && (after.is_some() || first.is_some()));
        // A clock that was set back bounds nothing.
        let bounds = |shown: &FirstSight| span.by.is_some() && after.is_none_or(|after| after <= shown.by);
        match first.filter(bounds) {
            Some(FirstSight { by, booted }) => Span { after, by: Some(by), booted, ..span },
            None => Span { after: None, by: None, ..span },
        }
    }

    fn span(&self, resumed: Resumed) -> Span {
        let Some(first) = self.first else { return Span::default() };
        let Some(clock) = first.clock else { return Span::default() };
        let moved = self.other.is_some_and(|other| other.host != first.host);
        let set = self.other.filter(|_| !moved).is_some_and(|other| other.clock_was_set(&first));
        if moved || set {
            return Span { booted: first.booted, ..Span::default() };
        }
        let took = first.told.since(first.looked);
        let seen = self.other.map(|other| other.looked);
        let before = |acted: Option<MonoTime>| acted.filter(|acted| *acted <= first.looked);
        let then = |since: MonoTime| back(clock, first.told.since(since));
        Span {
            after: seen.max(before(resumed.surely)).map(then),
            perhaps_after: before(resumed.perhaps).map(then),
            by: Some(HostTime(clock.0.saturating_add(millis(took)))),
            booted: first.booted,
        }
    }
}

impl Look {
    /// Whether its host's clock went otherwise than ours until a later look.
    fn clock_was_set(&self, later: &Self) -> bool {
        let (Some(own), Some(then)) = (self.clock, later.clock) else { return false };
        let (least, most) = (later.looked.since(self.told), later.told.since(self.looked));
        let passed = then.0.saturating_sub(own.0);
        passed < millis(least.saturating_sub(DRIFT_MAX)).saturating_sub(millis(DRIFT_MAX))
            || passed > millis(most.saturating_add(DRIFT_MAX))
    }
}

/// Whether a state is a pause, of replication or of a resynchronization.
pub(crate) fn is_paused(state: ReplicationState) -> bool {
    matches!(state, ReplicationState::Suspended | ReplicationState::ResynchronizeSuspended)
}

/// Whether a sender runs in this state, as it may read for only as long as an act on it takes.
pub(crate) fn runs(state: ReplicationState) -> bool {
    matches!(
        state,
        ReplicationState::Replicating
            | ReplicationState::InitialReplicationInProgress
            | ReplicationState::Resynchronizing
    )
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn back(at: HostTime, length: Duration) -> HostTime {
    HostTime(at.0.saturating_sub(millis(length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leg::End;
    use crate::sample::{end_mut, leg, now};

    /// A look at that second of ours, on a host whose clock is ahead by so much, in milliseconds.
    fn look(state: ReplicationState, seconds: f64, ahead: i64) -> SeenEnd {
        let mut leg = leg(state, ReplicationState::Replicating);
        let end = end_mut(&mut leg.sender);
        end.looked = now(seconds).mono;
        end.up_for = Some(Duration::from_millis(u64::try_from(millis(end.looked.0) + ahead).unwrap()));
        let End::Seen(end) = leg.sender else { panic!("it is seen") };
        (*end).clone()
    }

    fn saw(bounds: &mut Bounds, end: &SeenEnd, acted: Option<f64>) -> (Option<i64>, Option<i64>) {
        let told = MonoTime(end.looked.0 + Duration::from_millis(100));
        let resumed = Resumed { surely: acted.map(|acted| now(acted).mono), perhaps: None };
        let span = bounds.saw(end, resumed, told);
        (span.after.map(|at| at.0), span.by.map(|at| at.0))
    }

    #[test]
    fn a_pause_lies_between_the_last_look_at_another_state_and_the_first_one_that_showed_it() {
        use ReplicationState::{Replicating, Suspended};
        let mut bounds = Bounds::default();
        assert_eq!(saw(&mut bounds, &look(Suspended, 1.0, 1_000_000), None), (None, Some(1_001_100)));
        assert_eq!(saw(&mut bounds, &look(Suspended, 9.0, 1_000_000), None), (None, Some(1_001_100)));
        saw(&mut bounds, &look(Replicating, 10.0, 1_000_000), None);
        let paused = (Some(1_009_900), Some(1_020_100));
        assert_eq!(saw(&mut bounds, &look(Suspended, 20.0, 1_000_000), None), paused);
        assert_eq!(saw(&mut bounds, &look(Suspended, 20.0, 1_000_000), None), paused, "the same look, told again");
        assert_eq!(saw(&mut bounds, &look(Suspended, 90.0, 1_000_000), None), paused);
        let after_ours = (Some(1_094_900), Some(1_099_100 + 1_000));
        assert_eq!(saw(&mut bounds, &look(Suspended, 100.0, 1_000_000), Some(95.0)), after_ours);
    }

    /// The same pause, seen again in a later life of the program, with what the earlier one remembers of it.
    fn again(seconds: f64, acted: Option<f64>, data: Option<i64>) -> (Option<i64>, Option<i64>, Option<HostTime>) {
        let (mut before, mut bounds) = (Bounds::default(), Bounds::default());
        saw(&mut before, &look(ReplicationState::Suspended, 1.0, 1_000_000), None);
        bounds.remember(before.stands());
        let mut end = look(ReplicationState::Suspended, seconds, 1_000_000);
        end.booted = Some(HostTime(7));
        end.object.last_replication = data.map_or(LastReplication::Never, |data| LastReplication::At(HostTime(data)));
        let (after, by) = saw(&mut bounds, &end, acted);
        let shown = bounds.stands().and_then(|stands| stands.shown);
        (after, by, shown.and_then(|shown| shown.booted))
    }

    #[test]
    fn a_pause_that_an_earlier_life_saw_had_begun_by_then_unless_data_came_or_we_acted_since() {
        let booted = look(ReplicationState::Suspended, 1.0, 1_000_000).booted;
        assert_eq!(again(60.0, None, None), (None, Some(1_001_100), booted));
        assert_eq!(again(60.0, None, Some(1_001_100)), (None, Some(1_001_100), booted));
        assert_eq!(again(60.0, None, Some(1_001_101)), (None, Some(1_060_107), Some(HostTime(7))), "it ran");
        let by = again(60.0, Some(59.0), None).1;
        assert_eq!(by, Some(1_060_107), "our own act may have resumed it");
    }

    #[test]
    fn a_clock_that_was_set_between_two_looks_or_is_not_known_bounds_nothing() {
        use ReplicationState::{Error, Suspended};
        for ahead in [1_060_000, 940_000] {
            let mut bounds = Bounds::default();
            saw(&mut bounds, &look(Error, 1.0, 1_000_000), None);
            assert_eq!(saw(&mut bounds, &look(Suspended, 61.0, ahead), None), (None, None), "{ahead}");
        }
        let mut bounds = Bounds::default();
        let unknown = SeenEnd { booted: None, up_for: None, ..look(Suspended, 1.0, 0) };
        assert_eq!(saw(&mut bounds, &unknown, None), (None, None));
        assert_eq!(saw(&mut bounds, &look(Suspended, 2.0, 1_000_000), None), (None, Some(1_002_100)), "the next one");
        let elsewhere = SeenEnd { host: HostId(7), ..look(Error, 3.0, 5_000_000) };
        saw(&mut bounds, &elsewhere, None);
        assert_eq!(saw(&mut bounds, &look(Suspended, 4.0, 1_000_000), None), (None, None), "the VM has moved");
    }
}
