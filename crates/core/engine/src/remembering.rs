//! From what is known of a leg to what is remembered of it over a restart of the program, and back. A wait becomes the wall-clock
//! time at which it ends; after a restart the wait is what is left until then, and never longer than [`WAIT_MAX`].

use std::time::Duration;

use reprise_model::{MonoTime, Now, Outcome, Problem, ProblemKind, Timestamp};

use crate::attempt::{Attempt, Done};
use crate::incident::{Incident, SenderActs, Standing, latest_resume};
use crate::leg::Side;
use crate::snapshot::{AttemptMemory, DoneMemory, IncidentMemory, LegMemory, SenderMemory};
use crate::watch::LegWatch;

/// The longest wait that a restart keeps: a clock that was set back must not make one endless.
const WAIT_MAX: Duration = Duration::from_mins(5);

impl LegMemory {
    /// What must survive of a leg; `None` if the next look tells all of it.
    pub(crate) fn of(watch: &LegWatch, now: Now) -> Option<Self> {
        let beginning = watch.past.beginning_of_pause();
        let incident = watch.incident.as_deref().map(|incident| IncidentMemory::of(incident, now));
        let told: Vec<_> = watch.told.iter().copied().collect();
        let (stands, ran_on) = (watch.past.stands(), watch.past.ran_on().map(str::to_owned));
        let ours =
            watch.closed.as_deref().filter(|closed| closed.attempt == Attempt::Proved || closed.is_sender_proved());
        let closed = ours.map(|closed| IncidentMemory::of(closed, now));
        let nothing_of_a_pause = beginning.is_none() && ran_on.is_none() && stands.is_none();
        let is_nothing = nothing_of_a_pause && incident.is_none() && told.is_empty() && closed.is_none();
        (!is_nothing).then_some(Self { beginning, ran_on, stands, before: watch.before, told, incident, closed })
    }

    /// The same without the times at which its waits end, and those.
    pub(crate) fn apart_from_waits(&self) -> (Self, Vec<Timestamp>) {
        let mut rest = self.clone();
        let attempts =
            [&mut rest.incident, &mut rest.closed].into_iter().flatten().map(|incident| &mut incident.attempt);
        let ends = attempts.filter_map(|attempt| match attempt {
            AttemptMemory::BackingOff { not_before, .. } => Some(std::mem::replace(not_before, Timestamp(0))),
            AttemptMemory::Idle
            | AttemptMemory::MayHaveActed { .. }
            | AttemptMemory::AwaitingLook(_)
            | AttemptMemory::GivenUp { .. }
            | AttemptMemory::Proved => None,
        });
        let ends = ends.collect();
        (rest, ends)
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
        watch.closed = self.closed.map(|closed| Box::new(closed.restored(now, begun)));
        if let Some(memory) = self.incident {
            let incident = memory.restored(now, begun);
            watch.memory.resumes = incident.resumes;
            watch.incident = Some(Box::new(incident));
        }
    }
}

impl IncidentMemory {
    fn of(incident: &Incident, now: Now) -> Self {
        let resumes = [incident.resumed, incident.perhaps_resumed].into_iter().flatten().map(|(side, _)| side);
        Self {
            attempt: AttemptMemory::of(&incident.attempt, now),
            plan: incident.plan,
            on_sender: incident.on_sender.map(SenderMemory::of),
            reported: incident.reported,
            tries: incident.tries,
            stales: incident.stales,
            resumes: incident.resumes,
            unanswered: incident.unanswered,
            doubted: incident.doubted,
            data_before: incident.data_before,
            booted: incident.booted,
            // What is known of the sender bounds its pause, whatever was done to its replica.
            perhaps_resumed: resumes.reduce(|first, second| if first == Side::Sender { first } else { second }),
        }
    }

    /// What may have been done is read before anything else, and what was waited for goes on being waited for. Nobody knows how
    /// long before the restart something was.
    fn restored(self, now: Now, begun: MonoTime) -> Incident {
        let (mut unanswered, mut perhaps_resumed) = (self.unanswered, self.perhaps_resumed.map(|side| (side, begun)));
        if let AttemptMemory::MayHaveActed { side, only_intended, .. } = self.attempt {
            perhaps_resumed = latest_resume(perhaps_resumed, (side, now.mono));
            // What was only written down may never have been asked for.
            unanswered = if only_intended { unanswered } else { Some(side) };
        }
        Incident {
            attempt: self.attempt.restored(now, begun),
            plan: self.plan,
            on_sender: self.on_sender.map(SenderMemory::restored),
            reported: self.reported,
            tries: self.tries,
            stales: self.stales,
            resumes: self.resumes,
            unanswered,
            doubted: self.doubted,
            data_before: self.data_before,
            booted: self.booted,
            began: None,
            acted: None,
            resumed: None,
            perhaps_resumed,
        }
    }
}

impl SenderMemory {
    fn of(acts: SenderActs) -> Self {
        Self { first: acts.first, reason: acts.reason, proved: acts.standing == Standing::Proved }
    }

    fn restored(self) -> SenderActs {
        let standing = if self.proved { Standing::Proved } else { Standing::Open };
        SenderActs { first: self.first, reason: self.reason, began: None, standing }
    }
}

impl AttemptMemory {
    fn of(attempt: &Attempt, now: Now) -> Self {
        match attempt {
            Attempt::Idle => Self::Idle,
            Attempt::Intended(intent) => {
                let (act, from) = (intent.act.id, intent.act.expected_state);
                Self::MayHaveActed { act, side: intent.side, from, only_intended: true }
            }
            Attempt::Acting { act, side, from } => {
                Self::MayHaveActed { act: *act, side: *side, from: *from, only_intended: false }
            }
            Attempt::AwaitingLook(done) | Attempt::Doubted(done) => Self::AwaitingLook(DoneMemory::of(done)),
            Attempt::BackingOff { until, failure } => {
                Self::BackingOff { not_before: wall_of(*until, now), failure: failure.clone() }
            }
            Attempt::GivenUp { failure, unread } => {
                Self::GivenUp { failure: failure.clone(), unread: unread.as_deref().map(DoneMemory::of) }
            }
            Attempt::Proved => Self::Proved,
        }
    }

    fn restored(self, now: Now, begun: MonoTime) -> Attempt {
        match self {
            Self::Idle => Attempt::Idle,
            Self::MayHaveActed { act, side, from, only_intended } => {
                let why = "the program was restarted before the answer had come";
                let outcome = Outcome::Unknown(Problem::new(ProblemKind::TimedOut, "resume replication", why));
                Attempt::AwaitingLook(Box::new(Done { act, side, from, outcome, after: now.mono, only_intended }))
            }
            // It had ended before the restart: every look since shows what came of it.
            Self::AwaitingLook(done) => Attempt::AwaitingLook(Box::new(done.restored(begun))),
            Self::BackingOff { not_before, failure } => {
                Attempt::BackingOff { until: mono_of(not_before, now), failure }
            }
            Self::GivenUp { failure, unread } => {
                Attempt::GivenUp { failure, unread: unread.map(|done| Box::new(done.restored(begun))) }
            }
            Self::Proved => Attempt::Proved,
        }
    }
}

impl DoneMemory {
    fn of(done: &Done) -> Self {
        let Done { act, side, from, ref outcome, after: _, only_intended } = *done;
        Self { act, side, from, outcome: outcome.clone(), only_intended }
    }

    fn restored(self, begun: MonoTime) -> Done {
        let Self { act, side, from, outcome, only_intended } = self;
        Done { act, side, from, outcome, after: begun, only_intended }
    }
}

/// The time by our clock; also of a wait that is over, so that it does not move with the time at which it is asked for.
fn wall_of(at: MonoTime, now: Now) -> Timestamp {
    let millis = |length: Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    let (left, over) = (millis(at.since(now.mono)), millis(now.mono.since(at)));
    Timestamp(now.wall.0.saturating_add(left).saturating_sub(over))
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

    #[test]
    fn the_end_of_a_wait_is_the_same_whenever_it_is_asked_for() {
        for seconds in [10.0, 30.0, 45.0] {
            assert_eq!(wall_of(now(30.0).mono, now(seconds)), now(30.0).wall, "after {seconds} s");
        }
    }
}
