//! When a sender's pause can have begun, as far as looks tell: what stood in the log before that does not explain it.

use std::time::Duration;

use reprise_model::{HostId, LegId, Timestamp};

use super::{End, Shadow};

/// What bounds the state that a sender is in, by its host's clock. Unit: milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    host: HostId,
    state: u16,
    /// The look that first showed it.
    looked: Duration,
    clock: Option<i64>,
    /// Not before this.
    pub(super) after: Option<i64>,
    /// Surely not before this: a look that began then showed another state. Nothing if clocks may have been set.
    pub(super) surely_after: Option<i64>,
    /// Not after this.
    pub(super) by: Option<i64>,
    pub(super) booted: Option<i64>,
    /// The latest look: its clock, how long it took.
    latest: (Option<i64>, i64),
    /// When it began.
    last_looked: Duration,
}

impl Pause {
    /// As it is known after a restart: when it was looked at last is forgotten.
    pub(super) fn remembered(self) -> Self {
        Self { latest: (None, 0), ..self }
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self.state, 7 | 11)
    }
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

impl Shadow {
    /// A look shows a sender.
    pub(super) fn bounds(&mut self, leg: LegId, host: HostId, end: &End, wall: Timestamp) {
        let took = wall.0 - millis(end.looked);
        let of_ours = self.acts.values().filter(|watched| watched.act.leg == leg && watched.act.host == host);
        let acted = of_ours
            .filter(|watched| watched.may_have_resumed())
            .filter_map(|watched| watched.ended)
            .filter(|ended| *ended <= end.looked)
            .max();
        let before = self.pauses.get(&leg).copied().filter(|before| before.host == host);
        let goes_on = |known: &Pause| {
            known.state == end.state && known.clock.is_some() && acted.is_none_or(|acted| acted <= known.looked)
        };
        if let Some(mut known) = before.filter(goes_on) {
            known.latest = (end.clock, took);
            known.last_looked = end.looked;
            self.pauses.insert(leg, known);
            return;
        }
        let by_look = before.filter(|before| before.state != end.state);
        let surely_after = by_look.and_then(|before| Some(end.clock? - (wall.0 - millis(before.last_looked))));
        let by_look = by_look.and_then(|before| Some(before.latest.0? - before.latest.1 - took));
        let kept = before.filter(|before| before.state == end.state).and_then(|before| before.after);
        let by_act = acted.and_then(|acted| Some(end.clock? - (wall.0 - millis(acted))));
        let pause = Pause {
            host,
            state: end.state,
            looked: end.looked,
            clock: end.clock,
            after: by_look.max(kept).max(by_act),
            surely_after,
            by: end.clock.map(|clock| clock + took),
            booted: end.booted,
            latest: (end.clock, took),
            last_looked: end.looked,
        };
        self.pauses.insert(leg, pause);
    }
}
