//! What comes first, and how much of it at once.

use std::num::NonZeroU32;

use proptest::prelude::*;
use reprise_model::{Ended, HostTime, LegKind, Outcome, Problem, ProblemKind, Refusal, VmId};

use super::*;

const HOST: HostId = HostId(0);

fn paced(per_host: u32, per_host_max: u32, fleet: u32) -> Pace {
    let [per_host, per_host_max, fleet] = [per_host, per_host_max, fleet].map(|most| NonZeroU32::new(most).unwrap());
    Pace { per_host, per_host_max, fleet }
}

fn leg(n: u8) -> LegId {
    let vm: VmId = format!("00000000-0000-0000-0000-0000000000{n:02x}").parse().unwrap();
    LegId { vm, kind: LegKind::Simple }
}

fn at(host: u32, tier: u32, last: LastReplication) -> QueueEntry {
    QueueEntry { host: HostId(host), tier, last }
}

#[test]
fn a_host_of_a_lower_tier_comes_first_whatever_its_number() {
    let pace = paced(1, 1, 1);
    let mut queue = Queue::default();
    queue.add(at(0, QueueEntry::LAST_TIER, LastReplication::Never), leg(1));
    queue.add(at(7, 3, LastReplication::At(HostTime(9))), leg(2));
    assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(7), leg(2))));
    queue.ended(leg(2), MonoTime::default(), Load::Easy);
    assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(1))));
}

#[test]
fn each_host_has_its_limit_and_the_oldest_data_comes_first() {
    let pace = paced(2, 2, 3);
    let mut queue = Queue::default();
    for (n, last) in [(1, 30), (2, 10), (3, 20)] {
        queue.add(at(0, 1, LastReplication::At(HostTime(last))), leg(n));
    }
    queue.add(at(1, 2, LastReplication::Never), leg(4));
    queue.add(at(1, 2, LastReplication::Never), leg(5));
    assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(2))));
    assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(3))));
    assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(1), leg(4))), "the first host is full");
    assert_eq!(queue.next(pace, MonoTime::default()), None, "the fleet is full");
    queue.ended(leg(2), MonoTime::default(), Load::Easy);
    assert_eq!(queue.next(pace, MonoTime::default()), Some((HostId(0), leg(1))));
    queue.ended(leg(4), MonoTime::default(), Load::Easy);
    queue.remove(leg(5));
    assert_eq!(queue.next(pace, MonoTime::default()), None);
    assert!(!queue.is_busy(HostId(1)) && queue.is_busy(HostId(0)));
}

/// One host with so many legs that wait, on a clock of its own.
struct Site {
    queue: Queue,
    pace: Pace,
    now: MonoTime,
    next: u8,
}

impl Site {
    fn new(pace: Pace) -> Self {
        Self { queue: Queue::default(), pace, now: MonoTime::default(), next: 0 }
    }

    /// Begins as many acts as there is room for; the legs that are acted on now.
    fn fill(&mut self) -> Vec<LegId> {
        for _ in 0..100 {
            self.queue.add(at(0, 0, LastReplication::Never), leg(self.next));
            self.next = (self.next + 1) % 200;
        }
        while self.queue.next(self.pace, self.now).is_some() {}
        self.queue.acting.keys().copied().collect()
    }

    /// Begins what there is room for, and ends it all after that time; how many that were.
    fn round(&mut self, millis: u64, load: Load) -> usize {
        let acting = self.fill();
        self.now = self.now + Duration::from_millis(millis);
        for leg in &acting {
            self.queue.ended(*leg, self.now, load);
        }
        acting.len()
    }

    fn rounds(&mut self, of: &[(u64, Load)]) -> Vec<usize> {
        of.iter().map(|(millis, load)| self.round(*millis, *load)).collect()
    }
}

#[test]
fn while_a_host_stays_as_quick_as_at_first_it_is_given_twice_as_many_each_time_up_to_the_bound() {
    let mut site = Site::new(paced(6, 32, 256));
    assert_eq!(
        site.rounds(&[(400, Load::Easy), (420, Load::Easy), (500, Load::Easy), (400, Load::Easy)]),
        [6, 12, 24, 32]
    );
    assert_eq!(site.rounds(&[(400, Load::Easy)]), [32]);
}

#[test]
fn a_host_that_becomes_slower_is_given_half_and_then_one_more_each_time_but_never_fewer_than_at_first() {
    let mut site = Site::new(paced(6, 32, 256));
    let rounds = [(400, Load::Easy), (400, Load::Easy), (900, Load::Easy), (400, Load::Easy), (400, Load::Easy)];
    assert_eq!(site.rounds(&rounds), [6, 12, 24, 12, 13]);
    assert_eq!(
        site.rounds(&[(900, Load::Easy), (900, Load::Easy), (900, Load::Easy)]),
        [14, 7, 6],
        "it is slow at six too"
    );
    assert_eq!(site.rounds(&[(900, Load::Easy), (400, Load::Easy), (400, Load::Easy)]), [6, 6, 7]);
}

#[test]
fn one_act_that_says_busy_halves_the_number_and_those_that_ran_beside_it_do_so_no_more() {
    let mut site = Site::new(paced(6, 32, 256));
    assert_eq!(site.rounds(&[(400, Load::Easy), (400, Load::Easy)]), [6, 12]);
    assert_eq!(site.rounds(&[(400, Load::Busy), (10, Load::Busy), (10, Load::Busy), (10, Load::Busy)]), [24, 12, 6, 3]);
    assert_eq!(site.rounds(&[(10, Load::Busy), (400, Load::Easy), (400, Load::Easy), (400, Load::Easy)]), [1, 1, 2, 3]);
}

/// One slow act, or one that hangs, is one VM's own trouble.
#[test]
fn single_slow_acts_only_earn_nothing() {
    let mut site = Site::new(paced(6, 32, 256));
    site.round(400, Load::Easy);
    let acting = site.fill();
    assert_eq!(acting.len(), 12);
    site.now = site.now + Duration::from_millis(400);
    for leg in &acting[..6] {
        site.queue.ended(*leg, site.now, Load::Easy);
    }
    site.now = site.now + Duration::from_secs(30);
    for leg in &acting[6..] {
        site.queue.ended(*leg, site.now, Load::Easy);
    }
    assert_eq!(site.fill().len(), 18, "the six quick ones have earned a place each");
}

#[test]
fn what_ended_for_a_reason_of_its_own_says_nothing_and_a_number_that_nobody_needs_is_not_raised() {
    let mut site = Site::new(paced(6, 32, 256));
    assert_eq!(site.rounds(&[(40, Load::Unknown), (40, Load::Unknown), (40, Load::Unknown)]), [6, 6, 6]);
    let mut queue = Queue::default();
    let pace = paced(2, 32, 256);
    for _ in 0..10 {
        queue.add(at(0, 0, LastReplication::Never), leg(1));
        assert!(queue.next(pace, MonoTime::default()).is_some());
        queue.ended(leg(1), MonoTime::default(), Load::Easy);
    }
    assert_eq!(queue.limits[&HOST].most(pace), 2);
}

#[test]
fn only_what_is_about_the_host_tells_of_its_load() {
    let refused = |code| Outcome::Refused(Refusal { code, why: String::new(), advice: "", transient: true });
    let problem = |kind| Problem::new(kind, "resume replication", "");
    for (outcome, load) in [
        (Outcome::Ended(Ended::ByJob), Load::Easy),
        (Outcome::Ended(Ended::AtOnce), Load::Easy),
        (refused(Some(32_772)), Load::Busy),
        (refused(Some(32_778)), Load::Busy),
        (refused(Some(32_774)), Load::Unknown),
        (refused(Some(32_775)), Load::Unknown),
        (refused(Some(32_768)), Load::Unknown),
        (refused(None), Load::Unknown),
        (Outcome::NotDone(problem(ProblemKind::Busy)), Load::Busy),
        (Outcome::NotDone(problem(ProblemKind::Unreachable)), Load::Unknown),
        (Outcome::Unknown(problem(ProblemKind::TimedOut)), Load::Busy),
        (Outcome::Unknown(problem(ProblemKind::Malformed)), Load::Unknown),
        (Outcome::Stale { found: "gone".to_owned() }, Load::Unknown),
    ] {
        assert_eq!(Load::of(&outcome), load, "{outcome:?}");
    }
}

/// What happens to a queue.
#[derive(Clone, Copy, Debug)]
enum Step {
    Add { host: u32, leg: u8 },
    Next,
    End { which: usize, load: Load },
    Pass { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let load = prop_oneof![6 => Just(Load::Easy), 1 => Just(Load::Busy), 1 => Just(Load::Unknown)];
    prop_oneof![
        (0..3_u32, 0..120_u8).prop_map(|(host, leg)| Step::Add { host, leg }),
        Just(Step::Next),
        (0..64_usize, load).prop_map(|(which, load)| Step::End { which, load }),
        (0..2_000_u64).prop_map(|millis| Step::Pass { millis }),
    ]
}

fn bounds() -> impl Strategy<Value = Pace> {
    (1..9_u32, 0..40_u32, 1..20_u32).prop_map(|(start, more, fleet)| paced(start, start + more, fleet))
}

/// Plays the steps and holds the queue to its bounds after each; what it handed out.
fn played(pace: Pace, steps: &[Step]) -> Vec<(HostId, LegId)> {
    let (mut queue, mut now, mut given) = (Queue::default(), MonoTime::default(), Vec::new());
    for step in steps {
        match *step {
            // A leg that is acted on does not wait: the caller sees to that.
            Step::Add { leg: number, .. } if queue.acting.contains_key(&leg(number)) => {}
            Step::Add { host, leg: number } => queue.add(at(host, host, LastReplication::Never), leg(number)),
            Step::Next => given.extend(queue.next(pace, now)),
            Step::Pass { millis } => now = now + Duration::from_millis(millis),
            Step::End { which, load } => {
                let Some((leg, (host, began))) = queue.acting.iter().nth(which).map(|(leg, place)| (*leg, *place))
                else {
                    continue;
                };
                let before = queue.limits[&host].clone();
                queue.ended(leg, now, load);
                let (from, to) = (before.most(pace), queue.limits[&host].most(pace));
                if load == Load::Busy && !before.is_past(began) {
                    assert_eq!(to, (from / 2).max(1), "busy lowers");
                } else if load != Load::Easy {
                    assert_eq!(to, from);
                }
            }
        }
        assert!(queue.acting.len() <= usize::try_from(pace.fleet.get()).unwrap());
        for (host, limit) in &queue.limits {
            assert!((1..=pace.per_host_max.get()).contains(&limit.most(pace)));
            assert!(queue.running(*host) <= pace.per_host_max.get());
            let running = queue.acting.values().filter(|(own, _)| own == host).count();
            assert_eq!(usize::try_from(queue.running(*host)).unwrap(), running);
        }
    }
    given
}

proptest! {
    #[test]
    fn whatever_happens_the_bounds_hold_and_the_same_steps_give_the_same_acts(
        pace in bounds(),
        steps in proptest::collection::vec(step(), 0..400),
    ) {
        prop_assert_eq!(played(pace, &steps), played(pace, &steps));
    }

    #[test]
    fn whatever_has_happened_a_host_that_is_quick_again_comes_back_to_the_most(
        pace in bounds(),
        steps in proptest::collection::vec((0..2_000_u64, prop_oneof![Just(Load::Easy), Just(Load::Busy), Just(Load::Unknown)]), 0..30),
    ) {
        let mut site = Site::new(Pace { fleet: NonZeroU32::MAX, ..pace });
        for (millis, load) in steps {
            site.round(millis, load);
        }
        // The first ones may have to be measured yet, one after the other.
        for _ in 0..pace.per_host_max.get() + pace.per_host.get() + 3 {
            site.round(0, Load::Easy);
        }
        prop_assert_eq!(site.fill().len(), usize::try_from(pace.per_host_max.get()).unwrap());
    }
}
