//! Many stories; and faults of ours that stories must find.

use reprise_lab::Os;

use crate::{Options, Sabotage, rehearse};

/// Enough to see every kind of fault many times, few enough for every build.
const STORIES: u64 = 200;

#[test]
fn whatever_goes_wrong_nothing_is_done_that_must_not_be_and_nothing_wanted_is_left_behind() {
    let mut invokes = 0;
    for seed in 0..STORIES {
        match rehearse(seed, &Options::default()) {
            Ok(summary) => invokes += summary.invokes,
            Err(find) => panic!("{find}\n{}", find.transcript),
        }
    }
    assert!(invokes > 800, "the stories have something to do: {invokes}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let transcript = |seed| rehearse(seed, &Options::default()).unwrap().transcript;
    assert_eq!(transcript(7), transcript(7));
    assert_ne!(transcript(7), transcript(8));
}

#[test]
fn more_hosts_change_nothing_about_what_must_hold() {
    for seed in 0..30 {
        let options = Options { hosts: 5, vms: 20, ..Options::default() };
        if let Err(find) = rehearse(seed, &options) {
            panic!("{find}\n{}", find.transcript);
        }
    }
}

#[test]
fn the_same_must_hold_of_server_2012() {
    let mut invokes = 0;
    for seed in 0..STORIES / 4 {
        match rehearse(seed, &Options { os: Os::Server2012, ..Options::default() }) {
            Ok(summary) => invokes += summary.invokes,
            Err(find) => panic!("{find}\n{}", find.transcript),
        }
    }
    assert!(invokes > 200, "the stories have something to do: {invokes}");
}

#[test]
fn a_fault_that_is_built_in_on_purpose_is_found() {
    for (sabotage, expected) in [
        (Sabotage::RepeatInvoke, "was sent twice"),
        (Sabotage::ForgetHolds, "against a hold"),
        (Sabotage::OldLooks, "seen"),
    ] {
        let options = Options { sabotage: Some(sabotage), ..Options::default() };
        let find = (0..STORIES).find_map(|seed| rehearse(seed, &options).err());
        let find = find.unwrap_or_else(|| panic!("{sabotage:?} is not found"));
        assert!(find.what.contains(expected), "{sabotage:?}: {find}");
        assert!(find.to_string().starts_with(&format!("REPRISE_SIM_SEED={}", find.seed)));
    }
}
