//! What holds whatever comes in whatever order.

use proptest::prelude::*;
use reprise_model::LegId;

use super::*;
use crate::judge::Verdict;

const STATES: [S; 5] = [S::Replicating, S::Error, S::Suspended, S::WaitingForStartResynchronize, S::Replicating];

/// One thing that happens to the pair.
#[derive(Clone, Debug)]
enum Step {
    /// A host shows its first VMs, as many as there are states.
    Look { host: u32, states: Vec<usize> },
    /// A host does not answer.
    Silence(u32),
    /// The oldest act ends.
    Act(bool),
    /// Time passes.
    Wait(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u32..2, prop::collection::vec(0..STATES.len(), 0..4)).prop_map(|(host, states)| Step::Look { host, states }),
        1 => (0_u32..2).prop_map(Step::Silence),
        2 => any::<bool>().prop_map(Step::Act),
        2 => (1_u8..40).prop_map(Step::Wait),
    ]
}

fn shown(host: u32, states: &[usize]) -> Observation {
    let states: Vec<_> = states.iter().map(|index| STATES[*index]).collect();
    look(host, &states)
}

fn verdicts(controller: &Controller, at: f64) -> Vec<(LegId, Verdict)> {
    let ids = controller.legs().map(|leg| leg.id);
    ids.filter_map(|id| Some((id, controller.judgement(id, now(at))?.verdict))).collect()
}

/// The leg that a notice is about, and its result.
fn told_of(notice: &Notice) -> Option<(LegId, LegResult)> {
    match notice {
        Notice::ResumeFailed(leg) => Some((leg.id, LegResult::Failed)),
        Notice::NeedsPerson(leg) => Some((leg.id, LegResult::NeedsPerson)),
        Notice::Resumed(leg) => Some((leg.id, LegResult::Resumed)),
        Notice::Started
        | Notice::HostNotReady(_)
        | Notice::HostReady { .. }
        | Notice::HostUnclear(_)
        | Notice::HostMayLoad(_)
        | Notice::HoldUnmatched(_)
        | Notice::ReplicaResumed(_)
        | Notice::NotOurs { .. }
        | Notice::ResumeNotSeen(_)
        | Notice::Interrupted { .. }
        | Notice::Finished(_) => None,
    }
}

fn play(setup: Setup, steps: &[Step]) -> Drive {
    let mut drive = Drive::new(setup, pair(&[S::Replicating]));
    for step in steps {
        match step {
            Step::Look { host, states } => drive.hosts[usize::try_from(*host).unwrap()] = shown(*host, states),
            Step::Silence(host) => drive.hosts[usize::try_from(*host).unwrap()] = unreachable(),
            Step::Act(well) if !drive.acts.is_empty() => {
                drive.end_act(if *well { ended() } else { refused(32_774, true) });
            }
            Step::Act(_) => {}
            Step::Wait(seconds) => {
                let until = drive.at + f64::from(*seconds);
                drive.run_to(until);
            }
        }
    }
    drive
}

proptest! {
    /// Looks that come one after the other leave the same as the latest of each host, told to somebody who knew nothing.
    /// Nothing is done, since what was done is remembered; and pauses are left out, since when they began is remembered.
    #[test]
    fn what_came_bit_by_bit_is_judged_like_what_comes_at_once(
        looks in prop::collection::vec((0_u32..2, prop::collection::vec(prop::sample::select(vec![0, 1, 3]), 1..4)), 1..12),
    ) {
        let quiet = || Setup { dry_run: true, ..setup(2) };
        let mut bit_by_bit = Controller::new(quiet(), now(0.0));
        let mut latest = [shown(0, &[0]), shown(1, &[0])];
        let told = |host: usize, at: f64, seen: &Observation| Event::Looked {
            host: HostId(u32::try_from(host).unwrap()),
            started: now(at).mono,
            observation: Box::new(seen.clone()),
        };
        for (step, (host, states)) in looks.iter().enumerate() {
            let host = usize::try_from(*host).unwrap();
            // Nobody vanishes here: that a leg was seen is remembered too.
            let mut states = states.clone();
            states.resize(4, 0);
            latest[host] = shown(u32::try_from(host).unwrap(), &states);
            let at = f64::from(u32::try_from(step).unwrap());
            bit_by_bit.handle(now(at), told(host, at, &latest[host]));
        }
        let mut fresh = Controller::new(quiet(), now(0.0));
        for at in [20.0, 21.0] {
            for host in [0, 1] {
                bit_by_bit.handle(now(at), told(host, at, &latest[host]));
                fresh.handle(now(at), told(host, at, &latest[host]));
            }
        }
        let known = verdicts(&bit_by_bit, 21.0);
        for (leg, verdict) in verdicts(&fresh, 21.0) {
            prop_assert!(known.contains(&(leg, verdict)), "{leg}: {verdict:?}, and {known:?}");
        }
    }

    /// Whatever happens: every act is intended before it is carried out, no intent is settled twice, nothing contradicts
    /// itself (the controller checks that after every event), and a pass ends in time.
    #[test]
    fn every_act_is_intended_once_and_settled_once_at_most(steps in prop::collection::vec(any_step(), 0..25)) {
        let mut drive = play(setup(2), &steps);
        drive.run_to(400.0);
        let report = drive.report.as_ref();
        prop_assert!(report.is_some_and(|report| report.elapsed <= Duration::from_mins(3)));
        let mut settled = drive.settled.clone();
        settled.sort_unstable();
        settled.dedup();
        prop_assert_eq!(settled.len(), drive.settled.len());
        prop_assert!(settled.iter().all(|act| drive.intents.contains(act)));
        for leg in drive.legs() {
            let told = |wanted: LegResult| drive.told.iter().any(|notice| {
                told_of(notice).is_some_and(|(id, result)| id == leg.id && result == wanted)
            });
            let worth_it = matches!(leg.result, LegResult::Failed | LegResult::NeedsPerson | LegResult::Resumed);
            prop_assert!(!worth_it || told(leg.result), "{:?} {:?}", leg, drive.told);
        }
    }

    /// A pass ends as soon as nothing is done or waited for: every host ready or late, no act under way, every leg settled.
    #[test]
    fn a_pass_goes_on_only_while_somebody_is_waited_for(steps in prop::collection::vec(any_step(), 0..15)) {
        let drive = play(setup(2), &steps);
        if drive.report.is_none() {
            let (settled, seen) = drive.controller.progress();
            let waits = settled < seen || drive.controller.hosts().any(|host| !host.ready);
            prop_assert!(waits || !drive.acts.is_empty());
        }
    }
}
