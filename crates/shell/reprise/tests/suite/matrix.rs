//! Every state of either end, on every Windows, on both kinds of legs: what the program does, as one table.

use crate::lab::Lab;

/// The names that `lab up --os` accepts.
const SYSTEMS: [&str; 5] = ["2012", "2012r2", "2016", "2019", "2022"];
/// WMI's numbers, one that is in no list among them. 0 is no replication.
const STATES: std::ops::RangeInclusive<u16> = 1..=22;

/// Which leg, and at which of its ends the state stands while the other one replicates.
const PLACES: [(&str, &str); 4] =
    [("simple", "sender"), ("simple", "receiver"), ("extended", "sender"), ("extended", "receiver")];

/// Result and reason, from the decision table alone.
fn expected(side: &str, state: u16) -> (&'static str, &'static str) {
    match (side, state) {
        ("sender", 1) => ("left", "ready_for_initial_replication"),
        ("sender", 2) => ("left", "initial_replication"),
        ("sender", 7) => ("resumed", "paused_at_start"),
        ("sender", 8) => ("resumed", "error"),
        ("sender", 9) => ("needs_person", "resync_required"),
        ("sender", 10) => ("left", "resynchronizing"),
        ("sender", 11) => ("left", "resync_paused_by_person"),
        ("receiver", 7) => ("needs_person", "paused_on_replica"),
        ("receiver", 8) => ("needs_person", "replica_error"),
        ("receiver", 1 | 2 | 9 | 10 | 11) | (_, 3) => ("healthy", "replicating"),
        (_, 4 | 19 | 20) => ("left", "failover_prepared"),
        (_, 5 | 6) => ("left", "failover_in_force"),
        (_, 12..=14) => ("left", "failover_in_progress"),
        (_, 15 | 18) => ("left", "update_in_progress"),
        (_, 16) => ("needs_person", "update_error"),
        (_, 21) => ("left", "test_replica"),
        (_, _) => ("needs_person", "unknown_state"),
    }
}

/// What one pass made of every state in one place on one Windows; nothing for what that Windows does not have.
fn tell(system: &str, (leg, side): (&str, &str)) -> Option<Vec<(String, String)>> {
    if (system, leg) == ("2012", "extended") {
        return None;
    }
    let lab = Lab::new(&[
        "--os",
        system,
        "--hosts",
        "3",
        "--vms",
        "22",
        "--extended",
        if system == "2012" { "0" } else { "22" },
    ]);
    for state in STATES {
        lab.post(&format!("/vms/vm-{state:03}/set?leg={leg}&side={side}&state={state}"));
    }
    let ran = lab.run(&[0, 1, 2], &["--retry-for", "5s"]);
    let wanted = |entry: &&serde_json::Value, vm: &str| entry["leg"] == leg && entry["vm"] == vm;
    let told = STATES.map(|state| {
        let vm = format!("vm-{state:03}");
        let entry = ran.legs().iter().find(|entry| wanted(entry, &vm)).expect("every VM is reported");
        (entry["result"].as_str().unwrap().to_owned(), entry["reason"].as_str().unwrap().to_owned())
    });
    let told: Vec<_> = told.collect();
    let acts = told.iter().filter(|(result, _)| result == "resumed").count();
    assert_eq!(lab.requests("invoke"), u64::try_from(acts).unwrap(), "{system} {leg} {side}: nothing else is touched");
    Some(told)
}

#[test]
#[expect(clippy::print_stdout, reason = "the matrix is what one wants to see of this test")]
fn every_state_of_either_end_is_treated_alike_on_every_windows_and_on_both_kinds_of_legs() {
    for place in PLACES {
        let told = std::thread::scope(|scope| {
            SYSTEMS.map(|system| scope.spawn(move || tell(system, place))).map(|teller| teller.join().unwrap())
        });
        println!(
            "\n{} leg, state of its {}\n{:>5}{}",
            place.0,
            place.1,
            "",
            SYSTEMS.map(|s| format!("  {s:<14}")).concat()
        );
        for (row, state) in STATES.enumerate() {
            let cell =
                |told: &Option<Vec<(String, String)>>| told.as_ref().map_or("-".to_owned(), |told| told[row].0.clone());
            let cells = told.each_ref().map(|told| format!("  {:<14}", cell(told))).concat();
            println!("{state:>5}{cells}  {}", expected(place.1, state).1);
        }
        for (system, told) in SYSTEMS.into_iter().zip(told) {
            for (state, (result, reason)) in STATES.zip(told.into_iter().flatten()) {
                let (result, reason) = (result.as_str(), reason.as_str());
                assert_eq!((result, reason), expected(place.1, state), "{system}, {place:?}, state {state}");
            }
        }
    }
}
