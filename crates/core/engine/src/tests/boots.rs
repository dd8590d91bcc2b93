//! What tells that a host has booted, and what does not; and hosts of which nobody knows yet who they are.

use reprise_model::HostTime;

use super::*;

/// The first host at a later look: paused, with this clock and this time of its boot.
fn paused(clock: i64, booted: i64) -> Observation {
    let mut seen = look(0, &[S::Suspended]);
    let Seen::Seen(system) = &mut seen.system else { panic!() };
    (system.clock, system.booted) = (HostTime(clock), HostTime(booted));
    seen
}

fn acts_after(later: Observation) -> usize {
    let mut drive = Drive::new(setup(2), pair(&[S::Error]));
    drive.run_to(1.5);
    drive.hosts[0] = later;
    drive.end_act(Outcome::Stale { found: "Suspended".to_owned() });
    drive.run_to(10.0);
    drive.acts.len()
}

#[test]
fn a_clock_that_is_set_moves_the_time_of_the_boot_and_is_no_boot() {
    assert_eq!(acts_after(paused(1_528_000, 528_000)), 0, "a pause that began while we watched is respected");
    assert_eq!(acts_after(paused(472_000, -528_000)), 0);
    assert_eq!(acts_after(paused(1_000_000, 999_000)), 1, "up for a second: it has booted");
}

#[test]
fn a_pause_that_the_read_before_an_act_did_not_find_any_more_is_another_one_when_it_is_seen_again() {
    let mut drive = Drive::new(setup(2), pair(&[S::Suspended]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1, "it was paused at the first look");
    drive.end_act(Outcome::Stale { found: "Replicating".to_owned() });
    drive.run_to(60.0);
    assert!(drive.acts.is_empty(), "somebody has resumed it and paused it again");
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Left, Reason::PausedNoEvidence));
}

/// A sender seen at `state` by a look at `looked`, on a host that has been up for `up` seconds since its boot number `boot`;
/// `None` if the look could not read that.
fn sender_at(state: S, looked: f64, boot: Option<(i64, u64)>) -> crate::leg::Leg {
    let mut leg = crate::sample::leg(state, S::Replicating);
    let end = crate::sample::end_mut(&mut leg.sender);
    (end.looked, end.told) = (now(looked).mono, now(looked).mono);
    end.booted = boot.map(|(boot, _)| HostTime(boot * 1_000_000));
    end.up_for = boot.map(|(_, up)| Duration::from_secs(up));
    leg
}

/// State, time of the look, boot and time since that.
type Shown = (S, f64, Option<(i64, u64)>);

fn is_from_start(looks: &[Shown]) -> bool {
    let (state, at, boot) = looks[0];
    let mut watch = crate::watch::LegWatch::new(sender_at(state, at, boot));
    for (state, at, boot) in looks {
        watch.saw(sender_at(*state, *at, *boot), None);
    }
    watch.memory.paused_from_start
}

#[test]
fn a_pause_that_was_seen_to_begin_stays_so_over_every_boot_until_it_ends() {
    let ran = (S::Replicating, 0.0, Some((1, 1_000)));
    let paused = (S::Suspended, 5.0, Some((1, 1_005)));
    let booted = (S::Suspended, 60.0, Some((2, 10)));
    assert!(!is_from_start(&[ran, paused]), "it began while we watched");
    assert!(is_from_start(&[ran, booted]), "nobody saw it begin");
    assert!(!is_from_start(&[ran, paused, booted]), "the boot does not make it another pause");
    assert!(!is_from_start(&[ran, paused, booted, (S::Suspended, 90.0, Some((3, 5)))]), "nor does a second one");
    let unknown = (S::Suspended, 30.0, None);
    assert!(is_from_start(&[ran, unknown, booted]), "that look may have come after the boot");
    let again = (S::Replicating, 70.0, Some((2, 20)));
    let later = (S::Suspended, 120.0, Some((3, 10)));
    assert!(is_from_start(&[ran, paused, booted, again, later]), "another pause, which nobody saw begin");
}

#[test]
fn a_look_that_cannot_say_when_its_host_had_booted_is_before_a_boot_that_came_later_and_after_one_that_came_earlier() {
    let (ran, unclear) = ((S::Replicating, 0.0, Some((1, 1_000))), |at| (S::Replicating, at, None));
    let paused = |up| (S::Suspended, 60.0, Some((2, up)));
    assert!(is_from_start(&[unclear(5.0), paused(10)]), "it booted after that look, and nobody saw the pause begin");
    assert!(!is_from_start(&[unclear(5.0), paused(500)]), "it has been up since before that look");
    assert!(is_from_start(&[ran, unclear(5.0), paused(10)]));
    assert!(!is_from_start(&[ran, unclear(50.0), paused(20)]), "it was seen to run after the boot");
    let later = (S::Suspended, 90.0, Some((3, 5)));
    assert!(!is_from_start(&[unclear(5.0), paused(500), later]), "the pause was seen before that boot");
}

#[test]
fn a_look_at_one_host_from_before_another_one_showed_the_leg_running_shows_no_pause_that_began_since() {
    let on = |host: u32, (state, at, boot): Shown| {
        let mut leg = sender_at(state, at, boot);
        crate::sample::end_mut(&mut leg.sender).host = HostId(host);
        leg
    };
    let paused = |at| on(1, (S::Suspended, at, Some((1, 1_000))));
    let mut watch = crate::watch::LegWatch::new(paused(5.0));
    for leg in [paused(5.0), on(0, (S::Replicating, 10.0, Some((1, 1_000)))), paused(5.0)] {
        watch.saw(leg, None);
    }
    assert_eq!(watch.past.beginning_of_pause(), None, "whether it is paused now is not known");
    watch.saw(paused(15.0), None);
    assert_eq!(watch.past.beginning_of_pause(), Some(crate::past::Beginning::Certain));
}

#[test]
fn a_look_that_cannot_read_the_system_says_nothing_of_a_boot() {
    let mut seen = look(0, &[S::Suspended]);
    let problem = Problem::new(ProblemKind::TimedOut, "read the host's version", "no answer in time");
    seen.system = Seen::NotSeen(problem);
    assert_eq!(acts_after(seen), 0);
}

#[test]
fn when_the_last_silent_host_says_who_it_is_whoever_waited_for_it_is_judged_again() {
    let mut by_address = setup(3);
    for asked in &mut by_address.hosts {
        asked.claim = None;
    }
    let problem = |kind| Observation::failed(&Problem::new(kind, "reach the host", "refused"));
    let hosts = vec![problem(ProblemKind::Denied), look(1, &[S::Replicating]), problem(ProblemKind::Unreachable)];
    let mut drive = Drive::new(by_address, hosts);
    drive.run_to(3.0);
    assert!(drive.report.is_none(), "the third host may be the primary's");
    drive.hosts[2] = look(2, &[]);
    drive.run_to(8.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::SenderNotReady));
}

#[test]
fn a_vm_that_moved_to_a_host_that_booted_later_was_seen_to_run_all_the_same() {
    let seen = |host: u32, state: S, up: u64| {
        let mut leg = crate::sample::leg(state, S::Replicating);
        let end = crate::sample::end_mut(&mut leg.sender);
        (end.host, end.booted) = (HostId(host), Some(HostTime(i64::from(host))));
        end.up_for = Some(Duration::from_secs(up));
        leg
    };
    let mut watch = crate::watch::LegWatch::new(seen(0, S::Replicating, 1_000));
    watch.saw(seen(0, S::Replicating, 1_000), None);
    watch.saw(seen(2, S::Suspended, 10), None);
    assert!(!watch.memory.paused_from_start, "the pause began while we watched");
}

#[test]
fn what_the_read_before_an_act_found_running_was_so_since_whichever_boot_came_before() {
    let mut watch = crate::watch::LegWatch::new(sender_at(S::Replicating, 1.0, Some((1, 100))));
    for (state, looked, boot) in [(S::Replicating, 1.0, (1, 100)), (S::Suspended, 200.0, (2, 50))] {
        watch.saw(sender_at(state, looked, Some(boot)), None);
    }
    assert!(watch.memory.paused_from_start, "nobody saw it begin before the boot");
    watch.past.found_otherwise();
    watch.saw(sender_at(S::Suspended, 210.0, Some((2, 60))), None);
    assert!(!watch.memory.paused_from_start, "it was found running since that boot, for all that is known");
}
