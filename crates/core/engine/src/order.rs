//! A person's order for one leg, and how far it is carried out. It makes each act once: what failed is shown to the person,
//! who may ask again.

use reprise_model::{Act, ActId, ActKind, MonoTime, Outcome, Problem, Reason, ReplicationState};

use crate::attempt::{DOUBT, Failure};
use crate::leg::{SeenEnd, Side};

/// A replica that is paused, and its primary after it: an order needs two acts at most. One more may be lost to a change
/// between look and act.
const ACTS_MAX: u32 = 4;

/// One order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) kind: ActKind,
    pub(crate) began: MonoTime,
    /// Acts that were asked for.
    acts: u32,
    /// Acts of which a look showed that they did what they should.
    proved: u32,
    /// Nobody waits for it any more.
    recalled: bool,
    pub(crate) step: Step,
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Its next act waits for a host, or was not looked for yet.
    Waiting,
    /// Its act is being written down.
    Intended { act: Act, side: Side },
    /// Its act is under way.
    Acting { act: ActId, side: Side, from: ReplicationState },
    /// Its act has ended; a look that began later must tell what came of it.
    AwaitingLook(Box<Carried>),
    /// The state is as wanted after an act that is not known to have done that. A later look tells.
    Doubted(Box<Carried>),
    /// It is over.
    Ended(OrderEnd),
}

/// An act that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carried {
    pub(crate) act: ActId,
    pub(crate) side: Side,
    from: ReplicationState,
    outcome: Outcome,
    /// Looks that began earlier say nothing of what it did.
    pub(crate) after: MonoTime,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderEnd {
    /// It was carried out, and a look shows that.
    Done,
    /// It was so already.
    AlreadySo(Reason),
    /// A rule forbids it; nothing was done.
    Refused(Reason),
    /// It could not be done: an end was not seen, or the time was up.
    NotPossible(Reason),
    /// An act on that end failed.
    Failed(Side, Failure),
}

impl Order {
    pub(crate) fn new(kind: ActKind, now: MonoTime) -> Self {
        Self { kind, began: now, acts: 0, proved: 0, recalled: false, step: Step::Waiting }
    }

    /// How it ended, if it is over.
    pub(crate) fn end(&self) -> Option<&OrderEnd> {
        match &self.step {
            Step::Ended(end) => Some(end),
            Step::Waiting | Step::Intended { .. } | Step::Acting { .. } | Step::AwaitingLook(_) | Step::Doubted(_) => {
                None
            }
        }
    }

    /// The act that is written down or carried out.
    pub(crate) fn act(&self) -> Option<ActId> {
        match &self.step {
            Step::Intended { act, .. } => Some(act.id),
            Step::Acting { act, .. } => Some(*act),
            Step::Waiting | Step::AwaitingLook(_) | Step::Doubted(_) | Step::Ended(_) => None,
        }
    }

    /// On which end a look is awaited, and looks that began before when do not count.
    pub(crate) fn look_after(&self) -> Option<(Side, MonoTime)> {
        match &self.step {
            Step::AwaitingLook(carried) | Step::Doubted(carried) => Some((carried.side, carried.after)),
            Step::Waiting | Step::Intended { .. } | Step::Acting { .. } | Step::Ended(_) => None,
        }
    }

    pub(crate) fn ends(&mut self, end: OrderEnd) {
        self.step = Step::Ended(end);
    }

    /// Nobody waits for it any more: it ends as it stands, or if its act is under way, with that.
    pub(crate) fn recall(&mut self) {
        self.recalled = true;
        if self.act().is_none() {
            self.ends(self.end_by_now(false));
        }
    }

    /// It is so, by what the latest look shows.
    pub(crate) fn is_so(&mut self, reason: Reason) {
        self.ends(if self.proved > 0 { OrderEnd::Done } else { OrderEnd::AlreadySo(reason) });
    }

    /// A further act is written down, unless there were too many, or nobody waits for it any more.
    pub(crate) fn intends(&mut self, act: Act, side: Side) -> bool {
        if self.recalled {
            self.ends(OrderEnd::NotPossible(Reason::OutOfTime));
            return false;
        }
        if self.acts >= ACTS_MAX {
            self.ends(OrderEnd::Failed(side, Failure::Changed { found: act.expected_state.to_string() }));
            return false;
        }
        self.acts += 1;
        self.step = Step::Intended { act, side };
        true
    }

    /// Its act could not be written down.
    pub(crate) fn not_intended(&mut self, problem: Problem) {
        if let Step::Intended { side, .. } = self.step {
            self.ends(OrderEnd::Failed(side, Failure::NotDone(problem)));
        }
    }

    /// Its act has ended.
    pub(crate) fn acted(&mut self, now: MonoTime, outcome: Outcome) {
        if let Step::Acting { act, side, from } = self.step {
            self.step = Step::AwaitingLook(Box::new(Carried { act, side, from, outcome, after: now }));
        }
    }

    /// Weighs the last act by the latest look at the end that was acted on. The act, if it is known now what came of it.
    pub(crate) fn weigh(&mut self, now: MonoTime, end: Option<&SeenEnd>) -> Option<ActId> {
        let (carried, doubted) = match &self.step {
            Step::AwaitingLook(carried) => (carried.clone(), false),
            Step::Doubted(carried) => (carried.clone(), true),
            Step::Waiting | Step::Intended { .. } | Step::Acting { .. } | Step::Ended(_) => return None,
        };
        let state = end.filter(|end| end.looked >= carried.after)?.object.state;
        let act = carried.act;
        let wanted = self.kind.row().step_from(carried.from).is_some_and(|step| step.to.contains(&state));
        if wanted && !doubted && !matches!(carried.outcome, Outcome::Ended(_)) {
            self.step = Step::Doubted(Box::new(Carried { after: now + DOUBT, ..*carried }));
            return None;
        }
        if wanted {
            // One that is known not to have been carried out did nothing: it is somebody else's doing.
            self.proved += u32::from(matches!(carried.outcome, Outcome::Ended(_) | Outcome::Unknown(_)));
            self.step = Step::Waiting;
            return Some(act);
        }
        let changed = || Failure::Changed { found: state.to_string() };
        let failure = match carried.outcome {
            Outcome::Ended(_) if state == carried.from => Failure::WithoutEffect,
            Outcome::Ended(_) => changed(),
            Outcome::Refused(refusal) => Failure::Refused(refusal),
            Outcome::NotDone(problem) => Failure::NotDone(problem),
            Outcome::Unknown(problem) => Failure::Unclear(problem),
            Outcome::Stale { .. } => {
                // Nothing was done: it is decided anew on what is there now.
                self.step = Step::Waiting;
                return Some(act);
            }
        };
        self.ends(OrderEnd::Failed(carried.side, failure));
        Some(act)
    }

    /// How it stands if its time is up now, or somebody ends it.
    pub(crate) fn end_by_now(&self, interrupted: bool) -> OrderEnd {
        let time = if interrupted { Reason::Interrupted } else { Reason::OutOfTime };
        match &self.step {
            Step::Ended(end) => end.clone(),
            Step::Waiting | Step::Intended { .. } => OrderEnd::NotPossible(time),
            Step::Acting { .. } => OrderEnd::NotPossible(match self.kind {
                ActKind::Resume => Reason::ResumeNotEnded,
                ActKind::Pause => Reason::PauseNotEnded,
            }),
            Step::AwaitingLook(carried) | Step::Doubted(carried) if interrupted => {
                let may_have = matches!(carried.outcome, Outcome::Ended(_) | Outcome::Unknown(_));
                OrderEnd::NotPossible(match self.kind {
                    _ if !may_have => Reason::Interrupted,
                    ActKind::Resume => Reason::ResumeNotSeen,
                    ActKind::Pause => Reason::PauseNotEnded,
                })
            }
            Step::AwaitingLook(carried) | Step::Doubted(carried) => {
                let failure = match &carried.outcome {
                    Outcome::Refused(refusal) => Failure::Refused(refusal.clone()),
                    Outcome::NotDone(problem) => Failure::NotDone(problem.clone()),
                    Outcome::Unknown(problem) => Failure::Unclear(problem.clone()),
                    Outcome::Ended(_) | Outcome::Stale { .. } => Failure::NotRead,
                };
                OrderEnd::Failed(carried.side, failure)
            }
        }
    }
}

impl OrderEnd {
    /// The reason that stands for it.
    pub fn reason(&self, kind: ActKind) -> Reason {
        match self {
            Self::Done => Reason::AskedFor,
            Self::AlreadySo(reason) | Self::Refused(reason) | Self::NotPossible(reason) => *reason,
            Self::Failed(_, failure) => match (kind, failure.reason()) {
                (ActKind::Pause, Reason::ResumeRefused) => Reason::PauseRefused,
                (ActKind::Pause, Reason::ResumeFailed) => Reason::PauseFailed,
                (ActKind::Pause, Reason::ResumeWithoutEffect) => Reason::PauseWithoutEffect,
                (ActKind::Pause | ActKind::Resume, reason) => reason,
            },
        }
    }
}
