//! A person's orders: one leg is paused or resumed, once, and the rest is left as it is.

use reprise_model::{ActKind, EnabledState, HostTime, MarkKind, PauseMark, Policy};

use super::*;
use crate::goal::{ByHand, Goal as _};
use crate::sample::leg_id;
use crate::{Command, OrderEnd, OrderReport};

/// A controller of a pair that does nothing unasked, whose legs were looked at, and an order for the first.
struct Ordered {
    controller: Controller,
    goal: ByHand,
    at: f64,
    hosts: Vec<Observation>,
    acts: Vec<Act>,
    intents: usize,
    report: Option<OrderReport>,
}

impl Ordered {
    fn new(kind: ActKind, hosts: Vec<Observation>) -> Self {
        Self::with(kind, hosts, Policy::default())
    }

    fn with(kind: ActKind, hosts: Vec<Observation>, policy: Policy) -> Self {
        let setup = Setup { dry_run: true, policy, ..setup(2) };
        let mut ordered = Self {
            controller: Controller::new(setup, now(0.0)),
            goal: ByHand::new(leg_id(1), now(1.5), Duration::from_mins(1)),
            at: 0.0,
            hosts,
            acts: vec![],
            intents: 0,
            report: None,
        };
        ordered.feed(Event::Tick);
        ordered.run_to(1.5);
        assert!(ordered.acts.is_empty() && ordered.intents == 0, "nothing is done unasked");
        ordered.feed(Event::Command(Command::Order(leg_id(1), kind)));
        assert_eq!(ordered.intents, 0, "what was seen before the order decides nothing");
        ordered.run_to(2.6);
        ordered
    }

    fn feed(&mut self, event: Event) {
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.controller.handle(now(self.at), event) {
                match effect {
                    Effect::Observe(host) => {
                        let observation = Box::new(self.hosts[usize::try_from(host.0).unwrap()].clone());
                        events.push_back(Event::Looked { host, started: now(self.at).mono, observation });
                    }
                    Effect::Intend(act) => {
                        self.intents += 1;
                        events.push_back(Event::Intended(act.id));
                    }
                    Effect::Perform(act) => self.acts.push(act),
                    Effect::Settle(_)
                    | Effect::Tell(_)
                    | Effect::Ask { .. }
                    | Effect::Forget(_)
                    | Effect::ReadEvents { .. } => {}
                }
            }
        }
        self.report = self.goal.end(now(self.at), &self.controller).flatten();
    }

    fn run_to(&mut self, until: f64) {
        for _ in 0..1_000 {
            let next = self.controller.next_deadline().map_or(f64::INFINITY, |at| at.0.as_secs_f64());
            if next > until {
                break;
            }
            self.at = next.max(self.at);
            self.feed(Event::Tick);
        }
        self.at = self.at.max(until);
        self.feed(Event::Tick);
    }

    fn end_act(&mut self, outcome: Outcome) -> Act {
        let act = self.acts.remove(0);
        self.feed(Event::Acted { act: act.id, outcome });
        act
    }

    /// How it ended.
    fn end(&self) -> &OrderEnd {
        &self.report.as_ref().expect("the order is over").end
    }
}

fn paused_on_replica() -> Vec<Observation> {
    vec![look(0, &[S::Replicating]), look(1, &[S::Suspended])]
}

#[test]
fn what_runs_is_paused_once_and_proved_by_a_look_after_the_job() {
    let mut ordered = Ordered::new(ActKind::Pause, pair(&[S::Replicating, S::Error]));
    assert_eq!(ordered.acts.len(), 1);
    // While the job runs, the state already reads as requested.
    ordered.hosts[0] = look(0, &[S::Suspended, S::Error]);
    ordered.run_to(10.0);
    assert_eq!(ordered.report, None);
    let act = ordered.end_act(ended());
    assert_eq!((act.kind, act.host, act.expected_state), (ActKind::Pause, HostId(0), S::Replicating));
    ordered.run_to(12.0);
    assert_eq!(*ordered.end(), OrderEnd::Done);
    assert_eq!(ordered.intents, 1, "the other leg, which is broken, is left as it is");
}

#[test]
fn what_is_stopped_is_resumed_whatever_the_policy_says_of_pauses() {
    let paused = reprise_model::PausedPolicy { at_boot: reprise_model::PausedRule::Leave, ..Default::default() };
    for state in [S::Suspended, S::Error] {
        let policy = Policy { paused, ..Policy::default() };
        let mut ordered = Ordered::with(ActKind::Resume, pair(&[state]), policy);
        ordered.hosts[0] = look(0, &[S::Replicating]);
        assert_eq!(ordered.end_act(ended()).kind, ActKind::Resume);
        ordered.run_to(5.0);
        assert_eq!(*ordered.end(), OrderEnd::Done, "{state}");
    }
}

#[test]
fn what_is_so_already_is_nothing_to_do() {
    for (kind, state) in [(ActKind::Pause, S::Suspended), (ActKind::Resume, S::Replicating)] {
        let ordered = Ordered::new(kind, pair(&[state]));
        assert!(matches!(ordered.end(), OrderEnd::AlreadySo(_)), "{kind:?}");
        assert_eq!(ordered.intents, 0);
    }
}

#[test]
fn what_a_rule_forbids_is_refused_with_its_reason() {
    let mut running = pair(&[S::Error]);
    let Seen::Seen(replica) = &mut running[1].replication else { panic!("it is seen") };
    for vm in replica.vms.values_mut() {
        vm.enabled = EnabledState::Running;
    }
    let failed_over = vec![look(0, &[S::Suspended]), look(1, &[S::FailedOver])];
    for (kind, hosts, reason) in [
        (ActKind::Resume, running.clone(), Reason::ReplicaRunning),
        (ActKind::Pause, running, Reason::ReplicaRunning),
        (ActKind::Resume, failed_over, Reason::FailoverInForce),
        (ActKind::Resume, pair(&[S::WaitingForStartResynchronize]), Reason::ResyncRequired),
        (ActKind::Resume, pair(&[S::ReadyForInitialReplication]), Reason::ReadyForInitialReplication),
        (ActKind::Pause, pair(&[S::Error]), Reason::NotRunning),
        (ActKind::Pause, pair(&[S::Disabled]), Reason::UnknownState),
    ] {
        let ordered = Ordered::new(kind, hosts);
        assert_eq!((ordered.end(), ordered.intents), (&OrderEnd::Refused(reason), 0), "{kind:?}");
    }
    let reason = "patch night".to_owned();
    let hold = Hold { scope: HoldScope::All, reason, until: None, only_this_pass: false };
    let policy = Policy { holds: vec![hold], ..Policy::default() };
    for (kind, state) in [(ActKind::Pause, S::Replicating), (ActKind::Resume, S::Suspended)] {
        let ordered = Ordered::with(kind, pair(&[state]), policy.clone());
        assert_eq!(*ordered.end(), OrderEnd::Refused(Reason::Held), "{kind:?}");
    }
}

#[test]
fn a_replica_that_is_paused_is_resumed_on_its_own_host_before_its_primary() {
    let mut ordered = Ordered::new(ActKind::Resume, vec![look(0, &[S::Error]), look(1, &[S::Suspended])]);
    ordered.hosts[1] = look(1, &[S::Replicating]);
    assert_eq!(ordered.end_act(ended()).host, HostId(1));
    ordered.run_to(5.0);
    ordered.hosts[0] = look(0, &[S::Replicating]);
    assert_eq!(ordered.end_act(ended()).host, HostId(0));
    ordered.run_to(9.0);
    assert_eq!(*ordered.end(), OrderEnd::Done);

    let mut alone = Ordered::new(ActKind::Resume, paused_on_replica());
    alone.hosts = pair(&[S::Replicating]);
    assert_eq!(alone.end_act(ended()).host, HostId(1));
    alone.run_to(5.0);
    assert_eq!((alone.end(), alone.intents), (&OrderEnd::Done, 1));
}

#[test]
fn a_pause_never_goes_to_the_replicas_side() {
    let mut ordered = Ordered::new(ActKind::Pause, paused_on_replica());
    assert_eq!(ordered.acts.remove(0).host, HostId(0));
}

#[test]
fn what_fails_is_told_and_not_tried_again() {
    let problem = || Problem::new(ProblemKind::TimedOut, "pause replication", "the answer was lost");
    for (outcome, reason) in [
        (refused(32_775, false), Reason::PauseRefused),
        (Outcome::NotDone(problem()), Reason::PauseFailed),
        (Outcome::Unknown(problem()), Reason::PauseFailed),
        (ended(), Reason::PauseWithoutEffect),
    ] {
        let mut ordered = Ordered::new(ActKind::Pause, pair(&[S::Replicating]));
        ordered.end_act(outcome);
        ordered.run_to(30.0);
        assert_eq!((ordered.end().reason(ActKind::Pause), ordered.intents), (reason, 1));
    }
}

#[test]
fn after_a_lost_answer_only_a_state_that_lasts_counts() {
    let lost = || Outcome::Unknown(Problem::new(ProblemKind::TimedOut, "pause replication", "the answer was lost"));
    for (later, done) in [(S::Suspended, true), (S::Replicating, false)] {
        let mut ordered = Ordered::new(ActKind::Pause, pair(&[S::Replicating]));
        ordered.hosts[0] = look(0, &[S::Suspended]);
        ordered.end_act(lost());
        ordered.run_to(4.0);
        assert_eq!(ordered.report, None);
        ordered.hosts[0] = look(0, &[later]);
        ordered.run_to(10.0);
        assert_eq!(*ordered.end() == OrderEnd::Done, done, "{:?}", ordered.end());
    }
}

#[test]
fn one_that_finds_its_leg_changed_decides_anew_and_a_bounded_number_of_times() {
    let stale = || Outcome::Stale { found: "Suspended".to_owned() };
    let mut ordered = Ordered::new(ActKind::Resume, pair(&[S::Error]));
    ordered.hosts[0] = look(0, &[S::Replicating]);
    ordered.end_act(stale());
    ordered.run_to(9.0);
    assert!(matches!(ordered.end(), OrderEnd::AlreadySo(Reason::Replicating)), "somebody else did it");

    let mut ordered = Ordered::new(ActKind::Resume, pair(&[S::Error]));
    for step in 0..10 {
        if !ordered.acts.is_empty() {
            ordered.end_act(stale());
        }
        ordered.run_to(4.0 + 2.0 * f64::from(step));
    }
    assert_eq!((ordered.end().reason(ActKind::Resume), ordered.intents), (Reason::Changed, 4));
}

#[test]
fn an_order_ends_at_its_limit_and_when_somebody_ends_it_and_says_how_far_it_was() {
    let mut ordered = Ordered::new(ActKind::Pause, pair(&[S::Replicating]));
    ordered.run_to(70.0);
    assert_eq!(ordered.end().reason(ActKind::Pause), Reason::PauseNotEnded);
    let mut stopped = Ordered::new(ActKind::Resume, vec![look(0, &[S::Error]), look(1, &[])]);
    stopped.goal.stop();
    stopped.run_to(3.0);
    assert_eq!(*stopped.end(), OrderEnd::NotPossible(Reason::Interrupted));
}

#[test]
fn an_order_that_nobody_waits_for_any_more_begins_nothing_and_ends_what_it_has_begun() {
    let recall = || Event::Command(Command::Recall(leg_id(1)));
    let mut waiting = Ordered::new(ActKind::Resume, vec![look(0, &[S::Error]), look(1, &[])]);
    waiting.feed(recall());
    assert_eq!(*waiting.end(), OrderEnd::NotPossible(Reason::OutOfTime));
    waiting.hosts = pair(&[S::Error]);
    waiting.run_to(20.0);
    assert_eq!(waiting.intents, 0, "its host came too late");

    let mut acting = Ordered::new(ActKind::Resume, vec![look(0, &[S::Error]), look(1, &[S::Suspended])]);
    acting.feed(recall());
    acting.hosts[1] = look(1, &[S::Replicating]);
    assert_eq!(acting.end_act(ended()).host, HostId(1));
    acting.run_to(9.0);
    assert_eq!((acting.end(), acting.intents), (&OrderEnd::NotPossible(Reason::OutOfTime), 1), "its second act");
}

#[test]
fn an_order_rests_on_fresh_looks() {
    let mut ordered = Ordered::new(ActKind::Resume, pair(&[S::Replicating]));
    assert!(matches!(ordered.end(), OrderEnd::AlreadySo(_)));
    ordered.run_to(50.0);
    // It stopped meanwhile, and nobody has looked since.
    ordered.hosts = pair(&[S::Error]);
    ordered.feed(Event::Looked {
        host: HostId(0),
        started: now(50.0).mono,
        observation: Box::new(look(0, &[S::Error])),
    });
    ordered.hosts[1] = look(1, &[S::FailedOver]);
    ordered.feed(Event::Command(Command::Order(leg_id(1), ActKind::Resume)));
    ordered.run_to(60.0);
    assert_eq!((ordered.end(), ordered.intents), (&OrderEnd::Refused(Reason::FailoverInForce), 0));
}

/// The latest data of [`look`] is from 900 s by the host's clock.
fn marked(kind: MarkKind, until: Option<i64>, state: S) -> Drive {
    let mark = PauseMark { kind, until: until.map(HostTime) };
    let policy = Policy { marks: [(leg_id(1), mark)].into(), ..Policy::default() };
    let mut drive = Drive::new(Setup { policy, ..setup(2) }, pair(&[state]));
    drive.run_to(1.5);
    drive
}

#[test]
fn a_pause_that_a_person_asked_reprise_for_is_left_until_newer_data_shows_that_it_was_resumed() {
    for until in [None, Some(900_000), Some(950_000)] {
        let drive = marked(MarkKind::Meant, until, S::Suspended);
        assert!(drive.acts.is_empty());
        assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::PausedOnPurpose));
    }
    assert_eq!(marked(MarkKind::Meant, Some(899_000), S::Suspended).acts.len(), 1, "it was resumed since");
    assert_eq!(marked(MarkKind::Meant, None, S::Error).acts.len(), 1, "an error is nobody's pause");
    let resync = marked(MarkKind::Meant, None, S::ResynchronizeSuspended);
    assert_eq!(resync.leg().reason, Reason::PausedOnPurpose);
}

#[test]
fn a_pause_of_a_drill_is_resumed_whatever_the_policy_says_of_pauses() {
    let mark = PauseMark { kind: MarkKind::Drill, until: None };
    let paused = reprise_model::PausedPolicy { at_boot: reprise_model::PausedRule::Leave, ..Default::default() };
    let policy = Policy { marks: [(leg_id(1), mark)].into(), paused, ..Policy::default() };
    let mut drive = Drive::new(Setup { policy, ..setup(2) }, pair(&[S::Suspended]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
}
