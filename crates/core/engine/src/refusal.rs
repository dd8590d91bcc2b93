//! How often a host has refused a login that another host may accept, and when it is tried again.

use std::time::Duration;

use reprise_model::{MonoTime, Observation, Problem, ProblemKind, Remedy};

/// So long after a refusal a host is tried again that refuses a login which another host accepts, and so often: it may still be
/// starting. Far apart and seldom, since each failed login counts against the account.
const LOGIN_GAPS: [Duration; 2] = [Duration::from_secs(15), Duration::from_secs(30)];

/// The refusals of one host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refusals {
    /// Whether it has accepted a login.
    pub(crate) let_in: bool,
    /// Whether it is tried again after the latest look, which it refused.
    pub(crate) is_tried_again: bool,
    count: usize,
}

impl Refusals {
    /// Takes in a look.
    pub(crate) fn looked(&mut self, seen: &Observation) {
        self.is_tried_again = false;
        self.let_in |= seen.has_any();
    }

    /// It has refused once more. It is tried again if that may be done once more before `until`.
    pub(crate) fn refuses(&mut self, now: MonoTime, until: MonoTime) {
        self.count = self.count.saturating_add(1);
        self.is_tried_again = self.gap().is_some_and(|gap| now + gap <= until);
    }

    /// The time from the latest refusal to the next try, if there is one.
    pub(crate) fn gap(&self) -> Option<Duration> {
        self.count.checked_sub(1).and_then(|before| LOGIN_GAPS.get(before)).copied()
    }
}

/// A refusal of a login that another host accepts; `None` if that is known already, or the problem is another one.
pub(crate) fn may_be_starting(problem: &Problem) -> Option<Problem> {
    if problem.kind != ProblemKind::Denied || problem.remedy == Remedy::LetStart {
        return None;
    }
    let why = format!("{}; another host accepts this login, so this one may still be starting", problem.why);
    Some(Problem { why, ..problem.clone() }.with_remedy(Remedy::LetStart))
}
