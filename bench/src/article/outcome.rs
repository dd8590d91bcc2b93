//! Describes an outcome, only from states, exit codes and events.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reprise_model::ReplicationState;

use super::contest::Done;
use super::decision::Line;
use crate::control::Sender;

/// Maximum number of characters of an event's text that are shown.
const TEXT_MAX: usize = 150;
/// Maximum number of events that are shown in full.
const SHOWN_MAX: usize = 2;

const REPLICATING: u64 = 3;
/// Suspended and Error: what a shutdown leaves behind.
const STOPPED: [u64; 2] = [7, 8];

/// `2 Error, 4 Replicating`
pub(super) fn states(senders: &[Sender]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for sender in senders {
        let state = ReplicationState::from_number(u16::try_from(sender.state).unwrap_or(u16::MAX));
        *counts.entry(state.to_string()).or_default() += 1;
    }
    if counts.is_empty() {
        return "none".to_owned();
    }
    list(counts.into_iter().map(|(state, count)| format!("{count} {state}")))
}

/// Describes one contender in a few lines.
pub(super) fn text(who: &str, done: &Done, asked: u64, before: &[Sender], after: &[Sender]) -> String {
    let exits = list(
        done.exits.iter().map(|exit| exit.map_or_else(|| "never ended".to_owned(), |code| format!("exit {code}"))),
    );
    let stopped = before.iter().filter(|sender| STOPPED.contains(&sender.state));
    let again = stopped.clone().filter(|sender| state_of(after, &sender.id) == Some(REPLICATING)).count();
    let mut text = format!(
        "  {who:<9}{exits} after {:.1} s; of {} stopped, {again} run again; asked to resume {asked} times; left: {}\n",
        done.took.as_secs_f64(),
        stopped.count(),
        states(after)
    );
    let _infallible = writeln!(text, "           events {}", times(done.lines.iter().map(|line| line.id)));
    if !done.reasons.is_empty() {
        let _infallible = writeln!(text, "           says {}", times(done.reasons.iter().cloned()));
    }
    for wrong in wrong_words(&done.lines, after) {
        let _infallible = writeln!(text, "           {wrong}");
    }
    let troubles: Vec<&Line> = done.lines.iter().filter(|line| line.level != "Information").collect();
    for trouble in troubles.iter().take(SHOWN_MAX) {
        let cut: String = trouble.to_string().chars().take(TEXT_MAX).collect();
        let _infallible = writeln!(text, "           {cut}");
    }
    if troubles.len() > SHOWN_MAX {
        let _infallible = writeln!(text, "           and {} more", troubles.len() - SHOWN_MAX);
    }
    text
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn state_of(senders: &[Sender], id: &str) -> Option<u64> {
    senders.iter().find(|sender| sender.id == id).map(|sender| sender.state)
}

/// `0, 2, 4 (3 times)`
fn times<T: Ord + ToString>(items: impl Iterator<Item = T>) -> String {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    let said = |(item, count): (T, usize)| match count {
        1 => item.to_string(),
        more => format!("{} ({more} times)", item.to_string()),
    };
    list(counts.into_iter().map(said))
}

/// Returns the events that are wrong: 3 for a VM that replicates, 4 for one that does not, 4 more often than there are VMs of
/// that name.
pub(super) fn wrong_words(lines: &[Line], after: &[Sender]) -> Vec<String> {
    let runs = |vm: &str| after.iter().any(|sender| sender.vm == vm && sender.state == REPLICATING);
    let told = |id: u64, opening: &str| -> Vec<String> {
        let vm = |line: &Line| Some(line.text.strip_prefix(opening)?.split_once(" on ")?.0.to_owned());
        lines.iter().filter(|line| line.id == id).filter_map(vm).collect()
    };
    let failed = told(3, "Failed to resume replication for ");
    let resumed = told(4, "Replication for ");
    let mut once = resumed.clone();
    once.sort();
    once.dedup();
    let bearers = |vm: &str| after.iter().filter(|sender| sender.vm == vm).count();
    let told = |vm: &str| resumed.iter().filter(|other| *other == vm).count();
    let repeated = once.iter().map(|vm| told(vm).saturating_sub(bearers(vm).max(1))).sum();
    let counts = [
        (failed.iter().filter(|vm| runs(vm)).count(), "reported as failed, and replicating"),
        (once.iter().filter(|vm| !runs(vm)).count(), "reported as resumed, and not replicating"),
        (repeated, "reported as resumed more than once"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(vm: &str, state: u64) -> Sender {
        Sender { vm: vm.to_owned(), id: vm.to_owned(), state }
    }

    #[test]
    fn states_are_counted_by_name() {
        assert_eq!(states(&[sender("a", 8), sender("b", 3), sender("c", 8)]), "2 Error, 1 Replicating");
        assert_eq!(states(&[]), "none");
    }

    #[test]
    fn what_occurs_once_has_no_number() {
        assert_eq!(times([4, 0, 4, 2].into_iter()), "0, 2, 4 (2 times)");
    }

    #[test]
    fn an_event_that_says_what_is_not_so_is_found() {
        let failed = |vm: &str| Line::error(3, format!("Failed to resume replication for {vm} on hv. Please check"));
        let resumed = |vm: &str| Line::information(4, format!("Replication for {vm} on hv was in suspended"));
        let after = [sender("runs", 3), sender("stands", 7)];
        assert_eq!(wrong_words(&[failed("stands"), resumed("runs")], &after), Vec::<String>::new());
        assert_eq!(wrong_words(&[failed("runs")], &after), ["1 reported as failed, and replicating"]);
        assert_eq!(wrong_words(&[resumed("stands")], &after), ["1 reported as resumed, and not replicating"]);
        assert_eq!(wrong_words(&[resumed("runs"), resumed("runs")], &after), ["1 reported as resumed more than once"]);
        let namesakes = [sender("runs", 3), sender("runs", 3)];
        assert_eq!(wrong_words(&[resumed("runs"), resumed("runs")], &namesakes), Vec::<String>::new());
    }
}
