//! A program that is killed, and one that begins with what it remembered.

use super::*;
use crate::Snapshot;

/// A controller after a restart, in front of a pair of hosts: looks are answered at once from them for so many seconds.
fn restored(snapshot: Snapshot, hosts: &[Observation], from: f64, until: f64) -> (Controller, Vec<Act>) {
    restored_with(setup(2), snapshot, hosts, (from, until))
}

/// The same in front of the hosts that are asked by this setup.
pub(super) fn restored_with(
    setup: Setup,
    snapshot: Snapshot,
    hosts: &[Observation],
    (from, until): (f64, f64),
) -> (Controller, Vec<Act>) {
    let mut kept = Kept::of(&snapshot);
    let mut controller = Controller::restore(setup, snapshot, now(from));
    let mut acts = Vec::new();
    let mut at = from;
    for _ in 0..1_000 {
        let mut effects = controller.handle(now(at), Event::Tick);
        kept.hears(&mut controller, now(at), &effects);
        while !effects.is_empty() {
            let mut more = Vec::new();
            for effect in effects {
                if let Effect::Observe(host) = effect {
                    let seen = Box::new(hosts[usize::try_from(host.0).unwrap()].clone());
                    let looked = Event::Looked { host, started: now(at).mono, observation: seen };
                    let answer = controller.handle(now(at), looked);
                    kept.hears(&mut controller, now(at), &answer);
                    more.extend(answer);
                } else {
                    acts.extend(intended(effect));
                }
            }
            effects = more;
        }
        at = controller.next_deadline().map_or(f64::INFINITY, |next| next.0.as_secs_f64());
        if at > until {
            break;
        }
    }
    (controller, acts)
}

fn acting(state: ReplicationState) -> Drive {
    let mut drive = Drive::new(setup(2), pair(&[state]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1);
    drive
}

#[test]
fn what_may_have_been_done_is_read_before_anything_else() {
    let drive = acting(S::Error);
    let snapshot = drive.controller.snapshot(now(1.6));
    let (controller, acts) = restored(snapshot.clone(), &pair(&[S::Replicating]), 2.0, 10.0);
    assert!(acts.is_empty(), "it was done");
    let leg = controller.legs().next().unwrap();
    assert_eq!((leg.before, leg.result, leg.reason), (Some(S::Error), LegResult::Resumed, Reason::ResumeAnswerLost));
    assert!(leg.findings.contains(&Finding::AnswerLost), "and it may have been ours: {leg:?}");
    let (_, acts) = restored(snapshot, &pair(&[S::Error]), 2.0, 10.0);
    assert_eq!(acts.len(), 1, "it was not, and is tried again");
    assert_ne!(acts[0].id, drive.acts[0].id, "no two acts have one name");
}

#[test]
fn a_stop_that_is_seen_before_the_end_of_an_act_of_an_earlier_life_is_known_shows_that_a_pause_began_later() {
    let snapshot = acting(S::Error).controller.snapshot(now(1.6));
    let mut controller = Controller::restore(setup(2), snapshot, now(2.0));
    controller.handle(now(2.0), Event::Tick);
    let mut acts = Vec::new();
    for (started, state) in [(2.0, S::Error), (3.5, S::Suspended), (6.0, S::Suspended), (9.0, S::Suspended)] {
        for (host, seen) in (0..).map(HostId).zip(pair(&[state])) {
            let looked = Event::Looked { host, started: now(started).mono, observation: Box::new(seen) };
            acts.extend(controller.handle(now(started + 0.2), looked).into_iter().filter_map(intended));
        }
    }
    assert!(acts.is_empty(), "it began while we watched: {acts:?}");
    assert_eq!(controller.legs().next().unwrap().reason, Reason::PausedNoEvidence);
}

#[test]
fn what_was_only_intended_before_a_restart_does_not_hide_that_a_pause_began_later() {
    let looks = |controller: &mut Controller, started: f64, state: ReplicationState| -> Vec<Act> {
        let looked = (0..).map(HostId).zip(pair(&[state])).map(|(host, seen)| {
            let looked = Event::Looked { host, started: now(started).mono, observation: Box::new(seen) };
            controller.handle(now(started + 0.2), looked)
        });
        looked.flatten().filter_map(intended).collect()
    };
    let mut controller = Controller::new(setup(2), now(0.0));
    let acts = [0.0, 1.0].map(|started| looks(&mut controller, started, S::Suspended).len());
    assert_eq!(acts, [0, 1], "it is written down, and not asked for");
    let mut controller = Controller::restore(setup(2), controller.snapshot(now(1.3)), now(2.0));
    controller.handle(now(2.0), Event::Tick);
    assert_eq!(looks(&mut controller, 2.0, S::Replicating), []);
    let acts = [4.0, 6.0, 9.0].map(|started| looks(&mut controller, started, S::Suspended));
    assert!(acts.concat().is_empty(), "it began while we watched: {acts:?}");
    assert_eq!(controller.legs().next().unwrap().reason, Reason::PausedNoEvidence);
}

/// The clock that only waits begins anew with the program.
#[test]
fn what_an_act_of_an_earlier_life_began_after_is_not_compared_with_a_look_of_this_one() {
    let snapshot = acting(S::Error).controller.snapshot(now(1.6));
    let mut controller = Controller::restore(setup(2), snapshot, now(0.0));
    for (host, seen) in (0..).map(HostId).zip(pair(&[S::Error])) {
        let looked = Event::Looked { host, started: now(0.0).mono, observation: Box::new(seen) };
        controller.handle(now(0.2), looked);
    }
    assert_eq!(controller.legs().next().unwrap().after, Some(S::Error));
}

#[test]
fn the_budget_of_an_incident_outlives_a_restart() {
    let drive = acting(S::Error);
    let mut snapshot = drive.controller.snapshot(now(1.6));
    let mut tries = 1;
    for round in 1..10 {
        let from = f64::from(round) * 100.0;
        let (controller, acts) = restored(snapshot, &pair(&[S::Error]), from, from + 5.0);
        tries += acts.len();
        snapshot = controller.snapshot(now(from + 5.0));
    }
    assert!(tries <= 6, "{tries}");
    assert_eq!(snapshot.epoch, 9);
}

#[test]
fn a_pause_that_was_seen_to_begin_stays_a_persons_over_a_restart() {
    let mut drive = acting(S::Error);
    drive.hosts[0] = look(0, &[S::Suspended]);
    drive.end_act(Outcome::Stale { found: "Suspended".to_owned() });
    drive.run_to(4.0);
    let snapshot = drive.controller.snapshot(now(4.0));
    let (controller, acts) = restored(snapshot, &pair(&[S::Suspended]), 10.0, 20.0);
    assert!(acts.is_empty(), "{acts:?}");
    assert_eq!(controller.legs().next().unwrap().result, LegResult::Left);
    let (_, acts) = restored(Snapshot::default(), &pair(&[S::Suspended]), 10.0, 20.0);
    assert_eq!(acts.len(), 1, "without memory it is a pause that was there at the first look");
}

#[test]
fn what_is_remembered_of_a_pause_outlives_a_life_in_which_only_the_replica_is_seen() {
    let mut drive = acting(S::Error);
    drive.hosts[0] = look(0, &[S::Suspended]);
    drive.end_act(Outcome::Stale { found: "Suspended".to_owned() });
    drive.run_to(4.0);
    let snapshot = drive.controller.snapshot(now(4.0));
    let (controller, _) = restored(snapshot, &[unreachable(), look(1, &[S::Replicating])], 10.0, 20.0);
    assert_eq!(controller.legs().count(), 1);
    let (_, acts) = restored(controller.snapshot(now(20.0)), &pair(&[S::Suspended]), 30.0, 40.0);
    assert!(acts.is_empty(), "it began while we watched: {acts:?}");
}

/// A host that loads its VMs may show one for a moment without what tells which part of a leg it plays.
#[test]
fn what_is_remembered_of_a_leg_outlives_a_guess_that_comes_to_nothing() {
    let looks = |controller: &mut Controller, at: f64, hosts: &[Observation]| -> usize {
        let acts = (0..).map(HostId).zip(hosts).map(|(host, seen)| {
            let looked = Event::Looked { host, started: now(at).mono, observation: Box::new(seen.clone()) };
            controller.handle(now(at + 0.1), looked).into_iter().filter_map(intended).count()
        });
        acts.sum()
    };
    let mut drive = acting(S::Error);
    let open = drive.controller.snapshot(now(1.6));
    drive.hosts[0] = look(0, &[S::Suspended]);
    drive.end_act(Outcome::Stale { found: "Suspended".to_owned() });
    drive.run_to(4.0);
    let paused = drive.controller.snapshot(now(4.0));
    for (snapshot, state, expected) in [(paused, S::Suspended, (0, 0)), (open, S::Error, (2, 1))] {
        let mut controller = Controller::restore(setup(2), snapshot, now(10.0));
        controller.handle(now(10.0), Event::Tick);
        for (at, seen) in [(10.0, half_loaded(1)), (11.0, look(1, &[])), (12.0, half_loaded(1)), (13.0, look(1, &[]))] {
            assert_eq!(looks(&mut controller, at, &[unreachable(), seen]), 0);
        }
        assert_eq!(controller.legs().count(), 0, "nothing is left of the guess");
        let (_, after_another) = restored(controller.snapshot(now(14.0)), &pair(&[state]), 20.0, 30.0);
        let acts = [15.0, 17.0, 25.0].map(|at| looks(&mut controller, at, &pair(&[state])));
        let acts: usize = acts.into_iter().sum();
        let leg = controller.legs().next().unwrap();
        assert_eq!((leg.attempts, acts), expected, "{state}: its tries count, and a pause stays a person's");
        assert_eq!(leg.before, Some(S::Error), "{state}: it is the leg of the earlier life");
        assert_eq!(after_another.len(), acts, "{state}: another restart changes nothing");
    }
}

#[test]
fn a_life_in_which_a_leg_was_only_guessed_does_not_make_an_act_known_to_have_ended() {
    let open = acting(S::Error).controller.snapshot(now(1.6));
    let (guessed, _) = restored(open.clone(), &[unreachable(), half_loaded(1)], 10.0, 10.5);
    assert_eq!(guessed.legs().count(), 1);
    for snapshot in [open, guessed.snapshot(now(10.5))] {
        let mut controller = Controller::restore(setup(2), snapshot, now(20.0));
        controller.handle(now(20.0), Event::Tick);
        let mut settled = Vec::new();
        for started in [20.0, 21.0] {
            let effects = (0..).map(HostId).zip(pair(&[S::Error])).map(|(host, seen)| {
                let looked = Event::Looked { host, started: now(started).mono, observation: Box::new(seen) };
                controller.handle(now(started + 0.2), looked)
            });
            let settles = effects.flatten().filter(|effect| matches!(effect, Effect::Settle(_))).count();
            settled.push(settles);
        }
        assert_eq!(settled, [0, 1], "its job may run until the leg is seen");
    }
}

#[test]
fn a_wait_goes_on_after_a_restart() {
    let mut drive = acting(S::Error);
    drive.end_act(refused(32_774, true));
    drive.run_to(2.6);
    let snapshot = drive.controller.snapshot(now(2.6));
    let (_, acts) = restored(snapshot, &pair(&[S::Error]), 100.0, 101.5);
    assert_eq!(acts.len(), 1, "its time has come");
}

#[test]
fn a_freeze_outlives_a_restart() {
    let mut drive = Drive::new(setup(2), pair(&[S::Replicating]));
    drive.controller.handle(now(0.5), Event::Command(crate::Command::Freeze));
    let snapshot = drive.controller.snapshot(now(0.6));
    assert!(snapshot.frozen);
    let (controller, acts) = restored(snapshot, &pair(&[S::Error]), 1.0, 10.0);
    assert!(acts.is_empty());
    assert_eq!(controller.legs().next().unwrap().reason, Reason::Frozen);
}

#[test]
fn what_we_resumed_is_reported_so_after_every_restart() {
    for hosts in [pair(&[S::Replicating]), runs_with_newer_data()] {
        let mut drive = acting(S::Error);
        drive.hosts = hosts.clone();
        drive.end_act(ended());
        drive.run_to(5.0);
        let mut snapshot = drive.controller.snapshot(now(5.0));
        for hosts in [hosts, runs_with_newer_data(), runs_with_newer_data()] {
            let (controller, acts) = restored(snapshot, &hosts, 10.0, 20.0);
            assert!(acts.is_empty());
            let leg = controller.legs().next().unwrap();
            let is_told = (leg.before, leg.result, leg.reason, leg.attempts);
            assert_eq!(is_told, (Some(S::Error), LegResult::Resumed, Reason::Error, 1));
            snapshot = controller.snapshot(now(20.0));
        }
    }
}

#[test]
fn what_was_found_running_before_a_restart_may_have_been_paused_by_anybody_since() {
    let mut drive = Drive::new(setup(2), pair(&[S::Suspended]));
    drive.run_to(1.5);
    drive.end_act(Outcome::Stale { found: "Replicating".to_owned() });
    let snapshot = drive.controller.snapshot(now(1.6));
    let (_, acts) = restored(snapshot, &pair(&[S::Suspended]), 10.0, 20.0);
    assert_eq!(acts.len(), 1, "nobody saw this pause begin: it was there at the first look");
}

#[test]
fn a_look_that_proves_nothing_of_an_open_act_proves_nothing_of_how_a_pause_began() {
    let mut drive = acting(S::Suspended);
    drive.end_act(Outcome::Stale { found: "Replicating".to_owned() });
    let mut controller = Controller::restore(setup(2), drive.controller.snapshot(now(1.6)), now(10.0));
    controller.handle(now(10.0), Event::Tick);
    for (host, state) in [(1, S::Replicating), (0, S::Replicating)] {
        let observation = Box::new(look(host, &[state]));
        controller.handle(now(10.5), Event::Looked { host: HostId(host), started: now(10.0).mono, observation });
    }
    let (_, acts) = restored(controller.snapshot(now(11.0)), &pair(&[S::Suspended]), 20.0, 30.0);
    assert_eq!(acts.len(), 1, "the act came to nothing, and nobody saw another pause begin");
}

#[test]
fn a_look_of_the_new_life_shows_what_came_of_an_act_that_had_ended_before() {
    let mut drive = acting(S::Error);
    drive.end_act(Outcome::NotDone(Problem::new(ProblemKind::Unreachable, "resume replication", "refused")));
    let mut controller = Controller::restore(setup(2), drive.controller.snapshot(now(1.6)), now(10.0));
    let mut effects = controller.handle(now(10.0), Event::Tick);
    for (started, state) in [(10.0, S::Replicating), (12.0, S::Suspended), (14.0, S::Suspended)] {
        for (host, state) in [(1, S::Replicating), (0, state)] {
            let observation = Box::new(look(host, &[state]));
            let looked = Event::Looked { host: HostId(host), started: now(started).mono, observation };
            effects.extend(controller.handle(now(started + 0.5), looked));
        }
    }
    assert!(effects.into_iter().all(|effect| intended(effect).is_none()), "the pause began while we watched");
    assert_eq!(controller.legs().next().unwrap().result, LegResult::Left);
}
