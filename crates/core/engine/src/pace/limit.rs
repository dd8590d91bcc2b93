//! How many acts one host is given at once: more while it stays as quick as at first, fewer when it shows that it is loaded.
//!
//! The first acts tell how quick the host is. From then on each act that is about that quick earns it one place more, so that
//! the number doubles in the time of one act. Two things halve it: an act that ends with the word that the host is busy, and
//! more than half of the latest acts being slow. After that it goes up by one in the time of one act, so that it stays near
//! what the host bears.
//!
//! A host that says it is busy is given down to one act. One that is merely slower than at first is not given fewer than at
//! first: what it does more slowly at no greater number is not slow because of the number.

use std::collections::VecDeque;
use std::time::Duration;

use reprise_model::{MonoTime, Pace};

use super::Load;

/// An act is slow that takes longer than the first ones by half and by this. The end of a job is noticed up to a third of its
/// length and one beat late, and acts that need a new connection wait for its login.
const SLACK: Duration = Duration::from_millis(150);
/// So many acts at least tell how quick a host is at first: of fewer, one that is unlike the others would say it.
const FIRST_LEAST: usize = 3;

/// What one host is given at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// What the policy says: where it begins, and where it ends.
    pace: Pace,
    /// Acts at once: at least one.
    most: u32,
    first: First,
    /// Whether each of the latest acts was slow, the oldest first. Never more than `most`.
    latest: VecDeque<bool>,
    /// Quick acts since the last step up by one.
    earned: u32,
    /// When it was halved last. What began before ran among too many: it neither halves it again nor earns anything.
    cut: Option<MonoTime>,
}

/// How long the first acts took.
#[derive(Clone, Debug, PartialEq, Eq)]
enum First {
    /// Of those that have ended so far.
    Measured(Vec<Duration>),
    /// The median.
    Known(Duration),
}

impl Limit {
    pub(super) fn new(pace: Pace) -> Self {
        let first = First::Measured(Vec::new());
        Self { pace, most: pace.per_host.get(), first, latest: VecDeque::new(), earned: 0, cut: None }
    }

    /// How many acts may run at once.
    pub(super) fn most(&self, pace: Pace) -> u32 {
        self.most.min(pace.per_host_max.get())
    }

    /// One more act begins, under this policy.
    pub(super) fn begins(&mut self, pace: Pace) {
        self.pace = pace;
        self.most = self.most(pace);
    }

    /// An act has ended. `is_wanted` says whether others wait for their turn: a limit that nobody meets is not tried out by
    /// raising it.
    pub(super) fn ended(&mut self, began: MonoTime, now: MonoTime, load: Load, is_wanted: bool) {
        if self.is_past(began) {
            return;
        }
        match load {
            Load::Unknown => {}
            Load::Busy => self.halve(now, 1),
            Load::Easy => {
                let quick = self.weigh(now, now.since(began));
                if is_wanted {
                    self.earn(quick);
                }
            }
        }
    }

    /// Whether an act that began then ran before it was halved.
    pub(super) fn is_past(&self, began: MonoTime) -> bool {
        self.cut.is_some_and(|cut| began < cut)
    }

    /// Takes in an act that ended well; how many are known by it to have been quick.
    fn weigh(&mut self, now: MonoTime, took: Duration) -> u32 {
        let at_first = self.pace.per_host.get();
        let first = match &mut self.first {
            First::Known(first) => *first,
            First::Measured(lengths) => {
                lengths.push(took);
                let enough = usize::try_from(at_first).unwrap_or(usize::MAX).max(FIRST_LEAST);
                let Some(median) = median(lengths).filter(|_| lengths.len() >= enough) else { return 0 };
                let quick = u32::try_from(lengths.len()).unwrap_or(u32::MAX);
                self.first = First::Known(median);
                return quick;
            }
        };
        let is_slow = took > first + first / 2 + SLACK;
        self.latest.push_back(is_slow);
        while u32::try_from(self.latest.len()).map_or(true, |latest| latest > self.most) {
            self.latest.pop_front();
        }
        if is_slow && self.is_loaded() && self.most > at_first {
            self.halve(now, at_first);
        }
        u32::from(!is_slow)
    }

    /// Whether more than half of the latest acts were slow; of as many as may run at once.
    fn is_loaded(&self) -> bool {
        let slow = self.latest.iter().filter(|is_slow| **is_slow).count();
        u32::try_from(slow).map_or(true, |slow| slow.saturating_mul(2) > self.most)
    }

    fn earn(&mut self, quick: u32) {
        if self.cut.is_none() {
            self.most = self.most.saturating_add(quick);
        } else {
            self.earned = self.earned.saturating_add(quick);
            if self.earned >= self.most {
                self.earned = 0;
                self.most = self.most.saturating_add(1);
            }
        }
        self.most = self.most.min(self.pace.per_host_max.get());
    }

    fn halve(&mut self, now: MonoTime, least: u32) {
        self.most = (self.most / 2).max(least);
        self.latest.clear();
        self.earned = 0;
        self.cut = Some(now);
    }
}

/// The middle one of these lengths of time, or the longer of two.
fn median(lengths: &mut [Duration]) -> Option<Duration> {
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied()
}
