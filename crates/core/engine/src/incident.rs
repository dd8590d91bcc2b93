//! One incident: a leg has stopped that should replicate. It owns its attempts and their budget, and leaves only history.

use std::time::Duration;

use reprise_model::{ActId, HostTime, LastReplication, MonoTime, Outcome, Reason, ReplicationState, Retry};

use crate::attempt::{Attempt, DOUBT, Done, Failure};
use crate::bounds::DRIFT_MAX;
use crate::leg::SeenEnd;
use crate::leg::Side;
use crate::retry;

/// A host is given at least this long to be read after an act, whatever the limit on retries.
const LOOK_AFTER_ACT: Duration = Duration::from_secs(30);

/// Why a leg is to be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Why.
    pub reason: Reason,
    /// On which end.
    pub side: Side,
    /// It was paused, and nothing but policy says that it may be resumed.
    pub without_evidence: bool,
    /// The event log that could explain its stop could not be read.
    pub log_unread: bool,
}

/// The acts on a leg's sender in one incident, whatever became of acts on its replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderActs {
    /// What the first one was planned as.
    pub(crate) first: Plan,
    /// What the latest one was planned for.
    pub(crate) reason: Reason,
    /// When the latest one began, if that was in this life of the program.
    pub(crate) began: Option<MonoTime>,
    pub(crate) standing: Standing,
}

/// What is known of the latest act on a leg's sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not that it brought the sender to run, or that the sender has been seen stopped since.
    Open,
    /// It brought the sender to run, and nobody has seen the sender stopped since.
    Proved,
}

/// One incident.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incident {
    pub(crate) attempt: Attempt,
    /// What was planned at first.
    pub(crate) plan: Plan,
    /// What was done to its sender, if anything was.
    pub(crate) on_sender: Option<SenderActs>,
    /// People were told that it was resumed.
    pub(crate) reported: bool,
    /// Acts that were carried out.
    pub(crate) tries: u32,
    /// How often it was found changed between look and act.
    pub(crate) stales: u32,
    /// How often our resume ended well.
    pub(crate) resumes: u32,
    /// On which end we asked for a resume of which no answer told what came of it. Nobody knows better whose doing it is if
    /// that end runs.
    pub(crate) unanswered: Option<Side>,
    /// It was doubted once that it runs.
    pub(crate) doubted: bool,
    /// The newest data before its first act, or when it began if there was none yet.
    pub(crate) data_before: Option<LastReplication>,
    /// When the host had booted, by its own clock, on which its last act was carried out.
    pub(crate) booted: Option<HostTime>,
    /// When its first act began.
    pub(crate) began: Option<MonoTime>,
    /// When its last act ended, and on which end that was.
    pub(crate) acted: Option<(Side, MonoTime)>,
    /// The same of the last one that resumed it: what stopped it before explains nothing that is seen later.
    pub(crate) resumed: Option<(Side, MonoTime)>,
    /// The same of the last one that may have resumed it, as far as anybody can tell.
    pub(crate) perhaps_resumed: Option<(Side, MonoTime)>,
}

/// The limits within which failures are tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryLimits {
    /// No further act after this.
    pub(crate) retry_until: Option<MonoTime>,
    /// Whether the receiver's host is among those asked.
    pub(crate) receiver_asked: bool,
}

impl RetryLimits {
    /// Maximum acts in one incident.
    fn tries_max(self) -> u32 {
        if self.receiver_asked { retry::ATTEMPTS_MAX } else { retry::ATTEMPTS_MAX_UNSEEN }
    }
}

/// What weighing an act by a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weighed {
    /// Nothing new.
    Nothing,
    /// Our act on that end is proved, or it was asked for without an answer and that end runs.
    Proved(ActId, Side),
    /// It was asked for without an answer, a look found it stopped, and that end runs after all.
    RunsLate(Side),
    /// It is known now what came of the act, and it is not proved.
    Settled(ActId),
}

impl Incident {
    pub(crate) fn new(plan: Plan, data_before: Option<LastReplication>) -> Self {
        Self {
            attempt: Attempt::Idle,
            plan,
            on_sender: None,
            reported: false,
            tries: 0,
            stales: 0,
            resumes: 0,
            unanswered: None,
            doubted: false,
            data_before,
            booted: None,
            began: None,
            acted: None,
            resumed: None,
            perhaps_resumed: None,
        }
    }

    /// What it is resumed for: the plan for its sender, if that was acted on.
    pub(crate) fn plan(&self) -> Plan {
        self.on_sender.map_or(self.plan, |acts| acts.first)
    }

    /// Whether our latest act on its sender brought that to run, and nobody has seen it stopped since.
    pub(crate) fn is_sender_proved(&self) -> bool {
        self.on_sender.is_some_and(|acts| acts.standing == Standing::Proved)
    }

    /// Notes that its sender stands still.
    pub(crate) fn sender_stands(&mut self) {
        if let Some(acts) = &mut self.on_sender {
            acts.standing = Standing::Open;
        }
    }

    /// Whether newer data has arrived by then than before its first act.
    pub(crate) fn is_confirmed_by(&self, sender: &SeenEnd) -> bool {
        self.data_before.is_some_and(|before| sender.object.last_replication > before)
    }

    /// An act is about to be carried out.
    pub(crate) fn begins(
        &mut self,
        now: MonoTime,
        plan: Plan,
        last: Option<LastReplication>,
        booted: Option<HostTime>,
    ) {
        self.booted = booted;
        if self.tries == 0 {
            // What arrived while the leg waited for its turn does not confirm what is done now.
            self.data_before = last.or(self.data_before);
        }
        self.tries += 1;
        self.began.get_or_insert(now);
        if plan.side == Side::Sender {
            let first = self.on_sender.map_or(plan, |acts| acts.first);
            let (reason, began) = (plan.reason, Some(now));
            self.on_sender = Some(SenderActs { first, reason, began, standing: Standing::Open });
        }
    }

    /// An act on that end, decided on that state, has ended.
    pub(crate) fn ended(
        &mut self,
        now: MonoTime,
        (act, side): (ActId, Side),
        from: ReplicationState,
        outcome: Outcome,
    ) {
        if matches!(outcome, Outcome::Ended(_)) {
            self.resumes += 1;
        }
        self.acted = Some((side, now));
        match outcome {
            Outcome::Ended(_) => self.resumed = latest_resume(self.resumed, (side, now)),
            Outcome::Unknown(_) => {
                self.perhaps_resumed = latest_resume(self.perhaps_resumed, (side, now));
                self.unanswered = Some(side);
            }
            Outcome::Refused(_) | Outcome::NotDone(_) | Outcome::Stale { .. } => {}
        }
        self.attempt =
            Attempt::AwaitingLook(Box::new(Done { act, side, from, outcome, after: now, only_intended: false }));
    }

    /// Our act had brought it there, as far as anybody knows, and it stands still again before newer data has arrived: that
    /// was one of its tries. If the other end is to be resumed now, that is no retry, and has no wait and no limit but the
    /// number of tries.
    pub(crate) fn stopped_again(&mut self, now: MonoTime, side: Side, limits: RetryLimits, chance: &mut fastrand::Rng) {
        let was_asked = self.attempt == Attempt::Idle && self.unanswered.take().is_some();
        if self.attempt != Attempt::Proved && !was_asked {
            return;
        }
        if self.acted.is_some_and(|(acted, _)| acted != side) && self.tries < limits.tries_max() {
            self.attempt = Attempt::Idle;
            return;
        }
        self.back_off(now, Failure::StoppedAgain, false, limits, chance);
    }

    /// Whether the host of this end has booted since our last act on it. Windows moves the time of the boot with the clock when that
    /// is corrected.
    pub(crate) fn has_booted_since(&self, end: &SeenEnd) -> bool {
        self.booted.zip(end.booted).is_some_and(|(before, latest)| latest.since(before) > DRIFT_MAX)
    }

    /// One more try, though all were used up: it is given up again if that one fails.
    pub(crate) fn try_once_more(&mut self, limits: RetryLimits) {
        if let Attempt::GivenUp { unread: None, .. } = self.attempt {
            self.attempt = Attempt::Idle;
            self.tries = self.tries.min(limits.tries_max().saturating_sub(1));
            self.stales = self.stales.min(retry::STALES_MAX.saturating_sub(1));
        }
    }

    /// When waiting for a look that tells ends: with the retries, but not before a host had time to answer.
    pub(crate) fn look_by(&self, retry_until: Option<MonoTime>) -> Option<MonoTime> {
        let (_, after) = self.attempt.fresh_after()?;
        let least = after + LOOK_AFTER_ACT;
        Some(retry_until.map_or(least, |until| until.max(least)))
    }

    /// Weighs the last act by the latest look at the end that was acted on; `None` if no fresh one is there.
    pub(crate) fn weigh(
        &mut self,
        now: MonoTime,
        end: Option<&SeenEnd>,
        limits: RetryLimits,
        chance: &mut fastrand::Rng,
    ) -> Weighed {
        let Some(done) = self.attempt.done().cloned() else { return self.weigh_late(end) };
        let Some(end) = end.filter(|end| end.looked >= done.after) else {
            self.wait_no_longer(now, done, limits.retry_until);
            return Weighed::Nothing;
        };
        if matches!(self.attempt, Attempt::Doubted(_)) && runs(end, done.from) {
            return self.runs_after(&done);
        }
        self.weigh_done(now, end, done, limits, chance)
    }

    /// It runs and goes on running after an act whose answer does not say that it did that. If one was asked for and not
    /// answered, nobody knows of anything else that did.
    fn runs_after(&mut self, done: &Done) -> Weighed {
        self.attempt = Attempt::Idle;
        match self.unanswered {
            Some(side) if side == done.side => Weighed::Proved(done.act, side),
            Some(_) | None => Weighed::Settled(done.act),
        }
    }

    /// What was asked for without an answer may take effect later than the look that found it stopped.
    fn weigh_late(&mut self, end: Option<&SeenEnd>) -> Weighed {
        let waits = matches!(self.attempt, Attempt::BackingOff { .. } | Attempt::GivenUp { .. });
        match (self.unanswered, end) {
            (Some(side), Some(end)) if waits && end.object.state == ReplicationState::Replicating => {
                self.attempt = Attempt::Idle;
                Weighed::RunsLate(side)
            }
            (Some(_) | None, _) => Weighed::Nothing,
        }
    }

    /// No look came in time that tells what came of the last act.
    fn wait_no_longer(&mut self, now: MonoTime, done: Done, retry_until: Option<MonoTime>) {
        let is_late = self.look_by(retry_until).is_some_and(|by| now >= by);
        if !is_late || self.attempt.is_given_up() {
            return;
        }
        let failure = match &done.outcome {
            Outcome::NotDone(problem) => Failure::NotDone(problem.clone()),
            Outcome::Unknown(problem) => Failure::Unclear(problem.clone()),
            Outcome::Ended(_) | Outcome::Refused(_) | Outcome::Stale { .. } => Failure::NotRead,
        };
        self.attempt = Attempt::GivenUp { failure, unread: Some(Box::new(done)) };
    }

    fn weigh_done(
        &mut self,
        now: MonoTime,
        end: &SeenEnd,
        done: Done,
        limits: RetryLimits,
        chance: &mut fastrand::Rng,
    ) -> Weighed {
        if runs(end, done.from) {
            return self.weigh_running(now, done);
        }
        let state = end.object.state;
        let unchanged = state == done.from;
        let told = Weighed::Settled(done.act);
        let (failure, is_final) = match done.outcome {
            // A pause that stands after our resume may be a person's: it is not fought.
            Outcome::Ended(_) => {
                let may_be_a_persons = state == ReplicationState::Suspended && !self.has_booted_since(end);
                (Failure::WithoutEffect, may_be_a_persons && unchanged)
            }
            Outcome::Refused(refusal) if unchanged => {
                let is_final = !refusal.transient;
                (Failure::Refused(refusal), is_final)
            }
            Outcome::NotDone(problem) => {
                let is_final = problem.retry() == Retry::Never;
                (Failure::NotDone(problem), is_final)
            }
            Outcome::Unknown(problem) => (Failure::Unclear(problem), false),
            Outcome::Stale { found } => {
                self.changed(now, found);
                return told;
            }
            // It is another one now than the host refused to resume.
            Outcome::Refused(_) => (Failure::Changed { found: state.to_string() }, false),
        };
        self.back_off(now, failure, is_final, limits, chance);
        told
    }

    fn weigh_running(&mut self, now: MonoTime, done: Done) -> Weighed {
        match done.outcome {
            Outcome::Ended(_) => {
                self.unanswered = None;
                if let Some(acts) = self.on_sender.as_mut().filter(|_| done.side == Side::Sender) {
                    acts.standing = Standing::Proved;
                }
                self.attempt = Attempt::Proved;
                Weighed::Proved(done.act, done.side)
            }
            Outcome::Unknown(_) | Outcome::Refused(_) | Outcome::Stale { .. } | Outcome::NotDone(_)
                if !self.doubted =>
            {
                self.doubted = true;
                self.attempt = Attempt::Doubted(Box::new(Done { after: now + DOUBT, ..done }));
                Weighed::Nothing
            }
            Outcome::Unknown(_) | Outcome::Refused(_) | Outcome::Stale { .. } | Outcome::NotDone(_) => {
                self.runs_after(&done)
            }
        }
    }

    /// It was found changed between look and act; nothing was done, so that no try is lost.
    fn changed(&mut self, now: MonoTime, found: String) {
        self.stales += 1;
        self.tries = self.tries.saturating_sub(1);
        let failure = Failure::Changed { found };
        self.attempt = if self.stales >= retry::STALES_MAX {
            Attempt::GivenUp { failure, unread: None }
        } else {
            Attempt::BackingOff { until: now, failure }
        };
    }

    fn back_off(
        &mut self,
        now: MonoTime,
        failure: Failure,
        is_final: bool,
        limits: RetryLimits,
        chance: &mut fastrand::Rng,
    ) {
        let until = now + retry::wait(self.tries, limits.receiver_asked, chance);
        let is_over = self.tries >= limits.tries_max() || limits.retry_until.is_some_and(|end| until > end);
        self.attempt = if is_final || is_over {
            Attempt::GivenUp { failure, unread: None }
        } else {
            Attempt::BackingOff { until, failure }
        };
    }
}

/// The latest act that resumed an end, or may have. What is done to a replica takes nothing from what is known of its sender,
/// whose pause that bounds.
pub(crate) fn latest_resume(known: Option<(Side, MonoTime)>, latest: (Side, MonoTime)) -> Option<(Side, MonoTime)> {
    known.filter(|(side, _)| *side == Side::Sender && latest.0 == Side::Receiver).or(Some(latest))
}

/// Whether an end runs as it should after an act that was decided on that state.
fn runs(end: &SeenEnd, from: ReplicationState) -> bool {
    let state = end.object.state;
    let initial = end.object.last_replication == LastReplication::Never;
    let resyncs = from == ReplicationState::ResynchronizeSuspended;
    state == ReplicationState::Replicating
        || (initial && state == ReplicationState::InitialReplicationInProgress)
        || (resyncs && state == ReplicationState::Resynchronizing)
}

#[cfg(test)]
mod tests {
    use reprise_model::{Ended, HostTime, Problem, ProblemKind, ReplicationMode};

    use super::*;
    use crate::sample::{end_mut, now, seen_end};

    const PLAN: Plan = Plan { reason: Reason::Error, side: Side::Sender, without_evidence: false, log_unread: false };

    /// While it waited for its turn others resumed it, newer data arrived, and it stopped again.
    #[test]
    fn data_that_arrived_before_the_first_act_confirms_nothing_and_data_since_then_does() {
        let data = |at: i64| LastReplication::At(HostTime(at));
        let mut incident = Incident::new(PLAN, Some(data(900)));
        let confirmed_by = |incident: &Incident, at: i64| {
            let mut sender = seen_end(0, 1, ReplicationMode::Primary, ReplicationState::Replicating);
            end_mut(&mut sender).object.last_replication = data(at);
            incident.is_confirmed_by(end_mut(&mut sender))
        };
        incident.begins(now(1.0).mono, PLAN, Some(data(950)), None);
        assert_eq!((confirmed_by(&incident, 950), confirmed_by(&incident, 951)), (false, true));
        incident.begins(now(2.0).mono, PLAN, Some(data(980)), None);
        assert!(confirmed_by(&incident, 980), "the first act let it through");
    }

    #[test]
    fn what_may_have_resumed_a_sender_is_known_whatever_is_done_to_its_replica_later() {
        let lost = || Outcome::Unknown(Problem::new(ProblemKind::TimedOut, "resume replication", "no answer in time"));
        let done = || Outcome::Ended(Ended::ByJob);
        let acts = |outcomes: [Outcome; 2]| {
            let mut incident = Incident::new(PLAN, None);
            let sides = [(1.0, Side::Sender), (2.0, Side::Receiver)];
            for ((at, side), outcome) in sides.into_iter().zip(outcomes) {
                let act = ActId { epoch: 0, number: 0 };
                incident.ended(now(at).mono, (act, side), ReplicationState::Suspended, outcome);
            }
            (incident.resumed, incident.perhaps_resumed)
        };
        let of_sender = Some((Side::Sender, now(1.0).mono));
        assert_eq!(acts([lost(), lost()]).1, of_sender);
        assert_eq!(acts([lost(), done()]).1, of_sender);
        assert_eq!(acts([done(), done()]).0, of_sender);
    }
}
