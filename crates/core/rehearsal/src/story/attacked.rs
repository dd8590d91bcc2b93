//! A site in which one host attacks who asks it: the others are served as soon as without it.

use std::time::Duration;

use reprise_engine::LegResult;
use reprise_lab::{Action, Attack, InFlight, MessageKind, Spec, Start, Topology, World};

use super::Story;
use crate::scene::{self, Scene, Times};
use crate::trouble::{Script, Trouble, attack};

/// Hosts, in pairs; the last one attacks.
const HOSTS: usize = 6;
const VMS: usize = 12;
/// Limits of the run, longer than an attack that drips may hold it.
const LIMIT: Duration = Duration::from_mins(1);

fn stage() -> Scene {
    let scene = scene::draw(&mut fastrand::Rng::with_seed(0), 0);
    Scene {
        spec: Spec { hosts: HOSTS, vms: VMS, topology: Topology::Pairs, ..Spec::default() },
        policy: reprise_model::Policy::default(),
        asked: vec![(0..HOSTS).collect()],
        named: true,
        times: Times { timeout: LIMIT, retry_for: LIMIT },
        vmms_timeout: LIMIT,
        discover: false,
        reads_events: true,
        logs_fail: false,
        lies: false,
        way_ms: 60,
        ..scene
    }
}

/// Every pair's first host is restarted, and the last host attacks so.
fn script(hosts: &[String], how: Option<(Attack, Option<MessageKind>)>) -> Script {
    let mut script = Script::default();
    for host in hosts.iter().step_by(2).cloned() {
        let down = Action::Shutdown { host: host.clone(), in_flight: InFlight::All };
        script.add(Duration::ZERO, Trouble::Happens(down));
        script.add(Duration::from_millis(1), Trouble::Happens(Action::Boot { host, vmms: Start::default() }));
    }
    script.add(Duration::from_millis(1), Trouble::Begin(0));
    if let (Some((how, on)), Some(host)) = (how, hosts.last()) {
        script.add(Duration::from_millis(1), attack(how, on, host));
    }
    script
}

/// Returns when the last resume of a leg between hosts that attack nobody was asked for.
fn served(how: Option<(Attack, Option<MessageKind>)>) -> Duration {
    let scene = stage();
    let world = World::new(&scene.spec).unwrap();
    let mut story = Story::new(scene, fastrand::Rng::with_seed(0), world, None);
    story.script = script(&story.names, how);
    // Nothing else happens: people and hosts do not come between.
    story.calm = true;
    if let Err(broken) = story.go_on() {
        panic!("{how:?}: {broken}\n{}", story.transcript);
    }
    let report = story.reports.remove(&0).unwrap();
    let view = story.world.view();
    let attacker = story.names.last().unwrap();
    let mut last = 0.0_f64;
    for vm in &view.vms {
        let leg = &vm.legs[0];
        let told = report.legs.iter().find(|told| told.id.vm.to_string() == vm.vm_id.to_string()).unwrap();
        if &leg.sender == attacker || &leg.receiver == attacker {
            // Whatever it keeps from being done is not reported as done.
            let runs = matches!(told.result, LegResult::Resumed | LegResult::Healthy);
            assert_eq!(runs, leg.sender_state == 3, "{how:?}: {told:?}");
            continue;
        }
        assert_eq!((told.result, leg.sender_state), (LegResult::Resumed, 3), "{how:?}\n{}", story.transcript);
        let reaches = format!("reaches {}", told.id);
        let line = story.transcript.lines().find(|line| line.contains(&reaches)).unwrap();
        last = last.max(line.split_whitespace().next().unwrap().parse().unwrap());
    }
    Duration::from_secs_f64(last)
}

#[test]
fn hosts_that_are_well_are_served_as_soon_as_without_one_that_attacks() {
    let alone = served(None);
    let kinds = [None, Some(MessageKind::Enumerate), Some(MessageKind::Get), Some(MessageKind::Invoke)];
    for how in Attack::ALL {
        for on in kinds {
            let beside = served(Some((how, on)));
            // The ways of messages differ by chance.
            assert!(beside <= alone.mul_f64(1.5), "{how:?} on {on:?}: {beside:?}, and {alone:?} alone");
        }
    }
}
