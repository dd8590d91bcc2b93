//! Two hosts that say that they have the primary of one VM: what one of them shows says nothing of the other.

use super::restart::restored_with;
use super::*;

/// Four hosts that are asked by their names, in the order hv03, hv01, hv02, hv04, and looked at again each second.
fn watched() -> Setup {
    let mut pass = Setup { reread_every: Some(Duration::from_secs(1)), ..setup(4) };
    for (host, number) in pass.hosts.iter_mut().zip([2, 0, 1, 3]) {
        host.claim = Some(name(number));
    }
    pass
}

/// hv03 shows the VM of hv01 as a primary of its own.
fn lying(state: S) -> Observation {
    Observation { name: Seen::Seen(name(2)), ..look(0, &[state]) }
}

/// Two primaries are left alone, and neither says how the pause of the other began.
#[test]
fn how_a_pause_began_its_own_host_says_whatever_another_one_says_of_the_vm_meanwhile() {
    let mut pass = watched();
    pass.policy.paused.at_boot = reprise_model::PausedRule::Leave;
    pass.policy.paused.while_running = reprise_model::PausedRule::Resume;
    let (quiet, liar) = (look(2, &[]), lying(S::Replicating));
    let reason = |drive: &Drive| drive.controller.leg(crate::sample::leg_id(1)).map(|leg| leg.reason);
    for (meanwhile, acts) in [(S::Suspended, 0), (S::Replicating, 1)] {
        let (paused, receiver) = (look(0, &[S::Suspended]), look(1, &[S::Replicating]));
        let hosts = vec![quiet.clone(), paused.clone(), receiver, unreachable()];
        let mut drive = Drive::new(pass.clone(), hosts);
        drive.run_to(5.0);
        assert_eq!(reason(&drive), Some(Reason::PausedLeft), "it was there at the first look");
        drive.hosts[0] = liar.clone();
        drive.hosts[1] = look(0, &[meanwhile]);
        drive.run_to(10.0);
        assert_eq!(reason(&drive), Some(Reason::BothPrimary));
        drive.hosts[1] = paused;
        drive.run_to(15.0);
        drive.hosts[0] = quiet.clone();
        drive.run_to(20.0);
        assert_eq!(drive.acts.len(), acts, "{meanwhile}: {:?}", reason(&drive));
    }
}

#[test]
fn what_came_of_an_act_its_own_host_says_and_no_other_that_shows_the_vm() {
    let pass = watched();
    for said in [S::Replicating, S::Error] {
        let (quiet, liar) = (look(2, &[]), lying(said));
        let hosts = vec![quiet.clone(), look(0, &[S::Error]), look(1, &[S::Replicating]), unreachable()];
        let mut drive = Drive::new(pass.clone(), hosts);
        drive.run_to(2.0);
        (drive.hosts[0], drive.hosts[1]) = (liar, unreachable());
        drive.end_act(ended());
        drive.run_to(8.0);
        let is_told = |drive: &Drive| drive.told.iter().any(|notice| matches!(notice, Notice::Resumed(_)));
        assert!(!is_told(&drive), "{said}: nobody has read what came of it");
        (drive.hosts[0], drive.hosts[1]) = (quiet, look(0, &[S::Replicating]));
        drive.run_to(15.0);
        let leg = drive.controller.leg(crate::sample::leg_id(1)).unwrap();
        assert_eq!((leg.result, leg.reason, leg.attempts), (LegResult::Resumed, Reason::Error, 1), "{said}");
        assert!(is_told(&drive));
    }
}

/// A VM that has moved may be shown by both hosts for a moment. If it ran on the one and is paused on the other, the pause began
/// while it was watched, be it that the program ends right then.
#[test]
fn a_pause_of_a_vm_that_ran_on_another_host_stays_one_that_was_seen_to_begin_over_restarts() {
    let (quiet, receiver) = (look(2, &[]), look(1, &[S::Replicating]));
    let hosts = vec![quiet.clone(), look(0, &[S::Replicating]), receiver.clone(), unreachable()];
    let mut drive = Drive::new(watched(), hosts);
    drive.run_to(3.0);
    drive.hosts[0] = lying(S::Suspended);
    drive.run_to(5.0);
    let mut snapshot = drive.controller.snapshot(now(5.0));
    let stayed = [quiet, look(0, &[S::Suspended]), receiver.clone(), unreachable()];
    let acts = restored_with(watched(), snapshot.clone(), &stayed, (10.0, 20.0)).1;
    assert_eq!(acts.len(), 1, "where it ran nobody has seen a pause begin");
    let moved = [lying(S::Suspended), unreachable(), receiver, unreachable()];
    for from in [10.0, 30.0] {
        let (controller, acts) = restored_with(watched(), snapshot, &moved, (from, from + 10.0));
        assert!(acts.is_empty(), "it began while we watched: {acts:?}");
        assert_eq!(controller.legs().next().unwrap().reason, Reason::PausedNoEvidence);
        snapshot = controller.snapshot(now(from + 10.0));
    }
}
