//! A person's word, while things are under way.

use reprise_model::Policy;

use super::*;
use crate::Command;

/// A controller whose one broken leg is about to be resumed: the act is intended and not yet written down.
fn intending() -> (Controller, Act) {
    let mut controller = Controller::new(setup(2), now(0.0));
    controller.handle(now(0.0), Event::Tick);
    let mut effects = Vec::new();
    for at in [0.0, 1.0] {
        controller.handle(now(at), Event::Tick);
        for (host, seen) in (0..).zip(pair(&[S::Error])) {
            let looked = Event::Looked { host: HostId(host), started: now(at).mono, observation: Box::new(seen) };
            effects.extend(controller.handle(now(at), looked));
        }
    }
    let intended = effects.into_iter().find_map(intended);
    (controller, intended.expect("the leg is broken"))
}

fn hold() -> Hold {
    Hold { scope: HoldScope::All, reason: "patch night".to_owned(), until: None, only_this_pass: false }
}

#[test]
fn an_act_is_carried_out_only_after_it_was_written_down() {
    let (mut controller, act) = intending();
    assert_eq!(controller.handle(now(1.1), Event::Intended(act.id)), [Effect::Perform(act.clone())]);
    assert_eq!(controller.handle(now(1.2), Event::Intended(act.id)), [], "once");
}

#[test]
fn what_cannot_be_written_down_is_not_done_and_tried_again_later() {
    let (mut controller, act) = intending();
    let problem = Problem::new(ProblemKind::Refused, "write the journal", "the disk is full");
    let effects = controller.handle(now(1.1), Event::NotIntended { act: act.id, problem });
    assert_eq!(effects, [Effect::Settle(act.id)]);
    assert!(!controller.is_settled());
    let report = controller.legs().next().unwrap();
    assert_eq!((report.attempts, report.result), (0, LegResult::Failed));
    assert_eq!(controller.handle(now(1.2), Event::Intended(act.id)), [], "it is taken back");
}

#[test]
fn a_hold_takes_back_what_is_intended_and_outlives_what_is_under_way() {
    for command in [Command::Hold(hold()), Command::Freeze] {
        let (mut controller, act) = intending();
        controller.handle(now(1.1), Event::Command(command.clone()));
        let effects = controller.handle(now(1.2), Event::Intended(act.id));
        assert_eq!(effects, [Effect::Settle(act.id)], "{command:?}");
        let report = controller.legs().next().unwrap();
        assert_eq!((report.result, report.attempts), (LegResult::Left, 0));
        let back = if command == Command::Freeze { Command::Thaw } else { Command::Release(HoldScope::All) };
        let effects = controller.handle(now(1.3), Event::Command(back));
        assert!(matches!(effects.as_slice(), [Effect::Intend(again)] if again.id != act.id), "{effects:?}");

        let (mut controller, act) = intending();
        controller.handle(now(1.1), Event::Intended(act.id));
        controller.handle(now(1.2), Event::Command(command.clone()));
        assert!(!controller.is_settled(), "it is under way");
        let effects = controller.handle(now(1.5), Event::Acted { act: act.id, outcome: ended() });
        assert!(effects.contains(&Effect::Observe(HostId(0))) || !controller.is_settled(), "{effects:?}");
    }
}

#[test]
fn a_policy_that_changes_is_judged_by_at_once_and_takes_back_no_freeze() {
    let (mut controller, act) = intending();
    let held = Policy { holds: vec![hold()], ..Policy::default() };
    controller.handle(now(1.1), Event::PolicyChanged(Box::new(held)));
    assert_eq!(controller.handle(now(1.2), Event::Intended(act.id)), [Effect::Settle(act.id)]);
    controller.handle(now(1.3), Event::Command(Command::Freeze));
    let effects = controller.handle(now(1.4), Event::PolicyChanged(Box::default()));
    assert_eq!(effects, [], "only a person thaws it");
    assert_eq!(controller.legs().next().unwrap().reason, Reason::Frozen);
}

#[test]
fn a_hold_that_ends_by_itself_is_over_at_that_moment() {
    let (mut controller, act) = intending();
    let until = Some(reprise_model::Timestamp(now(2.0).wall.0));
    controller.handle(now(1.1), Event::Command(Command::Hold(Hold { until, ..hold() })));
    controller.handle(now(1.2), Event::Intended(act.id));
    assert_eq!(controller.next_deadline(), Some(now(2.0).mono));
    let effects = controller.handle(now(2.0), Event::Tick);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Intend(_))), "{effects:?}");
}
