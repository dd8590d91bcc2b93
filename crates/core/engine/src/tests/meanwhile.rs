//! Looks that come while our own act is under way: the state already reads as requested, and proves nothing.

use reprise_model::{Evidence, HostTime, PausedRule, Records, VmmsEvent, VmmsEventKind};

use super::*;
use crate::evidence::ABORTED;

/// The sender's host shows its VM replicating while our act runs, and paused again after the host has refused the act.
fn refused_after_a_look(drive: &mut Drive) {
    let seen = Box::new(look(0, &[S::Replicating]));
    drive.feed(Event::Looked { host: HostId(0), started: now(drive.at).mono, observation: seen });
    drive.run_to(3.0);
    drive.end_act(refused(32_774, true));
    drive.run_to(10.0);
}

#[test]
fn what_is_seen_while_our_own_act_runs_does_not_make_a_pause_one_that_began_while_we_watched() {
    let mut setup = setup(2);
    setup.policy.paused.while_running = PausedRule::Leave;
    let mut drive = Drive::new(setup, pair(&[S::Suspended]));
    drive.run_to(1.5);
    assert_eq!(drive.acts.len(), 1, "it was paused at the first look");
    refused_after_a_look(&mut drive);
    assert_eq!(drive.acts.len(), 1, "it still is, and is tried again");
}

#[test]
fn what_is_seen_while_our_own_act_runs_does_not_take_a_pause_from_the_shutdown_that_explains_it() {
    let mut setup = Setup { reads_events: true, ..setup(2) };
    setup.policy.paused.at_boot = PausedRule::Evidence;
    let mut drive = Drive::new(setup, pair(&[S::Suspended]));
    drive.run_to(1.5);
    let kinds = [VmmsEventKind::SendFailed { code: ABORTED }, VmmsEventKind::NonRecoverable];
    let records = kinds.map(|kind| VmmsEvent { vm: vm_id(1), at: HostTime(950_000), kind }).to_vec();
    let shutdown = Evidence::Readable(Records::whole(records, Vec::new()));
    let host = drive.events.remove(0);
    drive.feed(Event::EventsRead { host, evidence: shutdown.clone() });
    assert_eq!(drive.acts.len(), 1);
    refused_after_a_look(&mut drive);
    while let Some(host) = drive.events.pop() {
        drive.feed(Event::EventsRead { host, evidence: shutdown.clone() });
    }
    assert_eq!(drive.acts.len(), 1, "the shutdown still explains it, and it is tried again");
}
