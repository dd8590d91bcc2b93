//! Many stories; and faults of ours that stories must find.
#![expect(clippy::disallowed_methods, reason = "tests alone read REPRISE_SIM_SEED")]

use crate::{Sabotage, StoryOptions, StorySummary, rehearse};

/// Enough to see every kind of trouble, few enough for every build. A sweep plays many more.
const STORIES: u64 = 120;

fn plays_well(seed: u64) -> StorySummary {
    match rehearse(seed, &StoryOptions::default()) {
        Ok(summary) => summary,
        Err(find) => panic!("{find}\n{}", find.transcript),
    }
}

#[test]
fn whatever_goes_wrong_nothing_is_done_that_must_not_be_and_nothing_wanted_is_left_behind() {
    if let Ok(seed) = std::env::var("REPRISE_SIM_SEED") {
        plays_well(seed.parse().expect("REPRISE_SIM_SEED is a number"));
        return;
    }
    let stories: Vec<StorySummary> = (0..STORIES).map(plays_well).collect();
    let invokes: usize = stories.iter().map(|story| story.invokes).sum();
    assert!(invokes > 200, "the stories have something to do: {invokes}");
    // What they are about must come up in them, or what they prove of it is nothing.
    for reason in
        ["paused_by_shutdown", "paused_by_person", "paused_no_evidence", "vmms Since", "vmms Partial", "Attack("]
    {
        let count = stories.iter().filter(|story| story.transcript.contains(reason)).count();
        assert!(count >= 3, "{reason}: {count} stories");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let transcript = |seed| match rehearse(seed, &StoryOptions::default()) {
        Ok(summary) => summary.transcript,
        Err(find) => find.transcript,
    };
    let lines = |seed| transcript(seed).lines().count();
    assert_eq!(transcript(7), transcript(7));
    assert_ne!(transcript(7), transcript(8));
    assert!(lines(7) > 20, "a story in which nothing happens is the same at any time");
}

#[test]
fn a_fault_that_is_built_in_on_purpose_is_found() {
    for (sabotage, expected) in [
        (Sabotage::RepeatInvoke, "was sent twice"),
        (Sabotage::ForgetHolds, "although a hold covers it"),
        (Sabotage::OldLooks, "was seen last"),
        (Sabotage::WholeLogs, "as paused by a person, and its host's log was not read whole over that time"),
        (Sabotage::InventedShutdown, "without a reason: nothing proves that a shutdown paused it"),
    ] {
        let options = StoryOptions { sabotage: Some(sabotage) };
        let named = |seed| rehearse(seed, &options).err().filter(|find| find.what.contains(expected));
        let find = (0..STORIES).find_map(named).unwrap_or_else(|| panic!("{sabotage:?} is not found"));
        assert!(find.to_string().starts_with(&format!("REPRISE_SIM_SEED={}", find.seed)));
    }
}
