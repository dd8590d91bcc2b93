//! When a sender's pause can have begun, as far as looks tell: what stood in the log before that does not explain it.

use std::time::Duration;

use reprise_model::{HostId, LegId, Timestamp};

use super::pause::{Other, Pause};
use super::shown::End;
use super::state::Shadow;

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
        let before = self.pauses.get(&(leg, host)).cloned();
        // A host that is called otherwise after a restart is another one (design, section 9).
        let is_same = |before: &Pause| before.remembered_of.as_ref().is_none_or(|name| *name == end.host_name);
        let before = before.filter(is_same);
        // What was paused when data came later than that had run in between.
        let ran = |known: &Pause| known.is_paused() && known.by.zip(end.last).is_some_and(|(by, last)| by < last);
        let goes_on = |known: &Pause| {
            let same = known.state == end.state && !ran(known);
            same && known.clock.is_some() && acted.is_none_or(|acted| acted <= known.looked)
        };
        let own = end.clock.map(|clock| Other { looked: end.looked, clock, took });
        if let Some(mut known) = before.clone().filter(goes_on) {
            known.remembered_of = None;
            known.host_name.clone_from(&end.host_name);
            known.latest = (end.clock, took);
            known.last_looked = end.looked;
            // A short look says more exactly than a long one when the other state was shown.
            let began = known.other.zip(own).and_then(|(other, own)| other.began(own));
            known.surely_after = known.surely_after.max(began);
            self.pauses.insert((leg, host), known);
            return;
        }
        let by_look = before.as_ref().filter(|before| before.state != end.state);
        let surely_after = by_look.and_then(|before| Some(end.clock? - (wall.0 - millis(before.last_looked))));
        let by_look = by_look.and_then(|before| Some(before.latest.0? - before.latest.1 - took));
        let other_of = |before: &Pause| match before.latest {
            _ if before.state == end.state => before.other,
            (Some(clock), took) => Some(Other { looked: before.last_looked, clock, took }),
            (None, _) => None,
        };
        let other = before.as_ref().and_then(other_of);
        let surely_after = surely_after.max(other.zip(own).and_then(|(other, own)| other.began(own)));
        let kept = before.as_ref().filter(|before| before.state == end.state).and_then(|before| before.after);
        let by_act = acted.and_then(|acted| Some(end.clock? - (wall.0 - millis(acted))));
        let pause = Pause {
            remembered_of: None,
            host_name: end.host_name.clone(),
            state: end.state,
            looked: end.looked,
            clock: end.clock,
            after: by_look.max(kept).max(by_act),
            surely_after,
            other,
            by: end.clock.map(|clock| clock + took),
            booted: end.booted,
            latest: (end.clock, took),
            last_looked: end.looked,
        };
        self.pauses.insert((leg, host), pause);
    }
}
