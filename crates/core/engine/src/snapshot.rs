//! The state that survives a restart of the program, as values that a journal can hold. A wait becomes the wall-clock time at
//! which it ends; after a restart the wait is what is left until then, and never longer than it was.

use std::collections::BTreeMap;
use std::time::Duration;

use reprise_model::{ActId, LegId, MonoTime, Now, Outcome, Problem, ProblemKind, ReplicationState, Timestamp};

use crate::attempt::{Attempt, Done};
use crate::bounds::Stands;
use crate::incident::{Incident, latest_resume};
use crate::leg::Side;
use crate::past::Beginning;
use crate::status::LegResult;
use crate::watch::LegWatch;

/// What a controller remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// How often it had been restored.
    pub epoch: u64,
    /// Whether it only watches (`freeze`).
    pub frozen: bool,
    /// What it knew of each leg, if it was anything that a look does not tell.
    pub legs: BTreeMap<LegId, LegMemory>,
}

/// What is remembered of one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct LegMemory {
    /// How its sender's pause began, if it was seen.
    pub beginning: Option<Beginning>,
    /// What the host is called on which its VM ran while another one showed it paused.
    pub ran_on: Option<String>,
    /// How its sender stood still, and not since before when.
    pub stands: Option<Stands>,
    /// The sender's state when it was first seen.
    pub before: Option<ReplicationState>,
    /// What people were told and that still stood.
    pub told: Vec<LegResult>,
    /// Its incident, if it had one.
    pub incident: Option<IncidentMemory>,
    /// The last incident that ended, if it was our act that ended it: the leg is reported as resumed for as long as it runs.
    closed: Option<Box<Incident>>,
}

/// What is remembered of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentMemory {
    incident: Incident,
    /// The act that may have been carried out, on which end, and the state it was decided on.
    pub open: Option<(ActId, Side, ReplicationState)>,
    /// No further act before this.
    pub not_before: Option<Timestamp>,
}

impl LegMemory {
    /// What must survive of a leg; `None` if the next look tells all of it.
    pub(crate) fn of(watch: &LegWatch, now: Now) -> Option<Self> {
        let beginning = watch.past.beginning_of_pause();
        let incident = watch.incident.as_deref().map(|incident| IncidentMemory::of(incident, now));
        let told: Vec<_> = watch.told.iter().copied().collect();
        let (stands, ran_on) = (watch.past.stands(), watch.past.ran_on().map(str::to_owned));
        let closed =
            watch.closed.clone().filter(|closed| closed.attempt == Attempt::Proved || closed.is_sender_proved());
        let nothing_of_a_pause = beginning.is_none() && ran_on.is_none() && stands.is_none();
        let is_nothing = nothing_of_a_pause && incident.is_none() && told.is_empty() && closed.is_none();
        (!is_nothing).then_some(Self { beginning, ran_on, stands, before: watch.before, told, incident, closed })
    }

    /// Gives a leg that is seen for the first time since the restart, which was at `begun`, what was known of it.
    pub(crate) fn restore(self, watch: &mut LegWatch, now: Now, begun: MonoTime) {
        if let Some(beginning) = self.beginning {
            watch.past.remember(beginning);
        }
        watch.past.remember_ran_on(self.ran_on);
        watch.past.remember_stands(self.stands);
        watch.before = self.before;
        watch.told = self.told.into_iter().collect();
        watch.closed = self.closed.map(|mut closed| {
            forget_times(&mut closed, begun);
            closed
        });
        if let Some(memory) = self.incident {
            let incident = memory.restored(now, begun);
            watch.memory.resumes = incident.resumes;
            watch.incident = Some(Box::new(incident));
        }
    }
}

impl IncidentMemory {
    fn of(incident: &Incident, now: Now) -> Self {
        let open = match &incident.attempt {
            Attempt::Intended(intent) => Some((intent.act.id, intent.side, intent.act.expected_state)),
            Attempt::Acting { act, side, from } => Some((*act, *side, *from)),
            Attempt::Idle
            | Attempt::AwaitingLook(_)
            | Attempt::Doubted(_)
            | Attempt::BackingOff { .. }
            | Attempt::GivenUp { .. }
            | Attempt::Proved => None,
        };
        let not_before = incident.attempt.may_act(MonoTime::default()).err().flatten().map(|until| wall_of(until, now));
        Self { incident: incident.clone(), open, not_before }
    }

    /// What may have been done is read before anything else, and what was waited for goes on being waited for.
    fn restored(self, now: Now, begun: MonoTime) -> Incident {
        let Self { mut incident, open, not_before } = self;
        forget_times(&mut incident, begun);
        // What was only written down may never have been asked for.
        let only_intended = matches!(incident.attempt, Attempt::Intended(_));
        if let Some((_, side, _)) = open {
            incident.perhaps_resumed = latest_resume(incident.perhaps_resumed, (side, now.mono));
            if !only_intended {
                incident.unanswered = Some(side);
            }
        }
        let lost = || {
            let why = "the program was restarted before the answer had come";
            Outcome::Unknown(Problem::new(ProblemKind::TimedOut, "resume replication", why))
        };
        incident.attempt = match (incident.attempt, open) {
            (_, Some((act, side, from))) => {
                let (outcome, after) = (lost(), now.mono);
                Attempt::AwaitingLook(Box::new(Done { act, side, from, outcome, after, only_intended }))
            }
            // It had ended before the restart: every look since shows what came of it.
            (Attempt::AwaitingLook(done) | Attempt::Doubted(done), None) => {
                Attempt::AwaitingLook(Box::new(Done { after: begun, ..*done }))
            }
            (Attempt::BackingOff { failure, .. }, None) => {
                let until = not_before.map_or(now.mono, |at| mono_of(at, now));
                Attempt::BackingOff { until, failure }
            }
            (Attempt::GivenUp { failure, unread }, None) => {
                let unread = unread.map(|done| Box::new(Done { after: begun, ..*done }));
                Attempt::GivenUp { failure, unread }
            }
            (attempt @ (Attempt::Idle | Attempt::Proved | Attempt::Intended(_) | Attempt::Acting { .. }), None) => {
                attempt
            }
        };
        incident
    }
}

/// Nobody knows how long before the restart something was.
fn forget_times(incident: &mut Incident, begun: MonoTime) {
    let known = [incident.resumed, incident.perhaps_resumed].into_iter().flatten();
    let resumed = known.reduce(|first, second| if first.0 == Side::Sender { first } else { second });
    (incident.began, incident.acted, incident.resumed) = (None, None, None);
    if let Some(acts) = &mut incident.on_sender {
        acts.began = None;
    }
    incident.perhaps_resumed = resumed.map(|(side, _)| (side, begun));
}

/// The longest wait that a restart keeps: a clock that was set back must not make one endless.
const WAIT_MAX: Duration = Duration::from_mins(5);

fn wall_of(at: MonoTime, now: Now) -> Timestamp {
    let left = i64::try_from(at.since(now.mono).as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.wall.0.saturating_add(left))
}

fn mono_of(at: Timestamp, now: Now) -> MonoTime {
    let left = u64::try_from(at.0.saturating_sub(now.wall.0)).unwrap_or(0);
    now.mono + Duration::from_millis(left).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::now;

    #[test]
    fn what_is_left_of_a_wait_survives_and_a_clock_that_was_set_makes_none_endless() {
        let ends = wall_of(now(30.0).mono, now(10.0));
        assert_eq!(mono_of(ends, now(25.0)), now(30.0).mono, "the same clock, after a restart that took a while");
        assert_eq!(mono_of(ends, now(90.0)), now(90.0).mono, "its time has come");
        let set_back = Now { wall: Timestamp(-900_000_000), ..now(10.0) };
        assert_eq!(mono_of(ends, set_back), now(310.0).mono);
    }
}
