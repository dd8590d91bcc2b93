//! One leg through a pass: what was seen of it, what was tried, and what came of that.

use std::time::Duration;

use reprise_model::{
    ActId, HostId, HostTime, LastReplication, MonoTime, Outcome, Problem, ProblemKind, Reason, Refusal, Remedy,
    ReplicationState, Retry,
};

use crate::bounds::Bounds;
use crate::exchange::Side;
use crate::judge::{Memory, Verdict};
use crate::leg::{End, Leg, SeenEnd, Whereabouts};
use crate::retry;

/// After an act that did not itself bring it there, Replicating is believed only if it still stands this long after:
/// while a job runs, ours or another's, the state already reads as requested.
const DOUBT: Duration = Duration::from_secs(3);

/// A host is given at least this long to be read after an act, whatever the limit on retries.
const LOOK_AFTER_ACT: Duration = Duration::from_secs(30);

/// By how much a host's own two times may disagree from look to look.
const UPTIME_JITTER: Duration = Duration::from_secs(1);

/// One leg in a pass.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all combinations occur")]
pub(crate) struct LegWatch {
    pub(crate) leg: Leg,
    pub(crate) verdict: Verdict,
    pub(crate) memory: Memory,
    /// The sender's host's boot when the sender was last seen not paused.
    ran_since_boot: Option<Boot>,
    /// A look of that boot showed it paused: the pause began while we watched, and no later boot makes it another one.
    pause_seen: bool,
    /// What bounds the sender's pause.
    bounds: Bounds,
    /// In which state each end was last seen, and when the look began that first showed it so.
    sender_state: Option<(ReplicationState, MonoTime)>,
    receiver_state: Option<(ReplicationState, MonoTime)>,
    /// The sender's state when it was first seen.
    pub(crate) before: Option<ReplicationState>,
    pub(crate) acting: Option<ActId>,
    pub(crate) attempts: u32,
    pub(crate) stales: u32,
    /// No act before this.
    pub(crate) not_before: MonoTime,
    /// The end that was acted on last.
    pub(crate) side: Side,
    /// Looks at that end's host that began earlier say nothing of what we did.
    pub(crate) fresh_after: Option<MonoTime>,
    /// The last act, until a fresh look tells what came of it.
    pub(crate) unweighed: Option<Unweighed>,
    /// The last act, for which no fresh look came in time. One that comes after all tells what came of it.
    given_up: Option<Unweighed>,
    /// Why it does not run although it should.
    pub(crate) trouble: Option<Failure>,
    /// No further act in this pass.
    pub(crate) exhausted: bool,
    /// Our resume's job ended well and it was read running afterwards.
    pub(crate) resumed: bool,
    /// The first resume rested on nothing but policy.
    pub(crate) without_evidence: bool,
    /// That it runs was doubted once, since a job of somebody else, or one of ours whose answer was lost, may make it only
    /// look so.
    doubted: bool,
    /// The last look that shows it is older than the end of our last act, and no newer one came.
    pub(crate) unproved: bool,
    /// No host shows it any more.
    pub(crate) gone: bool,
    /// An act's answer was lost.
    pub(crate) answer_lost: bool,
    /// Whether the event log that could explain its stop could not be read when that was decided.
    pub(crate) unread_log: bool,
    /// Why it was planned to be resumed, once it was.
    pub(crate) planned: Option<Reason>,
    /// Newest data before our first act.
    pub(crate) data_before: Option<LastReplication>,
    pub(crate) confirmed: bool,
    pub(crate) began: Option<MonoTime>,
    pub(crate) ended: Option<MonoTime>,
}

/// A host's boot, as a look showed it.
#[derive(Clone, Copy, Debug)]
struct Boot {
    host: HostId,
    at: HostTime,
    up_for: Duration,
    looked: MonoTime,
    /// When the look had ended: the host said it between the two.
    told: MonoTime,
}

impl Boot {
    fn of(end: &SeenEnd, told: MonoTime) -> Option<Self> {
        Some(Self { host: end.host, at: end.booted?, up_for: end.up_for?, looked: end.looked, told })
    }

    /// Whether the host has booted again by a later look. Windows moves the time of the boot with the clock when that is
    /// set, so the time alone proves nothing: the host must have been up for less than it would have been.
    fn is_over(self, later: &SeenEnd) -> bool {
        // A VM that has moved is on a host with a boot of its own.
        let (true, Some(at), Some(up_for)) = (later.host == self.host, later.booted, later.up_for) else {
            return false;
        };
        let would_be = self.up_for.saturating_add(later.looked.since(self.told));
        at != self.at && up_for.saturating_add(UPTIME_JITTER) < would_be
    }
}

/// The last act, until a fresh look tells what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Unweighed {
    pub(crate) from: ReplicationState,
    pub(crate) outcome: Outcome,
}

/// Why an act did not bring a leg to run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    Refused(Refusal),
    Problem(Problem),
    /// It may have been carried out, so that it was read before anything else: the problem's class says what its answer
    /// was, and not whether it may be tried again.
    Unclear(Problem),
    WithoutEffect,
    Changed(String),
    Guarded(&'static str),
}

impl Failure {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Refused(_) => Reason::ResumeRefused,
            Self::Problem(_) | Self::Unclear(_) | Self::Guarded(_) => Reason::ResumeFailed,
            Self::WithoutEffect => Reason::ResumeWithoutEffect,
            Self::Changed(_) => Reason::Changed,
        }
    }
}

impl LegWatch {
    pub(crate) fn new(leg: Leg) -> Self {
        Self {
            leg,
            verdict: Verdict::Wait(Reason::SenderNotReady),
            memory: Memory::default(),
            ran_since_boot: None,
            pause_seen: false,
            bounds: Bounds::default(),
            sender_state: None,
            receiver_state: None,
            before: None,
            acting: None,
            attempts: 0,
            stales: 0,
            not_before: MonoTime::default(),
            side: Side::Sender,
            fresh_after: None,
            unweighed: None,
            given_up: None,
            trouble: None,
            exhausted: false,
            resumed: false,
            without_evidence: false,
            doubted: false,
            unproved: false,
            gone: false,
            answer_lost: false,
            unread_log: false,
            planned: None,
            data_before: None,
            confirmed: false,
            began: None,
            ended: None,
        }
    }

    /// Takes in what is known now, before it is judged.
    pub(crate) fn saw(&mut self, leg: Leg, now: MonoTime) {
        if let Some(sender) = leg.sender.seen() {
            let state = sender.object.state;
            let paused = state == ReplicationState::Suspended;
            let rebooted = self.ran_since_boot.is_some_and(|boot| boot.is_over(sender));
            // A look that cannot say when the host had booted may have come after a boot.
            let same_boot = self.ran_since_boot.is_some() && Boot::of(sender, now).is_some() && !rebooted;
            if self.before.is_none() {
                self.before = Some(state);
                self.memory.paused_from_start = paused;
            } else if paused && rebooted && !self.pause_seen {
                // The host has booted since, and nobody saw the pause begin.
                self.memory.paused_from_start = true;
            }
            self.pause_seen |= paused && same_boot;
            if !paused && !self.is_stale_look(&leg) {
                // Whatever pause may follow begins while we watch.
                self.memory.paused_from_start = false;
                self.pause_seen = false;
                let known = self.ran_since_boot.filter(|boot| boot.looked == sender.looked);
                self.ran_since_boot = known.or_else(|| Boot::of(sender, now)).or(self.ran_since_boot);
            }
            let acted = self.ended.filter(|_| self.side == Side::Sender);
            self.memory.pause = self.bounds.saw(sender, acted, now);
            if self.data_before.is_some_and(|before| sender.object.last_replication > before) {
                self.confirmed = true;
            }
        }
        note_state(&mut self.sender_state, &leg.sender);
        note_state(&mut self.receiver_state, &leg.receiver);
        self.leg = leg;
    }

    /// Whether any end was ever seen, and not only something that could not be read.
    pub(crate) fn was_seen(&self) -> bool {
        self.sender_state.is_some() || self.receiver_state.is_some()
    }

    /// Since when an end is as it is, as far as we have seen: the beginning of the first look that showed it so, or the
    /// end of our own last act on it.
    pub(crate) fn since(&self, side: Side) -> MonoTime {
        let (state, other) = match side {
            Side::Sender => (self.sender_state, Side::Receiver),
            Side::Receiver => (self.receiver_state, Side::Sender),
        };
        // While an act is under way, the one that ended may have been on the other end.
        let acted = if self.side == other || self.acting.is_some() { None } else { self.ended };
        state.map(|(_, since)| since).max(acted).unwrap_or_default()
    }

    /// Whether the end we acted on was last seen before our last act ended.
    fn is_stale_look(&self, leg: &Leg) -> bool {
        self.fresh_after.is_some_and(|after| end_of(leg, self.side).is_none_or(|end| end.looked < after))
    }

    /// The end that an act goes to or went to.
    pub(crate) fn end(&self, side: Side) -> Option<&SeenEnd> {
        end_of(&self.leg, side)
    }

    /// The host that shows the end that was acted on, be it so that it cannot be read.
    pub(crate) fn acted_on(&self) -> Option<HostId> {
        match self.side {
            Side::Sender => self.leg.sender.shown_by(),
            Side::Receiver => self.leg.receiver.shown_by(),
        }
    }

    /// When waiting for a fresh look ends: with the retries, but not before a host had time to answer.
    pub(crate) fn look_by(&self, retry_until: MonoTime) -> MonoTime {
        self.fresh_after.map_or(retry_until, |after| retry_until.max(after + LOOK_AFTER_ACT))
    }

    /// Whether a fresh look is needed before anything can be said.
    pub(crate) fn awaits_look(&self) -> bool {
        self.unweighed.is_some() && self.is_stale_look(&self.leg)
    }

    /// Whether the receiver's host is among those asked.
    fn receiver_asked(&self) -> bool {
        match &self.leg.receiver {
            End::Seen(_) => true,
            End::NotSeen(end) => end.whereabouts != Whereabouts::NotAsked,
        }
    }

    /// Weighs the last act by a fresh look. `retry_until` bounds new tries.
    pub(crate) fn weigh(&mut self, now: MonoTime, retry_until: MonoTime, chance: &mut fastrand::Rng) {
        if self.is_stale_look(&self.leg) {
            if self.unweighed.is_some() && now >= self.look_by(retry_until) {
                self.cut_off("its host could not be read after the act");
                self.exhausted = true;
            }
            return;
        }
        self.unproved = false;
        let late = self.given_up.take();
        let Some(last) = self.unweighed.take().or(late) else { return };
        let Some((state, newest)) = self.end(self.side).map(|end| (end.object.state, end.object.last_replication))
        else {
            return;
        };
        let initial = newest == LastReplication::Never;
        let resyncs = last.from == ReplicationState::ResynchronizeSuspended;
        let runs = state == ReplicationState::Replicating
            || (initial && state == ReplicationState::InitialReplicationInProgress)
            || (resyncs && state == ReplicationState::Resynchronizing);
        let unchanged = state == last.from;
        if runs {
            self.weigh_running(now, last);
            return;
        }
        match last.outcome {
            Outcome::Ended(_) => {
                self.trouble = Some(Failure::WithoutEffect);
                // A pause that stands after our resume may be a person's: it is not fought.
                self.exhausted |= state == ReplicationState::Suspended && unchanged;
            }
            Outcome::Refused(refusal) if unchanged => {
                self.exhausted |= !refusal.transient;
                self.trouble = Some(Failure::Refused(refusal));
            }
            Outcome::NotDone(problem) => {
                self.exhausted |= problem.retry() == Retry::Never;
                self.trouble = Some(Failure::Problem(problem));
            }
            Outcome::Unknown(problem) => self.trouble = Some(Failure::Unclear(problem)),
            Outcome::Stale { found } => {
                self.stales += 1;
                self.attempts = self.attempts.saturating_sub(1);
                self.exhausted |= self.stales >= retry::STALES_MAX;
                self.trouble = Some(Failure::Changed(found));
                return;
            }
            Outcome::Refused(_) => {}
        }
        self.back_off(now, retry_until, chance);
    }

    fn weigh_running(&mut self, now: MonoTime, last: Unweighed) {
        self.trouble = None;
        self.answer_lost |= matches!(last.outcome, Outcome::Unknown(_));
        match last.outcome {
            Outcome::Ended(_) => self.resumed = true,
            Outcome::Unknown(_) | Outcome::Refused(_) | Outcome::Stale { .. } | Outcome::NotDone(_) => {
                if !std::mem::replace(&mut self.doubted, true) {
                    self.fresh_after = Some(now + DOUBT);
                    self.unweighed = Some(last);
                }
            }
        }
    }

    fn back_off(&mut self, now: MonoTime, retry_until: MonoTime, chance: &mut fastrand::Rng) {
        let asked = self.receiver_asked();
        let attempts_max = if asked { retry::ATTEMPTS_MAX } else { retry::ATTEMPTS_MAX_UNSEEN };
        self.not_before = now + retry::wait(self.attempts, asked, chance);
        self.exhausted |= self.attempts >= attempts_max || self.not_before > retry_until;
    }

    /// Whether an act may be planned for it now.
    pub(crate) fn may_act(&self, now: MonoTime) -> bool {
        matches!(self.verdict, Verdict::Resume { .. })
            && self.acting.is_none()
            && self.unweighed.is_none()
            && !self.exhausted
            && now >= self.not_before
    }

    /// Whether nothing more will be done or waited for in this pass.
    pub(crate) fn is_settled(&self, dry_run: bool) -> bool {
        if self.acting.is_some() || self.unweighed.is_some() {
            return false;
        }
        match self.verdict {
            Verdict::Resume { .. } => self.exhausted || dry_run,
            Verdict::Wait(reason) => reason == Reason::VmmsRetries,
            Verdict::Healthy { .. }
            | Verdict::Leave(_)
            | Verdict::NeedsPerson(_)
            | Verdict::NotOurs
            | Verdict::Fail(_)
            | Verdict::Stale(_) => true,
        }
    }

    /// Nothing more will be learnt of what was under way.
    pub(crate) fn cut_off(&mut self, why: &str) {
        let (acting, unweighed) = (self.acting.take(), self.unweighed.take());
        self.given_up.clone_from(&unweighed);
        // It was looked at before the act had ended: while a job runs, the state already reads as requested.
        self.unproved = acting.is_some() || unweighed.is_some();
        let cut_off = || {
            Failure::Problem(
                Problem::new(ProblemKind::TimedOut, "resume replication", why).with_remedy(Remedy::SeeWhatCame),
            )
        };
        match unweighed.map(|last| last.outcome) {
            Some(Outcome::NotDone(problem)) => self.trouble = Some(Failure::Problem(problem)),
            Some(Outcome::Unknown(problem)) => self.trouble = Some(Failure::Unclear(problem)),
            Some(Outcome::Ended(_) | Outcome::Refused(_) | Outcome::Stale { .. }) => self.trouble = Some(cut_off()),
            None if acting.is_some() => self.trouble = Some(cut_off()),
            None => {}
        }
    }
}

/// Keeps the time of the first look that showed an end in its present state.
fn note_state(known: &mut Option<(ReplicationState, MonoTime)>, end: &End) {
    if let Some(end) = end.seen()
        && known.is_none_or(|(state, _)| state != end.object.state)
    {
        *known = Some((end.object.state, end.looked));
    }
}

fn end_of(leg: &Leg, side: Side) -> Option<&SeenEnd> {
    match side {
        Side::Sender => leg.sender.seen(),
        Side::Receiver => leg.receiver.seen(),
    }
}
